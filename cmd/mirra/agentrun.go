package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/mirrahq/mirra/host/nearest"
)

// agentInput is what an agent is to do, and where.
type agentInput struct {
	Prompt  string
	Dir     string            // the work tree, or a folder of it, that it is started in
	Env     map[string]string // of the session, as its application has it
	Session string            // id
	Folder  string            // for files that live as long as the run
}

// agentRun is how an agent is started, in agentInput.Dir.
type agentRun struct {
	Args    []string
	Stdin   string            // "" is none
	Env     map[string]string // over this process's own
	cleanup func()            // takes out of the work tree what was put there; before its diff is read
}

// maxArgument bounds an argument of a command: MAX_ARG_STRLEN of Linux (execve(2)), 32
// pages with the byte that ends it. Windows takes a quarter of it.
const maxArgument = 128<<10 - 1

// agentCommand makes the command that starts an agent.
//
// Its environment is the session's: what the agent starts, the application and its tests,
// is led to the mirrors, as it would be by mirra exec. The agent itself calls hosts that no
// mirror claims, which pass. Where the session refuses such hosts, those that the agent
// is known to call are excepted from the proxy, and hooks within its processes refuse
// nobody: a vendor that is mirrored is never called for real in either case. One of a
// custom agent is to stand in NO_PROXY.
func (a *app) agentCommand(name string, in agentInput) (*agentRun, error) {
	g, err := a.findAgent(name)
	if err != nil {
		return nil, err
	}
	program, err := a.agentProgram(g)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(in.Prompt) == "" || strings.Contains(in.Prompt, "\x00") {
		return nil, &usageError{text: g.title + " has nothing to do: the prompt is empty, or no text", hint: "the section Prompt of the scenario says what the agent is to do"}
	}
	if err := os.MkdirAll(in.Folder, 0o700); err != nil {
		return nil, err
	}
	server, err := mcpServer(in)
	if err != nil {
		return nil, err
	}
	inline, err := server.toml()
	if err != nil {
		return nil, err
	}
	values := map[string]string{"{workdir}": in.Dir, "{prompt}": in.Prompt, "{prompt-file}": filepath.Join(in.Folder, "prompt.md"), "{mcp-config}": filepath.Join(in.Folder, "mcp.json"), "{mcp-toml}": inline}
	if strings.HasPrefix(in.Prompt, "-") {
		values["{prompt}"] = "\n" + in.Prompt // a list, and no flag
	}
	config, err := json.MarshalIndent(map[string]any{"mcpServers": map[string]any{mcpEntry: server.entry()}}, "", "  ")
	if err == nil {
		err = errors.Join(os.WriteFile(values["{mcp-config}"], config, 0o600), os.WriteFile(values["{prompt-file}"], []byte(in.Prompt), 0o600))
	}
	if err != nil {
		return nil, err
	}
	fill := func(text string) string {
		return placeholder.ReplaceAllStringFunc(text, func(p string) string {
			if v, ok := values[p]; ok {
				return v
			}
			return p
		})
	}
	r := &agentRun{Args: []string{program}, Env: agentEnv(g, in), cleanup: func() {}}
	given := false
	for _, arg := range g.args {
		given = given || strings.Contains(arg, "{prompt}") || strings.Contains(arg, "{prompt-file}")
		arg = fill(arg)
		if len(arg) > maxArgument {
			return nil, &usageError{text: fmt.Sprintf("the prompt has %d bytes, and %s takes it as an argument, of at most %d", len(in.Prompt), g.title, maxArgument), hint: "put most of it into a file of the project, and name that in the prompt"}
		}
		r.Args = append(r.Args, arg)
	}
	if !given {
		r.Stdin = in.Prompt
	}
	for name, value := range g.env {
		r.Env[name] = fill(value)
	}
	if g.project != "" {
		r.cleanup, err = lendServer(filepath.Join(in.Dir, filepath.FromSlash(g.project)), server)
	}
	return r, err
}

func (a *app) findAgent(name string) (*agent, error) {
	if name == customAgent {
		if command := a.cfg.File.Agent.Command; len(command) > 0 {
			return &agent{name: customAgent, title: filepath.Base(command[0]), program: command[0], install: "agent: command: of mirra.yaml names it", args: command[1:]}, nil
		}
		return nil, &usageError{text: "mirra.yaml has no command of a custom agent", hint: "write\n  agent:\n    command: \"my-agent --prompt {prompt} --mcp {mcp-config}\""}
	}
	names := []string{customAgent}
	for i := range agents {
		if agents[i].name == name {
			return &agents[i], nil
		}
		names = append(names, agents[i].name)
	}
	slices.Sort(names)
	e := &usageError{text: fmt.Sprintf("the agent %q is not known", name), hint: "there are " + strings.Join(names, ", ")}
	if best := nearest.Word(name, names); best != "" {
		e.hint = "did you mean " + best + "? " + e.hint
	}
	return nil, e
}

