package session

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// scheduler wakes a session when something is due by its clock.
type scheduler struct {
	mu      sync.Mutex
	idle    *sync.Cond // on mu: running became false
	cancel  func() bool
	running bool
	again   bool // wake came while running
	held    bool // an advance does the work
	stopped bool
	sends   int // attempts under way
	ctx     context.Context
	abort   context.CancelFunc
}

// wake makes sure that the earliest due thing is waited for. It is cheap and
// may be called with a mirror locked only if nothing is due yet.
func (s *Session) wake() {
	k := &s.scheduler
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped || k.held {
		return
	}
	if k.running {
		k.again = true
		return
	}
	k.running = true
	go s.runDue()
}

// runDue does what is due and sets the alarm for what comes next.
func (s *Session) runDue() {
	k := &s.scheduler
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() {
		k.running = false
		k.idle.Broadcast()
	}()
	for {
		k.again = false
		if k.stopped || k.held {
			return
		}
		k.mu.Unlock()
		next, any := s.doDue(s.clock.nowNS())
		k.mu.Lock()
		if k.again {
			continue
		}
		if any && !k.stopped && !k.held {
			s.alarm(next)
		}
		return
	}
}

// alarm sets the wall timer for an instant of session time. k.mu is held.
func (s *Session) alarm(atNS int64) {
	k := &s.scheduler
	if k.cancel != nil {
		k.cancel()
	}
	d, ok := s.clock.until(atNS)
	if !ok {
		return // a frozen clock does not get there by itself
	}
	k.cancel = s.cfg.Clock.AfterFunc(max(d, 0), s.wake)
}

// sending counts attempts that come and go.
func (k *scheduler) sending(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sends += n
	k.idle.Broadcast()
}

// hold stops the scheduler and waits until it stands still, for attempts under
// way at most attemptCap: one of them may be what asks. It returns false if it
// is held already.
func (k *scheduler) hold() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held {
		return false
	}
	k.held = true
	patient := true
	stop := time.AfterFunc(attemptCap, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		patient = false
		k.idle.Broadcast()
	}).Stop
	defer stop()
	for k.running || k.sends > 0 && patient {
		k.idle.Wait()
	}
	return true
}

func (k *scheduler) stop() {
	k.mu.Lock()
	k.stopped = true
	if k.cancel != nil {
		k.cancel()
	}
	k.mu.Unlock()
	k.abort()
}

// doDue runs timers that are due and starts deliveries. It returns the instant
// of the next one.
func (s *Session) doDue(nowNS int64) (next int64, any bool) {
	for _, m := range s.mirrors {
		for {
			m.mu.Lock()
			d := m.ledger.queue.first()
			if m.ended || d == nil || m.s.onHold(d) {
				m.mu.Unlock()
				break
			}
			if at, _ := d.when(); at > nowNS {
				if !any || at < next {
					next, any = at, true
				}
				m.mu.Unlock()
				break
			}
			switch d := d.(type) {
			case *timer:
				m.fireTimer(d)
				m.mu.Unlock()
			case *delivery:
				m.take(d)
				epoch := m.epoch
				m.mu.Unlock()
				if d.busy {
					s.scheduler.sending(1)
					go func() {
						defer s.scheduler.sending(-1)
						s.cfg.sending <- struct{}{}
						defer func() { <-s.cfg.sending }()
						t := m.startAttempt(d, epoch)
						t.send(s.scheduler.ctx, s.cfg.AttemptTimeout)
						m.finishAttempt(t)
						s.wake()
					}()
				}
			}
		}
	}
	return next, any
}

// onHold tells whether d is a delivery and deliveries are held.
func (s *Session) onHold(d due) bool {
	_, ok := d.(*delivery)
	return ok && s.held.Load()
}

// HoldDeliveries keeps webhooks queued instead of sending them, or lets them go.
func (s *Session) HoldDeliveries(hold bool) {
	s.held.Store(hold)
	if !hold {
		s.wake()
	}
}

