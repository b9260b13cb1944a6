package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/run"
	reports "github.com/mirrahq/mirra/host/run/report"
	"github.com/mirrahq/mirra/host/scenario"
)

// runFlags are those of mirra run.
type runFlags struct {
	runs      int
	parallel  int
	driver    string
	agent     string
	fixtures  []string
	timeout   string
	failBelow float64
	judge     string
	tags      []string
	ci        bool
	explain   bool
	junit     string
	outputs   []string

	runsGiven bool
}

func (a *app) runScenarios() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [FILE...]",
		Short: "Run scenarios, and say whether the application did what it was to do",
		Long: `Run scenarios: for each a session with its mirrors and seeds is started, the driver or
the agent does what it does, and the criteria are decided. A folder is all scenarios
below it, a file with ** all that match; without any it is the folder scenarios.

Exit codes: 0 pass, 1 fail, 2 time-out, 3 a mirror could not be provisioned, 4 a
scenario is at fault, 5 undecided, 64 usage. Of several scenarios the first that applies
of 64, 4, 3, 2, 1, 5, 0.`,
		Example: "  mirra run scenarios/refund.md\n  mirra run --runs 5 --parallel 4 --junit report.xml scenarios\n  mirra run --agent claude-code --fail-below 0.8 'examples/**/*.md'",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.runsGiven = cmd.Flags().Changed("runs")
			return a.run(cmd.Context(), &f, args)
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&f.runs, "runs", 0, "how often each scenario runs, else as it says, else once")
	fl.IntVar(&f.parallel, "parallel", 1, "how many runs go on at a time")
	fl.StringVar(&f.driver, "driver", "", "the command that drives each run, in place of what the scenario says")
	fl.StringVar(&f.agent, "agent", "", "the agent that does, one of "+strings.Join(scenario.Agents, ", "))
	fl.StringArrayVar(&f.fixtures, "fixture", nil, "a named seed in place of the scenario's, or MIRROR=NAME (repeatable)")
	fl.StringVar(&f.timeout, "timeout", "", "how long each run may take, in place of what the scenario says")
	fl.Lookup("timeout").Annotations = map[string][]string{notASetting: {}}
	fl.Float64Var(&f.failBelow, "fail-below", 1, "the score that passes, from 0 to 1")
	fl.StringVar(&f.judge, "judge", "auto", "who decides [P]: auto asks a model if there is a key, require must, off skips them")
	fl.StringSliceVar(&f.tags, "tag", nil, "only scenarios that have one of these tags")
	fl.BoolVar(&f.ci, "ci", false, "as CI wants it: needs mirra.lock, and adds a summary to GITHUB_STEP_SUMMARY")
	fl.BoolVar(&f.explain, "explain", false, "say how each criterion is understood, and what a model is sent")
	fl.StringVar(&f.junit, "junit", "", "write a JUnit report to this file")
	fl.StringArrayVar(&f.outputs, "output", nil, "write a report, by the file's ending: .html, .md, .json or .xml (repeatable)")
	return a.sessionFlag(cmd)
}

func (a *app) run(ctx context.Context, f *runFlags, args []string) error {
	if err := f.check(); err != nil {
		return err
	}
	files, err := a.scenarioFiles(args)
	if err != nil {
		return err
	}
	scenarios, err := a.readScenarios(ctx, files, f)
	if err != nil {
		return err
	}
	if len(scenarios) == 0 {
		return &usageError{text: "no scenario has the tag " + strings.Join(f.tags, " or "), hint: "mirra run without --tag runs all"}
	}
	r, err := a.newRunner(ctx, f, scenarios)
	if err != nil {
		return err
	}
	runs := r.all(ctx, scenarios)
	return a.reportRuns(ctx, f, runs)
}

