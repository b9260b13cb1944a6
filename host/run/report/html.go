package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string

	page = template.Must(template.New("page").Parse(pageText))
	// pageStyleHash lets the page's one style in, and no other: no attribute, no file.
	pageStyleHash = func() string {
		sum := sha256.Sum256([]byte(pageStyle))
		return base64.StdEncoding.EncodeToString(sum[:])
	}()
)

// What a page holds at most, so that a browser opens it at once. What is left out is
// named where it would be; JSON has it.
const (
	pageEvidence = 6 << 20 // bytes of evidence, escaped
	pageOutput   = 8 << 20 // bytes of outputs and diffs, escaped
	pageCells    = 50_000  // of all grids
	gridRounds   = 50      // columns of a grid
	mostFindings = 25      // of a criterion
	openEvidence = 20      // criteria whose evidence is open at first
	pageTooMuch  = "left out: the page would be too large; --json has it"
)

// HTML writes one page that needs nothing else: no script, and no request of any kind,
// which its Content-Security-Policy holds it to.
func HTML(w io.Writer, runs []host.Run) error {
	h := &htmlPage{evidence: pageEvidence, output: pageOutput, cells: pageCells}
	v := view{Style: template.CSS(pageStyle), Hash: pageStyleHash, Verdict: verdictOf(Overall(runs)), Counts: counts(runs)}
	for i := range runs {
		v.Scenarios = append(v.Scenarios, h.scenario(&runs[i], i))
	}
	v.Title, v.Several = v.Counts, len(runs) != 1
	if !v.Several {
		v.Title = v.Scenarios[0].Verdict.Word + ": " + v.Scenarios[0].Title
	}
	return page.Execute(w, &v)
}

// The types that page.html shows.
type (
	view struct {
		Style         template.CSS
		Hash          string
		Title, Counts string
		Verdict       verdictView
		Several       bool
		Scenarios     []scenarioView
	}
	verdictView struct{ Sign, Word, Class string }

	scenarioView struct {
		ID, Title, File string
		Verdict         verdictView
		Reason, Hint    string
		Score           string
		ScoreLine       string
		Bar             []barView
		Facts           []factView
		Notes           []string
		Warnings        []string
		GridRounds      []int  // columns; none when there is one round
		GridNote        string // what the grid leaves out
		Criteria        []criterionView
		Rounds          []roundView
		Mirrors         []host.RunMirror
		Judge           string
		When, WhenISO   string
		Took            string
	}
	barView  struct{ Class, X, Width string } // percents
	factView struct{ Name, Value string }

	criterionView struct {
		Anchor, ID, Kind string
		Label, Whole     string // Whole is the text when Label is cut
		Line             int
		Sign, Word       string
		Tally            string
		Untagged         string
		Cells            []cellView
		Understood       []factView // what all rounds have alike
		Findings         []findingView
		More             string
		Open             bool
	}
	cellView    struct{ Class, Sign, Title string }
	findingView struct {
		Sign, Word, Rounds string
		Parts              []factView
		Traces             []string
	}
	roundView struct {
		Round                 int
		Verdict               verdictView
		Reason, Took, Session string
		Driver, Application   string
		WorkDir, Changed      string
		Outputs               []outputView
		DiffLeftOut           string
		Holds                 string // what its outputs are, "" for nothing
		Open                  bool
		Diff                  []diffLine
	}
	outputView struct{ Name, Command, Text string }
)

type htmlPage struct{ evidence, output, cells int }

func verdictOf(v host.Verdict) verdictView {
	class := "open"
	switch verdictSign(v) {
	case signPassed:
		class = "good"
	case signFailed:
		class = "bad"
	}
	return verdictView{verdictSign(v), verdictWord(v), class}
}

// afford is text while budget lasts.
func afford(budget *int, s string) (string, bool) {
	n := len(s) + 4*(strings.Count(s, "<")+strings.Count(s, ">")+strings.Count(s, "&")+strings.Count(s, `"`)+strings.Count(s, "'")+strings.Count(s, "+"))
	if n > *budget {
		return pageTooMuch, false
	}
	*budget -= n
	return s, true
}

