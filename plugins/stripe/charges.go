package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var charges = stripe.Collect(&sdk.Collection{
	Type: "charge", Entity: "charges", Prefix: "ch_", Random: 24,
	Index:   []string{"customer", "payment_intent", "transfer_group"},
	Aliases: []string{"charge", "ch"},
	Fields:  []string{"id", "status", "amount", "currency", "customer", "payment_intent", "refunded", "disputed"},
})

// chargeTemplate [R, latest_charge of POST /v1/payment_intents at 2024-06-20].
var chargeTemplate = sdk.MustTemplate(`{"id":"","object":"charge","amount":0,"amount_captured":0,"amount_refunded":0,"amount_updates":[],"application":null,"application_fee":null,"application_fee_amount":null,"balance_transaction":null,"billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null},"email":null,"name":null,"phone":null,"tax_id":null},"calculated_statement_descriptor":"","captured":false,"created":0,"currency":"","customer":null,"description":null,"destination":null,"dispute":null,"disputed":false,"failure_balance_transaction":null,"failure_code":null,"failure_message":null,"fraud_details":{},"invoice":null,"livemode":false,"metadata":{},"on_behalf_of":null,"order":null,"outcome":{"advice_code":null,"network_advice_code":null,"network_decline_code":null,"network_status":"approved_by_network","reason":null,"risk_level":"normal","risk_score":0,"seller_message":"Payment complete.","type":"authorized"},"paid":true,"payment_intent":null,"payment_method":null,"payment_method_details":{"card":{"amount_authorized":0,"authorization_code":null,"brand":"","checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":null},"country":"","exp_month":0,"exp_year":0,"extended_authorization":{"status":"disabled"},"fingerprint":"","funding":"","incremental_authorization":{"status":"unavailable"},"installments":null,"last4":"","mandate":null,"multicapture":{"status":"unavailable"},"network":"","network_token":{"used":false},"network_transaction_id":"","overcapture":{"maximum_amount_capturable":0,"status":"unavailable"},"regulated_status":"unregulated","three_d_secure":null,"wallet":null},"type":"card"},"radar_options":{},"receipt_email":null,"receipt_number":null,"receipt_url":null,"refunded":false,"review":null,"shipping":null,"source":null,"source_transfer":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"status":"succeeded","transfer_data":null,"transfer_group":null}`)

// authenticated is three_d_secure of a charge whose customer passed the
// challenge [R 2023-10-16, GET /v1/charges].
const authenticated = `{"authentication_flow":"challenge","electronic_commerce_indicator":"05","exemption_indicator":null,"result":"authenticated","result_reason":null,"transaction_id":"","version":"2.1.0"}`

