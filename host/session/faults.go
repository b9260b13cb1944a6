package session

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// FaultRule makes matching requests or deliveries go wrong.
type FaultRule struct {
	ID string `json:"id,omitempty"`

	// What it matches; empty fields match all.
	Mirror    string `json:"mirror,omitempty"`
	Method    string `json:"method,omitempty"`
	Path      string `json:"path,omitempty"`      // glob, * within a segment, ** at the end for all below
	Operation string `json:"operation,omitempty"` // the vendor's name of the operation
	Event     string `json:"event,omitempty"`     // webhooks

	Nth         int     `json:"nth,omitempty"`         // only the nth match, from 1
	Probability float64 `json:"probability,omitempty"` // 0 is always
	Count       int     `json:"count,omitempty"`       // at most so many times; 0 is no bound

	// What it does.
	LatencyMS int    `json:"latencyMs,omitempty"`
	Error     string `json:"error,omitempty"` // a name of the manifest's errors, "rate-limit"
	Drop      Drop   `json:"drop,omitempty"`
	Webhook   Mishap `json:"webhook,omitempty"`
	DelayMS   int64  `json:"delayMs,omitempty"` // for webhook "delay", session time
	// RetryAfter is the header of Error's answer in place of the vendor's: seconds, or
	// "none".
	RetryAfter string `json:"retryAfter,omitempty"`
	matched    int
	fired      int
	cleared    chan struct{} // closed when the rule is removed
}

// Drop closes the connection instead of answering.
type Drop string

const (
	DropBefore Drop = "before" // the handler never runs
	DropAfter  Drop = "after"  // it ran; the answer is lost
)

// Mishap is what happens to a webhook.
type Mishap string

const (
	MishapDrop      Mishap = "drop"
	MishapDuplicate Mishap = "duplicate"
	MishapDelay     Mishap = "delay"
	MishapReorder   Mishap = "reorder"
)

// faults are a session's rules.
type faults struct {
	mu    sync.Mutex
	rules []*FaultRule
	next  int
	rand  *rand.Rand
}

// before tells whether the rule answers instead of the plugin.
func (f *FaultRule) before() bool { return f.Error != "" || f.Drop == DropBefore }

// wait lasts as long as the rule's latency, or until the rule is removed or ctx
// or the session end.
func (f *FaultRule) wait(ctx context.Context, s *Session) {
	if f.LatencyMS == 0 {
		return
	}
	over := make(chan struct{})
	stop := s.cfg.Clock.AfterFunc(time.Duration(f.LatencyMS)*time.Millisecond, func() { close(over) })
	defer stop()
	select {
	case <-over:
	case <-f.cleared:
	case <-ctx.Done():
	case <-s.scheduler.ctx.Done():
	}
}

// match returns the first rule for a request that fires, nil if none does.
func (f *faults) match(mirror string, r *host.Request) *FaultRule {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rules) == 0 {
		return nil
	}
	target, _, _ := strings.Cut(r.Target, "?")
	return f.fire(func(rule *FaultRule) bool {
		return rule.Webhook == "" && rule.matches(mirror, r.Method, target)
	})
}

// matchDelivery is match for a webhook.
func (f *faults) matchDelivery(mirror, event string) *FaultRule {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.rules) == 0 {
		return nil
	}
	return f.fire(func(rule *FaultRule) bool {
		return rule.Webhook != "" && (rule.Mirror == "" || rule.Mirror == mirror) && (rule.Event == "" || glob(rule.Event, event))
	})
}

// add puts a rule behind those there are. The caller holds the lock.
func (f *faults) add(r *FaultRule) {
	r.cleared = make(chan struct{})
	f.rules = append(f.rules, r)
}

func (f *faults) fire(match func(*FaultRule) bool) *FaultRule {
	for _, rule := range f.rules {
		if !match(rule) || rule.Count > 0 && rule.fired >= rule.Count {
			continue
		}
		rule.matched++
		if rule.Nth > 0 && rule.matched != rule.Nth {
			continue
		}
		if rule.Probability > 0 && f.rand.Float64() >= rule.Probability {
			continue
		}
		rule.fired++
		hit := *rule
		return &hit
	}
	return nil
}

func (r *FaultRule) matches(mirror, method, target string) bool {
	return (r.Mirror == "" || r.Mirror == mirror) && (r.Method == "" || strings.EqualFold(r.Method, method)) && (r.Path == "" || glob(r.Path, target))
}

// glob matches path.Match patterns, and ** at the end for everything below.
func glob(pattern, s string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(s, prefix)
	}
	ok, _ := path.Match(pattern, s)
	return ok
}

