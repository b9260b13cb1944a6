// Package e2e drives the real mirra binary with Stripe's own SDKs, as an
// application does: only the base URL is set.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// withinMirratest is set in the test binary that TestMirratestPrograms starts.
const withinMirratest = "MIRRA_E2E_MIRRATEST"

var (
	binary string // the built program
	home   string // MIRRA_HOME of the suite: one server for all tests
)

func TestMain(m *testing.M) {
	binary = os.Getenv("MIRRA")
	if binary == "" {
		binary, _ = filepath.Abs("../../bin/mirra")
	}
	if _, err := os.Stat(binary); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: no binary at", binary, "- run `make build`, or `make e2e` which does")
		os.Exit(1)
	}
	if os.Getenv(withinMirratest) != "" {
		os.Exit(m.Run()) // with the environment as it is
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if home, err = os.MkdirTemp("", "mirra-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(home)
	// For mirratest, which takes this process's own environment.
	for name, value := range map[string]string{"MIRRA_HOME": home, "MIRRA_PORT": "0", "MIRRA_BINARY": binary, "MIRRA_URL": "", "MIRRA_SESSION": ""} {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
			return 1
		}
	}
	code := m.Run()
	cmd := exec.Command(binary, "down", "--all")
	cmd.Env = environment(home)
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: stop the server: %v: %s\n", err, out)
		code = 1
	}
	return code
}

func environment(home string, more ...string) []string {
	env := []string{"MIRRA_HOME=" + home, "MIRRA_PORT=0", "NO_PROXY=*", "no_proxy=*"}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "MIRRA") && !strings.HasPrefix(name, "STRIPE") && !strings.HasPrefix(name, "TWILIO") && !strings.Contains(strings.ToLower(name), "proxy") {
			env = append(env, v)
		}
	}
	return append(env, more...)
}

// project is a folder of an application, with its session.
type project struct {
	t      *testing.T
	folder string
	home   string
	id     string
	url    string // of the Stripe mirror
	files  string // of its host for uploads
}

// webhookSecret is what the application's .env.local has.
const webhookSecret = "whsec_e2e0000000000000000000000000000"

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t: t, folder: t.TempDir(), home: home}
	if err := os.WriteFile(filepath.Join(p.folder, ".env.local"), []byte("STRIPE_WEBHOOK_SECRET="+webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// upped is what `mirra up --json` prints, as far as the tests look at it.
type upped struct {
	SessionID string `json:"sessionId"`
	Mirrors   []struct {
		Name, Vendor, URL, Version string
		URLs                       map[string]string
	} `json:"mirrors"`
}

// up starts a session with Stripe for a project of its own.
func up(t *testing.T, args ...string) *project {
	t.Helper()
	p := newProject(t)
	p.up(args...)
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	return p
}

// up starts Stripe in the line of the SDK that most tests use, unless arguments
// name another.
func (p *project) up(args ...string) {
	p.t.Helper()
	if !slices.Contains(args, "--mirrors") {
		args = append([]string{"--mirrors", "stripe@2024-06"}, args...)
	}
	out := p.mirra(append([]string{"up", "--json"}, args...)...)
	var u upped
	if err := json.Unmarshal([]byte(out), &u); err != nil || len(u.Mirrors) != 1 {
		p.t.Fatalf("up --json printed %s (%v)", out, err)
	}
	p.id, p.url, p.files = u.SessionID, u.Mirrors[0].URL, u.Mirrors[0].URLs["files"]
}

// mirra runs a command in the project and returns what it prints.
func (p *project) mirra(args ...string) string {
	p.t.Helper()
	out, err := p.try(args...)
	if err != nil {
		p.t.Fatalf("mirra %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (p *project) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = p.folder, environment(p.home)
	if p.id != "" {
		cmd.Env = append(cmd.Env, "MIRRA_SESSION="+p.id)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s%s", err, out, stderr.String())
	}
	return string(out), err
}

// follow returns once the session's log has a line that contains text.
func (p *project) follow(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "logs", "--follow")
	cmd.Dir, cmd.Env = p.folder, environment(p.home, "MIRRA_SESSION="+p.id)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	found := false
	for lines := bufio.NewScanner(out); !found && lines.Scan(); {
		found = strings.Contains(lines.Text(), text)
	}
	cancel()
	_ = cmd.Wait() // it was killed
	if !found {
		p.t.Fatalf("the log never said %q:\n%s", text, p.mirra("logs"))
	}
}

// hook is an application's webhook route.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	arrived  *sync.Cond
	requests []received
	answer   func(n int) int // status of the n-th request, from 1
}

type received struct {
	body   []byte
	header http.Header
}

func newHook(t *testing.T, answer func(n int) int) *hook {
	t.Helper()
	h := &hook{answer: answer}
	h.arrived = sync.NewCond(&h.mu)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		h.requests = append(h.requests, received{body, r.Header.Clone()})
		n := len(h.requests)
		h.arrived.Broadcast()
		h.mu.Unlock()
		if h.answer != nil {
			w.WriteHeader(h.answer(n))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// wait returns the first event of a type, once it has come.
func (h *hook) wait(t *testing.T, typ string) received {
	t.Helper()
	late := time.AfterFunc(20*time.Second, h.arrived.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(20 * time.Second)
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		var seen []string
		for _, r := range h.requests {
			var event struct{ Type string }
			if err := json.Unmarshal(r.body, &event); err != nil {
				t.Fatalf("webhook body %s: %v", r.body, err)
			}
			if event.Type == typ {
				return r
			}
			seen = append(seen, event.Type)
		}
		if time.Now().After(deadline) {
			t.Fatalf("no %s webhook; there came %v", typ, seen)
		}
		h.arrived.Wait()
	}
}

func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.requests)
}
