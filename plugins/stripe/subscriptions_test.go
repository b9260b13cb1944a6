package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// payer makes a customer with a default card.
func payer(t testing.TB, m *sdktest.Mirror, card string) string {
	t.Helper()
	id := newCustomer(t, m, "email=jenny@example.com")
	pm := m.Form("POST", "/v1/payment_methods/"+card+"/attach", "customer="+id).Want(200).Get("id")
	m.Form("POST", "/v1/customers/"+id, "invoice_settings[default_payment_method]="+pm).Want(200)
	return id
}

// subscribe makes a subscription to one price.
func subscribe(m *sdktest.Mirror, customer, price string, fields ...string) *sdktest.Response {
	return m.Form("POST", "/v1/subscriptions", append([]string{"customer=" + customer, "items[0][price]=" + price}, fields...)...)
}

func newSubscription(t testing.TB, m *sdktest.Mirror, fields ...string) *sdktest.Response {
	t.Helper()
	return subscribe(m, payer(t, m, "pm_card_visa"), monthly(t, m), fields...).Want(200)
}

// TestSubscriptionBody [R POST /v1/subscriptions at 2024-06-20 and 2025-10-29,
// values ours].
func TestSubscriptionBody(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	id, price := r.Get("id"), r.Get("items.data.0.price.id")
	customer := r.Get("customer")
	const plan, shown = `"plan":{"id":"*","object":"plan","active":true,"aggregate_usage":null,"amount":2500,"amount_decimal":"2500","billing_scheme":"per_unit","created":1719835200,"currency":"usd","interval":"month","interval_count":1,"livemode":false,"metadata":{},"meter":null,"nickname":null,"product":"*","tiers_mode":null,"transform_usage":null,"trial_period_days":null,"usage_type":"licensed"}`,
		`"price":{"id":"*","object":"price","active":true,"billing_scheme":"per_unit","created":1719835200,"currency":"usd","custom_unit_amount":null,"livemode":false,"lookup_key":null,"metadata":{},"nickname":null,"product":"*","recurring":{"aggregate_usage":null,"interval":"month","interval_count":1,"meter":null,"trial_period_days":null,"usage_type":"licensed"},"tax_behavior":"unspecified","tiers_mode":null,"transform_quantity":null,"type":"recurring","unit_amount":2500,"unit_amount_decimal":"2500"}`
	match(t, r.Body, `{"id":"*","object":"subscription","application":null,"application_fee_percent":null,"automatic_tax":{"enabled":false,"liability":null},"billing_cycle_anchor":1719835200,"billing_cycle_anchor_config":null,"billing_thresholds":null,"cancel_at":null,"cancel_at_period_end":false,"canceled_at":null,"cancellation_details":{"comment":null,"feedback":null,"reason":null},"collection_method":"charge_automatically","created":1719835200,"currency":"usd","current_period_end":1722513600,"current_period_start":1719835200,"customer":"`+customer+`","days_until_due":null,"default_payment_method":null,"default_source":null,"default_tax_rates":[],"description":null,"discount":null,"discounts":[],"ended_at":null,"invoice_settings":{"account_tax_ids":null,"issuer":{"type":"self"}},"items":{"object":"list","data":[{"id":"*","object":"subscription_item","billing_thresholds":null,"created":1719835200,"discounts":[],"metadata":{},`+plan+`,`+shown+`,"quantity":1,"subscription":"`+id+`","tax_rates":[]}],"has_more":false,"total_count":1,"url":"/v1/subscription_items?subscription=`+id+`"},"latest_invoice":"*","livemode":false,"metadata":{},"next_pending_invoice_item_invoice":null,"on_behalf_of":null,"pause_collection":null,"payment_settings":{"payment_method_options":null,"payment_method_types":null,"save_default_payment_method":"off"},"pending_invoice_item_interval":null,"pending_setup_intent":null,"pending_update":null,`+plan+`,"quantity":1,"schedule":null,"start_date":1719835200,"status":"active","test_clock":null,"transfer_data":null,"trial_end":null,"trial_settings":{"end_behavior":{"missing_payment_method":"create_invoice"}},"trial_start":null}`)
	want(t, m.Form("GET", "/v1/invoices/"+r.Get("latest_invoice")).Want(200), map[string]string{
		"status": "paid", "billing_reason": "subscription_create", "amount_paid": "2500", "attempt_count": "1", "lines.data.0.description": "1 seat × Gold (at $25.00 / month)", "lines.data.0.price.id": price,
		"customer_email": "jenny@example.com", "subscription": id, "paid": "true", "ending_balance": "0",
	})
	events := strings.Join(eventTypes(m, t), " ")
	for _, typ := range []string{"customer.subscription.created", "invoice.created", "invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"} {
		if !strings.Contains(events, typ) {
			t.Errorf("no event %s in %s", typ, events)
		}
	}
}

