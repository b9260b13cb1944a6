package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// want compares members of an answer, by path; "data.#" is how many data has.
func want(t testing.TB, r *sdktest.Response, members map[string]string) {
	t.Helper()
	for path, w := range members {
		got := ""
		if list, ok := strings.CutSuffix(path, ".#"); ok {
			got = strconv.Itoa(r.JSON().Len(list))
		} else {
			got = r.Get(path)
		}
		if got != w {
			t.Errorf("%s is %q, want %q", path, got, w)
		}
	}
}

// newPrice makes a product and a price of it and returns the price's id.
func newPrice(t testing.TB, m *sdktest.Mirror, fields ...string) string {
	t.Helper()
	return m.Form("POST", "/v1/prices", append([]string{"currency=usd", "product_data[name]=Gold", "product_data[unit_label]=seat"}, fields...)...).Want(200).Get("id")
}

// monthly makes a price of $25.00 a month.
func monthly(t testing.TB, m *sdktest.Mirror) string {
	t.Helper()
	return newPrice(t, m, "unit_amount=2500", "recurring[interval]=month")
}

// TestProductBody [R POST /v1/products in 2025-12 and 2026-05, values ours].
func TestProductBody(t *testing.T) {
	const body = `{"id":"*","object":"product","active":true,"attributes":[],"created":"*","default_price":null,"description":"A plan","images":[],"livemode":false,"marketing_features":[{"name":"Fast"}],"metadata":{"a":"1"},"name":"Gold","package_dimensions":null,"shippable":null,"statement_descriptor":null,"tax_code":null,"type":"service","unit_label":null,"updated":"*","url":null}`
	m := start(t, sdktest.At(time.Date(2025, 12, 25, 14, 0, 0, 0, time.UTC)))
	r := m.Form("POST", "/v1/products", "name=Gold", "description=A plan", "marketing_features[0][name]=Fast", "metadata[a]=1").Want(200)
	match(t, r.Body, body)
	m.Advance(time.Minute)
	changed := m.Form("POST", "/v1/products/"+r.Get("id"), "name=Silver").Want(200)
	want(t, changed, map[string]string{"name": "Silver", "created": "1766671200", "updated": "1766671260"})
	older := m.Form("GET", "/v1/products/"+r.Get("id"), "Stripe-Version: 2023-10-16").Want(200)
	if older.JSON().Exists("marketing_features") || older.Get("features.0.name") != "Fast" {
		t.Errorf("at 2023-10-16: %s", older.Body)
	}
	wantEvents(t, m, "product.created", "product.updated")
	apiError{404, "", "resource_missing", "", "id", "No such product: 'prod_none'"}.check(t, m.Form("GET", "/v1/products/prod_none"))                              // [R]
	apiError{400, "", "resource_missing", "", "product", "No such product: 'prod_none'"}.check(t, m.Form("GET", "/v1/prices", "active=true", "product=prod_none")) // [R]
	gone := m.Form("POST", "/v1/products", "name=Gone", "tax_code=txcd_10103001").Want(200).Get("id")
	m.Form("POST", "/v1/products", "name=Other").Want(200)
	want(t, m.Form("GET", "/v1/products", "ids[]="+gone, "ids[]=prod_none").Want(200), map[string]string{"data.0.id": gone, "data.1.id": "", "has_more": "false"})
	m.Form("GET", "/v1/tax_codes").Want(501) // the vendor's own list
	m.Form("DELETE", "/v1/products/"+gone).Want(200)
	m.Form("GET", "/v1/prices", "product="+gone).Want(200)
}

