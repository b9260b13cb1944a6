package main

import "github.com/mirrahq/mirra/sdk"

var reversals = stripe.Collect(&sdk.Collection{
	Type: "transfer_reversal", Entity: "transfer_reversals", Prefix: "trr_", Random: 24, Index: []string{"transfer"}, Aliases: []string{"transfer_reversal"},
	Fields: []string{"id", "transfer", "amount", "currency"},
})

// reversalTemplate [R, POST /v1/transfers/{id}/reversals at 2023-10-16].
var reversalTemplate = sdk.MustTemplate(`{"id":"","object":"transfer_reversal","amount":0,"balance_transaction":"","created":0,"currency":"","destination_payment_refund":null,"metadata":{},"source_refund":null,"transfer":""}`)

// paymentRefundTemplate is the refund of a transfer's payment [R, GET
// /v1/refunds/pyr_… at 2023-10-16].
var paymentRefundTemplate = sdk.MustTemplate(`{"id":"","object":"refund","amount":0,"balance_transaction":"","charge":"","created":0,"currency":"","metadata":{},"payment_intent":null,"reason":null,"receipt_number":null,"source_transfer_reversal":null,"status":"succeeded","transfer_reversal":null}`)

func reversalHandlers() {
	handle("PostTransfersIdReversals", sdk.Exact, func(r *request) error {
		t, err := r.pathTransfer("id")
		if err != nil {
			return err
		}
		d, err := r.reverse(t, sdk.Doc{})
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetTransfersIdReversals", sdk.Modelled, func(r *request) error {
		t, err := r.pathTransfer("id")
		if err != nil {
			return err
		}
		q, err := r.page()
		if err != nil {
			return err
		}
		q.Index, q.Key = "transfer", t.Get("id").String()
		return r.list(reversals, q, "transfer reversal", "/v1/transfers/"+q.Key+"/reversals")
	})
	handle("GetTransfersTransferReversalsId", sdk.Modelled, func(r *request) error {
		d, err := r.pathReversal()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostTransfersTransferReversalsId", sdk.Modelled, func(r *request) error {
		d, err := r.pathReversal()
		if err != nil {
			return err
		}
		r.setMetadata(d)
		reversals.Update(r.Call, d)
		if t, ok := transfers.Get(r.Call, d.Get("transfer").String()); ok {
			r.showReversals(t)
			transfers.Update(r.Call, t)
		}
		return r.answer(d)
	})
}

func (r *request) pathReversal() (sdk.Doc, error) {
	id := r.Value("id")
	d, ok := reversals.Get(r.Call, id)
	if !ok || d.Get("transfer").String() != r.Value("transfer") {
		return d, notFound("transfer reversal", id, "id") // the noun is believed
	}
	return d, nil
}

// reverse gives money of a transfer back. refund, if it exists, is the refund of
// a charge that brings it about, and its amount the most that goes back.
func (r *request) reverse(t, refund sdk.Doc) (sdk.Doc, error) {
	id, currency := t.Get("id").String(), t.Get("currency").String()
	left := t.Get("amount").Int64() - t.Get("amount_reversed").Int64()
	amount := left
	if refund.Exists() {
		amount = min(left, refund.Get("amount").Int64())
	} else if n, given := r.params.Get("amount").Int(); given {
		amount = n
		switch {
		case n < 1:
			return sdk.Doc{}, invalid("parameter_invalid_integer", "amount", atLeastOne) // [R-like]
		case n > left:
			// [3, users' reports]
			return sdk.Doc{}, executed(invalid("", "amount", "Transfer reversal amount ("+money(n, currency)+") is greater than unreversed amount on transfer ("+money(left, currency)+")"))
		}
	}
	if left == 0 {
		return sdk.Doc{}, executed(invalid("", "", "Transfer "+id+" has already been fully reversed.")) // wording believed
	}
	d := reversalTemplate.New(r.Arena)
	rid := longID(r.Call, "trr_1")
	d.SetString("id", rid)
	d.SetInt("amount", amount)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	d.SetString("transfer", id)
	if refund.Exists() {
		d.SetString("source_refund", refund.Get("id").String())
	} else {
		r.setMetadata(d)
	}
	charge, _ := charges.Get(r.Call, t.Get("source_transaction").String())
	at, pending := r.fundsAt(charge)
	txn := longID(r.Call, "txn_1")
	r.move(movement{
		id: txn, source: id, currency: currency, amount: amount, category: "transfer_reversal", typ: "transfer_refund", describe: "REFUND FOR TRANSFER",
		available: !pending, on: at,
	}) // [R: source is the transfer]
	d.SetString("balance_transaction", txn)
	destination := t.Get("destination").String()
	back := r.idOf(destination, "pyr_1")
	d.SetString("destination_payment_refund", back)
	if err := reversals.Insert(r.Call, d); err != nil {
		return d, err
	}
	t.SetInt("amount_reversed", t.Get("amount_reversed").Int64()+amount)
	t.SetBool("reversed", t.Get("amount_reversed").Int64() == t.Get("amount").Int64())
	r.showReversals(t)
	transfers.Update(r.Call, t)
	emit(r.Call, "transfer.reversed", t, sdk.Doc{})
	var err error
	r.asAccount(destination, func() { err = r.refundPayment(t, d, back, amount) })
	if err == nil && r.is("refund_application_fee") {
		err = r.feeBack(t, amount)
	}
	return d, err
}