// TestSubscriptionVersions: members move [R 2025-03-31, 2025-10-29].
func TestSubscriptionVersions(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2025, 11, 10, 18, 0, 0, 0, time.UTC)))
	customer, price := payer(t, m, "pm_card_visa"), monthly(t, m)
	r := subscribe(m, customer, price, "expand[]=latest_invoice.payments", "expand[]=latest_invoice.confirmation_secret", "Stripe-Version: 2025-10-29.clover").Want(200)
	want(t, r, map[string]string{
		"billing_mode.type": "flexible", "items.data.0.current_period_start": "1762797600", "latest_invoice.parent.subscription_details.subscription": r.Get("id"),
		"latest_invoice.payments.data.0.status": "paid", "latest_invoice.lines.data.0.pricing.price_details.price": price, "latest_invoice.confirmation_secret.type": "payment_intent",
	})
	for _, gone := range []string{"current_period_end", "discount", "latest_invoice.payment_intent", "latest_invoice.charge", "latest_invoice.subscription", "latest_invoice.lines.data.0.price"} {
		if r.JSON().Exists(gone) {
			t.Errorf("%s is there at clover", gone)
		}
	}
	intent := r.Get("latest_invoice.payments.data.0.payment.payment_intent")
	got := m.Form("GET", "/v1/invoice_payments", "payment[type]=payment_intent", "payment[payment_intent]="+intent, "status=paid", "expand[]=data.invoice", "Stripe-Version: 2025-10-29.clover").Want(200)
	want(t, got, map[string]string{"data.#": "1", "data.0.invoice.id": r.Get("latest_invoice.id"), "data.0.amount_paid": "2500"})
	apiError{400, "", "", "", "expand", "This property cannot be expanded (latest_invoice.payment_intent)."}.check(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice.payment_intent", "Stripe-Version: 2025-10-29.clover"))
	older := m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice.payment_intent", "Stripe-Version: 2025-02-24.acacia").Want(200)
	want(t, older, map[string]string{"current_period_start": "1762797600", "latest_invoice.payment_intent.id": intent, "latest_invoice.payment_intent.description": "Subscription creation", "latest_invoice.paid": "true"})
}

func TestSubscriptionErrors(t *testing.T) {
	m := start(t)
	customer, price := newCustomer(t, m), monthly(t, m)
	create := func(fields ...string) apiCall { return apiCall{t, m.Form("POST", "/v1/subscriptions", fields...)} }
	// [R] all but the last two
	create("customer="+customer, "items[0][price]="+price).fails(apiError{400, "", "resource_missing", "", "", "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."})
	create("customer="+customer, "items[0][price]=none").fails(apiError{400, "", "resource_missing", "", "items[0][price]", "No such price: 'none'"})
	create("customer="+customer, "items[0][plan]=none").fails(apiError{400, "", "resource_missing", "", "plan", "No such plan: 'none'"})
	create("customer="+customer, "items[0][price]="+price, "quantity=2").fails(apiError{400, "", "", "", "", "Received both items and quantity parameters. Please pass in only one."})
	create("customer=cus_none", "items[0][price]="+price).fails(apiError{400, "", "resource_missing", "", "customer", "No such customer: 'cus_none'"})
	apiError{404, "", "resource_missing", "", "id", "No such subscription: 'sub_none'"}.check(t, m.Form("GET", "/v1/subscriptions/sub_none"))
	create("customer="+customer, "items[0][price]="+newPrice(t, m, "unit_amount=100")).fails(apiError{400, "", "", "", "items[0][price]", "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`."})
	create("customer="+customer, "items[0][price]="+price, "default_tax_rates[]=txr_1").fails(apiError{501, "api_error", "mirra_not_mirrored", "", "default_tax_rates", "Mirra does not calculate taxes yet: default_tax_rates txr_1."})
	if n := m.Form("GET", "/v1/subscriptions").Want(200).JSON().Len("data"); n != 0 {
		t.Errorf("%d subscriptions are left behind", n)
	}
}

