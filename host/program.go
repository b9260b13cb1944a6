package host

import (
	"context"
	"fmt"
	"time"

	"github.com/mirrahq/mirra/abi"
)

// Program is one plugin build, loaded once and shared by all sessions. It
// keeps no state between calls: that is the Store's.
type Program interface {
	// Manifest returns the plugin's own description. Callers do not change it.
	Manifest() *abi.Manifest
	// Digest returns "sha256:…" of the plugin file.
	Digest() string
	// Schema returns what the plugin declared in its init phase.
	Schema() Schema
	// Invoke runs one call on a clean instance and appends the plugin's output
	// frame to out. It may be called concurrently; the Call is used by this
	// invocation only and not after it returns. A plugin that was stopped is a
	// *Trap; the output is then to be ignored.
	Invoke(ctx context.Context, c Call, frame, out []byte, b Budget) ([]byte, Usage, error)
	// Close frees the program once no invocation runs. Later ones fail.
	Close(ctx context.Context) error
}

// Tidier is a Program that leaves work behind each invocation that need not be
// done before its answer is out.
type Tidier interface {
	// Tidy does the work of about one invocation. It may be called concurrently,
	// also when there is nothing to do.
	Tidy()
}

// Schema is what a plugin's databases look like and which statements run on them.
type Schema struct {
	Version    uint32
	DDL        string
	Statements []string // statement n of the ABI is Statements[n]
}

// Budget bounds one invocation.
type Budget struct {
	Fuel int64         // weighted instructions
	Wall time.Duration // backstop
}

// Budgets by kind of call, see DESIGN in RATIONALE.md.
var (
	CallBudget = Budget{Fuel: 200e6, Wall: 10 * time.Second}
	LongBudget = Budget{Fuel: 5e9, Wall: 10 * time.Second}
)

// BudgetFor returns the budget of a kind.
func BudgetFor(k abi.Kind) Budget {
	switch k {
	case abi.KindSeed, abi.KindMigrate, abi.KindSimulate, abi.KindWarmup:
		return LongBudget
	}
	return CallBudget
}

// Usage is what an invocation consumed.
type Usage struct {
	Fuel      int64
	HostCalls int
	Guest     time.Duration // wall time inside the call
}

// Trap reports that a plugin was stopped. The invocation's effects are to be
// rolled back.
type Trap struct {
	Cause  TrapCause
	Detail string // what happened, for the trace
}

// TrapCause says what stopped a plugin.
type TrapCause string

const (
	TrapFuel     TrapCause = "fuel"     // more instructions than the budget
	TrapDeadline TrapCause = "deadline" // the wall backstop, or the caller's context
	TrapMemory   TrapCause = "memory"
	TrapStack    TrapCause = "stack"
	TrapPointer  TrapCause = "pointer" // a host function got memory that is not the guest's
	TrapPhase    TrapCause = "phase"   // a host function in the wrong phase
	TrapExit     TrapCause = "exit"    // the guest ended itself; a Go panic does
	TrapFault    TrapCause = "fault"   // unreachable, division by zero, …
	TrapOutput   TrapCause = "output"  // an output frame that cannot be read or is too large
)

func (t *Trap) Error() string { return fmt.Sprintf("plugin stopped (%s): %s", t.Cause, t.Detail) }
