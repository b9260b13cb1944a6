package main

import "github.com/mirrahq/mirra/sdk"

var applicationFees = stripe.Collect(&sdk.Collection{
	Type: "application_fee", Entity: "application_fees", Prefix: "fee_", Random: 24, Index: []string{"charge"}, Aliases: []string{"application_fee"},
	Fields: []string{"id", "account", "amount", "currency", "charge", "refunded"},
})

var feeRefunds = stripe.Collect(&sdk.Collection{
	Type: "fee_refund", Entity: "fee_refunds", Prefix: "fr_", Random: 24, Index: []string{"fee"}, Aliases: []string{"fee_refund"},
	Fields: []string{"id", "fee", "amount", "currency"},
})

// feeTemplate and feeRefundTemplate [R, application_fee of charges at 2023-10-16].
var feeTemplate = sdk.MustTemplate(`{"id":"","object":"application_fee","account":"","amount":0,"amount_refunded":0,"application":"","balance_transaction":"","charge":"","created":0,"currency":"","livemode":false,"originating_transaction":null,"refunded":false,"refunds":{"object":"list","data":[],"has_more":false,"total_count":0,"url":""}}`)

var feeRefundTemplate = sdk.MustTemplate(`{"id":"","object":"fee_refund","amount":0,"balance_transaction":"","created":0,"currency":"","fee":"","metadata":{}}`)

