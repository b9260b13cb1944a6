package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func invoices() *sdk.Collection { return specOf["invoice"].collection }

func invoiceHandlers() {
	handle("PostInvoices", sdk.Modelled, createInvoice)
	handle("GetInvoices", sdk.Exact, listInvoices)
	handle("GetInvoicesInvoice", sdk.Exact, onInvoice(func(*request, sdk.Doc) error { return nil }))
	handle("PostInvoicesInvoice", sdk.Modelled, onInvoice(updateInvoice))
	handle("DeleteInvoicesInvoice", sdk.Modelled, deleteInvoice)
	handle("GetInvoicesInvoiceLines", sdk.Modelled, listInvoiceLines)
	handle("PostInvoicesInvoiceFinalize", sdk.Modelled, onInvoice(finalizeInvoice))
	handle("PostInvoicesInvoicePay", sdk.Modelled, onInvoice(payInvoiceOperation))
	handle("PostInvoicesInvoiceSend", sdk.Modelled, onInvoice(sendInvoice))
	handle("PostInvoicesInvoiceVoid", sdk.Modelled, onInvoice(voidInvoice))
	handle("PostInvoicesInvoiceMarkUncollectible", sdk.Modelled, onInvoice(markUncollectible))
}

// onInvoice runs an operation on the invoice that the path names and answers
// with what it left.
func onInvoice(run func(r *request, d sdk.Doc) error) func(r *request) error {
	return func(r *request) error {
		d, ok := invoices().Get(r.Call, r.Value("invoice"))
		if !ok {
			return notFound("invoice", r.Value("invoice"), "invoice")
		}
		if err := run(r, d); err != nil {
			return err
		}
		if now, ok := invoices().Get(r.Call, d.Get("id").String()); ok {
			d = now
		}
		return r.answer(d)
	}
}

// newInvoice makes a draft of a customer's. It is not kept yet.
func (r *request) newInvoice(customer sdk.Doc, currency, reason string) sdk.Doc {
	d := invoiceTemplate.New(r.Arena)
	id := longID(r.Call, "in_1")
	d.SetString("id", id)
	account := r.ownAccount()
	d.SetDoc("account_country", account.Get("country"))
	d.SetDoc("account_name", account.Get("settings", "dashboard", "display_name"))
	d.SetString("billing_reason", reason)
	now := r.Unix()
	for _, name := range [...]string{"created", "period_end", "period_start"} {
		d.SetInt(name, now)
	}
	d.SetString("currency", currency)
	d.SetString("customer", customer.Get("id").String())
	for _, name := range [...]string{"address", "email", "name", "phone", "shipping", "tax_exempt"} {
		d.SetDoc("customer_"+name, customer.Get(name))
	}
	r.customerTaxIDs(d, customer)
	d.Get("lines").SetString("url", "/v1/invoices/"+id+"/lines")
	d.SetInt("starting_balance", customer.Get("balance").Int64())
	// [D docs.stripe.com/api/invoices/object#invoice_object-webhooks_delivered_at,
	// 2026-11] that of creation where there was nothing to deliver
	if len(targetsFor(r.Call, "invoice.created")) == 0 {
		d.SetInt("webhooks_delivered_at", now)
	}
	return d
}

// customerTaxIDs shows what the customer is registered as.
func (r *request) customerTaxIDs(d, customer sdk.Doc) {
	page, err := specOf["tax_id"].collection.Find(r.Call, sdk.ListQuery{Limit: 10, Where: [4]sdk.Condition{{Path: "$.customer", Value: customer.Get("id").String()}}})
	if err != nil {
		return
	}
	docs, _ := page.Docs(r.Call)
	for _, x := range docs {
		to := d.Get("customer_tax_ids").AddObject()
		to.SetDoc("type", x.Get("type"))
		to.SetDoc("value", x.Get("value"))
	}
}

