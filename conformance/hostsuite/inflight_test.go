package hostsuite

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host/httpapi"
	"github.com/mirrahq/mirra/host/session"
)

// overHTTP serves a session as the vendor listener does.
func overHTTP(t *testing.T, s *session.Session) (base string) {
	t.Helper()
	v := &httpapi.Vendor{Route: func(string, string) httpapi.Exchanger { return s.Mirror("probe") }}
	server := httptest.NewServer(v.Port(s.ID(), "probe"))
	t.Cleanup(server.Close)
	return server.URL
}

// posted is the answer to a POST /things; duplicate says what the plugin was
// told of its key.
type posted struct {
	status    int
	duplicate bool
	err       error
}

func post(ctx context.Context, base, tag, key, account string) posted {
	r, err := http.NewRequestWithContext(ctx, "POST", base+"/things", strings.NewReader("tag="+tag))
	if err != nil {
		return posted{err: err}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer pk_test_"+account)
	r.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return posted{err: err}
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return posted{resp.StatusCode, resp.Header.Get("Duplicate") == "yes", err}
}

// TestKeyInFlight: an idempotency key is in use until its request is answered,
// in its account only. What holds the first answer back is a fault's latency;
// what lets it go is the clock, or that the rule or the session ends.
func TestKeyInFlight(t *testing.T) {
	t.Parallel()
	const latency = time.Minute
	for name, letGo := range map[string]func(r *rig, s *session.Session) error{
		"latency is over":   func(r *rig, _ *session.Session) error { r.wall.advance(latency); return nil },
		"rule is cleared":   func(_ *rig, s *session.Session) error { return s.ClearFaults("f1") },
		"rules are cleared": func(_ *rig, s *session.Session) error { return s.ClearFaults("") },
		"session ends":      func(r *rig, s *session.Session) error { return r.End(s.ID(), false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
			base := overHTTP(t, s)
			if _, err := s.AddFault(session.FaultRule{Method: "POST", Path: "/things", LatencyMS: int(latency / time.Millisecond), Count: 1}); err != nil {
				t.Fatal(err)
			}
			first := make(chan posted, 1)
			go func() { first <- post(t.Context(), base, "first", "k", "alice") }()
			r.wall.await(1, latency)
			for _, c := range []struct {
				tag, key, account string
				duplicate         bool
			}{{"second", "k", "alice", true}, {"other key", "l", "alice", false}, {"other account", "k", "bob", false}} {
				if got, want := post(t.Context(), base, c.tag, c.key, c.account), (posted{200, c.duplicate, nil}); got != want {
					t.Errorf("%s meanwhile: %+v, want %+v", c.tag, got, want)
				}
			}
			select {
			case got := <-first:
				t.Fatalf("the first did not wait: %+v", got)
			default:
			}
			if err := letGo(r, s); err != nil {
				t.Fatal(err)
			}
			if got, want := <-first, (posted{200, false, nil}); got != want {
				t.Errorf("the first: %+v, want %+v", got, want)
			}
			if name == "session ends" {
				return
			}
			if got, want := post(t.Context(), base, "third", "k", "alice"), (posted{200, false, nil}); got != want {
				t.Errorf("the same key afterwards: %+v, want %+v", got, want)
			}
			wantTags(t, s, "first", "second", "other key", "other account", "third")
		})
	}
}

// TestKeyOfWhoHangsUp: a client that gives up waiting frees its key.
func TestKeyOfWhoHangsUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
	if _, err := s.AddFault(session.FaultRule{LatencyMS: 60_000, Count: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.Mirror("probe").Serve(ctx, request("POST", "/things", "tag=first", "Idempotency-Key", "k")).Release()
	}()
	r.wall.await(1, time.Minute)
	if a := mustDo(t, s, "POST", "/things", "tag=second", "Idempotency-Key", "k"); a.headers["Duplicate"] != "yes" {
		t.Errorf("the key is free before: %v", a.headers)
	}
	hangUp()
	<-gone
	if a := mustDo(t, s, "POST", "/things", "tag=third", "Idempotency-Key", "k"); a.headers["Duplicate"] != "" {
		t.Errorf("the key is still in use: %v", a.headers)
	}
	wantTags(t, s, "first", "second", "third")
}
