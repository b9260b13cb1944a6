package session

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// call is what a plugin reaches during one invocation. Changes are staged here
// and reach the mirror's ledger after the database has committed.
type call struct {
	m        *Mirror
	nowNS    int64
	peerNS   int64
	counters [3]uint64
	stream   randomStream

	timers   []*timer // set; AtNS < 0 means cleared
	enqueued []*delivery
	secrets  []string
	next     uint64 // NextDelivery staged
	order    uint64
	blobs    blobSession
	logBytes int
	log      []string
	limited  string // the limit that made the caller wait, for the trace
	creds    []*credential
	staged   int // timers and deliveries so far
	body     int // bytes of the request's body, where it is a blob
	forgery  *forgery
}

var _ host.Call = (*call)(nil)

// begin makes the call ready for an invocation. The mirror is locked.
func (c *call) begin(m *Mirror, nowNS, peerNS int64) {
	*c = call{m: m, nowNS: nowNS, peerNS: peerNS, counters: m.ledger.Counters, next: m.ledger.NextDelivery, order: m.ledger.NextOrder,
		timers: c.timers[:0], enqueued: c.enqueued[:0], secrets: c.secrets[:0], log: c.log[:0], stream: c.stream, creds: c.creds[:0]}
	c.blobs.begin(&m.blobs)
}

// Run and Emit are the database's.
func (c *call) Run(stmt uint32, args, out []byte) ([]byte, int, error) {
	return c.m.store.Run(stmt, args, out)
}

func (c *call) Emit(dst []byte, stmt uint32, args []byte, column int, separator []byte) ([]byte, int, error) {
	return c.m.store.Emit(dst, stmt, args, column, separator)
}

func (c *call) NowNS() int64  { return c.nowNS }
func (c *call) PeerNS() int64 { return c.peerNS }

func (c *call) SetTimer(key string, atNS int64, payload []byte) error {
	if err := c.stage(); err != nil {
		return err
	}
	if atNS < 0 {
		return &host.CallError{Errno: abi.Invalid, Message: "an instant before 1970"}
	}
	c.order++
	c.timers = append(c.timers, &timer{Key: strings.Clone(key), AtNS: max(atNS, c.nowNS), Order: c.order, Payload: append([]byte(nil), payload...), index: -1})
	return nil
}

func (c *call) ClearTimer(key string) error {
	_, found := c.m.ledger.timers[key]
	for _, t := range c.timers {
		if t.Key == key {
			found = t.AtNS >= 0
		}
	}
	if !found {
		return &host.CallError{Errno: abi.NotFound, Message: "no timer " + key}
	}
	c.timers = append(c.timers, &timer{Key: strings.Clone(key), AtNS: -1, index: -1})
	return nil
}

func (c *call) Enqueue(e abi.Enqueue) (uint64, error) {
	if err := c.stage(); err != nil {
		return 0, err
	}
	c.next++
	c.order++
	at := e.DueNS
	if at < c.nowNS {
		at = c.nowNS
	}
	c.enqueued = append(c.enqueued, &delivery{ID: c.next, Event: strings.Clone(e.Event), Label: strings.Clone(e.Label), OrderKey: strings.Clone(e.Order),
		Payload: []byte(e.Payload), AtNS: at, Order: c.order, CreatedNS: c.nowNS, index: -1})
	return c.next, nil
}

func (c *call) stage() error {
	if c.staged++; c.staged > abi.MaxDeliveries {
		return &host.CallError{Errno: abi.Limit, Message: fmt.Sprintf("more than %d timers and deliveries in one call", abi.MaxDeliveries)}
	}
	return nil
}

func (c *call) Fill(stream uint32, p []byte) error {
	if stream == abi.StreamFixed {
		c.stream.fill(&c.m.key, stream, 0, p)
		return nil
	}
	if stream >= uint32(len(c.counters)) {
		return &host.CallError{Errno: abi.Invalid, Message: fmt.Sprintf("random stream %d: want 0 to %d", stream, abi.StreamFixed)}
	}
	c.stream.fill(&c.m.key, stream, c.counters[stream], p)
	c.counters[stream]++
	return nil
}

