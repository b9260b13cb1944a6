package registry

import (
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Codes of an Error. The last word is the kind of fault.
const (
	CodeInvalid  = "mirra.plugin.invalid"   // a name, reference, manifest or module is malformed
	CodeNotFound = "mirra.plugin.not_found" // no source has it
	CodeConflict = "mirra.plugin.conflict"  // the lock, or a listing, says otherwise
	CodeDamaged  = "mirra.plugin.damaged"   // bytes that do not have the digest they are kept under
	CodeTooNew   = "mirra.plugin.too_new"   // made for a newer Mirra
)

// Error is a fault a user can be told about: what happened, and what to do.
// Packages that may import host translate it there.
type Error struct {
	Code    string
	Message string
	Hint    string // the next step; may be empty
	Err     error  // the cause; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

func invalid(hint, format string, args ...any) error {
	return &Error{Code: CodeInvalid, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Faults returns e, or nil if it holds nothing. A single fault prints as itself,
// several one to a line.
func Faults(e *multierror.Error) error {
	if e == nil || len(e.Errors) == 0 {
		return nil
	}
	e.ErrorFormat = func(errs []error) string {
		if len(errs) == 1 {
			return errs[0].Error()
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%d faults:", len(errs))
		for _, err := range errs {
			b.WriteString("\n  - " + strings.ReplaceAll(err.Error(), "\n", "\n  "))
		}
		return b.String()
	}
	return e
}