// TestPaymentBehavior: what a first invoice that is not paid makes of a
// subscription.
func TestPaymentBehavior(t *testing.T) {
	m := start(t)
	price := monthly(t, m)
	sca := payer(t, m, "pm_card_authenticationRequired")
	r := subscribe(m, sca, price, "expand[]=latest_invoice.payment_intent").Want(200)
	// [R 2024-06-20]
	want(t, r, map[string]string{"status": "incomplete", "latest_invoice.status": "open", "latest_invoice.attempted": "true", "latest_invoice.attempt_count": "0", "latest_invoice.payment_intent.status": "requires_action"})
	apiError{402, "card_error", "subscription_payment_intent_requires_action", "", "", "Payment for this subscription requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with subscription.latest_invoice. For more details see: https://stripe.com/docs/billing/subscriptions/overview#requires-action"}.check(t, subscribe(m, sca, price, "payment_behavior=error_if_incomplete"))

	declined := payer(t, m, "pm_card_chargeCustomerFail")
	r = subscribe(m, declined, price).Want(200)
	want(t, r, map[string]string{"status": "incomplete"})
	want(t, m.Form("GET", "/v1/invoices/"+r.Get("latest_invoice")), map[string]string{"status": "open", "attempt_count": "1", "paid": "false"})

	// The client confirms the payment: the invoice is paid and the subscription active.
	late := newCustomer(t, m)
	r = subscribe(m, late, price, "payment_behavior=default_incomplete", "expand[]=latest_invoice.payment_intent").Want(200)
	want(t, r, map[string]string{"status": "incomplete", "latest_invoice.payment_intent.status": "requires_payment_method"})
	m.Form("POST", "/v1/payment_intents/"+r.Get("latest_invoice.payment_intent.id")+"/confirm", "payment_method=pm_card_visa", "return_url=https://example.com").Want(200)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice"), map[string]string{"status": "active", "latest_invoice.status": "paid"})

	// One that nobody pays expires.
	r = subscribe(m, newCustomer(t, m), price, "payment_behavior=default_incomplete").Want(200)
	m.Advance(24 * time.Hour)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice"), map[string]string{"status": "incomplete_expired", "latest_invoice.status": "void"})
}

func TestTrial(t *testing.T) {
	m := start(t)
	r := subscribe(m, newCustomer(t, m), monthly(t, m), "trial_period_days=14", "expand[]=latest_invoice").Want(200)
	// [R 2024-06-20]
	want(t, r, map[string]string{"status": "trialing", "trial_end": "1721044800", "current_period_end": "1721044800", "billing_cycle_anchor": "1721044800", "latest_invoice.status": "paid", "latest_invoice.total": "0", "latest_invoice.attempted": "true", "latest_invoice.lines.data.0.description": "Trial period for Gold (per seat)", "pending_setup_intent": "null"})
	m.Advance(12 * 24 * time.Hour)
	if got := lastEvent(t, m, "customer.subscription.trial_will_end").Get("data.object.id"); got != r.Get("id") {
		t.Errorf("trial_will_end of %s", got)
	}
	other := subscribe(m, newCustomer(t, m), monthly(t, m), "trial_period_days=14", "payment_behavior=default_incomplete", "expand[]=pending_setup_intent").Want(200)
	want(t, other, map[string]string{"pending_setup_intent.status": "requires_payment_method"})
}

// TestRenewal: at the end of a period a draft is made, and paid an hour later.
func TestRenewal(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	m.Advance(31*24*time.Hour + time.Minute)
	now := m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice").Want(200)
	want(t, now, map[string]string{"current_period_start": "1722513600", "current_period_end": "1725192000", "latest_invoice.status": "draft", "latest_invoice.billing_reason": "subscription_cycle"})
	m.Advance(time.Hour)
	want(t, m.Form("GET", "/v1/invoices/"+now.Get("latest_invoice.id")), map[string]string{"status": "paid", "amount_paid": "2500"})
}

// TestDunning: a card that is refused later makes a subscription past due, then
// ends it.
func TestDunning(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	customer := r.Get("customer")
	pm := m.Form("POST", "/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer="+customer).Want(200).Get("id")
	m.Form("POST", "/v1/customers/"+customer, "invoice_settings[default_payment_method]="+pm).Want(200)
	m.Advance(31*24*time.Hour + 2*time.Hour)
	now := m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice").Want(200)
	want(t, now, map[string]string{"status": "past_due", "latest_invoice.status": "open", "latest_invoice.attempt_count": "1"})
	if now.Get("latest_invoice.next_payment_attempt") == "null" {
		t.Error("no next attempt")
	}
	m.Advance(16 * 24 * time.Hour)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id")), map[string]string{"status": "canceled", "cancellation_details.reason": "payment_failed"})
}

