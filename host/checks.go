package host

import "context"

// Checks decides deterministic criteria about what a session did.
type Checks interface {
	// Check waits until the webhooks on their way have arrived, seals the session's
	// state, trace and webhook attempts, and decides each check about them. Checks that
	// cannot be understood are one Error of KindUnprocessed that names them all.
	Check(ctx context.Context, id string, r *CheckRequest) (*CheckReport, error)
}

// CheckRequest asks about a session.
type CheckRequest struct {
	Checks []Check `json:"checks"`
	// After leaves out the trace up to this entry: what was before the run. 0 leaves out
	// what was before the last reset.
	After uint64 `json:"after,omitempty"`
	// Observe notes changes of state from now on, for later checks.
	Observe bool `json:"observe,omitempty"`
	// Undriven says that nothing was to call the mirrors: what they hold is looked at.
	// Else a check of a session that no vendor traffic reached is errored.
	Undriven bool `json:"undriven,omitempty"`
}

// Check is one thing to decide: one of Criterion, SQL and Expr.
type Check struct {
	Criterion string `json:"criterion,omitempty"` // "exactly one customer was created"
	SQL       string `json:"sql,omitempty"`       // whose first value of the first row must be true
	Mirror    string `json:"mirror,omitempty"`    // of SQL; may be left out when there is one only
	Expr      string `json:"expr,omitempty"`      // which must be true
}

// Outcome is what became of a criterion.
type Outcome string

const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // nobody was there to judge
	Errored Outcome = "errored" // it cannot be decided
)

// CheckReport is what a check found.
type CheckReport struct {
	Results []CheckResult `json:"results"` // by the order of CheckRequest.Checks
	Through uint64        `json:"through"` // the newest entry of the trace that was looked at
	// Untouched says that nothing went to mirrors or came from them though it should
	// have; "" if it did.
	Untouched string `json:"untouched,omitempty"`
	// Lost says that entries of the trace are missing: it was full.
	Lost string `json:"lost,omitempty"`
}

// CheckResult is one thing decided, and what that rests on.
type CheckResult struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"` // what was found, "2 customers were created"
	// Query, Source and Expected say how the check was understood.
	Query    string   `json:"query,omitempty"`
	Source   string   `json:"source,omitempty"`
	Expected string   `json:"expected,omitempty"`
	Entries  []uint64 `json:"entries,omitempty"` // numbers of the trace's entries that were found, the first 20
}
