package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/mcp"
)

func (a *app) mcpCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "mcp", Short: "Serve a coding agent on standard input and output", Args: a.noCommand,
		Long: `Serve a coding agent the Model Context Protocol on standard input and output, until
it closes them. Sessions that it starts are of this project, as mirra up would start
them, and end with it. mirra mcp install writes the agent's configuration. The server
serves agents over HTTP too, at /mcp of the control API, with its token.`,
		Example: "  mirra mcp install claude-code",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.serveMCP(cmd.Context())
		},
	}
	cmd.AddCommand(a.mcpInstallCommand())
	return cmd
}

// serveMCP serves the client that started this program. Standard output is the
// protocol's.
func (a *app) serveMCP(ctx context.Context) error {
	// A server that cannot start is told to the user now, not to the first tool.
	if _, _, err := a.connect(ctx, true); err != nil {
		return err
	}
	var planning sync.Mutex // the project is read by one at a time
	s := mcp.New(mcp.Config{
		Version: version(),
		Log:     slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Control: func(ctx context.Context) (host.Control, error) {
			c, _, err := a.connect(ctx, true)
			if err != nil {
				return nil, told(err)
			}
			return c, nil
		},
		Prepare: func(ctx context.Context, mirrors []string) (*host.NewSession, error) {
			planning.Lock()
			defer planning.Unlock()
			a.scanned = nil // the project changes while an agent works on it
			p, err := a.plan(ctx, &upFlags{mirrors: mirrors})
			if err == nil {
				err = p.nothing
			}
			if err != nil {
				return nil, told(err)
			}
			return p.request, nil
		},
		Fallback: func(ctx context.Context) (string, error) {
			if a.cfg.Session != "" {
				return a.cfg.Session, nil
			}
			c, _, err := a.connect(ctx, true)
			if err != nil {
				return "", told(err)
			}
			live, err := a.projectSession(ctx, c)
			if err != nil {
				return "", err
			}
			if live == nil {
				return "", &host.Error{Kind: host.KindNotFound, Code: "mirra.session.not_found", Message: "no session lives for " + a.cfg.ProjectRoot, Hint: "call session_start"}
			}
			return live.SessionID, nil
		},
	})
	err := s.Serve(ctx, io.NopCloser(a.stdin), unclosed{a.stdout})
	if ctx.Err() != nil {
		return nil // a signal is how clients may end it
	}
	if err != nil {
		return &usageError{text: "standard input is not of the Model Context Protocol: " + err.Error(), hint: "a coding agent starts this command; mirra mcp install CLIENT tells it to"}
	}
	return nil
}

// unclosed keeps a stream open that is not its user's to close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

// told makes an error of this program one that a client is told whole.
func told(err error) error {
	if _, ok := errors.AsType[*host.Error](err); ok {
		return err
	}
	return &host.Error{Kind: host.KindInvalid, Code: "mirra.project.invalid", Message: message(err), Hint: hint(err)}
}

// serveAgents is assembly.Config.MCP.
func serveAgents(log *slog.Logger) func(host.Control) assembly.Agents {
	return func(c host.Control) assembly.Agents {
		return mcp.New(mcp.Config{Version: version(), Log: log, Control: func(context.Context) (host.Control, error) { return c, nil }})
	}
}
