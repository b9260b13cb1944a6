package session

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// AdvanceResult is what happened while a clock was moved forward.
type AdvanceResult struct {
	Clock      ClockState `json:"clock"`
	Timers     int        `json:"timers"`
	Deliveries int        `json:"deliveries"` // attempts
	Failed     int        `json:"failed"`     // attempts without a 2xx
	// FailedFast are the endpoints that timed out three times in a row and were
	// not asked again.
	FailedFast []string `json:"failedFast,omitempty"`
}

const (
	// attemptCap is how long, in wall time, an advance waits for one attempt; it
	// then counts as the vendor's time-out.
	attemptCap = 2 * time.Second
	// patience is how many time-outs in a row an endpoint may have before the
	// rest of an advance fails it at once.
	patience = 3
	// advanceBatch bounds the attempts of one instant that are sent at a time.
	advanceBatch = 16
)

// Advance moves the session's clock forward by d, and does everything that
// falls due on the way in order, each thing at its own instant: the clock does
// not pass an instant before what is due by then has come to its end. The
// application may call back meanwhile and is served at that instant. A second
// advance of the session meanwhile is a conflict.
func (s *Session) Advance(ctx context.Context, d time.Duration) (AdvanceResult, error) {
	if d < 0 {
		return AdvanceResult{}, &host.Error{Kind: host.KindInvalid, Code: "mirra.clock.backward", Message: "a clock advances forward", Hint: "`mirra clock set` moves it back; what ran does not run again"}
	}
	resume, err := s.holdClock()
	if err != nil {
		return AdvanceResult{}, err
	}
	a := advance{s: s, ctx: ctx, target: s.clock.nowNS() + int64(d), timeouts: map[string]int{}}
	err = a.run()
	if err == nil {
		s.clock.set(time.Unix(0, a.target).UTC())
	}
	resume()
	a.result.Clock = s.clock.state()
	s.lifecycle("clock_advanced")
	if e := s.save(); err == nil {
		err = e
	}
	return a.result, err
}

// holdClock stops the scheduler and freezes the clock until resume is called.
func (s *Session) holdClock() (resume func(), err error) {
	k := &s.scheduler
	if !k.hold() {
		return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.clock.busy", Message: "the session's clock is being advanced", Hint: "wait for that advance to end"}
	}
	wasFrozen := s.clock.state().Frozen
	s.clock.freeze()
	return func() {
		if !wasFrozen {
			s.clock.resume()
		}
		k.mu.Lock()
		k.held = false
		k.mu.Unlock()
		s.wake()
	}, nil
}

// advance is one Advance under way.
type advance struct {
	s        *Session
	ctx      context.Context
	target   int64
	result   AdvanceResult
	timeouts map[string]int // in a row, by URL
}

func (a *advance) run() error {
	for {
		if err := a.ctx.Err(); err != nil {
			return fmt.Errorf("advance: %w", err)
		}
		at, ok := a.earliest()
		if !ok || at > a.target {
			return nil
		}
		if at > a.s.clock.nowNS() {
			a.s.clock.set(time.Unix(0, at).UTC())
		}
		a.instant(a.s.clock.nowNS())
	}
}

// earliest returns the instant of what is due next.
func (a *advance) earliest() (at int64, ok bool) {
	for _, m := range a.s.mirrors {
		m.mu.Lock()
		if d := m.ledger.queue.first(); d != nil && !m.ended && !a.s.onHold(d) {
			if t, _ := d.when(); !ok || t < at {
				at, ok = t, true
			}
		}
		m.mu.Unlock()
	}
	return at, ok
}

// instant does what is due by now: timers in order, then a batch of
// deliveries, sent side by side; their outcomes are taken in the order in
// which they were queued, so that a run can be repeated.
func (a *advance) instant(now int64) {
	var tries []*try
	for _, m := range a.s.mirrors {
		for len(tries) < advanceBatch {
			m.mu.Lock()
			d := m.ledger.queue.first()
			if d == nil || m.ended || a.s.onHold(d) {
				m.mu.Unlock()
				break
			}
			if at, _ := d.when(); at > now {
				m.mu.Unlock()
				break
			}
			switch d := d.(type) {
			case *timer:
				m.fireTimer(d)
				a.result.Timers++
				m.mu.Unlock()
			case *delivery:
				m.take(d)
				epoch := m.epoch
				m.mu.Unlock()
				if d.busy {
					tries = append(tries, m.startAttempt(d, epoch))
				}
			}
		}
	}
	done := make(chan struct{}, len(tries))
	for _, t := range tries {
		go func() {
			if a.timeouts[t.out.URL] >= patience && !t.skip && !t.dead {
				t.failFast()
			} else {
				t.send(a.ctx, attemptCap)
			}
			done <- struct{}{}
		}()
	}
	for range tries {
		<-done
	}
	for _, t := range tries {
		a.account(t)
		t.m.finishAttempt(t)
	}
}

func (a *advance) account(t *try) {
	if t.skip {
		return
	}
	if t.fast && !slices.Contains(a.result.FailedFast, t.out.URL) {
		a.result.FailedFast = append(a.result.FailedFast, t.out.URL)
	}
	a.result.Deliveries++
	if t.result.Outcome != abi.OutcomeAnswered || t.result.Status < 200 || t.result.Status > 299 {
		a.result.Failed++
	}
	if t.result.Outcome == abi.OutcomeTimeout {
		a.timeouts[t.out.URL]++
	} else {
		a.timeouts[t.out.URL] = 0
	}
}

// SetClock sets the clock to an instant. Forward is an Advance; backward moves
// the clock only.
func (s *Session) SetClock(ctx context.Context, t time.Time) (AdvanceResult, error) {
	if d := t.UnixNano() - s.clock.nowNS(); d > 0 {
		return s.Advance(ctx, time.Duration(d))
	}
	s.clock.set(t)
	s.lifecycle("clock_set")
	s.wake()
	return AdvanceResult{Clock: s.clock.state()}, s.save()
}

// FreezeClock stops the clock where it is.
func (s *Session) FreezeClock() (ClockState, error) {
	s.clock.freeze()
	s.lifecycle("clock_frozen")
	return s.clock.state(), s.save()
}

// ResumeClock lets the clock run on from where it is.
func (s *Session) ResumeClock() (ClockState, error) {
	s.clock.resume()
	s.lifecycle("clock_resumed")
	s.wake()
	return s.clock.state(), s.save()
}
