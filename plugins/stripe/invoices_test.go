package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestInvoice [R POST /v1/invoices, …/finalize and …/pay at 2025-11-17, values ours].
func TestInvoice(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2025, 12, 25, 14, 0, 0, 0, time.UTC)), sdktest.Header("Stripe-Version", "2025-11-17.clover"))
	customer := payer(t, m, "pm_card_visa")
	price := newPrice(t, m, "unit_amount=5000")
	item := m.Form("POST", "/v1/invoiceitems", "customer="+customer, "pricing[price]="+price).Want(200)
	match(t, item.Body, `{"id":"*","object":"invoiceitem","amount":5000,"currency":"usd","customer":"`+customer+`","customer_account":null,"date":1766671200,"description":"Gold","discountable":true,"discounts":[],"invoice":null,"livemode":false,"metadata":{},"parent":null,"period":{"end":1766671200,"start":1766671200},"pricing":{"price_details":{"price":"`+price+`","product":"*"},"type":"price_details","unit_amount_decimal":"5000"},"proration":false,"quantity":1,"tax_rates":[],"test_clock":null}`)
	r := m.Form("POST", "/v1/invoices", "customer="+customer, "auto_advance=false").Want(200)
	id := r.Get("id")
	match(t, r.Body, `{"id":"*","object":"invoice","account_country":"US","account_name":"Mirra","account_tax_ids":null,"amount_due":0,"amount_overpaid":0,"amount_paid":0,"amount_remaining":0,"amount_shipping":0,"application":null,"attempt_count":0,"attempted":false,"auto_advance":false,"automatic_tax":{"disabled_reason":null,"enabled":false,"liability":null,"provider":null,"status":null},"automatically_finalizes_at":null,"billing_reason":"manual","collection_method":"charge_automatically","created":1766671200,"currency":"usd","custom_fields":null,"customer":"`+customer+`","customer_account":null,"customer_address":null,"customer_email":"jenny@example.com","customer_name":null,"customer_phone":null,"customer_shipping":null,"customer_tax_exempt":"none","customer_tax_ids":[],"default_payment_method":null,"default_source":null,"default_tax_rates":[],"description":null,"discounts":[],"due_date":null,"effective_at":null,"ending_balance":null,"footer":null,"from_invoice":null,"hosted_invoice_url":null,"invoice_pdf":null,"issuer":{"type":"self"},"last_finalization_error":null,"latest_revision":null,"lines":{"object":"list","data":[],"has_more":false,"total_count":0,"url":"/v1/invoices/`+id+`/lines"},"livemode":false,"metadata":{},"next_payment_attempt":null,"number":null,"on_behalf_of":null,"parent":null,"payment_settings":{"default_mandate":null,"payment_method_options":null,"payment_method_types":null},"period_end":1766671200,"period_start":1766671200,"post_payment_credit_notes_amount":0,"pre_payment_credit_notes_amount":0,"receipt_number":null,"rendering":{"amount_tax_display":null,"pdf":{"page_size":"auto"},"template":null,"template_version":null},"shipping_cost":null,"shipping_details":null,"starting_balance":0,"statement_descriptor":null,"status":"draft","status_transitions":{"finalized_at":null,"marked_uncollectible_at":null,"paid_at":null,"voided_at":null},"subtotal":0,"subtotal_excluding_tax":0,"test_clock":null,"total":0,"total_discount_amounts":[],"total_excluding_tax":0,"total_pretax_credit_amounts":[],"total_taxes":[],"webhooks_delivered_at":1766671200}`)
	empty := m.Form("POST", "/v1/invoices/"+id+"/finalize").Want(200)
	want(t, empty, map[string]string{"status": "paid", "attempted": "true", "attempt_count": "0", "ending_balance": "0", "rendering.pdf.page_size": "letter", "status_transitions.paid_at": "1766671200"})

	full := m.Form("POST", "/v1/invoices", "customer="+customer, "pending_invoice_items_behavior=include").Want(200)
	want(t, full, map[string]string{"amount_due": "5000", "lines.data.0.parent.invoice_item_details.invoice_item": item.Get("id"), "lines.data.0.description": "Gold"})
	paid := m.Form("POST", "/v1/invoices/"+full.Get("id")+"/pay", "expand[]=payments").Want(200)
	want(t, paid, map[string]string{"status": "paid", "amount_paid": "5000", "attempt_count": "1", "payments.data.#": "1"})
	if got, first := paid.Get("number"), empty.Get("number"); got[len(got)-5:] != "-0002" || first[len(first)-5:] != "-0001" {
		t.Errorf("numbers %s and %s", first, got)
	}
	apiError{400, "", "invoice_already_paid", "", "", "Invoice is already paid"}.check(t, m.Form("POST", "/v1/invoices/"+full.Get("id")+"/pay"))
	apiError{400, "", "resource_missing", "", "customer", "No such customer: 'cus_invalid'"}.check(t, m.Form("GET", "/v1/invoices", "customer=cus_invalid")) // [R]
	m.Form("GET", "/v1/invoice_payments", "payment[type]=payment_intent", "payment[payment_intent]=pi_none", "Stripe-Version: 2025-10-29.clover").Want(200)  // [R]
	apiError{404, "", "resource_missing", "", "invoice", "No such invoice: 'in_none'"}.check(t, m.Form("GET", "/v1/invoices/in_none"))
	want(t, m.Form("GET", "/v1/invoices", "customer="+customer, "status=paid").Want(200), map[string]string{"data.#": "2"})
	want(t, m.Form("GET", "/v1/invoices/"+full.Get("id")+"/lines").Want(200), map[string]string{"data.0.amount": "5000"})
}

