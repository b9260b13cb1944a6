// Package session is what Mirra does: sessions of mirrors with a state, clock,
// seed, limits and trace of their own, their webhooks and timers. It knows
// plugins, databases and the network by the interfaces of package host only.
package session

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

// Config is what sessions run on.
type Config struct {
	Stores   host.Stores
	Sender   host.Sender
	Clock    host.Clock
	Packer   Packer
	Programs Programs
	// Random makes seeds and ids; nil is the system's.
	Random func(p []byte)
	// IDLength is the number of random characters of session ids: 4 on
	// loopback, 16 or more elsewhere, where the URL is the credential.
	IDLength       int
	AllowLiveKeys  bool
	AttemptTimeout time.Duration // of one webhook try; 0 is 10 s
	Sending        int           // webhook tries at a time; 0 is 64
	// CallWall bounds one call of a plugin in wall time; 0 is the budget of its
	// kind.
	CallWall time.Duration
	// Grease, in tests, numbers unknown sections that are put into call frames.
	Grease func() uint32
	// BaseURL says how the application reaches a vendor host of a session, for
	// URLs that are made outside of a request; nil leaves them empty.
	BaseURL func(session, mirror, host string) string
	// Directory holds the databases of persistent sessions; Catalogue lists them.
	Directory string
	Catalogue host.Catalogue

	sending chan struct{}
}

// Programs finds the plugin builds that sessions ask for.
type Programs interface {
	// Program returns the loaded build for a reference such as "stripe",
	// "stripe@2024-06" or a digest. A reference nobody knows is a *host.Error.
	Program(ctx context.Context, ref string) (host.Program, error)
}

// Manager keeps the sessions of one server.
type Manager struct {
	cfg Config

	mu       sync.RWMutex
	sessions map[string]*Session // nil while one is being made
	names    map[string]bool
	specs    map[string]*spec // by digest
	closed   bool
}

// New returns a manager without sessions.
func New(cfg Config) *Manager {
	if cfg.Clock == nil {
		cfg.Clock = host.WallClock{}
	}
	if cfg.Random == nil {
		cfg.Random = func(p []byte) { _, _ = rand.Read(p) } // never fails, see crypto/rand
	}
	cfg.IDLength = cmp.Or(cfg.IDLength, 4)
	cfg.AttemptTimeout = cmp.Or(cfg.AttemptTimeout, 10*time.Second)
	cfg.sending = make(chan struct{}, cmp.Or(cfg.Sending, 64))
	return &Manager{cfg: cfg, sessions: map[string]*Session{}, names: map[string]bool{}, specs: map[string]*spec{}}
}

// MirrorSpec asks for one mirror of a session.
type MirrorSpec struct {
	Ref      string   // "stripe", "stripe@2024-06", a digest
	Fixtures []string // loaded in order
	Seed     []byte   // a state document; loaded after the fixtures
	Forwards []string // URLs that get every event
}

// Options are what a session is created with.
type Options struct {
	Name       string
	Persistent bool
	Timeout    time.Duration // ends this long after its last use; 0 never
	SeedValue  *int64        // makes ids repeatable
	Limits     LimitMode
	Strict     bool
	// RefuseVersions makes mirrors refuse API versions they do not support.
	RefuseVersions bool
	PeerClock      bool // the application's clock is the session's
	Frozen         bool
	At             time.Time // session time at the start; zero is now
	Mirrors        []MirrorSpec
	Secrets        SecretSource
	// AllowLiveKeys accepts them in this session, whatever the Config says.
	AllowLiveKeys bool
	// Observe logs changes of state from the start, and not only once somebody follows.
	Observe bool
}

// idPrefix starts every session id; URLs leave it out.
const idPrefix = "ses_"

const idAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789"

// Create starts a session. All that is wrong with the options is reported, and
// nothing is left behind.
func (g *Manager) Create(ctx context.Context, o Options) (*Session, error) {
	if len(o.Mirrors) == 0 {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.no_mirrors", Message: "a session needs at least one mirror", Hint: "name them: --mirrors stripe"}
	}
	if o.Persistent {
		if err := g.checkPersistent(o); err != nil {
			return nil, err
		}
	}
	s := g.newSession()
	s.name, s.persistent, s.timeout, s.strict, s.refuseVersions = o.Name, o.Persistent, o.Timeout, o.Strict, o.RefuseVersions
	s.allowLive = s.allowLive || o.AllowLiveKeys
	if o.Observe {
		s.observe()
	}
	s.limits.Store(cmp.Or(o.Limits, LimitsVendor))
	if o.SeedValue != nil {
		s.seedValue = fmt.Sprint(*o.SeedValue)
		s.seed = seedBytes(*o.SeedValue)
	} else {
		g.cfg.Random(s.seed[:])
	}
	s.faults.rand = mrand.New(mrand.NewChaCha8(s.seed))
	s.clock.peerSession = o.PeerClock
	if !o.At.IsZero() {
		s.clock.set(o.At)
	}
	if o.Frozen {
		s.clock.freeze()
	}
	if err := g.reserve(s); err != nil {
		return nil, err
	}
	err := g.addMirrors(ctx, s, o)
	if err == nil {
		err = s.seedAll(ctx, o)
	}
	if err == nil {
		err = s.save()
	}
	if err != nil {
		g.release(s)
		s.end("failed")
		if s.persistent {
			_ = g.purge(s.id, s.folder()) // Tidy tries again
		}
		return nil, err
	}
	s.lifecycle("created")
	return s, g.publish(s)
}

