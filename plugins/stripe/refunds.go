package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var refunds = stripe.Collect(&sdk.Collection{
	Type: "refund", Entity: "refunds", Prefix: "re_", Random: 24,
	Index:   []string{"charge", "payment_intent"},
	Aliases: []string{"refund"},
	Fields:  []string{"id", "status", "amount", "currency", "charge", "payment_intent", "reason"},
})

// refundTemplate [R, POST /v1/refunds at 2024-06-20].
var refundTemplate = sdk.MustTemplate(`{"id":"","object":"refund","amount":0,"balance_transaction":null,"charge":"","created":0,"currency":"","destination_details":{"card":{"reference_status":"pending","reference_type":"acquirer_reference_number","type":"refund"},"type":"card"},"metadata":{},"payment_intent":null,"reason":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null}`)

func refundHandlers() {
	create := func(r *request) error {
		d, err := r.refund()
		if err != nil {
			return err
		}
		return r.answer(d)
	}
	handle("PostRefunds", sdk.Exact, create)
	handle("PostChargesChargeRefunds", sdk.Modelled, create)
	handle("PostChargesChargeRefund", sdk.Modelled, func(r *request) error {
		if _, err := r.refund(); err != nil {
			return err
		}
		d, err := r.pathCharge()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetRefunds", sdk.Exact, listRefunds)
	get := func(r *request) error {
		d, err := r.pathRefund()
		if err != nil {
			return err
		}
		return r.answer(d)
	}
	handle("GetRefundsRefund", sdk.Exact, get)
	handle("GetChargesChargeRefundsRefund", sdk.Modelled, get)
	handle("GetChargesChargeRefunds", sdk.Modelled, func(r *request) error {
		c, err := r.pathCharge()
		if err != nil {
			return err
		}
		q, err := r.page()
		if err != nil {
			return err
		}
		q.Index, q.Key = "charge", c.Get("id").String()
		return r.list(refunds, q, "refund", "/v1/charges/"+q.Key+"/refunds")
	})
	handle("PostRefundsRefund", sdk.Exact, updateRefund)
	handle("PostChargesChargeRefundsRefund", sdk.Modelled, updateRefund)
	handle("PostRefundsRefundCancel", sdk.Modelled, func(r *request) error {
		d, err := r.pathRefund()
		if err != nil {
			return err
		}
		// Only refunds that wait for the customer can be canceled, and cards
		// have none [D docs.stripe.com/api/refunds/cancel, 2026-11]; wording believed.
		return executed(invalid("", "", "Refund "+d.Get("id").String()+" cannot be canceled because it has a status of "+d.Get("status").String()+". Only refunds with status requires_action can be canceled."))
	})
}

func (r *request) pathRefund() (sdk.Doc, error) {
	id := r.Value("refund")
	d, ok := refunds.Get(r.Call, id)
	if !ok {
		return d, notFound("refund", id, "id")
	}
	return d, nil
}

// refundedCharge is the charge that the parameters say to refund.
func (r *request) refundedCharge() (sdk.Doc, error) {
	id := r.Value("charge")
	if id == "" {
		id = r.text("charge")
	}
	intent := r.text("payment_intent")
	if id == "" && intent == "" {
		// [3, users' reports]
		return sdk.Doc{}, invalid("parameter_missing", "", "One of the following params should be provided for this request: payment_intent or charge.")
	}
	if intent != "" {
		p, ok := paymentIntents.Get(r.Call, intent)
		if !ok {
			return p, missing("payment_intent", intent, "payment_intent")
		}
		charge, ok := charges.Get(r.Call, p.Get("latest_charge").String())
		if !ok || p.Get("status").String() != "succeeded" && !charge.Get("refunded").Bool() {
			// [3, users' reports]
			return charge, executed(invalid("", "payment_intent", "This PaymentIntent ("+intent+") does not have a successful charge to refund."))
		}
		if id != "" && id != charge.Get("id").String() {
			return charge, missing("charge", id, "charge")
		}
		return charge, nil
	}
	charge, ok := charges.Get(r.Call, id)
	if !ok {
		return charge, missing("charge", id, "charge") // [R, a list's filter]
	}
	return charge, nil
}

// refund gives money of a charge back.
func (r *request) refund() (sdk.Doc, error) {
	charge, err := r.refundedCharge()
	if err != nil {
		return sdk.Doc{}, err
	}
	amount, err := r.refundAmount(charge)
	if err != nil {
		return sdk.Doc{}, err
	}
	card := cardOf(charge.Get("payment_method_details", "card"))
	before := charge.Clone(r.Arena)
	d := refundTemplate.New(r.Arena)
	chargeID := charge.Get("id").String()
	id := siblingID(r.Call, "re_", chargeID)
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetString("charge", chargeID)
	d.SetInt("created", r.Unix())
	d.SetString("currency", charge.Get("currency").String())
	d.SetStringOrNull("payment_intent", charge.Get("payment_intent").String())
	d.SetStringOrNull("reason", r.text("reason"))
	r.setMetadata(d)
	if charge.Get("captured").Bool() {
		d.SetString("balance_transaction", r.refundMovement(charge, id, amount))
	} else {
		d.Get("destination_details").SetJSON("card", `{"type":"reversal"}`) // [S fixtures.2024-06-20]
		r.ClearTimer("expire", chargeID)
	}
	if card.refund == "pending" {
		d.SetString("status", "pending")
	}
	if err := r.reverseFor(charge, d); err != nil {
		return d, err
	}
	if err := refunds.Insert(r.Call, d); err != nil {
		return d, err
	}
	total := charge.Get("amount_refunded").Int64() + amount
	charge.SetInt("amount_refunded", total)
	if r.text("reason") == "fraudulent" {
		charge.Get("fraud_details").SetString("user_report", "fraudulent") // [R]
	}
	charge.SetBool("refunded", total == charge.Get("amount").Int64())
	charges.Update(r.Call, charge)
	emit(r.Call, "charge.refunded", charge, changes(r.Call, before, charge))
	if card.refund != "" {
		// Both test cards report by charge.refund.updated
		// [D docs.stripe.com/testing#refunds, 2026-11]; when is not published.
		r.SetTimer("refund", id, r.Now().Add(refundDelay), timerPayload(r.Call, id, card.refund))
	}
	return d, nil
}

// refundDelay is how long the test cards of slow refunds take: believed.
const refundDelay = 5 * time.Second

// refundMovement takes a refund from the balance.
func (r *request) refundMovement(charge sdk.Doc, id string, amount int64) string {
	text := "REFUND FOR CHARGE" // [R]
	if describe := charge.Get("description").String(); describe != "" {
		text += " (" + describe + ")"
	}
	txn := siblingID(r.Call, "txn_", id)
	kept := charge.Get("amount_captured").Int64() - charge.Get("amount_refunded").Int64()
	r.move(movement{
		id: txn, source: id, currency: charge.Get("currency").String(), amount: -amount, category: "refund", typ: "refund", describe: text,
		fee: -returnedFee(r.ownAccount(), kept, amount, charge.Get("payment_method_details", "card")), feeText: "Stripe processing fee refund",
		available: cardOf(charge.Get("payment_method_details", "card")).available,
	})
	return txn
}

// refundAmount checks how much may be given back.
func (r *request) refundAmount(charge sdk.Doc) (int64, error) {
	id, currency := charge.Get("id").String(), charge.Get("currency").String()
	whole, done := charge.Get("amount").Int64(), charge.Get("amount_refunded").Int64()
	left := whole - done
	asked, given := r.params.Get("amount").Int()
	switch {
	case given && asked < 1:
		return 0, invalid("parameter_invalid_integer", "amount", atLeastOne) // [R]
	case charge.Get("refunded").Bool():
		return 0, executed(invalid("charge_already_refunded", "", "Charge "+id+" has already been refunded.")) // [R]
	case charge.Get("disputed").Bool() && !r.disputeRefundable(charge):
		return 0, executed(invalid("charge_disputed", "", "Charge "+id+" has been charged back; cannot issue a refund.")) // [R]
	case charge.Get("status").String() != "succeeded":
		return 0, executed(invalid("", "", "Charge "+id+" cannot be refunded because it did not succeed.")) // believed
	case !given:
		return left, nil
	case done == 0 && asked > whole:
		return 0, executed(invalid("", "amount", "Refund amount ("+money(asked, currency)+") is greater than charge amount ("+money(whole, currency)+")")) // [R]
	case asked > left:
		return 0, executed(invalid("", "amount", "Refund amount ("+money(asked, currency)+") is greater than unrefunded amount on charge ("+money(left, currency)+")")) // [R]
	}
	return asked, nil
}

// refundTimer ends a slow refund, or fails it and puts the money back.
func refundTimer(c *sdk.Call, payload string) error {
	r, id, how := timed(c, payload)
	d, ok := refunds.Get(c, id)
	if !ok {
		return nil
	}
	before := d.Clone(c.Arena)
	if how == "pending" {
		d.SetString("status", "succeeded")
	} else {
		d.SetString("status", "failed")
		charge, ok := charges.Get(c, d.Get("charge").String())
		if !ok {
			return nil
		}
		txn := siblingID(c, "txn_", id)
		amount := d.Get("amount").Int64()
		r.move(movement{id: txn, source: id, currency: d.Get("currency").String(), amount: amount, category: "refund_failure", typ: "refund_failure", describe: "REFUND FAILURE"})
		d.InsertJSON("destination_details", "failure_balance_transaction", quoted(txn)) // [D docs.stripe.com/refunds#failed-refunds]
		d.InsertJSON("failure_balance_transaction", "failure_reason", `"expired_or_canceled_card"`)
		charge.SetInt("amount_refunded", charge.Get("amount_refunded").Int64()-amount)
		charge.SetBool("refunded", false)
		charges.Update(c, charge)
	}
	refunds.Update(c, d)
	emit(c, "charge.refund.updated", d, changes(c, before, d))
	return nil
}

func updateRefund(r *request) error {
	d, err := r.pathRefund()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	r.setMetadata(d)
	refunds.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "charge.refund.updated", d, previous) // [S cli-triggers/charge.refund.updated.json]
	}
	return r.answer(d)
}

func listRefunds(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	for _, name := range [...]string{"charge", "payment_intent"} {
		v := r.text(name)
		if v == "" {
			continue
		}
		if _, _, ok := r.Lookup(v); !ok {
			return missing(name, v, name) // [R]
		}
		q.Index, q.Key = name, v
	}
	return r.list(refunds, q, "refund", "/v1/refunds")
}

// includeRefunds adds a charge's refunds when they are expanded [R 2024-06-20].
func includeRefunds(r *request, d sdk.Doc) {
	id := d.Get("id").String()
	insertAfter(d, "refunded", "refunds", r.inner(r.belonging(refunds, sdk.ListQuery{Index: "charge", Key: id}), "/v1/charges/"+id+"/refunds").JSON())
}
