package main

import (
	"errors"

	"github.com/mirrahq/mirra/sdk"
)

// billingSimulations cause what events of billing report [S cli-triggers].
func billingSimulations() {
	simulate("customer.subscription.created", func(r *request) error {
		_, err := r.someSubscription("pm_card_visa")
		return err
	})
	simulate("customer.subscription.updated", func(r *request) error {
		d, err := r.someSubscription("pm_card_visa")
		if err != nil {
			return err
		}
		before := d.Clone(r.Arena)
		d.Get("metadata").SetSortedString("foo", "bar") // [S cli-triggers/customer.subscription.updated.json]
		r.setMetadata(d)
		subscriptions().Update(r.Call, d)
		emit(r.Call, "customer.subscription.updated", d, changes(r.Call, before, d))
		return nil
	})
	simulate("customer.subscription.deleted", func(r *request) error {
		d, err := r.someSubscription("pm_card_visa")
		if err != nil {
			return err
		}
		r.endSubscription(d, "cancellation_requested")
		return nil
	})
	simulate("customer.subscription.trial_will_end", func(r *request) error {
		d, err := r.someSubscription("pm_card_visa")
		if err != nil {
			return err
		}
		emit(r.Call, "customer.subscription.trial_will_end", d, sdk.Doc{})
		return nil
	})
	invoice := func(name, card string) {
		simulate(name, func(r *request) error {
			d, err := r.someInvoice()
			if err != nil {
				return err
			}
			method, err := r.method(r.or("payment_method", card), "payment_method", 404)
			if err != nil {
				return err
			}
			if err := r.attachIfFree(method, d.Get("customer").String()); err != nil {
				return err
			}
			return declinedIsFine(r.payInvoice(d, method, true))
		})
	}
	invoice("invoice.paid", "pm_card_visa")
	invoice("invoice.payment_succeeded", "pm_card_visa")
	invoice("invoice.payment_failed", "pm_card_chargeCustomerFail")
	simulate("checkout.session.completed", simulateCheckout)
	simulate("checkout.session.expired", func(r *request) error {
		d, ok := sessions().Get(r.Call, r.text("id"))
		if !ok {
			return errors.New("checkout.session.expired needs id, an open session")
		}
		r.expireSession(d)
		return nil
	})
}

// attachIfFree gives a payment method of nobody to a customer.
func (r *request) attachIfFree(method sdk.Doc, customer string) error {
	if method.Get("customer").String() != "" {
		return nil
	}
	return r.attach(method, customer)
}

// paying makes a customer that pays with a card.
func (r *request) paying(card string) (string, error) {
	customer, err := r.someCustomer()
	if err != nil {
		return "", err
	}
	method, err := r.method(r.or("payment_method", card), "payment_method", 404)
	if err != nil {
		return customer, err
	}
	if err := r.attachIfFree(method, customer); err != nil {
		return customer, err
	}
	d, _ := customers.Get(r.Call, customer)
	d.Get("invoice_settings").SetString("default_payment_method", method.Get("id").String())
	customers.Update(r.Call, d)
	return customer, nil
}

// with runs on other parameters, "name=value".
func (r *request) with(run func() error, params ...string) error {
	given := r.params
	defer func() { r.params = given }()
	r.params = r.NewObject()
	r.defaults(params...)
	return run()
}

// somePrice makes a price of $15.00, a month if it recurs [S cli-triggers].
func (r *request) somePrice(recurring bool) (id string, err error) {
	err = r.with(func() error {
		r.params.SetObject("product_data").SetString("name", "myproduct")
		if recurring {
			r.params.SetObject("recurring").SetString("interval", "month")
		}
		d := specOf["price"].new(r, r.params)
		if err := completePrice(r, d); err != nil {
			return err
		}
		id = d.Get("id").String()
		return r.keepPrice(d)
	}, "currency=usd", "unit_amount=1500")
	return id, err
}

// someSubscription is the one that id names, or a new one.
func (r *request) someSubscription(card string) (sdk.Doc, error) {
	if id := r.text("id"); id != "" {
		d, ok := subscriptions().Get(r.Call, id)
		if !ok {
			return d, notFound("subscription", id, "id")
		}
		return d, nil
	}
	customer, err := r.paying(card)
	if err != nil {
		return sdk.Doc{}, err
	}
	price, err := r.somePrice(true)
	if err != nil {
		return sdk.Doc{}, err
	}
	var d sdk.Doc
	err = r.with(func() (err error) {
		r.params.SetArray("items").AddObject().SetString("price", price)
		d, err = r.createSubscription()
		return err
	}, "customer="+customer)
	return d, err
}

