package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"strings"
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
		Version:  version(),
		Programs: ownProgram{a.cfg.WorkingDir},
		Log:      slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
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

// ownProgram runs this program for a coding agent: as mcp.Programs.
type ownProgram struct{ folder string }

// RunScenarios implements mcp.Programs.
func (p ownProgram) RunScenarios(ctx context.Context, files []string, runs int) (json.RawMessage, error) {
	args := []string{"run"}
	if runs != 0 {
		args = append(args, "--runs", strconv.Itoa(runs))
	}
	return p.output(ctx, append(args, files...))
}

// Drill implements mcp.Programs.
func (p ownProgram) Drill(ctx context.Context, drill string, command, urls []string) (json.RawMessage, error) {
	args := []string{"drill"}
	for _, u := range urls {
		args = append(args, "--url", u)
	}
	return p.output(ctx, append(append(args, drill, "--"), command...))
}

// output runs a command with --json and returns what it prints. Verdicts are no errors.
func (p ownProgram) output(ctx context.Context, args []string) (json.RawMessage, error) {
	var out, notes bytes.Buffer
	err := program(ctx, append([]string{"-C", p.folder, "--json"}, args...), strings.NewReader(""), &out, &notes)
	if out.Len() > 0 && json.Valid(out.Bytes()) {
		return out.Bytes(), nil
	}
	if _, ended := errors.AsType[*exitError](err); err == nil || ended {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.mcp.program", Message: strings.TrimSpace(notes.String())}
	}
	return nil, told(err)
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
