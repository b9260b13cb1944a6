package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// Sources are how customers paid before there were payment methods
// [D docs.stripe.com/sources, 2026-11; R 2019-08-14, 2019-12 to 2026-02]. Cards and
// SEPA debits are mirrored, which need nothing of the customer (flow none).

var sourceTemplate = sdk.MustTemplate(`{"id":"","object":"source","allow_redisplay":"unspecified","amount":null,"client_secret":"","created":0,"currency":null,"flow":"none","livemode":false,"metadata":{},"owner":{"address":null,"email":null,"name":null,"phone":null,"verified_address":null,"verified_email":null,"verified_name":null,"verified_phone":null},"statement_descriptor":null,"status":"chargeable","type":"","usage":"reusable"}`)

const (
	sourceMandate = `{"acceptance":{"date":null,"ip":null,"offline":null,"online":null,"status":"pending","type":null,"user_agent":null},"amount":null,"currency":null,"interval":"variable","notification_method":"none","reference":"","url":""}`
	sourceCard    = `{"address_line1_check":null,"address_zip_check":null,"brand":"","country":"","cvc_check":null,"dynamic_last4":null,"exp_month":0,"exp_year":0,"fingerprint":"","funding":"","last4":"","name":null,"three_d_secure":"optional","tokenization_method":null}`
)

func sourceHandlers() {
	handle("PostSources", sdk.Modelled, createSource)
	handle("GetSourcesSource", sdk.Modelled, func(r *request) error {
		id := r.Value("source")
		d, ok := sources().Get(r.Call, id)
		if !ok {
			return notFound("source", id, "id")
		}
		return r.answer(d)
	})
}

func sources() *sdk.Collection { return specOf["source"].collection }

func createSource(r *request) error {
	typ := r.text("type")
	if typ == "" {
		return invalid("parameter_missing", "type", "Missing required param: type.") // [R-like]
	}
	d := sourceTemplate.New(r.Arena)
	id := longID(r.Call, "src_1")
	d.SetString("id", id)
	d.SetString("client_secret", "src_client_secret_"+r.Random(sdk.Objects, 24, sdk.Base62))
	d.SetInt("created", r.Unix())
	d.SetString("type", typ)
	if n, ok := r.params.Get("amount").Int(); ok {
		d.SetInt("amount", n)
	}
	for _, m := range [...]string{"currency", "statement_descriptor", "usage"} {
		if v := r.text(m); v != "" {
			d.SetString(m, v)
		}
	}
	if v := d.Get("currency").String(); v != "" {
		d.SetString("currency", strings.ToLower(v))
	}
	if err := r.sourceDetails(d, typ); err != nil {
		return err
	}
	r.setOwner(d)
	r.setMetadata(d)
	if id := r.text("customer"); id != "" {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "customer", message: "Mirra does not mirror the parameter customer of PostSources yet."}
	}
	if err := sources().Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "source.chargeable", d, sdk.Doc{})
	return r.answer(d)
}

// setOwner copies the owner parameter.
func (r *request) setOwner(d sdk.Doc) {
	given, to := r.params.Get("owner"), d.Get("owner")
	if given.Kind() != sdk.Object {
		return
	}
	setAddress(to, given.Get("address"))
	for _, m := range [...]string{"email", "name", "phone"} {
		if v := given.Get(m); v.Exists() {
			to.SetStringOrNull(m, v.String())
		}
	}
}

// sourceDetails reads what is to be charged: the token, or the details themselves.
func (r *request) sourceDetails(d sdk.Doc, typ string) error {
	switch typ {
	case "card":
		return r.sourceOfCard(d)
	case "sepa_debit":
		return r.sourceOfIBAN(d)
	}
	return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "type", message: "Mirra mirrors sources of cards and of SEPA debits, not yet " + typ + "."}
}

func (r *request) sourceOfCard(d sdk.Doc) error {
	var card sdk.Doc
	if id := r.text("token"); id != "" {
		t, err := r.useToken(id, "token")
		if err != nil {
			return err
		}
		if card = t.Get("card"); !card.Exists() {
			return invalid("", "token", "The token provided is not a card token.") // wording believed
		}
	} else {
		data, err := r.readCard(r.params.Get("card"))
		if err != nil {
			return err
		}
		card = r.newCard(data)
	}
	d.SetSorted("card", r.inOrder(sourceCard, "exp_month", "exp_year", "last4", "country", "brand", "funding", "fingerprint", "three_d_secure", "name", "address_line1_check", "address_zip_check", "cvc_check", "tokenization_method", "dynamic_last4"))
	to := d.Get("card")
	for _, m := range [...]string{"address_line1_check", "address_zip_check", "brand", "country", "cvc_check", "exp_month", "exp_year", "fingerprint", "funding", "last4", "name"} {
		to.SetDoc(m, card.Get(m))
	}
	// [D docs.stripe.com/sources/cards, 2026-11] what the card wants of 3D Secure
	switch cardOf(card).auth {
	case authUnsupported:
		to.SetString("three_d_secure", "not_supported")
	case authAlways, authByRadar:
		to.SetString("three_d_secure", "required")
	}
	return nil
}

