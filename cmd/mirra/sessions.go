package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) sessionsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sessions", Short: "List the sessions that live", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []host.SessionInfo{}
			c, _, err := a.connect(cmd.Context(), false)
			if err == nil {
				err = eachSession(cmd.Context(), c, host.SessionQuery{}, func(s *host.SessionInfo) { all = append(all, *s) })
			}
			if err != nil && !errors.Is(err, errNoServer) {
				return err
			}
			if a.flags.json {
				return a.out.object(map[string]any{"sessions": all})
			}
			if len(all) == 0 {
				a.out.summary("No sessions. Start one: mirra up")
				return nil
			}
			var rows [][]string
			for _, s := range all {
				mirrors, ends := "", "stays"
				for i, m := range s.Mirrors {
					if i > 0 {
						mirrors += ", "
					}
					mirrors += m.Version
				}
				if s.ExpiresAt != nil {
					ends = "ends in " + time.Until(*s.ExpiresAt).Round(time.Second).String()
				}
				rows = append(rows, []string{s.SessionID, orDash(s.Name), mirrors, plural(s.Stats.Requests, "request"), ends, orDash(s.Project)})
			}
			a.out.table([]string{"SESSION", "NAME", "MIRRORS", "USE", "LIFE", "PROJECT"}, rows)
			return nil
		},
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) downCommand() *cobra.Command {
	var all, purge bool
	cmd := &cobra.Command{
		Use: "down", Short: "End the project's session; a persistent one is kept for a week", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.down(cmd.Context(), all, purge) },
	}
	cmd.Flags().BoolVar(&all, "all", false, "end all sessions, and the server")
	cmd.Flags().BoolVar(&purge, "purge", false, "delete what a persistent session would keep")
	return a.sessionFlag(cmd)
}

func (a *app) down(ctx context.Context, all, purge bool) error {
	ended := []string{}
	if all {
		c, state, err := a.connect(ctx, false)
		if err == nil {
			var ids []string
			err = eachSession(ctx, c, host.SessionQuery{}, func(s *host.SessionInfo) { ids = append(ids, s.SessionID) })
			for _, id := range ids {
				if e := c.EndSession(ctx, id, purge); e != nil {
					err = errors.Join(err, e)
					continue
				}
				ended = append(ended, id)
			}
			if err == nil && state.PID != 0 {
				err = a.stopServer(ctx, c, state)
			}
		}
		if err != nil && !errors.Is(err, errNoServer) {
			return err
		}
	} else {
		c, s, err := a.session(ctx)
		if err != nil {
			return err
		}
		if err := c.EndSession(ctx, s.SessionID, purge); err != nil {
			return err
		}
		ended = append(ended, s.SessionID)
	}
	if a.flags.json {
		return a.out.object(map[string]any{"ended": ended})
	}
	if len(ended) == 0 {
		a.out.summary("No sessions.")
	}
	for _, id := range ended {
		a.out.summary("✓ session %s ended", id)
	}
	return nil
}

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show the project's session: URLs, clock, what it did", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			c, s, err := a.session(ctx)
			if err != nil {
				return err
			}
			if s, err = c.Session(ctx, s.SessionID); err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(s)
			}
			a.describe(s, &plan{}, false)
			a.out.summary("")
			a.out.summary("  clock   %s%s", s.Clock.Now.Format(time.RFC3339), clockWords(&s.Clock))
			a.out.summary("  did     %s, %s", plural(s.Stats.Requests, "request"), plural(s.Stats.Webhooks, "webhook attempt"))
			a.out.say("  limits  %s", s.Limits)
			for _, line := range tried(ctx, c, s.SessionID, nil) {
				a.out.say("  %s", line)
			}
			if s.HeldHooks {
				a.out.say("  webhooks are held: mirra webhooks release")
			}
			a.hintRoute(ctx, s)
			return nil
		},
	}
	return a.sessionFlag(cmd)
}

func clockWords(c *host.ClockInfo) string {
	words := ""
	if c.Frozen {
		words += ", frozen"
	} else if c.OffsetMS != 0 {
		words += ", " + (time.Duration(c.OffsetMS) * time.Millisecond).Round(time.Second).String() + " from real time"
	}
	if c.Peer == "session" {
		words += ", the application's too"
	}
	return words
}