// ofSubscription says what an invoice is for.
func (r *request) ofSubscription(inv, d sdk.Doc) {
	id := d.Get("id").String()
	parent := inv.SetObject("parent")
	parent.SetNull("quote_details")
	details := parent.SetObject("subscription_details")
	details.SetDoc("metadata", d.Get("metadata"))
	details.SetString("subscription", id)
	parent.SetString("type", "subscription_details")
	inv.SetString("subscription", id)
	inv.Get("subscription_details").SetDoc("metadata", d.Get("metadata"))
	for _, name := range [...]string{"default_payment_method", "default_source", "collection_method", "on_behalf_of"} {
		inv.SetDoc(name, d.Get(name))
	}
}

func createInvoice(r *request) error {
	id := r.text("customer")
	if id == "" {
		return invalid("parameter_missing", "customer", "Missing required param: customer.") // [R] wording
	}
	customer, ok := customers.Get(r.Call, id)
	if !ok {
		return missing("customer", id, "customer")
	}
	currency := textOr(customer.Get("currency").String(), r.ownAccount().Get("default_currency").String())
	if r.given("currency") {
		c, err := r.currency("currency")
		if err != nil {
			return err
		}
		currency = c
	}
	d := r.newInvoice(customer, currency, "manual")
	d.SetJSON("rendering", `{"amount_tax_display":null,"pdf":{"page_size":"auto"},"template":null,"template_version":null}`) // [R 2024-06-20 to 2025-11-17]
	var sub sdk.Doc
	if id := r.text("subscription"); id != "" {
		if sub, ok = subscriptions().Get(r.Call, id); !ok {
			return missing("subscription", id, "subscription")
		}
		r.ofSubscription(d, sub)
		d.SetString("currency", sub.Get("currency").String())
		d.SetInt("period_start", sub.Get("current_period_start").Int64()) // [R 2025-10-29]
	}
	if err := r.setInvoice(d); err != nil {
		return err
	}
	if err := reachable(d, customer); err != nil {
		return err
	}
	discounts, err := r.discountsGiven(r.params, "", id)
	if err != nil {
		return err
	}
	for _, x := range discounts {
		x.SetString("invoice", d.Get("id").String())
		if err := specOf["discount"].collection.Insert(r.Call, x); err != nil {
			return err
		}
	}
	r.applyDiscounts(d, discounts)
	// Pending items stay so unless they are asked for
	// [D docs.stripe.com/changelog, 2022-08-01]; those of a subscription are not.
	pending := r.text("pending_invoice_items_behavior")
	if pending == "" && !r.since(v20220801) {
		pending = "include" // [D as above: the default before]
	}
	if pending == "include" || pending == "" && sub.Exists() {
		items, err := r.pendingItems(id, d.Get("currency").String(), sub)
		if err != nil {
			return err
		}
		for _, item := range items {
			r.lineOfItem(d, item)
			invoiceItems().Update(r.Call, item)
		}
	}
	r.total(d)
	if !r.after(draftsNumbered) {
		r.numberInvoice(d, customer)
		customers.Update(r.Call, customer)
	}
	if err := invoices().Insert(r.Call, d); err != nil {
		return err
	}
	customerCurrency(r, customer, d.Get("currency").String())
	emit(r.Call, "invoice.created", d, sdk.Doc{})
	if d.Get("auto_advance").Bool() {
		r.draftFor(d, time.Hour)
		invoices().Update(r.Call, d)
	}
	return r.answer(d)
}

// reachable refuses to send invoices, those of a subscription too, to a customer
// without an address [R POST /v1/invoices, 2025-11-17; subscriptions believed].
func reachable(d, customer sdk.Doc) error {
	if d.Get("collection_method").String() != "send_invoice" || customer.Get("email").String() != "" {
		return nil
	}
	return executed(invalid("", "", "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid email."))
}

// draftFor leaves a draft for a while before it is finalized by itself
// [D docs.stripe.com/billing/invoices/workflow, 2026-11]: an hour.
func (r *request) draftFor(d sdk.Doc, wait time.Duration) {
	at := r.Now().Add(wait)
	d.SetBool("auto_advance", true)
	d.SetInt("automatically_finalizes_at", at.Unix())
	if d.Get("collection_method").String() == "charge_automatically" {
		d.SetInt("next_payment_attempt", at.Unix())
	}
	r.SetTimer("finalize", d.Get("id").String(), at, timerPayload(r.Call, d.Get("id").String(), ""))
}

