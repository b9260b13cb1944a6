package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Issuing: cardholders, and virtual cards for them. What is bought with the cards is
// not mirrored.

// cardholderTemplate [R, POST /v1/issuing/cardholders at 2024-04-10].
var cardholderTemplate = sdk.MustTemplate(`{"id":"","object":"issuing.cardholder","billing":{},"company":null,"created":0,"email":null,"individual":null,"livemode":false,"metadata":{},"name":"","phone_number":null,"preferred_locales":[],"requirements":{"disabled_reason":null,"past_due":[]},"spending_controls":{"allowed_categories":[],"allowed_merchant_countries":[],"blocked_categories":[],"blocked_merchant_countries":[],"spending_limits":[],"spending_limits_currency":null},"status":"active","type":"individual"}`)

// issuingCardTemplate [R, POST /v1/issuing/cards at 2024-04-10].
var issuingCardTemplate = sdk.MustTemplate(`{"id":"","object":"issuing.card","brand":"Visa","cancellation_reason":null,"cardholder":{},"created":0,"currency":"","exp_month":0,"exp_year":0,"last4":"","latest_fraud_warning":null,"livemode":false,"metadata":{},"migrate_tokens_from":null,"personalization_design":null,"pin":null,"replaced_by":null,"replacement_for":null,"replacement_reason":null,"second_line":null,"shipping":null,"spending_controls":{"allowed_categories":null,"allowed_merchant_countries":null,"blocked_categories":null,"blocked_merchant_countries":null,"spending_limits":[],"spending_limits_currency":null},"status":"inactive","type":"","wallets":{"apple_pay":{"eligible":true,"ineligible_reason":null},"google_pay":{"eligible":true,"ineligible_reason":null},"primary_account_identifier":null}}`)

func issuingHandlers() { handle("PostIssuingCards", sdk.Modelled, createIssuingCard) }

func completeCardholder(r *request, d sdk.Doc) error {
	if individual := d.Get("individual"); individual.Kind() == sdk.Object && individual.Get("verification").IsNull() {
		individual.SetJSON("verification", `{"document":{"back":null,"front":null}}`) // [R 2024-04-10]
	}
	if !r.issuesTo(d.Get("billing", "address", "country").String()) {
		d.Get("requirements").SetString("disabled_reason", "under_review") // [R 2024-08]; that others pass at once is believed
	}
	return nil
}

// euroIssuing are the countries of which businesses issue cards in all of them
// [D docs.stripe.com/issuing/global, 2026-11].
const euroIssuing = " AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK "

// issuesTo tells whether the account can issue cards to residents of a country: its
// own, or any in the euro area.
func (r *request) issuesTo(country string) bool {
	own := r.ownAccount().Get("country").String()
	return country == own || strings.Contains(euroIssuing, " "+country+" ") && strings.Contains(euroIssuing, " "+own+" ")
}

func createIssuingCard(r *request) error {
	s := specOf["issuing.card"]
	id := r.text("cardholder")
	if id == "" {
		return invalid("parameter_missing", "cardholder", "Missing required param: cardholder.") // [R-like]
	}
	holder, ok := specOf["issuing.cardholder"].collection.Get(r.Call, id)
	if !ok {
		return missing("issuing cardholder", id, "cardholder") // wording believed
	}
	if typ := r.text("type"); typ != "virtual" {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "type", message: "Mirra issues virtual cards only, not yet " + typ + " ones."}
	}
	if country := holder.Get("billing", "address", "country").String(); !r.issuesTo(country) {
		return executed(invalid("", "", "Cardholder cannot have a billing address country of "+country+".")) // [R 2024-04-10]
	}
	d := issuingCardTemplate.New(r.Arena)
	d.SetString("id", s.newID(r))
	d.SetDoc("cardholder", holder)
	d.SetInt("created", r.Unix())
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	d.SetString("currency", currency)
	expires := r.Now().AddDate(3, 0, 1-r.Now().Day()).AddDate(0, -1, 0) // [R 2024-08: 7/2027]
	d.SetInt("exp_month", int64(expires.Month()))
	d.SetInt("exp_year", int64(expires.Year()))
	d.SetString("last4", r.Random(sdk.Objects, 4, sdk.Digits))
	for _, name := range [...]string{"second_line", "status", "type"} {
		if v := r.text(name); v != "" {
			d.SetString(name, v)
		}
	}
	r.setSpending(d.Get("spending_controls"), currency)
	r.setMetadata(d)
	return r.keep(s, d)
}

// setSpending sets what a card may be used for: cards without limits get one of 500 a
// day [R 2024-04-10; D docs.stripe.com/issuing/controls/spending-controls, 2026-11].
func (r *request) setSpending(to sdk.Doc, currency string) {
	given := r.params.Get("spending_controls")
	for _, name := range [...]string{"allowed_categories", "allowed_merchant_countries", "blocked_categories", "blocked_merchant_countries"} {
		if v := given.Get(name); v.Kind() == sdk.Array {
			to.SetDoc(name, v)
		}
	}
	to.SetString("spending_limits_currency", currency)
	limits := to.SetArray("spending_limits")
	add := func(amount int64, categories sdk.Doc, interval string) {
		l := limits.AddObject()
		l.SetInt("amount", amount)
		l.SetJSON("categories", "[]")
		if categories.Kind() == sdk.Array {
			l.SetDoc("categories", categories)
		}
		l.SetString("interval", interval)
	}
	for l := range given.Get("spending_limits").All {
		add(l.Get("amount").Int64(), l.Get("categories"), l.Get("interval").String())
	}
	if limits.Len() == 0 {
		add(50000, sdk.Doc{}, "daily")
	}
}
