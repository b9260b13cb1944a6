package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var balanceTransactions = stripe.Collect(&sdk.Collection{
	Type: "balance_transaction", Entity: "balance_transactions", Prefix: "txn_", Random: 24,
	Index:   []string{"source"},
	Aliases: []string{"balance_transaction", "txn"},
	Fields:  []string{"id", "type", "amount", "fee", "net", "status", "source"},
})

// balanceTransactionTemplate [R 2024-12-18.acacia and 2023-10-16, alike].
var balanceTransactionTemplate = sdk.MustTemplate(`{"id":"","object":"balance_transaction","amount":0,"available_on":0,"balance_type":"payments","created":0,"currency":"","description":null,"exchange_rate":null,"fee":0,"fee_details":[],"net":0,"reporting_category":"","source":"","status":"pending","type":""}`)

func balanceHandlers() {
	handle("GetBalance", sdk.Exact, getBalance)
	for _, path := range [...]string{"BalanceTransactions", "BalanceHistory"} {
		handle("Get"+path, sdk.Exact, listBalanceTransactions)
		handle("Get"+path+"Id", sdk.Exact, func(r *request) error {
			id := r.Value("id")
			d, ok := balanceTransactions.Get(r.Call, id)
			if !ok {
				return notFound("balance transaction", id, "id") // believed
			}
			return r.answer(d)
		})
	}
}

// movement is one change of the balance.
type movement struct {
	id, source, currency    string
	amount, fee             int64
	feeText                 string
	category, typ, describe string
	available               bool  // at once, without the pending balance
	on                      int64 // when it is available if not at once, 0 for two business days
}

// move records a change of the balance. Funds become available two business
// days later at midnight UTC [R: Mon→Wed, Thu→Mon, Fri→Tue, Sat and Sun→Tue].
func (r *request) move(m movement) sdk.Doc {
	d := balanceTransactionTemplate.New(r.Arena)
	d.SetString("id", m.id)
	d.SetInt("amount", m.amount)
	at := availableOn(r.Now(), 2)
	if m.on != 0 {
		at = time.Unix(m.on, 0).UTC()
	}
	if m.available {
		at = r.Now()
		d.SetString("status", "available")
	}
	d.SetInt("available_on", at.Unix())
	d.SetInt("created", r.Unix())
	d.SetString("currency", m.currency)
	d.SetStringOrNull("description", m.describe)
	d.SetInt("fee", m.fee)
	if m.fee != 0 {
		f := d.Get("fee_details").AddObject()
		f.SetInt("amount", m.fee)
		f.SetNull("application")
		f.SetString("currency", m.currency)
		f.SetString("description", m.feeText)
		f.SetString("type", "stripe_fee")
	}
	d.SetInt("net", m.amount-m.fee)
	d.SetString("reporting_category", m.category)
	d.SetString("source", m.source)
	d.SetString("type", m.typ)
	if err := balanceTransactions.Insert(r.Call, d); err != nil {
		panic(err.Error()) // an id minted twice
	}
	if !m.available {
		day := at.Format("2006-01-02")
		r.SetTimer("available", r.Account()+"/"+day, at, timerPayload(r.Call, formatInt(at.Unix()), ""))
	}
	return d
}

// payable is when the funds of a charge are there for a payout: as its account's
// schedule says, or that of the account which gets them [R 2023-10 to 2024-12,
// destinations of 1, 2 and 7 days].
func (r *request) payable(charge sdk.Doc) int64 {
	to := r.ownAccount()
	if d, ok := r.connectedAccount(charge.Get("destination").String()); ok {
		to = d
	}
	days, ok := to.Get("settings", "payouts", "schedule", "delay_days").Int()
	if !ok {
		days = 2
	}
	return availableOn(r.Now(), days).Unix()
}

// longDelay is the first number of days of a payout schedule that counts days of
// the calendar, not those of business [R 7; 2 and 3].
const longDelay = 5

// availableOn is midnight behind some days, business days if they are few;
// weekends then count as the Monday after them.
func availableOn(now time.Time, days int64) time.Time {
	day := now.Truncate(24 * time.Hour)
	if days >= longDelay {
		return day.AddDate(0, 0, int(days))
	}
	for left := days; left > 0; {
		day = day.AddDate(0, 0, 1)
		if w := day.Weekday(); w != time.Saturday && w != time.Sunday && !bankHoliday(day) {
			left--
		}
	}
	return day
}

