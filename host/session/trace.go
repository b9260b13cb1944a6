package session

import (
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// EntryType says what a trace entry is about; each is an event of the control
// API too.
type EntryType string

const (
	TrafficEntry   EntryType = "traffic.request_completed"
	WebhookEntry   EntryType = "webhook.dispatched"
	StateEntry     EntryType = "state.changed"
	LifecycleEntry EntryType = "session.lifecycle"
	GradedEntry    EntryType = "evaluation.criterion_graded"
)

// Entry is one thing that happened in a session.
type Entry struct {
	Seq    uint64 // counts up within the session, from 1
	Type   EntryType
	At     int64 // session time, Unix ns
	Wall   int64 // wall time, Unix ns
	Mirror string

	// Traffic and webhooks
	Method, Path string
	Status       int
	Duration     time.Duration
	Operation    string
	Level        abi.Level
	Limited      string // the rate limit that refused
	Warning      string // what a plugin wants the user to see
	Fault        string // what a fault rule or Mirra itself did
	Fuel         int64

	// Webhooks
	Event    string
	Delivery uint64
	Attempt  uint32
	Outcome  string

	// State: entity and id; lifecycle: action; graded: kind, criterion and run
	Entity, ID, Action string

	first, second span // raw bytes, by type
}

// span is a piece of a block.
type span struct{ from, to int32 }

// block is a run of raw bytes; old ones are packed.
type block struct {
	raw    []byte
	packed []byte
	size   int
}

// Limits of a session's trace, as published.
const (
	maxTraceEntries = 10_000
	maxTraceBytes   = 64 << 20
	blockBytes      = 64 << 10
	// rawBlocks is how many blocks of a session stay as they are before the
	// oldest are packed: what somebody looks at is mostly recent.
	rawBlocks = 4
)

// trace is a session's bounded log. Reset does not clear it.
type trace struct {
	mu      sync.Mutex
	entries []traceSlot // oldest first, from start
	start   int
	seq     uint64
	dropped uint64
	blocks  []*block // oldest first
	bytes   int      // of all blocks
	watch   map[*watcher]struct{}
	closed  bool
	pack    Packer
}

type traceSlot struct {
	Entry
	block *block
}

// Packer compresses old blocks of traces. Its functions may be called
// concurrently.
type Packer interface {
	Pack(b []byte) []byte
	Unpack(b []byte) ([]byte, error)
}

// add appends an entry with its raw bytes and returns its number.
func (t *trace) add(e Entry, first, second []byte) uint64 {
	t.mu.Lock()
	t.seq++
	e.Seq = t.seq
	slot := traceSlot{Entry: e}
	if n := len(first) + len(second); n > 0 {
		slot.block, slot.first, slot.second = t.keep(first, second)
	}
	if len(t.entries)-t.start >= maxTraceEntries {
		t.drop()
	}
	t.entries = append(t.entries, slot)
	for t.bytes > maxTraceBytes && len(t.entries)-t.start > 1 {
		t.drop()
	}
	pack := t.oldestRaw()
	for w := range t.watch {
		w.signal()
	}
	t.mu.Unlock()
	if pack != nil {
		packLater(t, pack)
	}
	return e.Seq
}

// newest returns the number of the latest entry.
func (t *trace) newest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seq
}

// keep copies raw bytes into the current block.
func (t *trace) keep(first, second []byte) (b *block, f, s span) {
	n := len(first) + len(second)
	if len(t.blocks) > 0 {
		b = t.blocks[len(t.blocks)-1]
	}
	if b == nil || b.raw == nil || len(b.raw)+n > max(cap(b.raw), blockBytes) {
		b = new(block)
		if len(t.blocks) > 0 {
			// A session that has filled one block will fill this one: growing it
			// step by step would copy as much as it holds.
			b.raw = newRaw(n)
		}
		t.blocks = append(t.blocks, b)
	}
	at := int32(len(b.raw))
	b.raw = append(append(b.raw, first...), second...)
	f = span{at, at + int32(len(first))}
	s = span{f.to, int32(len(b.raw))}
	b.size = len(b.raw)
	t.bytes += n
	return b, f, s
}

