package assembly

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/registry/install"
)

// info describes a session.
func (s *Server) info(r *reach, stats bool) *host.SessionInfo {
	sess := r.session
	i := &host.SessionInfo{
		SessionID: sess.ID(), Name: sess.Name(), Status: "ready", Persistent: sess.Persistent(), Project: r.kept.Project,
		CreatedAt: sess.Created().UTC(), Clock: clockInfo(sess.Clock()), Limits: string(sess.Limits()), HeldHooks: sess.Holding(), Mirrors: []host.MirrorInfo{},
	}
	if at := sess.ExpiresAt(); !at.IsZero() {
		at = at.UTC()
		i.ExpiresAt = &at
	}
	if v, ok := sess.SeedValue(); ok {
		i.SeedValue = &v
	}
	for _, m := range sess.Mirrors() {
		i.Mirrors = append(i.Mirrors, s.mirrorInfo(r, m))
	}
	if stats {
		i.Stats = statsInfo(sess.Stats())
	}
	return i
}

func clockInfo(c session.ClockState) host.ClockInfo {
	return host.ClockInfo{Now: c.Now, OffsetMS: c.Offset.Milliseconds(), Frozen: c.Frozen, Peer: c.Peer}
}

func statsInfo(t session.Stats) *host.Stats {
	i := &host.Stats{Requests: t.Requests, Errors: t.Errors, RateLimited: t.RateLimited, LimitedBy: t.LimitedBy, Generic: t.Generic, NotMirrored: t.NotMirrored, Warnings: t.Warnings, Webhooks: t.Webhooks}
	if !t.FirstAt.IsZero() {
		at := t.FirstAt.UTC()
		i.FirstAt = &at
	}
	return i
}

func (s *Server) mirrorInfo(r *reach, m *session.Mirror) host.MirrorInfo {
	id, man := r.session.ID(), m.Manifest()
	i := host.MirrorInfo{
		Name: m.Name(), Vendor: man.Vendor, Version: m.Version(), Digest: m.Digest(), API: man.API.Default,
		URL: s.baseURL(id, m.Name(), ""), URLs: map[string]string{}, HostURL: s.hostURL(id, m.Name()),
		PathURL: s.VendorURL() + "/s/" + suffix(id) + "/" + m.Name(), Forward: m.Forwards(), Secrets: []host.SecretInfo{},
	}
	for _, h := range man.Hosts {
		switch port := r.kept.Ports[relayKey(m.Name(), h.ID)]; {
		case h.Protocol == "":
			i.URLs[h.ID] = s.baseURL(id, m.Name(), h.ID)
		case port != 0: // else it has none
			i.URLs[h.ID] = fmt.Sprintf("%s://127.0.0.1:%d", h.Protocol, port)
		}
	}
	texts := map[string]string{}
	for _, n := range m.Secrets() {
		texts[n.Name] = n.Text
		i.Secrets = append(i.Secrets, host.SecretInfo{Name: n.Name, Env: n.Env, From: n.From})
	}
	i.Env = environment(man, i.URL, i.URLs, texts)
	for _, n := range m.Secrets() {
		if _, set := i.Env[n.Env]; n.Env != "" && !set {
			i.Env[n.Env] = n.Text
		}
	}
	return i
}

// environment fills the placeholders of a manifest's variables.
func environment(m *abi.Manifest, base string, urls, secrets map[string]string) map[string]string {
	var pairs []string
	add := func(base, id string) {
		pairs = append(pairs, "{url"+id+"}", base)
		if u, err := url.Parse(base); err == nil {
			pairs = append(pairs, "{host"+id+"}", u.Hostname(), "{port"+id+"}", u.Port())
		}
	}
	add(base, "")
	for _, h := range m.Hosts {
		add(urls[h.ID], ":"+h.ID)
	}
	for name, text := range secrets {
		pairs = append(pairs, "{secret:"+name+"}", text)
	}
	fill := strings.NewReplacer(pairs...)
	env := map[string]string{}
	for _, v := range m.Env {
		if text := fill.Replace(v.Value); text != "" { // it is of a relay without a port
			env[v.Name] = text
		}
	}
	return env
}

// Session implements host.Sessions.
func (s *Server) Session(_ context.Context, id string) (*host.SessionInfo, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	return s.info(r, true), nil
}

// Sessions implements host.Sessions.
func (s *Server) Sessions(_ context.Context, q host.SessionQuery) (*host.SessionPage, error) {
	limit, err := pageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	page := &host.SessionPage{Sessions: []host.SessionInfo{}}
	passed := q.Cursor == ""
	for _, sess := range s.sessions.Sessions() {
		if !passed {
			passed = sess.ID() == q.Cursor
			continue
		}
		s.mu.RLock()
		r := s.reach[sess.ID()]
		s.mu.RUnlock()
		if r == nil || q.Project != "" && r.kept.Project != q.Project || q.Name != "" && sess.Name() != q.Name {
			continue
		}
		if len(page.Sessions) == limit {
			page.NextCursor = page.Sessions[limit-1].SessionID
			break
		}
		page.Sessions = append(page.Sessions, *s.info(r, true))
	}
	if !passed {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.cursor.unknown", Message: "the cursor's session has ended", Hint: "list again from the start"}
	}
	return page, nil
}