func (h *htmlPage) scenario(r *host.Run, i int) scenarioView {
	v := scenarioView{
		ID: "s" + strconv.Itoa(i+1), Title: short(titleOf(r), 1000), File: short(line(r.File), 1000), Verdict: verdictOf(r.Verdict),
		Reason: short(line(r.Reason), 4000), Hint: short(line(r.Hint), 4000), Score: scoreWord(r), ScoreLine: scoreLine(r), Took: took(r.DurationMS), Mirrors: cleanMirrors(r.Mirrors),
	}
	if !r.StartedAt.IsZero() {
		at := r.StartedAt.UTC()
		v.When, v.WhenISO = at.Format("2006-01-02 15:04:05 UTC"), at.Format(time.RFC3339)
	}
	for _, f := range []factView{{"run", line(r.RunID)}, {"session", line(r.SessionID)}, {"tags", line(strings.Join(r.Tags, ", "))}, {"dashboard", line(r.DashboardURL)}} {
		if f.Value != "" {
			v.Facts = append(v.Facts, f)
		}
	}
	if r.SeedValue != nil {
		v.Facts = append(v.Facts, factView{"seed value", strconv.FormatInt(*r.SeedValue, 10)})
	}
	for _, s := range []string{fewerRounds(r), gateLine(r)} {
		if s != "" {
			v.Notes = append(v.Notes, s)
		}
	}
	for k, s := range r.Warnings {
		if k == 100 {
			v.Warnings = append(v.Warnings, plural(len(r.Warnings)-k, "more warning"))
			break
		}
		v.Warnings = append(v.Warnings, short(line(s), 2000))
	}
	if r.Judge != nil {
		v.Judge = judgeLine(r.Judge)
	}
	v.Bar = bar(r)
	h.criteria(r, &v)
	told := false // one round's output is open: the first that was stopped
	for k := range r.Rounds {
		round := &r.Rounds[k]
		rv := h.round(round)
		if bad := round.Driver != nil && round.Driver.Exit != "" || round.Verdict == host.VerdictError || round.Verdict == host.VerdictTimeout; bad && !told {
			rv.Open, told = true, true
		}
		v.Rounds = append(v.Rounds, rv)
	}
	return v
}

// bar is the outcomes of all rounds side by side.
func bar(r *host.Run) []barView {
	var n [4]int
	for i := range r.Criteria {
		c := &r.Criteria[i]
		n[0], n[1], n[2], n[3] = n[0]+c.Passed, n[1]+c.Failed, n[2]+c.Errored, n[3]+c.Skipped
	}
	total := n[0] + n[1] + n[2] + n[3]
	var all []barView
	x := 0
	for i, class := range []string{"passed", "failed", "errored", "skipped"} {
		if n[i] > 0 {
			all = append(all, barView{class, share(x, total), share(n[i], total)})
		}
		x += n[i]
	}
	return all
}

func share(n, total int) string { return fmt.Sprintf("%.3f%%", float64(n)*100/float64(total)) }

func (h *htmlPage) criteria(r *host.Run, v *scenarioView) {
	rounds := roundNumbers(r)
	if len(rounds) > 1 {
		columns := min(len(rounds), gridRounds)
		if columns*len(r.Criteria) > h.cells {
			columns = h.cells / max(len(r.Criteria), 1)
		}
		h.cells -= columns * len(r.Criteria)
		if columns < len(rounds) {
			v.GridNote = fmt.Sprintf("%s are drawn of %s; all are counted.", plural(columns, "round"), thousands(int64(len(rounds))))
		}
		v.GridRounds = rounds[:columns]
	}
	open := 0
	for i := range r.Criteria {
		c := &r.Criteria[i]
		outcome := outcomeOf(c)
		cv := criterionView{
			Anchor: v.ID + "c" + strconv.Itoa(i+1), ID: short(line(c.ID), 100), Kind: line(c.Kind), Line: c.Line, Label: short(line(c.Label), 400),
			Sign: signOf(outcome), Word: line(string(outcome)), Tally: tally(c),
		}
		if whole := line(c.Label); len(whole) > 400 {
			cv.Whole, _ = afford(&h.evidence, short(whole, 20_000))
		}
		if c.Untagged != "" {
			cv.Untagged, _ = afford(&h.evidence, short(line(c.Untagged), 2000))
		}
		if !allPassed(c) && open < openEvidence {
			cv.Open = true
			open++
		}
		byRound := map[int]host.Outcome{}
		for _, e := range c.Evidence {
			byRound[e.Round] = e.Outcome
		}
		for _, n := range v.GridRounds {
			cv.Cells = append(cv.Cells, cell(n, byRound))
		}
		h.findings(r, c, &cv)
		v.Criteria = append(v.Criteria, cv)
	}
}

func cell(round int, outcomes map[int]host.Outcome) cellView {
	o, looked := outcomes[round]
	if !looked {
		return cellView{"none", "·", fmt.Sprintf("round %d: not looked at", round)}
	}
	class := "errored"
	switch o {
	case host.Passed, host.Failed, host.Skipped:
		class = string(o)
	}
	return cellView{class, signOf(o), fmt.Sprintf("round %d: %s", round, line(string(o)))}
}

