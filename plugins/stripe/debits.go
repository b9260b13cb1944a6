package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// Intents that debit a bank account by SEPA. Debits of sources are in sources.go.

// debitFailure is a 501 for account numbers whose debits do not simply succeed.
func debitFailure(method sdk.Doc) *failure {
	last4 := method.Get("sepa_debit", "last4").String()
	for _, iban := range strings.Fields(debitedIBANs) {
		if strings.HasSuffix(iban, last4) && iban[:2] == method.Get("sepa_debit", "country").String() {
			return nil
		}
	}
	return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra mirrors SEPA debits of the vendor's test account numbers that succeed: " + strings.TrimSpace(debitedIBANs) + "."}
}

// setupDebit sets up a bank account with the mandate that the parameters bring
// [R 2019-08-14, 2024-12 to 2026-02].
func (r *request) setupDebit(d, method sdk.Doc) error {
	if f := debitFailure(method); f != nil {
		return f
	}
	if f := allowedSetup(d, "sepa_debit"); f != nil {
		return f
	}
	if r.params.Get("mandate_data", "customer_acceptance").Kind() != sdk.Object {
		// [D docs.stripe.com/payments/sepa-debit/set-up-payment, 2026-11: mandate_data is
		// required]; wording believed.
		return executed(invalid("parameter_missing", "mandate_data", "Missing required param: mandate_data."))
	}
	d.SetNull("last_setup_error")
	r.attachSetUp(method, d.Get("customer").String())
	r.newAttempt(d, method, "succeeded")
	m := r.newMandate(method)
	name := "mandate"
	if single := r.params.Get("single_use"); single.Kind() == sdk.Object {
		name = "single_use_mandate"
		m.Delete("multi_use")
		m.SetSorted("single_use", "{}")
		to := m.Get("single_use")
		to.SetInt("amount", single.Get("amount").Int64())
		to.SetString("currency", strings.ToLower(single.Get("currency").String()))
		m.SetString("type", "single_use")
		mandates.Update(r.Call, m)
	}
	d.SetString(name, m.Get("id").String())
	d.SetString("status", "succeeded")
	setupIntents.Update(r.Call, d)
	emit(r.Call, "setup_intent.succeeded", d, sdk.Doc{})
	return nil
}

// attachSetUp attaches a payment method that was set up, or paid with, for a
// customer.
func (r *request) attachSetUp(method sdk.Doc, customer string) {
	attach := customer != "" && method.Get("customer").IsNull()
	if attach {
		method.SetString("customer", customer)
	}
	paymentMethods.Update(r.Call, method)
	if attach {
		emit(r.Call, "payment_method.attached", method, sdk.Doc{})
	}
}

// mandateOf finds the mandate that a payment is made under: the one that is named,
// one that the parameters make, or an earlier one of the payment method. Wordings are
// believed.
func (r *request) mandateOf(d, method sdk.Doc) (sdk.Doc, error) {
	none := func(message string) (sdk.Doc, error) {
		f := executed(invalid("payment_intent_mandate_invalid", "", message)) // [D docs.stripe.com/error-codes, 2026-11]
		f.intent = d
		return sdk.Doc{}, f
	}
	id := method.Get("id").String()
	if named := r.text("mandate"); named != "" {
		m, ok := mandates.Get(r.Call, named)
		switch {
		case !ok:
			return m, missing("mandate", named, "mandate")
		case m.Get("payment_method").String() != id:
			return none("The provided mandate belongs to another payment method.")
		case m.Get("status").String() != "active":
			return none("The provided mandate is not active.")
		}
		return m, nil
	}
	if r.params.Get("mandate_data", "customer_acceptance").Kind() == sdk.Object {
		return r.newMandate(method), nil
	}
	page, err := mandates.Find(r.Call, sdk.ListQuery{Limit: 1, Where: [4]sdk.Condition{{Path: "$.payment_method", Value: id}, {Path: "$.status", Value: "active"}}})
	if err != nil {
		return sdk.Doc{}, err
	}
	if docs, _ := page.Docs(r.Call); len(docs) > 0 {
		return docs[0], nil
	}
	return none("This PaymentIntent requires a mandate, but no existing mandate was found. Collect mandate acceptance from the customer and try again, providing acceptance data in the mandate_data parameter.")
}

