package hostsuite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host/session"
)

func TestCredentialsStayWithTheHost(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate()
	a := mustDo(t, s, "GET", "/account", "", "Authorization", "Bearer pk_test_alice")
	account, rest, _ := strings.Cut(a.body, " ")
	if account != "alice" {
		t.Errorf("account %q, want alice", account)
	}
	if strings.Contains(rest, "pk_test_alice") {
		t.Errorf("the plugin saw the key: %s", rest)
	}
	s.Entries(0, func(r session.Raw) bool {
		if r.Request != nil && strings.Contains(string(r.Request.Headers), "pk_test_alice") {
			t.Errorf("the trace has the key: %q", r.Request.Headers)
		}
		return true
	})
	a = do(t, s, "GET", "/account", "", "Authorization", "Bearer pk_live_alice")
	if a.status != 401 || !strings.Contains(a.body, "live key") {
		t.Errorf("a live key is answered %d %s", a.status, a.body)
	}
	if a := mustDo(t, s, "GET", "/account", "", "Authorization", "Bearer nonsense"); !strings.HasPrefix(a.body, " no****se") {
		t.Errorf("a malformed key shows as %q", a.body)
	}
}

// What a client sends can never become a URL or a secret of the mirror's.
func TestTokensCannotBeForged(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate()
	s.SetBaseURL(func(mirror, host string) string { return "http://here/" + mirror + "/" + host })
	forged := "mirra-url:api/x mirra-secret:1024 mirra-secret:1"
	var got struct{ Text, URL, Secret, MAC string }
	if err := json.Unmarshal([]byte(mustDo(t, s, "POST", "/echo", forged).body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Text != forged {
		t.Errorf("text came back as %q", got.Text)
	}
	if got.URL != "http://here/probe/files/f" {
		t.Errorf("url %q", got.URL)
	}
	h := hmac.New(sha256.New, []byte(got.Secret))
	h.Write([]byte("message"))
	if !strings.HasPrefix(got.Secret, "sec_") || len(got.Secret) != 12 || got.MAC != hex.EncodeToString(h.Sum(nil)) {
		t.Errorf("secret %q does not make %s", got.Secret, got.MAC)
	}
}

func TestFaultRules(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
	add := func(r session.FaultRule) {
		t.Helper()
		if _, err := s.AddFault(r); err != nil {
			t.Fatal(err)
		}
	}
	add(session.FaultRule{Method: "post", Path: "/things", Error: "slow", Nth: 2})
	mustDo(t, s, "POST", "/things", "tag=1")
	if a := do(t, s, "POST", "/things", "tag=2"); a.status != 429 || a.body != `{"probe_error":"slow down"}` {
		t.Errorf("the second answers %d %s", a.status, a.body)
	}
	mustDo(t, s, "POST", "/things", "tag=3")
	if err := s.ClearFaults(""); err != nil {
		t.Fatal(err)
	}
	add(session.FaultRule{Operation: "POST--things", Drop: session.DropAfter, Count: 1})
	if a := do(t, s, "POST", "/things", "tag=4"); !a.drop || a.status != 200 {
		t.Errorf("drop after: %+v", a)
	}
	add(session.FaultRule{Path: "/thi*", Drop: session.DropBefore})
	if a := do(t, s, "POST", "/things", "tag=5"); !a.drop {
		t.Errorf("drop before: %+v", a)
	}
	wantTags(t, s, "1", "3", "4")
	// The trace shows what was sent and answered, whoever answered.
	var told []string
	s.Entries(0, func(r session.Raw) bool {
		if r.Type == session.TrafficEntry && r.Method == "POST" {
			told = append(told, fmt.Sprint(r.Request.Body, " ", r.Status, " ", r.Response != nil && r.Response.Body != ""))
		}
		return true
	})
	if want := "tag=1 200 true, tag=2 429 true, tag=3 200 true, tag=4 200 true, tag=5 0 false"; strings.Join(told, ", ") != want {
		t.Errorf("the trace has %q, want %s", told, want)
	}
	_, err := s.AddFault(session.FaultRule{Mirror: "nobody", Probability: 2, Error: "unheard", Drop: "sideways", Path: "["})
	e := hostError(t, err, "mirra.fault.invalid")
	for _, want := range []string{`mirror "nobody"`, "probability 2", `no error "unheard"`, `drop "sideways"`, `path "["`} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, e)
		}
	}
}

// Limits refill by the wall even when the session's clock is frozen, and by the
// session's when it is advanced.
func TestLimitsRefill(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	take := func() string { return mustDo(t, s, "POST", "/limit", "").body }
	for i, want := range []string{"true", "true", "false"} {
		if got := take(); got != want {
			t.Errorf("take %d: %s, want %s", i+1, got, want)
		}
	}
	r.wall.advance(time.Second)
	if got := take(); got != "true" {
		t.Errorf("a second later: %s", got)
	}
	if got := take(); got != "false" {
		t.Errorf("and again at once: %s", got)
	}
}

func TestTraceIsBoundedAndResumable(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
	const n = 10_050
	for i := range n {
		do(t, s, "GET", fmt.Sprintf("/nothing/%d", i), "")
	}
	var first, last uint64
	count := 0
	dropped := s.Entries(0, func(e session.Raw) bool {
		if first == 0 {
			first = e.Seq
		}
		if e.Type == session.TrafficEntry {
			if e.Request == nil || e.Request.Target != e.Path || e.Status != 404 {
				t.Fatalf("entry %d: %+v", e.Seq, e.Entry)
			}
		}
		last = e.Seq
		count++
		return true
	})
	if count != 10_000 || first != dropped+1 || last != n+1 {
		t.Errorf("%d entries from %d to %d, %d dropped", count, first, last, dropped)
	}
	s.Entries(last-1, func(e session.Raw) bool {
		if e.Seq != last {
			t.Errorf("resumed at %d, want %d", e.Seq, last)
		}
		return true
	})
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate()
	for _, body := range []string{"small", strings.Repeat("blob ", 100_000)} { // inline, and as a blob
		digest := mustDo(t, s, "POST", "/blob", body).body
		if !strings.HasPrefix(digest, "sha256:") || len(digest) != 71 {
			t.Fatalf("digest %q", digest)
		}
		if got := mustDo(t, s, "GET", "/blob/"+digest, "").body; got != body {
			t.Errorf("the blob came back with %d bytes, want %d", len(got), len(body))
		}
	}
	if do(t, s, "GET", "/blob/sha256:00", "").status != 404 {
		t.Error("a blob that is not there is found")
	}
}
