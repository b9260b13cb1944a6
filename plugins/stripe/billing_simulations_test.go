package main

import (
	"strings"
	"testing"
)

func TestBillingSimulations(t *testing.T) {
	for name, members := range map[string]map[string]string{
		"customer.subscription.created":        {"object": "subscription", "plan.amount": "1500"},
		"customer.subscription.updated":        {"metadata.foo": "bar"},
		"customer.subscription.deleted":        {"status": "canceled"},
		"customer.subscription.trial_will_end": {"object": "subscription"},
		"invoice.paid":                         {"status": "paid", "total": "2000"},
		"invoice.payment_succeeded":            {"status": "paid"},
		"invoice.payment_failed":               {"status": "open", "attempt_count": "1"},
		"checkout.session.completed":           {"status": "complete", "payment_status": "paid", "mode": "payment"},
	} {
		m := start(t)
		if err := m.Simulate(name); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e := lastEvent(t, m, name)
		for path, w := range members {
			if got := e.Get("data.object." + path); got != w {
				t.Errorf("%s: %s is %q, want %q", name, path, got, w)
			}
		}
	}
}

// TestCompleteSession: sessions that a client opened are completed in their mode.
func TestCompleteSession(t *testing.T) {
	m := start(t)
	create := func(fields ...string) string {
		return m.Form("POST", "/v1/checkout/sessions", append(fields, "success_url=https://example.com")...).Want(200).Get("id")
	}
	done := func(id string) map[string]string {
		t.Helper()
		if err := m.Simulate("checkout.session.completed", "id="+id); err != nil {
			t.Fatal(err)
		}
		r := m.Form("GET", "/v1/checkout/sessions/"+id, "expand[]=subscription", "expand[]=payment_intent", "expand[]=setup_intent").Want(200)
		return map[string]string{"status": r.Get("status"), "subscription": r.Get("subscription.status"), "payment": r.Get("payment_intent.status"), "order": r.Get("payment_intent.metadata.order"), "setup": r.Get("setup_intent.status")}
	}
	paid := done(create("mode=payment", "line_items[0][price]="+newPrice(t, m, "unit_amount=700"), "line_items[0][quantity]=2", "payment_intent_data[metadata][order]=7"))
	if paid["status"] != "complete" || paid["payment"] != "succeeded" || paid["order"] != "7" {
		t.Errorf("payment: %v", paid)
	}
	if sub := done(create("mode=subscription", "line_items[0][price]="+monthly(t, m), "line_items[0][quantity]=1", "customer="+newCustomer(t, m))); sub["subscription"] != "active" {
		t.Errorf("subscription: %v", sub)
	}
	if setup := done(create("mode=setup", "currency=usd", "customer="+newCustomer(t, m))); setup["setup"] != "succeeded" {
		t.Errorf("setup: %v", setup)
	}
	if err := m.Simulate("checkout.session.completed", "id=cs_none"); err == nil || !strings.Contains(err.Error(), "cs_none") {
		t.Errorf("a session that is not there: %v", err)
	}
}

// TestUpcoming: the next invoice is shown, and nothing of it is kept.
func TestUpcoming(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	m.Form("POST", "/v1/invoiceitems", "customer="+r.Get("customer"), "amount=300", "currency=usd", "description=Extra").Want(200)
	got := m.Form("GET", "/v1/invoices/upcoming", "subscription="+r.Get("id")).Want(200)
	want(t, got, map[string]string{"billing_reason": "upcoming", "total": "2800", "period_end": "1722513600", "next_payment_attempt": "1722517200", "lines.total_count": "2", "status": "draft"})
	if got.JSON().Exists("id") {
		t.Errorf("an id: %s", got.Get("id"))
	}
	if n := m.Form("GET", "/v1/invoiceitems", "pending=true").Want(200).JSON().Len("data"); n != 1 {
		t.Errorf("%d items are pending, want 1", n)
	}
	want(t, m.Form("GET", "/v1/invoices"), map[string]string{"data.#": "1"})
	nobody := newCustomer(t, m)
	apiError{404, "", "invoice_upcoming_none", "", "", "No upcoming invoices for customer: " + nobody}.check(t, m.Form("GET", "/v1/invoices/upcoming", "customer="+nobody))
	apiError{501, "api_error", "mirra_not_mirrored", "", "subscription_details", "Mirra previews invoices as things stand, not yet with subscription_details."}.check(t, m.Form("POST", "/v1/invoices/create_preview", "subscription="+r.Get("id"), "subscription_details[cancel_now]=true", "Stripe-Version: 2025-10-29.clover"))
}

func TestTaxesAndShipping(t *testing.T) {
	m := start(t)
	customer := payer(t, m, "pm_card_visa")
	id := m.Form("POST", "/v1/customers/"+customer+"/tax_ids", "type=eu_vat", "value=DE123456789").Want(200)
	match(t, id.Body, `{"id":"*","object":"tax_id","country":"DE","created":1719835200,"customer":"`+customer+`","livemode":false,"owner":{"customer":"`+customer+`","type":"customer"},"type":"eu_vat","value":"DE123456789","verification":{"status":"pending","verified_address":null,"verified_name":null}}`)
	want(t, m.Form("POST", "/v1/invoices", "customer="+customer).Want(200), map[string]string{"customer_tax_ids.0.value": "DE123456789"})
	rate := m.Form("POST", "/v1/tax_rates", "display_name=VAT", "percentage=19", "inclusive=true").Want(200)
	want(t, rate, map[string]string{"active": "true", "inclusive": "true", "percentage": "19"})
	want(t, m.Form("POST", "/v1/tax_rates/"+rate.Get("id"), "active=false").Want(200), map[string]string{"active": "false"})
	want(t, m.Form("POST", "/v1/shipping_rates", "display_name=Ground", "type=fixed_amount", "fixed_amount[amount]=500", "fixed_amount[currency]=usd").Want(200), map[string]string{"active": "true", "fixed_amount.amount": "500", "tax_behavior": "unspecified"})
	for _, typ := range []string{"customer.tax_id.created", "tax_rate.created", "tax_rate.updated"} {
		lastEvent(t, m, typ)
	}
}
