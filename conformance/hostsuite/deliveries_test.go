package hostsuite

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
)

// A delivery is signed with the secret of the session, and its stamp is the
// application's time even when the session's clock is far away.
func TestDeliveryIsSignedForTheApplicationsClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen, func(o *session.Options) {
		o.At = r.wall.Now().AddDate(-2, 0, 0)
		o.Secrets = func(name string) (string, string, bool) {
			return "ps_from_env", "PROBE_SECRET from .env", name == "PROBE_SECRET"
		}
	})
	mustDo(t, s, "POST", "/things", "tag=a")
	r.settle(s, 1)
	sent := r.net.sent[0]
	signature := ""
	for _, h := range sent.Headers {
		if h.Name == "Probe-Signature" {
			signature = h.Value
		}
	}
	stamp, mac, _ := strings.Cut(signature, ".")
	if want := strconv.FormatInt(r.wall.Now().Unix(), 10); stamp != want {
		t.Errorf("stamped %s, want the wall's %s", stamp, want)
	}
	h := hmac.New(sha256.New, []byte("ps_from_env"))
	h.Write([]byte(stamp + "." + string(sent.Body)))
	if want := hex.EncodeToString(h.Sum(nil)); mac != want {
		t.Errorf("signature %s, want %s", mac, want)
	}
	if from := s.Mirror("probe").Secrets()[0].From; from != "PROBE_SECRET from .env" {
		t.Errorf("the secret is from %q", from)
	}
}

func TestRetriesFollowTheSessionsClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	r.net.answer = func(n int, _ *host.Outgoing) abi.Result {
		if n < 3 {
			return abi.Result{Status: 503}
		}
		return abi.Result{Status: 204}
	}
	mustDo(t, s, "POST", "/things", "tag=a")
	r.settle(s, 1)
	for range 2 {
		if _, err := s.Advance(context.Background(), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	wantTags(t, s, "a", "outcome 503", "outcome 503", "outcome 204")
	var attempts []string
	s.Entries(0, func(e session.Raw) bool {
		if e.Type == session.WebhookEntry {
			attempts = append(attempts, strconv.Itoa(int(e.Attempt))+":"+strconv.Itoa(e.Status))
		}
		return true
	})
	if got := strings.Join(attempts, " "); got != "1:503 2:503 3:204" {
		t.Errorf("attempts %s", got)
	}
}

// What a stopped call had queued never goes out.
func TestStoppedCallLeavesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	a := do(t, s, "POST", "/half", "")
	if a.status != 500 || !strings.Contains(a.body, `{"probe_error":"The probe plugin was stopped (exit)`) {
		t.Errorf("answer %d %s", a.status, a.body)
	}
	if !strings.HasPrefix(a.headers["X-Request"], "r_") || strings.Contains(a.headers["X-Request"], "{") {
		t.Errorf("request id %q", a.headers["X-Request"])
	}
	mustDo(t, s, "POST", "/things", "tag=after")
	r.settle(s, 1)
	if got := r.net.bodies(); len(got) != 1 || strings.Contains(got[0], "never") {
		t.Errorf("sent %q", got)
	}
	if _, err := s.Advance(context.Background(), time.Hour); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "after", "outcome 200")
}

// A plugin that stops again and again rests, in this session only.
func TestPluginThatKeepsFailingRests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s, other := r.mustCreate(), r.mustCreate()
	for range 5 {
		do(t, s, "POST", "/half", "")
	}
	if a := do(t, s, "GET", "/things", ""); a.status != 500 || !strings.Contains(a.body, "stopped") {
		t.Errorf("the sixth call answers %d %s", a.status, a.body)
	}
	mustDo(t, other, "GET", "/things", "")
	r.wall.advance(2 * time.Second)
	mustDo(t, s, "GET", "/things", "")
}

func TestOrderedDeliveriesWaitForEachOther(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate()
	release := make(chan struct{})
	r.net.answer = func(n int, _ *host.Outgoing) abi.Result {
		if n == 1 {
			<-release
		}
		return abi.Result{Status: 200}
	}
	s.HoldDeliveries(true)
	for _, tag := range []string{"1", "2", "3"} {
		mustDo(t, s, "POST", "/things", "order=one&tag="+tag)
	}
	s.HoldDeliveries(false)
	mustDo(t, s, "POST", "/things", "tag=free") // of no line: not held up
	for len(r.net.bodies()) < 2 {
		<-r.net.after
		r.net.after <- struct{}{}
	}
	close(release)
	r.settle(s, 4)
	var order []string
	for _, body := range r.net.bodies() {
		_, tag, _ := strings.Cut(body, `"tag":"`)
		tag, _, _ = strings.Cut(tag, `"`)
		if tag != "free" {
			order = append(order, tag)
		}
	}
	if got := strings.Join(order, " "); got != "1 2 3" {
		t.Errorf("ordered deliveries went out as %s", got)
	}
}

// An outcome that belongs to a life before a reset reaches the trace only.
func TestResetCutsDeliveriesOff(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate()
	r.net.answer = func(int, *host.Outgoing) abi.Result {
		if err := s.Reset(); err != nil {
			t.Error(err)
		}
		return abi.Result{Status: 500}
	}
	mustDo(t, s, "POST", "/things", "tag=a")
	r.settle(s, 1)
	wantTags(t, s)
	r.wall.advance(24 * time.Hour)
	if n := len(r.net.bodies()); n != 1 {
		t.Errorf("%d attempts, want 1: the retry belongs to the old life", n)
	}
}

func TestWebhookMishaps(t *testing.T) {
	t.Parallel()
	cases := []struct {
		rule session.FaultRule
		sent int
		want []string
	}{
		{session.FaultRule{Webhook: session.MishapDrop}, 0, []string{"a"}},
		{session.FaultRule{Webhook: session.MishapDuplicate, Count: 1}, 2, []string{"a", "outcome 200", "outcome 200"}},
		{session.FaultRule{Webhook: session.MishapDelay, DelayMS: 60_000, Count: 1}, 0, []string{"a"}},
	}
	for _, c := range cases {
		t.Run(string(c.rule.Webhook), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := r.mustCreate(frozen)
			if _, err := s.AddFault(c.rule); err != nil {
				t.Fatal(err)
			}
			s.HoldDeliveries(true)
			mustDo(t, s, "POST", "/things", "tag=a")
			s.HoldDeliveries(false)
			if _, err := s.Advance(context.Background(), time.Second); err != nil {
				t.Fatal(err)
			}
			if n := len(r.net.bodies()); n != c.sent {
				t.Errorf("%d sent, want %d", n, c.sent)
			}
			wantTags(t, s, c.want...)
			if c.rule.Webhook == session.MishapDelay {
				if _, err := s.Advance(context.Background(), time.Minute); err != nil {
					t.Fatal(err)
				}
				wantTags(t, s, "a", "outcome 200")
			}
		})
	}
}

// A statement that never ends costs its request the plugin's deadline, and
// nothing of the session's. The deadline is one that the other calls keep on a
// busy machine too.
func TestEndlessStatement(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *session.Config) { c.CallWall = 5 * time.Second })
	s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
	mustDo(t, s, "POST", "/things", "tag=before")
	if a := do(t, s, "GET", "/endless", ""); a.status != 500 {
		t.Errorf("an endless statement answers %d %s", a.status, a.body)
	}
	mustDo(t, s, "POST", "/things", "tag=after")
	wantTags(t, s, "before", "after")
}
