package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) envCommand() *cobra.Command {
	shell, direct, server := "", false, false
	cmd := &cobra.Command{
		Use: "env", Short: "Print the variables an application needs to reach the session", Args: noArgs,
		Example: "  eval \"$(mirra env)\"\n  mirra env --shell fish | source\n  mirra env --shell powershell | Invoke-Expression",
		RunE: func(cmd *cobra.Command, _ []string) error {
			env, err := a.environment(cmd.Context(), server, direct)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.out.object(env)
			}
			if shell == "" {
				shell = guessShell()
			}
			line := exports[shell]
			if line == nil {
				return &usageError{text: "shell " + shell + " is not known", hint: "--shell " + strings.Join(sortedKeys(exports), ", ")}
			}
			for _, name := range sortedKeys(env) {
				a.out.summary("%s", line(name, env[name]))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&server, "server", false, "only where the server is and its token; one is started if none runs")
	cmd.Flags().BoolVar(&direct, "no-proxy", false, "only URLs of mirrors, nothing that leads the vendors' own hosts there")
	cmd.Flags().StringVar(&shell, "shell", "", "bash, zsh, sh, fish, powershell or cmd; else the one of $SHELL")
	return a.sessionFlag(cmd)
}

// environment is what env prints.
func (a *app) environment(ctx context.Context, server, direct bool) (map[string]string, error) {
	if server {
		_, state, err := a.connect(ctx, true)
		if err != nil {
			return nil, err
		}
		return map[string]string{"MIRRA_URL": state.Control, "MIRRA_TOKEN": state.Token}, nil
	}
	c, s, err := a.session(ctx)
	if err != nil {
		return nil, err
	}
	var d *dropIn
	if !direct {
		if d, err = a.dropIn(ctx, c, s.SessionID); err != nil {
			return nil, err
		}
	}
	return a.sessionEnv(ctx, s, d)
}

// sessionEnv is what a session's application needs; d may be nil.
func (a *app) sessionEnv(ctx context.Context, s *host.SessionInfo, d *dropIn) (map[string]string, error) {
	_, state, err := a.connect(ctx, false)
	if err != nil {
		return nil, err
	}
	env := a.environ(s, state.Control, state.Token)
	if d != nil {
		maps.Copy(env, d.environ(os.Getenv))
	}
	return env, nil
}

// exports write an assignment for each shell. Values are quoted so that nothing
// in them is run.
var exports = map[string]func(name, value string) string{
	"bash": posixExport, "zsh": posixExport, "sh": posixExport,
	"fish": func(name, value string) string {
		return "set -gx " + name + " '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
	},
	"powershell": func(name, value string) string {
		return "$Env:" + name + " = '" + strings.ReplaceAll(value, "'", "''") + "'"
	},
	"cmd": func(name, value string) string {
		return `set "` + name + "=" + strings.NewReplacer("%", "%%", `"`, "").Replace(value) + `"`
	},
}

func posixExport(name, value string) string {
	return "export " + name + "='" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

func guessShell() string {
	shell := strings.TrimSuffix(filepath.Base(os.Getenv("SHELL")), ".exe")
	if exports[shell] != nil {
		return shell
	}
	if runtime.GOOS == "windows" && shell == "." {
		return "powershell"
	}
	return "bash"
}
