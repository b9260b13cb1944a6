package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// start runs the mirror with a key on every request.
func start(t *testing.T, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Header("Authorization", "Bearer hk_test_abcd")}, options...)...)
}

func TestCreateGetList(t *testing.T) {
	m := start(t)
	made := m.Form("POST", "/greetings", "text=hello & good day").Want(201)
	id := made.Get("id")
	if want := `{"id":"` + id + `","text":"hello & good day","created":1719835200}`; made.Body != want || made.Header("Content-Type") != "application/json" {
		t.Errorf("got %s, want %s", made.Body, want)
	}
	if len(id) != 15 || !strings.HasPrefix(id, "gr_") {
		t.Errorf("id %q", id)
	}
	if got := m.Request("GET", "/greetings/"+id, "").Want(200); got.Body != made.Body {
		t.Errorf("got %s, want %s", got.Body, made.Body)
	}
	for i := range 10 {
		m.Request("POST", "/greetings", `{"text":"number `+strconv.Itoa(i)+`"}`, "Content-Type: application/json").Want(201)
	}
	list := m.Request("GET", "/greetings", "").Want(200)
	if n := list.JSON().Len("data"); n != 10 || list.Get("data.0.text") != "number 9" || list.Get("more") != "true" {
		t.Errorf("%d greetings: %s", n, list.Body)
	}
	if n := len(m.State("greetings")); n != 11 {
		t.Errorf("%d greetings are kept", n)
	}
}

func TestErrors(t *testing.T) {
	m := start(t)
	for _, c := range []struct {
		method, path, body, contentType, key string
		status                               int
		want                                 string
	}{
		{"POST", "/greetings", "", "", "Bearer hk_test_abcd", 400, `{"error":"text is missing"}`},
		{"POST", "/greetings", `{"text":`, "application/json", "Bearer hk_test_abcd", 400, `{"error":"unexpected end at byte 8"}`},
		{"GET", "/greetings/gr_none", "", "", "Bearer hk_test_abcd", 404, `{"error":"no greeting gr_none"}`},
		{"GET", "/farewells", "", "", "Bearer hk_test_abcd", 404, `{"error":"no such operation"}`},
		{"GET", "/greetings", "", "", "", 401, `{"error":"send a key: Authorization: Bearer hk_test_…"}`},
		{"GET", "/greetings", "", "", "Bearer nonsense", 401, `{"error":"send a key: Authorization: Bearer hk_test_…"}`},
		{"GET", "/greetings", "", "", "Bearer hk_live_abcd", 401, "A live key was sent to a Mirra mirror."},
	} {
		r := m.Request(c.method, c.path, c.body, "Content-Type: "+c.contentType, "Authorization: "+c.key).Want(c.status)
		if !strings.Contains(r.Body, c.want) || r.Header("Content-Type") != "application/json" {
			t.Errorf("%s %s: got %s, want %s", c.method, c.path, r.Body, c.want)
		}
	}
	m.Fault(`{"error":"rate-limit","count":1}`)
	if r := m.Request("GET", "/greetings", "").Want(429); r.Body != `{"error":"slow down"}` {
		t.Errorf("got %s", r.Body)
	}
}

// TestWebhook checks a delivery as an application would, with its own copy of
// the secret.
func TestWebhook(t *testing.T) {
	sink := sdktest.NewSink(t)
	m := start(t, sdktest.Forward(sink.URL+"/hook"), sdktest.Env("HELLO_WEBHOOK_SECRET", "hs_of_the_application"))
	made := m.Form("POST", "/greetings", "text=hello").Want(201)
	m.Settle()
	got := sink.Take()
	if len(got) != 1 {
		t.Fatalf("%d deliveries, want 1", len(got))
	}
	if got[0].Method != "POST" || got[0].Path != "/hook" || got[0].Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", got[0])
	}
	if want := `{"type":"greeting.created","data":` + made.Body + `}`; got[0].Body != want {
		t.Errorf("got %s, want %s", got[0].Body, want)
	}
	stamp, mac, _ := strings.Cut(strings.TrimPrefix(got[0].Header.Get("Hello-Signature"), "t="), ",v1=")
	if want := strconv.FormatInt(sdktest.Epoch.Unix(), 10); stamp != want {
		t.Errorf("stamped %s, want %s", stamp, want)
	}
	h := hmac.New(sha256.New, []byte("hs_of_the_application"))
	h.Write([]byte(stamp + "." + got[0].Body))
	if want := hex.EncodeToString(h.Sum(nil)); mac != want {
		t.Errorf("signed %s, want %s", mac, want)
	}
}

func TestRetries(t *testing.T) {
	sink := sdktest.NewSink(t)
	sink.Answer(func(sdktest.Received) int { return http.StatusServiceUnavailable })
	m := start(t, sdktest.Forward(sink.URL))
	m.Form("POST", "/greetings", "text=hello").Want(201)
	for _, step := range []struct {
		by   time.Duration
		want int
	}{{0, 1}, {59 * time.Second, 0}, {time.Second, 1}, {2*time.Minute - time.Second, 0}, {time.Second, 1}, {24 * time.Hour, 0}} {
		m.Advance(step.by)
		if n := len(sink.Take()); n != step.want {
			t.Errorf("%d deliveries after %s more, want %d", n, step.by, step.want)
		}
	}
}

func TestSecretIsDerivedWithoutAVariable(t *testing.T) {
	if a, b := start(t).Secret("webhook"), start(t).Secret("webhook"); a != b || len(a) != 27 || !strings.HasPrefix(a, "hs_") {
		t.Errorf("secrets %q and %q", a, b)
	}
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		options []sdktest.Option
		asked   string
		status  int
	}{
		{nil, "v1", 200}, {nil, "v3", 200},
		{[]sdktest.Option{sdktest.RefuseVersions()}, "v1", 200}, {[]sdktest.Option{sdktest.RefuseVersions()}, "v3", 400},
	} {
		start(t, c.options...).Request("GET", "/greetings", "", "Hello-Version: "+c.asked).Want(c.status)
	}
}