// setInvoice copies the parameters that create and update share.
func (r *request) setInvoice(d sdk.Doc) error {
	if r.is("automatic_tax", "enabled") || r.params.Get("default_tax_rates").Len() > 0 {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra does not calculate taxes yet."}
	}
	if days, ok := r.params.Get("days_until_due").Int(); ok {
		d.SetInt("due_date", r.Unix()+days*24*3600)
	}
	picked := r.NewObject()
	for _, name := range [...]string{
		"account_tax_ids", "application_fee_amount", "auto_advance", "collection_method", "custom_fields", "default_payment_method", "default_source", "description",
		"due_date", "effective_at", "footer", "issuer", "metadata", "number", "on_behalf_of", "payment_settings", "rendering", "shipping_details", "statement_descriptor",
	} {
		if v := r.params.Get(name); v.Exists() {
			picked.SetDoc(name, v)
		}
	}
	engine.Apply(r.Call, d, shapeOf("invoice"), picked)
	return nil
}

func listInvoices(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	if id := r.text("customer"); id != "" {
		if d, _ := customers.GetAny(r.Call, id); !d.Exists() {
			return missing("customer", id, "customer") // [R 2025-11-17]
		}
		q.Index, q.Key = "customer", id
	}
	if id := r.text("subscription"); id != "" {
		q.Filter("$.parent.subscription_details.subscription", id)
	}
	for _, name := range [...]string{"status", "collection_method"} {
		if v := r.text(name); v != "" {
			q.Filter("$."+name, v)
		}
	}
	var also selection
	if v := r.params.Get("due_date"); v.Exists() {
		also.within("due_date", v)
	}
	return r.listAlso(invoices(), q, also, "invoice", "/v1/invoices")
}

func listInvoiceLines(r *request) error {
	d, ok := invoices().Get(r.Call, r.Value("invoice"))
	if !ok {
		return notFound("invoice", r.Value("invoice"), "invoice")
	}
	return r.answerElements(d.Get("lines", "data"), "/v1/invoices/"+d.Get("id").String()+"/lines")
}

// answerElements answers with a page of a list that is part of a document.
func (r *request) answerElements(data sdk.Doc, url string) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	var out []sdk.Doc
	on := q.After == ""
	for x := range data.All {
		if on {
			out = append(out, x)
		}
		on = on || x.Get("id").String() == q.After
	}
	return r.answerList(out[:min(q.Limit, len(out))], len(out) > q.Limit, url)
}

// notDraft refuses to change what has been finalized; wording [3, users' reports].
func notDraft(d sdk.Doc) error {
	return executed(invalid("invoice_not_editable", "", "Only draft invoices can be modified. This invoice is no longer a draft: "+d.Get("id").String()+"."))
}

func updateInvoice(r *request, d sdk.Doc) error {
	before := d.Clone(r.Arena)
	if d.Get("status").String() != "draft" && (r.given("discounts") || r.given("collection_method") || r.given("due_date")) {
		return notDraft(d)
	}
	if err := r.setInvoice(d); err != nil {
		return err
	}
	if r.given("discounts") {
		discounts, err := r.discountsGiven(r.params, "", d.Get("customer").String())
		if err != nil {
			return err
		}
		for _, x := range discounts {
			x.SetString("invoice", d.Get("id").String())
			_ = specOf["discount"].collection.Insert(r.Call, x) // one that is there already keeps its place
		}
		r.applyDiscounts(d, discounts)
		r.total(d)
	}
	invoices().Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "invoice.updated", d, previous)
	}
	return nil
}

