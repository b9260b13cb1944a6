// Package run runs scenarios: it begins rounds, has them driven, decides the criteria
// and sums up. It starts no process and opens no session: whoever runs does, see Stage.
package run

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
)

// Stage is one round's application and what drives it.
type Stage interface {
	// Drive does what drives the round, until that ends or ctx does, and returns what came
	// of it also beside an error. It returns nil when nothing drives. How the driver ended
	// is no error.
	Drive(ctx context.Context) (*host.RunTask, error)
	// Application is where the application listens, "http://127.0.0.1:3000"; "" when
	// nobody said.
	Application() string
	// Sources are those of the application, nil for none.
	Sources() fs.FS
	// Shell runs a command of a criterion in the round's folder and environment, and
	// returns what it printed on its standard output and how it ended, "" for success.
	Shell(ctx context.Context, command string) (output []byte, exit string, err error)
	// Close ends all that was started and notes in the round what is to be seen of it.
	Close(r *host.RunRound)
}

// Fault is why a round cannot be run.
type Fault struct {
	Verdict      host.Verdict // timeout or error
	Reason, Hint string
	// Provision says that a mirror could not be provisioned.
	Provision bool
}

func (f *Fault) Error() string { return f.Reason }

// Case is what a judge is asked.
type Case struct {
	Scenario *scenario.Scenario
	Text     string // the criterion
	State    map[string]host.State
	Trace    []host.TraceEntry
	Diff     string // of the work tree
	Output   string // of the driver, its end
	// Secrets are those of the session's webhooks, which no model needs to see.
	Secrets []string
}

// Judgement is a judge's answer.
type Judgement struct {
	Outcome     host.Outcome // passed or failed
	Explanation string
	Model       string
	Cached      bool
}

// Judge decides probabilistic criteria. It may be asked several things at a time.
type Judge interface {
	Decide(ctx context.Context, c *Case) (Judgement, error)
}

// Round is what is to be run.
type Round struct {
	Scenario *scenario.Scenario
	Number   int // from 1
	Session  *host.SessionInfo
}

// Engine runs scenarios. Its fields do not change while it does.
type Engine struct {
	Control host.Control
	// Open returns a session for rounds of a scenario, and what to do when they are over.
	Open func(ctx context.Context, s *scenario.Scenario) (session *host.SessionInfo, leave func(), err error)
	// Shared says that the sessions are somebody's, whose fault rules stay.
	Shared bool
	// Stage begins a round. Its error is a *Fault when it says why the round cannot be run.
	// What it returns beside an error is closed like any other; nil for nothing.
	Stage func(ctx context.Context, r *Round) (Stage, error)
	// Judge is nil when none is there; Missing is then why, and Require makes that an
	// error and not a skip.
	Judge   Judge
	Missing string
	Require bool
	// FailBelow is the score that passes, of 1.
	FailBelow float64
	// Slots bounds how many rounds go on at a time; all engines of a command share it.
	Slots chan struct{}
	// Graded is called with each outcome as it comes; nil for nobody.
	Graded func(r *Round, c *scenario.Criterion, e host.RunEvidence)
	// Done is called with each round that is over; nil for nobody.
	Done func(r *Round, result host.RunRound)
}

// defaultLimits of rounds.
const (
	driverLimit = time.Minute
	agentLimit  = 15 * time.Minute
)

// Limit is how long a round of a scenario may take.
func Limit(s *scenario.Scenario) time.Duration {
	if s.Config.Agent != "" {
		return cmp.Or(s.Config.Timeout, agentLimit)
	}
	return cmp.Or(s.Config.Timeout, driverLimit)
}

// NewID returns the id of a run.
func NewID() string { return "run_" + strings.ToLower(rand.Text()[:16]) }

// lane is a session that rounds of one scenario take turns in.
type lane struct {
	session *host.SessionInfo
	leave   func()
	stats   *host.Stats // when its last round ended
}

// played is a round that is over.
type played struct {
	round    host.RunRound
	evidence []host.RunEvidence // by criterion
	warnings []string
	session  *host.SessionInfo
	fault    *Fault
	hint     string // without a fault
}

