package sdk

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Call is one call of the plugin: a request to answer, a timer that is due, a
// delivery to send. It is valid until the handler returns.
type Call struct {
	*Arena
	abi.Request // what the host sent; handlers mostly use the methods below

	plugin *Plugin
	serial uint64 // tells calls of one guest apart; from 1
	args   Args
	writer Writer
	path   string
	query  string
	values [maxPathValues]string // of the route's {names}
	route  *route

	params      Doc
	parent      int32  // where the last field of the form went, 0 if that says nothing
	parentName  string // the segments in front of its last one, as on the tape
	paramsError error
	hasParams   bool

	status    uint16
	fixed     *Headers
	headers   []abi.Pair
	trailers  []abi.Pair
	body      []byte
	flushed   bool
	asIs      bool // the body is laid out as it is, whatever the plugin's Layout
	blobBody  *abi.BlobRange
	script    *scriptBody
	notes     []abi.Pair
	operation string
	level     abi.Level
	tail      []byte // sections of kinds other than http
}

type scriptBody struct {
	delays []uint64
	chunks []string
}

const maxPathValues = 6

// Args returns an empty row of arguments. One is in use at a time.
func (c *Call) Args() *Args {
	c.args.b = c.args.b[:0]
	return &c.args
}

// Path returns the request's path as sent, without the query.
func (c *Call) Path() string { return c.path }

// Query returns the request's query as sent, without the question mark.
func (c *Call) Query() string { return c.query }

// Value returns what the path has in the place of {name}, decoded.
func (c *Call) Value(name string) string {
	if c.route == nil {
		return ""
	}
	for i, n := range c.route.names {
		if n == name {
			return pathUnescape(c.values[i])
		}
	}
	return ""
}

// Header returns a request header, "" if there is none.
func (c *Call) Header(name string) string {
	v, _ := c.Headers.Find(name)
	return v
}

// Account returns the account the call is for, "" for the session's default.
// Handlers may set it with SetAccount, for Stripe-Account and the like.
func (c *Call) Account() string { return c.Credential.Account }

// SetAccount makes the rest of the call act for another account.
func (c *Call) SetAccount(account string) { c.Credential.Account = account }

// Operation returns the id of the operation that answers.
func (c *Call) Operation() string { return c.operation }

// Now returns the session's time in UTC. It does not change during a call.
func (c *Call) Now() time.Time { return time.Unix(0, c.Context.NowNS).UTC() }

// Unix returns the session's time in seconds.
func (c *Call) Unix() int64 { return c.Context.NowNS / 1e9 }

// RefuseVersions tells whether a request that names an API version the plugin
// does not support gets the vendor's refusal in this session. Where it does not,
// the version of the plugin's line answers, with a Warn.
func (c *Call) RefuseVersions() bool { return c.Context.Flags&abi.RefuseVersions != 0 }

// PeerUnix returns the application's time in seconds, for signature stamps.
func (c *Call) PeerUnix() int64 { return c.Context.PeerNS / 1e9 }

// SetStatus sets the response's status; without it, it is 200.
func (c *Call) SetStatus(status int) { c.status = uint16(status) }

// Status returns the response's status so far.
func (c *Call) Status() int { return int(c.status) }

// SetHeader adds a response header in the vendor's spelling. One that is there
// under exactly this spelling is replaced in its place.
func (c *Call) SetHeader(name, value string) {
	for i := range c.headers {
		if c.headers[i].Name == name {
			c.headers[i].Value = value
			return
		}
	}
	c.headers = append(c.headers, abi.Pair{Name: name, Value: value})
}

// AddHeader adds a response header even if the name is there already.
func (c *Call) AddHeader(name, value string) {
	c.headers = append(c.headers, abi.Pair{Name: name, Value: value})
}

// Headers are response headers that are the same on every answer, encoded once.
type Headers struct {
	count   int
	encoded []byte
}

// NewHeaders encodes headers, given as name, value, name, value, …
func NewHeaders(pairs ...string) *Headers {
	h := new(Headers)
	for i := 0; i+1 < len(pairs); i += 2 {
		h.count++
		h.encoded = abi.AppendString(abi.AppendString(h.encoded, pairs[i]), pairs[i+1])
	}
	return h
}

// FixedHeaders puts headers in front of those that SetHeader sets.
func (c *Call) FixedHeaders(h *Headers) { c.fixed = h }

func (c *Call) appendHeaders(f []byte) []byte {
	f, mark := abi.BeginSection(f, abi.TagHeaders)
	n := len(c.headers)
	if c.fixed != nil {
		n += c.fixed.count
	}
	f = append(f, byte(n), byte(n>>8))
	if c.fixed != nil {
		f = append(f, c.fixed.encoded...)
	}
	for i := range c.headers {
		f = abi.AppendString(abi.AppendString(f, c.headers[i].Name), c.headers[i].Value)
	}
	return abi.EndSection(f, mark)
}

