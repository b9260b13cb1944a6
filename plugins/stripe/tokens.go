package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var tokens = stripe.Collect(&sdk.Collection{
	Type: "token", Entity: "tokens", Prefix: "tok_", Random: 24, Aliases: []string{"token"},
	Fields: []string{"id", "type", "used"},
})

// tokenTemplate and cardTemplate [R, POST /v1/tokens at 2023-10-16]. The card of
// a token has no customer, and networks that a source has not
// [S fixtures.2024-06-20; R 2024].
var tokenTemplate = sdk.MustTemplate(`{"id":"","object":"token","card":{},"client_ip":"127.0.0.1","created":0,"livemode":false,"type":"card","used":false}`)

var cardTemplate = sdk.MustTemplate(`{"id":"","object":"card","address_city":null,"address_country":null,"address_line1":null,"address_line1_check":null,"address_line2":null,"address_state":null,"address_zip":null,"address_zip_check":null,"brand":"","country":"","cvc_check":null,"dynamic_last4":null,"exp_month":0,"exp_year":0,"fingerprint":"","funding":"","last4":"","metadata":{},"name":null,"tokenization_method":null,"wallet":null}`)

// bankTemplate [S fixtures.2024-06-20].
var bankTemplate = sdk.MustTemplate(`{"id":"","object":"bank_account","account_holder_name":null,"account_holder_type":null,"account_type":null,"bank_name":"STRIPE TEST BANK","country":"","currency":"","fingerprint":"","last4":"","routing_number":null,"status":"new"}`)

func tokenHandlers() {
	handle("PostTokens", sdk.Exact, createToken)
	handle("GetTokensToken", sdk.Exact, func(r *request) error {
		d, err := r.token(r.Value("token"), "token", 404)
		if err != nil {
			return err
		}
		return r.answer(d)
	})
}

func createToken(r *request) error {
	var d sdk.Doc
	var err error
	switch {
	case r.params.Get("card").Kind() == sdk.Object:
		var data cardData
		if data, err = r.readCard(r.params.Get("card")); err != nil {
			return err
		}
		d = r.newToken(data)
	case r.params.Get("bank_account").Kind() == sdk.Object:
		d, err = r.newBankToken(r.params.Get("bank_account"))
	case r.params.Get("account").Kind() == sdk.Object:
		d = r.newHeldToken("account", "ct_1", r.params.Get("account"))
	case r.params.Get("person").Kind() == sdk.Object:
		d = r.newHeldToken("person", "cpt_1", r.params.Get("person"))
	case r.params.Get("pii").Kind() == sdk.Object:
		d = r.newHeldToken("pii", "pii_1", r.params.Get("pii"))
	case r.given("cvc_update"):
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra does not mirror tokens of kind cvc_update yet."}
	default:
		// [3, users' reports]
		return invalid("parameter_missing", "", "You must supply either a card, customer, PII data, bank account, or account legal entity to create a token.")
	}
	if err != nil {
		return err
	}
	if err := tokens.Insert(r.Call, d); err != nil {
		return err
	}
	return r.answer(d)
}

// newToken makes the token of a card; it is not kept yet.
func (r *request) newToken(data cardData) sdk.Doc {
	d := tokenTemplate.New(r.Arena)
	id := longID(r.Call, "tok_1")
	d.SetString("id", id)
	d.SetDoc("card", r.newCard(data))
	d.Get("card").InsertJSON("name", "networks", `{"preferred":null}`)
	if data.currency != "" {
		d.Get("card").InsertJSON("country", "currency", `"`+data.currency+`"`) // [R]
	}
	d.SetInt("created", r.Unix())
	setMark(r.Call, id, markNumber, data.card.number)
	if data.cvc {
		setMark(r.Call, id, markCVC, "given")
	}
	return d
}

