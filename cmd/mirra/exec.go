package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) execCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "exec [flags] -- CMD [ARG...]",
		Short: "Run a command whose calls of its vendors reach the session",
		Long: `Run a command whose calls of its vendors reach the session: it keeps calling
https://api.stripe.com, and nothing of it is changed. The session is that of
--session, MIRRA_SESSION or the project; without one there is a new one, as
mirra up -- CMD makes it, which ends with the command. The exit code is passed
through.`,
		Example: "  mirra exec -- npm test\n  mirra exec --no-egress -- go run .",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || cmd.ArgsLenAtDash() != 0 {
				return &usageError{text: "exec: no command to run", hint: "usage: mirra exec -- CMD ARG..."}
			}
			ctx := cmd.Context()
			_, s, err := a.session(ctx)
			if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound && a.cfg.Session == "" {
				return a.up(ctx, &f, args)
			}
			if err != nil {
				return err
			}
			if f.noEgress || f.mirrors != nil {
				return &host.Error{Kind: host.KindConflict, Code: "mirra.session.differs", Message: "session " + title(s) + " lives already, and --mirrors and --no-egress are for a new session",
					Hint: "mirra up --new -- CMD starts another one beside it; mirra down ends it"}
			}
			c, _, err := a.connect(ctx, false)
			if err != nil {
				return err
			}
			return a.runCommand(ctx, c, s, &plan{}, true, false, args)
		},
	}
	cmd.Flags().StringSliceVar(&f.mirrors, "mirrors", nil, "mirrors of a new session, as of mirra up")
	cmd.Flags().BoolVar(&f.noEgress, "no-egress", false, "in a new session, refuse what the command sends to hosts that no mirror claims")
	return a.sessionFlag(cmd)
}