// Sizes of pages.
const (
	defaultPage = 100
	maxPage     = 1000
)

func pageSize(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 0 || limit > maxPage:
		return 0, &host.Error{Kind: host.KindInvalid, Code: "mirra.limit.invalid", Message: "limit: want 1 to 1000"}
	}
	return limit, nil
}

// EndSession implements host.Sessions.
func (s *Server) EndSession(_ context.Context, id string, purge bool) error {
	sess, err := s.sessions.Session(id)
	if err != nil {
		return err
	}
	err = s.sessions.End(sess.ID(), purge)
	s.forget(sess.ID(), purge || !sess.Persistent())
	s.log.Info("session ended", "session", sess.ID())
	return err
}

// Mirrors implements host.Mirrors.
func (s *Server) Mirrors(ctx context.Context) ([]host.CatalogEntry, error) {
	all, err := s.programs.install.Available(ctx)
	out := []host.CatalogEntry{}
	for _, p := range all {
		out = append(out, CatalogEntry(p))
	}
	if len(out) > 0 {
		err = nil // what could not be read does not hide the rest
	}
	if err != nil {
		return nil, explain(err)
	}
	return out, nil
}

// facts is what a manifest says of its vendor.
func facts(m *abi.Manifest) host.CatalogFacts {
	f := host.CatalogFacts{
		HostNames: map[string]string{}, Versions: append([]string{m.API.Default}, m.API.Also...), VersionHeader: m.API.Header,
		Credentials: []host.CatalogCredentials{}, Secrets: []host.CatalogSecret{}, Errors: []string{},
		Idempotency: host.CatalogIdempotency{Header: m.Idempotency.Header, Methods: append([]string{}, m.Idempotency.Methods...)},
	}
	for _, h := range m.Hosts {
		f.HostNames[h.ID] = h.Name
	}
	for _, c := range m.Credentials {
		f.Credentials = append(f.Credentials, host.CatalogCredentials{Class: c.Class, Scheme: c.Scheme, Header: c.Header, Pattern: c.Pattern, Live: c.Live})
	}
	for _, s := range m.Secrets {
		f.Secrets = append(f.Secrets, host.CatalogSecret{Name: s.Name, Env: append([]string{}, s.Env...), Summary: s.Summary})
	}
	for _, e := range m.Errors {
		f.Errors = append(f.Errors, e.Name)
	}
	return f
}

// CatalogEntry describes a plugin that sessions can have.
func CatalogEntry(p install.Plugin) host.CatalogEntry {
	e := declared(p.Manifest)
	e.Version, e.Digest, e.Source, e.Hosts = p.Version.String(), string(p.Digest), p.Source, p.Hosts()
	return e
}

// declared is what a manifest says.
func declared(m *abi.Manifest) host.CatalogEntry {
	e := host.CatalogEntry{
		Name: m.Name, Vendor: m.Vendor, API: m.API.Default, Summary: m.Summary,
		Levels: map[string]int{}, Operations: []host.CatalogOperation{}, Fixtures: []host.CatalogFixture{}, Simulates: append([]string{}, m.Simulates...), Entities: []string{},
		Aliases: map[string][]string{}, Events: append([]string{}, m.Events...), Facts: facts(m),
	}
	for _, op := range m.Operations {
		e.Levels[op.Level.String()]++
		e.Operations = append(e.Operations, host.CatalogOperation{ID: op.ID, Method: op.Method, Path: op.Path, Level: op.Level.String()})
	}
	for _, f := range m.Fixtures {
		e.Fixtures = append(e.Fixtures, host.CatalogFixture{Name: f.Name, Summary: f.Summary})
	}
	for _, n := range m.Entities {
		e.Entities = append(e.Entities, n.Name)
		if len(n.Aliases) > 0 {
			e.Aliases[n.Name] = n.Aliases
		}
	}
	return e
}

// metrics adds up what the sessions did, for /metrics.
func (s *Server) metrics() map[string]float64 {
	m := map[string]float64{"mirra_uptime_seconds": time.Since(s.started).Seconds()}
	for _, sess := range s.sessions.Sessions() {
		m["mirra_sessions"]++
		t := sess.Stats()
		m["mirra_live_sessions_requests"] += float64(t.Requests)
		m["mirra_live_sessions_webhook_attempts"] += float64(t.Webhooks)
		m["mirra_live_sessions_rate_limited"] += float64(t.RateLimited)
	}
	maps.Copy(m, s.vendor.Counters())
	return m
}
