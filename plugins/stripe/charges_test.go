package main

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestTokens [R POST /v1/tokens at 2023-10-16; networks S fixtures.2024-06-20].
func TestTokens(t *testing.T) {
	m := start(t)
	r := m.Form("POST", "/v1/tokens", "card[number]=4000 0566 5566 5556", "card[exp_month]=12", "card[exp_year]=2030", "card[cvc]=123", "card[currency]=usd").Want(200)
	match(t, r.Body, `{"id":"*","object":"token","card":{"id":"*","object":"card","address_city":null,"address_country":null,"address_line1":null,"address_line1_check":null,"address_line2":null,"address_state":null,"address_zip":null,"address_zip_check":null,"brand":"Visa","country":"US","currency":"usd","cvc_check":"unchecked","dynamic_last4":null,"exp_month":12,"exp_year":2030,"fingerprint":"*","funding":"debit","last4":"5556","metadata":{},"name":null,"networks":{"preferred":null},"tokenization_method":null,"wallet":null},"client_ip":"127.0.0.1","created":1719835200,"livemode":false,"type":"card","used":false}`)
	if got := m.Form("GET", "/v1/tokens/"+r.Get("id")).Want(200).Body; got != r.Body {
		t.Errorf("retrieved %s", got)
	}
	bank := m.Form("POST", "/v1/tokens", "bank_account[country]=US", "bank_account[currency]=usd", "bank_account[account_holder_name]=Jenny Rosen", "bank_account[account_holder_type]=individual", "bank_account[routing_number]=110000000", "bank_account[account_number]=000123456789").Want(200)
	match(t, bank.JSON().At("bank_account").String(), `{"account_holder_name":"Jenny Rosen","account_holder_type":"individual","account_type":null,"bank_name":"STRIPE TEST BANK","country":"US","currency":"usd","fingerprint":"*","id":"*","last4":"6789","object":"bank_account","routing_number":"110000000","status":"new"}`)
	apiError{400, "", "account_number_invalid", "", "bank_account[account_number]", "You must use a test bank account number in test mode. Try 000123456789 or see more options at https://stripe.com/docs/connect/testing#account-numbers."}.
		check(t, m.Form("POST", "/v1/tokens", "bank_account[country]=US", "bank_account[account_number]=1234567")) // [R]
	m.Form("POST", "/v1/tokens").Want(400)
	m.Form("GET", "/v1/tokens/tok_visa").Want(200)
	m.Form("GET", "/v1/tokens/tok_none").Want(404)
}