// TestCancel [R DELETE /v1/subscriptions/x at 2024-06-20 and 2025-10-29].
func TestCancel(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	path := "/v1/subscriptions/" + r.Get("id")
	want(t, m.Form("POST", path, "cancel_at_period_end=true").Want(200), map[string]string{"status": "active", "cancel_at": "1722513600", "canceled_at": "1719835200", "cancellation_details.reason": "cancellation_requested"})
	want(t, m.Form("POST", path, "cancel_at_period_end=false").Want(200), map[string]string{"cancel_at": "null", "canceled_at": "null", "cancellation_details.reason": "null"})
	m.Form("POST", path, "cancel_at_period_end=true").Want(200)
	m.Advance(time.Hour)
	want(t, m.Form("DELETE", path).Want(200), map[string]string{"status": "canceled", "cancel_at": "null", "cancel_at_period_end": "false", "canceled_at": "1719835200", "ended_at": "1719838800"})
	lastEvent(t, m, "customer.subscription.deleted")
	if n := m.Form("GET", "/v1/subscriptions", "customer="+r.Get("customer")).Want(200).JSON().Len("data"); n != 0 {
		t.Errorf("%d subscriptions are listed", n)
	}
	if n := m.Form("GET", "/v1/subscriptions", "customer="+r.Get("customer"), "status=canceled").Want(200).JSON().Len("data"); n != 1 {
		t.Errorf("%d canceled subscriptions are listed", n)
	}
	other := newSubscription(t, m, "cancel_at_period_end=true")
	m.Advance(32 * 24 * time.Hour)
	want(t, m.Form("GET", "/v1/subscriptions/"+other.Get("id")), map[string]string{"status": "canceled"})
}

// TestSwap [R 2025-02-24: month to year, invoiced at once].
func TestSwap(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	yearly := newPrice(t, m, "unit_amount=25000", "recurring[interval]=year")
	swapped := m.Form("POST", "/v1/subscriptions/"+r.Get("id"), "plan="+yearly, "quantity=1", "proration_behavior=always_invoice", "trial_end=now", "expand[]=latest_invoice").Want(200)
	want(t, swapped, map[string]string{
		"current_period_end": "1751371200", "plan.id": yearly, "latest_invoice.billing_reason": "subscription_update", "latest_invoice.total": "22500", "latest_invoice.status": "paid",
		"latest_invoice.lines.data.0.amount": "-2500", "latest_invoice.lines.data.0.description": "Unused time on Gold after 01 Jul 2024", "latest_invoice.lines.data.0.proration": "true",
		"latest_invoice.lines.data.0.proration_details.credited_items.invoice": r.Get("latest_invoice"),
		"latest_invoice.lines.data.1.amount":                                   "25000", "latest_invoice.lines.data.1.type": "subscription",
	})
}

// TestQuantity: half of a period costs half, on the next invoice.
func TestQuantity(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	m.Advance(31 * 12 * time.Hour)
	item := m.Form("POST", "/v1/subscription_items/"+r.Get("items.data.0.id"), "quantity=3").Want(200)
	want(t, item, map[string]string{"object": "subscription_item", "quantity": "3"})
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id")), map[string]string{"quantity": "3", "latest_invoice": r.Get("latest_invoice")})
	pending := m.Form("GET", "/v1/invoiceitems", "customer="+r.Get("customer"), "pending=true").Want(200)
	want(t, pending, map[string]string{"data.#": "2", "data.0.amount": "3750", "data.0.description": "Remaining time on 3 × Gold after 17 Jul 2024", "data.1.amount": "-1250"})
	m.Advance(31*12*time.Hour + 2*time.Hour)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice"), map[string]string{"latest_invoice.total": "10000", "latest_invoice.status": "paid", "latest_invoice.lines.total_count": "3"})
	m.Form("POST", "/v1/subscription_items/"+r.Get("items.data.0.id"), "quantity=1", "proration_behavior=none").Want(200)
	if n := m.Form("GET", "/v1/invoiceitems", "pending=true").Want(200).JSON().Len("data"); n != 0 {
		t.Errorf("%d items are pending", n)
	}
}

