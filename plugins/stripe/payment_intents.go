package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var paymentIntents = stripe.Collect(&sdk.Collection{
	Type: "payment_intent", Entity: "payment_intents", Prefix: "pi_", Random: 24,
	Index:   []string{"customer"},
	Aliases: []string{"payment_intent", "pi", "intents"},
	Fields:  []string{"id", "status", "amount", "currency", "customer", "payment_method", "latest_charge"},
})

// paymentIntentTemplate [R, POST /v1/payment_intents at 2024-06-20];
// automatic_async is the default since 2024-04-10.
var paymentIntentTemplate = sdk.MustTemplate(`{"id":"","object":"payment_intent","amount":0,"amount_capturable":0,"amount_details":{"tip":{}},"amount_received":0,"application":null,"application_fee_amount":null,"automatic_payment_methods":null,"canceled_at":null,"cancellation_reason":null,"capture_method":"automatic_async","client_secret":"","confirmation_method":"automatic","created":0,"currency":"","customer":null,"customer_account":null,"description":null,"excluded_payment_method_types":null,"invoice":null,"last_payment_error":null,"latest_charge":null,"livemode":false,"managed_payments":{"enabled":false},"metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":null,"payment_method_configuration_details":null,"payment_method_options":{},"payment_method_types":[],"processing":null,"receipt_email":null,"review":null,"setup_future_usage":null,"shared_payment_granted_token":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":null,"status":"requires_payment_method","transfer_data":null,"transfer_group":null}`)