// draft makes an invoice of $30.00.
func draft(t testing.TB, m *sdktest.Mirror, customer string, fields ...string) string {
	t.Helper()
	m.Form("POST", "/v1/invoiceitems", "customer="+customer, "amount=3000", "currency=usd", "description=Work").Want(200)
	return m.Form("POST", "/v1/invoices", append([]string{"customer=" + customer, "pending_invoice_items_behavior=include"}, fields...)...).Want(200).Get("id")
}

func TestInvoiceEnds(t *testing.T) {
	m := start(t)
	customer := payer(t, m, "pm_card_visa")
	id := draft(t, m, customer)
	m.Form("DELETE", "/v1/invoices/"+id).Want(200)
	// Its item is pending again.
	id = m.Form("POST", "/v1/invoices", "customer="+customer, "pending_invoice_items_behavior=include").Want(200).Get("id")
	want(t, m.Form("POST", "/v1/invoices/"+id+"/finalize").Want(200), map[string]string{"status": "open", "amount_remaining": "3000"})
	if r := m.Form("DELETE", "/v1/invoices/"+id); r.Status != 400 {
		t.Errorf("an open invoice was deleted: %s", r.Body)
	}
	want(t, m.Form("POST", "/v1/invoices/"+id+"/mark_uncollectible").Want(200), map[string]string{"status": "uncollectible"})
	want(t, m.Form("POST", "/v1/invoices/"+id+"/void").Want(200), map[string]string{"status": "void"})
	if r := m.Form("POST", "/v1/invoices/"+id+"/pay"); r.Status != 400 {
		t.Errorf("a void invoice was paid: %s", r.Body)
	}
	outside := draft(t, m, customer)
	want(t, m.Form("POST", "/v1/invoices/"+outside+"/pay", "paid_out_of_band=true").Want(200), map[string]string{"status": "paid", "paid_out_of_band": "true", "charge": "null"})
	unreachable := newCustomer(t, m)
	noEmail := apiError{400, "", "", "", "", "Missing email. In order to create invoices that are sent to the customer, the customer must have a valid email."}
	noEmail.check(t, m.Form("POST", "/v1/invoices", "customer="+unreachable, "collection_method=send_invoice", "days_until_due=7"))
	noEmail.check(t, m.Form("POST", "/v1/subscriptions", "customer="+unreachable, "items[0][price]="+monthly(t, m), "collection_method=send_invoice", "days_until_due=7"))
	m.Form("POST", "/v1/customers/"+unreachable, "email=jenny.rosen@example.com").Want(200)
	sent := draft(t, m, unreachable, "collection_method=send_invoice", "days_until_due=7")
	want(t, m.Form("POST", "/v1/invoices/"+sent+"/send").Want(200), map[string]string{"status": "open", "due_date": "1720440000"})
	lastEvent(t, m, "invoice.sent")
	later := draft(t, m, customer, "auto_advance=true")
	m.Advance(2 * time.Hour)
	want(t, m.Form("GET", "/v1/invoices/"+later), map[string]string{"status": "paid"})
}

