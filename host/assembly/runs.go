package assembly

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/run"
	"github.com/mirrahq/mirra/host/scenario"
)

const (
	kindRun    = "run" // of catalogue entries
	mostRuns   = 1000
	mostActive = 100
	// keptOutput is how much of each command's output the history keeps.
	keptOutput = 8 << 10
)

// runs is the history of runs, and those that go on.
type runs struct {
	mu     sync.Mutex
	list   []*keptRun // oldest first
	active map[string]*activeRun
}

// keptRun is a run of the history.
type keptRun struct {
	summary host.Run
	json    []byte // all of it; nil when the catalogue has it
}

// activeRun is a run that was started and not yet finished.
type activeRun struct {
	run      *host.Run
	scenario *scenario.Scenario
	own      bool // the session is the run's
	after    uint64
	rules    []string // ids of the scenario's fault rules
	late     *time.Timer
	ending   bool
}

var runID = regexp.MustCompile(`^run_[a-z0-9]{4,40}$`)

// RecordRun implements host.Runs.
func (s *Server) RecordRun(_ context.Context, r *host.Run) error {
	if !runID.MatchString(r.RunID) {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.run.invalid", Message: fmt.Sprintf("run id %q: want run_ and letters or digits", r.RunID)}
	}
	kept := *r
	kept.Rounds = slices.Clone(r.Rounds)
	for i := range kept.Rounds {
		round := &kept.Rounds[i]
		round.Driver, round.Application = shorter(round.Driver), shorter(round.Application)
		round.Diff = round.Diff[:min(len(round.Diff), keptOutput)]
	}
	text, err := json.Marshal(&kept)
	if err != nil {
		return err
	}
	one := &keptRun{summary: summary(kept)}
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	if s.catalogue == nil {
		one.json = text
	} else if err := s.catalogue.Put(host.CatalogueEntry{Kind: kindRun, ID: r.RunID, JSON: text}); err != nil {
		return err
	}
	s.runs.list = slices.DeleteFunc(s.runs.list, func(k *keptRun) bool { return k.summary.RunID == r.RunID })
	s.runs.list = append(s.runs.list, one)
	for len(s.runs.list) > mostRuns {
		if s.catalogue != nil {
			_ = s.catalogue.Delete(kindRun, s.runs.list[0].summary.RunID) // one more that is kept harms nobody
		}
		s.runs.list = s.runs.list[1:]
	}
	return nil
}

// summary leaves out what a list does not show.
func summary(r host.Run) host.Run {
	r.Rounds, r.Criteria = []host.RunRound{}, slices.Clone(r.Criteria)
	for i := range r.Criteria {
		r.Criteria[i].Evidence = []host.RunEvidence{}
	}
	return r
}

func shorter(t *host.RunTask) *host.RunTask {
	if t == nil || len(t.Output) <= keptOutput {
		return t
	}
	out := *t
	out.Output = t.Output[len(t.Output)-keptOutput:]
	return &out
}

// loadRuns reads the history that an earlier server left.
func (s *Server) loadRuns() error {
	if s.catalogue == nil {
		return nil
	}
	err := s.catalogue.List(kindRun, func(e host.CatalogueEntry) bool {
		var r host.Run
		if err := json.Unmarshal(e.JSON, &r); err == nil { // another version's entry is no loss
			s.runs.list = append(s.runs.list, &keptRun{summary: summary(r)})
		}
		return true
	})
	slices.SortStableFunc(s.runs.list, func(a, b *keptRun) int { return a.summary.StartedAt.Compare(b.summary.StartedAt) })
	return err
}

// Run implements host.Runs.
func (s *Server) Run(_ context.Context, id string) (*host.Run, error) {
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	if a := s.runs.active[id]; a != nil {
		out := *a.run
		return &out, nil
	}
	i := slices.IndexFunc(s.runs.list, func(k *keptRun) bool { return k.summary.RunID == id })
	if i < 0 {
		return nil, noRun(id)
	}
	text := s.runs.list[i].json
	if text == nil {
		e, err := s.catalogue.Get(kindRun, id)
		if err != nil {
			return nil, err
		}
		text = e.JSON
	}
	var out host.Run
	err := json.Unmarshal(text, &out)
	return &out, err
}

func noRun(id string) error {
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.run.not_found", Message: fmt.Sprintf("there is no run %q", id), Hint: "GET /v1/runs lists them"}
}

// Runs implements host.Runs.
func (s *Server) Runs(_ context.Context, q host.RunQuery) (*host.RunPage, error) {
	limit, err := pageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	all := []host.Run{}
	for _, a := range s.runs.active {
		all = append(all, summary(*a.run))
	}
	slices.SortFunc(all, func(a, b host.Run) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.RunID, b.RunID))
	})
	for _, k := range slices.Backward(s.runs.list) {
		all = append(all, k.summary)
	}
	all = slices.DeleteFunc(all, func(r host.Run) bool { return q.Scenario != "" && r.Scenario != q.Scenario })
	page := &host.RunPage{Runs: all}
	if q.Cursor != "" {
		i := slices.IndexFunc(all, func(r host.Run) bool { return r.RunID == q.Cursor })
		if i < 0 {
			return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.cursor.unknown", Message: fmt.Sprintf("cursor %q is not one of this list", q.Cursor), Hint: "take nextCursor of the page before"}
		}
		page.Runs = all[i+1:]
	}
	if len(page.Runs) > limit {
		page.Runs, page.NextCursor = page.Runs[:limit], page.Runs[limit-1].RunID
	}
	return page, nil
}

