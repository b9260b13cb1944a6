package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestIdempotency [R liberapay, replays; R-like giftbit/lightrail 2018-07-26, the
// mismatch and its content length].
func TestIdempotency(t *testing.T) {
	m := start(t)
	const key = "Idempotency-Key: bad-idempotent-key-0"
	first := m.Form("POST", "/v1/customers", "email=a@example.com", key).Want(200)
	if first.Header("Original-Request") != first.Header("Request-Id") || first.Header("Idempotency-Key") != "bad-idempotent-key-0" {
		t.Errorf("headers %v", first.Headers)
	}
	again := m.Form("POST", "/v1/customers", "email=a@example.com", key).Want(200)
	if again.Body != first.Body || again.Header("Idempotent-Replayed") != "true" || again.Header("Original-Request") != first.Header("Request-Id") || again.Header("Request-Id") == first.Header("Request-Id") {
		t.Errorf("replay: %v %s", again.Headers, again.Body)
	}
	if n := len(m.State("customers")); n != 1 {
		t.Errorf("%d customers", n)
	}
	other := m.Form("POST", "/v1/customers", "email=b@example.com", key).Want(400)
	want := `{
  "error": {
    "message": "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than 'bad-idempotent-key-0' if you meant to execute a different request.",
    "type": "idempotency_error"
  }
}`
	if strings.TrimSpace(other.Body) != want {
		t.Errorf("mismatch %s", other.Body)
	}
	// Another account has keys of its own.
	m.Form("POST", "/v1/customers", "email=b@example.com", key, "Stripe-Account: acct_1PmHgaKXBGcbgpbZ").Want(200)
	// What failed validation is not kept, what the card's issuer refused is.
	const second = "Idempotency-Key: second"
	m.Form("POST", "/v1/payment_intents", "amount=x", "currency=usd", second).Want(400)
	declined := pay(m, "payment_method=pm_card_chargeDeclined", second).Want(402)
	if r := pay(m, "payment_method=pm_card_chargeDeclined", second).Want(402); r.Body != declined.Body || r.Header("Idempotent-Replayed") != "true" {
		t.Errorf("a decline is not replayed: %v", r.Headers)
	}
	if n := len(m.State("payment_intents")); n != 1 {
		t.Errorf("%d payment intents", n)
	}
	// A day later the key is free.
	m.Advance(24*time.Hour + time.Second)
	m.Form("POST", "/v1/customers", "email=b@example.com", key).Want(200)
	long := m.Form("POST", "/v1/customers", "Idempotency-Key: "+strings.Repeat("k", 256)).Want(400)
	if !strings.Contains(long.Get("error.message"), "255") {
		t.Errorf("long key: %s", long.Body)
	}
	// GET and DELETE pay no heed to keys.
	id := first.Get("id")
	m.Form("DELETE", "/v1/customers/"+id, key).Want(200)
}

// TestHeaders [R, 249 exchanges at 2024-06-20]: which headers stand where.
func TestHeaders(t *testing.T) {
	m := start(t)
	created := m.Form("POST", "/v1/customers", "Idempotency-Key: created").Want(200)
	for _, c := range []struct {
		name                  string
		r                     *sdktest.Response
		original, shouldRetry bool
	}{
		{"created", created, true, true},
		{"retrieved", m.Form("GET", "/v1/customers/"+created.Get("id")), false, false},
		{"refused", m.Form("POST", "/v1/customers", "nope=1", "Idempotency-Key: refused"), true, false},
		{"missing", m.Form("GET", "/v1/customers/cus_none"), false, false},
		{"declined", pay(m, "payment_method=pm_card_chargeDeclined", "Idempotency-Key: declined"), true, true},
		{"without a key", m.Form("POST", "/v1/customers"), false, false},
	} {
		if got := c.r.Header("Original-Request") != ""; got != c.original {
			t.Errorf("%s: Original-Request %v", c.name, got)
		}
		if got := c.r.Header("Stripe-Should-Retry"); (got == "false") != c.shouldRetry {
			t.Errorf("%s: Stripe-Should-Retry %q", c.name, got)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "Stripe-Version": "2024-06-20", "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
			"Cache-Control": "no-cache, no-store", "Vary": "Origin", "X-Stripe-Routing-Context-Priority-Tier": "api-testmode",
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
		} {
			if got := c.r.Header(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
		if id := c.r.Header("Request-Id"); len(id) != 18 || !strings.HasPrefix(id, "req_") {
			t.Errorf("%s: request id %q", c.name, id)
		}
	}
	for path, service := range map[string]string{"/v1/customers/" + created.Get("id"): "mono-bapi-srv", "/v1/charges": "payins-bapi-srv"} {
		report := "https://q.stripe.com/coop-report?s=" + service
		r := m.Form("GET", path).Want(200)
		if got, want := r.Header("Reporting-Endpoints"), `coop="`+report+`"`; got != want {
			t.Errorf("%s: Reporting-Endpoints %s, want %s", path, got, want)
		}
		if got, want := r.Header("Report-To"), `{"group":"coop","max_age":8640,"endpoints":[{"url":"`+report+`"}],"include_subdomains":true}`; got != want {
			t.Errorf("%s: Report-To %s, want %s", path, got, want)
		}
	}
	if got := created.Header("Content-Security-Policy"); !strings.HasPrefix(got, "report-uri https://q.stripe.com/csp-report?p=v1%2Fcustomers; ") {
		t.Errorf("policy %q", got)
	}
	if log := m.Form("GET", "/v1/customers/cus_none"); !strings.Contains(log.Get("error.request_log_url"), log.Header("Request-Id")+"?t=1719835200") {
		t.Errorf("request_log_url %s", log.Body)
	}
}

func TestKeysAndPaths(t *testing.T) {
	m := start(t)
	// [R] keys of up to twelve characters are shown whole, longer ones starred.
	apiError{401, "", "", "", "", "Invalid API Key provided: sk_bogus"}.check(t, m.Form("GET", "/v1/customers", "Authorization: Bearer sk_bogus"))
	apiError{401, "", "", "", "", "Invalid API Key provided: not-a-ke************7890"}.check(t, m.Form("GET", "/v1/customers", "Authorization: Bearer not-a-key-123456789-7890"))
	apiError{401, "", "", "", "", "You did not provide an API key, though you did set your Authorization header to \"Bearer\". Using Bearer auth, your Authorization header should look something like 'Authorization: Bearer YOUR_SECRET_KEY'. See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."}.
		check(t, m.Form("GET", "/v1/plans", "Authorization: Bearer"))
	none := sdktest.Start(t)
	if r := none.Form("GET", "/v1/customers").Want(401); !strings.HasPrefix(r.Get("error.message"), "You did not provide an API key.") {
		t.Errorf("no key: %s", r.Body)
	} else if r.Header("WWW-Authenticate") != `Bearer realm="Stripe"` || r.Header("Request-Id") != "" || !strings.HasSuffix(r.Body, "}\n") { // [R 401s of 2026-05]
		t.Errorf("no key: headers %v, body %q", r.Headers, r.Body)
	}
	apiError{404, "", "", "", "", "Unrecognized request URL (GET: /v1/nothing). Please see https://stripe.com/docs or we can help at https://support.stripe.com/."}.check(t, m.Form("GET", "/v1/nothing"))
	apiError{501, "api_error", "mirra_not_mirrored", "", "", "Mirra does not mirror PostTerminalConnectionTokens (POST /v1/terminal/connection_tokens) yet. See COVERAGE.md of the stripe plugin."}.check(t, m.Form("POST", "/v1/terminal/connection_tokens"))
}

// TestOperationsAnswer: each operation of the description has a handler or
// answers 501 by its name; none is forgotten.
func TestOperationsAnswer(t *testing.T) {
	m := start(t)
	by, unserved := 0, 0
	for _, op := range stripe.Manifest.Operations {
		if op.Host != "" || op.Level != sdk.None {
			by++
			continue
		}
		path := op.Path
		for strings.Contains(path, "{") {
			i, j := strings.Index(path, "{"), strings.Index(path, "}")
			path = path[:i] + "x" + path[j+1:]
		}
		r := m.Request(op.Method, path, "")
		if r.Status == 501 {
			unserved++
			continue
		}
		// A path such as /v1/charges/search may be shadowed by no other one.
		t.Errorf("%s %s: %d", op.Method, path, r.Status)
	}
	t.Logf("%d operations by hand, %d answer 501", by, unserved)
	if by < 70 {
		t.Errorf("only %d operations by hand", by)
	}
}

// TestNotMirrored: a parameter without an effect here is not let pass.
func TestNotMirrored(t *testing.T) {
	m := start(t)
	for _, c := range []struct{ path, field, param string }{
		{"/v1/customers", "cash_balance[settings][reconciliation_mode]=manual", "cash_balance"},
		{"/v1/charges", "destination[account]=acct_1PmHgaKXBGcbgpbZ", "destination"},
	} {
		r := m.Form("POST", c.path, c.field)
		if r.Status != 501 || r.Get("error.param") != c.param {
			t.Errorf("%s: %d %s", c.field, r.Status, r.Body)
		}
	}
}

func TestEventFilters(t *testing.T) {
	m := start(t)
	for range 3 {
		pay(m, "payment_method=pm_card_visa").Want(200)
		m.Form("POST", "/v1/customers").Want(200)
	}
	for _, c := range []struct {
		fields []string
		want   int
		more   string
	}{
		{[]string{"type=charge.succeeded"}, 3, "false"},
		{[]string{"type=payment_intent.*"}, 6, "false"},
		{[]string{"types[]=customer.created", "types[]=charge.succeeded", "limit=4"}, 4, "true"},
		{[]string{"types[]=charge.failed"}, 0, "false"},
		{[]string{"created[gt]=1719835200"}, 0, "false"},
	} {
		r := m.Form("GET", "/v1/events", c.fields...).Want(200)
		if n := r.JSON().Len("data"); n != c.want || r.Get("has_more") != c.more {
			t.Errorf("%q: %d events, more %s", c.fields, n, r.Get("has_more"))
		}
	}
	id := m.Form("GET", "/v1/events", "limit=1").Get("data.0.id")
	if got := m.Form("GET", "/v1/events/"+id).Want(200).Get("id"); got != id {
		t.Errorf("retrieved %s", got)
	}
}
