package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ciProject is a checkout whose suite calls Stripe, on a machine where npm is and mirra
// is not.
func ciProject(t *testing.T) *npmProject {
	t.Helper()
	p := newNpmProject(t)
	p.project.home = t.TempDir()
	global := t.TempDir()
	env := environment(p.project.home, "npm_config_prefix="+global, "PATH="+filepath.Join(global, "bin")+":"+os.Getenv("PATH"))
	for _, v := range p.env {
		if strings.HasPrefix(v, "npm_config_") {
			env = append(env, v)
		}
	}
	p.env = env
	t.Cleanup(func() { p.mirra("down", "--all") })
	for name, text := range map[string]string{
		"package.json": `{"name": "shop", "private": true, "scripts": {"test": "node test.mjs"}, "dependencies": {"stripe": "*"}}`,
		"test.mjs": `const made = await fetch('https://api.stripe.com/v1/customers', { method: 'POST', headers: { authorization: 'Bearer sk_test_123456789' } });
console.log('made', (await made.json()).object);
if (!made.ok) process.exit(3);
`,
	} {
		if err := os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.mirra("plugin", "install", "stripe")
	return p
}

var (
	yamlBlock  = regexp.MustCompile("(?s)## (\\w+)\n\n```yaml\n(.*?)```")
	ciCommands = regexp.MustCompile(`(?m)^\s+- (?:run: )?((?:npm|mirra) .*)$`)
)

// TestCIRecipes runs the commands of the recipes that are not GitHub's.
func TestCIRecipes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/ci.md")
	if err != nil {
		t.Fatal(err)
	}
	recipes := map[string][]string{}
	for _, b := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
		for _, c := range ciCommands.FindAllStringSubmatch(b[2], -1) {
			recipes[b[1]] = append(recipes[b[1]], c[1])
		}
	}
	for _, name := range []string{"GitLab", "CircleCI"} {
		if len(recipes[name]) != 3 {
			t.Fatalf("%s has the commands %q", name, recipes[name])
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := ciProject(t)
			if out := p.must("bash", "-e", "-c", strings.Join(recipes[name], "\n")); !strings.Contains(out, "made customer") {
				t.Error(out)
			}
			lock := filepath.Join(p.folder, "mirra.lock")
			if err := os.Remove(lock); err != nil {
				t.Fatal(err)
			}
			if out, errs, code := p.run("bash", "-e", "-c", strings.Join(recipes[name], "\n")); code == 0 || strings.Contains(out, "made") {
				t.Errorf("without a lock: %d\n%s%s", code, out, errs)
			}
		})
	}
}

// github is what the action asks of GitHub's API: the comments of pull request 7.
type github struct {
	*httptest.Server
	mu       sync.Mutex
	comments []map[string]any
	refuse   bool // as for the token of a fork
}

