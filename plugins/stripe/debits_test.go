package main

import (
	"strconv"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestDebitIntent [R 2019-08-14, 2024-12 to 2026-02, values ours]: a bank account is
// set up with a mandate, and debited under it.
func TestDebitIntent(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2026, 2, 17, 12, 0, 0, 0, time.UTC)))
	customer := m.Form("POST", "/v1/customers").Want(200).Get("id")
	account := func() string {
		return m.Form("POST", "/v1/payment_methods", "type=sepa_debit", "billing_details[email]=a@example.com", "billing_details[name]=A", "sepa_debit[iban]=DE89370400440532013000").Want(200).Get("id")
	}
	pm := account()
	consent := []string{"mandate_data[customer_acceptance][type]=online", "mandate_data[customer_acceptance][accepted_at]=1771329600", "mandate_data[customer_acceptance][online][ip_address]=0.0.0.0", "mandate_data[customer_acceptance][online][user_agent]=x"}
	setUp := func(pm string, fields ...string) *sdktest.Response {
		fields = append(fields, consent...)
		return m.Form("POST", "/v1/setup_intents", append(fields, "confirm=true", "customer="+customer, "payment_method="+pm, "payment_method_types[]=sepa_debit")...)
	}
	setup := setUp(pm).Want(200)
	want(t, setup, map[string]string{"status": "succeeded", "single_use_mandate": "null", "usage": "off_session"})
	mandate := setup.Get("mandate")
	match(t, m.Form("GET", "/v1/mandates/"+mandate).Want(200).Body, `{"id":"`+mandate+`","object":"mandate","customer_acceptance":{"accepted_at":1771329600,"online":{"ip_address":"0.0.0.0","user_agent":"x"},"type":"online"},"livemode":false,"multi_use":{},"payment_method":"`+pm+`","payment_method_details":{"sepa_debit":{"reference":"*","url":"*"},"type":"sepa_debit"},"status":"active","type":"multi_use"}`)
	if got := m.Form("GET", "/v1/payment_methods/"+pm).Get("customer"); got != customer {
		t.Errorf("the payment method's customer is %s", got)
	}
	pay := func(pm string, fields ...string) *sdktest.Response {
		return m.Form("POST", "/v1/payment_intents", append(fields, "amount=1000", "currency=eur", "confirm=true", "customer="+customer, "payment_method="+pm, "payment_method_types[]=sepa_debit", "return_url=http://localhost/", "expand[]=latest_charge")...)
	}
	p := pay(pm, "mandate="+mandate).Want(200)
	want(t, p, map[string]string{
		"status": "processing", "amount_received": "0", "latest_charge.status": "pending", "latest_charge.paid": "false", "latest_charge.balance_transaction": "null",
		"latest_charge.payment_method_details.sepa_debit.mandate": mandate, "latest_charge.payment_method_details.sepa_debit.expected_debit_date": "",
	})
	m.Advance(longDebitDelay)
	p = m.Form("GET", "/v1/payment_intents/"+p.Get("id"), "expand[]=latest_charge.balance_transaction").Want(200)
	want(t, p, map[string]string{
		"status": "succeeded", "amount_received": "1000", "latest_charge.status": "succeeded", "latest_charge.balance_transaction.net": "965",
		"latest_charge.balance_transaction.available_on":                      strconv.FormatInt(time.Date(2026, 2, 24, 0, 0, 0, 0, time.UTC).Unix(), 10),
		"latest_charge.payment_method_details.sepa_debit.expected_debit_date": "2026-02-17",
	})
	if lastEvent(t, m, "payment_intent.processing").Get("data.object.id") != p.Get("id") || lastEvent(t, m, "payment_intent.succeeded").Get("data.object.status") != "succeeded" {
		t.Errorf("events %q", eventTypes(m, t))
	}
	// An earlier mandate is found; one for a single payment is used up.
	pay(pm).Want(200)
	other := account()
	once := setUp(other, "single_use[amount]=1000", "single_use[currency]=EUR", "usage=on_session").Want(200)
	want(t, once, map[string]string{"mandate": "null", "usage": "on_session"})
	want(t, m.Form("GET", "/v1/mandates/"+once.Get("single_use_mandate")), map[string]string{"type": "single_use", "single_use.amount": "1000", "single_use.currency": "eur", "status": "active"})
	pay(other, "mandate="+once.Get("single_use_mandate")).Want(200)
	want(t, m.Form("GET", "/v1/mandates/"+once.Get("single_use_mandate")), map[string]string{"status": "inactive"})
	for name, r := range map[string]*sdktest.Response{
		"used up":        pay(other, "mandate="+once.Get("single_use_mandate")),
		"another's":      pay(other, "mandate="+mandate),
		"none any more":  pay(other),
		"unknown":        pay(other, "mandate=mandate_x"),
		"no consent":     m.Form("POST", "/v1/setup_intents", "confirm=true", "customer="+customer, "payment_method="+other, "payment_method_types[]=sepa_debit"),
		"not yet":        m.Form("POST", "/v1/setup_intents", append(consent, "customer="+customer)...),
		"another type":   m.Form("POST", "/v1/setup_intents", append(consent, "confirm=true", "customer="+customer, "payment_method="+other, "payment_method_types[]=card")...),
		"other currency": m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "confirm=true", "customer="+customer, "payment_method="+pm, "payment_method_types[]=sepa_debit", "return_url=http://localhost/"),
		"manual capture": pay(pm, "capture_method=manual"),
	} {
		if r.Status != 400 {
			t.Errorf("%s: status %d: %s", name, r.Status, r.Body)
		}
	}
	// Account numbers that fail, and mandates of cards, are not mirrored.
	bad := m.Form("POST", "/v1/payment_methods", "type=sepa_debit", "billing_details[email]=a@example.com", "billing_details[name]=A", "sepa_debit[iban]=DE62370400440532013001").Want(200).Get("id")
	setUp(bad).Want(501)
	m.Form("POST", "/v1/setup_intents", append(consent, "confirm=true", "customer="+customer, "payment_method=pm_card_visa", "payment_method_types[]=card", "single_use[amount]=1", "single_use[currency]=usd")...).Want(501)
}

