package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// captureIntent takes the authorized money, or a part of it.
func (r *request) captureIntent(d sdk.Doc) error {
	switch status := d.Get("status").String(); status {
	case "requires_capture":
	case "succeeded":
		return stateFailure(d, "This PaymentIntent could not be captured because it has already been captured.") // [3, users' logs, 2025-12-27]
	default:
		// [R-like cartalyst/stripe#211, 2022-03-08]
		return stateFailure(d, "This PaymentIntent could not be captured because it has a status of "+status+". Only a PaymentIntent with one of the following statuses may be captured: requires_capture.")
	}
	amount := d.Get("amount_capturable").Int64()
	if v := r.params.Get("amount_to_capture"); v.Exists() {
		n, _ := v.Int()
		switch {
		case n < 1:
			return invalid("parameter_invalid_integer", "amount_to_capture", atLeastOne) // [R-like]
		case n > amount:
			// [3, woocommerce-payments' tests and users' reports]
			f := executed(invalid("amount_too_large", "", "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge."))
			f.intent = d
			return f
		}
		amount = n
	}
	charge, ok := charges.Get(r.Call, d.Get("latest_charge").String())
	if !ok {
		return notFound("charge", d.Get("latest_charge").String(), "id")
	}
	for _, name := range [...]string{"statement_descriptor", "statement_descriptor_suffix"} {
		r.setText(d, name)
		r.setText(charge, name)
	}
	r.setMetadata(d)
	if err := r.setConnect(d); err != nil {
		return err
	}
	r.captureCharge(charge, amount)
	d.SetInt("amount_capturable", 0)
	d.SetInt("amount_received", amount)
	d.SetString("status", "succeeded")
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "payment_intent.succeeded", d, sdk.Doc{})
	return r.disputeIfAsked(charge, cardOf(charge.Get("payment_method_details", "card")))
}

// captureCharge takes amount of an authorized charge; the rest goes back.
func (r *request) captureCharge(charge sdk.Doc, amount int64) {
	before := charge.Clone(r.Arena)
	charge.SetInt("amount_captured", amount)
	charge.SetBool("captured", true)
	if rest := charge.Get("amount").Int64() - amount; rest > 0 {
		// Believed: what is not captured is released as refunded.
		charge.SetInt("amount_refunded", rest)
	}
	r.settle(charge, cardOf(charge.Get("payment_method_details", "card")))
	r.ClearTimer("expire", charge.Get("id").String())
	charges.Update(r.Call, charge)
	emit(r.Call, "charge.captured", charge, changes(r.Call, before, charge))
}

// cancelIntent gives an intent up; an authorization is released.
func (r *request) cancelIntent(d sdk.Doc, reason string) error {
	switch status := d.Get("status").String(); status {
	case "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing":
	default:
		// [R 2023-10-16]
		return stateFailure(d, "You cannot cancel this PaymentIntent because it has a status of "+status+". Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_confirmation, requires_action, processing.")
	}
	if d.Get("status").String() == "requires_capture" {
		if charge, ok := charges.Get(r.Call, d.Get("latest_charge").String()); ok {
			r.releaseCharge(charge, "charge.refunded")
		}
	}
	d.SetInt("amount_capturable", 0)
	d.SetInt("canceled_at", r.Unix())
	d.SetStringOrNull("cancellation_reason", reason)
	d.SetNull("next_action")
	d.SetString("status", "canceled")
	paymentIntents.Update(r.Call, d)
	emit(r.Call, "payment_intent.canceled", d, sdk.Doc{})
	return nil
}

// releaseCharge gives an authorization back without a balance transaction.
func (r *request) releaseCharge(charge sdk.Doc, event string) {
	before := charge.Clone(r.Arena)
	charge.SetInt("amount_refunded", charge.Get("amount").Int64())
	charge.SetBool("refunded", true)
	r.ClearTimer("expire", charge.Get("id").String())
	charges.Update(r.Call, charge)
	emit(r.Call, event, charge, changes(r.Call, before, charge))
}

// Timers act for an account: their payload is account, id and more, by spaces.
func timerPayload(c *sdk.Call, id, more string) string { return c.Account() + " " + id + " " + more }

// timed returns the request of a timer, and what its payload names.
func timed(c *sdk.Call, payload string) (r *request, id, more string) {
	account, rest, _ := strings.Cut(payload, " ")
	id, more, _ = strings.Cut(rest, " ")
	c.SetAccount(account)
	return internalRequest(c), id, more
}

// expire ends an authorization that was not captured in time
// [D docs.stripe.com/payments/place-a-hold-on-a-payment-method, 2026-11].
func expire(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	charge, ok := charges.Get(c, id)
	if !ok || charge.Get("captured").Bool() || charge.Get("refunded").Bool() {
		return nil
	}
	d, ok := paymentIntents.Get(c, charge.Get("payment_intent").String())
	if !ok {
		r.releaseCharge(charge, "charge.expired")
		return nil
	}
	r.releaseCharge(charge, "charge.expired")
	d.SetString("status", "requires_confirmation") // the charge is dealt with; cancel only the intent
	return r.cancelIntent(d, "automatic")
}
