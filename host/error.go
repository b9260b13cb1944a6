package host

import "errors"

// Kind classifies an Error; each is one HTTP status of the control API.
type Kind string

const (
	KindInvalid      Kind = "invalid"      // 400
	KindUnauthorized Kind = "unauthorized" // 401
	KindForbidden    Kind = "forbidden"    // 403
	KindNotFound     Kind = "not_found"    // 404
	KindConflict     Kind = "conflict"     // 409
	KindUnprocessed  Kind = "unprocessed"  // 422
	KindLimited      Kind = "limited"      // 429
	KindInternal     Kind = "internal"     // 500
	KindUnavailable  Kind = "unavailable"  // 503
)

// Error is a fault a user can be told about: what happened, and what to do.
type Error struct {
	Kind    Kind
	Code    string // "mirra.session.not_found"
	Message string
	Hint    string // the next step; may be empty
	Err     error  // the cause, for logs
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// AsError returns the *Error in err's chain, or an internal one that hides err
// from the user.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: KindInternal, Code: "mirra.internal", Message: "internal error", Err: err}
}