func chargeHandlers() {
	handle("PostCharges", sdk.Exact, createCharge)
	handle("GetCharges", sdk.Exact, listCharges)
	handle("GetChargesCharge", sdk.Exact, func(r *request) error {
		d, err := r.pathCharge()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostChargesCharge", sdk.Exact, updateCharge)
	handle("PostChargesChargeCapture", sdk.Modelled, captureChargeOperation)
}

func (r *request) pathCharge() (sdk.Doc, error) {
	id := r.Value("charge")
	d, ok := charges.Get(r.Call, id)
	if !ok {
		return d, notFound("charge", id, "id") // [R]
	}
	return d, nil
}

// siblingID is an id of the newer form that shares time and account with
// another one, as those of a payment's intent, charge, refunds and balance
// transactions do [R pi_3PmHgeKXBGcbgpbZ02BO4t2T, ch_3PmHgeKXBGcbgpbZ0AphOwQa].
func siblingID(c *sdk.Call, prefix, of string) string {
	_, rest, _ := strings.Cut(of, "_")
	if len(rest) < 17 {
		return longID(c, prefix+"3")
	}
	return prefix + rest[:17] + c.Random(sdk.Objects, 7, sdk.Base62)
}

// newCharge makes the charge of an intent, approved and not yet captured. It is
// not kept yet.
func (r *request) newCharge(intent, method sdk.Doc, card *testCard, challenged bool) sdk.Doc {
	d := chargeTemplate.New(r.Arena)
	id := siblingID(r.Call, "ch_", intent.Get("id").String())
	d.SetString("id", id)
	amount := intent.Get("amount").Int64()
	d.SetInt("amount", amount)
	for _, m := range [...]string{"application_fee_amount", "currency", "customer", "description", "invoice", "metadata", "on_behalf_of", "receipt_email", "shipping", "statement_descriptor", "statement_descriptor_suffix", "transfer_data", "transfer_group"} {
		if v := intent.Get(m); !v.IsNull() {
			d.SetDoc(m, v)
		}
	}
	d.SetString("payment_intent", intent.Get("id").String())
	r.destine(d)
	if intent.Get("transfer_group").IsNull() {
		intent.SetDoc("transfer_group", d.Get("transfer_group"))
	}
	r.fillCharge(d, method, card)
	if challenged {
		d.Get("payment_method_details", "card").SetJSON("three_d_secure", authenticated)
		d.Get("payment_method_details", "card", "three_d_secure").SetString("transaction_id", r.UUID(sdk.Objects))
	}
	return d
}

// authorizationCodes is since when charges show the issuer's: null in 2025-05, there
// in 2025-10 [R].
var authorizationCodes = day("2025-08-01")

// fillCharge writes what the card and its issuer say.
func (r *request) fillCharge(d, method sdk.Doc, card *testCard) {
	amount := d.Get("amount").Int64()
	d.SetDoc("billing_details", method.Get("billing_details"))
	d.SetString("calculated_statement_descriptor", descriptor(r.settlement(d), d.Get("statement_descriptor").String(), d.Get("statement_descriptor_suffix").String()))
	d.SetInt("created", r.Unix())
	outcome := d.Get("outcome")
	score := int64(r.Random(sdk.Objects, 1, sdk.Base62)[0]) % 64 // below 65 is "normal" [D docs.stripe.com/radar/risk-evaluation]
	switch card.risk {
	case "elevated":
		score = 65 + score%10
	case "highest":
		score = 75 + score%25
	}
	if card.risk != "" {
		outcome.SetString("risk_level", card.risk)
	}
	outcome.SetInt("risk_score", score)
	d.SetString("payment_method", method.Get("id").String())
	to, from := d.Get("payment_method_details", "card"), method.Get("card")
	to.SetInt("amount_authorized", amount)
	to.Get("overcapture").SetInt("maximum_amount_capturable", amount)
	for _, m := range [...]string{"brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4"} {
		to.SetDoc(m, from.Get(m))
	}
	to.SetString("network", from.Get("brand").String())
	to.SetString("network_transaction_id", r.Random(sdk.Fixed, 15, sdk.Digits)) // [R] the same for many charges of an account
	if r.after(authorizationCodes) {
		to.SetString("authorization_code", r.Random(sdk.Objects, 6, sdk.Digits))
	}
	kind := "payment"
	if !d.Get("invoice").IsNull() {
		kind = "invoices" // [R 2022-11-15 to 2026-03-25]
	}
	d.SetString("receipt_url", receiptURL(r.Call, kind))
}

// failCharge turns a charge into one that was refused [R 2023-10-16].
func (r *request) failCharge(d sdk.Doc, no *decline) {
	d.SetString("failure_code", no.code)
	d.SetString("failure_message", no.message)
	outcome := d.Get("outcome")
	reason := no.reason
	if reason == "" {
		reason = no.declineCode
	}
	if reason == "" {
		reason = no.code
	}
	outcome.SetString("network_status", "declined_by_network")
	outcome.SetString("reason", reason)
	outcome.SetString("seller_message", sellerMessage(no))
	outcome.SetString("type", "issuer_declined")
	if no.blocked {
		// [D docs.stripe.com/declines#blocked-payments, 2026-11]
		outcome.SetString("network_status", "not_sent_to_network")
		outcome.SetString("seller_message", "Stripe blocked this payment as too risky.")
		outcome.SetString("type", "blocked")
	}
	d.SetBool("paid", false)
	d.Get("payment_method_details", "card").SetNull("amount_authorized")
	d.SetNull("receipt_url")
	d.SetString("status", "failed")
}

// sellerMessage is the dashboard's explanation: [R] for a generic decline, for
// the others [3, users' reports].
func sellerMessage(no *decline) string {
	switch no {
	case genericDecline:
		return "The bank did not return any further details with this decline."
	case insufficientFunds:
		return "The bank returned the decline code `insufficient_funds`."
	}
	code := no.declineCode
	if code == "" {
		code = no.code
	}
	return "The bank returned the decline code `" + code + "`."
}

// createCharge charges a token, a customer, or a card of a customer.
func createCharge(r *request) error {
	d, err := r.charge()
	if err != nil {
		return err
	}
	return r.answer(d)
}

func (r *request) charge() (sdk.Doc, error) {
	for _, name := range [...]string{"amount", "currency"} {
		if !r.given(name) {
			return sdk.Doc{}, invalid("parameter_missing", name, "Missing required param: "+name+".") // [R-like]
		}
	}
	currency, err := r.currency("currency")
	if err != nil {
		return sdk.Doc{}, err
	}
	amount, err := r.amount(currency)
	if err != nil {
		return sdk.Doc{}, err
	}
	card, err := r.chargeSource()
	if err != nil {
		return sdk.Doc{}, err
	}
	d := chargeTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "ch_3"))
	d.SetInt("amount", amount)
	d.SetString("currency", currency)
	for _, name := range [...]string{"customer", "description", "on_behalf_of", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group"} {
		r.setText(d, name)
	}
	if err := r.setConnect(d); err != nil {
		return sdk.Doc{}, err
	}
	r.destine(d)
	r.setShipping(d)
	r.setMetadata(d)
	method := r.methodOfSource(card)
	t := cardOf(card)
	no := refuses(method, t, true)
	if no == nil && t.auth != authSupported && t.auth != authUnsupported && t.auth != authOnSession {
		no = authRequired // charges cannot ask the customer
	}
	runChecks(method, t)
	passSourceChecks(card)
	r.fillCharge(d, method, t)
	d.SetDoc("source", card)
	if no != nil {
		r.failCharge(d, no)
		if err := charges.Insert(r.Call, d); err != nil {
			return sdk.Doc{}, err
		}
		emit(r.Call, "charge.failed", d, sdk.Doc{})
		f := declineFailure(no)
		f.charge = d.Get("id").String()
		return d, f
	}
	if r.given("capture") && !r.is("capture") {
		d.Get("payment_method_details", "card").InsertJSON("brand", "capture_before", formatInt(r.Unix()+int64(captureWindow.Seconds())))
		id := d.Get("id").String()
		r.SetTimer("expire", id, r.Now().Add(captureWindow), timerPayload(r.Call, id, ""))
	} else {
		d.SetBool("captured", true)
		d.SetInt("amount_captured", amount)
		r.settle(d, t)
	}
	if err := charges.Insert(r.Call, d); err != nil {
		return sdk.Doc{}, err
	}
	emit(r.Call, "charge.succeeded", d, sdk.Doc{})
	return d, r.disputeIfAsked(d, t)
}