// longer is what to do when the time is over.
const longer = "timeout: below ## Config gives it longer, as --timeout does"

// shellHints are what a shell's own exit codes mean (POSIX.1-2024, XCU 2.8.2).
var shellHints = map[string]string{
	"exit status 126": "the shell found a command that cannot be run: is it executable?",
	"exit status 127": "the shell did not find a command: is it installed, and on the PATH?",
}

// Run runs a scenario so many times and judges it.
func (e *Engine) Run(ctx context.Context, s *scenario.Scenario, rounds int) *host.Run {
	out := Begin(s, rounds)
	all := make([]*played, rounds)
	var mu sync.Mutex
	var idle []*lane
	defer func() {
		for _, l := range idle {
			l.leave()
		}
	}()
	var wait sync.WaitGroup
	for i := range rounds {
		taken := false
		select {
		case e.Slots <- struct{}{}:
			taken = true
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			if taken {
				<-e.Slots
			}
			break
		}
		mu.Lock()
		stop := slices.ContainsFunc(all, func(p *played) bool { return p != nil && p.fault != nil && p.fault.Provision })
		mu.Unlock()
		if stop {
			<-e.Slots
			break // it will not be there a second later either
		}
		wait.Go(func() {
			defer func() { <-e.Slots }()
			mu.Lock()
			var l *lane
			if n := len(idle); n > 0 {
				l, idle = idle[n-1], idle[:n-1]
			}
			mu.Unlock()
			p, l := e.round(ctx, s, i+1, l)
			mu.Lock()
			defer mu.Unlock()
			all[i] = p
			if l != nil {
				idle = append(idle, l)
			}
			if e.Done != nil {
				e.Done(&Round{s, i + 1, p.session}, p.round)
			}
		})
	}
	wait.Wait()
	for _, p := range all {
		if p != nil {
			p.addTo(out)
		}
	}
	finish(out, e.FailBelow, ctx.Err() != nil)
	return out
}

// round plays one round in a lane, a new one for nil.
func (e *Engine) round(ctx context.Context, s *scenario.Scenario, number int, l *lane) (*played, *lane) {
	began := time.Now()
	p := &played{round: host.RunRound{Round: number}, evidence: make([]host.RunEvidence, len(s.Criteria))}
	l, err := e.ready(ctx, s, l)
	if err != nil {
		p.fail(ctx, err)
		p.round.DurationMS = time.Since(began).Milliseconds()
		return p, l
	}
	p.session, p.round.SessionID = l.session, l.session.SessionID
	if err := e.play(ctx, &Round{s, number, l.session}, p); err != nil {
		p.fail(ctx, err)
	}
	if info, err := e.Control.Session(context.WithoutCancel(ctx), l.session.SessionID); err == nil {
		p.warnings = warnings(info.Stats.Since(l.stats))
		l.stats = info.Stats
	}
	p.round.DurationMS = time.Since(began).Milliseconds()
	return p, l
}

// interrupted is why what was to be decided is not.
const interrupted = "interrupted"

// fail says why a round could not be run or decided.
func (p *played) fail(ctx context.Context, err error) {
	if ctx.Err() != nil {
		// Whatever else went wrong did since nobody wants it any more.
		p.fault = &Fault{Verdict: host.VerdictError, Reason: interrupted}
	} else if !errors.As(err, &p.fault) {
		p.fault = &Fault{Verdict: host.VerdictError, Reason: err.Error()}
		if e, ok := errors.AsType[*host.Error](err); ok {
			p.fault.Hint = e.Hint
		}
	}
	p.round.Verdict, p.round.Reason = p.fault.Verdict, p.fault.Reason
	for i := range p.evidence {
		if p.evidence[i].Outcome == "" {
			p.evidence[i] = host.RunEvidence{Round: p.round.Round, CheckResult: host.CheckResult{Outcome: host.Errored, Reason: p.fault.Reason}}
		}
	}
}

