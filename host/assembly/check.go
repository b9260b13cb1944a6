package assembly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario/criteria"
	"github.com/mirrahq/mirra/host/scenario/evaluate"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/sqlite"
)

const (
	mostChecks  = 1000
	askPatience = 5 * time.Second // a statement of a user's
)

// bound is a check that was understood: one of its fields.
type bound struct {
	query  *criteria.Query
	expr   *evaluate.Expression
	mirror string // of sql
	sql    string
}

// Check implements host.Checks.
func (s *Server) Check(ctx context.Context, id string, r *host.CheckRequest) (*host.CheckReport, error) {
	reach, err := s.find(id)
	if err != nil {
		return nil, err
	}
	reach.session.Touch()
	if r.Observe {
		reach.session.Observe()
	}
	checks, err := bindChecks(reach, r.Checks)
	if err != nil {
		return nil, err
	}
	if err := reach.session.Settle(ctx); err != nil {
		return nil, err
	}
	records, through, err := seal(reach.session, r, checks)
	if err != nil {
		return nil, err
	}
	out := &host.CheckReport{Results: []host.CheckResult{}, Through: through, Untouched: records.Untouched()}
	if records.Lost {
		out.Lost = evaluate.TraceLost
	}
	for _, c := range checks {
		switch {
		case c.query != nil:
			out.Results = append(out.Results, evaluate.Query(c.query, records))
		case c.expr != nil:
			out.Results = append(out.Results, untouched(records, c.expr.Decide))
		default:
			out.Results = append(out.Results, untouched(records, func(records *evaluate.Records) host.CheckResult { return ask(ctx, c, records) }))
		}
	}
	return out, nil
}

// untouched decides what needs vendor traffic when something was to cause it.
func untouched(r *evaluate.Records, decide func(*evaluate.Records) host.CheckResult) host.CheckResult {
	if reason := r.Untouched(); reason != "" {
		return host.CheckResult{Outcome: host.Errored, Reason: reason}
	}
	return decide(r)
}

// bindChecks understands all checks, or says what is wrong with each that is at fault.
func bindChecks(reach *reach, checks []host.Check) ([]bound, error) {
	if len(checks) > mostChecks {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.check.too_many", Message: fmt.Sprintf("%d checks: %d at a time", len(checks), mostChecks)}
	}
	words := reach.vocabulary()
	out := make([]bound, len(checks))
	var faults *multierror.Error
	for i, c := range checks {
		b, err := bindCheck(words, c)
		if err != nil {
			faults = multierror.Append(faults, &host.Error{Kind: host.KindUnprocessed, Code: "mirra.check.unbound", Message: fmt.Sprintf("check %d: %v", i+1, err)})
		}
		out[i] = b
	}
	if faults != nil {
		return nil, several(faults)
	}
	return out, nil
}

func bindCheck(words *criteria.Vocabulary, c host.Check) (b bound, err error) {
	given := 0
	for _, text := range []string{c.Criterion, c.SQL, c.Expr} {
		if strings.TrimSpace(text) != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return b, errors.New("want one of criterion, sql and expr")
	case c.Criterion != "":
		b.query, err = words.Bind(c.Criterion)
		return b, err
	case c.Expr != "":
		b.expr, err = evaluate.CompileExpression(c.Expr)
		return b, err
	}
	names := words.Mirrors()
	b.sql, b.mirror = c.SQL, c.Mirror
	if b.mirror == "" && len(names) == 1 {
		b.mirror = names[0]
	}
	for _, n := range names {
		if n == b.mirror {
			return b, nil
		}
	}
	return b, fmt.Errorf("sql of which mirror? there are %s", strings.Join(names, ", "))
}

// vocabulary is what criteria can name in a session. It is made when it is first needed.
func (r *reach) vocabulary() *criteria.Vocabulary {
	r.words.Do(func() {
		var all []host.CatalogEntry
		for _, m := range r.session.Mirrors() {
			e := declared(m.Manifest())
			e.Name = m.Name()
			all = append(all, e)
		}
		r.known = criteria.NewVocabulary(all)
	})
	return r.known
}

