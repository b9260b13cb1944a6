package hostsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/sqlite"
	"github.com/mirrahq/mirra/sdk/sdktest/native"
)

var program = sync.OnceValue(func() *native.Program {
	p, err := native.Load(probe)
	if err != nil {
		panic(err)
	}
	return p
})

type programs struct{}

func (programs) Program(_ context.Context, ref string) (host.Program, error) {
	if p := program(); ref == "probe" || ref == p.Digest() {
		return p, nil
	}
	return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.plugin.not_found", Message: "no plugin " + ref}
}

// network stands in for the application: it answers deliveries by a function.
type network struct {
	mu     sync.Mutex
	sent   []host.Outgoing
	answer func(n int, o *host.Outgoing) abi.Result
	after  chan struct{} // one for each delivery that was answered
}

func newNetwork() *network { return &network{after: make(chan struct{}, 10_000)} }

func (n *network) Send(ctx context.Context, o *host.Outgoing) abi.Result {
	n.mu.Lock()
	copied := *o
	copied.Headers, copied.Body = slices.Clone(o.Headers), slices.Clone(o.Body)
	n.sent = append(n.sent, copied)
	count, answer := len(n.sent), n.answer
	n.mu.Unlock()
	defer func() { n.after <- struct{}{} }()
	if answer == nil {
		return abi.Result{Status: 200}
	}
	return answer(count, o)
}

func (n *network) bodies() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for _, o := range n.sent {
		out = append(out, string(o.Body))
	}
	return out
}

// wallClock is a wall clock that a test moves. Alarms go off when it is moved.
type wallClock struct {
	mu     sync.Mutex
	set    *sync.Cond // an alarm was
	now    time.Time
	alarms []*alarm
}

type alarm struct {
	at   time.Time
	f    func()
	done bool
}

func newWall() *wallClock {
	w := &wallClock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	w.set = sync.NewCond(&w.mu)
	return w
}

// await returns once n alarms are set that go off after d from now.
func (w *wallClock) await(n int, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		found := 0
		for _, a := range w.alarms {
			if !a.done && a.at.Equal(w.now.Add(d)) {
				found++
			}
		}
		if found >= n {
			return
		}
		w.set.Wait()
	}
}

func (w *wallClock) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *wallClock) AfterFunc(d time.Duration, f func()) func() bool {
	w.mu.Lock()
	a := &alarm{at: w.now.Add(d), f: f}
	w.alarms = append(w.alarms, a)
	w.set.Broadcast()
	due := d <= 0
	if due {
		a.done = true
	}
	w.mu.Unlock()
	if due {
		go f()
	}
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		was := !a.done
		a.done = true
		return was
	}
}

func (w *wallClock) advance(d time.Duration) {
	w.mu.Lock()
	w.now = w.now.Add(d)
	var due []func()
	for _, a := range w.alarms {
		if !a.done && !a.at.After(w.now) {
			a.done = true
			due = append(due, a.f)
		}
	}
	w.mu.Unlock()
	for _, f := range due {
		f()
	}
}

// rig is a manager with its stand-ins.
type rig struct {
	*session.Manager
	t       testing.TB
	net     *network
	wall    *wallClock
	settled map[*session.Session]int
}

func newRig(t testing.TB, change ...func(*session.Config)) *rig {
	t.Helper()
	r := &rig{t: t, net: newNetwork(), wall: newWall(), settled: map[*session.Session]int{}}
	stores := sqlite.New(sqlite.Config{})
	cfg := session.Config{Stores: stores, Sender: r.net, Clock: r.wall, Programs: programs{}, Grease: rand.Uint32}
	for _, f := range change {
		f(&cfg)
	}
	r.Manager = session.New(cfg)
	t.Cleanup(func() {
		r.Close()
		_ = stores.Close()
	})
	return r
}

// forward is where the suite's sessions send their events.
const forward = "http://127.0.0.1:9/hook"