// ready opens a lane, or makes one as it was at its beginning. Beside an error it returns
// the lane if that may be tried again.
func (e *Engine) ready(ctx context.Context, s *scenario.Scenario, l *lane) (*lane, error) {
	if l == nil {
		session, leave, err := e.Open(ctx, s)
		if err != nil {
			var f *Fault
			if errors.As(err, &f) {
				return nil, err
			}
			return nil, &Fault{Verdict: host.VerdictError, Reason: "a mirror could not be provisioned: " + err.Error(), Hint: host.AsError(err).Hint, Provision: true}
		}
		return &lane{session: session, leave: leave}, nil
	}
	id := l.session.SessionID
	var err error
	if !e.Shared {
		err = e.Control.ClearFaults(ctx, id, "") // those that a driver added
	}
	if err == nil {
		err = e.Control.ResetSession(ctx, id)
	}
	switch {
	case err == nil:
		return l, nil
	case host.AsError(err).Kind == host.KindNotFound:
		l.leave()
		l = nil
	}
	// A lane that was not reset is not given to a round as if it were.
	return l, fmt.Errorf("reset session %s: %w", id, err)
}

// play drives a round and decides its criteria.
func (e *Engine) play(ctx context.Context, r *Round, p *played) (err error) {
	s := r.Scenario
	after, err := newest(ctx, e.Control, r.Session.SessionID)
	if err != nil {
		return err
	}
	rules, err := AddFaults(ctx, e.Control, r.Session.SessionID, s)
	if err != nil {
		return err
	}
	// They count until the round is sealed; others of the session are not the round's.
	without := func() error {
		err := RemoveFaults(context.WithoutCancel(ctx), e.Control, r.Session.SessionID, rules)
		rules = nil
		return err
	}
	defer func() { err = cmp.Or(err, without()) }()
	driving, cancel := context.WithTimeout(ctx, Limit(s))
	defer cancel()
	stage, err := e.Stage(driving, r)
	closed := stage == nil
	end := func() {
		if !closed {
			closed = true
			stage.Close(&p.round)
		}
	}
	defer end()
	if err == nil {
		p.round.Driver, err = stage.Drive(driving)
	}
	var known *Fault
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && driving.Err() != nil && !errors.As(err, &known):
		return &Fault{Verdict: host.VerdictTimeout, Reason: fmt.Sprintf("nothing could be driven within %s: %v", Limit(s), err), Hint: longer}
	case err != nil:
		return err
	case p.round.Driver != nil && p.round.Driver.Exit == host.ExitTimeout:
		// What it did until then is told all the same.
		p.round.Verdict, p.round.Reason = host.VerdictTimeout, fmt.Sprintf("the driver did not end within %s", Limit(s))
		p.hint = longer
	case p.round.Driver != nil && p.round.Driver.Exit != "":
		p.round.Verdict, p.round.Reason = host.VerdictFail, "the driver ended with "+p.round.Driver.Exit
		p.hint = shellHints[p.round.Driver.Exit]
	}
	return e.decide(ctx, r, stage, after, p, without, end)
}

// warnings are what a user should know of a round.
func warnings(t *host.Stats) []string {
	var out []string
	if t == nil {
		return nil
	}
	var limits []string
	for name, n := range t.LimitedBy {
		limits = append(limits, fmt.Sprintf("%d by %s", n, name))
	}
	if t.RateLimited > 0 {
		slices.Sort(limits)
		out = append(out, fmt.Sprintf("%d requests were rate limited (%s)", t.RateLimited, strings.Join(limits, ", ")))
	}
	for name := range t.NotMirrored {
		out = append(out, name+" is not mirrored, and was answered with 501")
	}
	for text := range t.Warnings {
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

// newest returns the number of a session's latest entry, and has its changes noted.
func newest(ctx context.Context, c host.Checks, id string) (uint64, error) {
	report, err := c.Check(ctx, id, &host.CheckRequest{Observe: true})
	if err != nil {
		return 0, err
	}
	return report.Through, nil
}