func TestCharges(t *testing.T) {
	m := start(t)
	r := m.Form("POST", "/v1/charges", "amount=5000", "currency=CAD", "source=tok_visa", "description=Test").Want(200)
	for path, want := range map[string]string{
		"status": "succeeded", "captured": "true", "amount_captured": "5000", "currency": "cad", "payment_intent": "null",
		"source.object": "card", "source.last4": "4242", "source.cvc_check": "pass", "payment_method": r.Get("source.id"), "paid": "true",
	} {
		if got := r.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	wantEvents(t, m, "charge.succeeded")
	held := m.Form("POST", "/v1/charges", "amount=5000", "currency=usd", "source=tok_mastercard", "capture=false").Want(200)
	if held.Get("captured") != "false" || held.Get("balance_transaction") != "null" {
		t.Errorf("held %s", held.Body)
	}
	m.Form("POST", "/v1/charges/"+held.Get("id")+"/capture").Want(200)
	apiError{400, "", "charge_already_captured", "", "", "Charge " + held.Get("id") + " has already been captured."}.check(t, m.Form("POST", "/v1/charges/"+held.Get("id")+"/capture"))

	no := m.Form("POST", "/v1/charges", "amount=5000", "currency=usd", "source=tok_chargeDeclined")
	apiError{402, "card_error", "card_declined", "generic_decline", "", "Your card was declined."}.check(t, no)
	if s := m.Form("GET", "/v1/charges/"+no.Get("error.charge")).Get("status"); s != "failed" {
		t.Errorf("declined charge is %s", s)
	}
	apiError{402, "card_error", "authentication_required", "authentication_required", "", "Your card was declined. This transaction requires authentication."}.check(t, m.Form("POST", "/v1/charges", "amount=5000", "currency=usd", "source=tok_authenticationRequired"))

	token := m.Form("GET", "/v1/tokens/tok_visa").Get("id")
	m.Form("POST", "/v1/charges", "amount=100", "currency=usd", "source="+token).Want(200)
	apiError{400, "", "token_already_used", "", "", "You cannot use a Stripe token more than once: " + token + "."}.check(t, m.Form("POST", "/v1/charges", "amount=100", "currency=usd", "source="+token))
	customer := newCustomer(t, m)
	apiError{404, "", "resource_missing", "", "card", "Customer " + customer + " does not have card with ID tok_visa"}.check(t, m.Form("POST", "/v1/charges", "amount=1000", "currency=usd", "customer="+customer, "source=tok_visa")) // [R]
	apiError{402, "card_error", "missing", "", "card", "Cannot charge a customer that has no active card"}.check(t, m.Form("POST", "/v1/charges", "amount=1000", "currency=usd", "customer="+customer))
	for _, id := range []string{"2763276372637263", "ch_none"} {
		apiError{404, "", "resource_missing", "", "id", "No such charge: '" + id + "'"}.check(t, m.Form("GET", "/v1/charges/"+id)) // [R]
	}
	up := m.Form("POST", "/v1/charges/"+r.Get("id"), "description=Late", "metadata[a]=b").Want(200)
	if up.Get("description") != "Late" {
		t.Errorf("updated %s", up.Body)
	}
	if e := lastEvent(t, m, "charge.updated"); e.Get("data.previous_attributes") != `{"description":"Test","metadata":{"a":null}}` {
		t.Errorf("previous_attributes %s", e.Get("data.previous_attributes"))
	}
}

// TestCustomerSources [R POST /v1/customers with card=tok_…, expand sources, at
// 2023-10-16].
func TestCustomerSources(t *testing.T) {
	m := start(t)
	r := m.Form("POST", "/v1/customers", "description=", "card=tok_visa_debit", "expand[]=sources").Want(200)
	match(t, r.Body, `{"id":"*","object":"customer","address":null,"balance":0,"created":1719835200,"currency":null,"default_source":"*","delinquent":false,"description":null,"discount":null,"email":null,"invoice_prefix":"*","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null},"livemode":false,"metadata":{},"name":null,"next_invoice_sequence":1,"phone":null,"preferred_locales":[],"shipping":null,"sources":{"object":"list","data":[{"id":"*","object":"card","address_city":null,"address_country":null,"address_line1":null,"address_line1_check":null,"address_line2":null,"address_state":null,"address_zip":null,"address_zip_check":null,"brand":"Visa","country":"US","customer":"*","cvc_check":"pass","dynamic_last4":null,"exp_month":7,"exp_year":2025,"fingerprint":"*","funding":"debit","last4":"5556","metadata":{},"name":null,"tokenization_method":null,"wallet":null}],"has_more":false,"total_count":1,"url":"*"},"tax_exempt":"none","test_clock":null}`)
	id, first := r.Get("id"), r.Get("default_source")
	charge := m.Form("POST", "/v1/charges", "amount=1000", "currency=usd", "customer="+id).Want(200)
	if charge.Get("source.id") != first || charge.Get("customer") != id {
		t.Errorf("charge %s", charge.Body)
	}
	second := m.Form("POST", "/v1/customers/"+id+"/sources", "source=tok_mastercard").Want(200).Get("id")
	apiError{402, "card_error", "card_declined", "generic_decline", "", "Your card was declined."}.check(t, m.Form("POST", "/v1/customers/"+id+"/sources", "source=tok_chargeDeclined"))
	if n := m.Form("GET", "/v1/customers/"+id+"/sources").JSON().Len("data"); n != 2 {
		t.Errorf("%d sources", n)
	}
	m.Form("POST", "/v1/customers/"+id+"/sources/"+second, "exp_year=2031", "name=Jenny").Want(200)
	// A payment intent may use a source, and takes the default one by itself.
	if got := pay(m, "customer="+id).Want(200).Get("payment_method"); got != first {
		t.Errorf("paid with %s, want %s", got, first)
	}
	match(t, m.Form("DELETE", "/v1/customers/"+id+"/sources/"+first).Want(200).Body, `{"id":"`+first+`","object":"card","deleted":true}`)
	if got := m.Form("GET", "/v1/customers/"+id).Get("default_source"); got != second {
		t.Errorf("default is %s, want %s", got, second)
	}
	lastEvent(t, m, "customer.source.deleted")
}

// TestDeletedCustomer [R DELETE /v1/customers].
func TestDeletedCustomer(t *testing.T) {
	m := start(t)
	id := newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+id).Want(200).Get("id")
	match(t, m.Form("DELETE", "/v1/customers/"+id).Want(200).Body, `{"id":"`+id+`","object":"customer","deleted":true}`)
	match(t, m.Form("GET", "/v1/customers/"+id).Want(200).Body, `{"id":"`+id+`","object":"customer","deleted":true}`)
	missing := apiError{404, "", "resource_missing", "", "id", "No such customer: '" + id + "'"}
	missing.check(t, m.Form("POST", "/v1/customers/"+id, "email=a@example.com"))
	missing.check(t, m.Form("DELETE", "/v1/customers/"+id))
	if got := m.Form("GET", "/v1/payment_methods/"+pm).Get("customer"); got != "null" {
		t.Errorf("its card belongs to %s", got)
	}
	if n := m.Form("GET", "/v1/customers").JSON().Len("data"); n != 0 {
		t.Errorf("%d customers are listed", n)
	}
}

