package main

import (
	"strings"
	"testing"
	"time"
)

// TestTransfer [R POST /v1/transfers, 2022-11-15 to 2025-10-29.clover; GET
// /v1/charges/py_… at 2023-10-16], values ours.
func TestTransfer(t *testing.T) {
	m := start(t)
	id := seller(t, m)
	tr := m.Form("POST", "/v1/transfers", "amount=700", "currency=usd", "destination="+id, "transfer_group=12345", "description=Clocks", "expand[]=balance_transaction").Want(200)
	match(t, tr.Body, `{"id":"*","object":"transfer","amount":700,"amount_reversed":0,"balance_transaction":{"id":"*","object":"balance_transaction","amount":-700,"available_on":1719835260,"created":1719835260,"currency":"usd","description":"Clocks","exchange_rate":null,"fee":0,"fee_details":[],"net":-700,"reporting_category":"transfer","source":"`+tr.Get("id")+`","status":"available","type":"transfer"},"created":1719835260,"currency":"usd","description":"Clocks","destination":"`+id+`","destination_payment":"*","livemode":false,"metadata":{},"reversals":{"object":"list","data":[],"has_more":false,"total_count":0,"url":"/v1/transfers/`+tr.Get("id")+`/reversals"},"reversed":false,"source_transaction":null,"source_type":"card","transfer_group":"12345"}`)
	payment := m.Form("GET", "/v1/charges/"+tr.Get("destination_payment"), "expand[]=balance_transaction", "Stripe-Account: "+id).Want(200)
	want(t, payment, map[string]string{
		"amount": "700", "source_transfer": tr.Get("id"), "payment_method_details": `{"stripe_account":{},"type":"stripe_account"}`, "source.object": "account",
		"balance_transaction.type": "payment", "balance_transaction.amount": "700", "balance_transaction.status": "available",
	})
	m.Form("GET", "/v1/charges/"+tr.Get("destination_payment")).Want(404) // it is the other account's
	if got := m.Form("GET", "/v1/balance", "Stripe-Account: "+id).Get("available.0.amount"); got != "700" {
		t.Errorf("balance %s", got)
	}
	back := m.Form("POST", "/v1/transfers/"+tr.Get("id")+"/reversals", "amount=200").Want(200)
	match(t, back.Body, `{"id":"*","object":"transfer_reversal","amount":200,"balance_transaction":"*","created":1719835260,"currency":"usd","destination_payment_refund":"*","metadata":{},"source_refund":null,"transfer":"`+tr.Get("id")+`"}`)
	refund := m.Form("GET", "/v1/refunds/"+back.Get("destination_payment_refund"), "expand[]=balance_transaction", "Stripe-Account: "+id).Want(200)
	want(t, refund, map[string]string{"amount": "200", "transfer_reversal": back.Get("id"), "balance_transaction.type": "payment_refund", "balance_transaction.description": "REFUND FOR PAYMENT"})
	want(t, m.Form("GET", "/v1/transfers/"+tr.Get("id")), map[string]string{"amount_reversed": "200", "reversed": "false", "reversals.data.0.id": back.Get("id")})
	apiCall{t, m.Form("POST", "/v1/transfers/"+tr.Get("id")+"/reversals", "amount=600")}.fails(apiError{400, "", "", "", "amount", "Transfer reversal amount ($6.00) is greater than unreversed amount on transfer ($5.00)"})
	apiCall{t, m.Form("POST", "/v1/transfers", "amount=1", "currency=usd", "destination=acct_invalid")}.fails(apiError{400, "", "resource_missing", "", "destination", "No such destination: 'acct_invalid'"}) // [R]
	list := m.Form("GET", "/v1/transfers", "transfer_group=12345", "destination="+id).Want(200)
	if list.Get("data.0.id") != tr.Get("id") || list.Get("data.1.id") != "" {
		t.Errorf("list %s", list.Body)
	}
	types := strings.Join(eventTypes(m, t), " ")
	for _, typ := range []string{"transfer.created", "payment.created", "transfer.reversed"} {
		if !strings.Contains(types, typ) {
			t.Errorf("no %s among %s", typ, types)
		}
	}
}

