package main

import (
	"errors"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Simulations cause what an event reports, with all that goes with it at the
// vendor: payment_intent.succeeded makes a payment, or completes the one that
// id names. They run as the server, without a request [S cli-triggers].

// simulationArguments are taken by every simulation that makes something new,
// as parameters of the operation behind it.
var simulationArguments = map[string]bool{
	"id": true, "amount": true, "currency": true, "customer": true, "description": true, "metadata": true, "payment_method": true,
	"receipt_email": true, "reason": true, "email": true, "name": true, "transfer_group": true, "capture_method": true, "setup_future_usage": true,
	"statement_descriptor_suffix": true, "account": true, "cancellation_reason": true, "status": true,
}

func simulations() {
	simulate("customer.created", func(r *request) error { return createCustomer(r) })
	simulate("customer.updated", simulateCustomerUpdated)
	simulate("customer.deleted", func(r *request) error {
		d, err := r.named(customers, func(r *request) error { return createCustomer(r) })
		if err != nil {
			return err
		}
		return r.removeCustomer(d)
	})
	simulate("payment_method.attached", func(r *request) error {
		d, err := r.method(r.or("payment_method", "pm_card_visa"), "payment_method", 404)
		if err != nil {
			return err
		}
		customer, err := r.someCustomer()
		if err != nil {
			return err
		}
		return r.attach(d, customer)
	})
	simulate("payment_method.detached", func(r *request) error {
		id := r.text("id")
		if id == "" {
			id = r.text("payment_method")
		}
		d, ok := paymentMethods.Get(r.Call, id)
		if !ok {
			return errors.New("payment_method.detached needs id, an attached payment method")
		}
		return r.detach(d)
	})

	payment := func(name, card string, more ...string) {
		simulate(name, func(r *request) error {
			if r.text("id") != "" {
				return r.resume(card)
			}
			_, err := r.pay(card, more...)
			return declinedIsFine(err)
		})
	}
	payment("payment_intent.succeeded", "pm_card_visa")
	payment("charge.succeeded", "pm_card_visa")
	payment("payment_intent.payment_failed", "pm_card_visa_chargeDeclined")
	payment("charge.failed", "pm_card_visa_chargeDeclined")
	payment("payment_intent.requires_action", "pm_card_authenticationRequired")
	payment("payment_intent.amount_capturable_updated", "pm_card_visa", "capture_method=manual")
	simulate("payment_intent.created", func(r *request) error {
		_, err := r.pay("", "confirm=false")
		return err
	})
	simulate("payment_intent.canceled", func(r *request) error {
		d, err := r.named(paymentIntents, func(r *request) error {
			_, err := r.pay("", "confirm=false")
			return err
		})
		if err != nil {
			return err
		}
		return r.cancelIntent(d, r.text("cancellation_reason"))
	})
	simulate("charge.captured", func(r *request) error {
		d, err := r.someIntent("capture_method=manual")
		if err != nil {
			return err
		}
		return r.captureIntent(d)
	})
	simulate("charge.refunded", func(r *request) error {
		if _, err := r.chargeToUse("pm_card_visa"); err != nil {
			return err
		}
		_, err := r.refund()
		return err
	})
	simulate("charge.refund.updated", func(r *request) error {
		d, ok := refunds.Get(r.Call, r.text("id"))
		if !ok {
			charge, err := r.chargeToUse("pm_card_visa")
			if err != nil {
				return err
			}
			r.params.SetString("charge", charge.Get("id").String())
			if d, err = r.refund(); err != nil {
				return err
			}
		}
		before := d.Clone(r.Arena)
		d.Get("metadata").SetSortedString("order_id", "6735") // [S cli-triggers/charge.refund.updated.json]
		refunds.Update(r.Call, d)
		emit(r.Call, "charge.refund.updated", d, changes(r.Call, before, d))
		return nil
	})
	simulate("charge.dispute.created", func(r *request) error {
		charge, err := r.chargeToUse("pm_card_visa")
		if err != nil {
			return err
		}
		_, err = r.dispute(charge, r.or("reason", "fraudulent"), false)
		return err
	})
	simulate("charge.dispute.closed", func(r *request) error {
		d, ok := disputes.Get(r.Call, r.text("id"))
		if !ok {
			charge, err := r.chargeToUse("pm_card_visa")
			if err != nil {
				return err
			}
			if d, err = r.dispute(charge, r.or("reason", "fraudulent"), false); err != nil {
				return err
			}
		}
		r.closeDispute(d, r.or("status", "lost"))
		return nil
	})

	setup := func(name, card string) {
		simulate(name, func(r *request) error {
			_, err := r.setUp(card)
			return declinedIsFine(err)
		})
	}
	setup("setup_intent.succeeded", "pm_card_visa")
	setup("setup_intent.setup_failed", "pm_card_chargeDeclined")
	setup("setup_intent.requires_action", "pm_card_authenticationRequired")
	simulate("setup_intent.created", func(r *request) error {
		_, err := r.setUp("")
		return err
	})
}

// simulate declares a simulation. account chooses a connected account.
func simulate(name string, run func(r *request) error) {
	stripe.Simulate(name, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		for p := range params.All {
			if !simulationArguments[p.Key()] {
				return errors.New("unknown argument " + p.Key() + " of " + name)
			}
		}
		r := internalRequest(c)
		r.params = params
		if account := r.text("account"); account != "" && account != accountID(c) {
			c.SetAccount(account)
		}
		return run(r)
	})
}

