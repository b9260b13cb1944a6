package session

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is the context of a mirror's calls, one after another: what
// context.WithTimeout gives, without a timer to start and stop for each. The
// timer that runs looks at its end whether the call it was for is still there.
type deadline struct {
	mu    sync.Mutex
	at    time.Time // of the call under way, zero without one
	timer *time.Timer
	looks time.Time // when the timer ends, zero if it does not run

	done    chan struct{}
	expired *atomic.Bool
}

// callContext is a deadline for one call.
type callContext struct {
	at      time.Time
	done    chan struct{}
	expired *atomic.Bool
}

var _ context.Context = callContext{}

func (c callContext) Deadline() (time.Time, bool) { return c.at, true }
func (c callContext) Done() <-chan struct{}       { return c.done }
func (c callContext) Value(any) any               { return nil }

func (c callContext) Err() error {
	if c.expired.Load() {
		return context.DeadlineExceeded
	}
	return nil
}

// start returns the context of a call that may take as long as wall. stop ends
// it; until then there is no other one.
func (d *deadline) start(wall time.Duration) callContext {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done == nil || d.expired.Load() {
		d.done, d.expired = make(chan struct{}), new(atomic.Bool)
	}
	d.at = time.Now().Add(wall)
	if d.looks.IsZero() || d.at.Before(d.looks) {
		d.arm(wall)
	}
	return callContext{d.at, d.done, d.expired}
}

func (d *deadline) stop() {
	d.mu.Lock()
	d.at = time.Time{}
	d.mu.Unlock()
}

func (d *deadline) arm(wait time.Duration) {
	d.looks = time.Now().Add(wait)
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.look)
		return
	}
	d.timer.Reset(wait)
}

func (d *deadline) look() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks = time.Time{}
	if d.at.IsZero() {
		return
	}
	if left := time.Until(d.at); left > 0 {
		d.arm(left)
	} else if !d.expired.Load() {
		d.expired.Store(true)
		close(d.done)
	}
}
