package main

import "github.com/mirrahq/mirra/sdk"

var transfers = stripe.Collect(&sdk.Collection{
	Type: "transfer", Entity: "transfers", Prefix: "tr_", Random: 24, Index: []string{"destination", "transfer_group", "source_transaction"}, Aliases: []string{"transfer"},
	Fields: []string{"id", "amount", "currency", "destination", "reversed"},
})

// transferTemplate [R, POST /v1/transfers at 2022-11-15 to 2025-10-29.clover, alike].
var transferTemplate = sdk.MustTemplate(`{"id":"","object":"transfer","amount":0,"amount_reversed":0,"balance_transaction":"","created":0,"currency":"","description":null,"destination":"","destination_payment":"","livemode":false,"metadata":{},"reversals":{"object":"list","data":[],"has_more":false,"total_count":0,"url":""},"reversed":false,"source_transaction":null,"source_type":"card","transfer_group":null}`)

func transferHandlers() {
	handle("PostTransfers", sdk.Exact, createTransfer)
	handle("GetTransfers", sdk.Exact, listTransfers)
	handle("GetTransfersTransfer", sdk.Exact, func(r *request) error {
		d, err := r.pathTransfer("transfer")
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostTransfersTransfer", sdk.Modelled, updateTransfer)
	reversalHandlers()
}

func (r *request) pathTransfer(name string) (sdk.Doc, error) {
	id := r.Value(name)
	d, ok := transfers.Get(r.Call, id)
	if !ok {
		return d, notFound("transfer", id, "id")
	}
	return d, nil
}

// destination is the account that a parameter names.
func (r *request) destination(id, param string) error {
	if !accountLike(id) {
		return missing("destination", id, param) // [R]
	}
	return nil
}

func createTransfer(r *request) error {
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	destination := r.text("destination")
	if err := r.destination(destination, "destination"); err != nil {
		return err
	}
	source := r.text("source_transaction")
	amount, given := r.params.Get("amount").Int()
	if given && amount < 1 {
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.") // [R-like]
	}
	var charge sdk.Doc
	if source != "" {
		ok := false
		if charge, ok = charges.Get(r.Call, source); !ok {
			return missing("charge", source, "source_transaction")
		}
		if f := r.transferable(charge, &amount, given, currency); f != nil {
			return f
		}
	} else if !given {
		return invalid("parameter_missing", "amount", "Missing required param: amount.")
	} else if accountNamed(r.Call, destination) != platform { // [R] platforms may debit accounts that have nothing
		if f := r.enough(amount, currency, "transfer"); f != nil {
			return f
		}
	}
	t := transferTemplate.New(r.Arena)
	id := longID(r.Call, "tr_1")
	if source != "" {
		id = siblingID(r.Call, "tr_", source)
	}
	t.SetString("id", id)
	t.SetInt("amount", amount)
	t.SetString("currency", currency)
	t.SetString("destination", destination)
	r.setText(t, "description")
	r.setText(t, "transfer_group")
	t.SetStringOrNull("source_transaction", source)
	if v := r.text("source_type"); v != "" {
		t.SetString("source_type", v)
	}
	r.setMetadata(t)
	if charge.Exists() && t.Get("transfer_group").IsNull() {
		t.SetString("transfer_group", r.groupOf(charge))
	}
	if err := r.transfer(t, charge); err != nil {
		return err
	}
	return r.answer(t)
}

// groupOf is a charge's transfer group, which it gets with its first transfer [R
// group_pi_…].
func (r *request) groupOf(charge sdk.Doc) string {
	if g := charge.Get("transfer_group").String(); g != "" {
		return g
	}
	of := charge.Get("payment_intent").String()
	if of == "" {
		of = charge.Get("id").String()
	}
	charge.SetString("transfer_group", "group_"+of)
	charges.Update(r.Call, charge)
	return "group_" + of
}

// transferable checks what may be transferred of a charge
// [D docs.stripe.com/connect/separate-charges-and-transfers, 2026-11]; wording by
// users' reports.
func (r *request) transferable(charge sdk.Doc, amount *int64, given bool, currency string) *failure {
	if charge.Get("status").String() == "failed" || !charge.Get("captured").Bool() {
		return executed(invalid("", "source_transaction", "Charge "+charge.Get("id").String()+" cannot be used as a source_transaction because it did not succeed."))
	}
	if c := charge.Get("currency").String(); c != currency {
		return executed(invalid("", "currency", "The currency of source_transaction's balance transaction ("+c+") must be the same as the transfer currency ("+currency+")"))
	}
	left := charge.Get("amount_captured").Int64()
	if page, err := transfers.Find(r.Call, sdk.ListQuery{Limit: 100, Index: "source_transaction", Key: charge.Get("id").String()}); err == nil {
		docs, _ := page.Docs(r.Call)
		for _, t := range docs {
			left -= t.Get("amount").Int64() - t.Get("amount_reversed").Int64()
		}
	}
	if !given {
		*amount = left
	}
	if *amount > left {
		return executed(invalid("balance_insufficient", "amount", "The total amount of transfers ("+money(*amount, currency)+") is greater than what is left of the source_transaction ("+money(left, currency)+")"))
	}
	return nil
}

// transfer moves money from the account that the call acts for to another one: a
// balance transaction here, and a payment with one there. charge, if it exists,
// is the transfer's source: the money becomes available with the charge's.
func (r *request) transfer(t, charge sdk.Doc) error {
	id, destination, currency, amount := t.Get("id").String(), t.Get("destination").String(), t.Get("currency").String(), t.Get("amount").Int64()
	t.SetInt("created", r.Unix())
	t.Get("reversals").SetString("url", "/v1/transfers/"+id+"/reversals")
	at, pending := r.fundsAt(charge)
	txn := siblingID(r.Call, "txn_", id)
	if !charge.Exists() {
		txn = longID(r.Call, "txn_1")
	}
	r.move(movement{
		id: txn, source: id, currency: currency, amount: -amount, category: "transfer", typ: "transfer", describe: t.Get("description").String(),
		available: true, // [R] also where the charge's money is still pending
	})
	t.SetString("balance_transaction", txn)
	payment := r.idOf(destination, "py_1")
	t.SetString("destination_payment", payment)
	if err := transfers.Insert(r.Call, t); err != nil {
		return err
	}
	emit(r.Call, "transfer.created", t, sdk.Doc{})
	from := accountID(r.Call)
	var err error
	r.asAccount(destination, func() { err = r.receive(t, payment, from, at, pending) })
	return err
}

// fundsAt is when the money of a charge becomes available, and whether that lies
// ahead.
func (r *request) fundsAt(charge sdk.Doc) (at int64, pending bool) {
	txn, ok := balanceTransactions.Get(r.Call, charge.Get("balance_transaction").String())
	if !ok || txn.Get("status").String() != "pending" {
		return r.Unix(), false
	}
	return txn.Get("available_on").Int64(), true
}

// paymentTemplate is a charge that is a transfer's other end [R, GET
// /v1/charges/py_… at 2023-10-16].
var paymentTemplate = sdk.MustTemplate(`{"id":"","object":"charge","amount":0,"amount_captured":0,"amount_refunded":0,"application":null,"application_fee":null,"application_fee_amount":null,"balance_transaction":null,"billing_details":{"address":` + noAddress + `,"email":null,"name":null,"phone":null},"calculated_statement_descriptor":null,"captured":true,"created":0,"currency":"","customer":null,"description":null,"destination":null,"dispute":null,"disputed":false,"failure_balance_transaction":null,"failure_code":null,"failure_message":null,"fraud_details":{},"invoice":null,"livemode":false,"metadata":{},"on_behalf_of":null,"order":null,"outcome":null,"paid":true,"payment_intent":null,"payment_method":null,"payment_method_details":{"stripe_account":{},"type":"stripe_account"},"receipt_email":null,"receipt_number":null,"receipt_url":null,"refunded":false,"review":null,"shipping":null,"source":{},"source_transfer":"","statement_descriptor":null,"statement_descriptor_suffix":null,"status":"succeeded","transfer_data":null,"transfer_group":null}`)

// receive makes a transfer's payment in the account that it goes to.
func (r *request) receive(t sdk.Doc, id, from string, at int64, pending bool) error {
	currency, amount := t.Get("currency").String(), t.Get("amount").Int64()
	d := paymentTemplate.New(r.Arena)
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetInt("amount_captured", amount)
	d.SetString("currency", currency)
	d.SetInt("created", r.Unix())
	r.setApplication(d)
	d.SetString("receipt_url", receiptURL(r.Call, "payment"))
	s := d.Get("source")
	s.SetString("id", from)
	s.SetString("object", "account")
	application := r.application()
	for _, name := range [...]string{"icon", "logo", "name", "url"} {
		s.SetDoc("application_"+name, application.Get(name))
	}
	d.SetString("source_transfer", t.Get("id").String())
	txn := longID(r.Call, "txn_1")
	m := movement{id: txn, source: id, currency: currency, amount: amount, category: "charge", typ: "payment", available: !pending, on: at}
	r.move(m)
	d.SetString("balance_transaction", txn)
	if err := charges.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "payment.created", d, sdk.Doc{})
	return nil
}

// applicationID is the id of the platform's application [R ca_ and 32 characters].
func applicationID(c *sdk.Call) string { return "ca_" + c.Random(sdk.Fixed, 32, sdk.Base62) }

// enough refuses to send more than an account has. Of the platform, and of
// accounts that were there before the session, it is not known what else they
// hold: they may always send [R POST /v1/payouts, 400].
func (r *request) enough(amount int64, currency, what string) *failure {
	if isPlatform(r.Call) || !r.openedHere() {
		return nil
	}
	for e := range r.balance().Get("available").All {
		if e.Get("currency").String() == currency && e.Get("amount").Int64() >= amount {
			return nil
		}
	}
	return executed(invalid("balance_insufficient", "", "You have insufficient funds in your Stripe account for this "+what+". Your card balance is too low.  You can use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance)."))
}

// openedHere tells whether the account that the call acts for was made in this
// session.
func (r *request) openedHere() bool {
	id, opened := r.Account(), false
	r.asAccount(platform, func() { opened = hasMark(r.Call, id, markOpened) })
	return opened
}

func updateTransfer(r *request) error {
	d, err := r.pathTransfer("transfer")
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	r.setText(d, "description")
	r.setMetadata(d)
	transfers.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "transfer.updated", d, previous)
	}
	return r.answer(d)
}