func paymentIntentHandlers() {
	handle("PostPaymentIntents", sdk.Exact, func(r *request) error {
		d, err := r.createIntent()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetPaymentIntents", sdk.Exact, listPaymentIntents)
	handle("GetPaymentIntentsIntent", sdk.Exact, func(r *request) error {
		d, err := r.intent(paymentIntents, "payment_intent")
		if err != nil {
			return err
		}
		return r.answerIntent(d)
	})
	handle("PostPaymentIntentsIntent", sdk.Exact, updatePaymentIntent)
	handle("PostPaymentIntentsIntentConfirm", sdk.Exact, func(r *request) error {
		d, err := r.intent(paymentIntents, "payment_intent")
		if err != nil {
			return err
		}
		if err := r.confirmIntent(d, false); err != nil {
			return err
		}
		return r.answerIntent(d)
	})
	handle("PostPaymentIntentsIntentCapture", sdk.Exact, func(r *request) error {
		d, err := r.intent(paymentIntents, "payment_intent")
		if err != nil {
			return err
		}
		if err := r.captureIntent(d); err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostPaymentIntentsIntentCancel", sdk.Exact, func(r *request) error {
		d, err := r.intent(paymentIntents, "payment_intent")
		if err != nil {
			return err
		}
		if err := r.cancelIntent(d, r.text("cancellation_reason")); err != nil {
			return err
		}
		return r.answer(d)
	})
}

// createIntent makes a payment intent of the parameters, and confirms it when
// they ask for that. A declined card leaves the intent there.
func (r *request) createIntent() (sdk.Doc, error) {
	currency, err := r.currency("currency")
	if err != nil {
		return sdk.Doc{}, err
	}
	amount, err := r.amount(currency)
	if err != nil {
		return sdk.Doc{}, err
	}
	confirm := r.is("confirm")
	if err := r.onlyWithConfirm(confirm); err != nil {
		return sdk.Doc{}, err
	}
	d := paymentIntentTemplate.New(r.Arena)
	id := longID(r.Call, "pi_3")
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetString("client_secret", id+"_secret_"+r.Random(sdk.Objects, 25, sdk.Base62))
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	r.setApplication(d)
	if !r.since("2024-04-10") {
		d.SetString("capture_method", "automatic") // [D docs.stripe.com/changelog, 2024-04-10: the default is automatic_async]
	}
	if v := r.text("confirmation_method"); v != "" {
		d.SetString("confirmation_method", v)
	}
	for _, name := range [...]string{"capture_method", "setup_future_usage"} { // some methods cannot do these
		if v := r.text(name); v != "" {
			d.SetString(name, v)
		}
	}
	if err := r.setMethodTypes(d, paymentOptions); err != nil {
		return sdk.Doc{}, err
	}
	if err := r.setIntent(d); err != nil {
		return sdk.Doc{}, err
	}
	if confirm {
		if err := r.needsReturnURL(d, "Payment Intent"); err != nil {
			return sdk.Doc{}, err
		}
		if m, ok := paymentMethods.Get(r.Call, d.Get("payment_method").String()); ok {
			if f := unpaid(m); f != nil {
				return sdk.Doc{}, f // nothing is left behind
			}
		}
	}
	method := d.Get("payment_method").String()
	if method != "" && !confirm {
		d.SetString("status", "requires_confirmation")
	}
	if confirm {
		d.SetNull("payment_method") // the event shows the intent before it is confirmed
	}
	if err := paymentIntents.Insert(r.Call, d); err != nil {
		return sdk.Doc{}, err
	}
	emit(r.Call, "payment_intent.created", d, sdk.Doc{})
	if !confirm {
		return d, nil
	}
	d.SetStringOrNull("payment_method", method)
	return d, r.confirmIntent(d, true)
}

// onlyWithConfirm refuses parameters that belong to a confirmation
// [D docs.stripe.com/api/payment_intents/create, 2026-11]; wording believed.
func (r *request) onlyWithConfirm(confirm bool) error {
	if confirm {
		return nil
	}
	if r.offSession() { // [R] false is let pass
		return invalid("", "off_session", "You cannot provide `off_session` unless `confirm` is set to `true`.")
	}
	for _, name := range [...]string{"return_url", "error_on_requires_action", "mandate_data", "mandate"} {
		if r.given(name) {
			return invalid("", name, "You cannot provide `"+name+"` unless `confirm` is set to `true`.")
		}
	}
	return nil
}

// setIntent copies the parameters that create and update share.
func (r *request) setIntent(d sdk.Doc) error {
	if id := r.text("customer"); id != "" {
		if _, ok := customers.Get(r.Call, id); !ok {
			return missing("customer", id, "customer")
		}
		d.SetString("customer", id)
	} else {
		r.setText(d, "customer")
	}
	if v := r.text("capture_method"); v != "" {
		d.SetString("capture_method", v)
	}
	for _, name := range [...]string{"description", "receipt_email", "setup_future_usage", "statement_descriptor", "statement_descriptor_suffix", "transfer_group", "on_behalf_of"} {
		r.setText(d, name)
	}
	if err := checkDescriptor(r.text("statement_descriptor"), "statement_descriptor"); err != nil {
		return err
	}
	if err := checkDescriptor(r.text("statement_descriptor_suffix"), "statement_descriptor_suffix"); err != nil {
		return err
	}
	if email := r.text("receipt_email"); email != "" && !strings.Contains(email, "@") {
		return invalid("email_invalid", "receipt_email", "Invalid email address: "+email) // [R-like, customers]
	}
	if err := r.setConnect(d); err != nil {
		return err
	}
	r.setShipping(d)
	r.setMetadata(d)
	return r.setMethod(d, "payment_intent")
}

// checkDescriptor [D docs.stripe.com/get-started/account/statement-descriptors,
// 2026-11]; wording by users' reports.
func checkDescriptor(text, param string) error {
	if len(text) > 22 {
		return invalid("", param, "The statement descriptor must be at most 22 characters.")
	}
	if strings.ContainsAny(text, "<>\\'\"*") {
		return invalid("", param, "The statement descriptor must not contain any of the following characters: < > \\ ' \" *")
	}
	return nil
}

// setConnect copies what moves money to connected accounts.
func (r *request) setConnect(d sdk.Doc) error {
	if t := r.params.Get("transfer_data"); t.Kind() == sdk.Object {
		to := d.SetObject("transfer_data")
		if n, ok := t.Get("amount").Int(); ok {
			to.SetInt("amount", n)
		}
		destination := t.Get("destination").String()
		if destination != "" {
			if !accountLike(destination) {
				return missing("destination", destination, "transfer_data[destination]") // [R]
			}
			to.SetString("destination", destination)
		}
	}
	if n, ok := r.params.Get("application_fee_amount").Int(); ok {
		d.SetInt("application_fee_amount", n)
	} else if r.given("application_fee_amount") {
		d.SetNull("application_fee_amount")
	}
	return nil
}

// setShipping copies shipping, members in the vendor's order [R 2024-06-20].
func (r *request) setShipping(d sdk.Doc) {
	s := r.params.Get("shipping")
	if !s.Exists() {
		return
	}
	if s.Kind() != sdk.Object {
		d.SetNull("shipping")
		return
	}
	to := d.SetObject("shipping")
	address := to.SetObject("address")
	for _, m := range addressMembers {
		address.SetStringOrNull(m, s.Get("address", m).String())
	}
	for _, m := range [...]string{"carrier", "name", "phone", "tracking_number"} {
		to.SetStringOrNull(m, s.Get(m).String())
	}
}

// updatable are the states in which what is to be paid may change.
func updatable(status string) bool {
	return status == "requires_payment_method" || status == "requires_confirmation" || status == "requires_action"
}

func updatePaymentIntent(r *request) error {
	d, err := r.intent(paymentIntents, "payment_intent")
	if err != nil {
		return err
	}
	status := d.Get("status").String()
	if !updatable(status) {
		for _, name := range [...]string{"amount", "currency", "payment_method", "payment_method_data", "customer", "payment_method_types", "setup_future_usage", "capture_method"} {
			if r.given(name) {
				// [R-like solidusio/solidus_stripe#186, for the amount of an
				// intent in requires_capture]; the others by analogy.
				return stateFailure(d, "This PaymentIntent's "+name+" could not be updated because it has a status of "+status+". You may only update the "+name+" of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.")
			}
		}
	}
	if r.given("currency") {
		currency, err := r.currency("currency")
		if err != nil {
			return err
		}
		d.SetString("currency", currency)
	}
	if r.given("amount") {
		amount, err := r.amount(d.Get("currency").String())
		if err != nil {
			return err
		}
		d.SetInt("amount", amount)
	}
	if r.given("payment_method_types") {
		if err := r.setMethodTypes(d, paymentOptions); err != nil {
			return err
		}
	} else {
		r.setOptions(d, paymentOptions)
	}
	if err := r.setIntent(d); err != nil {
		return err
	}
	if r.given("payment_method") || r.given("payment_method_data") {
		d.SetString("status", "requires_confirmation") // [R]
		if d.Get("payment_method").IsNull() {
			d.SetString("status", "requires_payment_method")
		}
		d.SetNull("next_action")
	}
	paymentIntents.Update(r.Call, d)
	return r.answer(d)
}

func listPaymentIntents(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	if id := r.text("customer"); id != "" {
		if d, _ := customers.GetAny(r.Call, id); !d.Exists() {
			return missing("customer", id, "customer")
		}
		q.Index, q.Key = "customer", id
	}
	return r.list(paymentIntents, q, "payment_intent", "/v1/payment_intents")
}

// stateFailure is an operation that the intent's state forbids; the whole
// intent comes along [R, cancel at 2023-10-16].
func stateFailure(d sdk.Doc, message string) *failure {
	f := executed(invalid("payment_intent_unexpected_state", "", message))
	f.intent = d
	return f
}