func (g *Manager) newSession() *Session {
	s := &Session{cfg: &g.cfg, created: g.cfg.Clock.Now(), allowLive: g.cfg.AllowLiveKeys}
	s.scheduler.idle = sync.NewCond(&s.scheduler.mu)
	s.scheduler.ctx, s.scheduler.abort = context.WithCancel(context.Background())
	s.trace.pack = g.cfg.Packer
	s.clock.wall = g.cfg.Clock
	s.limits.Store(LimitsVendor)
	s.touch(s.created)
	return s
}

func (g *Manager) addMirrors(ctx context.Context, s *Session, o Options) error {
	var faults *multierror.Error
	for _, want := range o.Mirrors {
		p, err := g.cfg.Programs.Program(ctx, want.Ref)
		if err != nil {
			faults = multierror.Append(faults, err)
			continue
		}
		sp, err := g.spec(p)
		if err != nil {
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", want.Ref, err))
			continue
		}
		if s.Mirror(sp.manifest.Name) != nil {
			faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.session.mirror_twice", Message: "the session has " + sp.manifest.Name + " already"})
			continue
		}
		m := &Mirror{s: s, name: sp.manifest.Name, spec: sp}
		m.forwards.Store(&want.Forwards)
		m.key = mirrorKey(s.seed, m.name, 0)
		m.named = namedSecrets(sp.manifest, &m.key, o.Secrets)
		if m.store, err = g.store(s, sp); err != nil {
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", want.Ref, err))
			continue
		}
		s.mirrors = append(s.mirrors, m)
		if s.persistent {
			m.keepBlobs()
			if err := m.migrate(ctx); err != nil {
				faults = multierror.Append(faults, fmt.Errorf("%s: %w", want.Ref, err))
			}
		}
	}
	return flatten(faults)
}

// flatten returns a single fault as itself, so that its kind and hint survive.
func flatten(m *multierror.Error) error {
	if m != nil && len(m.Errors) == 1 {
		return m.Errors[0]
	}
	return m.ErrorOrNil()
}

func (g *Manager) store(s *Session, sp *spec) (host.Store, error) {
	if !s.persistent {
		return g.cfg.Stores.Ephemeral(&sp.schema)
	}
	return g.openFile(s, sp)
}

// spec returns what is worked out once of each build.
func (g *Manager) spec(p host.Program) (*spec, error) {
	g.mu.RLock()
	sp := g.specs[p.Digest()]
	g.mu.RUnlock()
	if sp != nil && sp.program == p {
		return sp, nil
	}
	sp, err := newSpec(p)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.specs[p.Digest()] = sp
	return sp, nil
}

// reserve gives the session an id, and its name to nobody else, before it can
// be found.
func (g *Manager) reserve(s *Session) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return errClosing
	}
	if s.name != "" && g.names[s.name] {
		return &host.Error{Kind: host.KindConflict, Code: "mirra.session.name_taken", Message: fmt.Sprintf("a session named %q lives already", s.name), Hint: "attach to it: mirra up --name " + s.name}
	}
	for length := g.cfg.IDLength; s.id == ""; length++ {
		for range 8 {
			id := idPrefix + g.randomText(length)
			if _, taken := g.sessions[id]; !taken {
				s.id = id
				break
			}
		}
	}
	g.sessions[s.id] = nil
	if s.name != "" {
		g.names[s.name] = true
	}
	return nil
}

// publish makes a session that is ready known.
func (g *Manager) publish(s *Session) error {
	g.mu.Lock()
	closed := g.closed
	if !closed {
		g.sessions[s.id] = s
	}
	g.mu.Unlock()
	if closed {
		s.end("server_stopped")
		return errClosing
	}
	return nil
}

var errClosing = &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.closing", Message: "the server is shutting down"}

// release gives id and name back; false if somebody else did already.
func (g *Manager) release(s *Session) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.sessions[s.id]; !ok {
		return false
	}
	delete(g.sessions, s.id)
	delete(g.names, s.name)
	return true
}

func (g *Manager) randomText(n int) string {
	b := make([]byte, n)
	g.cfg.Random(b)
	for i, v := range b {
		b[i] = idAlphabet[int(v)*len(idAlphabet)/256]
	}
	return string(b)
}