// newCard makes the card object of tokens and sources.
func (r *request) newCard(data cardData) sdk.Doc {
	d := cardTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "card_1"))
	for _, m := range [...]string{"address_city", "address_country", "address_line1", "address_line2", "address_state", "address_zip"} {
		if v := data.address.Get(m).String(); v != "" {
			d.SetString(m, v)
		}
	}
	for _, m := range [...]string{"address_line1", "address_zip"} {
		if d.Get(m).String() != "" {
			d.SetString(m+"_check", "unchecked")
		}
	}
	d.SetString("brand", brandOf(data.card.brand).name)
	d.SetString("country", data.card.country)
	if data.cvc {
		d.SetString("cvc_check", "unchecked")
	}
	d.SetInt("exp_month", data.month)
	d.SetInt("exp_year", data.year)
	d.SetString("fingerprint", fingerprint(r.Call, data.card.number))
	d.SetString("funding", data.card.funding)
	d.SetString("last4", data.card.last4())
	d.SetStringOrNull("name", data.name)
	return d
}

// newHeldToken makes a token that shows nothing of what it holds [R account, at
// 2019-08-14 from 2019-12 to 2026-02; pii and person believed].
func (r *request) newHeldToken(typ, prefix string, held sdk.Doc) sdk.Doc {
	d := tokenTemplate.New(r.Arena)
	id := longID(r.Call, prefix)
	d.SetString("id", id)
	d.Delete("card")
	d.SetInt("created", r.Unix())
	d.SetString("type", typ)
	if typ != "pii" {
		setMark(r.Call, id, markHeld, held.JSON())
	}
	return d
}

func (r *request) newBankToken(p sdk.Doc) (sdk.Doc, error) {
	bank := bankTemplate.New(r.Arena)
	if err := r.bankDetails(bank, p, "bank_account"); err != nil {
		return sdk.Doc{}, err
	}
	bank.SetString("id", longID(r.Call, "ba_1"))
	d := tokenTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "btok_1"))
	d.Delete("card")
	d.InsertJSON("object", "bank_account", bank.JSON())
	d.SetInt("created", r.Unix())
	d.SetString("type", "bank_account")
	setMark(r.Call, d.Get("id").String(), markNumber, p.Get("account_number").String())
	return d, nil
}

// token finds a token; each use of a test name, tok_visa, makes a new one [R].
func (r *request) token(id, param string, status int) (sdk.Doc, error) {
	if d, ok := tokens.Get(r.Call, id); ok {
		return d, nil
	}
	if name, ok := strings.CutPrefix(id, "tok_"); ok {
		if card := cardNamed(name); card != nil {
			data := r.namedCard(card)
			if !r.after(tokenCurrenciesUntil) { // [R usd until 2020-04, of the card's country in 2021-05 and 2022-12, none in 2024-05]
				data.currency = "usd"
				if r.after(tokenCurrenciesOwn) {
					data.currency = textOr(currencyOf(card.country), "usd")
				}
			}
			d := r.newToken(data)
			d.SetNull("client_ip") // [R tok_visa]
			return d, tokens.Insert(r.Call, d)
		}
	}
	return sdk.Doc{}, &failure{status: status, code: "resource_missing", param: param, message: "No such token: '" + id + "'"} // [R-like]
}

// Days at which the cards of test tokens came to have other currencies.
var (
	tokenCurrenciesOwn   = day("2020-11-01")
	tokenCurrenciesUntil = day("2023-08-01")
)

// useToken marks a token as used; one that was is refused.
func (r *request) useToken(id, param string) (sdk.Doc, error) {
	d, err := r.token(id, param, 400)
	if err != nil {
		return d, err
	}
	if d.Get("used").Bool() {
		// [3, users' reports: code token_already_used]
		return d, executed(invalid("token_already_used", "", "You cannot use a Stripe token more than once: "+id+"."))
	}
	d.SetBool("used", true)
	tokens.Update(r.Call, d)
	return d, nil
}

// tokenCard is the card behind a card token, which is used up.
func (r *request) tokenCard(id string) (cardData, error) {
	d, err := r.useToken(id, "card[token]")
	if err != nil {
		return cardData{}, err
	}
	card := d.Get("card")
	data := cardData{
		card: cardNumbered(markOf(r.Call, d.Get("id").String(), markNumber)), cvc: hasMark(r.Call, d.Get("id").String(), markCVC),
		month: card.Get("exp_month").Int64(), year: card.Get("exp_year").Int64(), name: card.Get("name").String(), address: card,
	}
	if data.card == nil {
		data.card = cardOf(card)
	}
	return data, nil
}