// sourceOfIBAN is a SEPA debit: of a bank account's token, or of the number.
func (r *request) sourceOfIBAN(d sdk.Doc) error {
	iban, holder := r.text("sepa_debit", "iban"), ""
	if id := r.text("token"); id != "" {
		t, err := r.useToken(id, "token")
		if err != nil {
			return err
		}
		iban = markOf(r.Call, t.Get("id").String(), markNumber)
		holder = t.Get("bank_account", "account_holder_name").String()
	}
	iban = strings.ToUpper(strings.ReplaceAll(iban, " ", ""))
	if iban == "" {
		return invalid("parameter_missing", "sepa_debit[iban]", "Missing required param: sepa_debit[iban].") // [R-like]
	}
	bank, branch, ok := partsOfIBAN(iban)
	if !ok || !strings.Contains(debitedIBANs, iban+" ") {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "sepa_debit[iban]", message: "Mirra mirrors SEPA debits of the vendor's test account numbers that succeed: " + strings.TrimSpace(debitedIBANs) + "."}
	}
	id := d.Get("id").String()
	reference := r.Random(sdk.Objects, 16, upper36)
	url := "https://hooks.stripe.com/adapter/sepa_debit/file/" + id + "/" + d.Get("client_secret").String()
	d.SetString("currency", "eur")
	d.SetSorted("mandate", sourceMandate)
	mandate := d.Get("mandate")
	mandate.SetString("reference", reference)
	mandate.SetString("url", url)
	owner := d.Get("owner")
	owner.SetStringOrNull("name", holder)
	owner.SetJSON("address", noAddress)
	owner.Get("address").SetString("country", iban[:2])
	order := []string{"last4", "bank_code", "branch_code", "fingerprint", "country", "mandate_reference", "mandate_url"}
	if branch == "" {
		order = []string{"last4", "bank_code", "fingerprint", "country", "mandate_reference", "mandate_url", "branch_code"}
	}
	d.SetSorted("sepa_debit", r.inOrder(`{"bank_code":null,"branch_code":null,"country":null,"fingerprint":null,"last4":null,"mandate_reference":null,"mandate_url":null}`, order...))
	to := d.Get("sepa_debit")
	to.SetString("bank_code", bank)
	to.SetStringOrNull("branch_code", branch)
	to.SetString("country", iban[:2])
	to.SetString("fingerprint", fingerprint(r.Call, iban))
	to.SetString("last4", iban[len(iban)-4:])
	to.SetString("mandate_reference", reference)
	to.SetString("mandate_url", url)
	return nil
}

// orderedSince is when the details of sources came to be in alphabetical order [R
// 2021-05, 2022-12]; the day is believed.
var orderedSince = day("2022-01-01")

// inOrder is an object of JSON text with its members as they stood before.
func (r *request) inOrder(text string, names ...string) string {
	if r.after(orderedSince) {
		return text
	}
	from, d := r.Trusted(text), r.NewObject()
	for _, name := range names {
		d.SetDoc(name, from.Get(name))
	}
	return d.JSON()
}

const upper36 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// debitedIBANs are the test account numbers whose debits succeed
// [D docs.stripe.com/payments/sepa-debit/accept-a-payment#testing, 2026-11].
const debitedIBANs = "AT611904300234573201 BE62510007547061 DE89370400440532013000 FI2112345600000785 FR1420041010050500013M02606 HR7624020064583467589 LU280019400644750000 NL39RABO0300065264 "

// partsOfIBAN are the numbers of bank and branch in an IBAN, by the IBAN registry
// (ISO 13616); branch is "" where it has none.
func partsOfIBAN(iban string) (bank, branch string, ok bool) {
	if len(iban) < 4 {
		return "", "", false
	}
	n := bankCodeDigits[iban[:2]]
	m := branchCodeDigits[iban[:2]]
	if n == 0 || len(iban) < 4+n+m {
		return "", "", false
	}
	return iban[4 : 4+n], iban[4+n : 4+n+m], true
}

// attachSourceObject gives a customer a source; the issuer of a card is asked.
func (r *request) attachSourceObject(customer sdk.Doc, id, param string) (sdk.Doc, error) {
	d, ok := sources().Get(r.Call, id)
	if !ok {
		return d, missing("source", id, param)
	}
	if d.Get("customer").Exists() {
		return d, executed(invalid("", param, "The source you provided has already been attached to a customer.")) // wording believed
	}
	if status := d.Get("status").String(); status != "chargeable" {
		return d, executed(invalid("", param, "The source you provided is not in a chargeable state.")) // wording believed
	}
	if d.Get("type").String() == "card" {
		method := r.methodOfSourceObject(d)
		if no := r.refuses(method, cardOf(d.Get("card")), false); no != nil {
			return d, declineFailure(no)
		}
	}
	d.SetSortedString("customer", customer.Get("id").String())
	sources().Update(r.Call, d)
	emit(r.Call, "customer.source.created", d, sdk.Doc{})
	return d, nil
}