// bankHoliday tells whether banks in the US are closed on a weekday
// [D federalreserve.gov/aboutthefed/k8.htm, 2026-11; R 2023-12-24 and -29: a day
// later over Christmas and New Year].
func bankHoliday(day time.Time) bool {
	_, month, d := day.Date()
	nth := (d + 6) / 7
	fixed := func(m time.Month, at int) bool { // on a Sunday the Monday is off
		return month == m && (d == at || d == at+1 && day.Weekday() == time.Monday)
	}
	monday := day.Weekday() == time.Monday
	switch {
	case fixed(time.January, 1), fixed(time.June, 19), fixed(time.July, 4), fixed(time.November, 11), fixed(time.December, 25):
		return true
	case monday && nth == 3 && (month == time.January || month == time.February), monday && nth == 1 && month == time.September,
		monday && nth == 2 && month == time.October, monday && month == time.May && d > 24:
		return true
	}
	return month == time.November && nth == 4 && day.Weekday() == time.Thursday
}

// settle gives a captured charge its balance transaction.
func (r *request) settle(charge sdk.Doc, card *testCard) {
	id := siblingID(r.Call, "txn_", charge.Get("id").String())
	r.settleAs(charge, card, id)
}

func (r *request) settleAs(charge sdk.Doc, card *testCard, id string) {
	captured := charge.Get("amount_captured").Int64()
	if captured == 0 {
		captured = charge.Get("amount").Int64()
	}
	r.move(movement{
		id: id, source: charge.Get("id").String(), currency: charge.Get("currency").String(), amount: captured,
		fee: processingFee(r.ownAccount(), captured, charge.Get("payment_method_details", "card")), feeText: "Stripe processing fees",
		category: "charge", typ: "charge", describe: charge.Get("description").String(), available: card.available, on: r.payable(charge),
	})
	charge.SetString("balance_transaction", id)
	if err := r.routeCharge(charge); err != nil {
		panic(err.Error()) // ids minted twice
	}
}

// settleTimer is the moment after an asynchronous capture.
func settleTimer(c *sdk.Call, payload string) error {
	r, id, txn := timed(c, payload)
	charge, ok := charges.Get(c, id)
	if !ok {
		return nil
	}
	r.settleAs(charge, cardOf(charge.Get("payment_method_details", "card")), txn)
	charges.Update(c, charge)
	previous := r.NewObject()
	previous.SetNull("balance_transaction")
	emit(c, "charge.updated", charge, previous)
	return nil
}

var pendingAt = sdk.Define(`SELECT doc FROM objects WHERE type = 'balance_transaction' AND account = ?1 AND deleted = 0 AND doc ->> '$.status' = 'pending' AND CAST(doc ->> '$.available_on' AS INTEGER) <= ?2 LIMIT 200`)

// availableTimer moves pending funds to the available balance.
func availableTimer(c *sdk.Call, payload string) error {
	r, _, _ := timed(c, payload)
	rows := pendingAt.MustRun(c.Args().Text(c.Account()).Int(c.Unix()))
	n := rows.Count()
	for rows.Next() {
		d := c.Trusted(rows.Text())
		d.SetString("status", "available")
		balanceTransactions.Update(c, d)
	}
	if n == 200 {
		c.Continue("available", c.Account()+"/more", payload)
		return nil
	}
	if n > 0 {
		emit(c, "balance.available", r.balance(), sdk.Doc{})
	}
	return nil
}

var sumBalance = sdk.Define(`SELECT doc ->> '$.currency', coalesce(sum(CASE WHEN doc ->> '$.status' = 'available' THEN CAST(doc ->> '$.net' AS INTEGER) END), 0),
	coalesce(sum(CASE WHEN doc ->> '$.status' = 'pending' THEN CAST(doc ->> '$.net' AS INTEGER) END), 0)
	FROM objects WHERE type = 'balance_transaction' AND account = ?1 AND deleted = 0 GROUP BY 1 ORDER BY 1 = 'usd' DESC, 1`)

// balance adds the balance transactions up [R 2023-10-16 members and order].
func (r *request) balance() sdk.Doc {
	d := r.NewObject()
	d.SetString("object", "balance")
	available := d.SetArray("available")
	d.SetBool("livemode", false)
	pending := d.SetArray("pending")
	rows := sumBalance.MustRun(r.Args().Text(r.Account()))
	add := func(to sdk.Doc, amount int64, currency string) {
		e := to.AddObject()
		e.SetInt("amount", amount)
		e.SetString("currency", currency)
		e.SetObject("source_types").SetInt("card", amount)
	}
	none := true
	for rows.Next() {
		currency, now, later := rows.Text(), rows.Int(), rows.Int()
		add(available, now, currency)
		add(pending, later, currency)
		none = none && currency != "usd"
	}
	if none {
		add(available, 0, "usd")
		add(pending, 0, "usd")
	}
	return d
}

func getBalance(r *request) error { return r.answer(r.balance()) }

func listBalanceTransactions(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	where := 0
	for _, name := range [...]string{"type", "currency"} {
		if v := r.text(name); v != "" {
			q.Where[where] = sdk.Condition{Path: "$." + name, Value: strings.ToLower(v)}
			where++
		}
	}
	if v := r.text("source"); v != "" {
		q.Index, q.Key = "source", v
	}
	return r.list(balanceTransactions, q, "balance transaction", "/v1/balance_transactions")
}
