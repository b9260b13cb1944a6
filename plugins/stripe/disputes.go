package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var disputes = stripe.Collect(&sdk.Collection{
	Type: "dispute", Entity: "disputes", Prefix: "dp_", Random: 24,
	Index:   []string{"charge", "payment_intent"},
	Aliases: []string{"dispute"},
	Fields:  []string{"id", "status", "amount", "reason", "charge"},
})

// disputeTemplate [R, GET /v1/disputes at 2023-10-16].
var disputeTemplate = sdk.MustTemplate(`{"id":"","object":"dispute","amount":0,"balance_transaction":null,"balance_transactions":[],"charge":"","created":0,"currency":"","enhanced_eligibility_types":[],"evidence":{"access_activity_log":null,"billing_address":null,"cancellation_policy":null,"cancellation_policy_disclosure":null,"cancellation_rebuttal":null,"customer_communication":null,"customer_email_address":null,"customer_name":null,"customer_purchase_ip":null,"customer_signature":null,"duplicate_charge_documentation":null,"duplicate_charge_explanation":null,"duplicate_charge_id":null,"enhanced_evidence":{},"product_description":null,"receipt":null,"refund_policy":null,"refund_policy_disclosure":null,"refund_refusal_explanation":null,"service_date":null,"service_documentation":null,"shipping_address":null,"shipping_carrier":null,"shipping_date":null,"shipping_documentation":null,"shipping_tracking_number":null,"uncategorized_file":null,"uncategorized_text":null},"evidence_details":{"due_by":0,"enhanced_eligibility":{},"has_evidence":false,"past_due":false,"submission_count":0},"is_charge_refundable":false,"livemode":false,"metadata":{},"payment_intent":null,"payment_method_details":{"card":{"brand":"","case_type":"chargeback","network_reason_code":"83"},"type":"card"},"reason":"","status":"needs_response"}`)

