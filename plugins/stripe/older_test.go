package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// members checks which members an answer has, and which it has not: those with "-".
func members(t *testing.T, r *sdktest.Response, paths ...string) {
	t.Helper()
	v := r.JSON()
	for _, p := range paths {
		name, not := strings.CutPrefix(p, "-")
		if v.Exists(name) == not {
			t.Errorf("%s there: %v: %s", name, !not, r.Body)
		}
	}
}

// TestOlderCustomers [R 2019-08-14, 2020-08-27, 2022-08-01, 2022-11-15].
func TestOlderCustomers(t *testing.T) {
	m := start(t)
	id := m.Form("POST", "/v1/customers", "balance=300", "source=tok_visa").Want(200).Get("id")
	get := func(version string, fields ...string) *sdktest.Response {
		return m.Form("GET", "/v1/customers/"+id, append(fields, "Stripe-Version: "+version)...).Want(200)
	}
	old := get("2019-08-14")
	for path, want := range map[string]string{
		"account_balance": "300", "balance": "300", "tax_info": "null", "tax_info_verification": "null", "default_currency": "null",
		"sources.total_count": "1", "sources.data.0.object": "card", "sources.url": "/v1/customers/" + id + "/sources",
		"subscriptions.total_count": "0", "subscriptions.url": "/v1/customers/" + id + "/subscriptions",
		"tax_ids.has_more": "false", "tax_ids.url": "/v1/customers/" + id + "/tax_ids",
	} {
		if got := old.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if keys := sdktest.Keys(t, old.Body); keys[0] != "id" || keys[1] != "object" || keys[2] != "account_balance" {
		t.Errorf("members %v", keys)
	}
	members(t, get("2019-10-17"), "-account_balance", "-tax_info", "sources", "subscriptions", "tax_ids", "default_currency")
	members(t, get("2020-08-27"), "-sources", "-subscriptions", "-tax_ids", "default_currency")
	members(t, get("2022-08-01"), "-default_currency")
	// What is no longer included can still be expanded.
	members(t, get("2024-06-20", "expand[]=subscriptions", "expand[]=tax_ids", "expand[]=sources"), "sources.data.0", "subscriptions.data", "tax_ids.data")
	// Lists of old versions have it too.
	if got := m.Form("GET", "/v1/customers", "Stripe-Version: 2019-08-14").Want(200).Get("data.0.sources.total_count"); got != "1" {
		t.Errorf("%s sources in the list", got)
	}
}

// TestInnerLists: a list within an object shows ten, newest first, and counts all.
func TestInnerLists(t *testing.T) {
	m := start(t)
	id := m.Form("POST", "/v1/customers").Want(200).Get("id")
	last := ""
	for range 12 {
		last = m.Form("POST", "/v1/customers/"+id+"/tax_ids", "type=eu_vat", "value=DE123456789").Want(200).Get("id")
	}
	for range 11 {
		m.Form("POST", "/v1/customers/"+id+"/sources", "source=tok_visa", "Stripe-Version: 2019-08-14").Want(200)
	}
	got := m.Form("GET", "/v1/customers/"+id, "Stripe-Version: 2019-08-14").Want(200)
	for path, want := range map[string]string{
		"tax_ids.total_count": "12", "tax_ids.has_more": "true", "tax_ids.data.0.id": last,
		"sources.total_count": "11", "sources.has_more": "true", "subscriptions.total_count": "0", "subscriptions.has_more": "false",
	} {
		if got.Get(path) != want {
			t.Errorf("%s is %s, want %s", path, got.Get(path), want)
		}
	}
	if n := got.JSON().Len("tax_ids.data"); n != 10 {
		t.Errorf("%d tax ids shown", n)
	}
}

// TestOlderIntents [R 2019-08-14 and 2020-08-27, to 2026-02]: their charges, and
// the refunds of these; cards unless the request says otherwise.
func TestOlderIntents(t *testing.T) {
	m := start(t)
	pay := func(card string, headers ...string) *sdktest.Response {
		return m.Form("POST", "/v1/payment_intents", append(headers, "amount=1000", "currency=usd", "confirm=true", "payment_method="+card)...)
	}
	r := pay("pm_card_visa", "Stripe-Version: 2020-08-27", "expand[]=charges.data.balance_transaction").Want(200)
	id, charge := r.Get("id"), r.Get("latest_charge")
	for path, want := range map[string]string{
		"charges.data.0.id": charge, "charges.has_more": "false", "charges.total_count": "1", "charges.url": "/v1/charges?payment_intent=" + id,
		"charges.data.0.balance_transaction.object": "balance_transaction", "charges.data.0.refunds.total_count": "0",
		"payment_method_types.0": "card", "automatic_payment_methods": "null",
	} {
		if got := r.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	m.Form("POST", "/v1/refunds", "charge="+charge, "amount=100").Want(200)
	for version, refunds := range map[string]string{"2019-08-14": "1", "2022-08-01": "1", "2022-11-15": "", "2024-06-20": ""} {
		if got := m.Form("GET", "/v1/charges/"+charge, "Stripe-Version: "+version).Want(200).Get("refunds.total_count"); got != refunds {
			t.Errorf("%s: %q refunds", version, got)
		}
	}
	members(t, m.Form("GET", "/v1/payment_intents/"+id, "Stripe-Version: 2022-11-15").Want(200), "-charges")
	// An intent in an error has them too.
	if got := pay("pm_card_chargeDeclined", "Stripe-Version: 2020-08-27").Want(402).Get("error.payment_intent.charges.data.0.status"); got != "failed" {
		t.Errorf("the charge of a declined intent is %q", got)
	}
	// From 2023-08-16 on the dashboard decides how can be paid, which may need a page to come back to.
	pay("pm_card_visa", "Stripe-Version: 2022-11-15").Want(200)
	pay("pm_card_visa", "Stripe-Version: 2023-08-16").Want(400)
}

// TestOlderSubscriptions [R 2019-08-14, 2020-08-27].
func TestOlderSubscriptions(t *testing.T) {
	m := start(t)
	m.Form("POST", "/v1/plans", "id=small", "amount=2500", "currency=usd", "interval=month", "product[name]=Small").Want(200)
	customer := payer(t, m, "pm_card_visa")
	r := m.Form("POST", "/v1/subscriptions", "customer="+customer, "items[0][plan]=small", "expand[]=latest_invoice", "Stripe-Version: 2019-08-14").Want(200)
	for path, want := range map[string]string{
		"billing": "charge_automatically", "start": r.Get("start_date"), "tax_percent": "null", "plan.tiers": "null",
		"invoice_customer_balance_settings.consume_applied_balance_on_void": "true",
		"latest_invoice.billing": "charge_automatically", "latest_invoice.tax_percent": "null",
	} {
		if got := r.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	line := r.JSON().At("latest_invoice.lines.data.0")
	if !strings.HasPrefix(line.Get("id"), "sli_") || !strings.HasPrefix(line.Get("unique_id"), "il_") {
		t.Errorf("line %s, %s", line.Get("id"), line.Get("unique_id"))
	}
	id := r.Get("id")
	newer := m.Form("GET", "/v1/subscriptions/"+id, "expand[]=latest_invoice", "Stripe-Version: 2020-08-27").Want(200)
	members(t, newer, "-billing", "-start", "-tax_percent", "-plan.tiers", "-latest_invoice.billing", "-latest_invoice.lines.data.0.unique_id")
	if got := m.Form("GET", "/v1/customers/"+customer, "Stripe-Version: 2019-08-14").Want(200).Get("subscriptions.data.0.billing"); got != "charge_automatically" {
		t.Errorf("billing of a customer's subscription is %q", got)
	}
}

// TestWordings: what errors say by the session's day [R 2019-11 to 2026-05].
func TestWordings(t *testing.T) {
	for at, want := range map[string]struct{ method, customer, amount, source, log string }{
		"2019-11-06": {"No such payment_method: invalid", "No such customer: x", "Invalid positive integer", "This customer has no attached payment source", ""},
		"2020-03-28": {"No such PaymentMethod: invalid", "No such customer: x", atLeastOne, "This customer has no attached payment source or default payment method.", ""},
		"2021-08-04": {"No such PaymentMethod: 'invalid'", "No such customer: 'x'", atLeastOne, "This customer has no attached payment source or default payment method.", ""},
		"2023-08-21": {"No such PaymentMethod: 'invalid'; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication", "No such customer: 'x'", atLeastOne, noSource, "https://dashboard.stripe.com/test/logs/req_"},
		"2026-03-30": {"No such PaymentMethod: 'invalid'; It's possible this PaymentMethod exists on one of your connected accounts, in which case you should retry this request on that connected account. Learn more at https://stripe.com/docs/connect/authentication", "No such customer: 'x'", atLeastOne, noSource, "/test/workbench/logs?object=req_"},
	} {
		t.Run(at, func(t *testing.T) {
			day, _ := time.Parse(time.DateOnly, at)
			m := start(t, sdktest.At(day), sdktest.State(`{"plans":[{"id":"small"}]}`))
			customer := m.Form("POST", "/v1/customers").Want(200).Get("id")
			message := func(status int, want string, r *sdktest.Response) {
				t.Helper()
				if got := r.Want(status).Get("error.message"); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}
			message(404, want.method, m.Form("POST", "/v1/payment_methods/invalid/attach", "customer="+customer))
			message(400, want.amount, m.Form("POST", "/v1/payment_intents", "amount=-1", "currency=usd"))
			message(400, want.source, m.Form("POST", "/v1/subscriptions", "customer="+customer, "items[0][plan]=small"))
			r := m.Form("GET", "/v1/customers/x")
			message(404, want.customer, r)
			if url := r.Get("error.request_log_url"); want.log == "" && url != "" || !strings.Contains(url, want.log) {
				t.Errorf("log at %q", url)
			}
		})
	}
}

// TestTrailingSlash [R POST /v1/customers/, 2021-02].
func TestTrailingSlash(t *testing.T) {
	m := start(t)
	apiError{status: 404, msg: "Unrecognized request URL (POST: /v1/customers/). If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. Please see https://stripe.com/docs or we can help at https://support.stripe.com/."}.check(t, m.Form("POST", "/v1/customers/"))
}

// TestCustomerFail: card 0341 was declined in other words until 2022 [R 2021-02, 2023-10].
func TestCustomerFail(t *testing.T) {
	for at, want := range map[string]apiError{
		"2021-02-09": {402, "card_error", "processing_error", "generic_decline", "", cardDeclined},
		"2023-10-30": {402, "card_error", "card_declined", "generic_decline", "", cardDeclined},
	} {
		day, _ := time.Parse(time.DateOnly, at)
		m := start(t, sdktest.At(day))
		r := m.Form("POST", "/v1/payment_intents", "amount=600", "currency=usd", "confirm=true", "payment_method=pm_card_chargeCustomerFail", "payment_method_types[]=card")
		if got := r.Want(want.status).Get("error.code"); got != want.code || r.Get("error.decline_code") != want.decline || r.Get("error.message") != want.msg {
			t.Errorf("%s: %s", at, r.Body)
		}
		if got := r.Get("error.doc_url"); got != "https://stripe.com/docs/error-codes/card-declined" {
			t.Errorf("%s: %s", at, got)
		}
	}
}

// TestOlderParams [D docs.stripe.com/changelog, 2019-10-17 and 2020-08-27]: they
// are known by their names, and no more in newer versions.
func TestOlderParams(t *testing.T) {
	m := start(t)
	price := newPrice(t, m, "unit_amount=2000", "recurring[interval]=month")
	customer := payer(t, m, "pm_card_visa")
	if got := m.Form("POST", "/v1/customers/"+customer, "account_balance=500", "Stripe-Version: 2019-08-14").Want(200).Get("balance"); got != "500" {
		t.Errorf("balance %s", got)
	}
	m.Form("POST", "/v1/customers/"+customer, "account_balance=500", "Stripe-Version: 2019-10-17").Want(400)
	sub := subscribe(m, customer, price, "billing=send_invoice", "days_until_due=3", "Stripe-Version: 2019-08-14").Want(200)
	if got := sub.Get("collection_method"); got != "send_invoice" {
		t.Errorf("collection method %s", got)
	}
	item := sub.Get("items.data.0.id")
	change := func(quantity, prorate, version string) *sdktest.Response {
		return m.Form("POST", "/v1/subscriptions/"+sub.Get("id"), "items[0][id]="+item, "items[0][quantity]="+quantity, "prorate="+prorate, "Stripe-Version: "+version)
	}
	items := func() int { return m.Form("GET", "/v1/invoiceitems").Want(200).JSON().Len("data") }
	change("2", "false", "2019-08-14").Want(200)
	if n := items(); n != 0 {
		t.Errorf("%d prorations, want none", n)
	}
	change("3", "true", "2020-03-02").Want(200)
	if n := items(); n != 2 {
		t.Errorf("%d prorations, want 2", n)
	}
	apiError{400, "", "parameter_unknown", "", "prorate", "Received unknown parameter: prorate"}.check(t, change("4", "true", "2020-08-27"))
	m.Form("POST", "/v1/subscriptions/"+sub.Get("id"), "tax_percent=10", "Stripe-Version: 2019-08-14").Want(501)
	m.Form("POST", "/v1/customers", "tax_info[type]=vat", "Stripe-Version: 2019-08-14").Want(501)
}
