package vendorsuite

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func recorded(body string) *Exchange {
	return &Exchange{
		Method: "POST", URL: "https://api.stripe.com/v1/customers", RequestHeader: http.Header{"Authorization": {"Bearer sk_test_51Secret"}}, RequestBody: "name=a",
		Status: 200, Header: http.Header{"Date": {"Sat, 10 Aug 2024 16:00:00 GMT"}}, Body: body, At: time.Unix(1723305600, 0),
	}
}

// TestRecorder: lines are whole whoever writes them, in the order of their
// answers, and what is read back is what was recorded.
func TestRecorder(t *testing.T) {
	t.Parallel()
	path := MustWrite(t, "r.jsonl", `{"source":"cut o`)
	r, err := NewRecorder(path, "mine", Stripe(), false)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	long := strings.Repeat("x", 1<<16)
	for range 20 {
		group.Go(func() {
			if err := r.Add(recorded(`{"name":"` + long + `<&>"}`)); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := r.Close(); err != nil || r.Len() != 20 {
		t.Fatalf("%d exchanges, %v", r.Len(), err)
	}
	back, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Notes) != 1 || back.Notes[0].Kind != "not JSON" || back.Notes[0].Place != "r.jsonl:1" {
		t.Errorf("notes %v", back.Notes)
	}
	all := back.Cassettes[0].Exchanges
	if back.Len() != 20 || back.Cassettes[0].Source != "mine" || all[19].Order != 19 {
		t.Fatalf("%d exchanges of %q, the last is #%d", back.Len(), back.Cassettes[0].Source, all[len(all)-1].Order)
	}
	if e := all[7]; e.Body != `{"name":"`+long+`<&>"}` || e.RequestBody != "name=a" || !e.At.Equal(time.Unix(1723305600, 0)) || e.RequestHeader.Get("Authorization") != "Bearer <redacted>" {
		t.Errorf("read back %.100v", e)
	}
	if err := r.Add(recorded("{}")); err == nil || !strings.Contains(err.Error(), "r.jsonl") {
		t.Errorf("a closed recording took an exchange: %v", err)
	}
	if _, err := NewRecorder(filepath.Join(path, "x.jsonl"), "mine", Stripe(), false); err == nil {
		t.Error("a file below a file was opened")
	}
}

// TestScrub looks for secrets in every part of an exchange.
func TestScrub(t *testing.T) {
	t.Parallel()
	const secrets = `sk_test_51AbCdEf rk_test_Zz99 pk_test_51Pub ek_test_YWNjdF8,abc whsec_0123456789abcdefABCDEF0123456789`
	const client = "pi_3AAAAAAAAAAAAAAAAAAAAAAA_secret_AbCdEfGhIjKlMnOpQrStUvWxY"
	make := func() *Exchange {
		return &Exchange{
			URL: "https://sk_test_51AbCdEf:@api.stripe.com/v1/x?key=pk_test_51Pub&client_secret=" + client, RequestBody: "a=" + secrets, Body: `{"a":"` + secrets + `","client_secret":"` + client + `"}`,
			RequestHeader: http.Header{"Authorization": {"Basic c2tfdGVzdF8="}, "Cookie": {"a=b"}, "X-Note": {secrets}, "Idempotency-Key": {"k"}},
			Header:        http.Header{"Set-Cookie": {"c=d"}, "X-Note": {secrets}, "Request-Id": {"req_1"}},
		}
	}
	path := filepath.Join(t.TempDir(), "r.jsonl")
	for _, keep := range []bool{false, true} {
		r, err := NewRecorder(path, "s", Stripe(), keep)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Add(make()); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"51AbCdEf", "Zz99", "51Pub", "YWNjdF8", "0123456789abcdef", "c2tf", "Cookie", "a=b", "c=d"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("the recording has %q: %s", secret, text)
			}
		}
		for _, want := range []string{"sk_test_<redacted>", "whsec_<redacted>", `"Basic <redacted>"`, `"Idempotency-Key":["k"]`, `"Request-Id":["req_1"]`, "https://api.stripe.com/v1/x"} {
			if !bytes.Contains(text, []byte(want)) {
				t.Errorf("the recording lacks %q: %s", want, text)
			}
		}
		if got := bytes.Contains(text, []byte(client)); got != keep {
			t.Errorf("client secrets kept: %v, want %v", got, keep)
		}
	}
}

func TestLiveKey(t *testing.T) {
	t.Parallel()
	for _, e := range []*Exchange{
		{RequestHeader: http.Header{"Authorization": {"Bearer sk_live_51Real"}}},
		{RequestHeader: http.Header{"Authorization": {"Basic c2tfbGl2ZV81MVJlYWw6"}}},
		{URL: "https://sk_live_51Real@api.stripe.com/"},
		{RequestBody: "key=sk_live_51Real"},
	} {
		if got := Stripe().LiveKey(e); got != "sk_live_…" {
			t.Errorf("%+v: %q", e, got)
		}
	}
	if got := Stripe().LiveKey(recorded("")); got != "" {
		t.Errorf("a test key is live: %q", got)
	}
	if got := Resend().LiveKey(recorded("")); got != "" {
		t.Errorf("a key of a vendor whose keys do not tell: %q", got)
	}
}