// randomStream turns (mirror key, stream, counter) into bytes: SHA-256 in
// counter mode, which is the same on every system and run.
type randomStream struct{ block [32 + 4 + 8 + 4]byte }

func (r *randomStream) fill(key *[32]byte, stream uint32, counter uint64, p []byte) {
	copy(r.block[:], key[:])
	binary.LittleEndian.PutUint32(r.block[32:], stream)
	binary.LittleEndian.PutUint64(r.block[36:], counter)
	for part := uint32(0); len(p) > 0; part++ {
		binary.LittleEndian.PutUint32(r.block[44:], part)
		sum := sha256.Sum256(r.block[:])
		p = p[copy(p, sum[:]):]
	}
}

func (c *call) Take(key []byte, cost, rateMilli, burst int64) (int64, error) {
	if rateMilli <= 0 || burst <= 0 || cost < 0 || cost > burst {
		return 0, &host.CallError{Errno: abi.Invalid, Message: "want rate and burst above 0, and a cost of 0 to burst"}
	}
	wait := c.m.limits.take(string(key), cost, rateMilli, burst, c.nowNS, c.m.s.refillClock(c.nowNS))
	if wait > 0 {
		name, _, _ := strings.Cut(string(key), "\x00")
		c.limited = name
	}
	return wait, nil
}

func (c *call) Log(level uint32, line []byte) {
	if c.logBytes += len(line); c.logBytes > abi.MaxLogBytes {
		return
	}
	c.log = append(c.log, string(line))
}

// Handles below firstGenerated are secrets the manifest names, by their place
// in it; those from firstCredential on are credentials of this session.
const (
	firstNamed      = 1
	firstGenerated  = 1 << 10
	firstCredential = 1 << 24
)

func (c *call) Secret(name string) (uint32, error) {
	for i := range c.m.spec.manifest.Secrets {
		if c.m.spec.manifest.Secrets[i].Name == name {
			return uint32(firstNamed + i), nil
		}
	}
	return 0, &host.CallError{Errno: abi.NotFound, Message: "the manifest names no secret " + name}
}

func (c *call) Keygen(prefix string, n int, alphabet uint32) (uint32, error) {
	if n <= 0 || n > 1024 || len(prefix) > 64 {
		return 0, &host.CallError{Errno: abi.Invalid, Message: "want 1 to 1024 characters and a prefix of at most 64"}
	}
	random := make([]byte, n)
	if err := c.Fill(abi.StreamSecrets, random); err != nil {
		return 0, err
	}
	text, err := spell(random, alphabet)
	if err != nil {
		return 0, err
	}
	c.secrets = append(c.secrets, prefix+text)
	return uint32(firstGenerated + len(c.m.ledger.secrets) + len(c.secrets) - 1), nil
}

// secret returns the text of a handle.
func (c *call) secret(handle uint32) (text string, base64Key bool, ok bool) {
	switch {
	case handle >= firstCredential:
		i := int(handle - firstCredential)
		if i < len(c.m.s.credentials) {
			return c.m.s.credentials[i], false, true
		}
	case handle >= firstGenerated:
		i := int(handle - firstGenerated)
		if n := len(c.m.ledger.secrets); i < n {
			return c.m.ledger.secrets[i], c.m.spec.base64Secrets, true
		} else if i-n < len(c.secrets) {
			return c.secrets[i-n], c.m.spec.base64Secrets, true
		}
	case handle >= firstNamed:
		if i := int(handle - firstNamed); i < len(c.m.named) {
			return c.m.named[i].Text, c.m.spec.manifest.Secrets[i].Base64, true
		}
	}
	return "", false, false
}