// TestPriceBody [R POST /v1/prices in 2025-12, values ours].
func TestPriceBody(t *testing.T) {
	m := start(t)
	product := m.Form("POST", "/v1/products", "name=Gold", "id=gold").Want(200).Get("id")
	const recurring = `{"aggregate_usage":null,"interval":"month","interval_count":3,"meter":null,"trial_period_days":null,"usage_type":"licensed"}`
	body := func(recurring string) string {
		return `{"id":"*","object":"price","active":true,"billing_scheme":"per_unit","created":1719835200,"currency":"cad","custom_unit_amount":null,"livemode":false,"lookup_key":null,"metadata":{},"nickname":null,"product":"gold","recurring":` + recurring + `,"tax_behavior":"unspecified","tiers_mode":null,"transform_quantity":null,"type":"recurring","unit_amount":900,"unit_amount_decimal":"900"}`
	}
	r := m.Form("POST", "/v1/prices", "product="+product, "currency=CAD", "unit_amount=900", "recurring[interval]=month", "recurring[interval_count]=3").Want(200)
	match(t, r.Body, body(recurring))
	id := r.Get("id")
	match(t, m.Form("GET", "/v1/prices/"+id, "Stripe-Version: 2025-03-31.basil").Body, body(`{"interval":"month","interval_count":3,"meter":null,"trial_period_days":null,"usage_type":"licensed"}`))
	// A price that recurs is a plan too.
	match(t, m.Form("GET", "/v1/plans/"+id).Want(200).Body, `{"id":"`+id+`","object":"plan","active":true,"aggregate_usage":null,"amount":900,"amount_decimal":"900","billing_scheme":"per_unit","created":1719835200,"currency":"cad","interval":"month","interval_count":3,"livemode":false,"metadata":{},"meter":null,"nickname":null,"product":"gold","tiers_mode":null,"transform_usage":null,"trial_period_days":null,"usage_type":"licensed"}`)
	wantEvents(t, m, "product.created", "price.created", "plan.created")
	apiError{400, "", "", "", "", "This product cannot be deleted because it has one or more user-created prices."}.check(t, m.Form("DELETE", "/v1/products/gold")) // [R]
	m.Form("POST", "/v1/products", "name=Bare", "id=bare").Want(200)
	match(t, m.Form("DELETE", "/v1/products/bare").Want(200).Body, `{"id":"bare","object":"product","deleted":true}`)
}

func TestPriceParameters(t *testing.T) {
	m := start(t)
	product := m.Form("POST", "/v1/products", "name=Gold").Want(200).Get("id")
	create := func(fields ...string) apiCall {
		return apiCall{t, m.Form("POST", "/v1/prices", append([]string{"currency=usd"}, fields...)...)}
	}
	create("product=prod_none", "unit_amount=1").fails(apiError{400, "", "resource_missing", "", "product", "No such product: 'prod_none'"})
	create("unit_amount=1").fails(apiError{400, "", "parameter_missing", "", "product", "Missing required param: product."})
	create("product="+product, "unit_amount=1", "recurring[interval]=year", "recurring[interval_count]=4").fails(apiError{400, "", "", "", "recurring[interval_count]", "Invalid interval_count: must be between 1 and 3."})
	half := create("product="+product, "unit_amount_decimal=0.5").r.Want(200)
	want(t, half, map[string]string{"unit_amount": "null", "unit_amount_decimal": "0.5", "type": "one_time"})
	tiered := create("product="+product, "billing_scheme=tiered", "tiers_mode=graduated", "recurring[interval]=month", "tiers[0][up_to]=5", "tiers[0][unit_amount]=100", "tiers[1][up_to]=inf", "tiers[1][unit_amount]=50").r.Want(200)
	if tiered.JSON().Exists("tiers") {
		t.Errorf("tiers without expand: %s", tiered.Body)
	}
	shown := m.Form("GET", "/v1/prices/"+tiered.Get("id"), "expand[]=tiers").Want(200)
	want(t, shown, map[string]string{"tiers.0.unit_amount_decimal": "100", "tiers.1.up_to": "null"})
	one := create("product="+product, "unit_amount=1", "lookup_key=std").r.Want(200).Get("id")
	create("product="+product, "unit_amount=2", "lookup_key=std").fails(apiError{400, "", "", "", "lookup_key", "A price (`" + one + "`) already uses that lookup key."})
	two := create("product="+product, "unit_amount=2", "lookup_key=std", "transfer_lookup_key=true").r.Want(200).Get("id")
	if got := m.Form("GET", "/v1/prices", "lookup_keys[]=std").Want(200).Get("data.0.id"); got != two {
		t.Errorf("the key's price is %s, want %s", got, two)
	}
	m.Form("POST", "/v1/prices/"+one, "active=false").Want(200)
	if n := m.Form("GET", "/v1/prices", "active=true", "product="+product).Want(200).JSON().Len("data"); n != 3 {
		t.Errorf("%d active prices, want 3", n)
	}
}

