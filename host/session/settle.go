package session

import (
	"context"
	"time"
)

// Settling waits for what follows from what was done, not for what the vendor does later:
// timers and first tries of webhooks that fall due this soon, for so long at most.
const (
	settleSoon  = 2 * time.Second
	settleLimit = 10 * time.Second
	settleLook  = 5 * time.Millisecond
)

// Settle returns once no webhook is on its way and none is to be sent soon. What never
// comes to rest it leaves after a while.
func (s *Session) Settle(ctx context.Context) error {
	limit := time.NewTimer(settleLimit)
	defer limit.Stop()
	tick := time.NewTicker(settleLook)
	defer tick.Stop()
	for s.unsettled() {
		select {
		case <-tick.C:
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *Session) unsettled() bool {
	k := &s.scheduler
	k.mu.Lock()
	busy := k.sends > 0 || k.running
	k.mu.Unlock()
	if busy {
		return true
	}
	for _, m := range s.mirrors {
		if m.unsettled() {
			return true
		}
	}
	return false
}

// unsettled tells whether something falls due soon by the wall's clock.
func (m *Mirror) unsettled() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return false
	}
	for _, d := range m.ledger.queue {
		if t, ok := d.(*delivery); ok && t.Attempts > 0 || m.s.onHold(d) {
			continue // a retry comes in the vendor's own time
		}
		at, _ := d.when()
		if wait, ever := m.s.clock.until(at); ever && wait <= settleSoon {
			return true
		}
	}
	return false
}
