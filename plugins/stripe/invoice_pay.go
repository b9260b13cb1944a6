package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func payInvoiceOperation(r *request, d sdk.Doc) error {
	if d.Get("status").String() == "draft" {
		if err := r.finalize(d); err != nil {
			return err
		}
		if d.Get("status").String() == "paid" {
			return nil // nothing was due [R]
		}
	}
	switch status := d.Get("status").String(); status {
	case "open", "uncollectible":
	case "paid":
		return executed(invalid("invoice_already_paid", "", "Invoice is already paid")) // [3, users' reports]
	default:
		return executed(invalid("", "", "The invoice has a status of "+status+" and cannot be paid.")) // believed
	}
	if r.is("paid_out_of_band") {
		r.settled(d)
		d.SetBool("paid_out_of_band", true)
		invoices().Update(r.Call, d)
		r.paid(d)
		return nil
	}
	method, err := r.invoiceMethod(d)
	if err != nil {
		return err
	}
	return r.payInvoice(d, method, true)
}

// invoiceMethod is what an invoice is paid with.
func (r *request) invoiceMethod(d sdk.Doc) (sdk.Doc, error) {
	customer, _ := customers.Get(r.Call, d.Get("customer").String())
	sub, _ := subscriptions().Get(r.Call, d.Get("subscription").String())
	id := r.text("payment_method")
	if id == "" {
		id = r.text("source")
	}
	if id == "" {
		id = firstText(d.Get("default_payment_method"), d.Get("default_source"), sub.Get("default_payment_method"), sub.Get("default_source"), customer.Get("invoice_settings", "default_payment_method"), customer.Get("default_source"))
	}
	if id == "" {
		// [3, users' reports]
		return sdk.Doc{}, executed(invalid("", "", "Cannot charge a customer that has no active card or default payment method. Please consider adding one, or pass `payment_method`."))
	}
	return r.method(id, "payment_method", 400)
}

// payInvoice attempts to pay an open invoice; without attempt it only prepares
// the payment for the client to confirm. What the issuer refuses is the 402.
func (r *request) payInvoice(d, method sdk.Doc, attempt bool) error {
	p, ok := paymentIntents.Get(r.Call, d.Get("payment_intent").String())
	if !ok {
		var err error
		if p, err = r.invoiceIntent(d, method); err != nil {
			return err
		}
	}
	if !attempt {
		d.SetBool("attempted", false)
		invoices().Update(r.Call, d)
		return nil
	}
	d.SetBool("attempted", true)
	d.SetBool("auto_advance", true)
	invoices().Update(r.Call, d)
	p.SetString("payment_method", method.Get("id").String())
	err := r.confirmIntent(p, true)
	if err == nil && p.Get("status").String() == "requires_action" {
		if now, ok := invoices().Get(r.Call, d.Get("id").String()); ok {
			emit(r.Call, "invoice.payment_action_required", now, sdk.Doc{})
		}
	}
	return err
}

// intentSucceeded is called when a payment succeeded: its invoice is paid.
func (r *request) intentSucceeded(p, charge sdk.Doc) {
	d, ok := invoices().Get(r.Call, p.Get("invoice").String())
	if !ok || d.Get("status").String() == "paid" {
		return
	}
	r.settled(d)
	d.SetInt("attempt_count", d.Get("attempt_count").Int64()+1)
	d.SetString("charge", charge.Get("id").String())
	invoices().Update(r.Call, d)
	r.endPayment(d, "paid")
	r.paid(d)
}

// paid tells of a paid invoice and brings its subscription in order.
func (r *request) paid(d sdk.Doc) {
	emit(r.Call, "invoice.paid", d, sdk.Doc{})
	emit(r.Call, "invoice.payment_succeeded", d, sdk.Doc{})
	sub, ok := subscriptions().Get(r.Call, d.Get("subscription").String())
	if !ok {
		return
	}
	switch sub.Get("status").String() {
	case "incomplete", "past_due", "unpaid":
	default:
		return
	}
	before := sub.Clone(r.Arena)
	sub.SetString("status", "active")
	r.ClearTimer("incomplete", sub.Get("id").String())
	subscriptions().Update(r.Call, sub)
	emit(r.Call, "customer.subscription.updated", sub, changes(r.Call, before, sub))
}

// intentFailed is called when an attempt to pay was refused. Invoices of
// renewals are tried again.
func (r *request) intentFailed(p sdk.Doc) {
	d, ok := invoices().Get(r.Call, p.Get("invoice").String())
	if !ok || d.Get("status").String() != "open" {
		return
	}
	n := d.Get("attempt_count").Int64() + 1
	d.SetInt("attempt_count", n)
	d.SetBool("attempted", true)
	d.SetString("charge", p.Get("latest_charge").String())
	d.SetNull("next_payment_attempt")
	renewal := d.Get("billing_reason").String() == "subscription_cycle"
	if renewal && int(n) <= len(retryDays) {
		at := r.Now().Add(retryDays[n-1])
		d.SetInt("next_payment_attempt", at.Unix())
		r.SetTimer("retry", d.Get("id").String(), at, timerPayload(r.Call, d.Get("id").String(), ""))
	}
	invoices().Update(r.Call, d)
	emit(r.Call, "invoice.payment_failed", d, sdk.Doc{})
	sub, ok := subscriptions().Get(r.Call, d.Get("subscription").String())
	if !ok || sub.Get("status").String() != "active" && sub.Get("status").String() != "past_due" {
		return
	}
	before := sub.Clone(r.Arena)
	if renewal && int(n) > len(retryDays) {
		r.endSubscription(sub, "payment_failed")
		return
	}
	sub.SetString("status", "past_due")
	subscriptions().Update(r.Call, sub)
	if !before.Equal(sub) {
		emit(r.Call, "customer.subscription.updated", sub, changes(r.Call, before, sub))
	}
}

// retryDays are between the attempts of a renewal's payment: the schedule that
// accounts have without Smart Retries, then the subscription is canceled
// [D docs.stripe.com/billing/revenue-recovery/smart-retries, 2026-11; the days believed].
var retryDays = []time.Duration{3 * 24 * time.Hour, 5 * 24 * time.Hour, 7 * 24 * time.Hour}

// wouldFail tells beforehand what a payment would come to, for callers that want
// nothing to be left behind.
func (r *request) wouldFail(method sdk.Doc, amount int64) *failure {
	card := cardOf(method.Get("card"))
	if no := r.refuses(method, card, true); no != nil {
		return declineFailure(no)
	}
	if r.needsAuthentication(card, method, r.NewObject()) {
		// [D docs.stripe.com/error-codes#subscription-payment-intent-requires-action, 2026-11]
		return &failure{status: 402, typ: "card_error", code: "subscription_payment_intent_requires_action", message: "Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with subscription.latest_invoice. For more details see: https://stripe.com/docs/billing/subscriptions/overview#requires-action"}
	}
	return nil
}
