package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/host/scenario"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

func (a *app) scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "scenario", Short: "Write and check scenarios", Args: a.noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.scenarioCheck(), a.scenarioNew())
	return cmd
}

// scenarioFlags are those of check.
type scenarioFlags struct {
	explain       bool
	driver, agent string
}

func (a *app) scenarioCheck() *cobra.Command {
	var f scenarioFlags
	cmd := &cobra.Command{
		Use: "check FILE...", Short: "Find all that is wrong with scenarios, without running them",
		Long:    "Find all that is wrong with scenarios, without running them. Ends with 4 when\none is at fault.",
		Example: "  mirra scenario check scenarios/*.md\n  mirra scenario check --explain refund.md",
		Args:    rangeArgs(1, -1, "files"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.checkScenarios(cmd.Context(), args, f) },
	}
	cmd.Flags().BoolVar(&f.explain, "explain", false, "say how each criterion is understood")
	cmd.Flags().StringVar(&f.driver, "driver", "", "the command that will drive the run, if the file names none")
	cmd.Flags().StringVar(&f.agent, "agent", "", "the agent that will, one of "+strings.Join(scenario.Agents, ", "))
	return cmd
}

// checkedJSON is a scenario as check --json prints it.
type checkedJSON struct {
	File     string          `json:"file"`
	Title    string          `json:"title"`
	Valid    bool            `json:"valid"`
	Criteria []criterionJSON `json:"criteria"`
	Faults   []faultJSON     `json:"faults"`
}

type criterionJSON struct {
	ID       string               `json:"id"`
	Text     string               `json:"text"`
	Kind     scenario.Kind        `json:"kind"`
	Line     int                  `json:"line"`
	Column   int                  `json:"column"`
	Untagged string               `json:"untagged,omitempty"` // why it was read as [P]
	Explain  criteria.Explanation `json:"explain"`
	Query    *criteria.Query      `json:"query,omitempty"`
}

type faultJSON struct {
	Line    int      `json:"line"`
	Column  int      `json:"column"`
	Message string   `json:"message"`
	Nearest []string `json:"nearest,omitempty"`
}

func (a *app) checkScenarios(ctx context.Context, files []string, f scenarioFlags) error {
	if err := checkAgent(f.agent); err != nil {
		return err
	}
	texts, err := a.scenarioTexts(files)
	if err != nil {
		return err
	}
	mirrors, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	o := scenario.Options{Mirrors: mirrors, Driven: f.driver != "" || f.agent != ""}
	all := checkedAll(files, texts, o)
	if !a.flags.json {
		for i, file := range files {
			s, err := scenario.Parse(file, texts[i], o)
			a.printChecked(s, err, f.explain)
		}
	} else if err := a.out.object(all); err != nil {
		return err
	}
	if !all.Valid {
		return &exitError{exitScenario}
	}
	return nil
}

// checkedScenarios is what check --json prints.
type checkedScenarios struct {
	Valid     bool          `json:"valid"`
	Scenarios []checkedJSON `json:"scenarios"`
}

func checkedAll(files []string, texts [][]byte, o scenario.Options) checkedScenarios {
	all := checkedScenarios{Valid: true, Scenarios: []checkedJSON{}}
	for i, file := range files {
		c := checked(scenario.Parse(file, texts[i], o))
		all.Valid = all.Valid && c.Valid
		all.Scenarios = append(all.Scenarios, c)
	}
	return all
}

// checkAgent tells whether there is such an agent; "" is none.
func checkAgent(name string) error {
	if name == "" || slices.Contains(scenario.Agents, name) {
		return nil
	}
	e := &usageError{text: fmt.Sprintf("--agent %q: want one of %s", name, strings.Join(scenario.Agents, ", "))}
	if near := nearest.Word(name, scenario.Agents); near != "" {
		e.hint = "did you mean " + near + "?"
	}
	return e
}

// scenarioTexts reads files, and names all that cannot be read.
func (a *app) scenarioTexts(files []string) ([][]byte, error) {
	var unread *multierror.Error
	texts := make([][]byte, len(files))
	for i, file := range files {
		text, err := readScenario(a.inWorkingDir(file))
		if err != nil {
			unread = multierror.Append(unread, err)
		}
		texts[i] = text
	}
	if unread != nil {
		unread.ErrorFormat = lines
		return nil, &usageError{text: unread.Error(), hint: "mirra scenario new FILE starts one"}
	}
	return texts, nil
}

// readScenario reads no more of a file than can be a scenario.
func readScenario(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, scenario.MaxBytes+1))
}

// catalogue describes all mirrors that there are.
func (a *app) catalogue(ctx context.Context) ([]host.CatalogEntry, error) {
	all, err := a.cfg.installer().Available(ctx)
	if len(all) == 0 && err != nil {
		return nil, err
	}
	if err != nil {
		a.out.note("%v", err)
	}
	var out []host.CatalogEntry
	for _, p := range all {
		out = append(out, assembly.CatalogEntry(p))
	}
	return out, nil
}

