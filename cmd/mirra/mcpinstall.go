package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host/nearest"
)

// mcpEntry is the name of Mirra's entry in a client's configuration.
const mcpEntry = "mirra"

// What became of a client's file.
const (
	mcpAdded     = "added"
	mcpUpdated   = "updated"
	mcpUnchanged = "unchanged"
	mcpRemoved   = "removed"
)

func (a *app) mcpInstallCommand() *cobra.Command {
	remove, scope := false, ""
	cmd := &cobra.Command{
		Use: "install CLIENT [-- CMD ARG...]", Short: "Write a coding agent's configuration so that it starts mirra mcp",
		Long:      "Write a coding agent's configuration so that it starts mirra mcp, or the command\nbehind --. What else the file holds stays as it is. Clients: " + strings.Join(mcpClientNames(), ", ") + ".",
		Example:   "  mirra mcp install claude-code\n  mirra mcp install cursor --scope user\n  mirra mcp install codex --remove\n  mirra mcp install vscode -- npx -y @mirrahq/cli mcp",
		ValidArgs: mcpClientNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			var command []string
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				args, command = args[:dash], args[dash:]
			}
			c, err := findMCPClient(args)
			if err != nil {
				return err
			}
			return a.installMCP(c, scope, remove, command)
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the entry out again")
	cmd.Flags().StringVar(&scope, "scope", "", "project (its own file, to share) or user (all projects of yours); the client's usual one if left out")
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]string{scopeProject, scopeUser}, cobra.ShellCompDirectiveNoFileComp)) // fails for flags that are not there
	return cmd
}

func findMCPClient(args []string) (*mcpClient, error) {
	names := mcpClientNames()
	if len(args) != 1 {
		return nil, &usageError{text: "mcp install: want a client", hint: "there are " + strings.Join(names, ", ")}
	}
	i := slices.Index(names, args[0])
	if i < 0 {
		e := &usageError{text: fmt.Sprintf("the client %q is not known", args[0]), hint: "there are " + strings.Join(names, ", ") + "; others start `mirra mcp` as their own documentation says"}
		if best := nearest.Word(args[0], names); best != "" {
			e.hint = "did you mean " + best + "? " + e.hint
		}
		return nil, e
	}
	return &mcpClients[i], nil
}

func (a *app) installMCP(c *mcpClient, asked string, remove bool, command []string) error {
	scope, err := c.scope(asked)
	if err != nil {
		return err
	}
	path, err := c.file(scope, a.cfg.ProjectRoot)
	if err != nil {
		return err
	}
	if len(command) == 0 {
		if command, err = mcpCommandLine(scope); err != nil {
			return err
		}
	}
	f, err := readClientFile(path)
	if err != nil {
		return err
	}
	edit := editJSON
	if c.toml {
		edit = editTOML
	}
	if remove {
		command = nil
	}
	text, done, err := edit(f.text, c, command)
	if err != nil {
		return &usageError{text: fmt.Sprintf("%s: %v", path, err), hint: "the file was left as it is; put it right, or write the entry yourself: command " + quoteWords(command)}
	}
	if done != mcpUnchanged {
		if err := f.write(text); err != nil {
			return err
		}
	}
	if a.flags.json {
		return a.out.object(map[string]any{"client": c.name, "scope": scope, "file": path, "action": done, "command": append([]string{}, command...)})
	}
	switch {
	case done == mcpUnchanged && remove:
		a.out.summary("✓ %s has no entry %s in %s", c.title, mcpEntry, path)
	case done == mcpUnchanged:
		a.out.summary("✓ %s has the entry %s in %s already", c.title, mcpEntry, path)
	case done == mcpRemoved:
		a.out.summary("✓ removed %s from %s", mcpEntry, path)
	default:
		a.out.summary("✓ %s %s in %s", done, mcpEntry, path)
		a.out.say("  %s starts: %s", c.title, quoteWords(command))
		a.out.say("Restart %s, and ask it to start a Mirra session.", c.title)
		if command[0] == "mirra" {
			if _, err := exec.LookPath("mirra"); err != nil {
				a.out.note("mirra is not on the PATH: put it there, or name another command: mirra mcp install %s -- npx -y @mirrahq/cli mcp", c.name)
			}
		}
	}
	return nil
}

// mcpCommandLine is what a client runs: in a file that is shared, the program by its
// name; in the user's own, this very one, for editors that have another PATH.
func mcpCommandLine(scope string) ([]string, error) {
	if scope == scopeProject {
		return []string{"mirra", "mcp"}, nil
	}
	exe, err := os.Executable()
	return []string{exe, "mcp"}, err
}

func quoteWords(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if w == "" || strings.ContainsAny(w, " \t\"'\\") {
			w = fmt.Sprintf("%q", w)
		}
		b.WriteString(w)
	}
	return b.String()
}

// clientFile is a file of a client's that may not be there yet.
type clientFile struct {
	path string // links followed
	text []byte // nil: it is not there
	mode fs.FileMode
}

func readClientFile(path string) (*clientFile, error) {
	f := &clientFile{path: path, mode: 0o600}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		f.path = target
	}
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &usageError{text: path + " is not a file"}
	}
	f.mode = info.Mode().Perm()
	f.text, err = os.ReadFile(f.path)
	return f, err
}

// write replaces the file at once, so that a client never reads half of it.
func (f *clientFile) write(text []byte) error {
	if f.text != nil && f.mode&0o200 == 0 {
		return &usageError{text: f.path + " is read-only", hint: "it was left as it is; make it writable, or write the entry yourself"}
	}
	folder := filepath.Dir(f.path)
	if f.text == nil {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		f.mode = 0o644 // there are no secrets in it
	}
	tmp, err := os.CreateTemp(folder, "."+filepath.Base(f.path)+"-*")
	if err != nil {
		return err
	}
	_, err = tmp.Write(text)
	err = errors.Join(err, tmp.Chmod(f.mode), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the error at hand says more
	}
	return err
}
