package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) simulateCommand() *cobra.Command {
	mirror := ""
	cmd := &cobra.Command{
		Use: "simulate EVENT [KEY=VALUE...]", Short: "Cause a vendor event with all that follows from it",
		Example: "  mirra simulate charge.dispute.created charge=ch_123",
		Args:    rangeArgs(1, -1, "an event and key=value pairs"),
		RunE: func(cmd *cobra.Command, args []string) error {
			r := host.Simulation{Mirror: mirror, Event: args[0], Args: map[string]string{}}
			for _, pair := range args[1:] {
				key, value, ok := strings.Cut(pair, "=")
				if !ok || key == "" {
					return &usageError{text: fmt.Sprintf("simulate: %q: want key=value", pair)}
				}
				r.Args[key] = value
			}
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			if err := c.Simulate(cmd.Context(), s.SessionID, &r); err != nil {
				return err
			}
			return a.done(map[string]any{"sessionId": s.SessionID, "simulated": r.Event}, "✓ simulated %s in session %s", r.Event, title(s))
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "", "the mirror, when several know the event")
	return a.sessionFlag(cmd)
}