// declinedIsFine drops the 402 that a simulated failure is about.
func declinedIsFine(err error) error {
	if f, ok := err.(*failure); ok && f.status == 402 {
		return nil
	}
	return err
}

// or returns an argument's text, or a default.
func (r *request) or(name, other string) string {
	if v := r.text(name); v != "" {
		return v
	}
	return other
}

// defaults fills arguments in, "name=value".
func (r *request) defaults(args ...string) {
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		if !r.given(name) {
			r.params.SetString(name, value)
		}
	}
}

// pay makes a payment intent with a card and confirms it [S
// cli-triggers/payment_intent.succeeded.json: 20.00 USD by card].
func (r *request) pay(card string, more ...string) (sdk.Doc, error) {
	r.defaults(more...)
	r.defaults("amount=2000", "currency=usd", "confirm=true")
	if card != "" {
		r.defaults("payment_method=" + card)
	}
	if !r.given("payment_method_types") {
		r.params.SetArray("payment_method_types").AddString("card")
	}
	return r.createIntent()
}

// resume brings the intent that id names to where a card leads it: what waits
// for the customer is answered, what waits for a card gets this one.
func (r *request) resume(card string) error {
	id := r.text("id")
	d, ok := paymentIntents.Get(r.Call, id)
	if !ok {
		return notFound("payment_intent", id, "intent")
	}
	r.params.SetString("use_stripe_sdk", "true")
	fail := cardNamed(strings.TrimPrefix(card, "pm_card_")).declined != nil
	switch status := d.Get("status").String(); {
	case status == "requires_action":
		ch := challenge{r: r, d: d, typ: "payment_intent"}
		if fail {
			r.refuseAuthentication(ch)
			return nil
		}
		return declinedIsFine(r.acceptAuthentication(ch))
	case status == "requires_capture" && !fail:
		return r.captureIntent(d)
	case status == "requires_confirmation" && !fail && !d.Get("payment_method").IsNull():
		return declinedIsFine(r.confirmIntent(d, true))
	}
	method, err := r.method(r.or("payment_method", card), "payment_method", 404)
	if err != nil {
		return err
	}
	d.SetString("payment_method", method.Get("id").String())
	return declinedIsFine(r.confirmIntent(d, true))
}

// someIntent is the intent that id names, or a new one that waits for capture.
func (r *request) someIntent(more ...string) (sdk.Doc, error) {
	if id := r.text("id"); id != "" {
		d, ok := paymentIntents.Get(r.Call, id)
		if !ok {
			return d, notFound("payment_intent", id, "intent")
		}
		return d, nil
	}
	return r.pay("pm_card_visa", more...)
}

// chargeToUse is the charge that id names, by itself or by its intent, or one of
// a new payment. It becomes the parameter charge.
func (r *request) chargeToUse(card string) (sdk.Doc, error) {
	id := r.text("id")
	if id == "" {
		amount := r.text("amount")
		d, err := r.pay(card)
		if err != nil {
			return d, err
		}
		id = d.Get("latest_charge").String()
		if amount == "" {
			r.params.Delete("amount")
		}
	} else if p, ok := paymentIntents.Get(r.Call, id); ok {
		id = p.Get("latest_charge").String()
	}
	charge, ok := charges.Get(r.Call, id)
	if !ok {
		return charge, notFound("charge", id, "id")
	}
	r.params.SetString("charge", id)
	return charge, nil
}

// setUp makes a setup intent and confirms it, if there is a card.
func (r *request) setUp(card string) (sdk.Doc, error) {
	if card != "" {
		r.defaults("confirm=true", "payment_method="+card)
	}
	r.params.SetArray("payment_method_types").AddString("card")
	return r.createSetup()
}

// named is the object that id names, or the newest behind make.
func (r *request) named(k *sdk.Collection, make func(r *request) error) (sdk.Doc, error) {
	id := r.text("id")
	if id == "" {
		if err := make(r); err != nil {
			return sdk.Doc{}, err
		}
		page, err := k.Find(r.Call, sdk.ListQuery{Limit: 1})
		if err != nil {
			return sdk.Doc{}, err
		}
		docs, _ := page.Docs(r.Call)
		return docs[0], nil
	}
	d, ok := k.Get(r.Call, id)
	if !ok {
		return d, notFound(strings.ReplaceAll(k.Type, "_", " "), id, "id")
	}
	return d, nil
}

func (r *request) someCustomer() (string, error) {
	id := r.text("customer")
	if id == "" {
		if err := createCustomer(r); err != nil {
			return "", err
		}
		page, err := customers.Find(r.Call, sdk.ListQuery{Limit: 1})
		if err != nil {
			return "", err
		}
		docs, _ := page.Docs(r.Call)
		return docs[0].Get("id").String(), nil
	}
	if _, ok := customers.Get(r.Call, id); !ok {
		return "", missing("customer", id, "customer")
	}
	return id, nil
}

func simulateCustomerUpdated(r *request) error {
	d, err := r.named(customers, func(r *request) error { return createCustomer(r) })
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	if err := r.setCustomer(d); err != nil {
		return err
	}
	if changes(r.Call, before, d).Len() == 0 {
		d.Get("metadata").SetSortedString("foo", "bar") // something has to change
	}
	customers.Update(r.Call, d)
	emit(r.Call, "customer.updated", d, changes(r.Call, before, d))
	return nil
}
