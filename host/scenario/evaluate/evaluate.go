// Package evaluate decides bound criteria about what a session did: its state, its trace
// and its webhook attempts, as they were sealed. It looks nothing up and asks nobody:
// probes and looks at the application are for who runs a scenario.
package evaluate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// Records are what a session did. They do not change, and several criteria may be decided
// about them at a time.
type Records struct {
	State map[string]host.State // by mirror
	// Entries are the trace since the run began, oldest first, with bodies if one of
	// the criteria needs them.
	Entries []host.TraceEntry
	// Lost tells whether entries since the run began are missing: the trace was full.
	Lost bool
	// Unwatched tells whether changes of state are missing since nobody had asked for them.
	Unwatched bool
	// Undriven is whether nothing was to call the mirrors.
	Undriven bool
}

// NeedsBodies tells whether a query looks into requests, answers or changed documents.
func NeedsBodies(q *criteria.Query) bool {
	switch q.Subject {
	case criteria.Entities:
		return q.Verb != criteria.Exists // to tell creations from updates
	case criteria.Retries:
		return true
	case criteria.Requests:
		return q.Path != "" || len(q.Filters) > 0
	}
	return false
}

// Query decides a criterion. One that needs the application is errored.
func Query(q *criteria.Query, r *Records) host.CheckResult {
	e := q.Explain()
	out := host.CheckResult{Query: e.Query, Source: string(e.Source), Expected: e.Expected}
	if reason := r.unfit(q); reason != "" {
		out.Outcome, out.Reason = host.Errored, reason
		return out
	}
	var f finding
	switch q.Subject {
	case criteria.Entities:
		f = r.entities(q)
	case criteria.Deliveries:
		f = r.deliveries(q)
	case criteria.Requests:
		f = r.requests(q)
	case criteria.Retries:
		f = r.retries(q)
	default:
		f = errored("it is decided in a run, by what the application does")
	}
	out.Outcome, out.Reason = f.outcome, f.reason
	out.Entries = f.entries[:min(len(f.entries), mostEntries)]
	return out
}

// mostEntries and mostNames are how much evidence is named.
const (
	mostEntries = 20
	mostNames   = 5
)

// unfit says why the records cannot decide a query, "" if they can.
func (r *Records) unfit(q *criteria.Query) string {
	state := q.Subject == criteria.Entities && q.Verb == criteria.Exists
	switch {
	case r.Undriven && !state:
		return "nothing drives this scenario, so that nothing happens in it; only what exists can be asked"
	case r.Untouched() != "":
		return r.Untouched()
	case r.Lost && !state:
		return TraceLost
	case r.Unwatched && q.Subject == criteria.Entities && !state:
		return "changes of this session were not noted from its start: start it with observe, or ask what exists"
	}
	return ""
}

// TraceLost says why what needs the whole trace cannot be decided.
const TraceLost = "the trace is full, and its beginning is lost: a session keeps 10,000 entries and 64 MB"

// Untouched says that nothing went to mirrors or came from them though it should have, ""
// if it did: what then holds says nothing of the application.
func (r *Records) Untouched() string {
	if r.Undriven || slices.ContainsFunc(r.Entries, func(e host.TraceEntry) bool {
		return e.Type == host.EventTraffic || e.Type == host.EventWebhook
	}) {
		return ""
	}
	return "no request reached a mirror and no webhook left one: does the application run, and does it call its vendors?"
}

// finding is what was found.
type finding struct {
	outcome host.Outcome
	reason  string
	entries []uint64
}

func errored(format string, args ...any) finding {
	return finding{outcome: host.Errored, reason: fmt.Sprintf(format, args...)}
}

// decided is passed if ok.
func decided(ok bool, entries []uint64, format string, args ...any) finding {
	f := finding{outcome: host.Failed, reason: fmt.Sprintf(format, args...), entries: entries}
	if ok {
		f.outcome = host.Passed
	}
	return f
}

// counted decides how many there are. Names are those of the first few.
func counted(q *criteria.Query, n int, names string, entries []uint64, what string) finding {
	text := fmt.Sprintf("%d %s", n, what)
	if names != "" {
		text += ": " + names
	}
	return decided(CompareCount(q.Is, n), entries, "%s", text)
}

// list names the first few of so many.
func list(names []string, of int) string {
	if of <= mostNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNames], ", "), of-mostNames)
}
