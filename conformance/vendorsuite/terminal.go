package vendorsuite

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// TableOptions says what Print prints.
type TableOptions struct {
	Rows  int  // of long tables; negative is all
	Quiet bool // only the headline
}

// Print prints the report for people.
func (r *Report) Print(w io.Writer, o TableOptions) {
	fmt.Fprintf(w, "%s: %s answered exactly as %s (%s); mean over %d operations %s\n", r.Target, share(r.Total.Exact, r.Total.Counted), asWhat[r.Corpus], percent(r.Total.Rate), len(r.Operations), percent(r.Total.Mean))
	if len(r.rules.Errors) > 0 {
		fmt.Fprintf(w, "error bodies: %s distinct ones always answered exactly, %s of their answers\n", share(r.Errors.Exact, r.Errors.Distinct), share(r.Errors.Matched, r.Errors.Answers))
	}
	if o.Quiet {
		return
	}
	r.printVersions(w)
	r.printFields(w, o)
	r.printOperations(w, o)
	r.printErrors(w, o)
	r.printLeftOut(w)
}

// asWhat says what answers are measured by.
var asWhat = map[string]string{Recorded: "recorded", Documented: "documented", Live: "the vendor answers now"}

func share(a, b int) string       { return fmt.Sprintf("%d of %d", a, b) }
func percent(rate float64) string { return fmt.Sprintf("%.1f %%", 100*rate) }

func (r *Report) printVersions(w io.Writer) {
	fmt.Fprintln(w, "\nby version of the vendor's API")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tcounted\texact\tmean over operations\tbyte\texact\tvalues\tshape\tstatus\tdiffers\t")
	row := func(name string, tally *Tally, mean float64) {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t", name, tally.Counted, percent(ratio(tally.Exact, tally.Counted)), percent(mean))
		for v := Byte; ; v-- {
			fmt.Fprintf(t, "%d\t", tally.ByVerdict[v])
			if v == Differs {
				break
			}
		}
		fmt.Fprintln(t)
	}
	for i := range r.Versions {
		v := &r.Versions[i]
		name := printable(v.Version)
		if name == "" {
			name = "all"
		}
		if r.Spoken != nil && slices.Contains(r.Spoken, v.Version) {
			name += " *"
		}
		row(name, &v.Tally, v.Mean)
	}
	row("all", &r.Total, r.Total.Mean)
	t.Flush()
	if r.Spoken != nil {
		other := r.Total.Counted
		for _, v := range r.Versions {
			if slices.Contains(r.Spoken, v.Version) {
				other -= v.Counted
			}
		}
		fmt.Fprintf(w, "  * the mirror speaks it; %d are of others, which it answers in %s\n", other, r.Spoken[0])
	}
}

func rows(n, all int) int {
	if n < 0 {
		return all
	}
	return min(n, all)
}

func (r *Report) printFields(w io.Writer, o TableOptions) {
	n := rows(o.Rows, len(r.Fields))
	if n == 0 {
		return
	}
	fmt.Fprintln(w, "\nwhat most often keeps answers from the next better verdict")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, f := range r.Fields[:n] {
		fmt.Fprintf(t, "  %d\t%s\t%s → %s\t%s\n", f.Answers, printable(f.Path), short(f.Want, 40), short(f.Have, 40), f.Example)
	}
	t.Flush()
}

func short(s string, width int) string { return strings.TrimRight(pad(s, width), " ") }

func (r *Report) printOperations(w io.Writer, o TableOptions) {
	all := slices.Clone(r.Operations)
	slices.SortStableFunc(all, func(a, b OperationGroup) int { return (b.Counted - b.Exact) - (a.Counted - a.Exact) })
	n := rows(o.Rows, len(all))
	if n == 0 {
		return
	}
	fmt.Fprintln(w, "\noperations, those with the most inexact answers first")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  exact\tof\trate\tlevel\toperation\twhat differs most")
	for i := range all[:n] {
		g := &all[i]
		var paths []string
		for _, f := range g.Fields[:min(3, len(g.Fields))] {
			paths = append(paths, fmt.Sprintf("%s (%d)", f.Path, f.Answers))
		}
		fmt.Fprintf(t, "  %d\t%d\t%s\t%s\t%s\t%s\n", g.Exact, g.Counted, percent(g.Rate), g.Level, printable(g.Operation), printable(strings.Join(paths, " ")))
	}
	t.Flush()
	if n < len(all) {
		fmt.Fprintf(w, "  … and %d more\n", len(all)-n)
	}
}

// PrintField lists the exchanges whose answers differ at a place, named as in
// the table of fields.
func (r *Report) PrintField(w io.Writer, path string, o TableOptions) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	n := 0
	for _, x := range r.Results {
		if !x.Counted {
			continue
		}
		for _, d := range x.Diffs {
			if index.ReplaceAllString(d.Path, "[]") != path {
				continue
			}
			if n++; o.Rows < 0 || n <= o.Rows {
				fmt.Fprintf(t, "  %s\t%s\t%s\t%s → %s\t%s\n", x.Verdict, x.Operation, printable(x.Version), short(d.Want, 60), short(d.Have, 60), printable(x.Where()))
			}
			break
		}
	}
	t.Flush()
	switch {
	case n == 0:
		fmt.Fprintf(w, "no answer differs at %s\n", printable(path))
	case o.Rows >= 0 && n > o.Rows:
		fmt.Fprintf(w, "  … and %d more\n", n-o.Rows)
	}
}

func (r *Report) printErrors(w io.Writer, o TableOptions) {
	n := rows(o.Rows, len(r.Errors.Missing))
	if n == 0 {
		return
	}
	fmt.Fprintln(w, "\nerror bodies that are not always answered exactly")
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for i := range r.Errors.Missing[:n] {
		b := &r.Errors.Missing[i]
		fmt.Fprintf(t, "  %d of %d\t%d %s\t%s\t%s\n", b.Matched, b.Answers, b.Status, short(b.text(r.rules), 90), short(b.Have, 50), b.Example)
	}
	t.Flush()
	if n < len(r.Errors.Missing) {
		fmt.Fprintf(w, "  … and %d more\n", len(r.Errors.Missing)-n)
	}
}

// text prints the fields of an error body in their order.
func (b *ErrorBody) text(r *Rules) string {
	var parts []string
	for _, path := range r.Errors {
		if v := b.Fields[path]; v != "" {
			parts = append(parts, v)
		}
	}
	return strings.Join(parts, " | ")
}

func (r *Report) printLeftOut(w io.Writer) {
	fmt.Fprintf(w, "\nexchanges sent: %d of %d; cassettes: %d; without an answer: %d; objects imported: %d\n", r.Sent, r.Recorded, r.Cassettes, r.Unsent, r.Seeded)
	if r.Settled > 0 {
		fmt.Fprintf(w, "  %d of the cassettes began with what earlier ones show of their account\n", r.Settled)
	}
	if r.Eligible != "" {
		fmt.Fprintf(w, "  %s says which of them count\n", printable(r.Eligible))
	}
	for _, reason := range sortedKeys(r.Uncounted) {
		fmt.Fprintf(w, "  %d sent, not counted: %s\n", r.Uncounted[reason], reason)
	}
	for _, l := range r.LeftOut {
		fmt.Fprintf(w, "  %d %s: %s: %s\n", l.Count, l.Kind, l.Place, printable(strings.Join(strings.Fields(l.Text), " ")))
	}
}