func TestDestinationCharge(t *testing.T) {
	m := start(t)
	id := seller(t, m)
	pi := pay(m, "amount=1000", "payment_method=pm_card_visa", "capture_method=automatic", "transfer_data[destination]="+id, "application_fee_amount=100").Want(200)
	want(t, pi, map[string]string{"transfer_group": "group_" + pi.Get("id"), "transfer_data": `{"destination":"` + id + `"}`, "application": "null"})
	charge := m.Form("GET", "/v1/charges/"+pi.Get("latest_charge"), "expand[]=transfer", "expand[]=application_fee").Want(200)
	want(t, charge, map[string]string{
		"destination": id, "transfer_data": `{"amount":null,"destination":"` + id + `"}`, "transfer.amount": "1000", "transfer.source_transaction": charge.Get("id"),
		"application_fee.amount": "100", "application_fee.account": id, "application_fee.originating_transaction": charge.Get("id"),
	})
	payment := m.Form("GET", "/v1/charges/"+charge.Get("transfer.destination_payment"), "expand[]=balance_transaction", "expand[]=application_fee.refunds", "Stripe-Account: "+id).Want(200)
	want(t, payment, map[string]string{
		"application_fee_amount": "100", "application_fee.id": charge.Get("application_fee.id"), "balance_transaction.net": "900", "balance_transaction.status": "pending",
		"balance_transaction.fee_details.0.type": "application_fee",
	})
	re := m.Form("POST", "/v1/refunds", "charge="+charge.Get("id"), "amount=500", "reverse_transfer=true", "refund_application_fee=true", "expand[]=transfer_reversal").Want(200)
	want(t, re, map[string]string{"transfer_reversal.amount": "500", "transfer_reversal.source_refund": re.Get("id")})
	want(t, m.Form("GET", "/v1/application_fees/"+charge.Get("application_fee.id")), map[string]string{"amount_refunded": "50", "refunded": "false", "refunds.total_count": "1"})
	// Part of a charge, and the platform without a transfer.
	part := pay(m, "amount=1000", "payment_method=pm_card_visa", "capture_method=automatic", "transfer_data[destination]="+id, "transfer_data[amount]=877").Want(200)
	if got := m.Form("GET", "/v1/charges/"+part.Get("latest_charge"), "expand[]=transfer").Get("transfer.amount"); got != "877" {
		t.Errorf("transferred %s", got)
	}
	plain := pay(m, "payment_method=pm_card_visa").Want(200)
	if r := m.Form("POST", "/v1/refunds", "payment_intent="+plain.Get("id"), "reverse_transfer=true"); r.Status != 400 {
		t.Errorf("reverse_transfer without a transfer: %s", r.Body)
	}
	// Separate charges and transfers.
	m.Settle()
	separate := m.Form("POST", "/v1/transfers", "currency=usd", "amount=500", "destination="+id, "source_transaction="+plain.Get("latest_charge")).Want(200)
	if got := separate.Get("transfer_group"); got != "group_"+plain.Get("id") {
		t.Errorf("transfer_group %s", got)
	}
	m.Form("POST", "/v1/transfers", "currency=usd", "amount=1600", "destination="+id, "source_transaction="+plain.Get("latest_charge")).Want(400)
}

func TestDirectCharge(t *testing.T) {
	m := start(t)
	id := seller(t, m)
	customer := newCustomer(t, m, "payment_method=pm_card_visa")
	method := m.Form("GET", "/v1/payment_methods", "customer="+customer, "type=card").Get("data.0.id")
	shared := m.Form("POST", "/v1/payment_methods", "customer="+customer, "payment_method="+method, "Stripe-Account: "+id).Want(200)
	want(t, shared, map[string]string{"customer": "null", "type": "card"})
	pi := pay(m, "amount=3000", "payment_method="+shared.Get("id"), "capture_method=automatic", "application_fee_amount=300", "expand[]=latest_charge.balance_transaction", "Stripe-Account: "+id).Want(200)
	want(t, pi, map[string]string{"latest_charge.application_fee_amount": "300", "latest_charge.balance_transaction.fee": "417", "latest_charge.balance_transaction.net": "2583"})
	if app := pi.Get("application"); !strings.HasPrefix(app, "ca_") || pi.Get("latest_charge.application") != app {
		t.Errorf("application %s and %s", app, pi.Get("latest_charge.application"))
	}
	fee := m.Form("GET", "/v1/application_fees/"+pi.Get("latest_charge.application_fee"), "expand[]=balance_transaction").Want(200)
	want(t, fee, map[string]string{"account": id, "charge": pi.Get("latest_charge.id"), "balance_transaction.type": "application_fee", "balance_transaction.reporting_category": "platform_earning", "originating_transaction": "null"})
	back := m.Form("POST", "/v1/application_fees/"+fee.Get("id")+"/refunds", "amount=100").Want(200)
	want(t, back, map[string]string{"object": "fee_refund", "fee": fee.Get("id"), "amount": "100"})
	want(t, m.Form("POST", "/v1/application_fees/"+fee.Get("id")+"/refunds/"+back.Get("id"), "metadata[order]=2").Want(200), map[string]string{"id": back.Get("id"), "metadata.order": "2"})
	want(t, m.Form("GET", "/v1/application_fees/"+fee.Get("id")), map[string]string{"refunds.data.0.metadata.order": "2", "amount_refunded": "100"})
	apiError{404, "", "resource_missing", "", "id", "No such fee refund: 'fr_none'"}.check(t, m.Form("POST", "/v1/application_fees/"+fee.Get("id")+"/refunds/fr_none"))
	m.Form("GET", "/v1/payment_intents/"+pi.Get("id")).Want(404)
}

