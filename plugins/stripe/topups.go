package main

import "github.com/mirrahq/mirra/sdk"

var topups = stripe.Collect(&sdk.Collection{
	Type: "topup", Entity: "topups", Prefix: "tu_", Random: 24, Index: []string{"status"}, Aliases: []string{"topup"},
	Fields: []string{"id", "status", "amount", "currency"},
})

// topupTemplate [S fixtures.2024-06-20].
var topupTemplate = sdk.MustTemplate(`{"id":"","object":"topup","amount":0,"balance_transaction":null,"created":0,"currency":"","description":null,"expected_availability_date":0,"failure_code":null,"failure_message":null,"livemode":false,"metadata":{},"source":null,"statement_descriptor":null,"status":"pending","transfer_group":null}`)

func topupHandlers() {
	handle("PostTopups", sdk.Modelled, createTopup)
	handle("GetTopups", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		if v := r.text("status"); v != "" {
			q.Index, q.Key = "status", v
		}
		var also selection
		if v := r.params.Get("amount"); v.Exists() {
			also.within("amount", v)
		}
		return r.listAlso(topups, q, also, "top-up", "/v1/topups")
	})
	handle("GetTopupsTopup", sdk.Modelled, func(r *request) error {
		d, err := r.pathTopup()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostTopupsTopup", sdk.Modelled, func(r *request) error {
		d, err := r.pathTopup()
		if err != nil {
			return err
		}
		r.setText(d, "description")
		r.setMetadata(d)
		topups.Update(r.Call, d)
		return r.answer(d)
	})
	handle("PostTopupsTopupCancel", sdk.Modelled, func(r *request) error {
		d, err := r.pathTopup()
		if err != nil {
			return err
		}
		if d.Get("status").String() != "pending" {
			return executed(invalid("", "", "Only pending top-ups can be canceled. This top-up has a status of "+d.Get("status").String()+".")) // wording believed
		}
		before := d.Clone(r.Arena)
		d.SetString("status", "canceled")
		r.ClearTimer("topup", d.Get("id").String())
		topups.Update(r.Call, d)
		emit(r.Call, "topup.canceled", d, changes(r.Call, before, d))
		return r.answer(d)
	})
	stripe.OnTimer("topup", topupTimer)
}

func (r *request) pathTopup() (sdk.Doc, error) {
	id := r.Value("topup")
	d, ok := topups.Get(r.Call, id)
	if !ok {
		return d, notFound("topup", id, "topup") // both are believed
	}
	return d, nil
}

func createTopup(r *request) error {
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	amount, _ := r.params.Get("amount").Int()
	if amount < 1 {
		return invalid("parameter_invalid_integer", "amount", "This value must be greater than or equal to 1.") // [R-like]
	}
	d := topupTemplate.New(r.Arena)
	id := longID(r.Call, "tu_1")
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	for _, m := range [...]string{"description", "statement_descriptor", "transfer_group"} {
		r.setText(d, m)
	}
	at := availableOn(r.Now(), 2)
	d.SetInt("expected_availability_date", at.Unix())
	r.setMetadata(d)
	if err := topups.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "topup.created", d, sdk.Doc{})
	r.SetTimer("topup", id, at, timerPayload(r.Call, id, ""))
	return r.answer(d)
}

// topupTimer ends a top-up [D docs.stripe.com/connect/top-ups, 2026-11].
func topupTimer(c *sdk.Call, payload string) error {
	r, id, _ := timed(c, payload)
	d, ok := topups.Get(c, id)
	if !ok || d.Get("status").String() != "pending" {
		return nil
	}
	before := d.Clone(c.Arena)
	txn := longID(c, "txn_1")
	r.move(movement{id: txn, source: id, currency: d.Get("currency").String(), amount: d.Get("amount").Int64(), category: "topup", typ: "topup", describe: d.Get("description").String(), available: true})
	d.SetString("balance_transaction", txn)
	d.SetString("status", "succeeded")
	topups.Update(c, d)
	emit(c, "topup.succeeded", d, changes(c, before, d))
	return nil
}
