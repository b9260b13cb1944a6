package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var payouts = stripe.Collect(&sdk.Collection{
	Type: "payout", Entity: "payouts", Prefix: "po_", Random: 24, Index: []string{"destination", "status"}, Aliases: []string{"payout"},
	Fields: []string{"id", "status", "amount", "currency", "destination", "arrival_date"},
})

// payoutTemplate [R, POST /v1/payouts at 2023-10-16 and 2024-04-10, 2023-10 to
// 2025-02]. source_balance is shown to platforms, trace_id to connected accounts.
var payoutTemplate = sdk.MustTemplate(`{"id":"","object":"payout","amount":0,"application_fee":null,"application_fee_amount":null,"arrival_date":0,"automatic":false,"balance_transaction":"","created":0,"currency":"","description":null,"destination":"","failure_balance_transaction":null,"failure_code":null,"failure_message":null,"livemode":false,"metadata":{},"method":"standard","original_payout":null,"payout_method":null,"reconciliation_status":"not_applicable","reversed_by":null,"source_type":"card","statement_descriptor":null,"status":"pending","trace_id":{"status":"pending","value":null},"type":"bank_account"}`)

func payoutHandlers() {
	handle("PostPayouts", sdk.Exact, createPayout)
	handle("GetPayouts", sdk.Modelled, listPayouts)
	handle("GetPayoutsPayout", sdk.Modelled, func(r *request) error {
		d, err := r.pathPayout()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostPayoutsPayout", sdk.Modelled, func(r *request) error {
		d, err := r.pathPayout()
		if err != nil {
			return err
		}
		before := d.Clone(r.Arena)
		r.setMetadata(d)
		payouts.Update(r.Call, d)
		if previous := changes(r.Call, before, d); previous.Len() > 0 {
			emit(r.Call, "payout.updated", d, previous)
		}
		return r.answer(d)
	})
	handle("PostPayoutsPayoutCancel", sdk.Modelled, cancelPayout)
	handle("PostPayoutsPayoutReverse", sdk.Modelled, reversePayout)
	stripe.OnTimer("payout", payoutTimer)
}

func (r *request) pathPayout() (sdk.Doc, error) {
	id := r.Value("payout")
	d, ok := payouts.Get(r.Call, id)
	if !ok {
		return d, notFound("payout", id, "payout") // the parameter's name is believed
	}
	return d, nil
}

func createPayout(r *request) error {
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	amount, _ := r.params.Get("amount").Int()
	if amount < 1 {
		return invalid("parameter_invalid_integer", "amount", atLeastOne) // [R-like]
	}
	bank, err := r.payoutBank(currency)
	if err != nil {
		return err
	}
	method := r.text("method")
	if method == "instant" && !strings.Contains(bank.Get("available_payout_methods").JSON(), `"instant"`) && bank.Exists() {
		// [D docs.stripe.com/error-codes#instant-payouts-unsupported, 2026-11]; wording believed
		return executed(invalid("instant_payouts_unsupported", "method", "The external account does not support instant payouts."))
	}
	if f := r.enough(amount, currency, "transfer"); f != nil { // [R] a payout is called a transfer here
		return f
	}
	d := payoutTemplate.New(r.Arena)
	d.SetString("id", longID(r.Call, "po_1"))
	d.SetInt("amount", amount)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	destination := bank.Get("id").String()
	if destination == "" {
		destination = platformBank(r.Call)
	}
	d.SetString("destination", destination)
	r.setText(d, "description")
	r.setText(d, "statement_descriptor")
	if method != "" {
		d.SetString("method", method)
	}
	if v := r.text("source_type"); v != "" {
		d.SetString("source_type", v)
	}
	arrival := payoutArrival(r.Now())
	if method == "instant" {
		arrival = r.Now()
	}
	d.SetInt("arrival_date", arrival.Unix())
	if isPlatform(r.Call) {
		d.Delete("trace_id")
		insertAfter(d, "reversed_by", "source_balance", "null")
	}
	r.setMetadata(d)
	describe := d.Get("description").String()
	if describe == "" {
		describe = "STRIPE PAYOUT" // [R, of automatic ones]
	}
	txn := longID(r.Call, "txn_1")
	r.move(movement{id: txn, source: d.Get("id").String(), currency: currency, amount: -amount, category: "payout", typ: "payout", describe: describe, available: true})
	d.SetString("balance_transaction", txn)
	if err := payouts.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "payout.created", d, sdk.Doc{})
	r.SetTimer("payout", d.Get("id").String(), r.Now().Add(payoutSent), timerPayload(r.Call, d.Get("id").String(), "in_transit"))
	return r.answer(d)
}

