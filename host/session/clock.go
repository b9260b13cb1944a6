package session

import (
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
)

// clock is a session's time: live, moved by an offset, or frozen. It never goes
// back by itself; set and restore may move it back.
type clock struct {
	mu     sync.Mutex
	wall   host.Clock
	offset time.Duration // live and moved: session time minus wall time
	frozen bool
	at     time.Time // frozen: the session's time
	last   int64     // the latest instant handed out
	// peerSession makes the application's clock the session's.
	peerSession bool
}

// ClockState is how a clock stands; it is kept with snapshots and in the
// catalogue.
type ClockState struct {
	Now    time.Time     `json:"now"`
	Offset time.Duration `json:"offset_ns"`
	Frozen bool          `json:"frozen"`
	Peer   string        `json:"peer"` // "wall" or "session"
}

// nowNS returns the session's time.
func (c *clock) nowNS() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// both returns the session's and the application's time.
func (c *clock) both() (now, peer int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now = c.now()
	if c.peerSession {
		return now, now
	}
	return now, c.wall.Now().UnixNano()
}

func (c *clock) now() int64 {
	if c.frozen {
		return c.at.UnixNano()
	}
	// Two calls of one session never see time run backward, whatever the
	// system's clock does.
	c.last = max(c.last, c.wall.Now().Add(c.offset).UnixNano())
	return c.last
}

// untilNS returns how much wall time passes before the session reaches an
// instant; ok is false for a frozen clock, which never does.
func (c *clock) until(atNS int64) (d time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return 0, atNS <= c.at.UnixNano()
	}
	return time.Duration(atNS - c.now()), true
}

// set moves the clock to an instant; it stays frozen or running.
func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = t.UnixNano()
	if c.frozen {
		c.at = t
		return
	}
	c.offset = t.Sub(c.wall.Now())
}

// moved tells whether the clock is anything but the wall's.
func (c *clock) moved() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frozen || c.offset != 0
}

func (c *clock) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		c.at, c.frozen = time.Unix(0, c.now()).UTC(), true
	}
}

func (c *clock) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		c.frozen = false
		c.offset = c.at.Sub(c.wall.Now())
		c.last = c.at.UnixNano()
	}
}

func (c *clock) state() ClockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := ClockState{Now: time.Unix(0, c.now()).UTC(), Offset: c.offset, Frozen: c.frozen, Peer: "wall"}
	if c.peerSession {
		s.Peer = "session"
	}
	return s
}

func (c *clock) restore(s ClockState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.frozen, c.peerSession = s.Offset, s.Frozen, s.Peer == "session"
	c.at, c.last = s.Now, s.Now.UnixNano()
	if !c.frozen {
		c.last = c.wall.Now().Add(c.offset).UnixNano()
	}
}
