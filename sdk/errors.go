package sdk

import "errors"

// ErrNotRouted means no operation has this method and path.
var ErrNotRouted = errors.New("no such operation")

// NotImplementedError means the operation exists at the vendor and not here.
// It is answered with 501 by name.
type NotImplementedError struct{ Operation string }

func (e *NotImplementedError) Error() string {
	return "operation " + e.Operation + " is not mirrored"
}
