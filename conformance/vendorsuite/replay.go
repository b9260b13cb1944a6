package vendorsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options says what is replayed and how.
type Options struct {
	Rules *Rules
	// Operations name requests in tables; requests of others are named by their
	// path with ids taken out.
	Operations []Operation
	// Parallel is how many cassettes are replayed at once; 0 is one for each
	// processor.
	Parallel int
	// Keep selects cassettes whose requests and answers are kept in results.
	Keep func(source string) bool
	// Fresh leaves sessions as they are where they would begin with what earlier
	// recordings show of the recorder's account.
	Fresh bool
	// Filter narrows what counts. Cassettes of which it selects nothing are not
	// replayed.
	Filter Filter
	// Done, if not nil, is called after each cassette.
	Done func(done, all int)
}

// Filter selects exchanges. Empty fields select all.
type Filter struct {
	Version   string // or one it begins with: "2023-10-16" selects those with betas too
	Operation string // glob
	Source    string // a part of the cassette's name
	Order     *int
}

func (f *Filter) selects(e *Exchange, operation, version string) bool {
	if f.Operation != "" {
		if ok, err := path.Match(f.Operation, operation); err != nil || !ok {
			return false
		}
	}
	return strings.HasPrefix(version, f.Version) && strings.Contains(e.Source, f.Source) && (f.Order == nil || *f.Order == e.Order)
}

// Result is one exchange as it was replayed.
type Result struct {
	*Exchange
	Operation string
	Version   string // of the vendor's API
	Counted   bool
	Verdict   Verdict
	Diffs     []Difference
	Masked    bool   // the recording hides values of it
	Uncounted string // why it does not count
	selected  bool

	// Kept for cassettes that Options.Keep selects.
	Request *Request
	Answer  *Response
	Err     error // there was no answer
	Seeded  []string
}

// Selected tells whether Options.Filter selected the exchange.
func (x *Result) Selected() bool { return x.selected }

