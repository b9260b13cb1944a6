package session

import (
	"github.com/mirrahq/mirra/host"
)

// observe makes the session log changed documents from now on. It costs two
// copies of each document that is written, so it waits until somebody follows.
func (s *Session) observe() {
	if s.observed.Load() {
		return
	}
	s.observedFrom.CompareAndSwap(0, s.trace.newest()+1)
	s.observed.Store(true)
}

// Observe makes the session log changed documents, if it does not already.
func (s *Session) Observe() { s.observe() }

// Observed returns the number of the trace from which changes of state are logged; 0 is
// that nobody has asked for them.
func (s *Session) Observed() uint64 {
	if !s.observed.Load() {
		return 0
	}
	return s.observedFrom.Load()
}

// watchStore makes the mirror's database report changes once the session is
// observed. The mirror is locked.
func (m *Mirror) watchStore() {
	if m.watching || !m.s.observed.Load() {
		return
	}
	m.watching = true
	m.store.Observe(m.spec.manifest.Tables, func(c host.Change) { m.changes = append(m.changes, c) })
}

// logChanges writes what a committed call changed into the trace.
func (m *Mirror) logChanges(nowNS int64) {
	for _, c := range m.changes {
		e := Entry{Type: StateEntry, At: nowNS, Wall: m.s.cfg.Clock.Now().UnixNano(), Mirror: m.name, Entity: m.entityOf(c.Type), ID: c.ID}
		m.s.trace.add(e, m.plain(c.Before), m.plain(c.After))
	}
	m.changes = m.changes[:0]
}

func (m *Mirror) entityOf(typ string) string {
	for _, e := range m.spec.manifest.Entities {
		if e.Type == typ {
			return e.Name
		}
	}
	return typ
}
