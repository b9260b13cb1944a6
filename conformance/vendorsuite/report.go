package vendorsuite

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Named says what was measured: name is for people; a mirror's is its version,
// stripe@2024-06.1.
func (r *Report) Named(name string, mirror bool) {
	r.Target = name
	if mirror {
		r.Mirror = LineOf(name)
	}
}

// Report is what a replay found.
type Report struct {
	Vendor string `json:"vendor"`
	Target string `json:"target"`
	// Mirror is the target's name and line, "stripe@2024-06"; "" for a peer.
	Mirror string `json:"mirror,omitempty"`
	// Corpus is what was replayed: Recorded or Documented.
	Corpus     string           `json:"corpus"`
	Total      Tally            `json:"total"`
	Versions   []Group          `json:"versions"`
	Operations []OperationGroup `json:"operations"`
	Errors     ErrorBodies      `json:"errorBodies"`
	Fields     []Field          `json:"fields"`  // that differ, the most frequent first
	LeftOut    []LeftOut        `json:"leftOut"` // by kind of note
	Cassettes  int              `json:"cassettes"`
	Recorded   int              `json:"recorded"` // exchanges that were read
	Sent       int              `json:"sent"`
	Seeded     int              `json:"seeded"` // objects that were imported
	// Settled counts cassettes that began with settings of the recorder's account.
	Settled   int            `json:"settledAccounts"`
	Unsent    int            `json:"unanswered"`
	Uncounted map[string]int `json:"uncounted"` // by reason

	// Eligible is the file that says which exchanges count, "" if all do.
	Eligible string `json:"eligible,omitempty"`
	// Spoken are the versions of the vendor's API that the target answers in; nil
	// is not known.
	Spoken []string `json:"spoken,omitempty"`
	// Exchanges are there after KeepExchanges only: recordings may be private.
	Exchanges []ExchangeResult `json:"exchanges,omitempty"`

	Notes   []Note            `json:"-"`
	Results []*Result         `json:"-"` // by source and order
	noted   map[string][]Note // by cassette, in whatever order they were replayed
	names   *operations
	rules   *Rules
}

// Tally counts verdicts.
type Tally struct {
	Counted int `json:"counted"`
	// ByVerdict counts answers of exactly that verdict.
	ByVerdict [Byte + 1]int `json:"-"`
	// Exact counts answers that are at least exact, Mean is their rate's mean over
	// operations.
	Exact int     `json:"exact"`
	Rate  float64 `json:"rate"`
	Mean  float64 `json:"meanOverOperations"`

	Names map[string]int `json:"verdicts"`
}

func (t *Tally) add(v Verdict) {
	t.Counted++
	t.ByVerdict[v]++
	if v >= Exact {
		t.Exact++
	}
}

