package assembly

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/registry"
)

// defaultTimeout is how long a session lives after its last request.
const defaultTimeout = 3600

// Times a session of a foreground command lives without it: before the command
// follows its events, and after it was cut off.
const (
	holdAtFirst = 30 * time.Second
	holdAfter   = 5 * time.Second
)

// nameForm is what a session may be called: it stands in URLs and commands.
var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)

// CreateSession implements host.Sessions.
func (s *Server) CreateSession(ctx context.Context, r *host.NewSession) (*host.SessionInfo, error) {
	s.mu.Lock()
	s.busy++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.busy--
		s.mu.Unlock()
	}()
	o, pass, err := s.options(ctx, r)
	if err != nil {
		return nil, err
	}
	sess, err := s.sessions.Create(ctx, *o)
	if err != nil {
		return nil, several(err)
	}
	kept := keptReach{Project: r.Project, HideHeaders: r.HideHeaders, WebhookHosts: r.WebhookHosts, Rewrite: r.Rewrite, NoEgress: r.NoEgress, PassThrough: pass}
	reach := s.add(sess, kept, r.Hold)
	if r.Ports {
		s.openPorts(reach)
	}
	if err := s.keep(reach); err != nil {
		_ = s.EndSession(ctx, sess.ID(), true) // ends what was made above
		return nil, err
	}
	if r.Hold {
		s.endUnlessHeld(reach, holdAtFirst)
	}
	s.log.Info("session created", "session", sess.ID(), "mirrors", len(sess.Mirrors()))
	return s.info(reach, false), nil
}

// several makes one fault of many, with the kind and hint of the first.
func several(err error) error {
	m, ok := errors.AsType[*multierror.Error](err)
	if _, own := err.(*host.Error); own || !ok || len(m.Errors) == 0 {
		return explain(err)
	}
	first := host.AsError(explain(m.Errors[0]))
	if first.Kind == host.KindInternal {
		return err
	}
	texts := make([]string, len(m.Errors))
	for i, e := range m.Errors {
		texts[i] = host.AsError(explain(e)).Error()
	}
	return &host.Error{Kind: first.Kind, Code: first.Code, Message: strings.Join(texts, "; "), Hint: first.Hint}
}

// options checks a request and translates it; all its faults are reported. pass is what
// the proxy is to pass on to vendors.
func (s *Server) options(ctx context.Context, r *host.NewSession) (o *session.Options, pass []string, err error) {
	var faults *multierror.Error
	bad := func(field, format string, args ...any) {
		faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.invalid", Message: field + ": " + fmt.Sprintf(format, args...)})
	}
	o = &session.Options{
		Name: r.Name, Persistent: r.Persistent, SeedValue: r.SeedValue, Limits: session.LimitMode(r.Limits), Strict: r.Strict, RefuseVersions: r.VersionMismatch == "error",
		PeerClock: r.PeerClock == "session", Frozen: r.Frozen, AllowLiveKeys: r.AllowLiveKeys, Observe: r.Observe, Timeout: defaultTimeout * time.Second,
		Secrets: func(variable string) (string, string, bool) {
			k, ok := r.Secrets[variable]
			return k.Value, variable + " from " + k.From, ok
		},
	}
	if r.Clock != nil {
		o.At = r.Clock.UTC()
	}
	if r.Persistent || r.Hold {
		o.Timeout = 0
	}
	if t := r.TimeoutSeconds; t != nil {
		if *t < 0 {
			bad("timeoutSeconds", "%d is negative", *t)
		}
		o.Timeout = time.Duration(*t) * time.Second
	}
	if r.Name != "" && !nameForm.MatchString(r.Name) {
		bad("name", "%q: want at most 64 lower-case letters, digits, dots, dashes and underscores", r.Name)
	}
	if r.Name != "" && strings.HasPrefix(r.Name, "ses_") {
		bad("name", "%q looks like an id", r.Name)
	}
	if !slices.Contains([]string{"", "vendor", "test", "off"}, r.Limits) {
		bad("limits", "%q: want vendor, test or off", r.Limits)
	}
	if !slices.Contains([]string{"", "wall", "session"}, r.PeerClock) {
		bad("peerClock", "%q: want wall or session", r.PeerClock)
	}
	if !slices.Contains([]string{"", "warn", "error"}, r.VersionMismatch) {
		bad("versionMismatch", "%q: want warn or error", r.VersionMismatch)
	}
	if len(r.Mirrors) == 0 {
		faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.no_mirrors", Message: "a session needs at least one mirror", Hint: "name them: --mirrors stripe"})
	}
	seeds := maps.Clone(r.Seeds)
	var manifests []*abi.Manifest
	for i, want := range r.Mirrors {
		spec, m, err := s.mirrorSpec(ctx, want, seeds)
		if err != nil {
			faults = multierror.Append(faults, err)
			continue
		}
		for _, f := range want.Forwards {
			if !strings.HasPrefix(f, "http://") && !strings.HasPrefix(f, "https://") {
				bad(fmt.Sprintf("mirrors[%d].forwards", i), "%q is not an http or https URL", f)
			}
		}
		delete(seeds, m.Name)
		manifests = append(manifests, m)
		o.Mirrors = append(o.Mirrors, *spec)
	}
	pass = s.passThrough(r.PassThrough, manifests, func(format string, args ...any) { bad("passThrough", format, args...) })
	if faults == nil { // else the mirror may be one that was not found
		for _, name := range slices.Sorted(maps.Keys(seeds)) {
			faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.seed_without_mirror", Message: fmt.Sprintf("there is a seed for %q, which the session does not have", name), Hint: "add it to the mirrors, or leave the seed out"})
		}
	}
	if faults != nil {
		return nil, nil, several(faults)
	}
	return o, pass, nil
}