// seal copies what the checks need of a session: the trace up to now, and its state.
func seal(s *session.Session, r *host.CheckRequest, checks []bound) (records *evaluate.Records, through uint64, err error) {
	records = &evaluate.Records{State: map[string]host.State{}, Undriven: r.Undriven}
	bodies, all, state := false, false, map[string]map[string]bool{}
	for _, c := range checks {
		switch {
		case c.expr != nil:
			bodies, all = true, true
		case c.query == nil:
			state[c.mirror] = nil
		case c.query.Subject == criteria.Entities && c.query.Verb == criteria.Exists:
			if known, whole := state[c.query.Mirror]; !whole || known != nil {
				if known == nil {
					known = map[string]bool{}
					state[c.query.Mirror] = known
				}
				known[c.query.Names[0]] = true
			}
		default:
			bodies = bodies || evaluate.NeedsBodies(c.query)
		}
	}
	observed := s.Observed()
	through = r.After
	from := r.After
	dropped := s.Log(r.After, bodies, func(e session.Raw) bool {
		through = e.Seq
		switch {
		case e.Type != session.LifecycleEntry && e.Type != session.GradedEntry:
			records.Entries = append(records.Entries, traceEntry(s, &e))
		case r.After != 0 || e.Action != "reset" && !strings.HasPrefix(e.Action, "restore "):
		case e.Mirror == "":
			from, records.Entries, records.Unwatched = e.Seq, nil, false
		default:
			records.Entries = slices.DeleteFunc(records.Entries, func(old host.TraceEntry) bool { return old.Mirror == e.Mirror })
		}
		records.Unwatched = records.Unwatched || e.Type == session.TrafficEntry && (observed == 0 || e.Seq < observed)
		return true
	})
	records.Lost = dropped > from
	for _, m := range s.Mirrors() {
		known, asked := state[m.Name()]
		if !asked && !all {
			continue
		}
		if all {
			known = nil
		}
		out := host.State{}
		for _, e := range m.Manifest().Entities {
			if known == nil || known[e.Name] {
				out[e.Name] = []json.RawMessage{}
			}
		}
		entity := ""
		if len(known) == 1 {
			for entity = range known {
			}
		}
		err := m.Documents(entity, func(name string, d host.Document) bool {
			if known == nil || known[name] {
				out[name] = append(out[name], bytes.Clone(d.JSON))
			}
			return true
		})
		if err != nil {
			return nil, 0, err
		}
		records.State[m.Name()] = out
	}
	return records, through, nil
}

// ask decides a statement: the first value of its first row must be true.
func ask(ctx context.Context, c bound, r *evaluate.Records) host.CheckResult {
	out := host.CheckResult{Query: "sql on " + c.mirror, Source: string(criteria.State), Expected: "the first value of the first row is true"}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	row, err := sqlite.Ask(ctx, r.State[c.mirror], c.sql)
	switch {
	case err != nil:
		out.Outcome, out.Reason = host.Errored, "sql: "+err.Error()
		return out
	case len(row.Values) == 0:
		out.Outcome, out.Reason = host.Failed, "there is no row"
		return out
	}
	out.Outcome = host.Failed
	switch v := row.Values[0].(type) {
	case int64:
		if v != 0 {
			out.Outcome = host.Passed
		}
	case float64:
		if v != 0 {
			out.Outcome = host.Passed
		}
	case string:
		if v == "true" {
			out.Outcome = host.Passed
		}
	}
	var cells []string
	for i, v := range row.Values {
		cells = append(cells, row.Columns[i]+" is "+evaluate.Show(v))
	}
	const most = 8
	out.Reason = strings.Join(cells[:min(len(cells), most)], ", ")
	return out
}
