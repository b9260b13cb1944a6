package session

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// What clients ask of a living session beside its traffic.

// Touch counts as a use: the time-out starts anew.
func (s *Session) Touch() { s.touch(s.cfg.Clock.Now()) }

// Timeout returns after how long without use the session ends, 0 for never.
func (s *Session) Timeout() time.Duration { return s.timeout }

// SeedValue returns the seed value the session was made with.
func (s *Session) SeedValue() (value int64, ok bool) {
	value, err := strconv.ParseInt(s.seedValue, 10, 64)
	return value, err == nil
}

// Holding tells whether deliveries are held.
func (s *Session) Holding() bool { return s.held.Load() }

// Forwards returns the URLs that get every event of the mirror.
func (m *Mirror) Forwards() []string {
	if f := m.forwards.Load(); f != nil {
		return *f
	}
	return nil
}

// SetForwards replaces them. Events that are queued go where they went.
func (m *Mirror) SetForwards(urls []string) {
	urls = slices.Clone(urls)
	m.forwards.Store(&urls)
}

// Plain replaces the tokens of text that a plugin wrote by what they stand for
// in this session.
func (m *Mirror) Plain(b []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.plain(b)
}

// Log is Entries, without the bytes unless they are asked for.
func (s *Session) Log(after uint64, withBytes bool, yield func(Raw) bool) (dropped uint64) {
	return s.trace.each(after, withBytes, yield)
}

// Redeliver queues the delivery of an attempt again, named by the number of its
// trace entry; 0 is the latest attempt. It is signed anew and has its own
// retries.
func (s *Session) Redeliver(seq uint64) error {
	found := Raw{}
	s.trace.each(max(seq, 1)-1, false, func(r Raw) bool {
		if r.Type == WebhookEntry && (seq == 0 || r.Seq == seq) {
			found = r
		}
		return seq == 0
	})
	if found.Seq == 0 {
		return &host.Error{Kind: host.KindNotFound, Code: "mirra.webhook.no_attempt", Message: fmt.Sprintf("the session's trace has no webhook attempt %d", seq), Hint: "`mirra webhooks` lists them"}
	}
	s.trace.each(found.Seq-1, true, func(r Raw) bool {
		found = r
		return false
	})
	m := s.Mirror(found.Mirror)
	d := &delivery{Event: found.Event, index: -1}
	kept := false
	for rest := string(found.Sent); rest != ""; {
		section, after, err := abi.NextSection(rest)
		if err != nil {
			break
		}
		switch rest = after; section.Tag {
		case abi.TagLabel:
			d.Label = section.Data
		case abi.TagPayload:
			d.Payload, kept = []byte(section.Data), true
		}
	}
	if m == nil || !kept {
		return &host.Error{Kind: host.KindNotFound, Code: "mirra.webhook.no_attempt", Message: fmt.Sprintf("attempt %d cannot be sent again", seq)}
	}
	return m.queueAgain(d)
}

// queueAgain puts a delivery into the queue, due now.
func (m *Mirror) queueAgain(d *delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return errEnded
	}
	m.ledger.init()
	m.ledger.NextDelivery++
	m.ledger.NextOrder++
	d.ID, d.Order = m.ledger.NextDelivery, m.ledger.NextOrder
	d.AtNS = m.s.clock.nowNS()
	d.CreatedNS = d.AtNS
	if m.s.persistent {
		if err := m.store.Begin(m.s.scheduler.ctx, d.AtNS); err != nil {
			return fmt.Errorf("queue delivery: %w", err)
		}
		err := putJSON(m.store, d.key(), d)
		if err == nil {
			err = m.ledger.putCounters(m.store)
		}
		if err != nil {
			m.store.Rollback()
			return fmt.Errorf("queue delivery: %w", err)
		}
		if err := m.store.Commit(); err != nil {
			return fmt.Errorf("queue delivery: %w", err)
		}
	}
	m.ledger.deliveries[d.ID] = d
	m.ledger.queue.add(d)
	go m.s.wake()
	return nil
}