func (t *Tally) finish() {
	t.Rate = ratio(t.Exact, t.Counted)
	t.Names = map[string]int{}
	for v, n := range t.ByVerdict {
		t.Names[Verdict(v).String()] = n
	}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// ExchangeResult is a Result as it is printed.
type ExchangeResult struct {
	Source      string       `json:"source"`
	Order       int          `json:"order"`
	Place       string       `json:"place"`
	Operation   string       `json:"operation"`
	Version     string       `json:"version,omitempty"`
	Counted     bool         `json:"counted"`
	Uncounted   string       `json:"uncounted,omitempty"`
	Verdict     Verdict      `json:"verdict"`
	Differences []Difference `json:"differences,omitempty"`
}

// KeepExchanges makes every exchange part of the report as it is printed.
func (r *Report) KeepExchanges() {
	r.Exchanges = nil
	for _, x := range r.Results {
		r.Exchanges = append(r.Exchanges, ExchangeResult{x.Source, x.Order, x.Place, x.Operation, x.Version, x.Counted, x.Uncounted, x.Verdict, x.Diffs})
	}
}

// Group is the exchanges of one version of the vendor's API.
type Group struct {
	Version string `json:"version"`
	Tally
	Operations int `json:"operations"`
}

// OperationGroup is the exchanges of one operation.
type OperationGroup struct {
	Operation string `json:"operation"`
	Level     string `json:"level,omitempty"` // what the mirror claims
	Tally
	// Fields are what most often keeps its answers from being exact.
	Fields []Field `json:"fields,omitempty"`
}

// Field is a place at which answers differ.
type Field struct {
	Path    string `json:"path"` // indexes left out: data[].id
	Answers int    `json:"answers"`
	// Of one exchange. Recordings may be private, so these are for the terminal.
	Example string `json:"-"` // source#order
	Want    string `json:"-"`
	Have    string `json:"-"`
}

// ErrorBodies counts the distinct error bodies of the recordings, with ids
// taken out.
type ErrorBodies struct {
	Distinct int         `json:"distinct"`
	Exact    int         `json:"exact"` // always answered exactly
	Answers  int         `json:"answers"`
	Matched  int         `json:"matched"`
	Missing  []ErrorBody `json:"missing"` // the others, the most frequent first
}

// ErrorBody is one of them.
type ErrorBody struct {
	Status  int               `json:"status"`
	Fields  map[string]string `json:"fields"`
	Answers int               `json:"answers"`
	Matched int               `json:"matched"`
	Example string            `json:"-"`
	Have    string            `json:"-"` // of an answer that does not match
}

// LeftOut is notes of one kind.
type LeftOut struct {
	Kind  string `json:"kind"`
	Count int    `json:"count"`
	Place string `json:"firstPlace"`
	Text  string `json:"text"`
}

func newReport(r *Rules, names *operations) *Report {
	return &Report{Vendor: r.Vendor, Corpus: Recorded, Uncounted: map[string]int{}, noted: map[string][]Note{}, names: names, rules: r}
}

// take adds a cassette's replay.
func (r *Report) take(x *run) {
	r.Cassettes++
	if len(x.notes) > 0 {
		r.noted[x.cassette.Source] = x.notes
	}
	r.Results = append(r.Results, x.results...)
	r.Seeded += x.seeded
	if x.settled {
		r.Settled++
	}
}

// Where returns how an exchange is named: source#order.
func (e *Exchange) Where() string { return fmt.Sprintf("%s#%d", e.Source, e.Order) }

func (r *Report) finish() {
	slices.SortFunc(r.Results, func(a, b *Result) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Order, b.Order))
	})
	for _, source := range sortedKeys(r.noted) {
		r.Notes = append(r.Notes, r.noted[source]...)
	}
	r.sum()
}

// sum makes all figures from the results.
func (r *Report) sum() {
	versions, ops, pairs := map[string]*Group{}, map[string]*OperationGroup{}, map[[2]string]*Tally{}
	fields, perOp := newFields(), map[string]*fields{}
	bodies := map[string]*ErrorBody{}
	for _, x := range r.Results {
		r.Sent++
		if x.Err != nil {
			r.Unsent++
		}
		if !x.Counted {
			r.Uncounted[x.Uncounted]++
			continue
		}
		g := at(versions, x.Version, func() *Group { return &Group{Version: x.Version} })
		o := at(ops, x.Operation, func() *OperationGroup {
			return &OperationGroup{Operation: x.Operation, Level: r.names.level[x.Operation]}
		})
		p := at(pairs, [2]string{x.Version, x.Operation}, func() *Tally { return &Tally{} })
		for _, t := range []*Tally{&r.Total, &g.Tally, &o.Tally, p} {
			t.add(x.Verdict)
		}
		of := at(perOp, x.Operation, newFields)
		if x.Verdict < Exact {
			fields.add(x)
			of.add(x)
		}
		r.errorBody(bodies, x)
	}
	r.Operations, r.Versions = nil, nil
	for _, name := range slices.Sorted(maps.Keys(ops)) {
		o := ops[name]
		o.finish()
		o.Fields = perOp[name].top(5)
		r.Total.Mean += o.Rate / float64(len(ops))
		r.Operations = append(r.Operations, *o)
	}
	for _, pair := range slices.SortedFunc(maps.Keys(pairs), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		g, t := versions[pair[0]], pairs[pair]
		g.Operations++
		g.Mean += ratio(t.Exact, t.Counted)
	}
	for _, v := range slices.Sorted(maps.Keys(versions)) {
		g := versions[v]
		g.finish()
		g.Mean /= float64(g.Operations)
		r.Versions = append(r.Versions, *g)
	}
	r.Total.finish()
	r.Fields = fields.top(100)
	r.Errors = sumErrors(bodies)
	r.leftOut()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func at[K comparable, V any](m map[K]V, key K, make func() V) V {
	v, ok := m[key]
	if !ok {
		v = make()
		m[key] = v
	}
	return v
}

func (r *Report) leftOut() {
	kinds := map[string]*LeftOut{}
	for _, n := range r.Notes {
		at(kinds, n.Kind, func() *LeftOut { return &LeftOut{Kind: n.Kind, Place: n.Place, Text: n.Text} }).Count++
	}
	for _, x := range r.Results {
		if x.Masked {
			at(kinds, "masked", func() *LeftOut {
				return &LeftOut{Kind: "masked", Place: x.Place, Text: "the recorder hid values; what it left of them is compared"}
			}).Count++
		}
	}
	r.LeftOut = nil
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		r.LeftOut = append(r.LeftOut, *kinds[k])
	}
}

