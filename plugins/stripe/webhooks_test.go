package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// verify checks a Stripe-Signature header by itself: t and v1, the HMAC-SHA256
// of "t.body", not older than 300 s [S stripe-go webhook/client.go].
func verify(t testing.TB, r sdktest.Received, secret string, now time.Time) {
	t.Helper()
	var stamp, sum string
	for part := range strings.SplitSeq(r.Header.Get("Stripe-Signature"), ",") {
		k, v, _ := strings.Cut(part, "=")
		switch k {
		case "t":
			stamp = v
		case "v1":
			sum = v
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + r.Body))
	if want := hex.EncodeToString(mac.Sum(nil)); sum != want {
		t.Errorf("v1 is %s, want %s", sum, want)
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	if age := now.Unix() - at; err != nil || age < 0 || age > 300 {
		t.Errorf("stamp %q at %d", stamp, now.Unix())
	}
}

func TestEndpointLifecycle(t *testing.T) {
	m := start(t)
	r := m.Form("POST", "/v1/webhook_endpoints", "url=https://example.com/hook", "enabled_events[]=payment_intent.succeeded", "enabled_events[]=charge.failed", "description=Orders", "metadata[a]=b").Want(200)
	secret := r.Get("secret")
	if !strings.HasPrefix(secret, "whsec_") || len(secret) != 38 {
		t.Errorf("secret %q", secret)
	}
	// [R POST /v1/webhook_endpoints at 2023-10-16]
	match(t, r.Body, `{"id":"*","object":"webhook_endpoint","api_version":null,"application":null,"created":1719835200,"description":"Orders","enabled_events":["payment_intent.succeeded","charge.failed"],"livemode":false,"metadata":{"a":"b"},"secret":"*","status":"enabled","url":"https://example.com/hook"}`)
	path := "/v1/webhook_endpoints/" + r.Get("id")
	got := m.Form("GET", path).Want(200)
	if got.JSON().Exists("secret") || strings.Contains(m.Form("GET", "/v1/webhook_endpoints").Body, secret) {
		t.Error("the secret is shown again")
	}
	if s := m.Form("POST", path, "disabled=True").Want(200).Get("status"); s != "disabled" {
		t.Errorf("status %s", s)
	}
	if got := m.Form("POST", path, "disabled=false", "url=https://example.com/2", "enabled_events[]=*").Want(200); got.Get("enabled_events") != `["*"]` || got.Get("status") != "enabled" {
		t.Errorf("updated %s", got.Body)
	}
	match(t, m.Form("DELETE", path).Want(200).Body, `{"id":"`+r.Get("id")+`","object":"webhook_endpoint","deleted":true}`)
	m.Form("GET", path).Want(404)

	for _, c := range []struct {
		fields []string
		want   apiError
	}{
		{[]string{"url=https://example.com"}, apiError{400, "", "parameter_missing", "", "enabled_events", "Missing required param: enabled_events."}},
		{[]string{"enabled_events[]=*"}, apiError{400, "", "parameter_missing", "", "url", "Missing required param: url."}},
		{[]string{"url=example.com/hook", "enabled_events[]=*"}, apiError{400, "", "url_invalid", "", "url", "Invalid URL: An explicit scheme (such as https) must be provided."}},
	} {
		c.want.check(t, m.Form("POST", "/v1/webhook_endpoints", c.fields...))
	}
	bad := m.Form("POST", "/v1/webhook_endpoints", "url=https://example.com", "enabled_events[]=order.paid").Want(400)
	if got := bad.Get("error.message"); !strings.HasPrefix(got, "Invalid enabled_events[0]: must be one of account.application.authorized, account.application.deauthorized, ") || bad.Get("error.param") != "enabled_events[0]" {
		t.Errorf("unknown event: %.120s", bad.Body)
	}
}

func TestDeliveries(t *testing.T) {
	sink, forward := sdktest.NewSink(t), sdktest.NewSink(t)
	m := start(t, sdktest.Forward(forward.URL), sdktest.Env("STRIPE_WEBHOOK_SECRET", "whsec_application"))
	secret := m.Form("POST", "/v1/webhook_endpoints", "url="+sink.URL+"/stripe", "enabled_events[]=payment_intent.succeeded", "enabled_events[]=payment_intent.requires_action").Want(200).Get("secret")
	m.Form("POST", "/v1/customers", "Idempotency-Key: key-1").Want(200)
	r := pay(m, "payment_method=pm_card_visa", "Idempotency-Key: key-2").Want(200)
	m.Settle()

	got := sink.Take()
	if len(got) != 1 {
		t.Fatalf("%d deliveries to the endpoint, want the one it asked for", len(got))
	}
	verify(t, got[0], secret, sdktest.Epoch)
	if got[0].Path != "/stripe" || got[0].Header.Get("Content-Type") != "application/json; charset=utf-8" || !strings.HasPrefix(got[0].Header.Get("User-Agent"), "Stripe/1.0") {
		t.Errorf("sent %s %v", got[0].Path, got[0].Header)
	}
	if !strings.HasPrefix(got[0].Body, "{\n  \"id\": \"evt_") {
		t.Errorf("body %.60q", got[0].Body)
	}
	e := sdktest.ParseJSON(t, got[0].Body)
	// Two at first; one where the forward was delivered before.
	if v := e.Get("pending_webhooks"); v != "1" && v != "2" {
		t.Errorf("pending_webhooks is %s", v)
	}
	for path, want := range map[string]string{
		"object": "event", "api_version": "2024-06-20", "type": "payment_intent.succeeded", "created": "1719835200", "livemode": "false",
		"data.object.id": r.Get("id"), "data.object.status": "succeeded", "request.id": r.Header("Request-Id"), "request.idempotency_key": "key-2",
	} {
		if v := e.Get(path); v != want {
			t.Errorf("%s is %s, want %s", path, v, want)
		}
	}
	// Answers of the endpoint and of the forward count pending_webhooks down.
	if n := m.Form("GET", "/v1/events/"+e.Get("id")).Get("pending_webhooks"); n != "0" {
		t.Errorf("pending_webhooks %s", n)
	}
	all := forward.Take()
	if len(all) != 4 { // customer.created, payment_intent.created, charge.succeeded, payment_intent.succeeded
		t.Errorf("%d forwarded, want every event", len(all))
	}
	for _, d := range all {
		verify(t, d, "whsec_application", sdktest.Epoch)
	}
	// URLs of the mirror's own are finished before they are signed.
	pay(m, "payment_method=pm_card_authenticationRequired", "return_url=http://localhost/").Want(200)
	m.Settle()
	got = sink.Take()
	if len(got) != 1 || strings.Contains(got[0].Body, "mirra-url") {
		t.Fatalf("delivered %+v", got)
	}
	verify(t, got[0], secret, sdktest.Epoch)
	if u := sdktest.ParseJSON(t, got[0].Body).Get("data.object.next_action.redirect_to_url.url"); !strings.HasPrefix(u, "http://mirra.test/hooks/redirect/") {
		t.Errorf("url %s", u)
	}
}

func TestRetries(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := start(t)
	secret := m.Form("POST", "/v1/webhook_endpoints", "url="+sink.URL, "enabled_events[]=customer.created").Want(200).Get("secret")
	sink.Answer(func(sdktest.Received) int { return 500 })
	m.Form("POST", "/v1/customers").Want(200)
	m.Settle()
	first := sink.Take()
	if len(first) != 1 {
		t.Fatalf("%d tries at first", len(first))
	}
	elapsed := time.Duration(0)
	for i, wait := range retries {
		m.Advance(wait - time.Second)
		if n := len(sink.Take()); n != 0 {
			t.Errorf("retry %d came early", i+1)
		}
		m.Advance(time.Second)
		elapsed += wait
		got := sink.Take()
		if len(got) != 1 {
			t.Fatalf("retry %d: %d tries", i+1, len(got))
		}
		if got[0].Body != first[0].Body {
			t.Errorf("retry %d sends another body", i+1)
		}
		verify(t, got[0], secret, sdktest.Epoch.Add(elapsed)) // signed anew
	}
	m.Advance(100 * time.Hour)
	if n := len(sink.Take()); n != 0 {
		t.Errorf("%d tries after the last", n)
	}
	events := m.Form("GET", "/v1/events", "type=customer.created").Want(200)
	if n := events.Get("data.0.pending_webhooks"); n != "1" {
		t.Errorf("pending_webhooks %s of an event nobody took", n)
	}
	// A delivery of a connected account's event finds it.
	sink.Answer(func(sdktest.Received) int { return 200 })
	const account = "Stripe-Account: acct_1PmHgaKXBGcbgpbZ"
	m.Form("POST", "/v1/webhook_endpoints", account, "url="+sink.URL, "enabled_events[]=*").Want(200)
	m.Form("POST", "/v1/customers", account).Want(200)
	m.Settle()
	if n := len(sink.Take()); n != 1 {
		t.Errorf("%d deliveries for the connected account", n)
	}
}

// TestConnectDeliveries: what happens in a connected account goes to endpoints
// for connected accounts, and names the account.
func TestConnectDeliveries(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := start(t)
	own := m.Form("POST", "/v1/webhook_endpoints", "url="+sink.URL+"/own", "enabled_events[]=account.updated", "enabled_events[]=transfer.created").Want(200)
	connected := m.Form("POST", "/v1/webhook_endpoints", "url="+sink.URL+"/connect", "connect=true", "enabled_events[]=payout.created", "enabled_events[]=transfer.created").Want(200)
	if own.Get("application") != "null" || !strings.HasPrefix(connected.Get("application"), "ca_") {
		t.Errorf("application %s and %s", own.Get("application"), connected.Get("application"))
	}
	id := seller(t, m)
	m.Form("POST", "/v1/transfers", "amount=700", "currency=usd", "destination="+id).Want(200)
	m.Form("POST", "/v1/payouts", "amount=700", "currency=usd", "Stripe-Account: "+id).Want(200)
	m.Settle()
	byPath := map[string]string{}
	for _, d := range sink.Take() {
		byPath[d.Path] += sdktest.ParseJSON(t, d.Body).Get("type") + " " + sdktest.ParseJSON(t, d.Body).Get("account")
		if d.Path == "/connect" {
			verify(t, d, connected.Get("secret"), sdktest.Epoch.Add(time.Minute))
		}
	}
	if byPath["/own"] != "transfer.created " || byPath["/connect"] != "payout.created "+id {
		t.Errorf("delivered %v", byPath)
	}
}