func newGithub(t *testing.T) *github {
	g := &github{comments: []map[string]any{}}
	for id := range 130 { // more than a page
		g.comments = append(g.comments, map[string]any{"id": id + 1, "body": "first!"})
	}
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(w http.ResponseWriter, r *http.Request, body string)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			g.mu.Lock()
			defer g.mu.Unlock()
			if r.Header.Get("Authorization") != "Bearer ghs_secret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			if g.refuse && r.Method != "GET" {
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"message":"Resource not accessible by integration"}`)
				return
			}
			var in struct{ Body string }
			if r.Method != "GET" {
				if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Body == "" {
					t.Errorf("%s %s: %v", r.Method, r.URL, err)
				}
			}
			serve(w, r, in.Body)
		})
	}
	handle("GET /repos/acme/shop/issues/7/comments", func(w http.ResponseWriter, r *http.Request, _ string) {
		page := 1
		if _, err := fmt.Sscan(r.URL.Query().Get("page"), &page); err != nil {
			t.Error(err)
		}
		from, to := min((page-1)*100, len(g.comments)), min(page*100, len(g.comments))
		_ = json.NewEncoder(w).Encode(g.comments[from:to]) // the client hears of it
	})
	handle("POST /repos/acme/shop/issues/7/comments", func(w http.ResponseWriter, _ *http.Request, body string) {
		c := map[string]any{"id": len(g.comments) + 1, "body": body, "html_url": "https://github.com/acme/shop/pull/7#new"}
		g.comments = append(g.comments, c)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(c)
	})
	handle("PATCH /repos/acme/shop/issues/comments/{id}", func(w http.ResponseWriter, r *http.Request, body string) {
		for _, c := range g.comments {
			if fmt.Sprint(c["id"]) == r.PathValue("id") {
				c["body"] = body
				_ = json.NewEncoder(w).Encode(c)
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// ours are the comments that the action made.
func (g *github) ours() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, c := range g.comments[130:] {
		out = append(out, c["body"].(string))
	}
	return out
}

// actionStep is a step of the action that runs a script.
type actionStep struct {
	env    map[string]string // by variable the input
	always bool
	run    string
}

// actionSteps reads action.yml as far as it is ours: what GitHub makes of it is not
// tested.
func actionSteps(t *testing.T) []actionStep {
	t.Helper()
	text, err := os.ReadFile("../../.github/actions/mirra/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(text), "  steps:\n")
	var out []actionStep
	inputs := regexp.MustCompile(`(?m)^\s+([A-Z_]+): \$\{\{ (.*?) \}\}$`)
	run := regexp.MustCompile(`(?m)^\s+run: (.*)$`)
	for _, step := range strings.Split(steps, "\n    - ") {
		found := run.FindStringSubmatch(step)
		if found == nil {
			continue
		}
		s := actionStep{map[string]string{}, strings.Contains(step, "if: always()"), found[1]}
		for _, m := range inputs.FindAllStringSubmatch(step, -1) {
			s.env[m[1]] = m[2]
		}
		out = append(out, s)
	}
	if len(out) != 4 {
		t.Fatalf("%d steps run scripts: %+v", len(out), out)
	}
	return out
}

// job runs the action as a runner does, and returns what it prints, its summary and
// whether it fails.
func job(t *testing.T, p *npmProject, g *github, inputs map[string]string) (log, summary string, failed bool) {
	t.Helper()
	action, err := filepath.Abs("../../.github/actions/mirra")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	event, summaryFile := filepath.Join(temp, "event.json"), filepath.Join(temp, "summary.md")
	if err := os.WriteFile(event, []byte(`{"pull_request":{"number":7}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	report := ""
	for n, step := range actionSteps(t) {
		if failed && !step.always || step.always && report == "" {
			continue
		}
		output := filepath.Join(temp, fmt.Sprint("output", n))
		cmd := exec.Command("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step.run)
		cmd.Dir = p.folder
		cmd.Env = append(slices.Clone(p.env), "GITHUB_ACTION_PATH="+action, "GITHUB_OUTPUT="+output, "GITHUB_STEP_SUMMARY="+summaryFile, "RUNNER_TEMP="+temp,
			"GITHUB_API_URL="+g.URL, "GITHUB_REPOSITORY=acme/shop", "GITHUB_EVENT_PATH="+event, "GITHUB_WORKFLOW=test", "GITHUB_JOB=test")
		for name, from := range step.env {
			value := map[string]string{"steps.run.outputs.report": report, "inputs.token": "ghs_secret"}[from]
			if input, ok := strings.CutPrefix(from, "inputs."); ok && value == "" {
				value = inputs[input]
			}
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		log += string(out)
		failed = failed || err != nil
		if written, err := os.ReadFile(output); err == nil {
			if r, ok := bytes.CutPrefix(written, []byte("report=")); ok {
				report = string(bytes.TrimSpace(r))
			}
		}
	}
	text, _ := os.ReadFile(summaryFile) // there may be none
	return log, string(text), failed
}

// TestAction runs the scripts of the GitHub action.
func TestAction(t *testing.T) {
	t.Parallel()
	p, g := ciProject(t), newGithub(t)
	log, summary, failed := job(t, p, g, map[string]string{"run": "npm test", "version": "latest"})
	if failed || !strings.Contains(log, "made customer") || !strings.Contains(summary, "### ✓ Mirra\n") || !strings.Contains(summary, "| `stripe@2026-08.1` | 1 | 0 attempts |") {
		t.Fatalf("%s\n%s", log, summary)
	}
	if c := g.ours(); len(c) != 1 || !strings.Contains(c[0], "### ✓ Mirra\n") {
		t.Fatalf("comments %q", c)
	}

	// What is not mirrored, refused and failed is said; the comment is the same.
	run := "curl -sS -u sk_test_123456789: https://api.stripe.com/v1/tax/settings\ncurl -sS https://example.com/ || true\nfalse\necho not reached"
	log, summary, failed = job(t, p, g, map[string]string{"run": run, "version": "latest", "mirrors": "stripe"})
	for _, want := range []string{"::error title=Mirra::The command ended with 1.", "::warning title=Mirra::example.com:443 was refused", "::warning title=Mirra::not mirrored, answered 501: "} {
		if !strings.Contains(log, want) {
			t.Errorf("want %q in:\n%s", want, log)
		}
	}
	if !failed || strings.Contains(log, "not reached") || !strings.Contains(summary, "### ✗ Mirra: the command ended with 1") || !strings.Contains(summary, "- `example.com:443` was refused") || !strings.Contains(summary, "answered 501: `") {
		t.Errorf("%s\n%s", log, summary)
	}
	if c := g.ours(); len(c) != 1 || !strings.Contains(c[0], "### ✗ Mirra") {
		t.Errorf("comments %q", c)
	}
	if out := p.mirra("sessions"); !strings.Contains(out, "No sessions") {
		t.Errorf("left behind: %s", out)
	}

	// A fork's token.
	g.refuse = true
	log, summary, failed = job(t, p, g, map[string]string{"run": "npm test", "version": "latest"})
	if failed || !strings.Contains(log, "::notice::No comment on the pull request: GitHub answers 403 (Resource not accessible by integration)") || !strings.Contains(summary, "✓ Mirra") {
		t.Errorf("%s\n%s", log, summary)
	}
	if c := g.ours(); len(c) != 1 || !strings.Contains(c[0], "### ✗ Mirra") {
		t.Errorf("comments %q", c)
	}

	// Nothing that calls a vendor, and a name that is no mirror's.
	if log, _, failed = job(t, p, g, map[string]string{"run": "true", "version": "latest"}); failed || !strings.Contains(log, "no request reached a mirror") {
		t.Error(log)
	}
	if log, _, failed = job(t, p, g, map[string]string{"run": "true", "version": "latest", "mirrors": "sripe"}); !failed || !strings.Contains(log, "::error::") || !strings.Contains(log, "sripe") {
		t.Error(log)
	}

	// A lock that cannot be used, and none.
	lock := filepath.Join(p.folder, "mirra.lock")
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(lock, append(text, "  what is this\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	log, _, failed = job(t, p, g, map[string]string{"run": "npm test", "version": "latest"})
	if !failed || strings.Contains(log, "made customer") || !strings.Contains(log, "::error file=mirra.lock::mirra: ") {
		t.Errorf("a damaged lock: %s", log)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if log, _, failed = job(t, p, g, map[string]string{"run": "npm test", "version": "latest"}); failed || !strings.Contains(log, "::notice::This project pins no mirrors") {
		t.Errorf("no lock: %s", log)
	}
}
