package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

func (a *app) fidelityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fidelity", Short: "Measure how exactly mirrors answer as their vendors did", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.fidelityRunCommand(), a.fidelityRecordCommand(), a.fidelityDriftCommand())
	return cmd
}

type fidelityFlags struct {
	mirror, eligible string
	peer             peerFlags
	filter           vendorsuite.Filter
	explain          string
	whole            bool
	field            string
	masks            []string
	html             string
	baseline         string
	update           bool
	exchanges        bool
	rows             int
	parallel         int
	fresh            bool
	checked          string // the day of a measurement of the vendor itself
}

func (a *app) fidelityRunCommand() *cobra.Command {
	var f fidelityFlags
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "Replay recorded exchanges and compare the answers",
		Long: `Replay recorded exchanges, one fresh session for each cassette, and compare the
answers with the recorded ones. Recordings are JSON lines, VCR cassettes or HAR
archives, gzipped or not, or folders of them.`,
		Example: "  mirra fidelity run cassettes/\n  mirra fidelity run cassettes/ --explain charge.yml\n  mirra fidelity run cassettes/ --operation 'PostPaymentIntents*' --baseline fidelity.json",
		Args:    rangeArgs(1, -1, "recordings: files or folders"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return a.fidelityRun(cmd.Context(), args, &f)
		},
	}
	f.add(cmd.Flags())
	fs := cmd.Flags()
	fs.StringVar(&f.eligible, "eligible", "", "JSON file that says which exchanges count; else eligible.json beside the recordings, else all do")
	fs.StringVar(&f.filter.Version, "api", "", "count only this version of the vendor's API, or those that begin so")
	fs.StringVar(&f.filter.Source, "source", "", "count only cassettes with this in their name")
	fs.StringVar(&f.explain, "explain", "", "show the exchanges of cassettes with this in their name, SOURCE or SOURCE#ORDER")
	fs.BoolVar(&f.fresh, "fresh", false, "begin every cassette with a fresh account, not with what earlier ones show of its")
	fs.IntVar(&f.parallel, "parallel", 0, "cassettes replayed at once; 0 is one for each processor")
	fs.StringArrayVar(&f.masks, "mask", nil, "what a text hides that a recorder put in place of another: '<API_VERSION>=2026-01-28' (repeatable)")
	return cmd
}

// add declares the flags that every measurement has.
func (f *fidelityFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.mirror, "mirror", "", "the mirror to measure, stripe or stripe@2024-06; else the vendor's that was recorded")
	fs.StringVar(&f.filter.Operation, "operation", "", "count only operations that match, PostCustomers or 'Post*'")
	fs.BoolVar(&f.whole, "whole", false, "with --explain: whole bodies, not only what differs; a single exchange is shown whole anyway")
	fs.StringVar(&f.field, "field", "", "list the exchanges whose answers differ there: data[].amount, 'header retry-after'")
	fs.IntVar(&f.rows, "rows", 20, "rows of tables; -1 is all")
	fs.BoolVar(&f.exchanges, "exchanges", false, "with --json: every exchange with its verdict and differences, values of the recordings included")
	fs.StringVar(&f.html, "html", "", "write a page with the figures to this file")
	fs.StringVar(&f.baseline, "baseline", "", "fail when an exact answer that this file has is lost")
	fs.BoolVar(&f.update, "update-baseline", false, "write what is exact now to the baseline")
	f.peer.add(fs)
}

