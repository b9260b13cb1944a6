package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// cardData is what a client sent of a card.
type cardData struct {
	card     *testCard
	month    int64
	year     int64
	cvc      bool
	name     string
	address  sdk.Doc // address_… of tokens
	currency string
}

// cardError is a card that cannot be one: 402 with the parameter's own name
// [R incorrect_number on POST /v1/payment_methods].
func cardError(code, param, message string) *failure {
	return &failure{status: 402, typ: "card_error", code: code, param: param, message: message, executed: true}
}

// readCard checks a card parameter: number, exp_month, exp_year, cvc.
func (r *request) readCard(p sdk.Doc) (cardData, error) {
	var d cardData
	number := strings.Map(func(c rune) rune {
		if c == ' ' || c == '-' {
			return -1
		}
		return c
	}, p.Get("number").String())
	if len(number) < 12 || len(number) > 19 || !luhn(number) {
		return d, cardError("incorrect_number", "number", "Your card number is incorrect.") // [R]
	}
	var ok bool
	if d.month, ok = p.Get("exp_month").Int(); !ok || d.month < 1 || d.month > 12 {
		return d, cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.") // [D docs.stripe.com/error-codes]
	}
	if d.year, ok = p.Get("exp_year").Int(); ok && d.year < 100 {
		d.year += 2000
	}
	now := r.Now()
	switch {
	case !ok || d.year < int64(now.Year()) || d.year > int64(now.Year())+50:
		return d, cardError("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.") // [D docs.stripe.com/error-codes]
	case d.year == int64(now.Year()) && d.month < int64(now.Month()):
		return d, cardError("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	}
	if cvc := p.Get("cvc").String(); cvc != "" {
		if _, err := strconv.Atoi(cvc); err != nil || len(cvc) < 3 || len(cvc) > 4 {
			return d, cardError("invalid_cvc", "cvc", "Your card's security code is invalid.") // [D docs.stripe.com/error-codes]
		}
		d.cvc = true
	}
	if d.card = cardNumbered(number); d.card == nil {
		f := cardError(testModeLiveCard.code, "number", testModeLiveCard.message)
		f.decline = testModeLiveCard.declineCode
		return d, f
	}
	d.name = p.Get("name").String()
	d.address = p
	d.currency = strings.ToLower(p.Get("currency").String())
	return d, nil
}

// namedCard is the data behind pm_card_… and tok_…: it expires this month of
// next year [R, 2024-08 and 2025-03].
func (r *request) namedCard(card *testCard) cardData {
	now := r.Now()
	return cardData{card: card, month: int64(now.Month()), year: int64(now.Year()) + 1, cvc: r.after(namedCVC)}
}

// namedCVC is since when test cards by name come with a security code: its check
// is null until 2023-08, passed from 2023-10 on [R pm_card_visa].
var namedCVC = day("2023-10-01")