// Replay replays recordings against a target. An error means that the target
// could not be used at all.
func Replay(ctx context.Context, t Target, r *Recordings, o Options) (*Report, error) {
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	names := newOperations(o.Rules, o.Operations)
	report := newReport(o.Rules, names)
	var err error
	if report.Corpus, err = r.Corpus(); err != nil {
		return nil, err
	}
	cassettes, selected := slices.Clone(r.Cassettes), map[*Cassette]bool{}
	for _, c := range cassettes {
		if slices.ContainsFunc(c.Exchanges, func(e *Exchange) bool { return o.Filter.selects(e, names.find(e), o.Rules.version(e)) }) {
			selected[c] = true
		}
	}
	var accounts *histories
	if o.Rules.History != nil && !o.Fresh {
		inOrder(cassettes)
		accounts = &histories{o.Rules, map[string]History{}}
	}
	report.Notes, report.Recorded = slices.Clone(r.Notes), r.Len()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *run)
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range max(1, o.Parallel) {
		group.Go(func() {
			for run := range work {
				if err := run.replay(ctx, t); err != nil {
					cancel(fmt.Errorf("replay %s: %w", run.cassette.Source, err))
				}
				mu.Lock()
				report.take(run)
				done++
				if o.Done != nil {
					o.Done(done, len(selected))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, c := range cassettes {
		if accounts == nil && !selected[c] {
			continue
		}
		run := newRun(&o, names, c)
		if accounts != nil && len(run.docs) > 0 {
			run.known = accounts.before(run.cassette.Exchanges, run.docs)
		}
		if !selected[c] {
			continue
		}
		select {
		case work <- run:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	report.finish()
	return report, nil
}

// run is the replay of one cassette.
type run struct {
	o        *Options
	names    *operations
	cassette *Cassette   // without exchanges of other vendors
	docs     []*document // the bodies of its answers
	known    known       // of the recorder's account
	session  Session
	ids      *ids
	story    *story
	now      time.Time
	tried    map[string]bool // objects whose import was tried
	noImport bool            // the target imports nothing
	results  []*Result
	notes    []Note
	seeded   int
	settled  bool // the session began with settings of the recorder's account
}

func (r *run) note(kind, place, text string) { r.notes = append(r.notes, Note{kind, place, text}) }

// newRun reads a cassette's answers.
func newRun(o *Options, names *operations, c *Cassette) *run {
	r := &run{o: o, names: names, cassette: &Cassette{Source: c.Source}}
	for _, e := range c.Exchanges {
		if host := hostOf(e.URL); !o.Rules.serves(host) {
			r.note("another vendor", e.Place, host+" is not "+o.Rules.Vendor+"'s; left out")
			continue
		}
		doc := newDocument(o.Rules.unmask(e.Body))
		if doc.root == nil && strings.Contains(e.Header.Get("Content-Type"), "json") && e.Body != "" {
			r.note("answer is not JSON", e.Place, "its header says it is; compared as text")
		}
		r.cassette.Exchanges, r.docs = append(r.cassette.Exchanges, e), append(r.docs, doc)
	}
	return r
}

func (r *run) replay(ctx context.Context, t Target) (err error) {
	own := r.cassette.Exchanges
	if len(own) == 0 {
		return nil
	}
	r.ids, r.story, r.tried = newIDs(r.o.Rules), newStory(r.o.Rules, r.cassette, r.docs), map[string]bool{}
	r.story.known = r.known.objects
	r.now = r.story.executed(0)
	if r.session, err = t.Open(ctx, r.now); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.session.Close()) }()
	if r.known.settings != nil {
		switch err := r.session.Import(ctx, []json.RawMessage{r.known.settings}); {
		case err == nil:
			r.settled = true
		case errors.Is(err, ErrUnsupported):
			r.noImport = true
		default:
			r.note("the recorder's account could not be seeded", own[0].Place, err.Error())
		}
	}
	keep := r.o.Keep != nil && r.o.Keep(r.cassette.Source)
	for i, e := range own {
		result, err := r.exchange(ctx, i, e, r.docs[i])
		if err != nil {
			return err
		}
		if !keep {
			result.Request, result.Answer, result.Seeded = nil, nil, nil
		}
		r.results = append(r.results, result)
	}
	return nil
}

// exchange replays one exchange. An error ends the run.
func (r *run) exchange(ctx context.Context, index int, e *Exchange, want *document) (*Result, error) {
	result := &Result{
		Exchange: e, Operation: r.names.find(e), Version: r.o.Rules.version(e), Counted: e.Class == Counted || e.Class == Listed,
		Masked: r.o.Rules.masked(e),
	}
	result.selected = r.o.Filter.selects(e, result.Operation, result.Version)
	switch {
	case !result.Counted:
		result.Uncounted = classReasons[e.Class]
	case r.foreignList(index, e, want):
		result.Counted, result.Uncounted = false, "lists of which the cassette made no element"
	case !result.selected:
		result.Counted, result.Uncounted = false, notSelected
	}
	if !e.Stated { // a case begins with nothing
		result.Seeded = r.seed(ctx, index)
	}
	if at := r.story.executed(index); at.After(r.now) {
		if err := r.session.SetClock(ctx, at); err != nil && !errors.Is(err, ErrUnsupported) {
			return nil, fmt.Errorf("%s: set the clock to %s: %w", e.Place, at.Format(time.RFC3339), err)
		}
		r.now = at
	}
	r.o.Rules.mentions(e, func(_, text string) { r.ids.given[text] = true })
	request, err := r.ids.request(e)
	if err == nil {
		result.Request = request
		result.Answer, err = r.session.Do(ctx, request)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		result.Err, result.Diffs = err, []Difference{{Path: "answer", Keeps: Status, Want: fmt.Sprint(e.Status), Have: err.Error()}}
		return result, nil
	}
	have, partly := newDocument(result.Answer.Body), false
	if e.Status < 300 == (result.Answer.Status < 300) && want.root != nil && have.root != nil {
		if e.Class == Listed && e.Status < 300 {
			w, h := *want, *have
			w.root, h.root, partly = r.story.cut(index, r.ids, want.root, have.root)
			want, have = &w, &h
		}
		r.ids.learnFrom(want.root, have.root)
	}
	if e.Stated && want.root != nil && have.root != nil {
		h := *have
		h.root = stated(r.ids, want.root, have.root)
		have, partly = &h, true
		if e.Status == result.Answer.Status {
			shown := *result.Answer // the rest is not what the case is about
			shown.Body = string(h.root.appendJSON(nil, func(s string) string { return s }))
			result.Answer = &shown
		}
	}
	result.Diffs = compare(r.o.Rules, r.ids, e, result.Answer, want, have, partly)
	result.Verdict = verdictOf(result.Diffs)
	return result, nil
}

// foreignList tells whether an exchange lists only what the recorder's account
// had, so that nothing of it can be compared.
func (r *run) foreignList(index int, e *Exchange, want *document) bool {
	if e.Class != Listed || e.Status >= 300 || want.root == nil {
		return false
	}
	list := elements(want.root)
	if list == nil {
		return false
	}
	own, foreign := r.story.own(index, list)
	return foreign > 0 && len(own) == 0
}

// seed imports what an exchange needs and the cassette did not make: all of it
// at once, because objects refer to each other, else each that can be.
func (r *run) seed(ctx context.Context, index int) (seeded []string) {
	needed := slices.DeleteFunc(r.story.needed(index, r.ids), func(s seed) bool { return r.tried[s.kind+" "+s.id] })
	if len(needed) == 0 || r.noImport {
		return nil
	}
	var all []json.RawMessage
	for _, s := range needed {
		r.tried[s.kind+" "+s.id] = true
		all = append(all, s.json)
	}
	done := func(s seed) {
		r.ids.learn(s.id, s.id, false)
		r.ids.imported[s.id] = true
		r.seeded++
		seeded = append(seeded, s.kind+" "+s.id)
	}
	err := r.session.Import(ctx, all)
	if errors.Is(err, ErrUnsupported) {
		r.noImport = true
		return nil
	}
	if err == nil {
		for _, s := range needed {
			done(s)
		}
		return seeded
	}
	// What refers to an object comes behind it, but two may refer to each other.
	var left, kept []seed
	all = nil
	for _, s := range needed {
		switch err := r.session.Import(ctx, []json.RawMessage{s.json}); {
		case err == nil:
			done(s)
			continue
		case !errors.Is(err, ErrNotKept):
			all, kept = append(all, s.json), append(kept, s)
		}
		left = append(left, s)
	}
	if len(kept) > 1 && r.session.Import(ctx, all) == nil {
		for _, s := range kept {
			done(s)
		}
		left = slices.DeleteFunc(left, func(s seed) bool { return r.ids.imported[s.id] })
	}
	for _, s := range left {
		if err := r.session.Import(ctx, []json.RawMessage{s.json}); err != nil {
			r.note("could not be seeded: "+s.kind, r.cassette.Exchanges[index].Place, err.Error())
		} else {
			done(s)
		}
	}
	return seeded
}

// notSelected is the reason why exchanges that a filter leaves out do not count.
const notSelected = "not selected"

// classReasons say why exchanges of some classes do not count.
var classReasons = map[Class]string{
	Outside:  "they name what was made outside of the cassette",
	Setup:    "they make what documented cases need",
	Believed: "believed, not documented",
	Unlisted: "not listed as eligible",
}

func hostOf(raw string) string {
	_, rest, _ := strings.Cut(withoutUser(raw), "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(host)
}
