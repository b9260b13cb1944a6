package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// confirmIntent attempts the payment of an intent: it succeeds, waits for the
// customer or for capture, or the card is declined. creating tells that the
// parameters have been read.
func (r *request) confirmIntent(d sdk.Doc, creating bool) error {
	switch status := d.Get("status").String(); status {
	case "requires_payment_method", "requires_confirmation", "requires_action":
	case "succeeded", "requires_capture":
		// [R-like stripe-archive/stripe-payments-demo#133, 2020-05-22]
		return stateFailure(d, "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.")
	default:
		// Believed, after the wording of cancel [R].
		return stateFailure(d, "You cannot confirm this PaymentIntent because it has a status of "+status+". Only a PaymentIntent with one of the following statuses may be confirmed: requires_confirmation, requires_action.")
	}
	if !creating {
		if err := r.confirmParams(d); err != nil {
			return err
		}
	}
	method, err := r.intentMethod(d)
	if err != nil {
		return err
	}
	if f := ownership(method, d, "payment_intent"); f != nil {
		f.intent = d
		return f
	}
	if f := r.consumed(method); f != nil {
		return f
	}
	id := method.Get("id").String()
	typ := method.Get("type").String()
	if f := unpaid(method); f != nil {
		return f
	}
	if f := allowedType(d, typ); f != nil {
		return f
	}
	if typ == "sepa_debit" {
		return r.debitIntent(d, method)
	}
	d.SetString("payment_method", id)
	d.SetNull("next_action")
	d.SetNull("last_payment_error")
	card := cardOf(method.Get("card"))
	if r.given("mandate") {
		return r.payUnderMandate(d, method, card)
	}
	if r.needsAuthentication(card, method, d) {
		if r.is("error_on_requires_action") || r.offSession() {
			no := authRequired
			if card.auth == authByRadar {
				no = genericDecline // [R pm_card_threeDSecureRequired]
			}
			return r.declineIntent(d, method, card, no)
		}
		r.askCustomer(d, "payment_intent")
		paymentIntents.Update(r.Call, d)
		emit(r.Call, "payment_intent.requires_action", d, sdk.Doc{})
		return nil
	}
	return r.chargeIntent(d, method, card)
}

// unpaid is the 501 of a payment by something that is not mirrored.
func unpaid(method sdk.Doc) *failure {
	switch typ := method.Get("type").String(); typ {
	case "card":
		return nil
	case "sepa_debit":
		return debitFailure(method)
	default:
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra confirms payment intents with cards and SEPA debits only, not yet with " + typ + "."}
	}
}

// allowedType refuses a payment method of a type that the intent does not take
// [D docs.stripe.com/error-codes#payment-intent-incompatible-payment-method,
// 2026-11]; wording believed.
func allowedType(d sdk.Doc, typ string) *failure {
	var types []string
	for t := range d.Get("payment_method_types").All {
		if t.String() == typ {
			return nil
		}
		types = append(types, t.String())
	}
	f := executed(invalid("payment_intent_incompatible_payment_method", "payment_method", "The PaymentMethod provided ("+typ+") is not allowed for this PaymentIntent. Please attempt the payment again with one of the following types: "+strings.Join(types, ", ")+"."))
	f.intent = d
	return f
}

// confirmParams copies the parameters of a confirmation into the intent.
func (r *request) confirmParams(d sdk.Doc) error {
	if err := r.needsReturnURL(d, "Payment Intent"); err != nil {
		return err
	}
	for _, name := range [...]string{"receipt_email", "setup_future_usage"} {
		r.setText(d, name)
	}
	if v := r.text("capture_method"); v != "" {
		d.SetString("capture_method", v)
	}
	r.setShipping(d)
	r.setOptions(d, paymentOptions)
	return r.setMethod(d, "payment_intent")
}

