package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// delivery is a webhook with all its tries, oldest first.
type delivery struct {
	event string
	tries []*host.TraceEntry
}

// deliveries decides about webhooks.
func (r *Records) deliveries(q *criteria.Query) finding {
	all := r.sent(q)
	if q.Measure == criteria.Order {
		return inOrder(q, all)
	}
	var found, others []*delivery
	var entries []uint64
	for _, d := range all {
		if e := d.did(q); e != nil {
			found, entries = append(found, d), append(entries, e.Seq)
		} else {
			others = append(others, d)
		}
	}
	what := cmp.Or(strings.Join(q.Names, ", "), "webhooks")
	if q.Measure == criteria.Every {
		switch {
		case len(all) == 0:
			return decided(false, nil, "no %s was sent", strings.TrimSuffix(what, "s"))
		case len(others) > 0:
			var wrong []uint64
			for _, d := range others {
				wrong = append(wrong, d.last().Seq)
			}
			return decided(false, wrong, "%d of %d: %s", len(others), len(all), results(others))
		}
		return decided(true, entries, "all %d: %s", len(all), results(all))
	}
	f := counted(q, len(found), results(found), entries, what+" "+became(q))
	if f.outcome == host.Failed && len(others) > 0 {
		f.reason += "; else " + results(others)
		for _, d := range others {
			f.entries = append(f.entries, d.last().Seq)
		}
	}
	return f
}

func became(q *criteria.Query) string {
	text := map[criteria.Verb]string{criteria.Sent: "were sent", criteria.Received: "were received", criteria.Delivered: "were answered with 2xx",
		criteria.Undelivered: "were never answered with 2xx", criteria.Retried: "were sent again", criteria.Answered: "were answered with " + q.Status}[q.Verb]
	if q.Within > 0 {
		text += " within " + q.Within.String()
	}
	return text
}

// sent are the webhooks that a query is about, in the order of their first tries.
func (r *Records) sent(q *criteria.Query) []*delivery {
	type key struct {
		mirror   string
		delivery uint64
	}
	known := map[key]*delivery{}
	var out []*delivery
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Type != host.EventWebhook || q.Mirror != "" && e.Mirror != q.Mirror || q.Names != nil && !slices.Contains(q.Names, e.Event) {
			continue
		}
		k := key{e.Mirror, e.Delivery}
		if known[k] == nil {
			known[k] = &delivery{event: e.Event}
			out = append(out, known[k])
		}
		known[k].tries = append(known[k].tries, e)
	}
	return out
}

func (d *delivery) last() *host.TraceEntry { return d.tries[len(d.tries)-1] }

// did returns the try that makes a verb true of a webhook, nil if none does.
func (d *delivery) did(q *criteria.Query) *host.TraceEntry {
	for i, e := range d.tries {
		ok := false
		switch q.Verb {
		case criteria.Sent:
			ok = true
		case criteria.Received:
			ok = e.Status > 0
		case criteria.Delivered:
			ok = success(e.Status)
		case criteria.Answered:
			ok = StatusIs(q.Status, e.Status)
		case criteria.Retried:
			ok = i > 0
		case criteria.Undelivered:
			if success(e.Status) {
				return nil
			}
			ok = i == len(d.tries)-1
		}
		if ok && (q.Within == 0 || e.DurationMS <= float64(q.Within.Microseconds())/1000) {
			return e
		}
	}
	return nil
}

func success(status int) bool { return status >= 200 && status < 300 }

// StatusIs tells whether a status is "200", or one of "2xx".
func StatusIs(want string, status int) bool {
	got := strconv.Itoa(status)
	return got == want || strings.HasSuffix(want, "xx") && len(got) == 3 && got[0] == want[0]
}

// results says what became of the first few webhooks.
func results(all []*delivery) string {
	var out []string
	for _, d := range all[:min(len(all), mostNames)] {
		out = append(out, d.event+" "+result(d.last())+again(len(d.tries)))
	}
	return list(out, len(all))
}

func result(e *host.TraceEntry) string {
	if e.Status > 0 {
		return fmt.Sprintf("answered with %d in %.0f ms", e.Status, e.DurationMS)
	}
	return "not answered (" + cmp.Or(e.Fault, e.Outcome, "no answer") + ")"
}

func again(tries int) string {
	if tries > 1 {
		return fmt.Sprintf(" at try %d", tries)
	}
	return ""
}

// inOrder decides whether the first of each event came in the order of names.
func inOrder(q *criteria.Query, all []*delivery) finding {
	firsts := make([]*host.TraceEntry, len(q.Names))
	for i, name := range q.Names {
		for _, d := range all {
			if e := d.did(q); d.event == name && e != nil && (firsts[i] == nil || e.Seq < firsts[i].Seq) {
				firsts[i] = e
			}
		}
	}
	var missing []string
	var entries []uint64
	for i, e := range firsts {
		if e == nil {
			missing = append(missing, q.Names[i])
		} else {
			entries = append(entries, e.Seq)
		}
	}
	if missing != nil {
		return decided(false, entries, "of %s none", strings.Join(missing, ", "))
	}
	ordered := slices.Clone(firsts)
	slices.SortStableFunc(ordered, func(a, b *host.TraceEntry) int { return cmp.Compare(a.Seq, b.Seq) })
	var came []string
	for _, e := range ordered {
		came = append(came, e.Event)
	}
	return decided(slices.Equal(ordered, firsts), entries, "first %s", strings.Join(came, ", then "))
}
