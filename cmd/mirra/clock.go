package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) clockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "clock", Short: "Show or move the session's time", Args: noArgs,
		Example: "  mirra clock advance 31d\n  mirra clock set 2026-01-31\n  mirra clock freeze\n  mirra clock resume",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			return a.done(s.Clock, "%s%s", s.Clock.Now.Format(time.RFC3339), clockWords(&s.Clock))
		},
	}
	cmd.AddCommand(
		a.clockMove("advance DURATION", "Move time forward, and do all that falls due on the way", 1, func(args []string, m *host.ClockMove) error {
			d, err := host.ParseDuration(args[0])
			if err != nil || d <= 0 {
				return &usageError{text: "clock advance " + args[0] + ": want a duration such as 90s, 12h or 31d", hint: "mirra clock set moves time back"}
			}
			m.Advance = host.Duration(d)
			return nil
		}),
		a.clockMove("set TIME", "Set the time; forward, what falls due on the way is done", 1, func(args []string, m *host.ClockMove) error {
			t, err := parseInstant(args[0])
			m.Set = &t
			return err
		}),
		a.clockMove("freeze", "Stop time where it is", 0, func(_ []string, m *host.ClockMove) error { m.Freeze = true; return nil }),
		a.clockMove("resume", "Let time run on from where it is", 0, func(_ []string, m *host.ClockMove) error { m.Resume = true; return nil }),
	)
	return a.sessionFlag(cmd)
}

func (a *app) clockMove(use, short string, args int, fill func([]string, *host.ClockMove) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: exactArgs(args, strings.TrimSpace("one argument at most: "+use)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var move host.ClockMove
			if err := fill(args, &move); err != nil {
				return err
			}
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			moved, err := c.MoveClock(cmd.Context(), s.SessionID, &move)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(moved)
			}
			a.out.summary("✓ %s%s", moved.Clock.Now.Format(time.RFC3339), clockWords(&moved.Clock))
			if moved.Timers+moved.Deliveries > 0 {
				a.out.say("  %s ran, %s", plural(moved.Timers, "timer"), plural(moved.Deliveries, "webhook attempt"))
			}
			if moved.Failed > 0 {
				a.out.say("  %s failed: mirra webhooks", plural(moved.Failed, "attempt"))
			}
			for _, u := range moved.FailedFast {
				a.out.say("  %s timed out three times in a row and was not asked again", u)
			}
			return nil
		},
	}
	return a.sessionFlag(cmd)
}