// hashKey returns the key that a secret signs with.
func (c *call) hashKey(handle uint32) (key []byte, err error) {
	text, encoded, ok := c.secret(handle)
	if !ok {
		return nil, &host.CallError{Errno: abi.NotFound, Message: fmt.Sprintf("no secret with handle %d", handle)}
	}
	key = []byte(text)
	if encoded {
		key = decodeKey(text)
	}
	if c.forgery != nil {
		key = c.forgery.key(key)
	}
	return key, nil
}

func (c *call) HMAC(alg, secret uint32, data, out []byte) ([]byte, error) {
	key, err := c.hashKey(secret)
	if err != nil {
		return nil, err
	}
	h := hashFor(alg)
	if h == nil || alg == abi.MD5 {
		return nil, &host.CallError{Errno: abi.Invalid, Message: fmt.Sprintf("hmac algorithm %d", alg)}
	}
	mac := hmac.New(h, key)
	mac.Write(data)
	sum := mac.Sum(out)
	if c.forgery != nil {
		c.forgery.macs = append(c.forgery.macs, append([]byte{}, sum[len(out):]...))
	}
	return sum, nil
}

func (c *call) Digest(alg uint32, data, out []byte) ([]byte, error) {
	h := hashFor(alg)
	if h == nil {
		return nil, &host.CallError{Errno: abi.Invalid, Message: fmt.Sprintf("digest algorithm %d", alg)}
	}
	if alg == abi.SHA256 {
		sum := sha256.Sum256(data)
		return append(out, sum[:]...), nil
	}
	d := h()
	d.Write(data)
	return d.Sum(out), nil
}

func hashFor(alg uint32) func() hash.Hash {
	switch alg {
	case abi.SHA1:
		return sha1.New
	case abi.SHA256:
		return sha256.New
	case abi.SHA512:
		return sha512.New
	case abi.MD5:
		return md5.New
	}
	return nil
}

// apply makes the staged changes part of the ledger. The database has committed.
func (c *call) apply() {
	l := &c.m.ledger
	l.Counters, l.NextDelivery, l.NextOrder = c.counters, c.next, c.order
	l.secrets = append(l.secrets, c.secrets...)
	if len(c.timers)+len(c.enqueued) > 0 {
		l.init()
	}
	for _, t := range c.timers {
		if old := l.timers[t.Key]; old != nil {
			l.queue.remove(old)
			delete(l.timers, t.Key)
		}
		if t.AtNS >= 0 {
			l.timers[t.Key] = t
			l.queue.add(t)
		}
	}
	for _, d := range c.enqueued {
		l.deliveries[d.ID] = d
		l.queue.add(d)
	}
	c.blobs.commit()
}

// persist writes the staged changes in the transaction of the call.
func (c *call) persist(p putter) error {
	l := &c.m.ledger
	if c.m.s.clock.moved() && c.nowNS != c.m.savedNS {
		// A clock that does not follow the wall's must not go back behind what
		// documents say when the session is loaded again.
		if err := p.Put(keyClock, binary.LittleEndian.AppendUint64(nil, uint64(c.nowNS))); err != nil {
			return err
		}
		c.m.savedNS = c.nowNS
	}
	if c.counters != l.Counters || c.next != l.NextDelivery || c.order != l.NextOrder {
		staged := ledger{Counters: c.counters, NextDelivery: c.next, NextOrder: c.order}
		if err := staged.putCounters(p); err != nil {
			return err
		}
	}
	for _, t := range c.timers {
		var err error
		if t.AtNS < 0 {
			err = p.Put(keyTimer+t.Key, nil)
		} else {
			err = putJSON(p, keyTimer+t.Key, t)
		}
		if err != nil {
			return err
		}
	}
	for _, d := range c.enqueued {
		if err := putJSON(p, d.key(), d); err != nil {
			return err
		}
	}
	for i, s := range c.secrets {
		if err := p.Put(fmt.Sprintf("%s%08x", keySecret, len(l.secrets)+i), []byte(s)); err != nil {
			return err
		}
	}
	return nil
}
