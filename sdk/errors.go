package sdk

import "errors"

// ErrNotRouted means no operation has this method and path.
var ErrNotRouted = errors.New("no such operation")

// ErrNoMethod is the ErrNotRouted of a path that operations of other methods have.
var ErrNoMethod error = noMethod{}

type noMethod struct{}

func (noMethod) Error() string        { return "no such method of this path" }
func (noMethod) Is(target error) bool { return target == ErrNotRouted }

// NotImplementedError means the operation exists at the vendor and not here.
// It is answered with 501 by name.
type NotImplementedError struct{ Operation string }

func (e *NotImplementedError) Error() string {
	return "operation " + e.Operation + " is not mirrored"
}
