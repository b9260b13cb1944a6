package main

import (
	"testing"
	"time"
)

// TestRefundBody [R POST /v1/refunds at 2024-06-20, values ours].
func TestRefundBody(t *testing.T) {
	m := start(t)
	charge := pay(m, "amount=3000", "payment_method=pm_card_visa", "capture_method=automatic").Want(200).Get("latest_charge")
	r := m.Form("POST", "/v1/refunds", "charge="+charge, "amount=1000").Want(200)
	match(t, r.Body, `{"id":"*","object":"refund","amount":1000,"balance_transaction":"*","charge":"`+charge+`","created":1719835200,"currency":"usd","destination_details":{"card":{"reference_status":"pending","reference_type":"acquirer_reference_number","type":"refund"},"type":"card"},"metadata":{},"payment_intent":"*","reason":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null}`)
	txn := m.Form("GET", "/v1/balance_transactions/"+r.Get("balance_transaction")).Want(200)
	match(t, txn.Body, `{"id":"*","object":"balance_transaction","amount":-1000,"available_on":1719964800,"created":1719835200,"currency":"usd","description":"REFUND FOR CHARGE","exchange_rate":null,"fee":0,"fee_details":[],"net":-1000,"reporting_category":"refund","source":"*","status":"pending","type":"refund"}`)
	got := m.Form("GET", "/v1/charges/"+charge, "expand[]=refunds").Want(200)
	for path, want := range map[string]string{"amount_refunded": "1000", "refunded": "false", "refunds.total_count": "1", "refunds.data.0.id": r.Get("id"), "refunds.url": "/v1/charges/" + charge + "/refunds"} {
		if v := got.Get(path); v != want {
			t.Errorf("%s is %s, want %s", path, v, want)
		}
	}
	e := lastEvent(t, m, "charge.refunded")
	if got := e.Get("data.previous_attributes"); got != `{"amount_refunded":0}` {
		t.Errorf("previous_attributes %s", got)
	}
}

func TestRefundLimits(t *testing.T) {
	m := start(t)
	newCharge := func() string {
		return pay(m, "amount=1000", "payment_method=pm_card_visa").Want(200).Get("latest_charge")
	}
	charge := newCharge()
	refund := func(fields ...string) apiCall { return apiCall{t, m.Form("POST", "/v1/refunds", fields...)} }
	refund("charge="+charge, "amount=1100").fails(apiError{400, "", "", "", "amount", "Refund amount ($11.00) is greater than charge amount ($10.00)"}) // [R]
	refund("charge="+charge, "amount=-1").fails(apiError{400, "", "parameter_invalid_integer", "", "amount", "This value must be greater than or equal to 1."})
	refund("charge="+charge, "amount=500").r.Want(200)
	refund("charge="+charge, "amount=600").fails(apiError{400, "", "", "", "amount", "Refund amount ($6.00) is greater than unrefunded amount on charge ($5.00)"}) // [R]
	refund("charge=" + charge).r.Want(200)
	refund("charge=" + charge).fails(apiError{400, "", "charge_already_refunded", "", "", "Charge " + charge + " has already been refunded."}) // [R]
	refund("charge=ch_none").fails(apiError{400, "", "resource_missing", "", "charge", "No such charge: 'ch_none'"})
	refund("payment_intent=pi_none").fails(apiError{400, "", "resource_missing", "", "payment_intent", "No such payment_intent: 'pi_none'"})
	refund().fails(apiError{400, "", "parameter_missing", "", "", "One of the following params should be provided for this request: payment_intent or charge."})
	open := m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd").Get("id")
	refund("payment_intent=" + open).fails(apiError{400, "", "", "", "payment_intent", "This PaymentIntent (" + open + ") does not have a successful charge to refund."})
	// [R] a fraudulent refund reports the charge.
	other := newCharge()
	refund("charge="+other, "reason=fraudulent").r.Want(200)
	if got := m.Form("GET", "/v1/charges/"+other).Get("fraud_details.user_report"); got != "fraudulent" {
		t.Errorf("fraud_details.user_report %q", got)
	}
}

func TestRefundCards(t *testing.T) {
	m := start(t)
	pending := m.Form("POST", "/v1/refunds", "payment_intent="+pay(m, "payment_method=pm_card_pendingRefund").Want(200).Get("id")).Want(200)
	failing := m.Form("POST", "/v1/refunds", "payment_intent="+pay(m, "payment_method=pm_card_refundFail").Want(200).Get("id")).Want(200)
	if pending.Get("status") != "pending" || failing.Get("status") != "succeeded" {
		t.Errorf("at first %s and %s", pending.Get("status"), failing.Get("status"))
	}
	m.Advance(time.Minute)
	if got := m.Form("GET", "/v1/refunds/"+pending.Get("id")).Get("status"); got != "succeeded" {
		t.Errorf("the slow refund is %s", got)
	}
	got := m.Form("GET", "/v1/refunds/"+failing.Get("id"), "expand[]=failure_balance_transaction").Want(200)
	if got.Get("status") != "failed" || got.Get("failure_balance_transaction.amount") != "2000" {
		t.Errorf("the failing refund: %s", got.Body)
	}
	if charge := m.Form("GET", "/v1/charges/"+got.Get("charge")); charge.Get("refunded") != "false" || charge.Get("amount_refunded") != "0" {
		t.Errorf("its charge: %s", charge.Body)
	}
	lastEvent(t, m, "charge.refund.updated")
	m.Form("POST", "/v1/refunds/"+pending.Get("id"), "metadata[order_id]=6735").Want(200)
	if e := lastEvent(t, m, "charge.refund.updated"); e.Get("data.previous_attributes") != `{"metadata":{"order_id":null}}` {
		t.Errorf("previous_attributes %s", e.Get("data.previous_attributes"))
	}
	m.Form("POST", "/v1/refunds/"+pending.Get("id")+"/cancel").Want(400)
}

