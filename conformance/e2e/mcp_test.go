package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mcpNode is a command of the folder mcp, for a project, with all that its client needs.
func (p *project) mcpNode(args ...string) *exec.Cmd {
	p.t.Helper()
	if _, err := os.Stat(filepath.Join("mcp", "node_modules")); err != nil {
		p.t.Fatalf("%v: run `make deps`", err)
	}
	var server struct {
		URL   string `json:"MIRRA_URL"`
		Token string `json:"MIRRA_TOKEN"`
	}
	if err := json.Unmarshal([]byte(p.mirra("env", "--server", "--json")), &server); err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command("node", args...)
	cmd.Dir = "mcp"
	cmd.Env = environment(p.home, "MIRRA="+binary, "PROJECT="+p.folder, "MIRRA_URL="+server.URL, "MIRRA_TOKEN="+server.Token)
	return cmd
}

// TestMCP runs mcp/mcp.test.mjs: an agent's session over both transports, by the official
// TypeScript SDK.
func TestMCP(t *testing.T) {
	t.Parallel()
	out, err := newProject(t).mcpNode("--test", "mcp.test.mjs").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "pass 3") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMCPKilled shows that a session ends with the client that started it, also when the
// client, or the program between the two, is killed.
func TestMCPKilled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, transport, victim string }{
		{"client over stdio", "stdio", "client"},
		{"mirra mcp", "stdio", "server"},
		{"client over HTTP", "http", "client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			cmd := p.mcpNode("hold.mjs", c.transport)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err == nil {
				err = cmd.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = cmd.Process.Kill() // it may be dead
				_ = cmd.Wait()
			})
			line, err := bufio.NewReader(out).ReadBytes('\n')
			var held struct {
				SessionID string
				Server    int
			}
			if err == nil {
				err = json.Unmarshal(line, &held)
			}
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			// It follows the session and ends with it.
			logs := exec.CommandContext(ctx, binary, "logs", "--follow", "--session", held.SessionID)
			logs.Dir, logs.Env = p.folder, environment(p.home)
			seen, err := logs.StdoutPipe()
			if err == nil {
				err = logs.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(seen)
			if !lines.Scan() || !strings.Contains(lines.Text(), "created") {
				t.Fatalf("the log begins with %q", lines.Text())
			}
			victim := cmd.Process
			if c.victim == "server" {
				if victim, err = os.FindProcess(held.Server); err != nil {
					t.Fatal(err)
				}
			}
			if err := victim.Kill(); err != nil {
				t.Fatal(err)
			}
			last := ""
			for lines.Scan() {
				last = lines.Text()
			}
			if err := logs.Wait(); err != nil || ctx.Err() != nil || !strings.Contains(last, "ended") {
				t.Errorf("the log ended with %q (%v, %v)", last, err, ctx.Err())
			}
			if out, err := p.try("state", "--session", held.SessionID); err == nil {
				t.Errorf("the session lives on: %s", out)
			}
		})
	}
}
