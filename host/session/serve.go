package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/tape"
)

// exchange is the memory of one request on its way; it is reused.
type exchange struct {
	frame   []byte
	tape    tape.Parser
	out     []byte
	body    []byte
	printed []byte // the body with its tokens
	pairs   []abi.Pair
	answer  host.Response
	hostURL func(string) string // the request's
	tokens  bool                // the output holds what replaceTokens replaces
	tidy    func()              // what the program wants done behind the answer, or nil

	operation string // that answered, and its level
	level     abi.Level
	warning   string
}

var exchanges = sync.Pool{New: func() any { return new(exchange) }}

func (m *Mirror) exchange() *exchange {
	x := exchanges.Get().(*exchange)
	x.tidy = m.spec.tidy
	return x
}

func (x *exchange) release() {
	if x.tidy != nil {
		x.tidy()
	}
	x.hostURL = nil
	// A giant answer's memory is not kept for the next small one.
	if cap(x.body)+cap(x.printed)+cap(x.out)+cap(x.frame) > 4<<20 {
		return
	}
	exchanges.Put(x)
}

// Serve answers one request of vendor traffic. It does not fail: what goes
// wrong inside Mirra comes out in the vendor's error shape and in the trace.
// The caller releases the response. A fault's latency passes before Serve
// returns, behind the handler and its commit, and ends early with ctx; as long
// as it lasts the request is not answered, and its idempotency key is in use.
func (m *Mirror) Serve(ctx context.Context, r *host.Request) *host.Response {
	started := m.s.cfg.Clock.Now()
	m.s.touch(started)
	x := m.exchange()
	x.answer = *host.NewResponse(x.release)
	x.operation, x.level, x.warning, x.hostURL = "", abi.LevelNone, "", r.HostURL

	cred, header := m.credential(r.Headers)
	if header >= 0 {
		x.pairs = append(x.pairs[:0], r.Headers...)
		x.pairs[header].Value = cred.visible
	} else {
		x.pairs = append(x.pairs[:0], r.Headers...)
	}
	flags := m.s.flags()
	if key := m.flightKey(cred, r); key != "" {
		if m.flight.enter(key) {
			flags |= abi.InFlightDuplicate
		}
		defer m.flight.leave(key)
	}
	fault := m.s.faults.match(m.name, r)
	if fault != nil {
		defer fault.wait(ctx, m.s)
		if fault.before() {
			m.serveFault(x, r, fault, started)
			return &x.answer
		}
	}
	if cred.info.Status == abi.CredentialLive {
		m.hostAnswer(x, "live-key", "A live key was sent to a Mirra mirror. Use a test key; `allow-live-keys: true` in mirra.yaml accepts it all the same.")
		m.traceOwn(x, r, started, "live key refused")
		return &x.answer
	}
	m.callPlugin(ctx, x, r, cred, flags, started)
	if fault != nil {
		x.answer.Drop = fault.Drop == DropAfter
	}
	return &x.answer
}

// callPlugin runs the plugin for a request and fills x's answer.
func (m *Mirror) callPlugin(ctx context.Context, x *exchange, r *host.Request, cred *credential, flags abi.ContextFlags, started time.Time) {
	req := abi.Request{
		Kind: abi.KindHTTP, Method: r.Method, Scheme: r.Scheme, Authority: r.Authority, Host: r.Host, BaseURL: r.BaseURL, Target: r.Target,
		Credential: cred.info, Forwards: m.Forwards(),
	}
	x.frame = abi.AppendUint16Section(m.s.grease(x.frame[:0]), abi.TagKind, uint16(abi.KindHTTP))
	x.frame = m.s.grease(x.frame)
	contextAt := len(x.frame)
	req.Context = abi.Context{Flags: flags, Session: m.s.id, Mirror: m.name}
	x.frame = req.Context.Append(x.frame)
	x.frame = m.s.grease(req.AppendHTTP(x.frame, x.pairs))
	blob := len(r.Body) > abi.MaxInlineBodyBytes
	if !blob && len(r.Body) > 0 {
		x.frame = abi.AppendSection(x.frame, abi.TagBody, viewString(r.Body))
	}
	traced := len(x.frame) // the tape says the same again
	var parts []tape.Part
	if r.BodyFault != nil {
		req.Fault, req.HasFault = *r.BodyFault, true
		x.frame = req.AppendFault(x.frame)
	} else {
		x.frame, parts = x.tape.Append(x.frame, r.Target, contentType(r.Headers), r.Body)
	}
	// Calls are detached from the client: one that goes away halfway must not
	// leave half of what it asked for.
	ctx = context.WithoutCancel(ctx)
	m.mu.Lock()
	inv := m.invoke(ctx, abi.KindHTTP, x.out[:0], func(now, peer int64, c *call) []byte {
		abi.StampContext(x.frame[contextAt:], now, peer)
		if blob {
			c.body = len(r.Body)
			x.frame = abi.AppendBodyBlob(x.frame, abi.BlobRef{Handle: c.blobs.give(r.Body), Size: uint64(len(r.Body))})
		}
		for _, p := range parts {
			x.tape.Bind(x.frame, p, c.blobs.give(p.Data))
		}
		return m.s.grease(x.frame)
	}, nil)
	// Printing an answer is most of the work of a long one; the mirror is free
	// meanwhile, unless the answer needs something that is the mirror's.
	x.out = inv.output
	x.tokens = inv.err == nil && tokenAt(x.out) >= 0
	held := inv.err == nil && (x.tokens && bytes.Contains(x.out, secretToken) || hasBlobBody(x.out))
	if !held {
		m.mu.Unlock()
	}
	m.render(x, &inv)
	if held {
		m.mu.Unlock()
	}
	if inv.changed {
		m.s.wake()
	}
	m.traceRequest(x, r, x.frame[:traced], started, inv, "")
}