func (h *htmlPage) findings(r *host.Run, c *host.RunCriterion, cv *criterionView) {
	all := findings(r, c)
	if len(all) > 1 {
		cv.Understood = h.understood(all)
	}
	for k, f := range all {
		if k == mostFindings {
			rest := 0
			for _, f := range all[k:] {
				rest += len(f.Rounds)
			}
			cv.More = "and otherwise in " + plural(rest, "more round")
			break
		}
		fv := findingView{Sign: signOf(f.Outcome), Word: line(string(f.Outcome))}
		if r.Runs > 1 || len(r.Rounds) > 1 {
			fv.Rounds = roundsText(f.Rounds)
		}
		judge := line(f.Model)
		if judge != "" && f.Cached > 0 {
			judge += fmt.Sprintf(" (%d of %d known already)", f.Cached, len(f.Rounds))
		}
		for _, p := range []factView{{"found", f.Found}, {"expected", f.Expected}, {"query", f.Query}, {"source", f.Source}, {"model", judge}} {
			if s := line(p.Value); s != "" {
				s, _ = afford(&h.evidence, short(s, 8000))
				fv.Parts = append(fv.Parts, factView{p.Name, s})
			}
		}
		for i := range f.Traces {
			if i == 5 && len(f.Traces) > 6 {
				fv.Traces = append(fv.Traces, "and in "+plural(len(f.Traces)-i, "more round"))
				break
			}
			s, _ := afford(&h.evidence, f.Traces[i].text())
			fv.Traces = append(fv.Traces, s)
		}
		cv.Findings = append(cv.Findings, fv)
	}
}

func (h *htmlPage) round(r *host.RunRound) roundView {
	v := roundView{Round: r.Round, Verdict: verdictOf(r.Verdict), Reason: short(line(r.Reason), 2000), Took: took(r.DurationMS), Session: line(r.SessionID), WorkDir: line(r.WorkDir)}
	var holds []string
	for _, t := range []struct {
		name string
		task *host.RunTask
		end  *string
	}{{"driver", r.Driver, &v.Driver}, {"application", r.Application, &v.Application}} {
		if t.task == nil {
			continue
		}
		*t.end = exited(t.task.Exit, t.task.DurationMS)
		text, _ := afford(&h.output, strings.TrimRight(clean(t.task.Output), "\n"))
		v.Outputs = append(v.Outputs, outputView{t.name, short(line(t.task.Command), 1000), text})
		holds = append(holds, t.name)
	}
	if r.Diff != "" {
		v.Changed = changed(r.Diff)
		holds = append(holds, "diff of the work tree")
		const span = len(`<span class="add"></span>`) // of each line
		if need := span * strings.Count(r.Diff, "\n"); need > h.output {
			v.DiffLeftOut = "diff of the work tree: " + pageTooMuch
		} else if _, ok := afford(&h.output, r.Diff); ok {
			h.output -= need
			v.Diff = diffLines(r.Diff)
		} else {
			v.DiffLeftOut = "diff of the work tree: " + pageTooMuch
		}
	}
	v.Holds = strings.Join(holds, ", ")
	return v
}

// understood takes out of findings how the criterion was understood, where that is the
// same of all.
func (h *htmlPage) understood(all []finding) []factView {
	var parts []factView
	for _, p := range []struct {
		name string
		of   func(*finding) *string
	}{
		{"expected", func(f *finding) *string { return &f.Expected }},
		{"query", func(f *finding) *string { return &f.Query }},
		{"source", func(f *finding) *string { return &f.Source }},
	} {
		first := *p.of(&all[0])
		if line(first) == "" || slices.ContainsFunc(all, func(f finding) bool { return *p.of(&f) != first }) {
			continue
		}
		for i := range all {
			*p.of(&all[i]) = ""
		}
		s, _ := afford(&h.evidence, short(line(first), 8000))
		parts = append(parts, factView{p.name, s})
	}
	return parts
}

// roundNumbers are the rounds that took place or have evidence, which is what there is of
// runs that were kept without their rounds.
func roundNumbers(r *host.Run) []int {
	most := 0
	for i := range r.Rounds {
		most = max(most, r.Rounds[i].Round)
	}
	for i := range r.Criteria {
		for _, e := range r.Criteria[i].Evidence {
			most = max(most, e.Round)
		}
	}
	var all []int
	for n := 1; n <= min(most, 1000); n++ { // so many rounds a scenario may have
		all = append(all, n)
	}
	return all
}

func cleanMirrors(mirrors []host.RunMirror) []host.RunMirror {
	var all []host.RunMirror
	for _, m := range mirrors {
		all = append(all, host.RunMirror{Name: line(m.Name), Version: line(m.Version), Digest: line(m.Digest)})
	}
	return all
}