// fireTimer runs the plugin for a timer that is due. The mirror is locked.
func (m *Mirror) fireTimer(t *timer) {
	x := m.exchange()
	defer x.release()
	m.ledger.queue.remove(t)
	delete(m.ledger.timers, t.Key)
	req := abi.Request{Kind: abi.KindTimer, Name: t.Key, Payload: viewString(t.Payload), Forwards: m.Forwards(), BaseURL: m.s.urlFor(m, ""),
		Context: abi.Context{Flags: m.s.flags(), Session: m.s.id, Mirror: m.name}}
	inv := m.invoke(context.Background(), abi.KindTimer, x.out[:0], func(now, peer int64, _ *call) []byte {
		req.Context.NowNS, req.Context.PeerNS = now, peer
		x.frame = m.s.grease(req.Append(m.s.grease(x.frame[:0])))
		return x.frame
	}, func(_ []byte, p putter) error {
		if !m.s.persistent || m.call.replaces(t.Key) {
			return nil
		}
		return p.Put(keyTimer+t.Key, nil)
	})
	x.out = inv.output
	if inv.err != nil {
		// A timer that cannot run is not tried again: it would block all that
		// come after it. The trace tells.
		m.forget(keyTimer + t.Key)
		m.s.trace.add(Entry{Type: LifecycleEntry, At: m.s.clock.nowNS(), Wall: m.s.cfg.Clock.Now().UnixNano(), Mirror: m.name, Action: "timer_failed", ID: t.Key, Fault: inv.err.Error()}, nil, nil)
	}
}

// replaces tells whether the call set the timer anew.
func (c *call) replaces(key string) bool {
	for _, t := range c.timers {
		if t.Key == key && t.AtNS >= 0 {
			return true
		}
	}
	return false
}

// forget deletes a host-owned value of a persistent mirror in a transaction of
// its own. The mirror is locked.
func (m *Mirror) forget(key string) {
	if !m.s.persistent {
		return
	}
	if err := m.store.Begin(context.Background(), m.s.clock.nowNS()); err != nil {
		return // it is still there after a restart, and is tried again then
	}
	if err := m.store.Put(key, nil); err != nil {
		m.store.Rollback()
		return
	}
	_ = m.store.Commit() // as above
}

// take gets a delivery out of the queue to be sent now, or makes it wait for
// another one of its order key. The mirror is locked.
func (m *Mirror) take(d *delivery) {
	m.ledger.queue.remove(d)
	if d.OrderKey != "" {
		if m.ledger.inOrder == nil {
			m.ledger.inOrder = map[string][]*delivery{}
		}
		line := append(m.ledger.inOrder[d.OrderKey], d)
		m.ledger.inOrder[d.OrderKey] = line
		if len(line) > 1 {
			return
		}
	}
	d.busy = true
}

// next lets the delivery behind d in its line go. The mirror is locked.
func (m *Mirror) next(d *delivery) {
	d.busy = false
	if d.OrderKey == "" {
		return
	}
	line := m.ledger.inOrder[d.OrderKey]
	if len(line) == 0 || line[0] != d {
		return
	}
	delete(m.ledger.inOrder, d.OrderKey)
	for _, waiting := range line[1:] {
		m.ledger.queue.add(waiting)
	}
}

// try is one attempt on its way.
type try struct {
	m       *Mirror
	d       *delivery
	epoch   uint64
	out     host.Outgoing
	result  abi.Result
	started time.Time
	took    time.Duration
	nowNS   int64
	mishap  string
	forgery *forgery
	skip    bool // nothing is to be sent
	dead    bool // the plugin could not build it
	fast    bool // not sent: the endpoint has used up an advance's patience
}

