package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Mirror is one plugin at work in one session.
type Mirror struct {
	s    *Session
	name string
	spec *spec
	key  [32]byte // of everything random in this mirror

	named    []NamedSecret
	forwards atomic.Pointer[[]string] // URLs that get every event
	known    credentialCache

	// mu is the mirror's lock: one call at a time. Parsing a request and
	// writing an answer happen outside of it.
	mu      sync.Mutex
	store   host.Store
	ledger  ledger
	limits  buckets
	blobs   blobStore
	seeded  *mirrorSnapshot // what reset goes back to; nil for nothing
	epoch   uint64          // raised by reset, restore and fork
	call    call
	traps   int       // in a row
	cool    time.Time // no calls before this, after too many traps in a row
	ended   bool
	savedNS int64 // the clock that the database of a persistent session has

	watching bool // the database reports changes
	changes  []host.Change

	flight   inFlight
	deadline deadline
}

// Name returns the name under which the session has the mirror.
func (m *Mirror) Name() string { return m.name }

// Version returns name, line and build, "stripe@2024-06.1".
func (m *Mirror) Version() string { return m.spec.version }

// Manifest returns the plugin's description.
func (m *Mirror) Manifest() *abi.Manifest { return m.spec.manifest }

// Digest returns the plugin file's digest.
func (m *Mirror) Digest() string { return m.spec.program.Digest() }

// Secrets returns the secrets shared with the application.
func (m *Mirror) Secrets() []NamedSecret { return m.named }

// mirrorKey derives a mirror's random key from the session's seed.
func mirrorKey(seed [32]byte, mirror string, life uint64) [32]byte {
	return sha256.Sum256(fmt.Appendf(seed[:], "/%s/%d", mirror, life))
}

// Traps in a row after which a plugin rests in this session, and for how long.
const (
	maxTraps   = 5
	coolPeriod = time.Second
)

// errEnded is returned for calls into a session that has ended.
var errEnded = &host.Error{Kind: host.KindNotFound, Code: "mirra.session.ended", Message: "the session has ended", Hint: "start another one: mirra up"}

// outcomeOf is what an invocation left.
type invocation struct {
	output  []byte // the output frame, appended to what was given
	usage   host.Usage
	notes   []string // log lines
	limited string
	changed bool // something became due
	epoch   uint64
	err     error // *host.Trap, or a host fault
}

// invoke runs one call of the plugin in a transaction. The mirror is locked.
// stamp is called with the call's clock once it is read, to finish the frame;
// commit, if given, sees the output and may write more into the transaction
// before it ends, or refuse it.
func (m *Mirror) invoke(ctx context.Context, kind abi.Kind, out []byte, stamp func(nowNS, peerNS int64, c *call) []byte, commit func(output []byte, p putter) error) invocation {
	if m.ended {
		return invocation{output: out, err: errEnded}
	}
	if m.traps >= maxTraps {
		if m.s.cfg.Clock.Now().Before(m.cool) {
			return invocation{output: out, err: &host.Trap{Cause: host.TrapFault, Detail: fmt.Sprintf("%d calls in a row were stopped; the plugin rests for %s in this session", m.traps, coolPeriod)}}
		}
		m.traps = maxTraps - 1
	}
	now, peer := m.s.clock.both()
	c := &m.call
	c.begin(m, now, peer)
	frame := stamp(now, peer, c)
	m.watchStore()
	inv := invocation{output: out, epoch: m.epoch}
	// A statement without an end is inside SQLite, where no fuel is counted: the
	// deadline interrupts it.
	budget := host.BudgetFor(kind)
	budget.Fuel += int64(c.body) * abi.FuelPerBodyByte
	budget.Wall = cmp.Or(m.s.cfg.CallWall, budget.Wall)
	if ctx.Done() == nil {
		ctx = m.deadline.start(budget.Wall)
		defer m.deadline.stop()
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget.Wall)
		defer cancel()
	}
	if err := m.store.Begin(ctx, now); err != nil {
		inv.err = fmt.Errorf("begin: %w", err)
		return inv
	}
	output, usage, err := m.spec.program.Invoke(ctx, c, frame, out, budget)
	inv.output, inv.usage, inv.notes, inv.limited = output, usage, c.log, c.limited
	if err == nil && m.s.persistent {
		err = c.persist(m.store)
	}
	if err == nil && commit != nil {
		err = commit(output, m.store)
	}
	if err != nil {
		m.store.Rollback()
	} else if err = m.store.Commit(); err != nil {
		err = fmt.Errorf("commit: %w", err)
	}
	if err != nil {
		inv.err = err
		m.changes = m.changes[:0]
		if _, ok := errors.AsType[*host.Trap](err); ok {
			m.traps++
			m.cool = m.s.cfg.Clock.Now().Add(coolPeriod)
		}
		return inv
	}
	m.traps = 0
	inv.changed = len(c.timers) > 0 || len(c.enqueued) > 0 && !m.s.held.Load()
	c.apply()
	if len(m.changes) > 0 {
		m.logChanges(now)
	}
	return inv
}

// Document calls yield for each object of an entity, all of them for "".
func (m *Mirror) Documents(entity string, yield func(entity string, d host.Document) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return errEnded
	}
	found := entity == ""
	for i := range m.spec.manifest.Entities {
		e := &m.spec.manifest.Entities[i]
		if entity != "" && e.Name != entity {
			continue
		}
		found = true
		for j := range m.spec.manifest.Tables {
			t := &m.spec.manifest.Tables[j]
			if t.Name != e.Table {
				continue
			}
			if err := m.store.Documents(t, e.Type, func(d host.Document) bool {
				d.JSON = m.plain(d.JSON)
				return yield(e.Name, d)
			}); err != nil {
				return err
			}
		}
	}
	if !found {
		return &host.Error{Kind: host.KindNotFound, Code: "mirra.state.unknown_entity", Message: fmt.Sprintf("%s has no entity %q", m.name, entity), Hint: "entities: " + m.entityNames()}
	}
	return nil
}

func (m *Mirror) entityNames() string {
	names := ""
	for i, e := range m.spec.manifest.Entities {
		if i > 0 {
			names += ", "
		}
		names += e.Name
	}
	return names
}

// inFlight counts requests by account and idempotency key that are not
// answered yet.
type inFlight struct {
	mu   sync.Mutex
	keys map[string]int
}

// enter tells whether another request with the key is under way.
func (f *inFlight) enter(key string) (duplicate bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil {
		f.keys = map[string]int{}
	}
	n := f.keys[key]
	f.keys[key] = n + 1
	return n > 0
}

func (f *inFlight) leave(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[key]--; f.keys[key] <= 0 {
		delete(f.keys, key)
	}
}

// MaxBody returns how large a request body may be.
func (m *Mirror) MaxBody() int64 { return m.spec.bodyBytes }
