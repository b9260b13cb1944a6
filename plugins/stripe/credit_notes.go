package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func creditNotes() *sdk.Collection { return specOf["credit_note"].collection }

func creditNoteHandlers() {
	handle("PostCreditNotes", sdk.Modelled, createCreditNote)
	handle("GetCreditNotes", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		if v := r.text("customer"); v != "" {
			q.Index, q.Key = "customer", v
		}
		if v := r.text("invoice"); v != "" {
			q.Index, q.Key = "invoice", v
			if c := r.text("customer"); c != "" {
				q.Filter("$.customer", c)
			}
		}
		return r.list(creditNotes(), q, "credit_note", "/v1/credit_notes")
	})
	handle("GetCreditNotesId", sdk.Modelled, func(r *request) error {
		d, err := r.creditNote("id")
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("GetCreditNotesCreditNoteLines", sdk.Modelled, func(r *request) error {
		d, err := r.creditNote("credit_note")
		if err != nil {
			return err
		}
		return r.answerElements(d.Get("lines", "data"), "/v1/credit_notes/"+d.Get("id").String()+"/lines")
	})
	handle("PostCreditNotesId", sdk.Modelled, func(r *request) error {
		d, err := r.creditNote("id")
		if err != nil {
			return err
		}
		before := d.Clone(r.Arena)
		r.setText(d, "memo")
		r.setMetadata(d)
		if !before.Equal(d) {
			creditNotes().Update(r.Call, d)
			emit(r.Call, "credit_note.updated", d, changes(r.Call, before, d))
		}
		return r.answer(d)
	})
	handle("PostCreditNotesIdVoid", sdk.Modelled, voidCreditNote)
}

func (r *request) creditNote(param string) (sdk.Doc, error) {
	id := r.Value(param)
	d, ok := creditNotes().Get(r.Call, id)
	if !ok {
		return d, notFound("credit_note", id, param) // believed
	}
	return d, nil
}

// createCreditNote lowers what is due of an open invoice, or gives back what was
// paid: by a refund, to the customer's balance, or outside of the vendor
// [D docs.stripe.com/api/credit_notes/create, 2026-11].
func createCreditNote(r *request) error {
	id := r.text("invoice")
	inv, ok := invoices().Get(r.Call, id)
	if !ok {
		return missing("invoice", id, "invoice")
	}
	open := inv.Get("status").String() == "open"
	if !open && inv.Get("status").String() != "paid" {
		// [3, users' reports]
		return executed(invalid("", "", "You can only create credit notes for open or paid invoices. This invoice is "+inv.Get("status").String()+"."))
	}
	d := creditNoteTemplate.New(r.Arena)
	note := longID(r.Call, "cn_1")
	d.SetString("id", note)
	d.SetInt("created", r.Unix())
	d.SetInt("effective_at", r.Unix())
	d.SetDoc("currency", inv.Get("currency"))
	d.SetDoc("customer", inv.Get("customer"))
	d.SetString("invoice", id)
	r.setText(d, "memo")
	r.setText(d, "reason")
	r.setMetadata(d)
	amount, err := r.creditLines(d, inv)
	if err != nil {
		return err
	}
	for _, name := range [...]string{"amount", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"} {
		d.SetInt(name, amount)
	}
	n, err := r.creditNoteNumber(inv)
	if err != nil {
		return err
	}
	d.SetString("number", n)
	r.publishCreditNote(d)
	if open {
		d.SetString("type", "pre_payment")
		d.SetInt("pre_payment_amount", amount)
		if amount > inv.Get("amount_remaining").Int64() {
			return creditTooLarge(inv)
		}
	} else if err := r.creditBack(d, inv, amount); err != nil {
		return err
	}
	before := inv.Clone(r.Arena)
	if open {
		inv.SetInt("pre_payment_credit_notes_amount", inv.Get("pre_payment_credit_notes_amount").Int64()+amount)
		inv.SetInt("amount_due", inv.Get("amount_due").Int64()-amount)
		inv.SetInt("amount_remaining", inv.Get("amount_remaining").Int64()-amount)
		if inv.Get("amount_due").Int64() == 0 {
			r.settled(inv)
		}
	} else {
		inv.SetInt("post_payment_credit_notes_amount", inv.Get("post_payment_credit_notes_amount").Int64()+amount)
	}
	if err := creditNotes().Insert(r.Call, d); err != nil {
		return err
	}
	invoices().Update(r.Call, inv)
	emit(r.Call, "credit_note.created", d, sdk.Doc{})
	emit(r.Call, "invoice.updated", inv, changes(r.Call, before, inv))
	return r.answer(d)
}

// creditTooLarge is believed.
func creditTooLarge(inv sdk.Doc) error {
	return executed(invalid("", "", "The credit note's amount is greater than what is left of invoice "+inv.Get("id").String()+"."))
}

// creditLines makes the lines of a credit note, and adds them up; without any the
// amount is one line.
func (r *request) creditLines(d, inv sdk.Doc) (int64, error) {
	id := d.Get("id").String()
	list := d.Get("lines")
	list.SetString("url", "/v1/credit_notes/"+id+"/lines")
	add := func(typ, description string, amount, quantity, unit int64) sdk.Doc {
		line := creditNoteLineTemplate.New(r.Arena)
		line.SetString("id", longID(r.Call, "cnli_1"))
		line.SetInt("amount", amount)
		line.SetInt("amount_excluding_tax", amount)
		line.SetStringOrNull("description", description)
		line.SetInt("quantity", quantity)
		line.SetString("type", typ)
		line.SetInt("unit_amount", unit)
		line.SetString("unit_amount_decimal", formatInt(unit))
		line.SetString("unit_amount_excluding_tax", formatInt(unit))
		return line
	}
	sum := int64(0)
	for g := range r.params.Get("lines").All {
		quantity := max(g.Get("quantity").Int64(), 1)
		unit, description := g.Get("unit_amount").Int64(), g.Get("description").String()
		amount := unit * quantity
		if n, ok := g.Get("amount").Int(); ok {
			amount = n
		}
		of := g.Get("invoice_line_item").String()
		if of != "" {
			billed := itemOf(inv.Get("lines", "data"), of)
			if !billed.Exists() {
				return 0, missing("invoice_line_item", of, "lines[0][invoice_line_item]") // believed
			}
			if unit == 0 {
				unit = billed.Get("amount").Int64() / max(billed.Get("quantity").Int64(), 1)
			}
			if amount == 0 {
				amount = unit * quantity
			}
			description = textOr(description, billed.Get("description").String())
		}
		line := add(textOr(g.Get("type").String(), "custom_line_item"), description, amount, quantity, unit)
		if of != "" {
			insertAfter(line, "discount_amounts", "invoice_line_item", `""`)
			line.SetString("invoice_line_item", of)
		}
		list.Get("data").AddDoc(line)
		sum += amount
	}
	if list.Get("data").Len() == 0 {
		n, ok := r.params.Get("amount").Int()
		if !ok {
			// [3, users' reports]
			return 0, invalid("", "", "You must specify one of `amount`, `lines`, or `shipping_cost`.")
		}
		list.Get("data").AddDoc(add("custom_line_item", "", n, 1, n)) // believed
		sum = n
	}
	return sum, nil
}

// creditBack does what the parameters say of the amount of a paid invoice.
func (r *request) creditBack(d, inv sdk.Doc, amount int64) error {
	d.SetInt("post_payment_amount", amount)
	refund, _ := r.params.Get("refund_amount").Int()
	credit, _ := r.params.Get("credit_amount").Int()
	outside, _ := r.params.Get("out_of_band_amount").Int()
	id := r.text("refund")
	if id != "" {
		given, ok := refunds.Get(r.Call, id)
		if !ok {
			return missing("refund", id, "refund")
		}
		refund = given.Get("amount").Int64()
	}
	if refund+credit+outside != amount {
		// [3, users' reports]
		return executed(invalid("", "", "The sum of credit amount, refund amount and out of band amount ("+money(refund+credit+outside, inv.Get("currency").String())+") must equal the post payment credit note amount ("+money(amount, inv.Get("currency").String())+")."))
	}
	if amount > inv.Get("amount_paid").Int64()-inv.Get("post_payment_credit_notes_amount").Int64() {
		return creditTooLarge(inv)
	}
	if outside > 0 {
		d.SetInt("out_of_band_amount", outside)
	}
	if credit > 0 {
		if customer, ok := customers.Get(r.Call, inv.Get("customer").String()); ok {
			customer.SetInt("balance", customer.Get("balance").Int64()-credit)
			customers.Update(r.Call, customer)
		}
	}
	if refund > 0 && id == "" {
		made, err := r.refundInvoice(inv, refund)
		if err != nil {
			return err
		}
		id = made.Get("id").String()
	}
	if id != "" {
		d.SetString("refund", id)
		to := d.Get("refunds").AddObject()
		to.SetInt("amount_refunded", refund)
		if r.Unix() >= time20250801 {
			to.SetNull("payment_record_refund") // [R 2025-10-31, not 2025-04]
		}
		to.SetString("refund", id)
		if r.Unix() >= time20250801 {
			to.SetString("type", "refund")
		}
	}
	return nil
}

// time20250801 lies between the recordings that show what refunds of credit notes
// are made of, 2025-04 and 2025-10.
const time20250801 = 1754006400

func (r *request) refundInvoice(inv sdk.Doc, amount int64) (sdk.Doc, error) {
	given := r.params
	defer func() { r.params = given }()
	r.params = r.NewObject()
	r.params.SetString("payment_intent", inv.Get("payment_intent").String())
	r.params.SetString("amount", formatInt(amount))
	return r.refund()
}

// creditNoteNumber is the invoice's number, CN and a count [R].
func (r *request) creditNoteNumber(inv sdk.Doc) (string, error) {
	page, err := creditNotes().Find(r.Call, sdk.ListQuery{Limit: 99, Index: "invoice", Key: inv.Get("id").String()})
	if err != nil {
		return "", err
	}
	docs, _ := page.Docs(r.Call)
	n := formatInt(int64(len(docs) + 1))
	return inv.Get("number").String() + "-CN-" + strings.Repeat("0", max(0, 2-len(n))) + n, nil
}

// publishCreditNote gives a credit note its page, as publish does for invoices.
func (r *request) publishCreditNote(d sdk.Doc) {
	page := r.NewObject()
	r.publish(page)
	_, token, _ := strings.Cut(page.Get("invoice_pdf").String(), "/invoice/")
	d.SetString("pdf", "https://pay.stripe.com/credit_notes/"+token)
}

func voidCreditNote(r *request) error {
	d, err := r.creditNote("id")
	if err != nil {
		return err
	}
	if d.Get("status").String() == "void" || d.Get("type").String() != "pre_payment" {
		return executed(invalid("", "", "Only credit notes of open invoices that are not void can be voided.")) // believed
	}
	inv, ok := invoices().Get(r.Call, d.Get("invoice").String())
	if !ok || inv.Get("status").String() != "open" {
		return executed(invalid("", "", "Only credit notes of open invoices that are not void can be voided.")) // believed
	}
	amount := d.Get("amount").Int64()
	for _, name := range [...]string{"amount_due", "amount_remaining"} {
		inv.SetInt(name, inv.Get(name).Int64()+amount)
	}
	inv.SetInt("pre_payment_credit_notes_amount", inv.Get("pre_payment_credit_notes_amount").Int64()-amount)
	invoices().Update(r.Call, inv)
	d.SetString("status", "void")
	d.SetInt("voided_at", r.Unix())
	creditNotes().Update(r.Call, d)
	emit(r.Call, "credit_note.voided", d, sdk.Doc{})
	return r.answer(d)
}
