package evaluate

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/backoff"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// requests decides about what was asked of mirrors.
func (r *Records) requests(q *criteria.Query) finding {
	all := r.asked(q)
	var found, others []*host.TraceEntry
	for _, e := range all {
		if requestDid(q, e) {
			found = append(found, e)
		} else {
			others = append(others, e)
		}
	}
	what := cmp.Or(strings.Join(q.Names, ", "), strings.TrimSpace("requests to "+q.Mirror))
	if q.Mirror == "" && q.Names == nil {
		what = "requests"
	}
	if q.Measure == criteria.Every {
		if q.Path != "" {
			found, others = nil, nil
			for _, e := range all {
				if Compare(q.Is, requestValue(e, q.Path)) {
					found = append(found, e)
				} else {
					others = append(others, e)
				}
			}
		}
		switch {
		case len(all) == 0:
			return decided(false, nil, "there was none of %s", what)
		case len(others) > 0:
			return decided(false, numbers(others), "%d of %d: %s", len(others), len(all), calls(others, q.Path))
		}
		return decided(true, numbers(found), "all %d: %s", len(all), calls(found, q.Path))
	}
	return counted(q, len(found), calls(found, ""), numbers(found), "of "+what)
}

// asked are the requests that a query is about.
func (r *Records) asked(q *criteria.Query) []*host.TraceEntry {
	var out []*host.TraceEntry
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Type != host.EventTraffic || q.Mirror != "" && e.Mirror != q.Mirror || q.Operations != nil && !slices.Contains(q.Operations, e.Operation) {
			continue
		}
		if slices.ContainsFunc(q.Filters, func(f criteria.Filter) bool { return !Compare(f.Is, requestValue(e, f.Path)) }) {
			continue
		}
		out = append(out, e)
	}
	return out
}

// requestValue is the header "header NAME" of a request, its path, or another field.
func requestValue(e *host.TraceEntry, path string) any {
	if name, ok := strings.CutPrefix(path, "header "); ok {
		if e.Request != nil {
			for _, h := range e.Request.Headers {
				if strings.EqualFold(h[0], name) {
					return h[1]
				}
			}
		}
		return nil
	}
	if path == "path" {
		path, _, _ := strings.Cut(e.Path, "?")
		return path
	}
	return nil
}

func requestDid(q *criteria.Query, e *host.TraceEntry) bool {
	switch q.Verb {
	case criteria.Failed:
		return refused(e)
	case criteria.Succeeded:
		return !refused(e)
	case criteria.Answered:
		return StatusIs(q.Status, e.Status)
	}
	return true
}

// refused tells whether a request was answered with 400 or more, or not at all.
func refused(e *host.TraceEntry) bool { return e.Status == 0 || e.Status >= 400 }

func numbers(all []*host.TraceEntry) []uint64 {
	out := make([]uint64, len(all))
	for i, e := range all {
		out[i] = e.Seq
	}
	return out
}

// calls says what requests were, equal ones once, the first few.
func calls(all []*host.TraceEntry, path string) string {
	type kind struct {
		method, path string
		status       int
		value        any
	}
	var kinds []kind
	times := map[kind]int{}
	for _, e := range all {
		k := kind{e.Method, e.Path, e.Status, nil}
		if path != "" {
			k.status, k.value = 0, requestValue(e, path)
		}
		if times[k]++; times[k] == 1 {
			kinds = append(kinds, k)
		}
	}
	var out []string
	for _, k := range kinds[:min(len(kinds), mostNames)] {
		line := fmt.Sprintf("%s %s", k.method, k.path)
		name, header := strings.CutPrefix(path, "header ")
		switch {
		case header:
			line += " with " + name + " " + Show(k.value)
		case k.status == 0:
			line += " not answered"
		default:
			line += fmt.Sprintf(" answered with %d", k.status)
		}
		if n := times[k]; n > 1 {
			line += fmt.Sprintf(" %d times", n)
		}
		out = append(out, line)
	}
	return list(out, len(kinds))
}

// series is a request with its retries.
type series []*host.TraceEntry

// retries decides whether retries back off: requests of one content, one behind the other,
// each but the last refused as one may try again.
func (r *Records) retries(q *criteria.Query) finding {
	type key struct{ mirror, method, path, body string }
	last := map[key]int{}
	var all []series
	for _, e := range r.asked(q) {
		k := key{e.Mirror, e.Method, e.Path, ""}
		if e.Request != nil {
			k.body = string(e.Request.Body)
		}
		i, going := last[k]
		if !going {
			i = len(all)
			all = append(all, nil)
		}
		all[i] = append(all[i], e)
		if mayRetry(e) {
			last[k] = i
		} else {
			delete(last, k)
		}
	}
	most := 0
	var judged int
	for _, s := range all {
		most = max(most, len(s)-1)
		if len(s)-1 < backoff.LeastRetries {
			continue
		}
		judged++
		waits, asked := s.waits()
		if wrong := backoff.Judge(waits, asked); wrong != "" {
			return decided(false, numbers(s), "%s %s %s; it waits %s", s[0].Method, s[0].Path, wrong, durations(waits))
		}
	}
	if judged == 0 {
		return errored("no request was retried %d times after a refusal, %d at most: nothing shows whether retries back off; a fault rule can have the vendor refuse", backoff.LeastRetries, most)
	}
	var entries []uint64
	var waited []string
	for _, s := range all {
		if len(s)-1 >= backoff.LeastRetries {
			waits, _ := s.waits()
			entries, waited = append(entries, numbers(s)...), append(waited, durations(waits))
		}
	}
	return decided(true, entries, "waits %s", list(waited, len(waited)))
}

// mayRetry tells whether a request was refused for now.
func mayRetry(e *host.TraceEntry) bool {
	return e.Status == 0 || e.Status == http.StatusTooManyRequests || e.Status >= 500
}

// waits are from the end of each answer to the next request, by the wall's clock, and how
// long each answer asked to wait.
func (s series) waits() (waits, asked []time.Duration) {
	for i, e := range s[1:] {
		before := s[i]
		end := before.Wall.Add(time.Duration(before.DurationMS * float64(time.Millisecond)))
		waits, asked = append(waits, max(e.Wall.Sub(end), 0)), append(asked, retryAfter(before))
	}
	return waits, asked
}

// retryAfter is what an answer asks for in seconds or by a date; 0 is nothing.
func retryAfter(e *host.TraceEntry) time.Duration {
	if e.Response == nil {
		return 0
	}
	for _, h := range e.Response.Headers {
		if !strings.EqualFold(h[0], "Retry-After") {
			continue
		}
		if n, err := strconv.ParseFloat(h[1], 64); err == nil && n > 0 && n < 1e6 {
			return time.Duration(n * float64(time.Second))
		}
		if at, err := http.ParseTime(h[1]); err == nil {
			return max(at.Sub(e.At), 0)
		}
	}
	return 0
}

func durations(all []time.Duration) string {
	var out []string
	for _, d := range all {
		out = append(out, backoff.Short(d))
	}
	return list(out, len(out))
}