// payoutSent is how long a payout waits to be sent, and payoutPaid how long it
// then takes: with test data all of a day at most. Believed.
const (
	payoutSent = 10 * time.Second
	payoutPaid = 20 * time.Second
)

// payoutArrival is when a payout should arrive: today, late in the day tomorrow
// [R midnight of the same day; after 23:35 that of the next].
func payoutArrival(now time.Time) time.Time {
	day := now.Truncate(24 * time.Hour)
	if now.Hour() >= 22 {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// platformBank is the id of the bank account that the platform is paid out to.
func platformBank(c *sdk.Call) string { return "ba_1" + c.Random(sdk.Fixed, 23, sdk.Base62) }

// payoutBank is the bank account that a payout goes to: the one of the
// parameters, else the account's default of the currency. The platform's is not
// mirrored: it has one in any currency.
func (r *request) payoutBank(currency string) (bank sdk.Doc, err error) {
	account, asked := r.Account(), r.text("destination")
	if isPlatform(r.Call) {
		if asked != "" && asked != platformBank(r.Call) && !strings.HasPrefix(asked, "ba_") {
			return bank, missing("external account", asked, "destination") // the noun is believed
		}
		return bank, nil
	}
	list := r.externalsOf(account)
	for _, b := range list {
		if asked != "" && b.Get("id").String() == asked || asked == "" && b.Get("currency").String() == currency && b.Get("default_for_currency").Bool() {
			return b, nil
		}
	}
	switch {
	case asked != "" && !r.openedHere():
		return bank, nil // not known what it had before the session
	case asked != "":
		return bank, missing("external account", asked, "destination")
	case len(list) == 0 && !r.openedHere():
		return bank, nil
	}
	return bank, executed(invalid("", "", "Sorry, you don't have any external accounts in that currency ("+currency+").")) // [3, users' reports]
}

// payoutFailures are the test bank accounts that payouts to fail, by their last
// four digits [D docs.stripe.com/connect/testing#account-numbers, 2026-11];
// messages [D docs.stripe.com/api/payouts/failures, 2026-11].
var payoutFailures = []struct{ last4, code, message string }{
	{"1116", "no_account", "The bank account details on file are probably incorrect. No bank account could be found with those details."},
	{"1113", "account_closed", "The bank account has been closed."},
	{"2227", "insufficient_funds", "Your Stripe account has insufficient funds to cover the payout."},
	{"3335", "debit_not_authorized", "Debit transactions are not approved on your bank account."},
	{"4440", "invalid_currency", "The bank was unable to process this payout because of its currency."},
}

// payoutTimer sends a payout, and then pays it, or fails it and puts the money
// back.
func payoutTimer(c *sdk.Call, payload string) error {
	r, id, status := timed(c, payload)
	d, ok := payouts.Get(c, id)
	if !ok {
		return nil
	}
	before := d.Clone(c.Arena)
	if status == "in_transit" {
		d.SetString("status", status)
		payouts.Update(c, d)
		emit(c, "payout.updated", d, changes(c, before, d))
		r.SetTimer("payout", id, r.Now().Add(payoutPaid), timerPayload(c, id, "paid"))
		return nil
	}
	var bank sdk.Doc
	r.asAccount(platform, func() { bank, _ = bankAccounts.Get(c, d.Get("destination").String()) })
	for _, f := range payoutFailures {
		if bank.Get("last4").String() == f.last4 {
			r.returnPayout(d, "payout_failure")
			d.SetString("failure_code", f.code)
			d.SetString("failure_message", f.message)
			d.SetString("status", "failed")
			payouts.Update(c, d)
			emit(c, "payout.failed", d, changes(c, before, d))
			return nil
		}
	}
	d.SetString("status", "paid")
	if t := d.Get("trace_id"); t.Exists() {
		t.SetString("status", "supported")
		t.SetString("value", r.Random(sdk.Objects, 15, "0123456789"))
	}
	payouts.Update(c, d)
	emit(c, "payout.paid", d, changes(c, before, d))
	return nil
}

// returnPayout puts the money of a payout back into the balance.
func (r *request) returnPayout(d sdk.Doc, typ string) {
	txn := longID(r.Call, "txn_1")
	r.move(movement{
		id: txn, source: d.Get("id").String(), currency: d.Get("currency").String(), amount: d.Get("amount").Int64(), category: "payout_reversal",
		typ: typ, describe: d.Get("description").String(), available: true,
	})
	d.SetString("failure_balance_transaction", txn)
}

// cancelPayout [D docs.stripe.com/api/payouts/cancel, 2026-11]; wording by users'
// reports.
func cancelPayout(r *request) error {
	d, err := r.pathPayout()
	if err != nil {
		return err
	}
	if d.Get("status").String() != "pending" {
		return executed(invalid("", "", "Payouts can only be canceled while they are pending. This payout has a status of "+d.Get("status").String()+"."))
	}
	before := d.Clone(r.Arena)
	r.returnPayout(d, "payout_cancel")
	d.SetString("status", "canceled")
	r.ClearTimer("payout", d.Get("id").String())
	payouts.Update(r.Call, d)
	emit(r.Call, "payout.canceled", d, changes(r.Call, before, d))
	return r.answer(d)
}

// reversePayout brings a payout back by a debit of the bank account
// [D docs.stripe.com/api/payouts/reverse, 2026-11].
func reversePayout(r *request) error {
	d, err := r.pathPayout()
	if err != nil {
		return err
	}
	if s := d.Get("status").String(); s != "paid" && s != "in_transit" || d.Get("original_payout").String() != "" || !d.Get("reversed_by").IsNull() {
		return executed(invalid("payout_reconciliation_not_ready", "", "This payout cannot be reversed.")) // believed
	}
	back := payoutTemplate.New(r.Arena)
	for _, m := range [...]string{"currency", "description", "destination", "method", "source_type", "statement_descriptor"} {
		back.SetDoc(m, d.Get(m))
	}
	id := longID(r.Call, "po_1")
	back.SetString("id", id)
	back.SetInt("amount", -d.Get("amount").Int64())
	back.SetInt("created", r.Unix())
	back.SetInt("arrival_date", payoutArrival(r.Now()).Unix())
	back.SetString("original_payout", d.Get("id").String())
	if isPlatform(r.Call) {
		back.Delete("trace_id")
		insertAfter(back, "reversed_by", "source_balance", "null")
	}
	r.setMetadata(back)
	txn := longID(r.Call, "txn_1")
	r.move(movement{id: txn, source: id, currency: d.Get("currency").String(), amount: d.Get("amount").Int64(), category: "payout_reversal", typ: "payout", describe: "STRIPE PAYOUT", available: true})
	back.SetString("balance_transaction", txn)
	if err := payouts.Insert(r.Call, back); err != nil {
		return err
	}
	d.SetString("reversed_by", id)
	payouts.Update(r.Call, d)
	emit(r.Call, "payout.created", back, sdk.Doc{})
	return r.answer(back)
}

func listPayouts(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	for _, name := range [...]string{"destination", "status"} {
		v := r.text(name)
		switch {
		case v == "":
		case q.Index == "":
			q.Index, q.Key = name, v
		default:
			q.Filter("$."+name, v)
		}
	}
	var also selection
	if v := r.params.Get("arrival_date"); v.Exists() {
		also.within("arrival_date", v)
	}
	return r.listAlso(payouts, q, also, "payout", "/v1/payouts")
}