func checked(s *scenario.Scenario, err error) checkedJSON {
	out := checkedJSON{File: s.File, Title: s.Title, Valid: err == nil, Criteria: []criterionJSON{}, Faults: []faultJSON{}}
	for _, c := range s.Criteria {
		out.Criteria = append(out.Criteria, criterionJSON{c.ID, c.Text, c.Kind, c.At.Line, c.At.Column, c.Untagged, c.Explain(), c.Query})
	}
	for _, e := range faultsOf(err) {
		if f, ok := errors.AsType[*scenario.Fault](e); ok {
			out.Faults = append(out.Faults, faultJSON{f.Line, f.Column, f.Message, f.Nearest})
		} else {
			out.Faults = append(out.Faults, faultJSON{Message: e.Error()})
		}
	}
	return out
}

func faultsOf(err error) []error {
	if all, ok := errors.AsType[*multierror.Error](err); ok {
		return all.Errors
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

func (a *app) printChecked(s *scenario.Scenario, err error, explain bool) {
	faults := faultsOf(err)
	if len(faults) == 0 {
		a.out.summary("✓ %s: %s, %s", printable(s.File), printable(s.Title), criteriaText(len(s.Criteria)))
	} else {
		a.out.summary("✗ %s: %s", printable(s.File), plural(len(faults), "fault"))
	}
	for _, e := range faults {
		for i, line := range strings.Split(e.Error(), "\n") {
			if i == 0 {
				a.out.note("%s", printable(line))
			} else {
				fmt.Fprintln(a.stderr, printable(line))
			}
		}
	}
	for _, c := range s.Criteria {
		switch e := c.Explain(); {
		case explain:
			read := ""
			if c.Untagged != "" {
				read = " (read as [P])"
			}
			a.out.say("  %s [%s] %s%s", c.ID, c.Kind, printable(c.Text), read)
			a.out.say("       query:    %s", printable(e.Query))
			a.out.say("       source:   %s", e.Source)
			a.out.say("       expected: %s", printable(e.Expected))
			if c.Untagged != "" {
				a.out.say("       not [D]:  %s", printable(strings.ReplaceAll(c.Untagged, "\n ", ";")))
			}
		case c.Untagged != "":
			a.out.say("  %s %s (read as [P])", c.ID, printable(c.Text))
		}
	}
}

func criteriaText(n int) string {
	if n == 1 {
		return "1 criterion"
	}
	return fmt.Sprintf("%d criteria", n)
}

func (a *app) scenarioNew() *cobra.Command {
	var mirrors []string
	var prose string
	cmd := &cobra.Command{
		Use: "new FILE", Short: "Start a scenario", Args: exactArgs(1, "a file"),
		Long: `Start a scenario, a starter to be filled in. With --from-prose the sentences of a
text, an issue or a specification, are sorted: those that bind become [D] criteria,
those that demand something else [P], the others the setup.`,
		Example: "  mirra scenario new refund.md\n  gh issue view 12 --json body -q .body | mirra scenario new refund.md --from-prose -",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.newScenario(cmd.Context(), args[0], mirrors, prose)
		},
	}
	cmd.Flags().StringVar(&prose, "from-prose", "", "a text to make it of, - for standard input")
	cmd.Flags().StringSliceVar(&mirrors, "mirrors", nil, "mirrors that it is for; else those of mirra.yaml, else what the project uses, else Stripe's")
	return cmd
}

func (a *app) newScenario(ctx context.Context, file string, mirrors []string, prose string) error {
	p, err := a.plan(ctx, &upFlags{mirrors: mirrors})
	if err == nil && p.nothing != nil {
		// What most people begin with, in a folder that says nothing.
		if p, err = a.plan(ctx, &upFlags{mirrors: []string{"stripe"}}); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	var text []byte
	sorted := ""
	if prose == "" {
		text, err = a.starter(ctx, p)
	} else {
		text, sorted, err = a.draft(ctx, p, prose)
	}
	if err != nil {
		return err
	}
	created, err := createFile(a.inWorkingDir(file), text)
	if err == nil && !created {
		return &usageError{text: file + " is there already", hint: "choose another name; nothing was written"}
	}
	if err != nil {
		return err
	}
	return a.done(map[string]any{"file": file}, "✓ %s is written%s; next: mirra scenario check %s", file, sorted, file)
}

// draft makes a scenario of a text, and says how its sentences were sorted.
func (a *app) draft(ctx context.Context, p *plan, prose string) (text []byte, sorted string, err error) {
	from := a.stdin
	if prose != "-" {
		f, err := os.Open(a.inWorkingDir(prose))
		if err != nil {
			return nil, "", &usageError{text: "--from-prose: " + err.Error(), hint: "a text file, or - for standard input"}
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, scenario.MaxBytes))
	if err != nil {
		return nil, "", err
	}
	mirrors, err := a.catalogue(ctx)
	if err != nil {
		return nil, "", err
	}
	own := slices.DeleteFunc(slices.Clone(mirrors), func(m host.CatalogEntry) bool { return !slices.Contains(p.names, m.Name) })
	d := scenario.FromProse(strings.ToValidUTF8(string(b), "�"), criteria.NewVocabulary(own))
	return []byte(d.Markdown(p.names)), fmt.Sprintf(": %d [D], %d [P] and %s that only tell", len(d.Checked), len(d.Judged), plural(len(d.Told), "sentence")), nil
}