func applicationFeeHandlers() {
	handle("GetApplicationFees", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		if v := r.text("charge"); v != "" {
			q.Index, q.Key = "charge", v
		}
		return r.list(applicationFees, q, "application fee", "/v1/application_fees")
	})
	handle("GetApplicationFeesId", sdk.Modelled, func(r *request) error {
		d, err := r.fee(r.Value("id"))
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	refund := func(r *request) error {
		f, err := r.fee(r.Value("id"))
		if err != nil {
			return err
		}
		amount := f.Get("amount").Int64() - f.Get("amount_refunded").Int64()
		if n, given := r.params.Get("amount").Int(); given {
			if n < 1 || n > amount {
				return executed(invalid("", "amount", "Refund amount ("+money(n, f.Get("currency").String())+") is greater than fee amount ("+money(amount, f.Get("currency").String())+")")) // wording believed
			}
			amount = n
		}
		d, err := r.refundFee(f, amount)
		if err != nil {
			return err
		}
		if r.op.ID == "PostApplicationFeesIdRefund" {
			return r.answer(f)
		}
		return r.answer(d)
	}
	handle("PostApplicationFeesIdRefunds", sdk.Modelled, refund)
	handle("PostApplicationFeesIdRefund", sdk.Modelled, refund)
	handle("GetApplicationFeesIdRefunds", sdk.Modelled, func(r *request) error {
		f, err := r.fee(r.Value("id"))
		if err != nil {
			return err
		}
		q, err := r.page()
		if err != nil {
			return err
		}
		q.Index, q.Key = "fee", f.Get("id").String()
		return r.list(feeRefunds, q, "fee refund", "/v1/application_fees/"+q.Key+"/refunds")
	})
	handle("GetApplicationFeesFeeRefundsId", sdk.Modelled, func(r *request) error {
		d, ok := feeRefunds.Get(r.Call, r.Value("id"))
		if !ok {
			return notFound("fee refund", r.Value("id"), "id") // the noun is believed
		}
		return r.answer(d)
	})
}

func (r *request) fee(id string) (sdk.Doc, error) {
	d, ok := applicationFees.Get(r.Call, id)
	if !ok {
		return d, notFound("application fee", id, "id") // the noun is believed
	}
	return d, nil
}

// collectFee takes the platform's fee out of a charge of the account that the
// call acts for. The fee is the platform's object. origin is the platform's
// charge that the money came from, or the charge itself.
func (r *request) collectFee(charge, origin sdk.Doc, amount int64) error {
	account, currency := accountID(r.Call), charge.Get("currency").String()
	f := feeTemplate.New(r.Arena)
	id := longID(r.Call, "fee_1")
	application := applicationID(r.Call)
	f.SetString("id", id)
	f.SetString("account", account)
	f.SetInt("amount", amount)
	f.SetString("application", application)
	f.SetString("charge", charge.Get("id").String())
	f.SetInt("created", r.Unix())
	f.SetString("currency", currency)
	f.Get("refunds").SetString("url", "/v1/application_fees/"+id+"/refunds")
	if charge.Get("id").String() != origin.Get("id").String() {
		f.SetString("originating_transaction", origin.Get("id").String())
	}
	charge.SetString("application_fee", id)
	charge.SetString("application", application)
	// The fee is part of the charge's balance transaction [R].
	if txn, ok := balanceTransactions.Get(r.Call, charge.Get("balance_transaction").String()); ok {
		d := r.NewObject()
		d.SetInt("amount", amount)
		d.SetString("application", application)
		d.SetString("currency", currency)
		d.SetString("description", r.application().Get("name").String()+" application fee")
		d.SetString("type", "application_fee")
		rest := txn.Get("fee_details").Clone(r.Arena)
		details := txn.SetArray("fee_details")
		details.AddDoc(d)
		for v := range rest.All {
			details.AddDoc(v)
		}
		txn.SetInt("fee", txn.Get("fee").Int64()+amount)
		txn.SetInt("net", txn.Get("amount").Int64()-txn.Get("fee").Int64())
		balanceTransactions.Update(r.Call, txn)
	}
	at, pending := r.fundsAt(charge)
	var err error
	r.asAccount(platform, func() {
		txn := longID(r.Call, "txn_1")
		r.move(movement{
			id: txn, source: id, currency: currency, amount: amount, category: "platform_earning", typ: "application_fee",
			describe: "Application fee from application " + r.application().Get("name").String() + " for " + r.accountName(account) + " (" + account + ")", available: !pending, on: at,
		})
		f.SetString("balance_transaction", txn)
		if err = applicationFees.Insert(r.Call, f); err == nil {
			emit(r.Call, "application_fee.created", f, sdk.Doc{})
		}
	})
	return err
}

// accountName is what descriptions call an account [R: its id, where it has no
// name].
func (r *request) accountName(id string) string {
	if a, ok := accounts.Get(r.Call, id); ok {
		if name := a.Get("settings", "dashboard", "display_name").String(); name != "" {
			return name
		}
	}
	return id
}

// feeBack refunds the fee on a transfer's payment, in the part that is reversed.
func (r *request) feeBack(t sdk.Doc, amount int64) error {
	fee := ""
	r.asAccount(t.Get("destination").String(), func() {
		if payment, ok := charges.Get(r.Call, t.Get("destination_payment").String()); ok {
			fee = payment.Get("application_fee").String()
		}
	})
	return r.feeBackOf(fee, amount, t.Get("amount").Int64())
}

// feeBackOf refunds a part of a fee, if there is one.
func (r *request) feeBackOf(fee string, part, whole int64) error {
	var err error
	r.asAccount(platform, func() {
		if f, ok := applicationFees.Get(r.Call, fee); ok {
			if amount := min(share(f.Get("amount").Int64(), part, whole), f.Get("amount").Int64()-f.Get("amount_refunded").Int64()); amount > 0 {
				_, err = r.refundFee(f, amount)
			}
		}
	})
	return err
}

// refundFee gives a part of a fee back to the account that paid it [R].
func (r *request) refundFee(f sdk.Doc, amount int64) (sdk.Doc, error) {
	account, currency, id := f.Get("account").String(), f.Get("currency").String(), f.Get("id").String()
	d := feeRefundTemplate.New(r.Arena)
	back := r.idOf(account, "fr_1")
	d.SetString("id", back)
	d.SetInt("amount", amount)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	d.SetString("fee", id)
	if r.op != nil && r.op.ID == "PostApplicationFeesIdRefunds" {
		r.setMetadata(d)
	}
	own, _ := balanceTransactions.Get(r.Call, f.Get("balance_transaction").String())
	pending, at := own.Get("status").String() == "pending", own.Get("available_on").Int64()
	txn := longID(r.Call, "txn_1")
	r.move(movement{
		id: txn, source: id, currency: currency, amount: -amount, category: "platform_earning_refund", typ: "application_fee_refund",
		describe: "REFUND FOR APPLICATION FEE", available: !pending, on: at,
	})
	d.SetString("balance_transaction", txn)
	if err := feeRefunds.Insert(r.Call, d); err != nil {
		return d, err
	}
	before := f.Clone(r.Arena)
	f.SetInt("amount_refunded", f.Get("amount_refunded").Int64()+amount)
	f.SetBool("refunded", f.Get("amount_refunded").Int64() == f.Get("amount").Int64())
	list := f.Get("refunds")
	rest := list.Get("data").Clone(r.Arena)
	data := list.SetArray("data")
	data.AddDoc(d)
	for v := range rest.All {
		data.AddDoc(v)
	}
	list.SetInt("total_count", int64(data.Len()))
	applicationFees.Update(r.Call, f)
	emit(r.Call, "application_fee.refunded", f, changes(r.Call, before, f))
	r.asAccount(account, func() {
		r.move(movement{
			id: longID(r.Call, "txn_1"), source: back, currency: currency, amount: amount, category: "fee", typ: "application_fee_refund",
			describe: "REFUND FOR APPLICATION FEE", available: !pending, on: at,
		}) // the account's side is believed
	})
	return d, nil
}