func TestPlans(t *testing.T) {
	m := start(t)
	plan := m.Form("POST", "/v1/plans", "id=small", "amount=2500", "currency=usd", "interval=month", "product[name]=Small").Want(200)
	want(t, plan, map[string]string{"id": "small", "amount_decimal": "2500"})
	apiError{400, "", "resource_already_exists", "", "", "Plan already exists."}.check(t, m.Form("POST", "/v1/plans", "id=small", "amount=1", "currency=usd", "interval=month", "product="+plan.Get("product")))
	want(t, m.Form("GET", "/v1/prices/small").Want(200), map[string]string{"unit_amount": "2500", "recurring.interval": "month", "type": "recurring"})
	want(t, m.Form("POST", "/v1/plans/small", "nickname=S").Want(200), map[string]string{"nickname": "S"})
	m.Form("DELETE", "/v1/plans/small").Want(200)
	apiError{404, "", "resource_missing", "", "plan", "No such plan: 'small'"}.check(t, m.Form("GET", "/v1/plans/small")) // [R]
	// A seeded plan is a price as well.
	if err := m.Seed(`{"plans":[{"id":"seeded","amount":100,"amount_decimal":"100","currency":"usd","interval":"year","product":null}]}`); err != nil {
		t.Fatal(err)
	}
	want(t, m.Form("GET", "/v1/prices/seeded").Want(200), map[string]string{"unit_amount": "100", "recurring.interval": "year"})
	if got := m.Form("GET", "/v1/plans").Want(200).Get("data.0.id"); got != "seeded" {
		t.Errorf("plans begin with %s", got)
	}
}

func TestCoupons(t *testing.T) {
	m := start(t)
	c := m.Form("POST", "/v1/coupons", "id=HALF", "percent_off=50", "duration=forever").Want(200)
	match(t, c.Body, `{"id":"HALF","object":"coupon","amount_off":null,"created":1719835200,"currency":null,"duration":"forever","duration_in_months":null,"livemode":false,"max_redemptions":null,"metadata":{},"name":null,"percent_off":50.0,"redeem_by":null,"times_redeemed":0,"valid":true}`)
	apiError{400, "", "", "", "percent_off", "Invalid percent_off: must be greater than 0 and less than or equal to 100."}.check(t, m.Form("POST", "/v1/coupons", "percent_off=101"))
	apiError{400, "", "parameter_missing", "", "currency", "Missing required param: currency."}.check(t, m.Form("POST", "/v1/coupons", "amount_off=100"))
	code := m.Form("POST", "/v1/promotion_codes", "coupon=HALF", "code=SUMMER").Want(200)
	want(t, code, map[string]string{"coupon.id": "HALF", "code": "SUMMER", "active": "true"})
	customer := newCustomer(t, m, "promotion_code="+code.Get("id"))
	want(t, m.Form("GET", "/v1/customers/"+customer).Want(200), map[string]string{"discount.coupon.id": "HALF", "discount.promotion_code": code.Get("id"), "discount.coupon.times_redeemed": "1"})
	want(t, m.Form("DELETE", "/v1/customers/"+customer+"/discount").Want(200), map[string]string{"object": "discount", "deleted": "true"})
	want(t, m.Form("GET", "/v1/customers/"+customer).Want(200), map[string]string{"discount": "null"})
	apiError{400, "", "resource_missing", "", "coupon", "No such coupon: 'none'"}.check(t, m.Form("POST", "/v1/customers", "coupon=none"))
}
