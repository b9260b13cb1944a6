package session

import (
	"context"
	"encoding/binary"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// LimitMode says whether vendor rate limits refuse.
type LimitMode string

const (
	LimitsVendor LimitMode = "vendor" // the published live figures
	LimitsTest   LimitMode = "test"   // the vendor's test mode
	LimitsOff    LimitMode = "off"    // headers are still sent
)

// Session is a set of mirrors with a state, clock, seed and trace of its own.
type Session struct {
	cfg        *Config
	id         string
	name       string
	seed       [32]byte
	seedValue  string // what the user gave; "" if the seed is random
	persistent bool
	timeout    time.Duration // 0: until it is ended
	created    time.Time

	mirrors []*Mirror
	clock   clock
	trace   trace
	faults  faults
	stats   stats
	limits  atomic.Value // LimitMode
	strict  bool
	// refuseVersions: see Options.RefuseVersions.
	refuseVersions bool
	allowLive      bool
	held           atomic.Bool // deliveries wait
	observed       atomic.Bool // somebody follows the trace
	observedFrom   atomic.Uint64

	lastUsed atomic.Int64 // wall ns
	packed   atomic.Int64 // lastUsed when the databases were packed
	requests atomic.Uint64

	mu          sync.Mutex
	ended       bool
	credentials []string
	snapshots   map[string]*snapshot
	baseURL     func(mirror, host string) string

	scheduler scheduler
}

// ID returns the session's id, "ses_…".
func (s *Session) ID() string { return s.id }

// Name returns the name given, "" if none.
func (s *Session) Name() string { return s.name }

// Persistent tells whether the session survives the server.
func (s *Session) Persistent() bool { return s.persistent }

// Created returns the wall time of the session's start.
func (s *Session) Created() time.Time { return s.created }

// Mirrors returns the session's mirrors in the order they were asked for.
func (s *Session) Mirrors() []*Mirror { return s.mirrors }

// Mirror returns a mirror by name, nil if the session has none of it.
func (s *Session) Mirror(name string) *Mirror {
	for _, m := range s.mirrors {
		if m.name == name {
			return m
		}
	}
	return nil
}

// ExpiresAt returns the wall time at which the session ends unless it is used,
// the zero time if it does not.
func (s *Session) ExpiresAt() time.Time {
	if s.timeout == 0 {
		return time.Time{}
	}
	return time.Unix(0, s.lastUsed.Load()).Add(s.timeout)
}

// Clock returns how the session's clock stands.
func (s *Session) Clock() ClockState { return s.clock.state() }

// Limits returns how rate limits are treated.
func (s *Session) Limits() LimitMode { return s.limits.Load().(LimitMode) }

func (s *Session) touch(now time.Time) { s.lastUsed.Store(now.UnixNano()) }

func (s *Session) flags() abi.ContextFlags {
	var f abi.ContextFlags
	switch s.Limits() {
	case LimitsOff:
		f |= abi.LimitsOff
	case LimitsTest:
		f |= abi.LimitsTest
	}
	if s.strict {
		f |= abi.Strict
	}
	if s.refuseVersions {
		f |= abi.RefuseVersions
	}
	return f
}

// refillClock is the time by which limits refill beside the session's: wall
// time, or nothing when the application's clock is the session's.
func (s *Session) refillClock(nowNS int64) int64 {
	if s.clock.peerSession {
		return nowNS
	}
	return s.cfg.Clock.Now().UnixNano()
}

// urlFor returns the base under which the application reaches a vendor host of
// this session.
func (s *Session) urlFor(m *Mirror, hostID string) string {
	s.mu.Lock()
	f := s.baseURL
	s.mu.Unlock()
	if f != nil {
		return f(m.name, hostID)
	}
	if s.cfg.BaseURL == nil {
		return ""
	}
	return s.cfg.BaseURL(s.id, m.name, hostID)
}

// SetBaseURL tells the session how its mirrors are reached.
func (s *Session) SetBaseURL(f func(mirror, host string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.baseURL = f
}

// requestID makes an id for answers that no plugin gave.
func (s *Session) requestID() string {
	var b [14]byte
	var r randomStream
	r.fill(&s.seed, abi.StreamRequests, 1<<63|s.requests.Add(1), b[:])
	text, _ := spell(b[:], abi.AlphabetBase62)
	return text
}

// rememberCredential keeps a credential's text in memory, so that a plugin can
// sign with it, and returns its handle.
func (s *Session) rememberCredential(text string) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.credentials {
		if c == text {
			return uint32(firstCredential + i)
		}
	}
	if len(s.credentials) >= maxKnownCredentials {
		return 0
	}
	s.credentials = append(s.credentials, text)
	return uint32(firstCredential + len(s.credentials) - 1)
}

// grease puts a section that no reader knows into a frame, where a test asks
// for it, so that a plugin that chokes on what it does not know is found before
// a later ABI has something new to say.
func (s *Session) grease(frame []byte) []byte {
	if s.cfg.Grease == nil {
		return frame
	}
	return abi.AppendGrease(frame, s.cfg.Grease())
}

// idleAfter is how long a session is unused before its databases give back the
// memory that the next request can do without.
const idleAfter = 10 * time.Second

// idle packs the databases of a session that nobody has used for a while, once.
func (s *Session) idle(now time.Time) {
	used := s.lastUsed.Load()
	if now.UnixNano()-used < int64(idleAfter) || s.packed.Swap(used) == used {
		return
	}
	for _, m := range s.mirrors {
		m.store.Idle()
	}
}

// lifecycle logs what happened to the session itself.
func (s *Session) lifecycle(action string) {
	s.trace.add(Entry{Type: LifecycleEntry, At: s.clock.nowNS(), Wall: s.cfg.Clock.Now().UnixNano(), Action: action}, nil, nil)
}

// Graded logs what became of a criterion of a run.
func (s *Session) Graded(run, kind, criterion string, outcome host.Outcome) {
	s.trace.add(Entry{Type: GradedEntry, At: s.clock.nowNS(), Wall: s.cfg.Clock.Now().UnixNano(), Entity: kind, ID: criterion, Action: run, Outcome: string(outcome)}, nil, nil)
}

// Reset makes the mirrors named, all for none, what they were when the session began
// and its seeds were loaded: state, endpoints, limits, idempotency keys. Seeds are
// forgotten when the server of a persistent session ends. Ids, URLs, credentials and trace stay. No id is minted
// again, unless the session has a seed value.
func (s *Session) Reset(names ...string) error {
	mirrors, err := s.pick(names)
	if err != nil {
		return err
	}
	for _, m := range mirrors {
		if err := m.reset(); err != nil {
			return err
		}
	}
	if len(names) == 0 {
		s.lifecycle("reset")
		return nil
	}
	for _, m := range mirrors {
		s.trace.add(Entry{Type: LifecycleEntry, At: s.clock.nowNS(), Wall: s.cfg.Clock.Now().UnixNano(), Mirror: m.name, Action: "reset"}, nil, nil)
	}
	return nil
}

// pick returns the mirrors named, all for none.
func (s *Session) pick(names []string) ([]*Mirror, error) {
	if len(names) == 0 {
		return s.mirrors, nil
	}
	var out []*Mirror
	for _, n := range names {
		m := s.Mirror(n)
		if m == nil {
			return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.session.no_such_mirror", Message: "the session has no mirror " + n, Hint: "its mirrors: " + s.mirrorNames()}
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *Session) mirrorNames() string {
	names := ""
	for i, m := range s.mirrors {
		if i > 0 {
			names += ", "
		}
		names += m.name
	}
	return names
}

func (m *Mirror) reset() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return errEnded
	}
	counters := m.ledger.Counters
	m.limits, m.blobs.sealed, m.blobs.bytes = nil, nil, 0
	if m.seeded == nil {
		if err := m.store.Reset(); err != nil {
			return err
		}
		m.ledger = ledger{}
	} else {
		if err := m.store.Restore(m.seeded.state); err != nil {
			return err
		}
		m.ledger, m.blobs.sealed = m.seeded.ledger.clone(), maps.Clone(m.seeded.blobs)
		m.ledger.requeue()
	}
	if m.s.seedValue == "" {
		// New ids go on behind the old ones.
		for i := range counters {
			m.ledger.Counters[i] = max(counters[i], m.ledger.Counters[i])
		}
	}
	m.epoch++
	m.traps = 0
	return m.putLedger()
}

// putLedger writes the counters of a persistent mirror in a transaction of
// their own.
func (m *Mirror) putLedger() error {
	if !m.s.persistent {
		return nil
	}
	if err := m.store.Begin(context.Background(), m.s.clock.nowNS()); err != nil {
		return err
	}
	err := m.ledger.putCounters(m.store)
	if err == nil {
		err = m.store.SetVersion(m.spec.schema.Version)
	}
	if err != nil {
		m.store.Rollback()
		return err
	}
	return m.store.Commit()
}

// Seed loads a fixture by name, or a state document when json is given, on top
// of what is there. All faults are reported and nothing is kept on any.
func (s *Session) Seed(ctx context.Context, mirror, fixture string, json []byte) error {
	m := s.Mirror(mirror)
	if m == nil {
		_, err := s.pick([]string{mirror})
		return err
	}
	return m.command(ctx, abi.KindSeed, fixture, json)
}

// Simulate causes a vendor event with what follows from it. args is a form.
func (s *Session) Simulate(ctx context.Context, mirror, event, args string) error {
	m := s.Mirror(mirror)
	if m == nil {
		_, err := s.pick([]string{mirror})
		return err
	}
	return m.simulate(ctx, event, args)
}

// end stops everything and deletes what an ephemeral session has.
func (s *Session) end(action string) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	s.mu.Unlock()
	s.scheduler.stop()
	s.lifecycle(action)
	for _, m := range s.mirrors {
		m.mu.Lock()
		m.ended = true
		m.epoch++
		_ = m.store.Close() // an ephemeral database has nothing to lose, a file is committed
		m.mu.Unlock()
	}
	s.trace.close()
}