// startAttempt asks the plugin for the request of a try and commits that the
// try has begun.
func (m *Mirror) startAttempt(d *delivery, epoch uint64) *try {
	t := &try{m: m, d: d, epoch: epoch}
	x := m.exchange()
	defer x.release()
	rule := m.s.faults.matchDelivery(m.name, d.Event)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended || m.epoch != epoch {
		t.skip = true
		return t
	}
	if rule != nil && m.mishap(t, rule) {
		return t
	}
	req := m.deliveryRequest(abi.KindAttempt, d)
	req.Delivery.Attempt++
	inv := m.invoke(context.Background(), abi.KindAttempt, x.out[:0], func(now, peer int64, c *call) []byte {
		req.Context.NowNS, req.Context.PeerNS = now, c.forge(t.forgery, peer)
		t.nowNS = now
		x.frame = m.s.grease(req.Append(m.s.grease(x.frame[:0])))
		return x.frame
	}, func(_ []byte, p putter) error {
		d.Attempts++
		d.Started = true
		if !m.s.persistent {
			return nil
		}
		return putJSON(p, d.key(), d)
	})
	x.out = inv.output
	err := inv.err
	if err == nil {
		err = m.outgoing(t, inv.output)
	}
	if err != nil {
		t.dead = true
		t.result = abi.Result{Outcome: abi.OutcomeProtocol, Error: err.Error()}
	}
	return t
}

func (m *Mirror) deliveryRequest(kind abi.Kind, d *delivery) abi.Request {
	return abi.Request{
		Kind: kind, Payload: viewString(d.Payload), Forwards: m.Forwards(), BaseURL: m.s.urlFor(m, ""),
		Delivery: abi.Delivery{ID: d.ID, Attempt: d.Attempts, Event: d.Event, Label: d.Label},
		Context:  abi.Context{Flags: m.s.flags(), Session: m.s.id, Mirror: m.name},
	}
}

// outgoing reads the plugin's answer to attempt. The mirror is locked.
func (m *Mirror) outgoing(t *try, output []byte) error {
	r, err := abi.DecodeResponse(string(output))
	if err != nil {
		return err
	}
	if r.URL == "" {
		return errors.New("the plugin named no URL for the attempt")
	}
	t.out = host.Outgoing{Session: m.s.id, Method: r.Method, URL: r.URL, Headers: appendPairs(nil, r.Headers), Timeout: time.Duration(r.TimeoutNS)}
	if t.out.Method == "" {
		t.out.Method = "POST"
	}
	// The signature covers what the plugin built; nothing is replaced in it.
	t.out.Body = abi.AppendLayout(nil, abi.LayoutAsIs, r.Body)
	if t.forgery != nil {
		t.forgery.change(&t.out)
	}
	return nil
}

// send sends the try unless there is nothing to send. It returns when there is
// an outcome, at most limit from now.
func (t *try) send(ctx context.Context, limit time.Duration) {
	clock := t.m.s.cfg.Clock
	t.started = clock.Now()
	if !t.skip && !t.dead {
		if t.out.Timeout <= 0 || t.out.Timeout > limit {
			t.out.Timeout = limit
		}
		t.result = t.m.s.cfg.Sender.Send(ctx, &t.out)
	}
	t.took = clock.Now().Sub(t.started)
}

// failFast counts the try as one more time-out without asking the endpoint.
func (t *try) failFast() {
	t.started = t.m.s.cfg.Clock.Now()
	t.fast = true
	t.result = abi.Result{Outcome: abi.OutcomeTimeout, Error: "not asked: three time-outs in a row in this advance"}
}

