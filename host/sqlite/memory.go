package sqlite

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/ncruces/go-sqlite3"
)

// backend is where a store's pages live.
type backend interface {
	// acquire returns a connection that shows the committed state.
	acquire() (*conn, error)
	// release takes it back; committed says whether its writes are the state now.
	release(c *conn, committed bool)
	// replace makes t the state. No connection is acquired.
	replace(t tree, version uint64) error
	// snapshot returns the committed state and its version. No connection is acquired.
	snapshot() (t tree, version uint64, err error)
	version() (uint32, error)
	size() (int64, error)
	idle()
	close() error
}

// memory is the backend of ephemeral stores: a tree, and no connection.
type memory struct {
	stores *Stores
	prog   *program

	mu    sync.Mutex // idle comes from other goroutines
	state tree
	// seen names the content of state; equal numbers are equal contents.
	seen uint64
	// epoch marks the pages only this store can reach: they may be used again
	// once replaced. Sharing state begins a new one.
	epoch  uint64
	packed *packed // instead of state
	busy   bool
	closed bool
}

func newMemory(s *Stores, p *program) *memory {
	return &memory{stores: s, prog: p, state: p.template, seen: p.version, epoch: nextSerial()}
}

func (m *memory) acquire() (*conn, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	c, err := m.stores.pool.get(m.prog, m.seen)
	if err != nil {
		m.leave()
		return nil, fmt.Errorf("open database: %w", err)
	}
	c.file.attach(m.state, m.epoch)
	if c.version != m.seen {
		// Another store's pages are in SQLite's cache.
		if _, err := c.db.FileControl("main", sqlite3.FCNTL_RESET_CACHE); err != nil {
			_ = c.close() // the first error is the one to report
			m.leave()
			return nil, fmt.Errorf("open database: %w", err)
		}
		c.version = m.seen
	}
	return c, nil
}

func (m *memory) release(c *conn, committed bool) {
	switch {
	case c.broken:
		// What it wrote was private to its file.
		_ = c.close() // nothing depends on it any more
	case committed:
		if t, ok := c.file.publish(); ok {
			m.state, m.seen = t, nextSerial()
			c.version = m.seen
		}
	default:
		c.file.discard()
		c.version = 0
	}
	m.leave()
	switch {
	case c.broken:
	case c.large:
		_ = c.close() // nothing depends on it any more
	default:
		// The pool must not keep this store's pages alive.
		c.file.attach(tree{}, 0)
		m.stores.pool.put(c)
	}
}

// enter makes state usable and keeps idle away until leave.
func (m *memory) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	if m.packed != nil {
		t, err := m.packed.unpack(m.epoch)
		if err != nil {
			return err
		}
		m.state, m.packed = t, nil
	}
	m.busy = true
	return nil
}

func (m *memory) leave() {
	m.mu.Lock()
	m.busy = false
	m.mu.Unlock()
}

func (m *memory) replace(t tree, version uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errClosed
	}
	m.state, m.seen, m.packed = t, version, nil
	m.epoch = nextSerial()
	return nil
}

func (m *memory) snapshot() (tree, uint64, error) {
	if err := m.enter(); err != nil {
		return tree{}, 0, err
	}
	defer m.leave()
	m.epoch = nextSerial()
	return m.state, m.seen, nil
}

func (m *memory) version() (uint32, error) {
	if err := m.enter(); err != nil {
		return 0, err
	}
	defer m.leave()
	return userVersion(&m.state), nil
}

// userVersion reads PRAGMA user_version from the header of the database file,
// see https://sqlite.org/fileformat.html section 1.3.
func userVersion(t *tree) uint32 {
	p := t.page(0)
	if p == nil {
		return 0
	}
	return binary.BigEndian.Uint32(p[60:])
}

func (m *memory) size() (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.packed != nil {
		return int64(m.packed.count) * pageSize, nil
	}
	return int64(m.state.count) * pageSize, nil
}

// idle packs the pages that are not the template's.
func (m *memory) idle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.busy || m.packed != nil {
		return
	}
	if p, ok := pack(&m.state, &m.prog.template); ok {
		m.state, m.packed = tree{}, p
	}
}

func (m *memory) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state, m.packed, m.closed = tree{}, nil, true
	return nil
}