func (r *request) showReversals(t sdk.Doc) {
	page, err := reversals.Find(r.Call, sdk.ListQuery{Limit: 10, Index: "transfer", Key: t.Get("id").String()})
	if err != nil {
		return
	}
	docs, more := page.Docs(r.Call)
	list := t.Get("reversals")
	data := list.SetArray("data")
	for _, d := range docs {
		data.AddDoc(d)
	}
	list.SetBool("has_more", more)
	list.SetInt("total_count", int64(len(docs)))
}

// refundPayment refunds a transfer's payment in the account that got it.
func (r *request) refundPayment(t, reversal sdk.Doc, id string, amount int64) error {
	payment, ok := charges.Get(r.Call, t.Get("destination_payment").String())
	if !ok {
		return nil // it was there before the session
	}
	d := paymentRefundTemplate.New(r.Arena)
	currency := payment.Get("currency").String()
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetString("charge", payment.Get("id").String())
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	d.SetString("source_transfer_reversal", reversal.Get("id").String())
	d.SetString("transfer_reversal", reversal.Get("id").String())
	at, pending := r.fundsAt(payment)
	txn := longID(r.Call, "txn_1")
	r.move(movement{id: txn, source: id, currency: currency, amount: -amount, category: "refund", typ: "payment_refund", describe: "REFUND FOR PAYMENT", available: !pending, on: at})
	d.SetString("balance_transaction", txn)
	if err := refunds.Insert(r.Call, d); err != nil {
		return err
	}
	before := payment.Clone(r.Arena)
	payment.SetInt("amount_refunded", payment.Get("amount_refunded").Int64()+amount)
	payment.SetBool("refunded", payment.Get("amount_refunded").Int64() == payment.Get("amount").Int64())
	charges.Update(r.Call, payment)
	emit(r.Call, "charge.refunded", payment, changes(r.Call, before, payment))
	return nil
}

// reverseFor takes a refunded charge's money back from where it went, in the
// refund's part of the whole
// [D docs.stripe.com/connect/destination-charges#issue-refunds, 2026-11].
func (r *request) reverseFor(charge, refund sdk.Doc) error {
	if r.is("reverse_transfer") {
		t, ok := transfers.Get(r.Call, charge.Get("transfer").String())
		if !ok {
			return executed(invalid("", "reverse_transfer", "Cannot reverse transfer on charge "+charge.Get("id").String()+" because it does not have an associated transfer.")) // wording by users' reports
		}
		part := refund.Clone(r.Arena)
		part.SetInt("amount", share(t.Get("amount").Int64(), refund.Get("amount").Int64(), charge.Get("amount").Int64()))
		d, err := r.reverse(t, part)
		if err != nil {
			return err
		}
		refund.SetString("transfer_reversal", d.Get("id").String())
		return nil
	}
	if r.is("refund_application_fee") {
		return r.feeBackOf(charge.Get("application_fee").String(), refund.Get("amount").Int64(), charge.Get("amount").Int64())
	}
	return nil
}

// share is a part of an amount, rounded half up.
func share(of, part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return (2*of*part + whole) / (2 * whole)
}