// agentProgram finds an agent's program; a path is from the project.
func (a *app) agentProgram(g *agent) (string, error) {
	program := filepath.FromSlash(g.program)
	if filepath.Base(program) != program && !filepath.IsAbs(program) {
		program = filepath.Join(a.cfg.ProjectRoot, program)
	}
	found, err := exec.LookPath(program)
	if err == nil {
		return filepath.Abs(found)
	}
	if g.name == customAgent {
		return "", &usageError{text: fmt.Sprintf("the custom agent cannot be started: %v", err), hint: g.install + "; is it installed, and on the PATH?"}
	}
	where := g.program + " is not on the PATH"
	if !errors.Is(err, exec.ErrNotFound) {
		where = err.Error()
	}
	return "", &usageError{text: fmt.Sprintf("%s is not installed: %s", g.title, where), hint: g.install + "; and sign in to it once"}
}

// agentEnv is the session's environment, in which the agent reaches its own hosts.
func agentEnv(g *agent, in agentInput) map[string]string {
	env := map[string]string{}
	for name, value := range in.Env {
		env[name] = value
	}
	env["MIRRA_SESSION"] = in.Session
	if env["MIRRA_EGRESS"] != "no" {
		return env
	}
	env["MIRRA_EGRESS"] = "yes"
	direct := g.hosts
	for _, name := range g.bases {
		if u, err := url.Parse(os.Getenv(name)); err == nil && u.Hostname() != "" {
			direct = append(direct[:len(direct):len(direct)], u.Hostname())
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		for _, host := range direct {
			claimed := slices.ContainsFunc(strings.Split(env["MIRRA_DOMAINS"], ","), func(domain string) bool {
				return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain) || strings.HasSuffix(domain, "."+host))
			})
			if !claimed {
				env[name] = strings.TrimPrefix(env[name]+","+host+",."+host, ",")
			}
		}
	}
	return env
}

// server is the MCP server of a run.
type server struct {
	command []string
	env     map[string]string
}

// serverVariables lead mirra mcp to the server that the session is of.
var serverVariables = []string{"MIRRA_HOME", "MIRRA_PORT", "MIRRA_TOKEN", "MIRRA_URL", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}

func mcpServer(in agentInput) (*server, error) {
	command, err := mcpCommandLine(scopeUser)
	if err != nil {
		return nil, err
	}
	s := &server{command, map[string]string{"MIRRA_SESSION": in.Session}}
	for _, name := range serverVariables {
		value, ok := in.Env[name]
		if !ok {
			value = os.Getenv(name)
		}
		if value != "" {
			s.env[name] = value
		}
	}
	return s, nil
}

// entry is the server as JSON files have it. Copilot wants its tools named.
func (s *server) entry() map[string]any {
	return map[string]any{"type": "stdio", "command": s.command[0], "args": s.command[1:], "env": s.env, "tools": []string{"*"}}
}

// toml is the server as Codex has it, on one line. A command line can be read by others:
// variables are passed on by their names.
func (s *server) toml() (string, error) {
	names := slices.DeleteFunc(sortedKeys(s.env), func(name string) bool { return name == "MIRRA_SESSION" })
	// JSON's strings and lists are TOML's too, but for DEL, which no path has.
	var parts [4][]byte
	for i, v := range []any{s.command[0], s.command[1:], s.env["MIRRA_SESSION"], append([]string{}, names...)} {
		var err error
		if parts[i], err = json.Marshal(v); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf(`{command=%s,args=%s,env={MIRRA_SESSION=%s},env_vars=%s,default_tools_approval_mode="approve"}`, parts[0], parts[1], parts[2], parts[3]), nil
}

// lendServer puts the server into a file of the project's, and returns what takes it out
// again: a file that nobody changed meanwhile is as it was, bytes and all.
func lendServer(path string, s *server) (restore func(), err error) {
	f, err := readClientFile(path)
	if err != nil {
		return nil, err
	}
	text := f.text
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	all := map[string]json.RawMessage{}
	servers := map[string]json.RawMessage{}
	plain, err := hujson.Standardize(slices.Clone(text))
	if err == nil {
		err = json.Unmarshal(plain, &all)
	}
	if err == nil && all["mcpServers"] != nil {
		err = json.Unmarshal(all["mcpServers"], &servers)
	}
	if err != nil {
		return nil, &usageError{text: fmt.Sprintf("%s: %v", path, err), hint: "the agent reads its MCP servers there; put it right"}
	}
	if servers == nil {
		servers = map[string]json.RawMessage{}
	}
	if servers[mcpEntry], err = json.Marshal(s.entry()); err == nil {
		all["mcpServers"], err = json.Marshal(servers)
	}
	if err != nil {
		return nil, err
	}
	lent, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(f.path)
	_, e := os.Lstat(folder)
	made := errors.Is(e, fs.ErrNotExist)
	if err := f.write(lent); err != nil {
		return nil, err
	}
	return func() {
		now, err := os.ReadFile(f.path)
		switch {
		case err != nil:
			return // the agent took it away
		case !bytes.Equal(now, lent):
			if rest, done, err := editJSON(now, &mcpClient{key: "mcpServers"}, nil); err == nil && done == mcpRemoved {
				_ = os.WriteFile(f.path, rest, f.mode) // what is left is in the diff, for all to see
			}
		case f.text == nil:
			_ = os.Remove(f.path) // likewise
			if made {
				_ = os.Remove(folder) // something else may be in it
			}
		default:
			_ = os.WriteFile(f.path, f.text, f.mode) // likewise
		}
	}, nil
}
