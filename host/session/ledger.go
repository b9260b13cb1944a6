package session

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// ledger is the state of a mirror that the host keeps for it: random counters,
// timers, deliveries, generated secrets. Memory is the working copy; the
// database of a persistent session is written through, in the transaction of
// the call that changes it. The mirror's lock guards it.
type ledger struct {
	Counters     [3]uint64
	NextDelivery uint64
	NextOrder    uint64
	timers       map[string]*timer
	deliveries   map[uint64]*delivery
	secrets      []string // generated ones, by handle minus firstGenerated
	queue        dueQueue
	inOrder      map[string][]*delivery // by order key: the first is being sent
}

// timer is a plugin's timer.
type timer struct {
	Key     string `json:"key"`
	AtNS    int64  `json:"at_ns"`
	Order   uint64 `json:"order"` // ties are broken by who was set first
	Payload []byte `json:"payload,omitempty"`
	index   int    // in the queue, -1 when not
}

// delivery is a webhook that has not reached its end.
type delivery struct {
	ID        uint64 `json:"id"`
	Event     string `json:"event"`
	Label     string `json:"label"`
	OrderKey  string `json:"order_key,omitempty"`
	Payload   []byte `json:"payload"`
	AtNS      int64  `json:"at_ns"`
	Order     uint64 `json:"order"`
	Attempts  uint32 `json:"attempts"`
	Started   bool   `json:"started,omitempty"` // an attempt was sent and has no outcome
	Held      bool   `json:"held,omitempty"`    // a fork's: not sent until released
	CreatedNS int64  `json:"created_ns"`
	index     int
	busy      bool // an attempt is under way in this process
}

func (l *ledger) init() {
	if l.timers == nil {
		l.timers, l.deliveries = map[string]*timer{}, map[uint64]*delivery{}
	}
}

// clone copies the ledger for a snapshot. Payloads are never changed in place.
func (l *ledger) clone() ledger {
	c := ledger{Counters: l.Counters, NextDelivery: l.NextDelivery, NextOrder: l.NextOrder, secrets: slices.Clone(l.secrets)}
	if len(l.timers)+len(l.deliveries) == 0 {
		return c
	}
	c.init()
	for k, t := range l.timers {
		n := *t
		c.timers[k] = &n
	}
	for id, d := range l.deliveries {
		n := *d
		n.busy = false
		c.deliveries[id] = &n
	}
	c.requeue()
	return c
}

// requeue fills the queue from timers and deliveries.
func (l *ledger) requeue() {
	l.queue = nil
	l.inOrder = nil
	for _, k := range slices.Sorted(maps.Keys(l.timers)) {
		l.timers[k].index = -1
		l.queue.add(l.timers[k])
	}
	for _, id := range slices.Sorted(maps.Keys(l.deliveries)) {
		d := l.deliveries[id]
		d.index = -1
		if !d.Held {
			l.queue.add(d)
		}
	}
}

const (
	keyCounters = "counters"
	keyTimer    = "timer/"
	keyDelivery = "delivery/"
	keySecret   = "secret/"
	keyClock    = "clock"
)

// putter writes host-owned values in the transaction of a call.
type putter interface {
	Put(key string, value []byte) error
}

func (l *ledger) putCounters(p putter) error {
	b := make([]byte, 0, 40)
	for _, c := range l.Counters {
		b = binary.LittleEndian.AppendUint64(b, c)
	}
	b = binary.LittleEndian.AppendUint64(b, l.NextDelivery)
	return p.Put(keyCounters, binary.LittleEndian.AppendUint64(b, l.NextOrder))
}

func putJSON(p putter, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return p.Put(key, b)
}

func (d *delivery) key() string { return fmt.Sprintf("%s%016x", keyDelivery, d.ID) }

// load reads what a persistent database has.
func (l *ledger) load(s host.Store) error {
	l.init()
	var fault error
	err := s.Values("", func(key string, value []byte) bool {
		switch {
		case key == keyCounters && len(value) == 40:
			for i := range l.Counters {
				l.Counters[i] = binary.LittleEndian.Uint64(value[8*i:])
			}
			l.NextDelivery = binary.LittleEndian.Uint64(value[24:])
			l.NextOrder = binary.LittleEndian.Uint64(value[32:])
		case strings.HasPrefix(key, keyTimer):
			t := new(timer)
			fault = json.Unmarshal(value, t)
			l.timers[t.Key] = t
		case strings.HasPrefix(key, keyDelivery):
			d := new(delivery)
			fault = json.Unmarshal(value, d)
			l.deliveries[d.ID] = d
		case strings.HasPrefix(key, keySecret):
			l.secrets = append(l.secrets, string(value))
		}
		if fault != nil {
			fault = fmt.Errorf("host value %s: %w", key, fault)
		}
		return fault == nil
	})
	if err == nil {
		err = fault
	}
	l.requeue()
	return err
}
