//go:build !windows

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/mirrahq/mirra/host/driver"
	"github.com/mirrahq/mirra/host/scenario"
)

// recorder is an agent that writes down how it was started.
const recorder = `#!/bin/sh
printf '%s\0' "$@" > "$RECORD/args"
cat > "$RECORD/stdin"
env > "$RECORD/env"
pwd > "$RECORD/dir"
if test -f .cursor/mcp.json; then cat .cursor/mcp.json > "$RECORD/cursor"; fi
`

const testPrompt = "Bounced addresses get no mail.\n\nMind $(touch pwned), `id`, \"quotes\", 'these' and {workdir} \\ é ✓"

// agentTest is a project with a work tree, and a folder of agents on the PATH.
func agentTest(t *testing.T, programs ...string) (*app, agentInput, string) {
	t.Helper()
	bin, record := t.TempDir(), t.TempDir()
	for _, p := range programs {
		if err := os.WriteFile(filepath.Join(bin, p), []byte(recorder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("MIRRA_HOME", "/of the user")
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("MIRRA_PORT", "") // restores it
	if err := os.Unsetenv("MIRRA_PORT"); err != nil {
		t.Fatal(err)
	}
	in := agentInput{Prompt: testPrompt, Dir: filepath.Join(t.TempDir(), "a work tree"), Session: "ses_ab12", Folder: filepath.Join(t.TempDir(), "of the run"),
		Env: map[string]string{"RECORD": record, "MIRRA_SESSION": "ses_ab12", "MIRRA_URL": "http://127.0.0.1:4400", "MIRRA_TOKEN": "a secret", "HTTPS_PROXY": "http://127.0.0.1:4401", "MIRRA_EGRESS": "yes"}}
	if err := os.MkdirAll(in.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return &app{cfg: &Config{ProjectRoot: t.TempDir()}}, in, record
}

// recorded runs an agent and returns what it wrote down.
func recorded(t *testing.T, r *agentRun, in agentInput, record string) map[string]string {
	t.Helper()
	env := os.Environ()
	for name, value := range r.Env {
		env = append(env, name+"="+value)
	}
	done, err := driver.Run(t.Context(), driver.Command{Args: r.Args, Dir: in.Dir, Env: env, Input: strings.NewReader(r.Stdin)}, time.Minute)
	if err != nil || done.Exit != "" {
		t.Fatalf("%v, %+v", err, done)
	}
	got := map[string]string{}
	entries, err := os.ReadDir(record)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(record, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(b)
	}
	return got
}

// servers reads a JSON file of MCP servers.
func servers(t *testing.T, text string) map[string]any {
	t.Helper()
	var file struct{ MCPServers map[string]map[string]any }
	if err := json.Unmarshal([]byte(text), &file); err != nil || len(file.MCPServers) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	return file.MCPServers["mirra"]
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Each agent is given the prompt, whole and once, and the MCP server of the session.
func TestAgents(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	behind := func(args []string, flag string) string {
		i := slices.Index(args, flag)
		if i < 0 || i+1 == len(args) {
			t.Fatalf("no %s in %q", flag, args)
		}
		return args[i+1]
	}
	variable := func(env, name string) string {
		for line := range strings.Lines(env) {
			if value, ok := strings.CutPrefix(line, name+"="); ok {
				return strings.TrimSuffix(value, "\n")
			}
		}
		return ""
	}
	for name, c := range map[string]struct {
		program string
		stdin   bool
		may     []string // arguments without which it would ask, or not act
		server  func(args []string, got map[string]string) map[string]any
	}{
		"claude-code": {"claude", true, []string{"-p", "acceptEdits", "Bash,mcp__mirra", "--strict-mcp-config"}, func(args []string, _ map[string]string) map[string]any {
			return servers(t, readText(t, behind(args, "--mcp-config")))
		}},
		"codex": {"codex", true, []string{"exec", "workspace-write", "sandbox_workspace_write.network_access=true", "-"}, func(args []string, _ map[string]string) map[string]any {
			i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "mcp_servers.mirra=") })
			if i < 1 || args[i-1] != "-c" {
				t.Fatalf("no server in %q", args)
			}
			var all struct {
				Servers map[string]map[string]any `toml:"mcp_servers"`
			}
			if err := toml.Unmarshal([]byte(args[i]), &all); err != nil {
				t.Fatal(err)
			}
			s := all.Servers["mirra"]
			if s["default_tools_approval_mode"] != "approve" || strings.Contains(args[i], "a secret") {
				t.Errorf("the server is %v", s)
			}
			// What is passed on is put with the rest, as Codex does.
			for _, passed := range s["env_vars"].([]any) {
				s["env"].(map[string]any)[passed.(string)] = map[string]string{"MIRRA_HOME": "/of the user", "MIRRA_URL": "http://127.0.0.1:4400", "MIRRA_TOKEN": "a secret"}[passed.(string)]
			}
			return s
		}},
		"copilot": {"copilot", false, []string{"-p", "--allow-all-tools", "--no-ask-user"}, func(args []string, _ map[string]string) map[string]any {
			path, ok := strings.CutPrefix(behind(args, "--additional-mcp-config"), "@")
			s := servers(t, readText(t, path))
			if !ok || !reflect.DeepEqual(s["tools"], []any{"*"}) {
				t.Errorf("the server is %v", s)
			}
			return s
		}},
		"cursor": {"cursor-agent", false, []string{"-p", "--force", "--trust", "--approve-mcps"}, func(_ []string, got map[string]string) map[string]any {
			return servers(t, got["cursor"])
		}},
		"cline": {"cline", false, []string{"--auto-approve", "true"}, func(_ []string, got map[string]string) map[string]any {
			return servers(t, readText(t, variable(got["env"], "CLINE_MCP_SETTINGS_PATH")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a, in, record := agentTest(t, c.program)
			r, err := a.agentCommand(name, in)
			if err != nil {
				t.Fatal(err)
			}
			got := recorded(t, r, in, record)
			args := strings.Split(strings.TrimSuffix(got["args"], "\x00"), "\x00")
			for _, want := range c.may {
				if !slices.Contains(args, want) {
					t.Errorf("no %s in %q", want, args)
				}
			}
			if in, asArgument := got["stdin"] == testPrompt, slices.Contains(args, testPrompt); in != c.stdin || asArgument == c.stdin {
				t.Errorf("the prompt as input: %v, as argument: %v", in, asArgument)
			}
			if got["dir"] != in.Dir+"\n" || variable(got["env"], "MIRRA_SESSION") != "ses_ab12" || variable(got["env"], "HTTPS_PROXY") != "http://127.0.0.1:4401" {
				t.Errorf("it was started in %q with\n%s", got["dir"], got["env"])
			}
			s := c.server(args, got)
			env := map[string]any{"MIRRA_SESSION": "ses_ab12", "MIRRA_HOME": "/of the user", "MIRRA_URL": "http://127.0.0.1:4400", "MIRRA_TOKEN": "a secret"}
			if s["command"] != exe || !reflect.DeepEqual(s["args"], []any{"mcp"}) || !reflect.DeepEqual(s["env"], env) {
				t.Errorf("the MCP server is %v", s)
			}
			r.cleanup()
			if left, err := os.ReadDir(in.Dir); err != nil || len(left) != 0 {
				t.Errorf("%v are left in the work tree (%v)", left, err)
			}
			entries, err := os.ReadDir(in.Folder)
			if err != nil || len(entries) == 0 {
				t.Errorf("%v, %v", entries, err)
			}
			for _, e := range entries {
				if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%s can be read by others (%v): it has a token", e.Name(), err)
				}
			}
		})
	}
}

// What mirra.yaml names is started as it says, with no shell between.
func TestCustomAgent(t *testing.T) {
	a, in, record := agentTest(t, "my-agent")
	var c fileConfig
	if _, err := parseConfig([]byte("agent:\n  command: my-agent --prompt={prompt} '{prompt-file}' --mcp \"{mcp-config}\" in:{workdir} '' {\"a\":1} {prompt}\n"), &c); err != nil {
		t.Fatal(err)
	}
	a.cfg.File = c
	r, err := a.agentCommand("custom", in)
	if err != nil {
		t.Fatal(err)
	}
	got := recorded(t, r, in, record)
	args := strings.Split(strings.TrimSuffix(got["args"], "\x00"), "\x00")
	want := []string{"--prompt=" + testPrompt, filepath.Join(in.Folder, "prompt.md"), "--mcp", filepath.Join(in.Folder, "mcp.json"), "in:" + in.Dir, "", "{a:1}", testPrompt}
	if !slices.Equal(args, want) || got["stdin"] != "" {
		t.Errorf("the arguments are\n%q, want\n%q", args, want)
	}
	if text := readText(t, filepath.Join(in.Folder, "prompt.md")); text != testPrompt {
		t.Errorf("the file has %q", text)
	}
	if s := servers(t, readText(t, filepath.Join(in.Folder, "mcp.json"))); s["env"].(map[string]any)["MIRRA_SESSION"] != "ses_ab12" {
		t.Errorf("the server is %v", s)
	}

	// Without a place for it the prompt is input; a path is from the project.
	if err := os.MkdirAll(filepath.Join(a.cfg.ProjectRoot, "tools"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.cfg.ProjectRoot, "tools", "agent"), []byte(recorder), 0o755); err != nil {
		t.Fatal(err)
	}
	a.cfg.File.Agent.Command = []string{"tools/agent", "--fast"}
	if r, err = a.agentCommand("custom", in); err != nil {
		t.Fatal(err)
	}
	if got = recorded(t, r, in, record); got["args"] != "--fast\x00" || got["stdin"] != testPrompt {
		t.Errorf("%q", got)
	}
}

// The key agent is read strictly.
func TestAgentKey(t *testing.T) {
	for text, want := range map[string]string{
		"agent: my-agent":                               "1:8: agent: want command:",
		"agent: [my-agent]":                             "1:8: agent: want command:",
		"agent:\n  comand: x":                           `2:3: unknown key "comand": want command`,
		"agent:\n  command: x\n  command: y":            `key "command" is there twice`,
		"agent:\n  command: ''":                         "2:12: command: want a program and its arguments",
		"agent:\n  command: []":                         "2:12: command: want a program and its arguments",
		"agent:\n  command: {a: b}":                     "2:12: command: want a text, or a list of texts",
		"agent:\n  command: my-agent 'open":             "2:12: command: a quote is not closed",
		"agent:\n  command: my-agent {promt}":           "2:12: command: unknown placeholder {promt} (did you mean {prompt}?",
		"agent:\n  command: [my-agent, 'x={mcp-toml}']": "2:12: command: unknown placeholder {mcp-toml} (",
		"agent:\n  command: '{prompt} x'":               "2:12: command: the program is a placeholder",
	} {
		var c fileConfig
		if _, err := parseConfig([]byte(text), &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string][]string{
		"agent:\n  command: a  b\t'c d'e \"f'g\" \\h $i": {"a", "b", "c de", "f'g", `\h`, "$i"},
		"agent:\n  command: [a b, '{prompt}']":           {"a b", "{prompt}"},
		"agent: {}":                                      nil,
	} {
		var c fileConfig
		if _, err := parseConfig([]byte(text), &c); err != nil || !slices.Equal(c.Agent.Command, want) {
			t.Errorf("%q: %q (%v), want %q", text, c.Agent.Command, err, want)
		}
	}
}

// What cannot be started says why, and what to do.
func TestAgentFaults(t *testing.T) {
	a, in, _ := agentTest(t, "copilot")
	t.Setenv("PATH", strings.Split(os.Getenv("PATH"), string(os.PathListSeparator))[0])
	change := func(f func(*agentInput)) agentInput { other := in; f(&other); return other }
	for _, c := range []struct {
		name      string
		in        agentInput
		text, tip string
	}{
		{"codex", in, "Codex is not installed: codex is not on the PATH", "npm install -g @openai/codex; and sign in to it once"},
		{"cursor", in, "Cursor is not installed: cursor-agent is not on the PATH", "https://cursor.com/"},
		{"claud-code", in, `the agent "claud-code" is not known`, "did you mean claude-code? there are claude-code, cline, codex, copilot, cursor, custom"},
		{"custom", in, "mirra.yaml has no command of a custom agent", "command: \"my-agent"},
		{"copilot", change(func(in *agentInput) { in.Prompt = " \n" }), "GitHub Copilot has nothing to do", "the section Prompt"},
		{"copilot", change(func(in *agentInput) { in.Prompt = strings.Repeat("x", 200_000) }), "the prompt has 200000 bytes, and GitHub Copilot takes it as an argument, of at most 131071", "a file of the project"},
	} {
		_, err := a.agentCommand(c.name, c.in)
		if e, ok := errors.AsType[*usageError](err); !ok || !strings.Contains(e.text, c.text) || !strings.Contains(e.hint, c.tip) {
			t.Errorf("%s: %v (%s), want %s (%s)", c.name, err, hint(err), c.text, c.tip)
		}
	}
	a.cfg.File.Agent.Command = []string{"not-there"}
	if _, err := a.agentCommand("custom", in); err == nil || !strings.Contains(err.Error(), `"not-there": executable file not found`) {
		t.Errorf("a custom agent that is not there: %v", err)
	}
	// The longest that fits is taken, and a list is no flag.
	in.Prompt = "- " + strings.Repeat("x", maxArgument-3)
	r, err := a.agentCommand("copilot", in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := driver.Run(t.Context(), driver.Command{Args: append([]string{"/bin/true"}, r.Args[1:]...)}, time.Minute); err != nil {
		t.Error(err)
	}
	if arg := r.Args[2]; arg != "\n"+in.Prompt {
		t.Errorf("the prompt is %q...", arg[:10])
	}
}

// A project's file is lent to Cursor, and is as it was afterwards.
func TestLentFile(t *testing.T) {
	own := "{\n  // ours\n  \"mcpServers\": { \"other\": {\"command\": \"x\"}, \"mirra\": {\"command\": \"mirra\", \"args\": [\"mcp\"]}, },\n}\n"
	a, in, _ := agentTest(t, "cursor-agent")
	path := filepath.Join(in.Dir, ".cursor", "mcp.json")
	put := func(text string) {
		if err := replaceFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	lend := func() func() {
		r, err := a.agentCommand("cursor", in)
		if err != nil {
			t.Fatal(err)
		}
		return r.cleanup
	}
	put(own)
	cleanup := lend()
	var lent struct {
		MCPServers map[string]struct{ Env map[string]string }
	}
	if err := json.Unmarshal([]byte(readText(t, path)), &lent); err != nil || len(lent.MCPServers) != 2 || lent.MCPServers["mirra"].Env["MIRRA_SESSION"] != "ses_ab12" {
		t.Errorf("it has %v (%v)", lent, err)
	}
	cleanup()
	if text := readText(t, path); text != own {
		t.Errorf("it was %q and is %q", own, text)
	}

	// What the agent wrote stays, without the session.
	cleanup = lend()
	put(`{"mcpServers": {"mirra": {"command": "x"}, "new": {"command": "y"}}}`)
	cleanup()
	if text := readText(t, path); strings.Contains(text, "mirra") || !strings.Contains(text, `"new": {"command": "y"}`) {
		t.Errorf("it is %s", text)
	}
	cleanup = lend()
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	cleanup()
	if _, err := os.Lstat(filepath.Dir(path)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the agent took away is there: %v", err)
	}

	for _, text := range []string{"[]", "{", `{"mcpServers": []}`} {
		put(text)
		if _, err := a.agentCommand("cursor", in); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", text, err)
		}
		if now := readText(t, path); now != text {
			t.Errorf("%q became %q", text, now)
		}
	}
}

// Where other hosts are refused, an agent reaches its own, and no vendor that is mirrored.
func TestAgentEgress(t *testing.T) {
	a, in, _ := agentTest(t, "claude")
	t.Setenv("ANTHROPIC_BASE_URL", "https://gateway.acme.test:8443/v1")
	in.Env["NO_PROXY"], in.Env["no_proxy"] = "localhost,127.0.0.1", "localhost,127.0.0.1"
	r, err := a.agentCommand("claude-code", in)
	if err != nil || r.Env["NO_PROXY"] != "localhost,127.0.0.1" {
		t.Errorf("%v, where all pass: %q", err, r.Env["NO_PROXY"])
	}
	in.Env["MIRRA_EGRESS"], in.Env["MIRRA_DOMAINS"] = "no", "stripe.com,claude.ai"
	if r, err = a.agentCommand("claude-code", in); err != nil {
		t.Fatal(err)
	}
	want := "localhost,127.0.0.1,anthropic.com,.anthropic.com,claude.com,.claude.com,gateway.acme.test,.gateway.acme.test"
	if r.Env["NO_PROXY"] != want || r.Env["no_proxy"] != want || r.Env["MIRRA_EGRESS"] != "yes" || in.Env["MIRRA_EGRESS"] != "no" {
		t.Errorf("%v", r.Env)
	}
}

// Scenarios name those agents that there are.
func TestAgentNames(t *testing.T) {
	names := []string{customAgent}
	for _, g := range agents {
		names = append(names, g.name)
	}
	if want := slices.Sorted(slices.Values(scenario.Agents)); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("%v, want %v", names, want)
	}
}