func deleteInvoice(r *request) error {
	id := r.Value("invoice")
	d, ok := invoices().Get(r.Call, id)
	if !ok {
		return notFound("invoice", id, "invoice")
	}
	if d.Get("status").String() != "draft" {
		// [3, users' reports]
		return executed(invalid("", "", "You can only delete draft invoices. To void a non-draft invoice, use the void endpoint."))
	}
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "invoice")
	tombstone.SetBool("deleted", true)
	r.releaseItems(d)
	invoices().Delete(r.Call, id, tombstone)
	r.ClearTimer("finalize", id)
	emit(r.Call, "invoice.deleted", d, sdk.Doc{})
	return r.JSON(tombstone)
}

func finalizeInvoice(r *request, d sdk.Doc) error {
	if d.Get("status").String() != "draft" {
		// [3, users' reports]
		return executed(invalid("", "", "This invoice is already finalized, you can't re-finalize a non-draft invoice."))
	}
	if r.given("auto_advance") {
		d.SetBool("auto_advance", r.is("auto_advance"))
	}
	return r.finalize(d)
}

// draftsNumbered is until when drafts had their number: in 2020-09, not in 2021-04 [R].
var draftsNumbered = day("2020-12-15")

// numberInvoice gives an invoice the customer's next number.
func (r *request) numberInvoice(d, customer sdk.Doc) {
	if !d.Get("number").IsNull() {
		return
	}
	n := max(customer.Get("next_invoice_sequence").Int64(), 1)
	number := strconv.FormatInt(n, 10)
	for len(number) < 4 {
		number = "0" + number
	}
	d.SetString("number", customer.Get("invoice_prefix").String()+"-"+number)
	if customer.Exists() {
		customer.SetInt("next_invoice_sequence", n+1)
	}
}

// finalize makes an open invoice of a draft: it gets its number, and the
// customer's balance is settled against it. One with nothing to pay is paid.
func (r *request) finalize(d sdk.Doc) error {
	customer, _ := customers.Get(r.Call, d.Get("customer").String())
	r.total(d)
	id := d.Get("id").String()
	r.ClearTimer("finalize", id)
	d.SetNull("automatically_finalizes_at")
	if d.Get("effective_at").IsNull() {
		d.SetInt("effective_at", r.Unix())
	}
	if customer.Exists() && customer.Get("invoice_prefix").String() == "" {
		customer.SetString("invoice_prefix", strings.ToUpper(r.Random(sdk.Objects, 8, sdk.Hex))) // of a seed
	}
	r.numberInvoice(d, customer)
	start := d.Get("starting_balance").Int64()
	end := start + d.Get("total").Int64() - d.Get("amount_due").Int64()
	d.SetInt("ending_balance", end)
	if customer.Exists() {
		customer.SetInt("balance", end)
		customers.Update(r.Call, customer)
	}
	r.publish(d)
	if d.Get("rendering", "pdf", "page_size").String() == "auto" {
		d.Get("rendering", "pdf").SetString("page_size", "letter") // [R] letter in the US and Canada
	}
	d.SetString("status", "open")
	d.Get("status_transitions").SetInt("finalized_at", r.Unix())
	due := d.Get("amount_due").Int64()
	if d.Get("collection_method").String() == "send_invoice" {
		d.SetNull("next_payment_attempt")
		if d.Get("due_date").IsNull() {
			d.SetInt("due_date", r.Unix()+r.daysUntilDue(d)*24*3600)
		}
	}
	if due == 0 {
		r.settled(d)
	}
	invoices().Update(r.Call, d)
	emit(r.Call, "invoice.finalized", d, sdk.Doc{})
	if due == 0 {
		emit(r.Call, "invoice.paid", d, sdk.Doc{})
		emit(r.Call, "invoice.payment_succeeded", d, sdk.Doc{})
	}
	return nil
}

// daysUntilDue of an invoice that is sent: its subscription's, else 30
// [D docs.stripe.com/api/invoices/create#create_invoice-days_until_due, 2026-11; believed].
func (r *request) daysUntilDue(d sdk.Doc) int64 {
	if sub, ok := subscriptions().Get(r.Call, d.Get("subscription").String()); ok {
		if n, ok := sub.Get("days_until_due").Int(); ok {
			return n
		}
	}
	return 30
}