// seedAll loads fixtures and seed documents; the faults of all are reported.
func (s *Session) seedAll(ctx context.Context, o Options) error {
	var faults *multierror.Error
	for i, want := range o.Mirrors {
		for _, fixture := range want.Fixtures {
			if err := s.Seed(ctx, s.mirrors[i].name, fixture, nil); err != nil {
				faults = multierror.Append(faults, err)
			}
		}
		if len(want.Seed) > 0 {
			if err := s.Seed(ctx, s.mirrors[i].name, "", want.Seed); err != nil {
				faults = multierror.Append(faults, err)
			}
		}
	}
	if faults != nil {
		return flatten(faults)
	}
	for i, want := range o.Mirrors {
		if len(want.Fixtures) == 0 && len(want.Seed) == 0 {
			continue
		}
		if err := s.mirrors[i].keepSeeded(); err != nil {
			return err
		}
	}
	return nil
}

// discard closes what a session that never started has opened.
func (s *Session) discard() {
	s.scheduler.abort()
	for _, m := range s.mirrors {
		_ = m.store.Close() // nothing was written
	}
}

// errNoSession tells that an id names no session.
func errNoSession(id string) error {
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.session.not_found", Message: fmt.Sprintf("no session %q", id), Hint: "`mirra sessions` lists those that live"}
}

// Session returns a session by id, by the suffix of its id, or by name.
func (g *Manager) Session(id string) (*Session, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if s := g.sessions[id]; s != nil {
		return s, nil
	}
	if s := g.sessions[idPrefix+id]; s != nil {
		return s, nil
	}
	for _, s := range g.sessions {
		if s != nil && s.name != "" && s.name == id {
			return s, nil
		}
	}
	return nil, errNoSession(id)
}

// Sessions lists what lives, oldest first.
func (g *Manager) Sessions() []*Session {
	g.mu.RLock()
	out := make([]*Session, 0, len(g.sessions))
	for _, s := range g.sessions {
		if s != nil {
			out = append(out, s)
		}
	}
	g.mu.RUnlock()
	slices.SortFunc(out, func(a, b *Session) int {
		return cmp.Or(a.created.Compare(b.created), strings.Compare(a.id, b.id))
	})
	return out
}

// End ends a session. What an ephemeral one had is gone; a persistent one is
// kept as an archive for a week, or deleted with purge.
func (g *Manager) End(id string, purge bool) error {
	s, err := g.Session(id)
	if err != nil {
		return err
	}
	if !g.release(s) {
		return errNoSession(id)
	}
	s.end("ended")
	if !s.persistent {
		return nil
	}
	return g.putAway(s, purge)
}

// Expire ends the sessions whose time-out has passed and returns their ids.
func (g *Manager) Expire() []string {
	now := g.cfg.Clock.Now()
	var ended []string
	for _, s := range g.Sessions() {
		s.idle(now)
		if at := s.ExpiresAt(); !at.IsZero() && at.Before(now) {
			if g.End(s.id, false) == nil {
				ended = append(ended, s.id)
			}
		}
	}
	return ended
}

// Close ends ephemeral sessions and puts persistent ones to rest.
func (g *Manager) Close() {
	g.mu.Lock()
	g.closed = true
	all := g.sessions
	g.sessions = map[string]*Session{}
	g.mu.Unlock()
	for _, s := range all {
		if s == nil {
			continue // its maker finds the manager closed
		}
		_ = s.save() // the databases are whole; at worst a clock set just now is lost
		s.end("server_stopped")
	}
}

// Fork starts a session in the state of another one. Its deliveries are held
// until Session.ReleaseHeld, so that nothing is delivered twice unasked.
func (g *Manager) Fork(ctx context.Context, id, name string) (*Session, error) {
	from, err := g.Session(id)
	if err != nil {
		return nil, err
	}
	snap, err := from.takeSnapshot("")
	if err != nil {
		return nil, err
	}
	defer snap.release()
	o := Options{Name: name, Timeout: from.timeout, Limits: from.Limits(), Strict: from.strict, RefuseVersions: from.refuseVersions, PeerClock: from.clock.peerSession, AllowLiveKeys: from.allowLive}
	for _, m := range from.mirrors {
		o.Mirrors = append(o.Mirrors, MirrorSpec{Ref: m.Digest(), Forwards: m.Forwards()})
	}
	s, err := g.Create(ctx, o)
	if err != nil {
		return nil, err
	}
	for i, m := range s.mirrors {
		m.named, m.seeded = from.mirrors[i].named, from.mirrors[i].seeded
	}
	if err := s.restore(snap, true); err != nil {
		_ = g.End(s.id, true) // ends what Create made
		return nil, err
	}
	s.lifecycle("forked from " + from.id)
	return s, nil
}
