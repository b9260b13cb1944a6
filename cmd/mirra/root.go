package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/registry"
)

// Exit codes.
const (
	exitFailed   = 1
	exitScenario = 4 // a scenario is at fault
	exitUsage    = 64
)

// app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	out            printer
	flags          globalFlags
	cfg            *Config // read by setup

	scanned  []dependency // of the project, once it was looked at
	scanNote string       // what of it was not
}

// globalFlags are those that every command has.
type globalFlags struct {
	json, quiet bool
	session     string
	directory   string
	port        int
}

// program is one run of the program.
func program(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return root.ExecuteContext(ctx)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "mirra",
		Short:         "Faithful, stateful mirrors of the APIs your application depends on",
		Long:          "Mirra runs faithful, stateful mirrors of third-party APIs. Start with: mirra up",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          a.noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return a.setup(cmd)
		},
		SuggestionsMinimumDistance: 2,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	f := root.PersistentFlags()
	f.BoolVar(&a.flags.json, "json", false, "print one JSON object")
	f.BoolVar(&a.flags.quiet, "quiet", false, "print only the summary")
	f.StringVarP(&a.flags.directory, "directory", "C", "", "work as if started in this folder")
	f.IntVar(&a.flags.port, "port", 0, "port of the control API; vendor traffic is on the next one; 0 takes any")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		a.upCommand(), a.execCommand(), a.downCommand(), a.sessionsCommand(), a.statusCommand(), a.envCommand(), a.logsCommand(), a.stateCommand(),
		a.resetCommand(), a.snapshotCommand(), a.restoreCommand(), a.forkCommand(), a.clockCommand(), a.simulateCommand(), a.faultCommand(), a.drillCommand(), a.runScenarios(),
		a.webhooksCommand(), a.pluginCommand(), a.fidelityCommand(), a.mcpCommand(), a.initCommand(), a.scenarioCommand(), a.serveCommand(), a.serverCommand(), a.doctorCommand(), a.trustCommand(), a.completionCommand(), a.versionCommand(),
	)
	return root
}

func (a *app) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &usageError{text: fmt.Sprintf("there is no command %q", args[0]), hint: "mirra --help lists them"}
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		e.hint = "did you mean mirra " + s[0] + "?"
	}
	return e
}

// usageError is wrong usage: exit code 64.
type usageError struct{ text, hint string }

func (e *usageError) Error() string { return e.text }

// exitError ends the program with a code and nothing more to say.
type exitError struct{ code int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// flagError names the flag that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	e := &usageError{text: err.Error(), hint: cmd.CommandPath() + " --help lists the flags"}
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if best := nearest.Word(name, names); best != "" {
			e.hint = "did you mean --" + best + "?"
		}
	}
	return e
}

// exactArgs is cobra's, with an error that says what is wanted.
func exactArgs(n int, want string) cobra.PositionalArgs { return rangeArgs(n, n, want) }

func rangeArgs(low, high int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < low || high >= 0 && len(args) > high {
			got := "nothing"
			if len(args) > 0 {
				got = fmt.Sprintf("%q", args)
			}
			return &usageError{text: fmt.Sprintf("%s: want %s, got %s", strings.TrimPrefix(cmd.CommandPath(), "mirra "), want, got), hint: "usage: " + cmd.UseLine()}
		}
		return nil
	}
}

func noArgs(cmd *cobra.Command, args []string) error {
	return rangeArgs(0, 0, "no arguments")(cmd, args)
}

// report prints an error and returns the exit code. It is the only place that
// does.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "mirra: interrupted")
		return exitFailed
	}
	fmt.Fprintln(stderr, "mirra: "+message(err))
	if h := hint(err); h != "" {
		fmt.Fprintln(stderr, "hint: "+h)
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

func message(err error) string {
	if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindInternal {
		return err.Error()
	}
	return strings.TrimSpace(err.Error())
}

// hint returns the next step that an error in err's chain knows.
func hint(err error) string {
	if e, ok := errors.AsType[*usageError](err); ok && e.hint != "" {
		return e.hint
	}
	if e, ok := errors.AsType[*host.Error](err); ok && e.Hint != "" {
		return e.Hint
	}
	if e, ok := errors.AsType[*registry.Error](err); ok {
		return e.Hint
	}
	return ""
}

// setup reads the configuration before a command runs.
func (a *app) setup(cmd *cobra.Command) error {
	a.out = newPrinter(a.stdout, a.stderr, a.flags.json, a.flags.quiet)
	wd, err := os.Getwd()
	if err == nil && a.flags.directory != "" {
		wd, err = resolveFolder(wd, a.flags.directory)
	}
	if err != nil {
		return err
	}
	a.cfg, err = readConfig(wd, cmd.Flags())
	return err
}
