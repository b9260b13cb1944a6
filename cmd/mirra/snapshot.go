package main

import (
	"github.com/spf13/cobra"
)

func (a *app) resetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset [MIRROR...]", Short: "Empty the session's mirrors; URLs, credentials and trace stay",
		Args: rangeArgs(0, -1, "names of mirrors"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			for _, name := range args {
				if _, err := mirrorArg(s, name); err != nil {
					return err
				}
			}
			if err := c.ResetSession(cmd.Context(), s.SessionID, args...); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "reset": args}, "✓ session %s was reset", title(s))
		},
	}
	return a.sessionFlag(cmd)
}

// done prints a one-line result.
func (a *app) done(v any, format string, args ...any) error {
	if a.flags.json {
		return a.out.object(v)
	}
	a.out.summary(format, args...)
	return nil
}

func (a *app) snapshotCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "snapshot [NAME]", Short: "Keep the session's state under a name; without one, list what is kept",
		Args: rangeArgs(0, 1, "a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			c, s, err := a.session(ctx)
			if err != nil {
				return err
			}
			if len(args) == 1 {
				n, err := c.Snapshot(ctx, s.SessionID, args[0])
				if err != nil {
					return err
				}
				return a.done(n, "✓ snapshot %s of session %s", n.Name, title(s))
			}
			all, err := c.Snapshots(ctx, s.SessionID)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(map[string]any{"snapshots": all})
			}
			if len(all) == 0 {
				a.out.summary("No snapshots. Take one: mirra snapshot NAME")
			}
			for _, n := range all {
				a.out.summary("%s  taken %s", n.Name, n.Taken.Local().Format("2006-01-02 15:04:05"))
			}
			return nil
		},
	}
	return a.sessionFlag(cmd)
}

func (a *app) restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore NAME", Short: "Make a snapshot the session's state", Args: exactArgs(1, "the name of a snapshot"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.Restore(cmd.Context(), s.SessionID, args[0]); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "restored": args[0]}, "✓ session %s is as in snapshot %s", title(s), args[0])
		},
	}
	return a.sessionFlag(cmd)
}

func (a *app) forkCommand() *cobra.Command {
	name := ""
	cmd := &cobra.Command{
		Use: "fork", Short: "Start a session in the state of this one; its webhooks are held", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			n, err := c.Fork(cmd.Context(), s.SessionID, name)
			if err != nil {
				return err
			}
			if a.flags.json {
				d, err := a.dropIn(cmd.Context(), c, n.SessionID)
				if err != nil {
					return err
				}
				return a.out.object(upResult(n, d))
			}
			a.out.summary("✓ session %s is a fork of %s", title(n), title(s))
			for _, m := range n.Mirrors {
				a.out.summary("  %s  %s", m.Version, m.URL)
			}
			a.out.say("Webhooks that %s had queued are held: mirra webhooks release --session %s", title(s), n.SessionID)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the new session")
	return a.sessionFlag(cmd)
}