// StartRun implements host.Runs.
func (s *Server) StartRun(ctx context.Context, r *host.NewRun) (*host.Run, error) {
	mirrors, err := s.Mirrors(ctx)
	if err != nil {
		return nil, err
	}
	sc, err := scenario.Parse(cmp.Or(r.File, "scenario.md"), []byte(r.ScenarioMarkdown), scenario.Options{Mirrors: mirrors, Driven: true})
	if err != nil {
		return nil, invalidScenario(err)
	}
	a := &activeRun{scenario: sc, own: r.Session == "", run: run.Begin(sc, 1)}
	var info *host.SessionInfo
	if a.own {
		request, err := run.NewSession(sc)
		if err != nil {
			return nil, err
		}
		if info, err = s.CreateSession(ctx, request); err != nil {
			return nil, err
		}
	} else if info, err = s.Session(ctx, r.Session); err != nil {
		return nil, err
	}
	if err := s.beginRun(ctx, a, info); err != nil {
		if a.own {
			_ = s.EndSession(ctx, info.SessionID, true) // err says why
		}
		return nil, err
	}
	out := *a.run
	return &out, nil
}

// beginRun lets a run go on until it is finished or late.
func (s *Server) beginRun(ctx context.Context, a *activeRun, info *host.SessionInfo) error {
	report, err := s.Check(ctx, info.SessionID, &host.CheckRequest{Observe: true})
	if err != nil {
		return err
	}
	if err := s.forwardRun(ctx, info.SessionID, a.scenario); err != nil {
		return err
	}
	a.after = report.Through
	run.In(a.run, info)
	if a.rules, err = run.AddFaults(ctx, s, info.SessionID, a.scenario); err != nil {
		return err
	}
	s.runs.mu.Lock()
	defer s.runs.mu.Unlock()
	if len(s.runs.active) >= mostActive {
		return &host.Error{Kind: host.KindConflict, Code: "mirra.run.too_many", Message: fmt.Sprintf("%d runs go on", mostActive), Hint: "finish some: POST /v1/runs/{id}/finish"}
	}
	if s.runs.active == nil {
		s.runs.active = map[string]*activeRun{}
	}
	s.runs.active[a.run.RunID] = a
	a.late = time.AfterFunc(run.Limit(a.scenario), func() {
		// Nobody waits for the answer; what cannot be kept is in the log.
		if _, err := s.finishRun(context.Background(), a.run.RunID, &host.RunFinish{}, true); err != nil && host.AsError(err).Kind == host.KindInternal {
			s.log.Error("finish a run that is late", "run", a.run.RunID, "error", err)
		}
	})
	return nil
}

// forwardRun sends webhooks where a scenario wants them. What listens at a path is not
// started by a server.
func (s *Server) forwardRun(ctx context.Context, id string, sc *scenario.Scenario) error {
	urls := map[string][]string{}
	for _, f := range sc.Config.Forwards {
		if strings.HasPrefix(f.URL, "/") {
			return &host.Error{Kind: host.KindUnprocessed, Code: "mirra.run.forward", Message: fmt.Sprintf("%s: forward %q is a path, and a server starts no application", sc.File, f.URL), Hint: "write the whole URL, http://127.0.0.1:3000/webhooks; or have mirra run drive the scenario"}
		}
		urls[f.Mirror] = append(urls[f.Mirror], f.URL)
	}
	for mirror, to := range urls {
		if err := s.ForwardWebhooks(ctx, id, mirror, to); err != nil {
			return err
		}
	}
	return nil
}

// FinishRun implements host.Runs.
func (s *Server) FinishRun(ctx context.Context, id string, f *host.RunFinish) (*host.Run, error) {
	return s.finishRun(ctx, id, f, false)
}

func (s *Server) finishRun(ctx context.Context, id string, f *host.RunFinish, late bool) (*host.Run, error) {
	s.runs.mu.Lock()
	a := s.runs.active[id]
	ended := slices.ContainsFunc(s.runs.list, func(k *keptRun) bool { return k.summary.RunID == id })
	if a == nil || a.ending {
		s.runs.mu.Unlock()
		if ended || a != nil {
			return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.run.ended", Message: fmt.Sprintf("the run %s has ended", id), Hint: "GET /v1/runs/" + id + " says how"}
		}
		return nil, noRun(id)
	}
	a.ending = true
	a.late.Stop()
	s.runs.mu.Unlock()
	engine := &run.Engine{Control: s, Missing: "the server asks none; mirra run does", FailBelow: 1}
	engine.Graded = func(_ *run.Round, c *scenario.Criterion, e host.RunEvidence) {
		if r, err := s.find(a.run.SessionID); err == nil {
			r.session.Graded(id, string(c.Kind), c.Text, e.Outcome)
		}
	}
	out := engine.Finish(ctx, a.scenario, a.run, a.after, f.Application, a.rules, late)
	err := s.RecordRun(ctx, out)
	s.runs.mu.Lock()
	delete(s.runs.active, id)
	s.runs.mu.Unlock()
	if a.own && !a.scenario.Config.Persistent {
		if e := s.EndSession(ctx, a.run.SessionID, true); e != nil && host.AsError(e).Kind != host.KindNotFound {
			err = errors.Join(err, e)
		}
	}
	return out, err
}

// invalidScenario reports all that is wrong with a scenario.
func invalidScenario(err error) error {
	e := &host.Error{Kind: host.KindUnprocessed, Code: "mirra.scenario.invalid", Message: err.Error(), Hint: "mirra scenario check FILE says the same"}
	if all, ok := errors.AsType[*multierror.Error](err); ok {
		e.Message = ""
		for i, f := range all.Errors {
			if i > 0 {
				e.Message += "\n"
			}
			e.Message += f.Error()
		}
	}
	return e
}
