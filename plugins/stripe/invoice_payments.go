package main

import "github.com/mirrahq/mirra/sdk"

func invoicePaymentHandlers() {
	handle("GetInvoicePayments", sdk.Exact, listInvoicePayments)
	handle("GetInvoicePaymentsInvoicePayment", sdk.Modelled, func(r *request) error {
		id := r.Value("invoice_payment")
		d, ok := invoicePayments().Get(r.Call, id)
		if !ok {
			return notFound("invoice_payment", id, "invoice_payment") // believed
		}
		return r.answer(d)
	})
}

func invoicePayments() *sdk.Collection { return specOf["invoice_payment"].collection }

func listInvoicePayments(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	if id := r.text("invoice"); id != "" {
		if _, ok := invoices().Get(r.Call, id); !ok {
			return missing("invoice", id, "invoice")
		}
		q.Index, q.Key = "invoice", id
	}
	if id := r.text("payment", "payment_intent"); id != "" {
		// [R 2025-10-29] one that is not there has none
		if q.Index == "" {
			q.Index, q.Key = "payment.payment_intent", id
		} else {
			q.Filter("$.payment.payment_intent", id)
		}
	}
	if v := r.text("payment", "type"); v != "" {
		q.Filter("$.payment.type", v)
	}
	if v := r.text("status"); v != "" {
		q.Filter("$.status", v)
	}
	return r.list(invoicePayments(), q, "invoice_payment", "/v1/invoice_payments")
}

// orderReference is how many characters of its invoice's id a payment shows
// [R 2025-10-29].
const orderReference = 25

// invoiceIntent makes the payment intent of an open invoice, and what ties the
// two since basil [R 2022-11-15 to 2026-03-25].
func (r *request) invoiceIntent(inv, method sdk.Doc) (sdk.Doc, error) {
	d := paymentIntentTemplate.New(r.Arena)
	id := longID(r.Call, "pi_3")
	amount, currency, invoice := inv.Get("amount_remaining").Int64(), inv.Get("currency").String(), inv.Get("id").String()
	d.SetString("id", id)
	d.SetInt("amount", amount)
	d.SetString("capture_method", "automatic")
	d.SetString("client_secret", id+"_secret_"+r.Random(sdk.Objects, 25, sdk.Base62))
	d.SetInt("created", r.Unix())
	d.SetString("currency", currency)
	d.SetString("customer", inv.Get("customer").String())
	d.SetString("description", describePayment(inv))
	d.SetString("invoice", invoice)
	insertAfter(d, "on_behalf_of", "payment_details", `{"customer_reference":null,"order_reference":""}`)
	d.Get("payment_details").SetString("order_reference", invoice[:min(len(invoice), orderReference)])
	if inv.Get("parent", "subscription_details").Kind() == sdk.Object {
		d.SetString("setup_future_usage", "off_session")
	}
	types := d.Get("payment_method_types")
	for _, t := range r.enabledMethods("invoice_payment_methods", d, true) {
		types.AddString(t)
		if text, ok := invoiceOptions[t]; ok {
			d.Get("payment_method_options").SetSorted(t, text)
		}
	}
	if method.Exists() {
		d.SetString("payment_method", method.Get("id").String())
		d.SetString("status", "requires_confirmation")
	}
	if err := paymentIntents.Insert(r.Call, d); err != nil {
		return d, err
	}
	p := invoicePaymentTemplate.New(r.Arena)
	p.SetString("id", longID(r.Call, "inpay_1"))
	p.SetInt("amount_requested", amount)
	p.SetInt("created", r.Unix())
	p.SetString("currency", currency)
	p.SetString("invoice", invoice)
	p.Get("payment").SetString("payment_intent", id)
	if err := invoicePayments().Insert(r.Call, p); err != nil {
		return d, err
	}
	inv.SetString("payment_intent", id)
	invoices().Update(r.Call, inv)
	emit(r.Call, "payment_intent.created", d, sdk.Doc{})
	return d, nil
}

// describePayment is the description of an invoice's payment [R].
func describePayment(inv sdk.Doc) string {
	switch inv.Get("billing_reason").String() {
	case "subscription_create":
		return "Subscription creation"
	case "subscription_update", "subscription_cycle":
		return "Subscription update"
	}
	if inv.Get("parent", "subscription_details").Kind() == sdk.Object {
		return "Subscription update" // believed of manual invoices
	}
	return "Payment for Invoice"
}

// endPayment closes the payment of an invoice.
func (r *request) endPayment(inv sdk.Doc, status string) {
	page, err := invoicePayments().Find(r.Call, sdk.ListQuery{Limit: 1, Index: "payment.payment_intent", Key: inv.Get("payment_intent").String()})
	if err != nil {
		return
	}
	docs, _ := page.Docs(r.Call)
	for _, p := range docs {
		at := "canceled_at"
		if status == "paid" {
			at = "paid_at"
			p.SetInt("amount_paid", p.Get("amount_requested").Int64())
		}
		p.SetString("status", status)
		p.Get("status_transitions").SetInt(at, r.Unix())
		invoicePayments().Update(r.Call, p)
		if status == "paid" {
			emit(r.Call, "invoice_payment.paid", p, sdk.Doc{})
		}
	}
}

// includePayments shows the payments of an invoice, which answers have only when
// they are expanded, since basil [R 2025-03-31].
func includePayments(r *request, d sdk.Doc) {
	if !r.since(basil) {
		return
	}
	insertAfter(d, "payment_settings", "payments", `{"object":"list","data":[],"has_more":false,"url":"/v1/invoices/payments"}`)
	page, err := invoicePayments().Find(r.Call, sdk.ListQuery{Limit: 10, Index: "invoice", Key: d.Get("id").String()})
	if err != nil {
		return
	}
	docs, _ := page.Docs(r.Call)
	for _, p := range docs {
		d.Get("payments", "data").AddDoc(p)
	}
}

// includeSecret shows what confirms the payment of an invoice, as payments.
func includeSecret(r *request, d sdk.Doc) {
	if !r.since(basil) {
		return
	}
	insertAfter(d, "collection_method", "confirmation_secret", "null")
	if p, ok := paymentIntents.Get(r.Call, d.Get("payment_intent").String()); ok {
		to := d.SetObject("confirmation_secret")
		to.SetDoc("client_secret", p.Get("client_secret"))
		to.SetString("type", "payment_intent")
	}
}
