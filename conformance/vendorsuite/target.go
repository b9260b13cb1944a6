package vendorsuite

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Target is what recordings are replayed against. Its methods may be called
// concurrently.
type Target interface {
	// Open starts a fresh session whose clock stands at an instant, if the target
	// has clocks; the zero instant is now.
	Open(ctx context.Context, at time.Time) (Session, error)
}

// Session is one fresh instance of a target's. Its methods are called one at a
// time.
type Session interface {
	// Do sends a request and returns the answer, of whatever status. An error
	// means that there was none.
	Do(ctx context.Context, r *Request) (*Response, error)
	// SetClock moves time forward. ErrUnsupported means that the target has no
	// clock to set.
	SetClock(ctx context.Context, at time.Time) error
	// Import makes objects, as the vendor prints them, part of the state with the
	// ids they have. Either all of them are there then or none, and the error
	// says why: ErrUnsupported that the target cannot import anything, ErrNotKept
	// that it keeps none of a type.
	Import(ctx context.Context, objects []json.RawMessage) error
	// Close ends the session.
	Close() error
}

// ErrUnsupported is returned by what a Session cannot do at all.
var ErrUnsupported = errors.New("not supported by this target")

// ErrNotKept is returned for objects of a type that a Session does not keep.
var ErrNotKept = errors.New("such objects are not kept")

// Request is a request of vendor traffic.
type Request struct {
	Method string
	Host   string // of the vendor: "api.stripe.com"
	Target string // path and query as they are to be on the wire
	Header http.Header
	Body   string
}

// Response is an answer.
type Response struct {
	Status int
	Header http.Header
	Body   string
}

// Operation is an operation of the vendor's API, for tables.
type Operation struct {
	ID     string
	Method string
	Path   string // "/v1/customers/{customer}"
	Level  string // what the mirror claims, "" if it claims nothing
}