// finishAttempt tells the plugin what became of a try, and keeps what it
// decides.
func (m *Mirror) finishAttempt(t *try) {
	if t.skip {
		m.mu.Lock()
		m.next(t.d)
		m.mu.Unlock()
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.traceAttempt(t)
	if m.ended || m.epoch != t.epoch {
		return // of a life that is over: the trace alone hears of it
	}
	d := t.d
	defer m.next(d)
	d.Started = false
	if t.dead {
		m.drop(d)
		return
	}
	x := m.exchange()
	defer x.release()
	req := m.deliveryRequest(abi.KindOutcome, d)
	req.Result = t.result
	retryNS := int64(-1)
	inv := m.invoke(context.Background(), abi.KindOutcome, x.out[:0], func(now, peer int64, _ *call) []byte {
		req.Context.NowNS, req.Context.PeerNS = now, peer
		x.frame = m.s.grease(req.Append(m.s.grease(x.frame[:0])))
		return x.frame
	}, func(output []byte, p putter) error {
		r, err := abi.DecodeResponse(viewString(output))
		if err != nil {
			return &host.Trap{Cause: host.TrapOutput, Detail: err.Error()}
		}
		if r.Disposition == abi.Retry {
			retryNS = max(r.RetryAtNS, m.call.nowNS)
			d.AtNS = retryNS
		}
		if !m.s.persistent {
			return nil
		}
		if retryNS < 0 {
			return p.Put(d.key(), nil)
		}
		return putJSON(p, d.key(), d)
	})
	x.out = inv.output
	if inv.err != nil {
		t.mishap = strings.TrimSpace(t.mishap + " " + inv.err.Error())
		m.drop(d)
		return
	}
	if retryNS < 0 {
		delete(m.ledger.deliveries, d.ID)
		return
	}
	m.ledger.NextOrder++
	d.Order = m.ledger.NextOrder
	m.ledger.queue.add(d)
}

// drop ends a delivery that the plugin cannot deal with. The mirror is locked.
func (m *Mirror) drop(d *delivery) {
	delete(m.ledger.deliveries, d.ID)
	m.forget(d.key())
}

// mishap does what a fault rule wants of a delivery; true when nothing is to be
// sent now. The mirror is locked.
func (m *Mirror) mishap(t *try, rule *FaultRule) bool {
	d := t.d
	t.mishap = "fault " + rule.ID + ": " + string(rule.Webhook)
	switch rule.Webhook {
	case MishapDuplicate:
		m.ledger.NextDelivery++
		m.ledger.NextOrder++
		twin := *d
		twin.ID, twin.Order, twin.busy, twin.index = m.ledger.NextDelivery, m.ledger.NextOrder, false, -1
		m.ledger.deliveries[twin.ID] = &twin
		m.ledger.queue.add(&twin)
		return false
	case MishapDelay, MishapReorder:
		delay := time.Duration(rule.DelayMS) * time.Millisecond
		if rule.Webhook == MishapReorder && delay == 0 {
			delay = time.Millisecond // behind what is due at the same instant
		}
		d.AtNS += int64(delay)
		m.ledger.NextOrder++
		d.Order = m.ledger.NextOrder
		m.ledger.queue.add(d)
		t.skip = true
		return true
	case MishapDrop:
		// The vendor thinks it was delivered; the application never hears of it.
		t.dead = true
		t.result = abi.Result{Outcome: abi.OutcomeAborted, Error: "dropped by a fault rule"}
		return true
	}
	if rule.Webhook.forges() {
		t.forgery = &forgery{kind: rule.Webhook}
	}
	return false
}

// traceAttempt logs a try. The mirror is locked.
func (m *Mirror) traceAttempt(t *try) {
	e := Entry{
		Type: WebhookEntry, At: t.nowNS, Wall: t.started.UnixNano(), Mirror: m.name, Method: t.out.Method, Path: t.out.URL, Status: int(t.result.Status),
		Duration: t.took, Event: t.d.Event, Delivery: t.d.ID, Attempt: t.d.Attempts, Outcome: outcomeName(t.result.Outcome), Fault: strings.TrimSpace(t.mishap + " " + t.result.Error),
	}
	m.s.stats.count(&e)
	sent := abi.AppendPairs(nil, abi.TagHeaders, t.out.Headers)
	sent = abi.AppendSection(sent, abi.TagBody, viewString(t.out.Body))
	// What a retry needs: the delivery itself is gone once it succeeded.
	sent = abi.AppendSection(sent, abi.TagLabel, t.d.Label)
	sent = abi.AppendSection(sent, abi.TagPayload, viewString(t.d.Payload))
	got := abi.AppendSection(nil, abi.TagHeaders, string(t.result.Headers))
	got = abi.AppendSection(got, abi.TagBody, t.result.Body)
	m.s.trace.add(e, sent, got)
}

func outcomeName(o abi.Outcome) string {
	switch o {
	case abi.OutcomeAnswered:
		return "answered"
	case abi.OutcomeRefused:
		return "refused"
	case abi.OutcomeConnect:
		return "no connection"
	case abi.OutcomeTimeout:
		return "timeout"
	case abi.OutcomeTLS:
		return "tls"
	case abi.OutcomeAborted:
		return "aborted"
	}
	return "protocol error"
}