// check reports all that is wrong with the flags.
func (f *runFlags) check() error {
	var faults []string
	bad := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if f.runsGiven && (f.runs < 1 || f.runs > scenario.MaxRuns) {
		bad("--runs %d: want 1 to %d", f.runs, scenario.MaxRuns)
	}
	const mostParallel = 64
	if f.parallel < 1 || f.parallel > mostParallel {
		bad("--parallel %d: want 1 to %d", f.parallel, mostParallel)
	}
	if !(f.failBelow >= 0 && f.failBelow <= 1) { // NaN is neither
		bad("--fail-below %v: want 0 to 1", f.failBelow)
	}
	if !slices.Contains([]string{"auto", "require", "off"}, f.judge) {
		bad("--judge %q: want auto, require or off", f.judge)
	}
	if f.driver != "" && f.agent != "" {
		bad("--driver and --agent: one of them drives a run")
	}
	if f.timeout != "" {
		if d, err := host.ParseDuration(f.timeout); err != nil || d <= 0 {
			bad("--timeout %q: want a duration such as 90s", f.timeout)
		}
	}
	for _, path := range f.outputs {
		if _, err := reports.Format(path); err != nil {
			bad("--output %v; %s", err, hint(err))
		}
	}
	if err := checkAgent(f.agent); err != nil {
		bad("%s", strings.TrimSuffix(err.Error()+"; "+hint(err), "; "))
	}
	if faults != nil {
		return &usageError{text: strings.Join(faults, "\n"), hint: "mirra run --help"}
	}
	return nil
}

// scenarioFiles finds the files that arguments mean.
func (a *app) scenarioFiles(args []string) ([]string, error) {
	given := args
	if len(args) == 0 {
		args = []string{"scenarios"}
	}
	var out []string
	var faults *multierror.Error
	add := func(file string) {
		if !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	for _, arg := range args {
		info, err := os.Stat(a.inWorkingDir(arg))
		switch {
		case err == nil && !info.IsDir():
			add(arg)
			continue
		case err != nil && strings.Contains(arg, "*"):
			// What the shell left alone.
			root, _, _ := strings.Cut(filepath.ToSlash(arg), "*")
			err = a.walkScenarios(path.Dir(root+"x"), func(file string) {
				if matchPath(filepath.ToSlash(arg), filepath.ToSlash(file)) {
					add(file)
				}
			})
		case err == nil:
			err = a.walkScenarios(arg, add)
		case len(given) == 0:
			return nil, &usageError{text: "which scenarios? There is no folder scenarios here", hint: "mirra init writes a first one; mirra run FILE runs one"}
		}
		if err != nil {
			faults = multierror.Append(faults, err)
		}
	}
	if faults != nil {
		faults.ErrorFormat = lines
		return nil, &usageError{text: faults.Error(), hint: "mirra scenario new FILE starts a scenario"}
	}
	if len(out) == 0 {
		return nil, &usageError{text: "no scenario is there: " + strings.Join(args, ", "), hint: "scenarios are Markdown files, *.md"}
	}
	return out, nil
}

// walkScenarios calls add for each Markdown file below a folder, but for those of
// installed packages, hidden folders and README files.
func (a *app) walkScenarios(folder string, add func(file string)) error {
	root := a.inWorkingDir(folder)
	return filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := e.Name()
		if e.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || base == "node_modules" || base == "vendor") {
				return fs.SkipDir
			}
			return nil
		}
		if strings.EqualFold(filepath.Ext(base), ".md") && !strings.EqualFold(strings.TrimSuffix(base, filepath.Ext(base)), "readme") {
			below, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			add(filepath.Join(folder, below))
		}
		return nil
	})
}

// matchPath matches a path with a pattern in which ** is any number of folders.
func matchPath(pattern, name string) bool {
	return matchParts(strings.Split(path.Clean(pattern), "/"), strings.Split(path.Clean(name), "/"))
}

func matchParts(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		for i := 0; i <= len(name); i++ {
			if matchParts(pattern[1:], name[i:]) {
				return true
			}
		}
		return false
	}
	if len(name) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], name[0])
	return err == nil && ok && matchParts(pattern[1:], name[1:])
}