// chargeSource is the card that the parameters say to charge.
func (r *request) chargeSource() (sdk.Doc, error) {
	source, id := r.params.Get("source"), r.text("customer")
	if r.given("card") {
		source = r.params.Get("card")
	}
	if id == "" && !source.Exists() {
		return sdk.Doc{}, invalid("parameter_missing", "", "Must provide source or customer.") // [3, users' reports]
	}
	if id != "" {
		c, ok := customers.Get(r.Call, id)
		if !ok {
			return sdk.Doc{}, missing("customer", id, "customer")
		}
		card := source.String()
		if card == "" {
			if card = c.Get("default_source").String(); card == "" {
				// [D docs.stripe.com/error-codes#missing, 2026-11]; wording by users' reports
				return sdk.Doc{}, &failure{status: 402, typ: "card_error", code: "missing", param: "card", message: "Cannot charge a customer that has no active card", executed: true}
			}
		}
		d, ok := cardSources.Get(r.Call, card)
		if !ok || d.Get("customer").String() != id {
			return d, &failure{status: 404, code: "resource_missing", param: "card", message: "Customer " + id + " does not have card with ID " + card} // [R]
		}
		return d, nil
	}
	if source.Kind() == sdk.Object {
		data, err := r.readCard(source)
		if err != nil {
			return sdk.Doc{}, err
		}
		d := r.newCard(data)
		d.InsertJSON("country", "customer", "null")
		return d, nil
	}
	t, err := r.useToken(source.String(), "source")
	if err != nil {
		return sdk.Doc{}, err
	}
	d := r.sourceOf(t)
	d.InsertJSON("country", "customer", "null")
	return d, nil
}

func listCharges(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	where := 0
	for _, f := range [...]struct{ name, noun string }{{"customer", "customer"}, {"payment_intent", "payment_intent"}, {"transfer_group", ""}} {
		v := r.text(f.name)
		if v == "" {
			continue
		}
		if f.noun != "" {
			if _, _, ok := r.Lookup(v); !ok {
				return missing(f.noun, v, f.name)
			}
		}
		if q.Index == "" {
			q.Index, q.Key = f.name, v
			continue
		}
		q.Where[where] = sdk.Condition{Path: "$." + f.name, Value: v}
		where++
	}
	return r.list(charges, q, "charge", "/v1/charges")
}

func updateCharge(r *request) error {
	d, err := r.pathCharge()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	if id := r.text("customer"); id != "" {
		if _, ok := customers.Get(r.Call, id); !ok {
			return missing("customer", id, "customer")
		}
		d.SetString("customer", id)
	}
	for _, name := range [...]string{"description", "receipt_email", "transfer_group"} {
		r.setText(d, name)
	}
	if report := r.text("fraud_details", "user_report"); report != "" {
		d.Get("fraud_details").SetString("user_report", report)
	}
	r.setShipping(d)
	r.setMetadata(d)
	charges.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "charge.updated", d, previous)
	}
	return r.answer(d)
}

func captureChargeOperation(r *request) error {
	d, err := r.pathCharge()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	if d.Get("captured").Bool() {
		// [D docs.stripe.com/error-codes#charge-already-captured]; wording by users' reports
		return executed(invalid("charge_already_captured", "", "Charge "+id+" has already been captured."))
	}
	if intent := d.Get("payment_intent").String(); intent != "" {
		p, ok := paymentIntents.Get(r.Call, intent)
		if !ok {
			return notFound("payment_intent", intent, "intent")
		}
		if r.given("amount") {
			r.params.SetString("amount_to_capture", r.text("amount"))
		}
		if err := r.captureIntent(p); err != nil {
			return err
		}
		d, _ = charges.Get(r.Call, id)
		return r.answer(d)
	}
	amount := d.Get("amount").Int64()
	if n, ok := r.params.Get("amount").Int(); ok {
		if n > amount {
			return executed(invalid("amount_too_large", "", "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge."))
		}
		amount = n
	}
	r.captureCharge(d, amount)
	return r.answer(d)
}

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// parseInt reads what formatInt wrote.
func parseInt(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