// debitIntent pays an intent by SEPA debit: the payment is processing until the bank
// has paid. A mandate for a single payment is used up by it [R 2026-01, 2026-02].
func (r *request) debitIntent(d, method sdk.Doc) error {
	if f := debitFailure(method); f != nil {
		return f
	}
	if d.Get("currency").String() != "eur" {
		// [D docs.stripe.com/payments/sepa-debit, 2026-11: euros only]; wording believed.
		return executed(invalid("", "currency", "The currency provided is invalid for sepa_debit. The payment must be in eur."))
	}
	if d.Get("capture_method").String() == "manual" {
		return executed(invalid("", "capture_method", "The payment method type sepa_debit does not support manual capture.")) // wording believed
	}
	m, err := r.mandateOf(d, method)
	if err != nil {
		return err
	}
	if m.Get("type").String() == "single_use" {
		m.SetString("status", "inactive")
		mandates.Update(r.Call, m)
	}
	customer := ""
	if !d.Get("setup_future_usage").IsNull() {
		customer = d.Get("customer").String()
	}
	r.attachSetUp(method, customer)
	r.consume(method)
	charge := r.debitCharge(d, method, m.Get("id").String())
	id := charge.Get("id").String()
	if err := charges.Insert(r.Call, charge); err != nil {
		return err
	}
	d.SetString("payment_method", method.Get("id").String())
	d.SetNull("next_action")
	d.SetNull("last_payment_error")
	d.SetString("latest_charge", id)
	d.SetString("status", "processing")
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "charge.pending", charge, sdk.Doc{})
	emit(r.Call, "payment_intent.processing", d, sdk.Doc{})
	delay := debitDelay
	if r.after(riskOfDebitsSince) {
		delay = longDebitDelay
	}
	r.SetTimer("debit", id, r.Now().Add(delay), timerPayload(r.Call, id, siblingID(r.Call, "txn_", id)))
	return nil
}

// Debits were assessed for risk, and took longer, from some day on: not in 2024-12,
// in 2025-12 [R].
var riskOfDebitsSince = day("2025-06-01")

// longDebitDelay is how long a debit of a test account is pending now [R 2026].
const longDebitDelay = 13 * time.Second

// debitAvailable is when the money of a debit is there: 3 business days later in
// 2022-12, 10 days in 2024-12, 7 in 2026 [R].
func (r *request) debitAvailable(charge sdk.Doc) int64 {
	days := int64(3)
	switch {
	case charge.Get("payment_intent").IsNull():
	case r.after(riskOfDebitsSince):
		days = 7
	default:
		days = 10
	}
	return availableOn(r.Now(), days).Unix()
}

// debitCharge is the charge of an intent that debits a bank account.
func (r *request) debitCharge(intent, method sdk.Doc, mandate string) sdk.Doc {
	d := r.blankCharge()
	d.SetString("id", siblingID(r.Call, "py_", intent.Get("id").String()))
	r.ofIntent(d, intent)
	d.SetDoc("billing_details", method.Get("billing_details"))
	d.SetInt("created", r.Unix())
	if outcome := d.Get("outcome"); r.after(riskOfDebitsSince) {
		outcome.SetInt("risk_score", int64(r.Random(sdk.Objects, 1, sdk.Base62)[0])%64)
	} else {
		outcome.SetString("risk_level", "not_assessed")
		outcome.Delete("risk_score")
	}
	debits(d, method).SetString("mandate", mandate)
	return d
}

// debits makes a charge one that debits the bank account of a payment method or a
// source, and is pending until the bank has paid. It returns the details of it.
func debits(d, method sdk.Doc) sdk.Doc {
	d.SetNull("calculated_statement_descriptor")
	d.SetDoc("amount_captured", d.Get("amount"))
	d.SetBool("captured", true)
	d.SetBool("paid", false)
	d.SetString("payment_method", method.Get("id").String())
	d.SetJSON("payment_method_details", `{"sepa_debit":{},"type":"sepa_debit"}`)
	to, from := d.Get("payment_method_details", "sepa_debit"), method.Get("sepa_debit")
	for _, m := range [...]string{"bank_code", "branch_code", "country", "fingerprint", "last4"} {
		to.SetDoc(m, from.Get(m))
	}
	d.SetString("status", "pending")
	return to
}

// debited brings the intent of a debit in order when the bank has paid.
func (r *request) debited(charge sdk.Doc) {
	d, ok := paymentIntents.Get(r.Call, charge.Get("payment_intent").String())
	if !ok || d.Get("status").String() != "processing" {
		return
	}
	d.SetDoc("amount_received", charge.Get("amount"))
	d.SetString("status", "succeeded")
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "payment_intent.succeeded", d, sdk.Doc{})
	r.intentSucceeded(d, charge)
}

// allowedSetup refuses a payment method of a type that a setup intent does not take
// [R-like payment intents]; wording believed.
func allowedSetup(d sdk.Doc, typ string) *failure {
	f := allowedType(d, typ)
	if f != nil {
		f.message = strings.ReplaceAll(f.message, "PaymentIntent", "SetupIntent")
		f.code = "setup_intent_invalid_parameter" // [D docs.stripe.com/error-codes, 2026-11]
		f.intent, f.setup = sdk.Doc{}, d
	}
	return f
}