func TestInvoiceItems(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	id := m.Form("POST", "/v1/invoices", "customer="+customer).Want(200).Get("id")
	item := m.Form("POST", "/v1/invoiceitems", "customer="+customer, "invoice="+id, "unit_amount=500", "quantity=3", "currency=usd").Want(200)
	want(t, item, map[string]string{"amount": "1500", "invoice": id})
	want(t, m.Form("GET", "/v1/invoices/"+id), map[string]string{"total": "1500", "lines.total_count": "1"})
	want(t, m.Form("POST", "/v1/invoiceitems/"+item.Get("id"), "quantity=2", "description=Hours").Want(200), map[string]string{"amount": "1000", "description": "Hours"})
	want(t, m.Form("GET", "/v1/invoices/"+id), map[string]string{"total": "1000", "lines.data.0.description": "Hours"})
	m.Form("DELETE", "/v1/invoiceitems/"+item.Get("id")).Want(200)
	want(t, m.Form("GET", "/v1/invoices/"+id), map[string]string{"total": "0", "lines.total_count": "0"})
	want(t, m.Form("GET", "/v1/customers/"+customer), map[string]string{"currency": "usd"})
	apiError{400, "", "parameter_missing", "", "", "You must specify either `amount` or `price` when creating an invoice item."}.check(t, m.Form("POST", "/v1/invoiceitems", "customer="+customer))
}

// TestCreditNote [R POST /v1/credit_notes at 2024-06-20, values ours].
func TestCreditNote(t *testing.T) {
	m := start(t)
	customer := payer(t, m, "pm_card_visa")
	id := draft(t, m, customer)
	number := m.Form("POST", "/v1/invoices/"+id+"/pay").Want(200).Get("number")
	line := []string{"invoice=" + id, "lines[0][type]=custom_line_item", "lines[0][description]=Refund", "lines[0][quantity]=1", "lines[0][unit_amount]=500"}
	r := m.Form("POST", "/v1/credit_notes", append(line, "refund_amount=500")...).Want(200)
	match(t, r.Body, `{"id":"*","object":"credit_note","amount":500,"amount_shipping":0,"created":1719835200,"currency":"usd","customer":"`+customer+`","customer_balance_transaction":null,"discount_amount":0,"discount_amounts":[],"effective_at":1719835200,"invoice":"`+id+`","lines":{"object":"list","data":[{"id":"*","object":"credit_note_line_item","amount":500,"amount_excluding_tax":500,"description":"Refund","discount_amount":0,"discount_amounts":[],"livemode":false,"quantity":1,"tax_amounts":[],"tax_rates":[],"type":"custom_line_item","unit_amount":500,"unit_amount_decimal":"500","unit_amount_excluding_tax":"500"}],"has_more":false,"url":"*"},"livemode":false,"memo":null,"metadata":{},"number":"`+number+`-CN-01","out_of_band_amount":null,"pdf":"*","reason":null,"refund":"*","shipping_cost":null,"status":"issued","subtotal":500,"subtotal_excluding_tax":500,"tax_amounts":[],"total":500,"total_excluding_tax":500,"type":"post_payment","voided_at":null}`)
	want(t, m.Form("GET", "/v1/invoices/"+id), map[string]string{"post_payment_credit_notes_amount": "500"})
	want(t, m.Form("GET", "/v1/refunds/"+r.Get("refund")).Want(200), map[string]string{"amount": "500"})
	apiError{400, "", "", "", "", "The sum of credit amount, refund amount and out of band amount ($1.00) must equal the post payment credit note amount ($5.00)."}.check(t, m.Form("POST", "/v1/credit_notes", append(line, "refund_amount=100")...))
	m.Form("POST", "/v1/credit_notes", append(line, "credit_amount=500")...).Want(200)
	want(t, m.Form("GET", "/v1/customers/"+customer), map[string]string{"balance": "-500"})
	// The balance pays for the next invoice.
	next := m.Form("POST", "/v1/invoices/"+draft(t, m, customer)+"/finalize").Want(200)
	want(t, next, map[string]string{"starting_balance": "-500", "amount_due": "2500", "ending_balance": "0"})
	open := m.Form("POST", "/v1/credit_notes", "invoice="+next.Get("id"), "amount=2500").Want(200)
	want(t, open, map[string]string{"type": "pre_payment"})
	want(t, m.Form("GET", "/v1/invoices/"+next.Get("id")), map[string]string{"status": "paid", "pre_payment_credit_notes_amount": "2500"})
}