func listTransfers(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	for _, name := range [...]string{"destination", "transfer_group"} {
		v := r.text(name)
		switch {
		case v == "":
		case q.Index == "":
			q.Index, q.Key = name, v
		default:
			q.Filter("$."+name, v)
		}
	}
	return r.list(transfers, q, "transfer", "/v1/transfers")
}

// routeCharge gives a settled charge what Connect makes of it: the transfer of a
// destination charge, or the application fee of a direct one.
func (r *request) routeCharge(charge sdk.Doc) error {
	fee := charge.Get("application_fee_amount").Int64()
	if !isPlatform(r.Call) && fee > 0 {
		return r.collectFee(charge, charge, fee)
	}
	destination := charge.Get("transfer_data", "destination").String()
	if destination == "" {
		return nil
	}
	t := transferTemplate.New(r.Arena)
	t.SetString("id", siblingID(r.Call, "tr_", charge.Get("id").String()))
	amount := charge.Get("amount_captured").Int64()
	if amount == 0 {
		amount = charge.Get("amount").Int64()
	}
	if n, ok := charge.Get("transfer_data", "amount").Int(); ok {
		amount = n
	}
	t.SetInt("amount", amount)
	t.SetString("currency", charge.Get("currency").String())
	t.SetString("destination", destination)
	t.SetString("source_transaction", charge.Get("id").String())
	t.SetStringOrNull("transfer_group", charge.Get("transfer_group").String())
	if err := r.transfer(t, charge); err != nil {
		return err
	}
	if !charge.Get("transfer").Exists() {
		charge.InsertJSON("status", "transfer", quoted(t.Get("id").String()))
	}
	if fee == 0 {
		return nil
	}
	var err error
	r.asAccount(destination, func() {
		payment, _ := charges.Get(r.Call, t.Get("destination_payment").String())
		payment.SetInt("application_fee_amount", fee)
		if err = r.collectFee(payment, charge, fee); err == nil {
			charges.Update(r.Call, payment)
			charge.SetDoc("application_fee", payment.Get("application_fee"))
		}
	})
	return err
}

// destine marks a charge as one that goes to another account [R: transfer_data's
// amount is null where all of it does; the group is named with the charge, not
// before].
func (r *request) destine(charge sdk.Doc) {
	r.setApplication(charge)
	to := charge.Get("transfer_data")
	if to.Kind() != sdk.Object {
		return
	}
	if !to.Get("amount").Exists() {
		destination := to.Get("destination").String()
		to = charge.SetObject("transfer_data")
		to.SetNull("amount")
		to.SetString("destination", destination)
	}
	charge.SetString("destination", to.Get("destination").String())
	if charge.Get("transfer_group").IsNull() {
		of := charge.Get("payment_intent").String()
		if of == "" {
			of = charge.Get("id").String()
		}
		charge.SetString("transfer_group", "group_"+of)
	}
}

// setApplication names the platform's application in what is made for a
// connected account [R].
func (r *request) setApplication(d sdk.Doc) {
	if !isPlatform(r.Call) {
		d.SetString("application", applicationID(r.Call))
	}
}