// fields counts in how many answers each place differs.
type fields struct{ byPath map[string]*Field }

func newFields() *fields { return &fields{map[string]*Field{}} }

var index = regexp.MustCompile(`\[[0-9]+\]`)

// add counts what keeps an answer from the next better verdict, each place once.
func (f *fields) add(x *Result) {
	seen := map[string]bool{}
	for _, d := range Blocking(x.Verdict, x.Diffs) {
		path := index.ReplaceAllString(d.Path, "[]")
		if path == "" {
			path = "(the whole body)"
		}
		if seen[path] {
			continue
		}
		seen[path] = true
		at(f.byPath, path, func() *Field { return &Field{Path: path, Example: x.Where(), Want: d.Want, Have: d.Have} }).Answers++
	}
}

func (f *fields) top(n int) []Field {
	var out []Field
	for _, v := range f.byPath {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b Field) int { return cmp.Or(b.Answers-a.Answers, cmp.Compare(a.Path, b.Path)) })
	return out[:min(n, len(out))]
}

// errorBody counts an error body of the recordings.
func (r *Report) errorBody(bodies map[string]*ErrorBody, x *Result) {
	if x.Status < 400 || len(r.rules.Errors) == 0 {
		return
	}
	root, _, ok := parse(r.rules.unmask(x.Body))
	if !ok {
		return
	}
	b := &ErrorBody{Status: x.Status, Fields: map[string]string{}, Example: x.Where()}
	key := fmt.Sprint(x.Status)
	for _, path := range r.rules.Errors {
		n := root
		for _, name := range strings.Split(path, ".") {
			n = n.member(name)
		}
		if n == nil || n.kind == nullKind {
			continue
		}
		text := n.text
		if len(r.rules.IDs) > 0 {
			text = r.rules.ids.ReplaceAllStringFunc(text, func(id string) string { return id[:strings.LastIndexByte(id, '_')+1] + "…" })
		}
		b.Fields[path] = text
		key += "\x00" + path + "\x00" + text
	}
	b = at(bodies, key, func() *ErrorBody { return b })
	b.Answers++
	for _, d := range x.Diffs {
		if d.Path == "status" || d.Path == "answer" || d.Path == "" && d.Keeps <= Shape || slices.ContainsFunc(r.rules.Errors, func(path string) bool { return path == d.Path || strings.HasPrefix(path, d.Path+".") }) && d.Path != "" && d.Keeps < Byte && d.Keeps != Exact {
			b.Have = strings.TrimSpace(d.Path + " " + d.Have)
			b.Example = x.Where()
			return
		}
	}
	b.Matched++
}

func sumErrors(bodies map[string]*ErrorBody) ErrorBodies {
	e := ErrorBodies{Distinct: len(bodies), Missing: []ErrorBody{}}
	for _, b := range bodies {
		e.Answers += b.Answers
		e.Matched += b.Matched
		if b.Matched == b.Answers {
			e.Exact++
			continue
		}
		e.Missing = append(e.Missing, *b)
	}
	slices.SortFunc(e.Missing, func(a, b ErrorBody) int {
		return cmp.Or((b.Answers-b.Matched)-(a.Answers-a.Matched), cmp.Compare(a.Example, b.Example))
	})
	return e
}