// readScenarios reads all files and reports all that is wrong with all of them.
func (a *app) readScenarios(ctx context.Context, files []string, f *runFlags) ([]*scenario.Scenario, error) {
	texts, err := a.scenarioTexts(files)
	if err != nil {
		return nil, err
	}
	mirrors, err := a.catalogue(ctx)
	if err != nil {
		return nil, err
	}
	o := scenario.Options{Mirrors: mirrors, Driven: f.driver != "" || f.agent != ""}
	var out []*scenario.Scenario
	all := checkedScenarios{Valid: true, Scenarios: []checkedJSON{}}
	var usage *multierror.Error
	for i, file := range files {
		s, err := scenario.Parse(file, texts[i], o)
		if err == nil {
			err = a.checkRun(s)
		}
		all.Scenarios = append(all.Scenarios, checked(s, err))
		if err != nil {
			all.Valid = false
			if !a.flags.json {
				a.printChecked(s, err, false)
			}
			continue
		}
		if err := f.apply(s, mirrors); err != nil {
			usage = multierror.Append(usage, err)
		}
		if len(f.tags) == 0 || slices.ContainsFunc(f.tags, func(t string) bool { return slices.Contains(s.Config.Tags, t) }) {
			out = append(out, s)
		}
	}
	if usage != nil {
		return nil, together(usage.Errors)
	}
	if all.Valid {
		return out, nil
	}
	if a.flags.json {
		if err := a.out.object(all); err != nil {
			return nil, err
		}
	}
	return nil, &exitError{exitScenario}
}

// checkRun finds what keeps a scenario that is sound by itself from being run.
func (a *app) checkRun(s *scenario.Scenario) error {
	var faults *multierror.Error
	bad := func(at scenario.Position, format string, args ...any) {
		faults = multierror.Append(faults, &scenario.Fault{File: s.File, Position: at, Message: fmt.Sprintf(format, args...)})
	}
	mirrors := run.Mirrors(s)
	if len(mirrors) == 0 && a.cfg.Session == "" {
		bad(scenario.Position{Line: 1, Column: 1}, "which mirrors? None is named, and no criterion is about one: say below ## Config: - mirrors: stripe")
	}
	if c := &s.Config; c.FixtureFile != "" && len(mirrors) > 0 {
		named := map[string]*abi.Manifest{}
		for _, m := range mirrors {
			named[m.Name] = &abi.Manifest{} // that it is there is all that is asked
		}
		if err := a.seedFromFile(map[string]host.Seed{}, a.besideScenario(s, c.FixtureFile), named); err != nil {
			bad(c.FixtureFileAt, "fixture-file %s: %v", c.FixtureFile, err)
		}
	}
	return faults.ErrorOrNil()
}

// together is wrong usage of several kinds, each thing once, with the first hint.
func together(errs []error) error {
	all := &usageError{}
	var texts []string
	for _, err := range errs {
		if !slices.Contains(texts, err.Error()) {
			texts = append(texts, err.Error())
		}
		all.hint = cmp.Or(all.hint, hint(err))
	}
	all.text = strings.Join(texts, "\n")
	return all
}