func TestDefaultPaymentMethod(t *testing.T) {
	m := start(t)
	id := newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+id).Want(200).Get("id")
	apiError{400, "", "resource_missing", "", "invoice_settings[default_payment_method]", "The customer does not have a payment method with the ID pm_none. The payment method must be attached to the customer."}.
		check(t, m.Form("POST", "/v1/customers/"+id, "invoice_settings[default_payment_method]=pm_none"))
	if got := m.Form("POST", "/v1/customers/"+id, "invoice_settings[default_payment_method]="+pm).Want(200).Get("invoice_settings.default_payment_method"); got != pm {
		t.Errorf("default %s", got)
	}
	if e := lastEvent(t, m, "customer.updated"); e.Get("data.previous_attributes") != `{"invoice_settings":{"default_payment_method":null}}` {
		t.Errorf("previous_attributes %s", e.Get("data.previous_attributes"))
	}
	m.Form("POST", "/v1/payment_methods/"+pm+"/detach").Want(200)
	if got := m.Form("GET", "/v1/customers/"+id).Get("invoice_settings.default_payment_method"); got != "null" {
		t.Errorf("detached default is still %s", got)
	}
}

// TestOtherMethods [R POST /v1/payment_methods at 2024-12-18.acacia]: the members
// of types other than card, and where they stand.
func TestOtherMethods(t *testing.T) {
	m := start(t)
	for _, c := range []struct {
		typ, want string
		keys      string
		fields    []string
	}{
		{"sofort", `{"country":"DE"}`, "id object allow_redisplay billing_details created customer livemode metadata sofort type", []string{"sofort[country]=DE"}},
		{"afterpay_clearpay", `{}`, "id object afterpay_clearpay allow_redisplay billing_details created customer livemode metadata type", nil},
		{"bancontact", `{}`, "id object allow_redisplay bancontact billing_details created customer livemode metadata type", []string{"billing_details[name]=Test"}},
		{"ideal", `{"bank":"abn_amro","bic":"ABNANL2A"}`, "id object allow_redisplay billing_details created customer ideal livemode metadata type", []string{"ideal[bank]=abn_amro"}},
		{"eps", `{"bank":"bank_austria"}`, "id object allow_redisplay billing_details created customer eps livemode metadata type", []string{"eps[bank]=bank_austria"}},
		{"sepa_debit", `{"bank_code":"0040","branch_code":"","country":"DK","fingerprint":"*","generated_from":{"charge":null,"setup_attempt":null},"last4":"6243"}`, "id object allow_redisplay billing_details created customer livemode metadata sepa_debit type", []string{"sepa_debit[iban]=DK5000400440116243"}},
		{"wechat_pay", `{}`, "id object allow_redisplay billing_details created customer livemode metadata type wechat_pay", nil},
	} {
		r := m.Form("POST", "/v1/payment_methods", append([]string{"type=" + c.typ}, c.fields...)...).Want(200)
		match(t, r.JSON().At(c.typ).String(), c.want)
		if got := strings.Join(sdktest.Keys(t, r.Body), " "); got != c.keys {
			t.Errorf("%s: members %s, want %s", c.typ, got, c.keys)
		}
		// Paying with it is not mirrored, and says so.
		paid := m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=eur", "payment_method_types[]="+c.typ, "payment_method="+r.Get("id"), "confirm=true")
		if paid.Status != 501 {
			t.Errorf("%s: paying answers %d", c.typ, paid.Status)
		}
	}
	m.Form("POST", "/v1/payment_methods", "type=sofort").Want(400)
	m.Form("POST", "/v1/payment_methods", "type=klarna").Want(501)
}

// TestReceiptURL: the token names the account and has the recorded length.
func TestReceiptURL(t *testing.T) {
	m := start(t)
	pay(m, "payment_method=pm_card_visa").Want(200)
	charge := m.Form("GET", "/v1/charges", "limit=1").Want(200)
	token, ok := strings.CutPrefix(charge.Get("data.0.receipt_url"), "https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8x")
	if !ok || len(token) != 100 {
		t.Errorf("receipt_url %s", charge.Get("data.0.receipt_url"))
	}
}
