package session

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mirrahq/mirra/host"
)

// snapshot is the state of a session at one moment: databases, ledgers, clock.
type snapshot struct {
	name    string
	taken   time.Time
	clock   ClockState
	mirrors map[string]mirrorSnapshot
}

type mirrorSnapshot struct {
	state  host.StoreSnapshot
	ledger ledger
	blobs  map[string][]byte
}

// SnapshotInfo describes a snapshot.
type SnapshotInfo struct {
	Name    string    `json:"name"`
	Taken   time.Time `json:"taken"`
	At      time.Time `json:"at"` // session time
	Mirrors []string  `json:"mirrors"`
}

// Snapshot keeps the session's state under a name, replacing one of that name.
// It waits for no delivery: an attempt under way is not part of it.
func (s *Session) Snapshot(name string) (SnapshotInfo, error) {
	if name == "" {
		return SnapshotInfo{}, &host.Error{Kind: host.KindInvalid, Code: "mirra.snapshot.name", Message: "a snapshot needs a name"}
	}
	snap, err := s.takeSnapshot(name)
	if err != nil {
		return SnapshotInfo{}, err
	}
	s.mu.Lock()
	if s.snapshots == nil {
		s.snapshots = map[string]*snapshot{}
	}
	old := s.snapshots[name]
	s.snapshots[name] = snap
	s.mu.Unlock()
	old.release()
	s.lifecycle("snapshot " + name)
	return snap.info(), nil
}

// takeSnapshot locks all mirrors, so that the snapshot is of one moment.
func (s *Session) takeSnapshot(name string) (*snapshot, error) {
	for _, m := range s.mirrors {
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	snap := &snapshot{name: name, taken: s.cfg.Clock.Now(), clock: s.clock.state(), mirrors: map[string]mirrorSnapshot{}}
	for _, m := range s.mirrors {
		if m.ended {
			snap.release()
			return nil, errEnded
		}
		state, err := m.store.Snapshot()
		if err != nil {
			snap.release()
			return nil, fmt.Errorf("snapshot %s: %w", m.name, err)
		}
		snap.mirrors[m.name] = mirrorSnapshot{state: state, ledger: m.ledger.clone(), blobs: maps.Clone(m.blobs.sealed)}
	}
	return snap, nil
}

// keepSeeded makes what the mirror holds now what reset goes back to. It is never
// released: forks share it.
func (m *Mirror) keepSeeded() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	state, err := m.store.Snapshot()
	if err != nil {
		return fmt.Errorf("keep what %s was seeded with: %w", m.name, err)
	}
	m.seeded = &mirrorSnapshot{state: state, ledger: m.ledger.clone(), blobs: maps.Clone(m.blobs.sealed)}
	return nil
}

func (n *snapshot) release() {
	if n == nil {
		return
	}
	for _, m := range n.mirrors {
		m.state.Release()
	}
}

func (n *snapshot) info() SnapshotInfo {
	return SnapshotInfo{Name: n.name, Taken: n.taken, At: n.clock.Now, Mirrors: slices.Sorted(maps.Keys(n.mirrors))}
}

// Snapshots lists the session's snapshots, oldest first.
func (s *Session) Snapshots() []SnapshotInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []SnapshotInfo
	for _, n := range s.snapshots {
		out = append(out, n.info())
	}
	slices.SortFunc(out, func(a, b SnapshotInfo) int { return a.Taken.Compare(b.Taken) })
	return out
}

// Restore makes a snapshot the session's state. The trace goes on; deliveries
// under way reach it only.
func (s *Session) Restore(name string) error {
	s.mu.Lock()
	snap := s.snapshots[name]
	s.mu.Unlock()
	if snap == nil {
		var names []string
		for _, i := range s.Snapshots() {
			names = append(names, i.Name)
		}
		return &host.Error{Kind: host.KindNotFound, Code: "mirra.snapshot.not_found", Message: fmt.Sprintf("the session has no snapshot %q", name), Hint: fmt.Sprintf("snapshots: %v", names)}
	}
	if err := s.restore(snap, false); err != nil {
		return err
	}
	s.lifecycle("restore " + name)
	s.wake()
	return nil
}

// restore puts a snapshot into the session's mirrors; held keeps its deliveries
// from being sent.
func (s *Session) restore(snap *snapshot, held bool) error {
	for _, m := range s.mirrors {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.ended {
			return errEnded
		}
	}
	for _, m := range s.mirrors {
		from, ok := snap.mirrors[m.name]
		if !ok {
			continue
		}
		counters := m.ledger.Counters
		if err := m.store.Restore(from.state); err != nil {
			return fmt.Errorf("restore %s: %w", m.name, err)
		}
		m.ledger = from.ledger.clone()
		for _, d := range m.ledger.deliveries {
			d.Held = held
		}
		m.ledger.requeue()
		if s.seedValue == "" {
			for i := range counters {
				m.ledger.Counters[i] = max(counters[i], m.ledger.Counters[i])
			}
		}
		m.blobs.sealed, m.limits = maps.Clone(from.blobs), nil
		m.epoch++
		m.traps = 0
		if err := m.putLedger(); err != nil {
			return fmt.Errorf("restore %s: %w", m.name, err)
		}
	}
	s.clock.restore(snap.clock)
	return nil
}

// ReleaseHeld lets the deliveries go that a fork started with.
func (s *Session) ReleaseHeld() int {
	n := 0
	for _, m := range s.mirrors {
		m.mu.Lock()
		for _, d := range m.ledger.deliveries {
			if d.Held {
				d.Held = false
				m.ledger.queue.add(d)
				n++
			}
		}
		m.mu.Unlock()
	}
	s.wake()
	return n
}