// SetTrailer adds a header that is sent behind the body.
func (c *Call) SetTrailer(name, value string) {
	c.trailers = append(c.trailers, abi.Pair{Name: name, Value: value})
}

// Note leaves a key and value in the trace.
func (c *Call) Note(key, value string) {
	c.notes = append(c.notes, abi.Pair{Name: key, Value: value})
}

// Warn shows people a line in logs and at the end of commands: something the
// application should know that no answer of the vendor's tells.
func (c *Call) Warn(text string) { c.Note(abi.NoteWarning, text) }

// JSON answers with a document.
func (c *Call) JSON(d Doc) error {
	c.body = d.AppendJSON(c.body[:0])
	return nil
}

// Send answers with bytes; set the content type as a header.
func (c *Call) Send(b string) error {
	c.body = append(c.body[:0], b...)
	return nil
}

// SendText answers with text of a content type of its own, such as a page: the
// plugin's Layout, which is for JSON, does not apply.
func (c *Call) SendText(contentType, text string) error {
	c.asIs = true
	c.SetHeader("Content-Type", contentType)
	return c.Send(text)
}

// Chunk adds a piece to a streamed answer; it goes out after delay, counted in
// wall time from the one before it.
func (c *Call) Chunk(delay time.Duration, chunk string) {
	if c.script == nil {
		c.script = new(scriptBody)
	}
	c.script.delays = append(c.script.delays, uint64(delay))
	c.script.chunks = append(c.script.chunks, chunk)
}

// BlobBody answers with the bytes of a blob from offset, length of them.
func (c *Call) BlobBody(b Blob, offset, length int64) error {
	c.blobBody = &abi.BlobRange{Handle: uint32(b), Offset: uint64(offset), Length: uint64(length)}
	return nil
}

// Emit adds one column of a statement's rows to the answer, separator between
// them, without passing them through the plugin. Text that Write added before
// comes first. Status and headers cannot change any more. It returns the
// number of rows.
func (c *Call) Emit(s *Statement, a *Args, column int, separator string) (int, error) {
	c.flush()
	args := a.b
	a.b = a.b[:0]
	n := wire.Emit(s.number, args, uint32(column), separator)
	if n < 0 {
		return 0, s.fault(abi.Errno(n))
	}
	return int(n), nil
}

// Write adds text to the answer's body.
func (c *Call) Write(text string) { c.body = append(c.body, text...) }

// WriteString adds a JSON string to the answer's body.
func (c *Call) WriteString(text string) { c.body = AppendString(c.body, text) }

// flush sends the head of the frame and what there is of the body.
func (c *Call) flush() {
	if c.flushed {
		wire.Output(c.body)
		c.body = c.body[:0]
		return
	}
	c.flushed = true
	f := frame[:0]
	f = abi.AppendUint16Section(f, abi.TagStatus, c.status)
	f = c.appendHeaders(f)
	f = abi.AppendOperation(f, c.operation, c.level)
	for _, n := range c.notes {
		f = abi.AppendPair(f, abi.TagNote, n.Name, n.Value)
	}
	if len(c.trailers) > 0 {
		f = abi.AppendPairs(f, abi.TagTrailers, c.trailers)
	}
	f = append(f, c.tail...)
	switch {
	case c.blobBody != nil:
		f = abi.AppendBlobBody(f, *c.blobBody)
	case c.script != nil:
		f = abi.AppendScript(f, c.script.delays, c.script.chunks)
	default:
		if c.plugin.Layout != abi.LayoutAsIs && !c.asIs {
			f = abi.AppendByteSection(f, abi.TagLayout, byte(c.plugin.Layout))
		}
		f = abi.AppendOpen(f, abi.TagBody)
		f = append(f, c.body...)
		c.body = c.body[:0]
	}
	frame = f
	wire.Output(f)
}

// frame is where answers are put together; reused so that a call touches the
// same pages each time.
var frame = make([]byte, 0, 32<<10)

// pathUnescape decodes %XX; a malformed escape stays as it is, as the vendors'
// routers leave it.
func pathUnescape(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if h, l := unhex(s[i+1]), unhex(s[i+2]); h >= 0 && l >= 0 {
				b = append(b, byte(h<<4|l))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// DeleteHeader removes a response header of exactly this spelling.
func (c *Call) DeleteHeader(name string) {
	for i := range c.headers {
		if c.headers[i].Name == name {
			c.headers = append(c.headers[:i], c.headers[i+1:]...)
			return
		}
	}
}
