package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// schedule sets when a subscription goes on: at the end of its period, or of its
// trial, which is announced three days before
// [D docs.stripe.com/billing/subscriptions/trials, 2026-11].
func (r *request) schedule(d sdk.Doc) {
	id := d.Get("id").String()
	end := d.Get("current_period_end").Int64()
	if at, ok := d.Get("cancel_at").Int(); ok {
		end = min(end, at)
	}
	r.SetTimer("renew", id, time.Unix(end, 0), timerPayload(r.Call, id, ""))
	if trial, ok := d.Get("trial_end").Int(); ok && d.Get("status").String() == "trialing" {
		at := max(trial-3*24*3600, r.Unix())
		r.SetTimer("trial", id, time.Unix(at, 0), timerPayload(r.Call, id, ""))
	}
}

func subscriptionTimers() {
	stripe.OnTimer("renew", renewTimer)
	stripe.OnTimer("trial", trialTimer)
	stripe.OnTimer("incomplete", incompleteTimer)
	stripe.OnTimer("finalize", finalizeTimer)
	stripe.OnTimer("retry", retryTimer)
	stripe.OnTimer("session", sessionTimer)
}

// renewTimer is the end of a period: the subscription ends, or the next period
// begins with a draft of its invoice, which is finalized and paid an hour later
// [D docs.stripe.com/billing/invoices/subscription, 2026-11].
func renewTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := subscriptions().Get(c, id)
	if !ok {
		return nil
	}
	switch d.Get("status").String() {
	case "active", "trialing", "past_due":
	default:
		return nil
	}
	if at, planned := d.Get("cancel_at").Int(); planned && at <= c.Unix() {
		r.endSubscription(d, "cancellation_requested")
		return nil
	}
	before := d.Clone(r.Arena)
	if d.Get("status").String() == "trialing" {
		d.SetString("status", "active")
	}
	r.setPeriod(d, c.Unix())
	customer, _ := customers.Get(c, d.Get("customer").String())
	inv := r.newInvoice(customer, d.Get("currency").String(), "subscription_cycle")
	r.ofSubscription(inv, d)
	inv.SetInt("period_start", before.Get("current_period_start").Int64())
	inv.SetInt("period_end", before.Get("current_period_end").Int64())
	items, err := r.pendingItems(d.Get("customer").String(), d.Get("currency").String(), d)
	if err != nil {
		return err
	}
	for _, item := range items {
		r.lineOfItem(inv, item)
		invoiceItems().Update(c, item)
	}
	for item := range d.Get("items", "data").All {
		if item.Get("current_period_start").Int64() != c.Unix() {
			continue // its interval goes on
		}
		if err := r.addItemLine(inv, d, item, false); err != nil {
			return err
		}
	}
	r.applyDiscounts(inv, r.activeDiscounts(d, customer))
	r.total(inv)
	d.SetString("latest_invoice", inv.Get("id").String())
	r.draftFor(inv, time.Hour)
	if err := invoices().Insert(c, inv); err != nil {
		return err
	}
	subscriptions().Update(c, d)
	emit(c, "invoice.created", inv, sdk.Doc{})
	emit(c, "customer.subscription.updated", d, changes(c, before, d))
	r.schedule(d)
	return nil
}

func trialTimer(c *sdk.Call, payload string) error {
	_, id, _ := timed(c, payload)
	if d, ok := subscriptions().Get(c, id); ok && d.Get("status").String() == "trialing" {
		emit(c, "customer.subscription.trial_will_end", d, sdk.Doc{})
	}
	return nil
}

// incompleteTimer gives up a subscription whose first invoice was not paid.
func incompleteTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := subscriptions().Get(c, id)
	if !ok || d.Get("status").String() != "incomplete" {
		return nil
	}
	before := d.Clone(r.Arena)
	d.SetString("status", "incomplete_expired")
	d.SetInt("ended_at", c.Unix())
	subscriptions().Update(c, d)
	c.ClearTimer("renew", id)
	if inv, ok := invoices().Get(c, d.Get("latest_invoice").String()); ok && inv.Get("status").String() == "open" {
		if err := voidInvoice(r, inv); err != nil {
			return err
		}
	}
	emit(c, "customer.subscription.updated", d, changes(c, before, d))
	return nil
}

// finalizeTimer finalizes a draft that advances by itself, and pays or sends it.
// A subscription whose collection is paused does with it what it was told.
func finalizeTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := invoices().Get(c, id)
	if !ok || d.Get("status").String() != "draft" || !d.Get("auto_advance").Bool() {
		return nil
	}
	sub, _ := subscriptions().Get(c, d.Get("subscription").String())
	pause := sub.Get("pause_collection", "behavior").String()
	if pause == "keep_as_draft" {
		return nil
	}
	if err := r.finalize(d); err != nil {
		return err
	}
	switch {
	case d.Get("status").String() != "open":
		return nil
	case pause == "void":
		return voidInvoice(r, d)
	case pause == "mark_uncollectible":
		return markUncollectible(r, d)
	case d.Get("collection_method").String() == "send_invoice":
		emit(c, "invoice.sent", d, sdk.Doc{})
		return nil
	}
	return r.collect(d)
}

func retryTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := invoices().Get(c, id)
	if !ok || d.Get("status").String() != "open" {
		return nil
	}
	return r.collect(d)
}

// collect attempts to pay an invoice while its customer is away. Refusals are
// dealt with by intentFailed.
func (r *request) collect(d sdk.Doc) error {
	r.params.SetString("off_session", "true")
	method, err := r.invoiceMethod(d)
	if err == nil {
		err = r.payInvoice(d, method, true)
	} else if _, ok := err.(*failure); ok {
		p, err := r.invoiceIntent(d, sdk.Doc{})
		if err != nil {
			return err
		}
		r.intentFailed(p) // there is nothing to charge
		return nil
	}
	if _, ok := err.(*failure); ok {
		return nil
	}
	return err
}