// freeRaw and freeWide hold memory of packed blocks for new ones: a session that
// is read from in long lists fills a block a request, and fresh pages cost more
// than the copy into them. A wide block is for what no common one can hold.
var freeRaw, freeWide sync.Pool

const wideBytes = 4 * blockBytes

func newRaw(n int) []byte {
	switch {
	case n <= blockBytes:
		if p, ok := freeRaw.Get().(*[blockBytes]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, blockBytes)
	case n <= wideBytes:
		if p, ok := freeWide.Get().(*[wideBytes]byte); ok {
			return p[:0]
		}
		return make([]byte, 0, wideBytes)
	}
	return make([]byte, 0, n)
}

// freeBlock takes back what newRaw gave, which nothing may refer to any more.
func freeBlock(raw []byte) {
	switch cap(raw) {
	case blockBytes:
		freeRaw.Put((*[blockBytes]byte)(raw[:blockBytes]))
	case wideBytes:
		freeWide.Put((*[wideBytes]byte)(raw[:wideBytes]))
	}
}

// drop forgets the oldest entry, and its block once no other entry is in it.
func (t *trace) drop() {
	old := t.entries[t.start]
	t.entries[t.start] = traceSlot{}
	t.start++
	t.dropped++
	if t.start > 1024 && t.start*2 > len(t.entries) {
		t.entries = append([]traceSlot(nil), t.entries[t.start:]...)
		t.start = 0
	}
	if old.block == nil {
		return
	}
	for _, s := range t.entries[t.start:] {
		if s.block == nil {
			continue
		}
		if s.block == old.block {
			return
		}
		break
	}
	for len(t.blocks) > 0 && t.blocks[0] == old.block {
		t.bytes -= t.blocks[0].cost()
		t.blocks[0] = nil
		t.blocks = t.blocks[1:]
	}
}

func (b *block) cost() int {
	if b.packed != nil {
		return len(b.packed)
	}
	return b.size
}

// oldestRaw returns the block to pack next, nil if there are few raw ones.
func (t *trace) oldestRaw() *block {
	if t.pack == nil || len(t.blocks) <= rawBlocks {
		return nil
	}
	b := t.blocks[len(t.blocks)-1-rawBlocks]
	if b.packed != nil || b.size < 0 {
		return nil
	}
	return b
}

// packJobs has one worker: packing is background work and must not take the
// cores that requests need.
var packJobs = make(chan func(), 256)

var startPacker = sync.OnceFunc(func() {
	go func() {
		for f := range packJobs {
			f()
		}
	}()
})

func packLater(t *trace, b *block) {
	startPacker()
	select {
	case packJobs <- func() { t.packBlock(b) }:
	default: // a later entry asks again
	}
}

func (t *trace) packBlock(b *block) {
	t.mu.Lock()
	raw := b.raw
	t.mu.Unlock()
	if raw == nil {
		return
	}
	packed := t.pack.Pack(raw)
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.packed == nil {
		b.packed, b.raw = packed, nil
		t.bytes += len(packed) - b.size
		freeBlock(raw)
	}
}

// Raw is an entry with its bytes.
type Raw struct {
	Entry
	Request  *abi.Request  // traffic: as sent, the credential masked
	Response *abi.Response // traffic: as the plugin gave it
	Sent     []byte        // webhooks: the request's frame; state: the document before
	Got      []byte        // webhooks: the answer's frame; state: the document after
}

// Entries calls yield for entries behind seq, oldest first, and returns how
// many were dropped before the first that is left.
func (t *trace) each(after uint64, withBytes bool, yield func(Raw) bool) (dropped uint64) {
	for {
		t.mu.Lock()
		dropped = t.dropped
		i := t.start
		if first := t.seq - uint64(len(t.entries)-t.start); after > first {
			i += int(min(after-first, uint64(len(t.entries)-t.start)))
		}
		batch := append([]traceSlot(nil), t.entries[i:min(i+64, len(t.entries))]...)
		t.mu.Unlock()
		if len(batch) == 0 {
			return dropped
		}
		for _, slot := range batch {
			after = slot.Seq
			r := Raw{Entry: slot.Entry}
			if withBytes {
				t.fill(&r, slot.block)
			}
			if !yield(r) {
				return dropped
			}
		}
	}
}

