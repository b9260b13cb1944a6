package host

import (
	"context"
	"time"

	"github.com/mirrahq/mirra/abi"
)

// Request is one request of vendor traffic as the application sent it.
type Request struct {
	Method    string
	Scheme    string // "http" or "https", as the client sees it
	Authority string // as the client sent it
	Host      string // manifest id of the vendor's host, "" for the default one
	BaseURL   string // what the client prefixes paths with, no slash at the end
	// HostURL returns the base of a vendor host, by manifest id, the way the
	// client came: by the same name, port and path. "", or a nil function, leaves
	// it to the session.
	HostURL func(hostID string) string
	Target  string // raw path and query below the mirror
	Headers []abi.Pair
	Body    []byte
	// BodyFault says why Body is not what was sent: too large, or its encoding
	// unknown or corrupt.
	BodyFault *abi.ParseError
}

// Response is the answer to a Request. Release gives its memory back; nothing
// of it may be used afterwards.
type Response struct {
	Status   int
	Headers  []abi.Pair // in the vendor's spelling and order
	Trailers []abi.Pair
	Body     []byte
	Script   abi.Script // a streamed body; Body is then empty
	Blob     BlobReader // a body outside memory; Body is then empty
	BlobFrom int64
	BlobLen  int64
	Drop     bool // a fault: close the connection without an answer

	Version string // what X-Mirra-Version says
	release func()
}

// NewResponse returns a response whose memory release gives back.
func NewResponse(release func()) *Response { return &Response{release: release} }

// Release gives the response's memory back.
func (r *Response) Release() {
	if release := r.release; release != nil {
		r.release = nil // before the memory, r's own included, goes to somebody else
		release()
	}
}

// BlobReader reads a blob's bytes.
type BlobReader interface {
	ReadAt(p []byte, off int64) (int, error)
	Size() int64
}

// Outgoing is one try of a delivery, ready to send.
type Outgoing struct {
	Session string // id of the session that sends; targets may be allowed by it
	Method  string
	URL     string // as registered; the signature covers it
	Headers []abi.Pair
	Body    []byte
	Timeout time.Duration
}

// Sender sends deliveries to the application. It never follows redirects and
// refuses targets that are not allowed, see the implementation.
type Sender interface {
	// Send returns what became of the try; a refused target is an outcome, not
	// an error. It returns when ctx ends.
	Send(ctx context.Context, o *Outgoing) abi.Result
}

// Clock is the wall clock, so that tests can stand in for it.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f in its own goroutine after d; stop prevents it.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// WallClock is the system's clock.
type WallClock struct{}

var _ Clock = WallClock{}

// Now returns the system's time.
func (WallClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (WallClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