func disputeHandlers() {
	handle("GetDisputes", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		for _, name := range [...]string{"charge", "payment_intent"} {
			if v := r.text(name); v != "" {
				q.Index, q.Key = name, v
			}
		}
		return r.list(disputes, q, "dispute", "/v1/disputes")
	})
	handle("GetDisputesDispute", sdk.Exact, func(r *request) error {
		d, err := r.pathDispute()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostDisputesDispute", sdk.Modelled, updateDispute)
	handle("PostDisputesDisputeClose", sdk.Modelled, func(r *request) error {
		d, err := r.pathDispute()
		if err != nil {
			return err
		}
		r.closeDispute(d, "lost")
		return r.answer(d)
	})
}

func (r *request) pathDispute() (sdk.Doc, error) {
	id := r.Value("dispute")
	d, ok := disputes.Get(r.Call, id)
	if !ok {
		return d, notFound("dispute", id, "id")
	}
	return d, nil
}

// disputeFee is what a dispute costs [R 15.00; D stripe.com/pricing].
const disputeFee = 1500

// disputeIfAsked opens the dispute that the test cards of disputes get for each
// captured charge.
func (r *request) disputeIfAsked(charge sdk.Doc, card *testCard) error {
	if card.dispute == "" || !charge.Get("captured").Bool() {
		return nil
	}
	_, err := r.dispute(charge, card.dispute, card.inquiry)
	return err
}

// dispute opens one for the whole of a charge. The money leaves the balance,
// except for an inquiry.
func (r *request) dispute(charge sdk.Doc, reason string, inquiry bool) (sdk.Doc, error) {
	before := charge.Clone(r.Arena)
	d := disputeTemplate.New(r.Arena)
	chargeID, amount, currency := charge.Get("id").String(), charge.Get("amount").Int64(), charge.Get("currency").String()
	id := longID(r.Call, "dp_1")
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetString("charge", chargeID)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	// [R] the last second of the ninth day.
	due := r.Now().Truncate(24*time.Hour).AddDate(0, 0, 10).Unix() - 1
	d.Get("evidence_details").SetInt("due_by", due)
	d.SetStringOrNull("payment_intent", charge.Get("payment_intent").String())
	card := d.Get("payment_method_details", "card")
	card.SetString("brand", charge.Get("payment_method_details", "card", "brand").String())
	d.SetString("reason", reason)
	if inquiry {
		// [S fixtures.2024-06-20]
		card.InsertJSON("brand", "case_type", `"inquiry"`)
		card.SetString("network_reason_code", "10.4")
		d.SetBool("is_charge_refundable", true)
		d.SetString("status", "warning_needs_response")
		d.Delete("balance_transaction")
	} else {
		txn := r.move(movement{
			id: longID(r.Call, "txn_1"), source: id, currency: currency, amount: -amount, fee: disputeFee, feeText: "Dispute fee",
			category: "dispute", typ: "adjustment", describe: "Chargeback withdrawal for " + chargeID,
		}) // [R]
		d.SetString("balance_transaction", txn.Get("id").String())
		d.Get("balance_transactions").AddDoc(txn)
	}
	if err := disputes.Insert(r.Call, d); err != nil {
		return d, err
	}
	charge.SetString("dispute", id)
	charge.SetBool("disputed", true)
	charges.Update(r.Call, charge)
	emit(r.Call, "charge.dispute.created", d, sdk.Doc{})
	if !inquiry {
		emit(r.Call, "charge.dispute.funds_withdrawn", d, sdk.Doc{})
	}
	emit(r.Call, "charge.updated", charge, changes(r.Call, before, charge))
	return d, nil
}

// disputeRefundable tells whether a disputed charge can still be refunded.
func (r *request) disputeRefundable(charge sdk.Doc) bool {
	d, ok := disputes.Get(r.Call, charge.Get("dispute").String())
	return ok && d.Get("is_charge_refundable").Bool()
}

func updateDispute(r *request) error {
	d, err := r.pathDispute()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	evidence := d.Get("evidence")
	winning, losing := false, false
	for m := range r.params.Get("evidence").All {
		evidence.SetStringOrNull(m.Key(), m.String())
		d.Get("evidence_details").SetBool("has_evidence", true)
		winning = winning || m.String() == "winning_evidence"
		losing = losing || m.String() == "losing_evidence"
	}
	r.setMetadata(d)
	if r.given("evidence") && (!r.given("submit") || r.is("submit")) {
		details := d.Get("evidence_details")
		details.SetInt("submission_count", details.Get("submission_count").Int64()+1)
		if d.Get("status").String() == "warning_needs_response" {
			d.SetString("status", "warning_under_review")
		} else {
			d.SetString("status", "under_review")
		}
	}
	disputes.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "charge.dispute.updated", d, previous)
	}
	// [D docs.stripe.com/testing#disputes, 2026-11] what the test evidence brings about.
	if winning || losing {
		status := "lost"
		if winning {
			status = "won"
		}
		// [R] the answer shows it under review; when it ends is not published.
		r.SetTimer("dispute", d.Get("id").String(), r.Now().Add(refundDelay), timerPayload(r.Call, d.Get("id").String(), status))
	}
	return r.answer(d)
}

// disputeTimer decides a dispute by its test evidence.
func disputeTimer(c *sdk.Call, payload string) error {
	r, id, status := timed(c, payload)
	if d, ok := disputes.Get(c, id); ok {
		r.closeDispute(d, status)
	}
	return nil
}

// closeDispute ends a dispute; one that is won brings the money back.
func (r *request) closeDispute(d sdk.Doc, status string) {
	before := d.Clone(r.Arena)
	d.SetString("status", status)
	if status == "won" && d.Get("balance_transactions").Len() > 0 {
		chargeID := d.Get("charge").String()
		txn := r.move(movement{
			id: longID(r.Call, "txn_1"), source: d.Get("id").String(), currency: d.Get("currency").String(), amount: d.Get("amount").Int64(),
			fee: -disputeFee, feeText: "Dispute fee refund", category: "dispute_reversal", typ: "adjustment", describe: "Chargeback reversal for " + chargeID,
		})
		d.Get("balance_transactions").AddDoc(txn)
		emit(r.Call, "charge.dispute.funds_reinstated", d, sdk.Doc{})
	}
	disputes.Update(r.Call, d)
	emit(r.Call, "charge.dispute.closed", d, changes(r.Call, before, d))
}