// TestBalance: funds are pending for two business days; [R] Monday to
// Wednesday, Thursday to Monday, Friday to Tuesday, weekends to Tuesday.
func TestBalance(t *testing.T) {
	for day, want := range map[string]string{
		"2024-07-01": "2024-07-03", "2024-07-02": "2024-07-05", "2024-07-03": "2024-07-08", "2024-07-04": "2024-07-08",
		"2024-07-05": "2024-07-09", "2024-07-06": "2024-07-09", "2024-07-07": "2024-07-09",
		// Over Christmas, New Year [R], Thanksgiving, and a Monday for a Sunday.
		"2023-12-24": "2023-12-27", "2023-12-29": "2024-01-03", "2024-11-27": "2024-12-02", "2022-12-23": "2022-12-28", "2024-09-01": "2024-09-04",
	} {
		now, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := availableOn(now.Add(15*time.Hour), 2).Format(time.DateOnly); got != want {
			t.Errorf("%s is available on %s, want %s", day, got, want)
		}
	}
	m := start(t)
	match(t, m.Form("GET", "/v1/balance").Want(200).Body, `{"object":"balance","available":[{"amount":0,"currency":"usd","source_types":{"card":0}}],"livemode":false,"pending":[{"amount":0,"currency":"usd","source_types":{"card":0}}]}`)
	pay(m, "amount=1000", "payment_method=pm_card_visa", "capture_method=automatic").Want(200)
	pay(m, "amount=1000", "payment_method=pm_card_bypassPending", "capture_method=automatic").Want(200)
	b := m.Form("GET", "/v1/balance").Want(200)
	if b.Get("pending.0.amount") != "941" || b.Get("available.0.amount") != "941" { // [R] 10.00 costs 0.59
		t.Errorf("balance %s", b.Body)
	}
	m.Advance(48 * time.Hour)
	b = m.Form("GET", "/v1/balance").Want(200)
	if b.Get("pending.0.amount") != "0" || b.Get("available.0.amount") != "1882" {
		t.Errorf("two days later %s", b.Body)
	}
	lastEvent(t, m, "balance.available")
	list := m.Form("GET", "/v1/balance_transactions", "type=charge").Want(200)
	if list.JSON().Len("data") != 2 || list.Get("data.1.status") != "available" {
		t.Errorf("list %s", list.Body)
	}
}

// TestDispute [R GET /v1/disputes at 2023-10-16, values ours].
func TestDispute(t *testing.T) {
	m := start(t)
	charge := pay(m, "amount=1000", "payment_method=pm_card_createDispute", "capture_method=automatic").Want(200).Get("latest_charge")
	c := m.Form("GET", "/v1/charges/"+charge).Want(200)
	if c.Get("disputed") != "true" {
		t.Fatalf("charge %s", c.Body)
	}
	d := m.Form("GET", "/v1/disputes/"+c.Get("dispute")).Want(200)
	for path, want := range map[string]string{
		"object": "dispute", "amount": "1000", "charge": charge, "currency": "usd", "reason": "fraudulent", "status": "needs_response", "is_charge_refundable": "false",
		"balance_transactions.0.amount": "-1000", "balance_transactions.0.fee": "1500", "balance_transactions.0.net": "-2500", "balance_transactions.0.type": "adjustment",
		"balance_transactions.0.reporting_category": "dispute", "balance_transactions.0.description": "Chargeback withdrawal for " + charge,
		"evidence_details.due_by": "1720655999", "evidence_details.has_evidence": "false", "payment_method_details.card.network_reason_code": "83",
	} {
		if got := d.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	apiError{400, "", "charge_disputed", "", "", "Charge " + charge + " has been charged back; cannot issue a refund."}.check(t, m.Form("POST", "/v1/refunds", "charge="+charge)) // [R]
	r := m.Form("POST", "/v1/disputes/"+d.Get("id"), "evidence[uncategorized_text]=winning_evidence").Want(200)
	if r.Get("status") != "under_review" || r.Get("evidence_details.submission_count") != "1" {
		t.Errorf("evidence: %s", r.Body)
	}
	m.Advance(time.Minute)
	if got := m.Form("GET", "/v1/disputes/"+d.Get("id")).Get("status"); got != "won" {
		t.Errorf("status %s", got)
	}
	lastEvent(t, m, "charge.dispute.funds_reinstated")
	lastEvent(t, m, "charge.dispute.closed")
	inquiry := pay(m, "payment_method=pm_card_createDisputeInquiry", "expand[]=latest_charge").Want(200)
	d = m.Form("GET", "/v1/disputes/"+m.Form("GET", "/v1/charges/"+inquiry.Get("latest_charge.id")).Get("dispute")).Want(200)
	if d.Get("status") != "warning_needs_response" || d.JSON().Len("balance_transactions") != 0 {
		t.Errorf("inquiry %s", d.Body)
	}
}