// someInvoice is the open invoice that id names, or a new one of $20.00.
func (r *request) someInvoice() (sdk.Doc, error) {
	if id := r.text("id"); id != "" {
		d, ok := invoices().Get(r.Call, id)
		switch {
		case !ok:
			return d, notFound("invoice", id, "id")
		case d.Get("status").String() == "draft":
			return d, r.finalize(d)
		case d.Get("status").String() != "open":
			return d, errors.New("invoice " + id + " is " + d.Get("status").String() + ", not open")
		}
		return d, nil
	}
	id, err := r.someCustomer()
	if err != nil {
		return sdk.Doc{}, err
	}
	customer, _ := customers.Get(r.Call, id)
	d := r.newInvoice(customer, "usd", "manual")
	err = r.with(func() error {
		price, err := r.oneTimePrice(r.params, customer, "")
		if err != nil {
			return err
		}
		item := r.newInvoiceItem(id, price, price.Get("unit_amount").Int64(), 1)
		r.lineOfItem(d, item)
		return invoiceItems().Insert(r.Call, item)
	}, "amount="+r.or("amount", "2000"), "currency=usd")
	if err != nil {
		return d, err
	}
	r.total(d)
	if err := invoices().Insert(r.Call, d); err != nil {
		return d, err
	}
	emit(r.Call, "invoice.created", d, sdk.Doc{})
	return d, r.finalize(d)
}

// simulateCheckout is the customer's paying on the page of a session: of the one
// that id names, else of a new one.
func simulateCheckout(r *request) error {
	id := r.text("id")
	if id == "" {
		price, err := r.somePrice(false)
		if err != nil {
			return err
		}
		if err := r.with(func() error {
			line := r.params.SetArray("line_items").AddObject()
			line.SetString("price", price)
			line.SetString("quantity", "1")
			return createSession(r)
		}, "mode=payment", "success_url=https://example.com"); err != nil {
			return err
		}
		page, err := sessions().Find(r.Call, sdk.ListQuery{Limit: 1})
		if err != nil {
			return err
		}
		docs, _ := page.Docs(r.Call)
		id = docs[0].Get("id").String()
	}
	d, ok := sessions().Get(r.Call, id)
	if !ok || d.Get("status").String() != "open" {
		return errors.New("there is no open session " + id)
	}
	return r.completeSession(d)
}

// completeSession does what a session is for, with a card.
func (r *request) completeSession(d sdk.Doc) error {
	if c := d.Get("customer").String(); c != "" {
		r.params.SetString("customer", c)
	} else if email := d.Get("customer_email").String(); email != "" {
		r.defaults("email=" + email)
	}
	customer, err := r.paying("pm_card_visa")
	if err != nil {
		return err
	}
	owner, _ := customers.Get(r.Call, customer)
	method := owner.Get("invoice_settings", "default_payment_method").String()
	kept, _ := r.Arena.Parse(markOf(r.Call, d.Get("id").String(), markParameters))
	switch d.Get("mode").String() {
	case "payment":
		err = r.with(func() error {
			if data := kept.Get("payment_intent_data"); data.Kind() == sdk.Object {
				for m := range data.All {
					r.params.SetDoc(m.Key(), m)
				}
			}
			r.params.SetArray("payment_method_types").AddString("card")
			p, err := r.createIntent()
			d.SetStringOrNull("payment_intent", p.Get("id").String())
			return err
		}, "amount="+d.Get("amount_total").String(), "currency="+d.Get("currency").String(), "customer="+customer, "payment_method="+method, "confirm=true")
		d.SetString("payment_status", "paid")
	case "subscription":
		err = r.with(func() error {
			items := r.params.SetArray("items")
			for line := range r.sessionLines(d).All {
				to := items.AddObject()
				to.SetDoc("price", line.Get("price", "id"))
				to.SetDoc("quantity", line.Get("quantity"))
			}
			if data := kept.Get("subscription_data"); data.Kind() == sdk.Object {
				for m := range data.All {
					r.params.SetDoc(m.Key(), m)
				}
			}
			sub, err := r.createSubscription()
			d.SetStringOrNull("subscription", sub.Get("id").String())
			d.SetStringOrNull("invoice", sub.Get("latest_invoice").String())
			return err
		}, "customer="+customer, "default_payment_method="+method)
		d.SetString("payment_status", "paid")
	default:
		err = r.with(func() error {
			setup, ok := setupIntents.Get(r.Call, d.Get("setup_intent").String())
			if !ok {
				return errors.New("the session's setup intent is gone")
			}
			setup.SetString("payment_method", method)
			return r.confirmSetup(setup)
		}, "use_stripe_sdk=true")
	}
	if err != nil {
		return err
	}
	d.SetString("customer", customer)
	d.SetString("status", "complete")
	d.SetNull("url")
	sessions().Update(r.Call, d)
	r.ClearTimer("session", d.Get("id").String())
	emit(r.Call, "checkout.session.completed", d, sdk.Doc{})
	return nil
}