// check reports everything that is wrong with a rule.
func (r *FaultRule) check(s *Session) error {
	var faults *multierror.Error
	bad := func(format string, args ...any) { faults = multierror.Append(faults, fmt.Errorf(format, args...)) }
	var mirror *Mirror
	if r.Mirror != "" {
		if mirror = s.Mirror(r.Mirror); mirror == nil {
			bad("mirror %q is not in this session", r.Mirror)
		}
	}
	if _, err := path.Match(strings.TrimSuffix(r.Path, "**"), ""); err != nil {
		bad("path %q: %w", r.Path, err)
	}
	if r.Probability < 0 || r.Probability > 1 {
		bad("probability %v: want 0 to 1", r.Probability)
	}
	if r.Nth < 0 || r.Count < 0 || r.LatencyMS < 0 || r.DelayMS < 0 {
		bad("nth, count, latencyMs and delayMs cannot be negative")
	}
	if r.LatencyMS > 600_000 {
		bad("latencyMs %d: want at most 600000", r.LatencyMS)
	}
	switch r.Drop {
	case "", DropBefore, DropAfter:
	default:
		bad("drop %q: want before or after", r.Drop)
	}
	switch r.Webhook {
	case "", MishapDrop, MishapDuplicate, MishapDelay, MishapReorder, MishapForge, MishapAlter, MishapUnsign, MishapStale:
	default:
		bad("webhook %q: want drop, duplicate, delay, reorder, forge, alter, unsign or stale", r.Webhook)
	}
	if n, err := strconv.ParseUint(r.RetryAfter, 10, 16); r.RetryAfter != "" && r.RetryAfter != "none" && (err != nil || n == 0) {
		bad("retryAfter %q: want seconds, or none", r.RetryAfter)
	} else if r.RetryAfter != "" && r.Error == "" {
		bad("retryAfter is a header of an error's answer: want error too")
	}
	if r.LatencyMS == 0 && r.Error == "" && r.Drop == "" && r.Webhook == "" {
		bad("the rule does nothing: want latencyMs, error, drop or webhook")
	}
	if r.Error != "" {
		for _, m := range s.mirrors {
			if (mirror == nil || m == mirror) && m.spec.errors[r.Error] == nil {
				bad("%s has no error %q; it has %s", m.name, r.Error, m.spec.errorNames())
			}
		}
	}
	if r.Operation != "" {
		r.Method, r.Path = "", ""
		found := false
		for _, m := range s.mirrors {
			for _, op := range m.spec.manifest.Operations {
				if op.ID == r.Operation && (mirror == nil || m == mirror) {
					found, r.Mirror, r.Method, r.Path = true, m.name, op.Method, operationGlob(op.Path)
				}
			}
		}
		if !found {
			bad("no mirror of this session has an operation %q", r.Operation)
		}
	}
	if faults != nil {
		faults.ErrorFormat = func(all []error) string {
			texts := make([]string, len(all))
			for i, e := range all {
				texts[i] = e.Error()
			}
			return strings.Join(texts, "; ")
		}
	}
	return faults.ErrorOrNil()
}

// operationGlob turns /v1/customers/{customer} into a glob.
func operationGlob(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		if strings.HasPrefix(s, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// serveFault answers a request by a rule, without the plugin.
func (m *Mirror) serveFault(x *exchange, r *host.Request, rule *FaultRule, started time.Time) {
	what := "fault " + rule.ID + ": "
	if rule.Drop == DropBefore {
		x.answer.Drop = true
		what += "connection dropped before the handler ran"
	} else {
		m.hostAnswer(x, rule.Error, "A fault rule of this Mirra session answers.")
		what += rule.Error
		setRetryAfter(&x.answer, rule.RetryAfter)
	}
	m.traceOwn(x, r, started, what)
}

// AddFault puts a rule behind those there are and returns it with its id.
func (s *Session) AddFault(r FaultRule) (FaultRule, error) {
	if err := r.check(s); err != nil {
		return r, &host.Error{Kind: host.KindInvalid, Code: "mirra.fault.invalid", Message: "fault rule", Hint: "see docs/sessions.md, Faults", Err: err}
	}
	f := &s.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	r.ID = fmt.Sprintf("f%d", f.next)
	f.add(&r)
	return r, nil
}

// Faults lists the rules.
func (s *Session) Faults() []FaultRule {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := make([]FaultRule, 0, len(s.faults.rules))
	for _, r := range s.faults.rules {
		out = append(out, *r)
	}
	return out
}

// ClearFaults removes a rule by id, all of them for "". What waits out a
// removed rule's latency is answered at once.
func (s *Session) ClearFaults(id string) error {
	f := &s.faults
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == "" {
		for _, r := range f.rules {
			close(r.cleared)
		}
		f.rules = nil
		return nil
	}
	for i, r := range f.rules {
		if r.ID == id {
			close(r.cleared)
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
			return nil
		}
	}
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.fault.not_found", Message: "no fault rule " + id, Hint: "`mirra fault` lists them"}
}

// setRetryAfter puts a rule's header in place of the vendor's.
func setRetryAfter(a *host.Response, value string) {
	if value == "" {
		return
	}
	a.Headers = slices.DeleteFunc(a.Headers, func(p abi.Pair) bool { return strings.EqualFold(p.Name, "Retry-After") })
	if value != "none" {
		a.Headers = append(a.Headers, abi.Pair{Name: "Retry-After", Value: value})
	}
}