// mirrorSpec loads a mirror's program and translates what is asked of it.
func (s *Server) mirrorSpec(ctx context.Context, want host.MirrorRequest, seeds map[string]host.Seed) (*session.MirrorSpec, *abi.Manifest, error) {
	ref := want.Ref
	if want.Digest != "" {
		ref = want.Digest
	}
	if ref == "" {
		return nil, nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.invalid", Message: "mirrors: a mirror needs a ref or a digest"}
	}
	p, err := s.programs.Program(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	m := p.Manifest()
	if r, err := registry.ParseRef(want.Ref); want.Digest != "" && err == nil && r.Name != "" && string(r.Name) != m.Name {
		return nil, nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.mirror_mismatch", Message: fmt.Sprintf("%s is asked for, but %s is %s", want.Ref, want.Digest, m.Name)}
	}
	spec := &session.MirrorSpec{Ref: p.Digest(), Seed: seeds[m.Name].State, Forwards: want.Forwards}
	for _, f := range seeds[m.Name].Fixtures {
		switch {
		case hasFixture(m, f):
			spec.Fixtures = append(spec.Fixtures, f)
		case f != "empty": // every mirror has it: nothing is loaded
			return nil, nil, &host.Error{Kind: host.KindUnprocessed, Code: "mirra.session.unknown_fixture", Message: fmt.Sprintf("%s has no fixture %q", m.Name, f), Hint: "fixtures: " + fixtureNames(m)}
		}
	}
	return spec, m, nil
}

func hasFixture(m *abi.Manifest, name string) bool {
	return slices.ContainsFunc(m.Fixtures, func(f abi.Fixture) bool { return f.Name == name })
}

func fixtureNames(m *abi.Manifest) string {
	names := []string{"empty"}
	for _, f := range m.Fixtures {
		if f.Name != "empty" {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ", ")
}

// PutSession implements host.Sessions.
func (s *Server) PutSession(ctx context.Context, name string, r *host.NewSession) (*host.SessionInfo, bool, error) {
	if found, err := s.named(ctx, name); err != nil || found != nil {
		return found, false, err
	}
	want := *r
	want.Name = name
	info, err := s.CreateSession(ctx, &want)
	if e, ok := errors.AsType[*host.Error](err); ok && e.Code == "mirra.session.name_taken" {
		// Somebody else was faster.
		found, err := s.named(ctx, name)
		return found, false, err
	}
	return info, err == nil, err
}

// named returns the session of a name, an archived one revived, or nil.
func (s *Server) named(ctx context.Context, name string) (*host.SessionInfo, error) {
	for _, sess := range s.sessions.Sessions() {
		if sess.Name() == name {
			sess.Touch()
			return s.Session(ctx, sess.ID())
		}
	}
	sess, err := s.sessions.Revive(ctx, name)
	if err != nil || sess == nil {
		return nil, err
	}
	known, _ := s.known() // without it the session is reached by path
	r := s.add(sess, known[sess.ID()], false)
	if len(r.kept.Ports) > 0 {
		s.openPorts(r)
	}
	return s.info(r, true), nil
}

// endUnlessHeld ends a session after d if nobody holds it by then.
func (s *Server) endUnlessHeld(r *reach, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reach[r.session.ID()] != r {
		return // it has ended
	}
	if r.ending != nil {
		r.ending.Stop()
	}
	r.ending = time.AfterFunc(d, func() {
		s.mu.RLock()
		held := r.holders > 0
		s.mu.RUnlock()
		if !held {
			_ = s.EndSession(context.Background(), r.session.ID(), false) // it may have ended by itself
		}
	})
}

// Fork implements host.Snapshots.
func (s *Server) Fork(ctx context.Context, id, name string) (*host.SessionInfo, error) {
	from, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if name != "" && !nameForm.MatchString(name) {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.invalid", Message: fmt.Sprintf("name: %q: want at most 64 lower-case letters, digits, dots, dashes and underscores", name)}
	}
	sess, err := s.sessions.Fork(ctx, from.session.ID(), name)
	if err != nil {
		return nil, err
	}
	kept := from.kept
	kept.Ports, kept.Door = nil, 0
	r := s.add(sess, kept, false)
	if len(from.ports) > 0 {
		s.openPorts(r)
	}
	return s.info(r, false), s.keep(r)
}