func TestPayout(t *testing.T) {
	m := start(t)
	id := seller(t, m)
	// [R]
	apiCall{t, m.Form("POST", "/v1/payouts", "amount=500", "currency=usd", "Stripe-Account: "+id)}.fails(apiError{400, "", "balance_insufficient", "", "", "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low.  You can use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance)."})
	m.Form("POST", "/v1/transfers", "amount=2000", "currency=usd", "destination="+id).Want(200)
	po := m.Form("POST", "/v1/payouts", "amount=500", "currency=usd", "description=June", "Stripe-Account: "+id).Want(200)
	match(t, po.Body, `{"id":"*","object":"payout","amount":500,"application_fee":null,"application_fee_amount":null,"arrival_date":1719792000,"automatic":false,"balance_transaction":"*","created":1719835260,"currency":"usd","description":"June","destination":"*","failure_balance_transaction":null,"failure_code":null,"failure_message":null,"livemode":false,"metadata":{},"method":"standard","original_payout":null,"reconciliation_status":"not_applicable","reversed_by":null,"source_type":"card","statement_descriptor":null,"status":"pending","type":"bank_account"}`)
	canceled := m.Form("POST", "/v1/payouts", "amount=300", "currency=usd", "Stripe-Account: "+id).Want(200)
	want(t, m.Form("POST", "/v1/payouts/"+canceled.Get("id")+"/cancel", "Stripe-Account: "+id), map[string]string{"status": "canceled"})
	m.Form("POST", "/v1/payouts/"+canceled.Get("id")+"/cancel", "Stripe-Account: "+id).Want(400)
	m.Advance(time.Minute)
	want(t, m.Form("GET", "/v1/payouts/"+po.Get("id"), "Stripe-Account: "+id), map[string]string{"status": "paid"})
	if got := m.Form("GET", "/v1/balance", "Stripe-Account: "+id).Get("available.0.amount"); got != "1500" {
		t.Errorf("balance %s", got)
	}
	back := m.Form("POST", "/v1/payouts/"+po.Get("id")+"/reverse", "Stripe-Account: "+id).Want(200)
	want(t, back, map[string]string{"amount": "-500", "original_payout": po.Get("id")})
	// A test bank account that fails.
	m.Form("POST", "/v1/accounts/"+id+"/external_accounts", "external_account[object]=bank_account", "external_account[country]=US", "external_account[routing_number]=110000000", "external_account[account_number]=000111111116", "default_for_currency=true").Want(200)
	failing := m.Form("POST", "/v1/payouts", "amount=500", "currency=usd", "Stripe-Account: "+id).Want(200)
	m.Advance(time.Minute)
	want(t, m.Form("GET", "/v1/payouts/"+failing.Get("id"), "expand[]=failure_balance_transaction", "Stripe-Account: "+id), map[string]string{"status": "failed", "failure_code": "no_account", "failure_balance_transaction.amount": "500"})
	list := m.Form("GET", "/v1/payouts", "status=failed", "Stripe-Account: "+id).Want(200)
	if list.Get("data.0.id") != failing.Get("id") || list.Get("data.1.id") != "" {
		t.Errorf("list %s", list.Body)
	}
	types := strings.Join(eventTypes(m, t), " ")
	for _, typ := range []string{"payout.created", "payout.paid", "payout.canceled", "payout.failed"} {
		if !strings.Contains(types, typ) {
			t.Errorf("no %s", typ)
		}
	}
}

func TestTopup(t *testing.T) {
	m := start(t)
	up := m.Form("POST", "/v1/topups", "amount=2000", "currency=usd", "description=July").Want(200)
	want(t, up, map[string]string{"status": "pending", "balance_transaction": "null"})
	canceled := m.Form("POST", "/v1/topups", "amount=100", "currency=usd").Want(200)
	m.Form("POST", "/v1/topups/"+canceled.Get("id")+"/cancel").Want(200)
	m.Advance(72 * time.Hour)
	want(t, m.Form("GET", "/v1/topups/"+up.Get("id"), "expand[]=balance_transaction"), map[string]string{"status": "succeeded", "balance_transaction.amount": "2000", "balance_transaction.type": "topup"})
	if got := m.Form("GET", "/v1/balance").Get("available.0.amount"); got != "2000" {
		t.Errorf("balance %s", got)
	}
}