// publish gives an invoice its pages.
func (r *request) publish(d sdk.Doc) {
	page, host, asked := accountID(r.Call)+"/", "https://invoice.stripe.com/i/", ""
	switch now := r.Unix(); {
	case now < pagesOfAccounts:
		page, host = "invst_"+r.Random(sdk.Objects, 26, sdk.Base62), "https://pay.stripe.com/invoice/"
	case now < pagesOnTheirHost:
		host = "https://pay.stripe.com/invoice/"
		fallthrough
	case now < signedPages:
		page += "invst_" + r.Random(sdk.Objects, 31, sdk.Base62)
	case now < timedPages:
		page += "test_" + r.pageToken(",_", "") + "0100" + r.Random(sdk.Objects, 8, sdk.Base62)
	default:
		page += r.invoiceToken()
		asked = "?s=ap"
	}
	d.SetString("hosted_invoice_url", host+page+asked)
	d.SetString("invoice_pdf", "https://pay.stripe.com/invoice/"+page+"/pdf"+asked)
}

// Days from which on pages of invoices have other addresses [R 2019-11 and 2020-03;
// 2020-09 and 2021-03; 2021-09 and 2021-12; 2021-12 and 2022-03].
var (
	pagesOfAccounts  = day("2020-01-15")
	pagesOnTheirHost = day("2020-12-01")
	signedPages      = day("2021-10-15")
	timedPages       = day("2022-02-01")
)

// settled turns an invoice into a paid one.
func (r *request) settled(d sdk.Doc) {
	d.SetInt("amount_paid", d.Get("amount_due").Int64())
	d.SetInt("amount_remaining", 0)
	d.SetBool("attempted", true)
	d.SetBool("auto_advance", false)
	d.SetNull("next_payment_attempt")
	d.SetBool("paid", true)
	d.SetString("status", "paid")
	d.Get("status_transitions").SetInt("paid_at", r.Unix())
}

func sendInvoice(r *request, d sdk.Doc) error {
	if d.Get("collection_method").String() != "send_invoice" {
		// [3, users' reports]
		return executed(invalid("", "", "You can only manually send an invoice if its collection method is 'send_invoice'."))
	}
	if d.Get("status").String() == "draft" {
		if err := r.finalize(d); err != nil {
			return err
		}
	}
	emit(r.Call, "invoice.sent", d, sdk.Doc{})
	return nil
}

// endInvoice closes an open invoice without its being paid. [R-like wording:
// users' reports]
func (r *request) endInvoice(d sdk.Doc, status, at, event, verb string) error {
	switch was := d.Get("status").String(); was {
	case "open", "uncollectible":
	default:
		return executed(invalid("", "", "You can only pass in open invoices. This invoice isn't open: it is "+was+" and cannot be "+verb+"."))
	}
	before := d.Clone(r.Arena)
	d.SetString("status", status)
	d.SetBool("auto_advance", false)
	d.SetNull("next_payment_attempt")
	d.Get("status_transitions").SetInt(at, r.Unix())
	invoices().Update(r.Call, d)
	if id := d.Get("payment_intent").String(); id != "" && status == "void" {
		if p, ok := paymentIntents.Get(r.Call, id); ok && updatable(p.Get("status").String()) {
			if err := r.cancelIntent(p, "void_invoice"); err != nil {
				return err
			}
		}
		r.endPayment(d, "canceled")
	}
	emit(r.Call, "invoice."+event, d, sdk.Doc{})
	emit(r.Call, "invoice.updated", d, changes(r.Call, before, d))
	return nil
}

func voidInvoice(r *request, d sdk.Doc) error {
	return r.endInvoice(d, "void", "voided_at", "voided", "voided")
}

func markUncollectible(r *request, d sdk.Doc) error {
	return r.endInvoice(d, "uncollectible", "marked_uncollectible_at", "marked_uncollectible", "marked uncollectible")
}