// flightKey returns what makes a request the same as another one under way.
func (m *Mirror) flightKey(cred *credential, r *host.Request) string {
	name := m.spec.manifest.Idempotency.Header
	if name == "" || !m.spec.idempotent[r.Method] {
		return ""
	}
	for _, h := range r.Headers {
		if len(h.Name) == len(name) && strings.EqualFold(h.Name, name) && h.Value != "" {
			return cred.info.Account + "\x00" + h.Value
		}
	}
	return ""
}

func contentType(headers []abi.Pair) string {
	for _, h := range headers {
		if len(h.Name) == len("content-type") && strings.EqualFold(h.Name, "content-type") {
			return h.Value
		}
	}
	return ""
}

func hasBlobBody(output []byte) bool {
	for rest := viewString(output); rest != ""; {
		s, after, err := abi.NextSection(rest)
		if err != nil {
			return false
		}
		if s.Tag == abi.TagBlobBody {
			return true
		}
		rest = after
	}
	return false
}

// render makes an answer of an invocation: the plugin's, or the vendor's 5xx
// when it was stopped. The mirror is locked if the output needs it.
func (m *Mirror) render(x *exchange, inv *invocation) {
	x.out = inv.output
	if inv.err == nil {
		inv.err = m.renderFrame(x)
		if inv.err == nil {
			return
		}
	}
	detail := "The mirror could not answer; nothing was changed. `mirra logs` says why."
	if t, ok := errors.AsType[*host.Trap](inv.err); ok {
		detail = fmt.Sprintf("The %s plugin was stopped (%s); nothing was changed. `mirra logs` says why.", m.name, t.Cause)
	}
	m.hostAnswer(x, "internal", detail)
}

func (m *Mirror) renderFrame(x *exchange) error {
	r, err := abi.DecodeResponse(viewString(x.out))
	if err != nil {
		return &host.Trap{Cause: host.TrapOutput, Detail: err.Error()}
	}
	if r.Status < 200 || r.Status > 599 {
		return &host.Trap{Cause: host.TrapOutput, Detail: fmt.Sprintf("status %d", r.Status)}
	}
	x.operation, x.level = m.spec.operationName(r.Operation), r.Level
	for _, n := range r.Notes {
		if n.Name == abi.NoteWarning {
			x.warning = strings.Clone(n.Value)
		}
	}
	a := &x.answer
	a.Status = int(r.Status)
	a.Version = m.spec.version
	a.Headers = appendPairs(a.Headers[:0], r.Headers)
	a.Trailers = appendPairs(nil, r.Trailers)
	switch {
	case r.HasScript:
		a.Script = abi.Script(strings.Clone(string(r.Script)))
	case r.HasBlob:
		o, err := m.call.blobs.at(r.Blob.Handle)
		if err != nil {
			return &host.Trap{Cause: host.TrapOutput, Detail: "answer: " + err.Error()}
		}
		a.Blob = blobBytes(o.data)
		if size := uint64(len(o.data)); r.Blob.Offset > size || r.Blob.Length > size-r.Blob.Offset {
			return &host.Trap{Cause: host.TrapOutput, Detail: "answer: a range beyond the end of the blob"}
		}
		a.BlobFrom, a.BlobLen = int64(r.Blob.Offset), int64(r.Blob.Length)
	default:
		if x.tokens && isJSON(a.Headers) {
			x.printed = abi.AppendLayout(x.printed[:0], r.Layout, r.Body)
			x.body = m.replaceTokens(x.body[:0], x.printed, x.hostURL)
		} else {
			x.body = abi.AppendLayout(x.body[:0], r.Layout, r.Body)
		}
		a.Body = x.body
	}
	return nil
}

// isJSON tells whether a body may hold tokens: the sdk keeps text from outside
// from forming one in JSON only. A body without a type is the sdk's JSON.
func isJSON(headers []abi.Pair) bool {
	t := contentType(headers)
	return t == "" || strings.Contains(t, "json")
}

type blobBytes []byte

func (b blobBytes) ReadAt(p []byte, off int64) (int, error) { return copy(p, b[off:]), nil }
func (b blobBytes) Size() int64                             { return int64(len(b)) }

func appendPairs(dst []abi.Pair, p abi.Pairs) []abi.Pair {
	for name, value := range p.All {
		dst = append(dst, abi.Pair{Name: name, Value: value})
	}
	return dst
}

// viewString views bytes that nobody changes while the string is in use.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
