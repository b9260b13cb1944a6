package main

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// What comes in front of several simulated events.
const (
	paidInvoice = " charge.succeeded payment_intent.succeeded invoice_payment.paid invoice.paid invoice.payment_succeeded"
	invoiced    = "customer.created invoice.created invoice.finalized payment_method.attached payment_intent.created"
	subscribed  = "customer.created payment_method.attached product.created price.created plan.created invoice.created customer.updated customer.subscription.created invoice.finalized payment_intent.created" + paidInvoice + " customer.subscription.updated"
)

// TestSimulate: each name causes its own event, with what leads to it.
func TestSimulate(t *testing.T) {
	cascade := map[string]string{
		"customer.created":                         "customer.created",
		"customer.updated":                         "customer.created customer.updated",
		"customer.deleted":                         "customer.created customer.deleted",
		"payment_method.attached":                  "customer.created payment_method.attached",
		"payment_intent.created":                   "payment_intent.created",
		"payment_intent.succeeded":                 "payment_intent.created charge.succeeded payment_intent.succeeded",
		"charge.succeeded":                         "payment_intent.created charge.succeeded payment_intent.succeeded",
		"payment_intent.payment_failed":            "payment_intent.created charge.failed payment_intent.payment_failed",
		"charge.failed":                            "payment_intent.created charge.failed payment_intent.payment_failed",
		"payment_intent.requires_action":           "payment_intent.created payment_intent.requires_action",
		"payment_intent.amount_capturable_updated": "payment_intent.created charge.succeeded payment_intent.amount_capturable_updated",
		"payment_intent.canceled":                  "payment_intent.created payment_intent.canceled",
		"charge.captured":                          "payment_intent.created charge.succeeded payment_intent.amount_capturable_updated charge.captured payment_intent.succeeded",
		"charge.refunded":                          "payment_intent.created charge.succeeded payment_intent.succeeded charge.refunded",
		"charge.refund.updated":                    "payment_intent.created charge.succeeded payment_intent.succeeded charge.refunded charge.refund.updated",
		"charge.dispute.created":                   "payment_intent.created charge.succeeded payment_intent.succeeded charge.dispute.created charge.dispute.funds_withdrawn charge.updated",
		"charge.dispute.closed":                    "payment_intent.created charge.succeeded payment_intent.succeeded charge.dispute.created charge.dispute.funds_withdrawn charge.updated charge.dispute.closed",
		"setup_intent.created":                     "setup_intent.created",
		"setup_intent.succeeded":                   "setup_intent.created setup_intent.succeeded",
		"setup_intent.setup_failed":                "setup_intent.created setup_intent.setup_failed",
		"setup_intent.requires_action":             "setup_intent.created setup_intent.requires_action",
		"customer.subscription.created":            subscribed,
		"customer.subscription.updated":            subscribed + " customer.subscription.updated",
		"customer.subscription.deleted":            subscribed + " customer.subscription.deleted",
		"customer.subscription.trial_will_end":     subscribed + " customer.subscription.trial_will_end",
		"invoice.paid":                             invoiced + paidInvoice,
		"invoice.payment_succeeded":                invoiced + paidInvoice,
		"invoice.payment_failed":                   invoiced + " charge.failed payment_intent.payment_failed invoice.payment_failed",
		"checkout.session.completed":               "product.created price.created customer.created payment_method.attached payment_intent.created charge.succeeded payment_intent.succeeded checkout.session.completed",
	}
	for _, name := range stripe.Manifest.Simulates {
		if name == "payment_method.detached" || name == "checkout.session.expired" {
			continue // they need an object
		}
		t.Run(name, func(t *testing.T) {
			m := start(t)
			if err := m.Simulate(name); err != nil {
				t.Fatal(err)
			}
			wantEvents(t, m, strings.Fields(cascade[name])...)
			if e := lastEvent(t, m, name); e.Get("request.id") != "null" {
				t.Errorf("a simulated event names the request %s", e.Get("request.id"))
			}
		})
	}
}

func TestSimulateWithArguments(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := start(t, sdktest.Forward(sink.URL))
	id := m.Form("POST", "/v1/payment_intents", "amount=700", "currency=eur", "payment_method_types[]=card").Want(200).Get("id")
	if err := m.Simulate("payment_intent.payment_failed", "id="+id); err != nil {
		t.Fatal(err)
	}
	if got := m.Form("GET", "/v1/payment_intents/"+id); got.Get("status") != "requires_payment_method" || got.Get("last_payment_error.code") != "card_declined" {
		t.Errorf("failed: %s", got.Body)
	}
	if err := m.Simulate("payment_intent.succeeded", "id="+id); err != nil {
		t.Fatal(err)
	}
	if err := m.Simulate("charge.refunded", "id="+id, "amount=300"); err != nil {
		t.Fatal(err)
	}
	got := m.Form("GET", "/v1/payment_intents/"+id, "expand[]=latest_charge")
	if got.Get("status") != "succeeded" || got.Get("latest_charge.amount_refunded") != "300" || got.Get("last_payment_error") != "null" {
		t.Errorf("afterwards %s", got.Body)
	}
	waiting := pay(m, "payment_method=pm_card_authenticationRequired").Want(200).Get("id")
	if err := m.Simulate("payment_intent.succeeded", "id="+waiting); err != nil {
		t.Fatal(err)
	}
	if s := m.Form("GET", "/v1/payment_intents/"+waiting).Get("status"); s != "succeeded" {
		t.Errorf("status %s", s)
	}
	m.Settle()
	if n := len(sink.Take()); n < 8 {
		t.Errorf("%d deliveries", n)
	}
	for _, c := range [][]string{{"payment_intent.succeeded", "id=pi_none"}, {"payment_intent.succeeded", "colour=red"}, {"order.paid"}, {"payment_method.detached"}} {
		if err := m.Simulate(c[0], c[1:]...); err == nil {
			t.Errorf("%q was simulated", c)
		}
	}
}

func TestSeeds(t *testing.T) {
	m := start(t, sdktest.Fixture("failed-payments"))
	list := m.Form("GET", "/v1/payment_intents", "limit=100").Want(200)
	if n := list.JSON().Len("data"); n != 7 {
		t.Errorf("%d intents", n)
	}
	if got := list.Get("data.0.last_payment_error.code"); got != "processing_error" {
		t.Errorf("newest failed for %q", got)
	}
	m = start(t, sdktest.State(`{"customers":[{"id":"cus_seeded00000000","email":"a@example.com"}],"payment_methods":[{"id":"pm_seeded","customer":"cus_seeded00000000","card":{"last4":"0002"}}]}`))
	if got := m.Form("GET", "/v1/customers/cus_seeded00000000").Want(200); got.Get("tax_exempt") != "none" || got.Get("email") != "a@example.com" {
		t.Errorf("customer %s", got.Body)
	}
	// A seeded card behaves as its number does.
	pm := m.Form("GET", "/v1/payment_methods/pm_seeded").Want(200)
	if pm.Get("card.brand") != "visa" || pm.Get("card.country") != "US" {
		t.Errorf("payment method %s", pm.Body)
	}
	pay(m, "customer=cus_seeded00000000", "payment_method=pm_seeded").Want(402)
	for _, state := range []string{`{"customers":[{"id":"wrong"}]}`, `{"refunds":[{"charge":"ch_none"}]}`, `{"nothing":[]}`} {
		if err := m.Seed(state); err == nil {
			t.Errorf("%s was seeded", state)
		}
	}
}
