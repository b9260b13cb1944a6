package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

func (a *app) fidelityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fidelity", Short: "Measure how exactly mirrors answer as their vendors did", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.fidelityRunCommand())
	return cmd
}

type fidelityFlags struct {
	mirror, eligible string
	parallel         int
}

func (a *app) fidelityRunCommand() *cobra.Command {
	var f fidelityFlags
	cmd := &cobra.Command{
		Use: "run FILE...", Short: "Replay recorded exchanges and compare the answers",
		Args: rangeArgs(1, -1, "recordings: files or folders"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.fidelityRun(cmd.Context(), args, &f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.mirror, "mirror", "", "the mirror to measure, stripe or stripe@2024-06; else the one whose vendor was recorded")
	fs.StringVar(&f.eligible, "eligible", "", "JSON file that says which exchanges count; else all do")
	fs.IntVar(&f.parallel, "parallel", 0, "cassettes replayed at once; 0 is one for each processor")
	return cmd
}

func (a *app) fidelityRun(ctx context.Context, paths []string, f *fidelityFlags) error {
	recordings, err := vendorsuite.Read(paths...)
	if err != nil {
		return err
	}
	vendor, _, _ := strings.Cut(f.mirror, "@")
	rules := vendorsuite.For(vendor)
	if f.eligible != "" {
		e, err := vendorsuite.ReadEligible(f.eligible, vendor)
		if err != nil {
			return err
		}
		recordings.Classify(e)
	}
	t, err := a.newMirrorTarget(ctx, f.mirror)
	if err != nil {
		return err
	}
	defer t.Close()
	report, err := vendorsuite.Replay(ctx, t, recordings, vendorsuite.Options{Rules: rules, Operations: t.operations(), Parallel: f.parallel})
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.out.object(report)
	}
	a.out.summary("%d counted, %d exact %.4f mean %.4f %v", report.Total.Counted, report.Total.Exact, report.Total.Rate, report.Total.Mean, report.Total.Names)
	for _, v := range report.Versions {
		a.out.summary("  %-40s %d/%d %.3f %.3f", v.Version, v.Exact, v.Counted, v.Rate, v.Mean)
	}
	fmt.Fprintln(a.stdout, report.Errors.Exact, report.Errors.Distinct, report.Uncounted, report.Seeded, report.Unsent)
	for _, l := range report.LeftOut {
		fmt.Fprintln(a.stdout, l)
	}
	return nil
}