// detachSource takes a source from its customer for good; what is answered is the
// source [D docs.stripe.com/api/sources/detach, 2026-11; R 2019-08-14].
func (r *request) detachSource(d sdk.Doc) error {
	d.Delete("customer")
	d.SetString("status", "consumed")
	sources().Update(r.Call, d)
	emit(r.Call, "customer.source.deleted", d, sdk.Doc{})
	return r.answer(d)
}

// methodOfSourceObject shows a source of a card as the payment method that charges use.
func (r *request) methodOfSourceObject(source sdk.Doc) sdk.Doc {
	card := source.Get("card")
	d := r.newMethod(cardData{card: cardOf(card), month: card.Get("exp_month").Int64(), year: card.Get("exp_year").Int64(), cvc: !card.Get("cvc_check").IsNull()})
	d.SetString("id", source.Get("id").String())
	d.Get("card").SetDoc("fingerprint", card.Get("fingerprint"))
	if c := source.Get("customer").String(); c != "" {
		d.SetString("customer", c)
	}
	ownerAsBilling(d, source)
	return d
}

// ownerAsBilling makes billing details of a source's owner.
func ownerAsBilling(d, source sdk.Doc) {
	billing, owner := d.Get("billing_details"), source.Get("owner")
	for _, m := range [...]string{"email", "name", "phone"} {
		billing.SetDoc(m, owner.Get(m))
	}
	if a := owner.Get("address"); a.Kind() == sdk.Object {
		billing.SetDoc("address", a)
	}
}

// debitDelay is how long a SEPA debit of a test account is pending [R 2022-12].
const debitDelay = 5 * time.Second

// debit charges a SEPA debit: the payment is pending until the bank has paid.
func (r *request) debit(d, source sdk.Doc) (sdk.Doc, error) {
	id := longID(r.Call, "py_1")
	d.SetString("id", id)
	d.SetInt("created", r.Unix())
	ownerAsBilling(d, source)
	outcome := d.Get("outcome")
	outcome.SetString("risk_level", "not_assessed")
	outcome.Delete("risk_score")
	debits(d, source).SetNull("mandate")
	r.chargedSource(d, source)
	if !r.after(receiptsWhenPaid) {
		d.SetString("receipt_url", receiptURL(r.Call, "payment", id))
	}
	if err := charges.Insert(r.Call, d); err != nil {
		return d, err
	}
	emit(r.Call, "charge.pending", d, sdk.Doc{})
	r.SetTimer("debit", id, r.Now().Add(debitDelay), timerPayload(r.Call, id, longID(r.Call, "txn_1")))
	return d, nil
}

// chargedSource puts the source into its charge, as of then [R], and uses up one
// that can be charged once.
func (r *request) chargedSource(d, source sdk.Doc) {
	d.SetDoc("source", source)
	d.Get("source").SetInt("created", r.Unix())
	if source.Get("usage").String() == "single_use" {
		source.SetString("status", "consumed")
		sources().Update(r.Call, source)
	}
}

// debitDateSince is when charges came to say when the bank is debited [S stripe-node
// CHANGELOG.md, 20.1.0].
var debitDateSince = day("2025-12-16")

// receiptsWhenPaid is since when a debit has a receipt only when the bank has paid: not
// in 2020-04, in 2020-06 [R].
var receiptsWhenPaid = day("2020-05-15")

// debitFee is what a SEPA debit costs [R eur].
const debitFee = 35

// debitTimer is the moment at which the bank has paid.
func debitTimer(c *sdk.Call, payload string) error {
	r, id, txn := timed(c, payload)
	d, ok := charges.Get(c, id)
	if !ok || d.Get("status").String() != "pending" {
		return nil
	}
	d.SetBool("paid", true)
	d.SetString("status", "succeeded")
	if d.Get("receipt_url").IsNull() {
		d.SetString("receipt_url", receiptURL(c, "payment", id))
	}
	r.move(movement{
		id: txn, source: id, currency: d.Get("currency").String(), amount: d.Get("amount").Int64(), fee: debitFee, feeText: "Stripe processing fees",
		category: "charge", typ: "payment", describe: d.Get("description").String(), on: r.debitAvailable(d),
	})
	d.SetString("balance_transaction", txn)
	if err := r.routeCharge(d); err != nil {
		return err
	}
	if to := d.Get("payment_method_details", "sepa_debit"); !d.Get("payment_intent").IsNull() && r.after(debitDateSince) {
		to.SetSorted("expected_debit_date", quoted(c.Now().Format("2006-01-02"))) // [R 2026-01, 2026-02: that day]
	}
	charges.Update(c, d)
	emit(c, "charge.succeeded", d, sdk.Doc{})
	r.debited(d)
	return nil
}
