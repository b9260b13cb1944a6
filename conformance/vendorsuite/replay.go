package vendorsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
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
	// Select narrows what is counted; nil counts all that is eligible.
	Select func(*Result) bool
	// Done, if not nil, is called after each cassette.
	Done func(done, all int)
}

// Result is one exchange as it was replayed.
type Result struct {
	*Exchange
	Operation string
	Version   string // of the vendor's API
	Counted   bool
	Verdict   Verdict
	Diffs     []Difference
	Masked    int    // values that the recording hides
	Uncounted string // why an eligible exchange is not counted

	// Kept for cassettes that Options.Keep selects.
	Request *Request
	Answer  *Response
	Err     error // there was no answer
	Seeded  []string
}

// Replay replays recordings against a target. An error means that the target
// could not be used at all.
func Replay(ctx context.Context, t Target, r *Recordings, o Options) (*Report, error) {
	if o.Parallel == 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}
	names := newOperations(o.Rules, o.Operations)
	report := newReport(o.Rules, names)
	report.Notes = r.Notes
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan *Cassette)
	var group sync.WaitGroup
	var mu sync.Mutex
	done := 0
	for range max(1, o.Parallel) {
		group.Go(func() {
			for c := range work {
				run := &run{o: &o, names: names, cassette: c}
				if err := run.replay(ctx, t); err != nil {
					cancel(fmt.Errorf("replay %s: %w", c.Source, err))
				}
				mu.Lock()
				report.take(run)
				done++
				if o.Done != nil {
					o.Done(done, len(r.Cassettes))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, c := range r.Cassettes {
		select {
		case work <- c:
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
	cassette *Cassette
	session  Session
	ids      *ids
	outside  *outside
	now      time.Time
	tried    map[string]bool // ids whose import was tried
	results  []*Result
	notes    []Note
	seeded   int
}

func (r *run) note(kind, place, text string) { r.notes = append(r.notes, Note{kind, place, text}) }

func (r *run) replay(ctx context.Context, t Target) (err error) {
	var own []*Exchange
	for _, e := range r.cassette.Exchanges {
		if host := hostOf(e.URL); !r.o.Rules.serves(host) {
			r.note("another vendor", e.Place, host+" is not "+r.o.Rules.Vendor+"'s; left out")
			continue
		}
		own = append(own, e)
	}
	if len(own) == 0 {
		return nil
	}
	r.cassette = &Cassette{Source: r.cassette.Source, Exchanges: own}
	docs := make([]*document, len(own))
	for i, e := range own {
		docs[i] = newDocument(r.o.Rules.unmask(e.Body))
		if docs[i].root == nil && strings.Contains(e.Header.Get("Content-Type"), "json") && e.Body != "" {
			r.note("answer is not JSON", e.Place, "its header says it is; compared as text")
		}
	}
	r.ids, r.outside, r.tried = newIDs(r.o.Rules), newOutside(r.o.Rules, r.cassette, docs), map[string]bool{}
	r.now = own[0].At
	if r.session, err = t.Open(ctx, r.now); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.session.Close()) }()
	keep := r.o.Keep != nil && r.o.Keep(r.cassette.Source)
	for i, e := range own {
		result, err := r.exchange(ctx, i, e, docs[i])
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
	result := &Result{Exchange: e, Operation: r.names.find(e), Version: r.version(e), Counted: e.Class == Counted || e.Class == Listed}
	result.Seeded = r.seed(ctx, index)
	if e.At.After(r.now) {
		if err := r.session.SetClock(ctx, e.At); err != nil && !errors.Is(err, ErrUnsupported) {
			return nil, fmt.Errorf("%s: set the clock to %s: %w", e.Place, e.At.Format(time.RFC3339), err)
		}
		r.now = e.At
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
	have := newDocument(result.Answer.Body)
	if want.root != nil && have.root != nil && e.Status < 300 == (result.Answer.Status < 300) {
		r.learn(e, result.Answer, want.root, have.root)
	}
	if e.Class == Listed && e.Status < 300 && want.root != nil {
		if list := elements(want.root); list != nil && len(list.kids) > 0 {
			if own, _ := r.ids.own(list); len(own) == 0 {
				result.Counted, result.Uncounted = false, "a list of which the cassette made no element"
			}
		}
	}
	result.Diffs, result.Masked = compare(r.o.Rules, r.ids, e, result.Answer, want, have)
	result.Verdict = verdictOf(result.Diffs)
	return result, nil
}

// learn pairs ids in headers and bodies.
func (r *run) learn(e *Exchange, a *Response, want, have *node) {
	for _, h := range r.o.Rules.Headers {
		if w, v := e.Header.Get(h.Name), a.Header.Get(h.Name); w != "" && v != "" {
			r.ids.learnText(w, v)
		}
	}
	if list := elements(want); e.Class == Listed && list != nil {
		return // foreign elements teach nothing, the cassette's are known
	}
	r.ids.learnFrom(want, have)
}

// seed imports what an exchange needs and the cassette did not make.
func (r *run) seed(ctx context.Context, index int) (seeded []string) {
	for _, s := range r.outside.needed(index, r.ids) {
		id, kind := r.ids.idOf(s.object), s.object.string("object")
		if r.tried[kind+" "+id] {
			continue
		}
		r.tried[kind+" "+id] = true
		err := r.session.Import(ctx, []json.RawMessage{s.seed(r.ids)})
		switch {
		case errors.Is(err, ErrUnsupported):
			return nil
		case err != nil:
			r.note("could not be seeded: "+kind, r.cassette.Exchanges[index].Place, err.Error())
		default:
			r.ids.learn(id, id, false)
			r.seeded++
			seeded = append(seeded, id)
		}
	}
	return seeded
}

// version returns the version of the vendor's API that an exchange was in.
func (r *run) version(e *Exchange) string {
	v := e.Header.Get(r.o.Rules.Version)
	if v == "" {
		v = e.RequestHeader.Get(r.o.Rules.Version)
	}
	switch {
	case r.o.Rules.Version == "":
		return ""
	case v == "":
		return "not named"
	case isMasked(v):
		return "masked"
	}
	return v
}

func hostOf(raw string) string {
	_, rest, _ := strings.Cut(withoutUser(raw), "://")
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(host)
}