// intentMethod is the payment method to charge: the intent's, or the default
// source of its customer [D docs.stripe.com/api/payment_intents/create, 2026-11].
func (r *request) intentMethod(d sdk.Doc) (sdk.Doc, error) {
	id, customer := d.Get("payment_method").String(), d.Get("customer").String()
	if id == "" && customer != "" {
		if c, ok := customers.Get(r.Call, customer); ok {
			id = c.Get("default_source").String()
		}
	}
	if id != "" {
		return r.method(id, "payment_method", 400)
	}
	if customer != "" {
		// [3, users' reports, also of 2025]
		return sdk.Doc{}, stateFailure(d, "You cannot confirm this PaymentIntent because it's missing a payment method. To confirm the PaymentIntent with "+customer+", specify a payment method attached to this customer along with the customer ID.")
	}
	return sdk.Doc{}, stateFailure(d, "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
}

// needsAuthentication tells whether the customer has to pass 3D Secure first.
func (r *request) needsAuthentication(card *testCard, method, d sdk.Doc) bool {
	if hasMark(r.Call, d.Get("id").String(), markAuthenticated) {
		return false
	}
	switch d.Get("payment_method_options", "card", "request_three_d_secure").String() {
	case "any", "challenge":
		if card.auth != authUnsupported {
			return true
		}
	}
	switch card.auth {
	case authAlways, authByRadar:
		return true
	case authUnlessSetUp:
		return !hasMark(r.Call, method.Get("id").String(), markAuthenticated)
	case authOnSession:
		return !r.offSession()
	}
	return false
}

// offSession tells whether the customer is away: true, one_off or recurring.
func (r *request) offSession() bool {
	off := r.text("off_session")
	return off != "" && !strings.EqualFold(off, "false")
}

// consume marks a payment method of nobody as used.
func (r *request) consume(method sdk.Doc) {
	if method.Get("customer").IsNull() {
		setMark(r.Call, method.Get("id").String(), markConsumed, "used")
	}
}

// consumed refuses a payment method that may not be used again [R 2023-10-16].
func (r *request) consumed(method sdk.Doc) *failure {
	if !method.Get("customer").IsNull() || !hasMark(r.Call, method.Get("id").String(), markConsumed) {
		return nil
	}
	return executed(invalid("", "", "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first."))
}

// chargeIntent charges the card of an intent that nothing stands in the way of.
func (r *request) chargeIntent(d, method sdk.Doc, card *testCard) error {
	no := r.refuses(method, card, true)
	if no == nil && card.afterAuth != nil {
		no = card.afterAuth
	}
	if no != nil {
		return r.declineIntent(d, method, card, no)
	}
	customer := d.Get("customer").String()
	runChecks(method, card)
	if !d.Get("setup_future_usage").IsNull() && customer != "" && method.Get("customer").IsNull() {
		method.SetString("customer", customer)
		paymentMethods.Update(r.Call, method)
		emit(r.Call, "payment_method.attached", method, sdk.Doc{})
	} else {
		paymentMethods.Update(r.Call, method)
	}
	r.consume(method)
	how := d.Get("capture_method").String()
	charge := r.newCharge(d, method, card, hasMark(r.Call, d.Get("id").String(), markAuthenticated))
	id := charge.Get("id").String()
	d.SetString("latest_charge", id)
	amount := d.Get("amount").Int64()
	switch how {
	case "manual":
		charge.Get("payment_method_details", "card").InsertJSON("brand", "capture_before", formatInt(r.Unix()+int64(captureWindow/time.Second))) // [R 2024-06-20]
		d.SetInt("amount_capturable", amount)
		d.SetString("status", "requires_capture")
	case "automatic":
		r.settle(charge, card)
		fallthrough
	default:
		charge.SetBool("captured", true)
		charge.SetInt("amount_captured", amount)
		d.SetInt("amount_received", amount)
		d.SetString("status", "succeeded")
	}
	if err := charges.Insert(r.Call, charge); err != nil {
		return err
	}
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "charge.succeeded", charge, sdk.Doc{})
	switch how {
	case "manual":
		r.SetTimer("expire", id, r.Now().Add(captureWindow), timerPayload(r.Call, id, ""))
		emit(r.Call, "payment_intent.amount_capturable_updated", d, sdk.Doc{})
		return nil
	case "automatic":
	default:
		// The balance transaction of automatic_async comes a moment later, with
		// charge.updated [D docs.stripe.com/payments/payment-intents/asynchronous-capture,
		// 2026-11; R 2024-06-20: null in the answer and a second later].
		r.SetTimer("settle", id, r.Now().Add(settleDelay), timerPayload(r.Call, id, siblingID(r.Call, "txn_", id)))
	}
	emit(r.Call, "payment_intent.succeeded", d, sdk.Doc{})
	r.intentSucceeded(d, charge)
	return r.disputeIfAsked(charge, card)
}

// settleDelay is how long an asynchronous capture takes: believed, see above.
const settleDelay = 2 * time.Second

// captureWindow is how long a card's authorization lasts: 7 days [R].
const captureWindow = 7 * 24 * time.Hour

// payUnderMandate charges a card of India under the mandate that was made with an
// earlier payment. Only the refusal of a canceled one is mirrored: it leaves no charge
// [R 2023-10-16 of 4000003560000263]. What succeeds waits for a day
// [D docs.stripe.com/india-recurring-payments, 2026-11].
func (r *request) payUnderMandate(d, method sdk.Doc, card *testCard) error {
	if !card.mandateCanceled {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "mandate", message: "Mirra does not mirror payments by card under a mandate yet, but those of a mandate that was canceled."}
	}
	f := executed(&failure{status: 402, typ: "card_error", code: "india_recurring_payment_mandate_canceled", noDoc: true, message: "The provided mandate has been canceled by the card holder."})
	r.failIntent(d, method, f)
	return f
}

// declineIntent records a refused attempt: a failed charge, the error in the
// intent, which asks for another payment method. What is answered is the 402.
func (r *request) declineIntent(d, method sdk.Doc, card *testCard, no *decline) error {
	runChecks(method, card)
	paymentMethods.Update(r.Call, method)
	r.consume(method) // [R 2023-10-16] declined ones too
	f := declineFailure(no)
	charge := r.newCharge(d, method, card, false)
	r.failCharge(charge, no)
	if err := charges.Insert(r.Call, charge); err != nil {
		return err
	}
	f.charge = charge.Get("id").String()
	d.SetString("latest_charge", f.charge)
	emit(r.Call, "charge.failed", charge, sdk.Doc{})
	r.failIntent(d, method, f)
	return f
}

// failIntent takes the payment method off an intent and says why.
func (r *request) failIntent(d, method sdk.Doc, f *failure) {
	e := d.SetObject("last_payment_error")
	f.write(r.Call, e)
	e.SetDoc("payment_method", method)
	e.SetString("type", f.kind())
	d.SetNull("payment_method")
	d.SetNull("next_action")
	d.SetString("status", "requires_payment_method")
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "payment_intent.payment_failed", d, sdk.Doc{})
	f.intent, f.method = d, method
	r.intentFailed(d)
}