func TestCheckoutSession(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m, "email=jenny@example.com")
	price := newPrice(t, m, "unit_amount=1500")
	create := func(fields ...string) *sdktest.Response {
		return m.Form("POST", "/v1/checkout/sessions", append([]string{"customer=" + customer, "success_url=https://example.com/ok"}, fields...)...)
	}
	r := create("mode=payment", "line_items[0][price]="+price, "line_items[0][quantity]=2").Want(200)
	want(t, r, map[string]string{"amount_total": "3000", "currency": "usd", "status": "open", "payment_status": "unpaid", "expires_at": "1719921600", "customer_details.email": "jenny@example.com", "metadata": "{}", "ui_mode": "hosted"})
	if id := r.Get("id"); len(id) != 66 {
		t.Errorf("an id of %d characters: %s", len(id), id)
	}
	want(t, m.Form("GET", "/v1/checkout/sessions/"+r.Get("id"), "expand[]=line_items").Want(200), map[string]string{"line_items.data.0.amount_total": "3000", "line_items.data.0.description": "Gold"})
	want(t, m.Form("GET", "/v1/checkout/sessions/"+r.Get("id")+"/line_items").Want(200), map[string]string{"data.0.quantity": "2"})
	want(t, m.Form("POST", "/v1/checkout/sessions/"+r.Get("id")+"/expire").Want(200), map[string]string{"status": "expired", "url": "null"})
	lastEvent(t, m, "checkout.session.expired")
	setup := create("mode=setup", "currency=usd", "Stripe-Version: 2026-03-25.dahlia").Want(200)
	want(t, setup, map[string]string{"payment_status": "no_payment_required", "ui_mode": "hosted_page", "amount_total": "null"})
	embedded := m.Form("POST", "/v1/checkout/sessions", "mode=setup", "currency=usd", "ui_mode=embedded", "return_url=https://a.example", "Stripe-Version: 2025-11-17.clover").Want(200)
	if embedded.Get("ui_mode") != "embedded" || !strings.HasPrefix(embedded.Get("client_secret"), embedded.Get("id")+"_secret_") {
		t.Errorf("embedded: %s", embedded.Body)
	}
	m.Form("GET", "/v1/setup_intents/"+setup.Get("setup_intent")).Want(200)
	apiError{400, "", "resource_missing", "", "line_items[0][price]", "No such price: 'none'"}.check(t, create("mode=payment", "line_items[0][price]=none", "line_items[0][quantity]=1"))
	apiError{404, "", "resource_missing", "", "", "No such checkout.session: cs_none"}.check(t, m.Form("GET", "/v1/checkout/sessions/cs_none")) // [R]
	m.Advance(25 * time.Hour)
	want(t, m.Form("GET", "/v1/checkout/sessions/"+setup.Get("id")), map[string]string{"status": "expired"})
}