// apply puts flags in the place of what a scenario says.
func (f *runFlags) apply(s *scenario.Scenario, mirrors []host.CatalogEntry) error {
	c := &s.Config
	if f.driver != "" {
		c.Driver, c.Agent = f.driver, ""
	}
	if f.agent != "" {
		if s.Prompt == "" {
			return &usageError{text: s.File + ": an agent needs a section ## Prompt: what it is to do"}
		}
		c.Driver, c.Agent = "", f.agent
	}
	if f.timeout != "" {
		d, err := host.ParseDuration(f.timeout)
		if err != nil {
			return err
		}
		c.Timeout = d
	}
	if f.runs > 0 {
		c.Runs = f.runs
	}
	if len(f.fixtures) == 0 {
		return nil
	}
	c.Fixtures = nil
	own := run.Mirrors(s)
	for _, text := range f.fixtures {
		mirror, name, named := strings.Cut(text, "=")
		if !named {
			mirror, name = "", text
		}
		found := false
		var known []string
		for _, m := range mirrors {
			if mirror != "" && m.Name != mirror || !slices.ContainsFunc(own, func(o scenario.Mirror) bool { return o.Name == m.Name }) {
				continue
			}
			has := false
			for _, x := range m.Fixtures {
				has = has || x.Name == name
				if one := m.Name + "=" + x.Name; !slices.Contains(known, one) {
					known = append(known, one)
				}
			}
			if add := (scenario.Fixture{Mirror: m.Name, Name: name}); has && !slices.Contains(c.Fixtures, add) {
				c.Fixtures = append(c.Fixtures, add)
			}
			found = found || has
		}
		if !found {
			return &usageError{text: fmt.Sprintf("--fixture %s: no mirror of %s has it", text, s.File), hint: "there are " + strings.Join(known, ", ")}
		}
	}
	return nil
}

// reportRuns prints runs and writes the reports that are wanted, and ends with the code
// that they have.
func (a *app) reportRuns(ctx context.Context, f *runFlags, runs []host.Run) error {
	var faults *multierror.Error
	if a.flags.json {
		faults = multierror.Append(faults, reports.JSON(a.stdout, runs))
	} else {
		faults = multierror.Append(faults, reports.Text(a.stdout, runs, reports.Options{Colour: a.out.colour, Quiet: a.flags.quiet, Width: terminalWidth()}))
	}
	if f.junit != "" {
		faults = multierror.Append(faults, reports.WriteJUnit(a.inWorkingDir(f.junit), runs))
	}
	for _, path := range f.outputs {
		faults = multierror.Append(faults, reports.Write(a.inWorkingDir(path), runs))
	}
	if summary := os.Getenv("GITHUB_STEP_SUMMARY"); f.ci && summary != "" {
		faults = multierror.Append(faults, appendSummary(summary, runs))
	}
	faults.ErrorFormat = lines
	err := faults.ErrorOrNil()
	if ctx.Err() != nil {
		if err != nil {
			a.out.note("%v", err)
		}
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	if code := runsCode(runs); code != 0 {
		return &exitError{code}
	}
	return nil
}

func appendSummary(path string, runs []host.Run) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(reports.Markdown(file, runs), file.Close())
}

// runsCode is the exit code of runs: the first that applies of those of errors, time-outs,
// failures and what could not be decided.
func runsCode(runs []host.Run) int {
	worst := 0
	order := []int{0, exitUndecided, exitFailed, exitTimeout, exitNoMirror}
	for i := range runs {
		code := map[host.Verdict]int{host.VerdictPass: 0, host.VerdictUndecided: exitUndecided, host.VerdictFail: exitFailed, host.VerdictTimeout: exitTimeout, host.VerdictError: exitUndecided}[runs[i].Verdict]
		if runs[i].Unprovisioned {
			code = exitNoMirror
		}
		if slices.Index(order, code) > slices.Index(order, worst) {
			worst = code
		}
	}
	return worst
}

// terminalWidth is what COLUMNS says, else what fits everywhere.
func terminalWidth() int {
	const usual = 100
	var n int
	if _, err := fmt.Sscanf(os.Getenv("COLUMNS"), "%d", &n); err != nil || n < 40 {
		return usual
	}
	return n
}

// all runs scenarios, as many rounds at a time as there are slots, and returns them in
// their order.
func (r *runner) all(ctx context.Context, scenarios []*scenario.Scenario) []host.Run {
	out := make([]host.Run, len(scenarios))
	// Beyond the slots nothing goes on; a scenario more keeps its sessions for nothing.
	turns := make(chan struct{}, cap(r.slots))
	var wait sync.WaitGroup
	for i, s := range scenarios {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			out[i] = *r.one(ctx, s)
		})
	}
	wait.Wait()
	return out
}

// recordPatience is how long the history may take: it is no part of the verdict.
const recordPatience = 5 * time.Second