// stats counts what a session did.
type stats struct {
	mu    sync.Mutex
	Stats Stats
}

// Stats is what a session did so far.
type Stats struct {
	Requests    int            `json:"requests"`
	Errors      int            `json:"errors"` // 5xx
	RateLimited int            `json:"rateLimited"`
	LimitedBy   map[string]int `json:"limitedBy,omitempty"` // by limit
	Warnings    map[string]int `json:"warnings,omitempty"`  // by text
	Generic     map[string]int `json:"generic,omitempty"`   // by operation
	NotMirrored map[string]int `json:"notMirrored,omitempty"`
	Webhooks    int            `json:"webhooks"` // attempts
	FirstAt     time.Time      `json:"firstAt,omitzero"`
}

func (s *stats) count(e *Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Type == WebhookEntry {
		s.Stats.Webhooks++
		return
	}
	if s.Stats.Requests++; s.Stats.Requests == 1 {
		s.Stats.FirstAt = time.Unix(0, e.Wall)
	}
	if e.Status >= 500 && e.Status != 501 {
		s.Stats.Errors++
	}
	if e.Limited != "" && e.Status == 429 {
		s.Stats.RateLimited++
		increase(&s.Stats.LimitedBy, e.Mirror+" "+e.Limited)
	}
	if e.Warning != "" && len(s.Stats.Warnings) < 100 {
		increase(&s.Stats.Warnings, e.Mirror+": "+e.Warning)
	}
	switch {
	case e.Status == 501:
		increase(&s.Stats.NotMirrored, e.Mirror+" "+e.Operation)
	case e.Level == abi.LevelGeneric:
		increase(&s.Stats.Generic, e.Mirror+" "+e.Operation)
	}
}

func increase(m *map[string]int, key string) {
	if *m == nil {
		*m = map[string]int{}
	}
	(*m)[key]++
}

// Stats returns a copy of the counts.
func (s *Session) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	c := s.stats.Stats
	c.LimitedBy, c.Warnings, c.Generic, c.NotMirrored = cloneCounts(c.LimitedBy), cloneCounts(c.Warnings), cloneCounts(c.Generic), cloneCounts(c.NotMirrored)
	return c
}

func cloneCounts(m map[string]int) map[string]int {
	if m == nil {
		return nil
	}
	c := make(map[string]int, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// seedBytes spreads a seed value over the 32 bytes of a seed.
func seedBytes(value int64) (seed [32]byte) {
	binary.LittleEndian.PutUint64(seed[:], uint64(value))
	copy(seed[8:], "mirra seed value")
	return seed
}
