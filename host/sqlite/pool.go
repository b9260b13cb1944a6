package sqlite

import (
	"slices"
	"sync"
)

// pool keeps the connections that no transaction uses, least recently used
// first: those to page files, which fit any store of their program, and those
// to files, which their store owns and can be asked to give up.
type pool struct {
	most int

	mu   sync.Mutex
	free []*conn
}

// get returns a connection of p: one whose cache shows version if there is
// one, else the one unused for longest, else a new one.
func (l *pool) get(p *program, version uint64) (*conn, error) {
	if c := l.take(p, version); c != nil {
		return c, nil
	}
	c, err := openPages(&pageFile{})
	if err != nil {
		return nil, err
	}
	c.prog, c.guard.own = p, p.own
	if p.dates {
		if err := c.replaceClock(); err != nil {
			_ = c.close() // the first error is the one to report
			return nil, err
		}
	}
	return c, nil
}

// warm is how many free connections of a program there are before one that
// shows another store is taken over instead of opening a new one.
const warm = 8

func (l *pool) take(p *program, version uint64) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest, n := -1, 0
	for i := len(l.free) - 1; i >= 0; i-- {
		c := l.free[i]
		if c.prog != p || c.file == nil {
			continue
		}
		if c.version == version {
			l.free = slices.Delete(l.free, i, i+1)
			return c
		}
		oldest, n = i, n+1
	}
	if oldest < 0 || n < warm && len(l.free) < l.most {
		if oldest < 0 || l.free[oldest].version != 0 {
			return nil
		}
	}
	c := l.free[oldest]
	l.free = slices.Delete(l.free, oldest, oldest+1)
	return c
}

// put makes c available. It must not be used by the caller any more.
func (l *pool) put(c *conn) {
	l.mu.Lock()
	l.free = append(l.free, c)
	var drop *conn
	if len(l.free) > l.most {
		drop = l.free[0]
		l.free = slices.Delete(l.free, 0, 1)
	}
	l.mu.Unlock()
	if drop != nil {
		drop.evict()
	}
}

// remove takes c, a connection to a file, back from the pool. It reports false
// when the pool gave it up.
func (l *pool) remove(c *conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.free, c)
	if i < 0 {
		return false
	}
	l.free = slices.Delete(l.free, i, i+1)
	return true
}

// drain empties the pool.
func (l *pool) drain() []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.free
	l.free = nil
	return all
}
