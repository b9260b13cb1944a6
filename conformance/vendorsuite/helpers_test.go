package vendorsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is a Target whose sessions answer by a function.
type stub struct {
	answer func(s *stubSession, r *Request) *Response
	// refuse says why an object is not imported, "" for one that is; nil imports
	// nothing at all.
	refuse func(object string) string

	mu       sync.Mutex
	sessions []*stubSession
}

type stubSession struct {
	t        *stub
	now      time.Time
	requests []*Request
	clock    []time.Time
	imported []string
	closed   bool
	minted   int
}

func (t *stub) Open(_ context.Context, at time.Time) (Session, error) {
	s := &stubSession{t: t, now: at}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sessions = append(t.sessions, s)
	return s, nil
}

func (s *stubSession) Do(_ context.Context, r *Request) (*Response, error) {
	s.requests = append(s.requests, r)
	a := s.t.answer(s, r)
	if a == nil {
		return nil, fmt.Errorf("nobody answers %s", r.Target)
	}
	return a, nil
}

func (s *stubSession) SetClock(_ context.Context, at time.Time) error {
	if !at.After(s.now) {
		return fmt.Errorf("%s is not after %s", at, s.now)
	}
	s.now = at
	s.clock = append(s.clock, at)
	return nil
}

func (s *stubSession) Import(_ context.Context, objects []json.RawMessage) error {
	if s.t.refuse == nil {
		return ErrUnsupported
	}
	for _, o := range objects {
		if why := s.t.refuse(string(o)); why != "" {
			return fmt.Errorf("%s", why)
		}
	}
	for _, o := range objects {
		s.imported = append(s.imported, string(o))
	}
	return nil
}

func (s *stubSession) Close() error {
	s.closed = true
	return nil
}

// mint returns an id of the stub's.
func (s *stubSession) mint(prefix string, length int) string {
	s.minted++
	return prefix + fmt.Sprintf("%0*d", length, s.minted)
}

// ok is an answer with the headers that Stripe always sends.
func ok(body string) *Response { return answer(200, body) }

func answer(status int, body string) *Response {
	return &Response{status, http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_00000000000000"}, "Stripe-Version": {"2024-06-20"}}, body}
}

// exchangeLine prints one line of a recording.
func exchangeLine(source string, order int, method, path, body string, status int, answer string, header ...string) string {
	h := map[string]any{"content-type": "application/json", "request-id": "req_11111111111111", "stripe-version": "2024-06-20", "date": "Sat, 10 Aug 2024 16:00:00 GMT"}
	for i := 0; i+1 < len(header); i += 2 {
		h[header[i]] = header[i+1]
		if header[i+1] == "" {
			delete(h, header[i])
		}
	}
	b, err := json.Marshal(map[string]any{
		"source": source, "order": order, "method": method, "url": "https://api.stripe.com" + path, "req_headers": map[string]any{"authorization": "Bearer <redacted>"},
		"req_body": body, "status": status, "resp_headers": h, "resp_body": answer,
	})
	if err != nil {
		panic(err) // of a map of texts
	}
	return string(b) + "\n"
}

// MustWrite writes a file of a folder of the test's.
func MustWrite(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// MustRead reads recordings that were written for a test.
func MustRead(t testing.TB, lines ...string) *Recordings {
	t.Helper()
	r, err := Read(MustWrite(t, "r.jsonl", strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	r.Classify(nil)
	return r
}

// MustReplay replays recordings against a stub of Stripe.
func MustReplay(t testing.TB, target Target, r *Recordings, o Options) *Report {
	t.Helper()
	if o.Rules == nil {
		o.Rules = Stripe()
	}
	o.Keep = func(string) bool { return true }
	report, err := Replay(t.Context(), target, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// paths lists where answers differ.
func paths(diffs []Difference) string {
	var all []string
	for _, d := range diffs {
		all = append(all, d.Keeps.String()+":"+d.Path)
	}
	return strings.Join(all, " ")
}