func (t *trace) fill(r *Raw, b *block) {
	if b == nil {
		return
	}
	first, second, err := t.bytesOf(r, b)
	if err != nil {
		r.Fault = "trace: " + err.Error()
		return
	}
	if r.Type != TrafficEntry {
		r.Sent, r.Got = []byte(first), []byte(second)
		return
	}
	if req, err := abi.DecodeRequest(first); err == nil {
		r.Request = req
	}
	if resp, err := abi.DecodeResponse(second); err == nil {
		r.Response = resp
	}
}

// bytesOf returns copies of the two pieces of an entry, whose block may be
// packed as soon as the lock is free.
func (t *trace) bytesOf(r *Raw, b *block) (first, second string, err error) {
	t.mu.Lock()
	if raw := b.raw; raw != nil {
		defer t.mu.Unlock()
		return string(raw[r.first.from:r.first.to]), string(raw[r.second.from:r.second.to]), nil
	}
	packed := b.packed
	t.mu.Unlock()
	raw, err := t.pack.Unpack(packed)
	if err != nil {
		return "", "", err
	}
	return string(raw[r.first.from:r.first.to]), string(raw[r.second.from:r.second.to]), nil
}

// traceRequest logs a request after commit or rollback. request is its frame
// without the tape, nil when no plugin was asked.
func (m *Mirror) traceRequest(x *exchange, r *host.Request, request []byte, started time.Time, inv invocation, fault string) {
	path, _, _ := strings.Cut(r.Target, "?")
	e := Entry{
		Type: TrafficEntry, At: m.s.clock.nowNS(), Wall: started.UnixNano(), Mirror: m.name,
		Method: internMethod(r.Method), Path: strings.Clone(path), Status: x.answer.Status,
		Duration: m.s.cfg.Clock.Now().Sub(started), Fault: fault, Fuel: inv.usage.Fuel,
	}
	if e.Status == 429 { // a plugin may also ask a limit what is left
		e.Limited = inv.limited
	}
	if inv.err != nil {
		e.Fault = inv.err.Error()
	} else {
		e.Operation, e.Level, e.Warning = x.operation, x.level, x.warning
	}
	m.s.stats.count(&e)
	m.s.trace.add(e, request, inv.output)
}

// traceOwn logs a request that the host answered by itself, with what was sent and
// answered as if a plugin had.
func (m *Mirror) traceOwn(x *exchange, r *host.Request, started time.Time, fault string) {
	req := abi.Request{Kind: abi.KindHTTP, Method: r.Method, Target: r.Target, Scheme: r.Scheme, Authority: r.Authority, Host: r.Host, BaseURL: r.BaseURL}
	x.frame = abi.AppendUint16Section(x.frame[:0], abi.TagKind, uint16(abi.KindHTTP))
	x.frame = req.AppendHTTP(x.frame, x.pairs)
	if n := len(r.Body); n > 0 && n <= abi.MaxInlineBodyBytes {
		x.frame = abi.AppendSection(x.frame, abi.TagBody, viewString(r.Body))
	}
	a := &x.answer
	x.out = x.out[:0]
	if !a.Drop {
		x.out = abi.AppendUint16Section(x.out, abi.TagStatus, uint16(a.Status))
		x.out = abi.AppendPairs(x.out, abi.TagHeaders, a.Headers)
		x.out = abi.AppendSection(x.out, abi.TagBody, viewString(a.Body))
	}
	m.traceRequest(x, r, x.frame, started, invocation{output: x.out}, fault)
}

// internMethod avoids a copy of the methods that every request has.
func internMethod(method string) string {
	switch method {
	case "GET":
		return "GET"
	case "POST":
		return "POST"
	case "DELETE":
		return "DELETE"
	}
	return strings.Clone(method)
}