// TestCanceledMandate [R 2023-10-16, values ours]: the mandate of a card of India was
// canceled. No charge is left, and no link to the documentation.
func TestCanceledMandate(t *testing.T) {
	m := start(t)
	customer := m.Form("POST", "/v1/customers").Want(200).Get("id")
	card := func(number string) string {
		pm := m.Form("POST", "/v1/payment_methods", "type=card", "card[number]="+number, "card[exp_month]=12", "card[exp_year]=2032", "card[cvc]=123").Want(200).Get("id")
		return m.Form("POST", "/v1/payment_methods/"+pm+"/attach", "customer="+customer).Want(200).Get("id")
	}
	pay := func(pm string) *sdktest.Response {
		return m.Form("POST", "/v1/payment_intents", "amount=500", "currency=usd", "confirm=true", "off_session=true", "customer="+customer, "payment_method="+pm, "payment_method_types[]=card", "mandate=mandate_x")
	}
	r := pay(card("4000003560000263")).Want(402)
	want(t, r, map[string]string{
		"error.code": "india_recurring_payment_mandate_canceled", "error.message": "The provided mandate has been canceled by the card holder.", "error.type": "card_error", "error.doc_url": "", "error.charge": "",
		"error.payment_intent.status": "requires_payment_method", "error.payment_intent.latest_charge": "null", "error.payment_method.card.last4": "0263",
		"error.payment_intent.last_payment_error.code": "india_recurring_payment_mandate_canceled",
	})
	if got := m.Form("GET", "/v1/charges").JSON().Len("data"); got != 0 {
		t.Errorf("%d charges", got)
	}
	pay(card("4000003560000123")).Want(501)
}

// TestTransferGroupLimit [R 2024-02]: a transfer group of more than a hundred charges
// cannot be listed.
func TestTransferGroupLimit(t *testing.T) {
	m := start(t)
	for i := range groupLimit + 1 {
		if i == groupLimit {
			m.Form("GET", "/v1/charges", "transfer_group=5").Want(200)
		}
		m.Form("POST", "/v1/payment_intents", "amount=500", "currency=usd", "confirm=true", "payment_method=pm_card_visa", "payment_method_types[]=card", "transfer_group=5").Want(200)
	}
	apiError{400, "", "", "", "transfer_group", "Too many charges with transfer group: `5`"}.check(t, m.Form("GET", "/v1/charges", "transfer_group=5"))
	m.Form("GET", "/v1/charges", "transfer_group=6").Want(200)
}