func (r *rig) mustCreate(change ...func(*session.Options)) *session.Session {
	r.t.Helper()
	o := session.Options{Limits: session.LimitsVendor, Mirrors: []session.MirrorSpec{{Ref: "probe", Forwards: []string{forward}}}}
	for _, f := range change {
		f(&o)
	}
	s, err := r.Create(context.Background(), o)
	if err != nil {
		r.t.Fatalf("create: %v", err)
	}
	return s
}

func frozen(o *session.Options) { o.Frozen = true }

func seedValue(v int64) func(*session.Options) {
	return func(o *session.Options) { o.SeedValue = &v }
}

// answer is a response that outlives its memory.
type answer struct {
	status  int
	body    string
	headers map[string]string
	drop    bool
}

func request(method, target, body string, headers ...string) *host.Request {
	r := &host.Request{Method: method, Scheme: "http", Authority: "x", BaseURL: "http://base", Target: target, Body: []byte(body)}
	r.Headers = append(r.Headers, abi.Pair{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	for i := 0; i+1 < len(headers); i += 2 {
		r.Headers = append(r.Headers, abi.Pair{Name: headers[i], Value: headers[i+1]})
	}
	return r
}

func do(t testing.TB, s *session.Session, method, target, body string, headers ...string) answer {
	t.Helper()
	m := s.Mirror("probe")
	if m == nil {
		t.Fatal("the session has no mirror probe")
	}
	resp := m.Serve(context.Background(), request(method, target, body, headers...))
	defer resp.Release()
	a := answer{status: resp.Status, body: string(resp.Body), headers: map[string]string{}, drop: resp.Drop}
	if resp.Blob != nil {
		b := make([]byte, resp.BlobLen)
		if _, err := resp.Blob.ReadAt(b, resp.BlobFrom); err != nil {
			t.Fatal(err)
		}
		a.body = string(b)
	}
	for _, h := range resp.Headers {
		a.headers[strings.Clone(h.Name)] = strings.Clone(h.Value)
	}
	return a
}

func mustDo(t testing.TB, s *session.Session, method, target, body string, headers ...string) answer {
	t.Helper()
	a := do(t, s, method, target, body, headers...)
	if a.status != 200 {
		t.Fatalf("%s %s: status %d: %s", method, target, a.status, a.body)
	}
	return a
}

// tags lists the tags of the session's things, oldest first.
func tags(t testing.TB, s *session.Session) []string {
	t.Helper()
	var out []string
	err := s.Mirror("probe").Documents("things", func(_ string, d host.Document) bool {
		var doc struct{ Tag string }
		if err := json.Unmarshal(d.JSON, &doc); err != nil {
			t.Errorf("document %s: %v", d.JSON, err)
		}
		out = append(out, doc.Tag)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantTags(t testing.TB, s *session.Session, want ...string) {
	t.Helper()
	if got := tags(t, s); !slices.Equal(got, want) {
		t.Errorf("things are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// settle waits until n more deliveries of the session have their outcome kept:
// their trace entry is the last step.
func (r *rig) settle(s *session.Session, n int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	want := r.settled[s] + n
	r.settled[s] = want
	seen := 0
	s.Follow(ctx, 0, func(e session.Raw) bool {
		if e.Type == session.WebhookEntry {
			seen++
		}
		return seen < want
	})
	if seen < want {
		r.t.Fatalf("%d webhook entries in the trace, want %d:\n%s", seen, want, printEntries(s))
	}
}

func hostError(t testing.TB, err error, code string) *host.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	e := host.AsError(err)
	if e.Code != code {
		t.Fatalf("error %s (%v), want %s", e.Code, err, code)
	}
	return e
}

func printEntries(s *session.Session) string {
	var b strings.Builder
	s.Entries(0, func(r session.Raw) bool {
		fmt.Fprintf(&b, "%d %s %s %s %d %s %s\n", r.Seq, r.Type, r.Method, r.Path, r.Status, r.Action, r.Fault)
		return true
	})
	return b.String()
}