// check finds flags that do not fit together.
func (f *fidelityFlags) check(cmd *cobra.Command) error {
	if f.update && f.baseline == "" {
		return &usageError{text: "--update-baseline needs --baseline FILE"}
	}
	if _, err := filepath.Match(f.filter.Operation, ""); err != nil {
		return &usageError{text: fmt.Sprintf("--operation %q: %s", f.filter.Operation, err)}
	}
	for _, m := range f.masks {
		if mask, _, ok := strings.Cut(m, "="); !ok || mask == "" {
			return &usageError{text: fmt.Sprintf("--mask %q: want the mask and what it hides, '<KEY>=value'", m)}
		}
	}
	if f.explain != "" {
		source, order, ok := cutLast(f.explain, "#")
		n, err := strconv.Atoi(order)
		if ok && err == nil {
			f.filter.Order = &n
		} else {
			source = f.explain
		}
		f.filter.Source = source
	}
	return f.peer.check(cmd)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func (a *app) fidelityRun(ctx context.Context, paths []string, f *fidelityFlags) error {
	only := "" // the others say what these begin with
	if f.fresh {
		only = f.filter.Source
	}
	recordings, err := vendorsuite.ReadSource(only, paths...)
	if err != nil {
		return err
	}
	if f.filter.Source != "" && !recordings.Has(f.filter.Source) {
		return &usageError{text: fmt.Sprintf("no cassette in %s has %q in its name", strings.Join(paths, ", "), f.filter.Source)}
	}
	if recordings.Len() == 0 {
		for _, n := range recordings.Notes {
			a.out.note("%s: %s: %s", n.Kind, n.Place, n.Text)
		}
		return &usageError{text: "no exchanges in " + strings.Join(paths, ", "), hint: "recordings are .jsonl, .yml, .yaml and .har files, with or without .gz"}
	}
	ref := cmp.Or(f.mirror, recordings.Vendor())
	if ref == "" {
		return &usageError{text: "no known vendor's hosts are in the recordings", hint: "name the mirror: --mirror NAME"}
	}
	vendor, _, _ := strings.Cut(ref, "@")
	eligible, err := f.classify(recordings, vendor, paths)
	if err != nil {
		return err
	}
	report, err := a.fidelityMeasure(ctx, recordings, ref, f)
	if err != nil {
		return err
	}
	report.Eligible = eligible
	return a.fidelityReport(report, f)
}

// fidelityMeasure replays recordings against what flags name.
func (a *app) fidelityMeasure(ctx context.Context, recordings *vendorsuite.Recordings, ref string, f *fidelityFlags) (*vendorsuite.Report, error) {
	vendor, _, _ := strings.Cut(ref, "@")
	o := vendorsuite.Options{Rules: vendorsuite.For(vendor), Parallel: f.parallel, Filter: f.filter, Fresh: f.fresh}
	for _, m := range f.masks {
		mask, hidden, _ := strings.Cut(m, "=")
		o.Rules.Masks[mask] = hidden
	}
	if isTerminal(a.stderr) && !a.flags.quiet && !a.flags.json {
		o.Done = func(done, all int) { fmt.Fprintf(a.stderr, "\r→ %d of %d cassettes", done, all) }
	}
	if f.explain != "" || f.exchanges {
		o.Keep = func(string) bool { return true }
	}
	target, err := a.fidelityTarget(ctx, ref, f, &o)
	if err != nil {
		return nil, err
	}
	report, err := vendorsuite.Replay(ctx, target, recordings, o)
	if o.Done != nil {
		fmt.Fprint(a.stderr, "\r\x1b[K")
	}
	if e := target.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	report.Named(target.name(), !f.peer.set())
	report.Spoken = target.spoken()
	return report, nil
}

// classify says which exchanges count, and returns the file that it has this
// from, "" for none.
func (f *fidelityFlags) classify(r *vendorsuite.Recordings, vendor string, paths []string) (file string, err error) {
	file = f.eligible
	if file == "" {
		beside := filepath.Join(filepath.Dir(paths[0]), "eligible.json")
		if _, err := os.Stat(beside); err == nil {
			file = beside
		}
	}
	if file == "" {
		r.Classify(nil)
		return "", nil
	}
	e, err := vendorsuite.ReadEligible(file, vendor)
	if err == nil {
		r.Classify(e)
	}
	return file, err
}

// fidelityTarget is what is measured.
type fidelityTarget interface {
	vendorsuite.Target
	io.Closer
	name() string
	spoken() []string // versions of the vendor's API; nil is not known
}

func (a *app) fidelityTarget(ctx context.Context, ref string, f *fidelityFlags, o *vendorsuite.Options) (fidelityTarget, error) {
	if f.peer.set() {
		// The mirror of the same vendor knows its operations.
		vendor, _, _ := strings.Cut(ref, "@")
		if m := a.newestManifest(ctx, vendor); m != nil {
			o.Operations = operationsOf(m)
			for i := range o.Operations {
				o.Operations[i].Level = "" // the mirror's claim
			}
		}
		return f.peer.target(), nil
	}
	t, err := a.newMirrorTarget(ctx, ref)
	if err != nil {
		return nil, err
	}
	o.Operations = operationsOf(t.manifest)
	return t, nil
}

// fidelityReport prints and writes what was found, and fails if it lost
// something.
func (a *app) fidelityReport(r *vendorsuite.Report, f *fidelityFlags) error {
	var lost []vendorsuite.Lost
	unseen := 0
	if f.baseline != "" {
		b, err := vendorsuite.ReadBaseline(f.baseline)
		if err != nil {
			return err
		}
		lost, unseen = b.Lost(r)
		if f.update {
			b.Update(r, f.filter == (vendorsuite.Filter{}), f.checked)
			if err := b.Write(f.baseline); err != nil {
				return err
			}
		}
	}
	if f.html != "" {
		if err := writeHTML(r, f.html); err != nil {
			return err
		}
	}
	switch {
	case a.flags.json:
		if f.exchanges {
			r.KeepExchanges()
		}
		if err := a.out.object(r); err != nil {
			return err
		}
	case f.explain != "":
		a.explain(r, f)
	case f.field != "":
		r.PrintField(a.stdout, f.field, vendorsuite.TableOptions{Rows: f.rows})
	default:
		w := bufio.NewWriter(a.stdout)
		r.Print(w, vendorsuite.TableOptions{Rows: f.rows, Quiet: a.flags.quiet})
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return a.fidelityGate(lost, unseen, f)
}

// fidelityGate names what was lost since the baseline.
func (a *app) fidelityGate(lost []vendorsuite.Lost, unseen int, f *fidelityFlags) error {
	for _, l := range lost {
		var paths []string
		for _, d := range vendorsuite.Blocking(l.Verdict, l.Diffs) {
			paths = append(paths, d.Path)
		}
		paths = paths[:min(5, len(paths))]
		a.out.note("lost: %s %s: was %s, is %s: %s", printable(l.Where()), l.Operation, l.Was, l.Verdict, printable(strings.Join(paths, ", ")))
	}
	if f.baseline != "" && unseen > 0 && f.filter == (vendorsuite.Filter{}) {
		a.out.note("%d exchanges of %s are not in these recordings", unseen, f.baseline)
	}
	switch {
	case f.update:
		a.out.say("✓ baseline %s written", f.baseline)
	case len(lost) > 0:
		a.out.note("%s of %s lost", plural(len(lost), "exact answer"), f.baseline)
		return &exitError{exitFailed}
	case f.baseline != "":
		a.out.say("✓ nothing of %s is lost", f.baseline)
	}
	return nil
}

func writeHTML(r *vendorsuite.Report, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = r.HTML(file)
	if e := file.Close(); err == nil {
		err = e
	}
	return err
}

// explain shows exchanges one by one.
func (a *app) explain(r *vendorsuite.Report, f *fidelityFlags) {
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || width < 60 {
		width = 160
	}
	w := bufio.NewWriter(a.stdout)
	defer w.Flush()
	source := ""
	for _, x := range r.Results {
		if !x.Selected() {
			continue
		}
		if x.Source != source {
			source = x.Source
			fmt.Fprintf(w, "%s\n\n", printable(source))
		}
		r.Explain(w, x, width, f.whole || f.filter.Order != nil)
	}
	sources := map[string]bool{}
	for _, x := range r.Results {
		sources[x.Source] = true
	}
	if !slices.ContainsFunc(r.Results, func(x *vendorsuite.Result) bool { return x.Source == f.filter.Source }) && len(sources) > 1 {
		fmt.Fprintf(w, "%d cassettes have %q in their names\n", len(sources), f.filter.Source)
	}
}
