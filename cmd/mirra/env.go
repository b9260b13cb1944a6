package main

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) envCommand() *cobra.Command {
	shell, direct := "", false
	cmd := &cobra.Command{
		Use: "env", Short: "Print the variables an application needs to reach the session", Args: noArgs,
		Example: "  eval \"$(mirra env)\"\n  mirra env --shell fish | source\n  mirra env --shell powershell | Invoke-Expression",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.session(cmd.Context())
			if err != nil {
				return err
			}
			_, state, err := a.connect(cmd.Context(), false)
			if err != nil {
				return err
			}
			env := a.environ(s, state.Control, state.Token)
			if !direct {
				d, err := a.dropIn(cmd.Context(), c, s.SessionID)
				if err != nil {
					return err
				}
				maps.Copy(env, d.environ(os.Getenv))
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
	cmd.Flags().BoolVar(&direct, "no-proxy", false, "only URLs of mirrors, nothing that leads the vendors' own hosts there")
	cmd.Flags().StringVar(&shell, "shell", "", "bash, zsh, sh, fish, powershell or cmd; else the one of $SHELL")
	return a.sessionFlag(cmd)
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
