// Package judge asks a language model whether the probabilistic criteria of a scenario
// hold: it writes what is asked from what a run left behind, speaks to the vendor, reads
// the answer and keeps it. Which criteria are asked, and what becomes of a run, is for
// others.
package judge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

// Case is one criterion and what is known of the run it is about. All but Criterion may
// be left out. Texts are trimmed to what is sent of them (see Prompt).
type Case struct {
	Scenario  string // title
	Setup     string
	Expected  string // behaviour
	Criterion string

	Trace        []host.TraceEntry // oldest first, with bodies
	State        map[string]host.State
	Diff         string // of the work tree
	DriverOutput string

	// Secrets are values that are masked wherever they stand, if they have 8 bytes or
	// more. The judge's own key always is.
	Secrets []string
}

// Answer is what a model found.
type Answer struct {
	Outcome     host.Outcome // passed or failed
	Explanation string       // one line, at most 2,000 bytes
	Model       string
	Cached      bool // it was known; nothing was asked
	// Both are of what was asked for this answer: 0 for one that was known.
	InputTokens, OutputTokens int64
	// Warning says why the answer could not be kept for the next time, or "".
	Warning string
}

// Judge asks one model. Its methods may be called concurrently.
type Judge struct {
	config Config
	vendor *vendor
	client client
	cache  cache
	// plain is set once a server did not take the form that answers are to have. It is
	// then only told in words.
	plain atomic.Bool

	mu       sync.Mutex
	usage    host.RunJudge
	cost     float64 // USD
	unpriced bool    // something was asked whose price is not known
}

// client asks a vendor once. Faults are an *apiError for answers that refuse, else what
// the network said.
type client interface {
	ask(ctx context.Context, q question) (reply, error)
}

// question is what a client sends.
type question struct {
	prompt
	plain bool // without a schema of the answer
}

// reply is what a vendor answered.
type reply struct {
	text    string
	stop    stop
	refusal string // of stopRefused: why, or ""
	tokens  tokens
}

type stop int

const (
	stopEnd     stop = iota
	stopCut          // at the limit of tokens
	stopRefused      // the model does not want to, or is not let
)

// defaultTimeout is how long one question may take, with the vendor's own retries.
const defaultTimeout = 60 * time.Second

// answerTokens is how long an answer may be. The explanation takes a hundred; the rest is
// for what models think before, which counts.
const answerTokens = 8192

// New makes a judge. Everything that is wrong with the configuration is one Error of
// KindInvalid.
func New(c Config) (*Judge, error) {
	c, v, err := c.complete()
	if err != nil {
		return nil, err
	}
	j := &Judge{config: c, vendor: v, cache: cache{dir: c.CacheDir}}
	j.usage.Model = c.Model
	j.client = v.client(c)
	return j, nil
}

// Decide asks the model whether a criterion holds, unless the answer is known. An answer
// that cannot be read is asked for once more. Every fault is an Error: a criterion whose
// decision failed has no outcome. It may be called concurrently.
func (j *Judge) Decide(ctx context.Context, c Case) (*Answer, error) {
	if c.Criterion == "" {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.judge.invalid", Message: "there is no criterion to judge"}
	}
	c.Secrets = append([]string{j.config.APIKey}, c.Secrets...)
	p := newPrompt(&c)
	key := j.config.key(p)
	if v, ok := j.cache.read(key); ok {
		j.count(true)
		return &Answer{Outcome: v.outcome(), Explanation: v.Explanation, Model: j.config.Model, Cached: true}, nil
	}
	j.count(false)

	a := &Answer{Model: j.config.Model}
	var faults *multierror.Error
	for range 2 {
		r, err := j.ask(ctx, p)
		if err != nil {
			return nil, err
		}
		j.spend(r.tokens)
		a.InputTokens += r.tokens.input
		a.OutputTokens += r.tokens.output
		if r.stop == stopRefused {
			return nil, j.refused(r.refusal)
		}
		v, fault := read(r)
		if fault == "" {
			a.Outcome, a.Explanation = v.outcome(), v.Explanation
			if err := j.cache.write(key, v); err != nil {
				// The answer stands; the next run only asks again.
				a.Warning = "the answer of " + j.config.Model + " is not kept: " + err.Error()
			}
			return a, nil
		}
		faults = multierror.Append(faults, errors.New(fault))
		p = p.again(fault)
	}
	return nil, &host.Error{
		Kind: host.KindUnavailable, Code: "mirra.judge.unreadable",
		Message: fmt.Sprintf("%s gave no verdict: %v, and asked once more: %v", j.config, faults.Errors[0], faults.Errors[1]),
		Hint:    "run it again, or name another judge-model",
	}
}

// ask puts one question within the time that it may take.
func (j *Judge) ask(ctx context.Context, p prompt) (reply, error) {
	begun := time.Now()
	limited, cancel := context.WithTimeout(ctx, j.config.Timeout)
	defer cancel()
	q := question{prompt: p, plain: j.plain.Load()}
	r, err := j.client.ask(limited, q)
	if refused, ok := errors.AsType[*apiError](err); ok && !q.plain && refused.ofForm() {
		j.plain.Store(true)
		q.plain = true
		r, err = j.client.ask(limited, q)
	}
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, &host.Error{
			Kind: host.KindUnavailable, Code: "mirra.judge.interrupted",
			Message: fmt.Sprintf("asking %s was given up after %s", j.config, time.Since(begun).Round(time.Millisecond)),
			Err:     ctx.Err(),
		}
	case limited.Err() != nil:
		return r, &host.Error{
			Kind: host.KindUnavailable, Code: "mirra.judge.timeout",
			Message: fmt.Sprintf("%s did not answer within %s", j.config, j.config.Timeout),
			Hint:    "run it again, or name a faster judge-model",
			Err:     limited.Err(),
		}
	}
	return r, j.explain(err)
}

func (j *Judge) refused(why string) error {
	e := &host.Error{
		Kind: host.KindUnprocessed, Code: "mirra.judge.refused", Message: j.config.String() + " refused to judge this",
		Hint: "word the criterion otherwise, or name another judge-model",
	}
	if why = j.config.clean(why); why != "" {
		e.Message += ": " + why
	}
	return e
}

func (j *Judge) count(cached bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.usage.Calls++
	if cached {
		j.usage.Cached++
	}
}

func (j *Judge) spend(t tokens) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.usage.InputTokens += t.input
	j.usage.OutputTokens += t.output
	usd, ok := j.config.price(t)
	j.cost += usd
	j.unpriced = j.unpriced || !ok
}

// Usage is what deciding took so far. Calls are decisions; one that was asked for twice
// is one, with the tokens of both. CostUSD is nil once something was asked whose price is
// not known.
func (j *Judge) Usage() host.RunJudge {
	j.mu.Lock()
	defer j.mu.Unlock()
	u := j.usage
	if !j.unpriced {
		cost := j.cost
		u.CostUSD = &cost
	}
	return u
}
