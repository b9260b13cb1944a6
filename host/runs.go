package host

import (
	"context"
	"time"
)

// Runs keeps what became of scenarios. No method starts a process: who drives a run
// does.
type Runs interface {
	// StartRun begins a run of a scenario in a session, a new one unless it is named.
	// What clients do in it until FinishRun, or until the scenario's time is over, is
	// judged.
	StartRun(ctx context.Context, r *NewRun) (*Run, error)
	// FinishRun judges a run that was started and returns it. One that has ended is an
	// Error of KindConflict.
	FinishRun(ctx context.Context, id string, f *RunFinish) (*Run, error)
	// RecordRun keeps a run that somebody else drove and judged, in place of one with its
	// id.
	RecordRun(ctx context.Context, r *Run) error
	// Run returns a run.
	Run(ctx context.Context, id string) (*Run, error)
	// Runs lists a page, newest first. Of each run the last thousand are kept.
	Runs(ctx context.Context, q RunQuery) (*RunPage, error)
}

// NewRun asks for a run.
type NewRun struct {
	ScenarioMarkdown string `json:"scenarioMarkdown"`
	File             string `json:"file,omitempty"`    // that it is from
	Session          string `json:"session,omitempty"` // that lives already; "" makes one
}

// RunFinish ends a run.
type RunFinish struct {
	// Application is where the application listens, "http://127.0.0.1:3000", for criteria
	// that look at it; only loopback is asked.
	Application string `json:"application,omitempty"`
}

// RunQuery selects runs; zero fields select all.
type RunQuery struct {
	Scenario string // title
	Cursor   string
	Limit    int
}

// RunPage is a page of runs.
type RunPage struct {
	Runs       []Run  `json:"runs"`
	NextCursor string `json:"nextCursor,omitempty"`
}

// Verdict is what becomes of a run.
type Verdict string

const (
	VerdictPass      Verdict = "pass"
	VerdictFail      Verdict = "fail"
	VerdictUndecided Verdict = "undecided" // nothing failed, and something could not be decided
	VerdictTimeout   Verdict = "timeout"
	VerdictError     Verdict = "error" // it could not be run
)

// Run is a scenario that was run, once or several times: rounds.
type Run struct {
	RunID     string `json:"runId"`
	Scenario  string `json:"scenario"` // title
	File      string `json:"file,omitempty"`
	SessionID string `json:"sessionId"` // of the last round
	// SessionKept says that it lives on, so that its trace can be looked at.
	SessionKept bool    `json:"sessionKept,omitempty"`
	Runs        int     `json:"runs"`   // rounds that were asked for
	Status      string  `json:"status"` // running or finished
	Verdict     Verdict `json:"verdict,omitempty"`
	Reason      string  `json:"reason,omitempty"` // in one sentence, of every verdict but pass
	Hint        string  `json:"hint,omitempty"`   // what to do next
	// Unprovisioned says that a mirror could not be provisioned.
	Unprovisioned bool    `json:"unprovisioned,omitempty"`
	Gate          RunGate `json:"gate"`
	// SatisfactionScore is Passed / Evaluated, of 1; null when nothing was evaluated.
	SatisfactionScore *float64 `json:"satisfactionScore"`
	Passed            int      `json:"passed"`
	Evaluated         int      `json:"evaluated"` // passed and failed, over all rounds

	Criteria []RunCriterion `json:"criteria"`
	Rounds   []RunRound     `json:"rounds"`
	Tags     []string       `json:"tags,omitempty"`
	Warnings []string       `json:"warnings,omitempty"` // "12 requests were rate limited (resend 2/s)"
	Judge    *RunJudge      `json:"judge,omitempty"`    // nil when no model was asked

	StartedAt    time.Time   `json:"startedAt"`
	DurationMS   int64       `json:"durationMs"`
	DashboardURL string      `json:"dashboardUrl,omitempty"`
	SeedValue    *int64      `json:"seedValue"`
	Mirrors      []RunMirror `json:"mirrors"`
}

// RunGate is the score that a run needs.
type RunGate struct {
	FailBelow float64 `json:"failBelow"` // of 1
	Passed    bool    `json:"passed"`
}

// RunCriterion is a criterion with its outcomes of all rounds.
type RunCriterion struct {
	ID      string `json:"id"`    // "c1", by order in the file
	Label   string `json:"label"` // its text
	Kind    string `json:"kind"`  // D or P
	Line    int    `json:"line,omitempty"`
	Passed  int    `json:"passed"`
	Failed  int    `json:"failed"`
	Skipped int    `json:"skipped"`
	Errored int    `json:"errored"`
	Total   int    `json:"total"`
	// Untagged is why it was read as [P] without saying so; "" for all others.
	Untagged string        `json:"untagged,omitempty"`
	Evidence []RunEvidence `json:"evidence"` // of each round
}

// RunEvidence is what one round found.
type RunEvidence struct {
	Round int `json:"round"` // from 1
	CheckResult
	Model  string `json:"model,omitempty"`  // that judged
	Cached bool   `json:"cached,omitempty"` // its answer was known
}

// RunRound is one time that a scenario was run.
type RunRound struct {
	Round      int      `json:"round"` // from 1
	SessionID  string   `json:"sessionId"`
	Verdict    Verdict  `json:"verdict"`
	Reason     string   `json:"reason,omitempty"`
	DurationMS int64    `json:"durationMs"`
	Driver     *RunTask `json:"driver,omitempty"` // nil when nothing drove
	// Application is what "start" started.
	Application *RunTask `json:"application,omitempty"`
	Diff        string   `json:"diff,omitempty"`    // of the work tree, at most 256 KB
	WorkDir     string   `json:"workdir,omitempty"` // where it is kept
}

// RunTask is a command of a round.
type RunTask struct {
	Command    string `json:"command"`
	Exit       string `json:"exit"` // "" for success, "exit status 3", "signal: killed", ExitTimeout
	DurationMS int64  `json:"durationMs"`
	Output     string `json:"output,omitempty"` // the last 64 KB of both streams
	// Stopped says that it was ended since its time was over; else it ended by itself.
	Stopped bool `json:"stopped,omitempty"`
}

// RunJudge is what asking a model took.
type RunJudge struct {
	Model        string `json:"model"`
	Calls        int    `json:"calls"`
	Cached       int    `json:"cached"` // answers that were known, of Calls
	InputTokens  int64  `json:"inputTokens"`
	OutputTokens int64  `json:"outputTokens"`
	// CostUSD is what its price list says; null for a model whose price is not known.
	CostUSD *float64 `json:"costUsd"`
}

// ExitTimeout is RunTask.Exit of what did not end in time.
const ExitTimeout = "timeout"

// RunMirror is a mirror of a run.
type RunMirror struct {
	Name    string `json:"name"`
	Version string `json:"version"` // "stripe@2024-06.1"
	Digest  string `json:"digest"`
}
