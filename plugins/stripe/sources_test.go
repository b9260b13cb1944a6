package main

import (
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestCardSource [R 2019-08-14, POST /v1/sources, /v1/customers and /v1/charges, values ours].
func TestCardSource(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2024, 5, 6, 12, 0, 0, 0, time.UTC)))
	r := m.Form("POST", "/v1/sources", "type=card", "token=tok_visa", "owner[email]=a@example.com", "usage=reusable").Want(200)
	match(t, r.Body, `{"id":"*","object":"source","amount":null,"card":{"address_line1_check":null,"address_zip_check":null,"brand":"Visa","country":"US","cvc_check":"unchecked","dynamic_last4":null,"exp_month":5,"exp_year":2025,"fingerprint":"*","funding":"credit","last4":"4242","name":null,"three_d_secure":"optional","tokenization_method":null},"client_secret":"*","created":1714996800,"currency":null,"flow":"none","livemode":false,"metadata":{},"owner":{"address":null,"email":"a@example.com","name":null,"phone":null,"verified_address":null,"verified_email":null,"verified_name":null,"verified_phone":null},"statement_descriptor":null,"status":"chargeable","type":"card","usage":"reusable"}`)
	id := r.Get("id")
	customer := m.Form("POST", "/v1/customers", "source="+id).Want(200)
	if got := customer.Get("default_source"); got != id {
		t.Errorf("default source %s", got)
	}
	if got := m.Form("GET", "/v1/sources/"+id).Want(200).Get("customer"); got != customer.Get("id") {
		t.Errorf("the source's customer is %s", got)
	}
	charge := m.Form("POST", "/v1/charges", "amount=1000", "currency=usd", "customer="+customer.Get("id"), "source="+id).Want(200)
	for path, want := range map[string]string{"payment_method": id, "source.id": id, "source.object": "source", "billing_details.email": "a@example.com", "payment_method_details.card.last4": "4242", "status": "succeeded"} {
		if got := charge.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	list := m.Form("GET", "/v1/customers/"+customer.Get("id")+"/sources").Want(200)
	if got := list.Get("data.0.id"); got != id || list.JSON().Len("data") != 1 {
		t.Errorf("sources %s", list.Body)
	}
	gone := m.Form("DELETE", "/v1/customers/"+customer.Get("id")+"/sources/"+id).Want(200)
	if gone.Get("status") != "consumed" || gone.JSON().Exists("customer") {
		t.Errorf("detached: %s", gone.Body)
	}
	apiError{404, "", "resource_missing", "", "id", "No such source: 'src_x'"}.check(t, m.Form("GET", "/v1/sources/src_x"))
	apiError{400, "", "resource_missing", "", "source", "No such source: 'src_x'"}.check(t, m.Form("POST", "/v1/customers", "source=src_x"))
	// One that can be charged once is used up by that.
	once := m.Form("POST", "/v1/sources", "type=card", "token=tok_visa", "usage=single_use", "amount=500").Want(200).Get("id")
	m.Form("POST", "/v1/charges", "amount=500", "currency=usd", "source="+once).Want(200)
	m.Form("POST", "/v1/charges", "amount=500", "currency=usd", "source="+once).Want(400)
	// A card that is declined is so when it is attached.
	bad := m.Form("POST", "/v1/sources", "type=card", "token=tok_chargeDeclined").Want(200).Get("id")
	m.Form("POST", "/v1/customers", "source="+bad).Want(402)
	m.Form("POST", "/v1/sources", "type=ideal", "amount=500", "currency=eur").Want(501)
}

// TestDebitSource [R 2019-08-14, 2019-12 to 2022-12, values ours]: a SEPA debit is
// pending for some seconds.
func TestDebitSource(t *testing.T) {
	m := start(t)
	token := m.Form("POST", "/v1/tokens", "bank_account[country]=FR", "bank_account[currency]=eur", "bank_account[account_number]=FR1420041010050500013M02606", "bank_account[account_holder_name]=Jane Doe").Want(200).Get("id")
	s := m.Form("POST", "/v1/sources", "type=sepa_debit", "token="+token).Want(200)
	id := s.Get("id")
	for path, want := range map[string]string{
		"currency": "eur", "owner.name": "Jane Doe", "owner.address.country": "FR", "sepa_debit.bank_code": "20041", "sepa_debit.branch_code": "01005",
		"sepa_debit.last4": "2606", "sepa_debit.mandate_reference": s.Get("mandate.reference"), "mandate.acceptance.status": "pending",
	} {
		if got := s.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	customer := m.Form("POST", "/v1/customers", "source="+id).Want(200).Get("id")
	charge := m.Form("POST", "/v1/charges", "amount=5200", "currency=eur", "customer="+customer, "source="+id).Want(200)
	for path, want := range map[string]string{"status": "pending", "paid": "false", "captured": "true", "balance_transaction": "null", "receipt_url": "null", "outcome.risk_level": "not_assessed", "payment_method_details.type": "sepa_debit", "payment_method_details.sepa_debit.mandate": "null"} {
		if got := charge.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	m.Advance(debitDelay)
	paid := m.Form("GET", "/v1/charges/"+charge.Get("id"), "expand[]=balance_transaction").Want(200)
	for path, want := range map[string]string{"status": "succeeded", "paid": "true", "balance_transaction.type": "payment", "balance_transaction.fee": "35", "balance_transaction.net": "5165"} {
		if got := paid.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	// Test numbers that fail are not mirrored, and do not pass for good ones.
	m.Form("POST", "/v1/sources", "type=sepa_debit", "currency=eur", "sepa_debit[iban]=DE62370400440532013001").Want(501)
}
