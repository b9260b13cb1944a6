package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/conformance/vendorsuite"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
)

// mirrorTarget is a mirror on a server of this process.
type mirrorTarget struct {
	server   *assembly.Server
	ref      string
	manifest *abi.Manifest
	version  string
	client   *http.Client
}

// newMirrorTarget starts a server for the mirror that ref names.
func (a *app) newMirrorTarget(ctx context.Context, ref string) (*mirrorTarget, error) {
	server, err := assembly.New(assembly.Config{CacheDir: a.cfg.Dirs.Cache, Sources: a.cfg.sources(), Precompiled: embeddedFiles(), VendorAddr: "127.0.0.1:0", Version: version()})
	if err != nil {
		return nil, err
	}
	t := &mirrorTarget{server: server, ref: ref, client: directClient()}
	s, err := server.CreateSession(ctx, t.session(time.Time{})) // says early what is wrong with ref
	if err == nil {
		m := &s.Mirrors[0]
		t.version = m.Version
		if t.manifest = a.manifestOf(ctx, m.Digest); t.manifest == nil {
			err = fmt.Errorf("no manifest of %s", m.Version)
		}
		_ = server.EndSession(ctx, s.SessionID, true)
	}
	if err != nil {
		_ = t.Close() // of what was started; err says why
		return nil, err
	}
	return t, nil
}

// directClient is a client that no proxy of the environment's gets between, and
// that leaves bodies as they come.
func directClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{Proxy: nil, DisableCompression: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (t *mirrorTarget) Close() error {
	// A connection that was opened and never used would keep the server waiting.
	t.client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return t.server.Close(ctx)
}

func (t *mirrorTarget) session(at time.Time) *host.NewSession {
	never, seed := 0, int64(1) // the same ids in every run
	n := &host.NewSession{
		Mirrors: []host.MirrorRequest{{Ref: t.ref}}, Limits: "off", PeerClock: "session", TimeoutSeconds: &never, SeedValue: &seed, HideHeaders: true,
	}
	if !at.IsZero() {
		n.Clock, n.Frozen = &at, true
	}
	return n
}

func (t *mirrorTarget) name() string { return t.version }

func (t *mirrorTarget) spoken() []string {
	if t.manifest.API.Default == "" {
		return nil
	}
	return append([]string{t.manifest.API.Default}, t.manifest.API.Also...)
}

// operationsOf returns what a mirror knows of its vendor's API.
func operationsOf(m *abi.Manifest) []vendorsuite.Operation {
	var all []vendorsuite.Operation
	for _, op := range m.Operations {
		all = append(all, vendorsuite.Operation{ID: op.ID, Method: op.Method, Path: op.Path, Level: op.Level.String()})
	}
	return all
}

// newestManifest returns the manifest of the newest build of a mirror, stripe,
// or of a line of it, stripe@2024-06; nil if there is none.
func (a *app) newestManifest(ctx context.Context, ref string) *abi.Manifest {
	name, line, _ := strings.Cut(ref, "@")
	var newest *registry.Build
	for _, s := range a.cfg.sources() {
		builds, _ := s.List(ctx) // without it operations are named by their paths
		for i := range builds {
			b := &builds[i]
			if string(b.Name) == name && (line == "" || b.Manifest.Line == line || b.Version.String() == line) && (newest == nil || b.Version.Compare(newest.Version) > 0) {
				newest = b
			}
		}
	}
	if newest == nil {
		return nil
	}
	return newest.Manifest
}

// Open implements vendorsuite.Target.
func (t *mirrorTarget) Open(ctx context.Context, at time.Time) (vendorsuite.Session, error) {
	info, err := t.server.CreateSession(ctx, t.session(at))
	if err != nil {
		return nil, err
	}
	// Endpoints of cassettes are the recorder's, or somebody's who uses the port.
	if err := t.server.HoldWebhooks(ctx, info.SessionID, true); err != nil {
		return nil, err
	}
	m := &info.Mirrors[0]
	s := &mirrorSession{t: t, id: info.SessionID, mirror: m.Name, now: at, bases: map[string]string{}}
	var pairs []string
	hosts := slices.DeleteFunc(slices.Clone(t.manifest.Hosts), func(h abi.Host) bool { return h.Protocol != "" }) // traffic is HTTP
	for _, h := range hosts {
		s.bases[h.Name] = m.URLs[h.ID]
	}
	slices.SortFunc(hosts, func(a, b abi.Host) int { return len(m.URLs[b.ID]) - len(m.URLs[a.ID]) }) // one may begin as another
	for _, h := range hosts {
		pairs = append(pairs, m.URLs[h.ID]+"/", "https://"+h.Name+"/")
	}
	s.vendor = strings.NewReplacer(pairs...)
	return s, nil
}

// mirrorSession is a session of a mirrorTarget.
type mirrorSession struct {
	t          *mirrorTarget
	id, mirror string
	now        time.Time
	bases      map[string]string // by the vendor's host
	vendor     *strings.Replacer // puts the vendor's hosts back into answers
}

// Do implements vendorsuite.Session.
func (s *mirrorSession) Do(ctx context.Context, r *vendorsuite.Request) (*vendorsuite.Response, error) {
	base, ok := s.bases[r.Host]
	if !ok {
		return nil, fmt.Errorf("the mirror does not serve %s", r.Host)
	}
	return send(ctx, s.t.client, base, r, s.vendor)
}

// send sends a request below a base URL.
func send(ctx context.Context, client *http.Client, base string, r *vendorsuite.Request, vendor *strings.Replacer) (*vendorsuite.Response, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	req := (&http.Request{
		Method: r.Method, URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Opaque: u.Path + r.Target}, Host: u.Host, Header: r.Header.Clone(),
		Body: io.NopCloser(strings.NewReader(r.Body)), ContentLength: int64(len(r.Body)),
	}).WithContext(ctx)
	if r.Body == "" {
		req.Body = http.NoBody
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	a := &vendorsuite.Response{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	if vendor != nil {
		a.Body = vendor.Replace(a.Body)
	}
	return a, nil
}

// SetClock implements vendorsuite.Session.
func (s *mirrorSession) SetClock(ctx context.Context, at time.Time) error {
	if s.now.IsZero() { // the session's clock runs
		return vendorsuite.ErrUnsupported
	}
	_, err := s.t.server.MoveClock(ctx, s.id, &host.ClockMove{Set: &at})
	return err
}

// Import implements vendorsuite.Session.
func (s *mirrorSession) Import(ctx context.Context, objects []json.RawMessage) error {
	state := host.State{}
	for _, o := range objects {
		var kind struct{ Object string }
		if err := json.Unmarshal(o, &kind); err != nil {
			return err
		}
		entity := ""
		for _, e := range s.t.manifest.Entities {
			if e.Type == kind.Object || e.Name == kind.Object || slices.Contains(e.Aliases, kind.Object) {
				entity = e.Name
				break
			}
		}
		if entity == "" {
			return fmt.Errorf("%s: %w", kind.Object, vendorsuite.ErrNotKept)
		}
		state[entity] = append(state[entity], o)
	}
	return s.t.server.Seed(ctx, s.id, s.mirror, state)
}

// Close implements vendorsuite.Session.
func (s *mirrorSession) Close() error {
	return s.t.server.EndSession(context.Background(), s.id, true)
}
