package mirratest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/registry"
)

// patience is how long WaitForWebhook waits unless told otherwise.
const patience = 10 * time.Second

// atStart is the snapshot that Reset restores.
const atStart = "start-of-test"

// Session is mirrors of one test.
type Session struct {
	t        testing.TB
	control  host.Control
	info     *host.SessionInfo
	proxy    *host.ProxyInfo
	patience time.Duration
}

// Start makes a session of mirrors, "stripe" or "stripe@2024-06,twilio", that ends with
// the test.
func Start(t testing.TB, mirrors string, opts ...Option) *Session {
	t.Helper()
	o := options{patience: patience, server: background}
	o.request.Limits, o.request.NoEgress = "off", true
	o.request.Ports = true // for SDKs that take a host and a port, and for hooks
	// The session lives as long as the test is seen to, whatever becomes of it.
	o.request.Hold = true
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			t.Fatal("mirratest: " + err.Error())
		}
	}
	s := &Session{t: t, patience: o.patience}
	err := s.start(&o, mirrors)
	if e, ok := errors.AsType[*host.Error](err); ok && s.info == nil && e.Code == "mirra.server.unreachable" {
		err = s.start(&o, mirrors) // it ended just now, with nothing to do
	}
	if err != nil {
		s.fail("start "+mirrors, err)
	}
	return s
}

func (s *Session) start(o *options, mirrors string) error {
	var err error
	if s.control, err = o.server(); err != nil {
		return err
	}
	ctx := s.t.Context()
	if id := os.Getenv("MIRRA_SESSION"); o.attach && id != "" {
		if s.info, err = s.control.Session(ctx, id); err != nil {
			return err
		}
	} else if err := s.create(o, mirrors); err != nil {
		return err
	}
	if s.proxy, err = s.control.Proxy(ctx, s.info.SessionID); err != nil {
		return err
	}
	_, err = s.control.Snapshot(ctx, s.info.SessionID, atStart)
	return err
}

func (s *Session) create(o *options, mirrors string) error {
	var err error
	if o.request.Mirrors, err = requests(mirrors); err != nil {
		return err
	}
	names := []string{}
	for i := range o.request.Mirrors {
		m := &o.request.Mirrors[i]
		ref, err := registry.ParseRef(m.Ref)
		if err != nil {
			return err
		}
		names = append(names, string(ref.Name))
		m.Forwards = o.forwards[string(ref.Name)]
	}
	for name := range o.forwards {
		if !slices.Contains(names, name) {
			return fmt.Errorf("webhooks of %s are to be forwarded, which is not among %v", name, names)
		}
	}
	o.request.Observe = true // for Check
	info, err := s.control.CreateSession(s.t.Context(), &o.request)
	if err != nil {
		return err
	}
	s.info = info
	holding, letGo := context.WithCancel(context.Background())
	held := make(chan struct{})
	go func() {
		defer close(held)
		// It ends with the session, or with the test.
		_ = s.control.Events(holding, s.info.SessionID, 0, true, func(host.TraceEntry) bool { return true })
	}()
	s.t.Cleanup(func() {
		letGo()
		<-held
		err := s.control.EndSession(context.Background(), s.info.SessionID, true)
		if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound {
			return // somebody ended it before
		}
		if err != nil {
			s.t.Errorf("mirratest: end session %s: %v", s.info.SessionID, err)
		}
	})
	return nil
}

// With returns the session for a subtest or a parallel part of the test, which then is
// what its methods end.
func (s *Session) With(t testing.TB) *Session {
	other := *s
	other.t = t
	return &other
}

// fail ends the test with what happened and what to do next.
func (s *Session) fail(doing string, err error) {
	s.t.Helper()
	text, hint := err.Error(), ""
	if e, ok := errors.AsType[*host.Error](err); ok {
		hint = e.Hint
		if e.Code == "mirra.session.not_found" {
			text += ": it has ended"
			hint = "a session ends with the test that started it, by `mirra down`, and when its server does"
		}
	} else if e, ok := errors.AsType[*registry.Error](err); ok {
		hint = e.Hint
	}
	if hint != "" {
		text += "\nhint: " + hint
	}
	s.t.Fatalf("mirratest: %s: %s", doing, text)
}

// ID returns the session's id, which `mirra logs --session` and others take.
func (s *Session) ID() string { return s.info.SessionID }

// URL returns the base URL of a mirror, for clients that take one.
func (s *Session) URL(mirror string) string {
	s.t.Helper()
	return s.mirror(mirror).URL
}

func (s *Session) mirror(name string) *host.MirrorInfo {
	s.t.Helper()
	m := s.info.Mirror(name)
	if m == nil {
		names := []string{}
		for _, m := range s.info.Mirrors {
			names = append(names, m.Name)
		}
		s.t.Fatalf("mirratest: the session has no mirror %q; it has %v", name, names)
	}
	return m
}