// TestDiscounts [R 2024-06-20, 2025-10-29].
func TestDiscounts(t *testing.T) {
	m := start(t)
	m.Form("POST", "/v1/coupons", "id=TEN", "amount_off=1000", "currency=usd", "duration=forever").Want(200)
	r := newSubscription(t, m, "coupon=TEN", "expand[]=latest_invoice.total_discount_amounts.discount")
	want(t, r, map[string]string{
		"discount.coupon.id": "TEN", "discount.subscription": r.Get("id"), "latest_invoice.subtotal": "2500", "latest_invoice.total": "1500", "latest_invoice.total_discount_amounts.0.amount": "1000",
		"latest_invoice.total_discount_amounts.0.discount.id": r.Get("discounts.0"), "latest_invoice.lines.data.0.discount_amounts.0.amount": "1000",
	})
	clover := m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=discounts", "Stripe-Version: 2025-10-29.clover").Want(200)
	want(t, clover, map[string]string{"discounts.0.source.coupon": "TEN", "discounts.0.id": r.Get("discounts.0")})
	m.Form("DELETE", "/v1/subscriptions/"+r.Get("id")+"/discount").Want(200)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id")), map[string]string{"discount": "null", "discounts.#": "0"})
}

// TestCustomerDiscount: one coupon takes another's place, an empty one ends it, as in
// the samples of @stripe/cli 1.52.0 for customer.discount.updated and .deleted.
func TestCustomerDiscount(t *testing.T) {
	m := start(t)
	for _, percent := range []string{"20", "30"} {
		m.Form("POST", "/v1/coupons", "id=P"+percent, "percent_off="+percent).Want(200)
	}
	c := m.Form("POST", "/v1/customers", "coupon=P20").Want(200)
	path := "/v1/customers/" + c.Get("id")
	want(t, c, map[string]string{"discount.coupon.id": "P20", "discount.customer": c.Get("id")})
	want(t, m.Form("POST", path, "coupon=P30").Want(200), map[string]string{"discount.coupon.id": "P30"})
	want(t, m.Form("GET", "/v1/events", "type=customer.discount.updated"), map[string]string{"data.#": "1", "data.0.data.object.coupon.id": "P30", "data.0.data.previous_attributes.coupon.id": "P20"})
	want(t, m.Form("POST", path, "coupon=").Want(200), map[string]string{"discount": "null"})
	want(t, m.Form("GET", "/v1/events", "type=customer.discount.deleted"), map[string]string{"data.#": "1", "data.0.data.object.coupon.id": "P30"})
	want(t, m.Form("POST", path, "coupon=").Want(200), map[string]string{"discount": "null"})
	want(t, m.Form("GET", "/v1/events", "type=customer.discount.deleted"), map[string]string{"data.#": "1"})
	m.Form("GET", path+"/discount").Want(404)
	if kept := m.State("discounts"); len(kept) != 0 {
		t.Errorf("discounts left: %v", kept)
	}
}

func TestPause(t *testing.T) {
	m := start(t)
	r := newSubscription(t, m)
	want(t, m.Form("POST", "/v1/subscriptions/"+r.Get("id"), "pause_collection[behavior]=void").Want(200), map[string]string{"status": "active", "pause_collection.behavior": "void", "pause_collection.resumes_at": "null"})
	m.Advance(31*24*time.Hour + 2*time.Hour)
	want(t, m.Form("GET", "/v1/subscriptions/"+r.Get("id"), "expand[]=latest_invoice"), map[string]string{"latest_invoice.status": "void"})
	want(t, m.Form("POST", "/v1/subscriptions/"+r.Get("id"), "pause_collection=").Want(200), map[string]string{"pause_collection": "null"})
}

// TestOlderInterface: subscriptions below customers.
func TestOlderInterface(t *testing.T) {
	m := start(t)
	customer := payer(t, m, "pm_card_visa")
	path := "/v1/customers/" + customer + "/subscriptions"
	r := m.Form("POST", path, "plan="+monthly(t, m), "quantity=2").Want(200)
	want(t, r, map[string]string{"customer": customer, "quantity": "2", "status": "active"})
	want(t, m.Form("GET", path).Want(200), map[string]string{"data.0.id": r.Get("id"), "url": path})
	want(t, m.Form("DELETE", path+"/"+r.Get("id")).Want(200), map[string]string{"status": "canceled"})
	other := newCustomer(t, m)
	apiError{404, "", "resource_missing", "", "subscription", "Customer " + other + " does not have a subscription with ID " + r.Get("id")}.check(t, m.Form("GET", "/v1/customers/"+other+"/subscriptions/"+r.Get("id")))
}
