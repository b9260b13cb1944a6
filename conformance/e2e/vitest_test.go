package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// vitestVersions have a folder each below vitest/ that pins them.
var vitestVersions = []string{"3", "4", "5"}

// vitestSuite is a suite of tests, with @mirrahq/vitest as npm installs it beside it
// and one version of Vitest above.
type vitestSuite struct {
	*npmProject
	node string // the program
}

// newVitestSuites installs what make npm packed once, and copies it for each version.
func newVitestSuites(t *testing.T) map[string]*vitestSuite {
	t.Helper()
	suites := map[string]*vitestSuite{}
	var first *vitestSuite
	// The installed program is another build than the other tests': each would end the
	// server of the other while it has no sessions.
	own := t.TempDir()
	t.Cleanup(func() { (&project{t: t, folder: own, home: own}).mirra("down", "--all") })
	for _, version := range vitestVersions {
		installed := filepath.Join("vitest", version, "node_modules")
		s := &vitestSuite{npmProject: newNpmProject(t), node: "node"}
		s.home = own
		s.env = append(s.env, "MIRRA_HOME="+own, "NO_COLOR=1", "CI=1")
		if version == "5" {
			s.node = nodeProgram(t, "22")
		}
		s.folder = s.below(installed, "suite")
		if first == nil {
			if err := os.CopyFS(s.folder, os.DirFS("vitest/suite")); err != nil {
				t.Fatal(err)
			}
			s.must("npm", "install", "--no-save", "--ignore-scripts", "--legacy-peer-deps", "@mirrahq/vitest")
			first = s
		} else if out, err := exec.Command("cp", "-rp", first.folder, s.folder).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		suites[version] = s
	}
	return suites
}

// vitest is the command of the suite's version. Vitest gives a test five seconds, which
// is too few for one that shares the machine with all the others.
func (s *vitestSuite) vitest(args ...string) []string {
	command := append([]string{s.node, filepath.Join(s.folder, "..", "node_modules", "vitest", "vitest.mjs")}, args...)
	return append(command, "--testTimeout=60000", "--hookTimeout=60000")
}

// result is what Vitest's JSON reporter says of one test.
type result struct {
	FullName string
	Status   string
}

// results runs a configuration and returns what became of each test, by file and name.
func (s *vitestSuite) results(before []string, config string) []result {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "results.json")
	command := append(before, s.vitest("run", "--config", config, "--reporter=default", "--reporter=json", "--outputFile.json="+file)...)
	stdout, stderr, code := s.run(command[0], command[1:]...)
	var report struct {
		TestResults []struct {
			Name             string
			AssertionResults []result
		}
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil || code != 0 {
		s.t.Errorf("%s: exit code %d, %v\n%s%s", config, code, err, stdout, stderr)
	}
	var all []result
	for _, f := range report.TestResults {
		for _, r := range f.AssertionResults {
			all = append(all, result{filepath.Base(f.Name) + ": " + strings.TrimSpace(r.FullName), r.Status})
		}
	}
	return all
}

// passed counts how often each test of a file did.
func passed(t *testing.T, all []result, file string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, r := range all {
		if !strings.HasPrefix(r.FullName, file+": ") {
			continue
		}
		if r.Status != "passed" {
			t.Errorf("%s: %s", r.FullName, r.Status)
		}
		n[r.FullName]++
	}
	return n
}

// sums are the digests of the suite's own files.
func (s *vitestSuite) sums() map[string][sha256.Size]byte {
	s.t.Helper()
	sums := map[string][sha256.Size]byte{}
	root := os.DirFS(s.folder)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == "node_modules":
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		text, err := fs.ReadFile(root, path)
		sums[path] = sha256.Sum256(text)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return sums
}

// meeting lets two clients go on once both asked.
func meeting(t *testing.T) string {
	t.Helper()
	var mu sync.Mutex
	var waiting chan struct{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if other := waiting; other != nil {
			waiting = nil
			close(other)
			mu.Unlock()
			return
		}
		own := make(chan struct{})
		waiting = own
		mu.Unlock()
		select {
		case <-own:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestVitest runs a suite that knows nothing of Mirra as it is, and with withMirra in
// each of Vitest's pools.
func TestVitest(t *testing.T) {
	t.Parallel()
	suites := newVitestSuites(t)
	before := suites["4"].sums()
	if len(before) < 8 {
		t.Fatalf("the suite has %d files", len(before))
	}
	plain := passed(t, suites["4"].results([]string{binary, "up", "--new", "--mirrors", "stripe,resend", "--"}, "plain.config.js"), "billing.test.js")
	if len(plain) != 3 {
		t.Fatalf("the suite alone has %v", plain)
	}
	for _, version := range vitestVersions {
		t.Run("version "+version, func(t *testing.T) {
			s := suites[version]
			s.t = t
			all := s.results(nil, "pools.config.js")
			// Four pools, each with and without isolation.
			with := passed(t, all, "billing.test.js")
			for name := range plain {
				if with[name] != 8 {
					t.Errorf("%s passed %d times, want 8", name, with[name])
				}
			}
			if n := passed(t, all, "a.test.js"); len(n) != 1 {
				t.Errorf("beside it: %v", n)
			}
			if after := s.sums(); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Error("the suite’s files are not what they were")
			}
		})
	}
	t.Run("features", func(t *testing.T) {
		s := suites["4"]
		s.t, s.env = t, append(slices.Clip(s.env), "MEET="+meeting(t))
		files := map[string]int{"left": 1, "right": 1, "reset": 3, "helpers": 7, "environment": 1, "a": 1, "b": 1}
		all := s.results(nil, "features.config.js")
		for file, want := range files {
			if n := passed(t, all, file+".test.js"); len(n) != want {
				t.Errorf("%s: %v, want %d tests", file, n, want)
			}
		}
	})
	t.Run("sessions are gone", func(t *testing.T) {
		p := suites["4"].project
		p.t = t
		if out := p.mirra("sessions", "--json"); strings.Contains(out, "vitest-") || strings.Contains(out, p.folder) {
			t.Errorf("left behind: %s", out)
		}
	})
	t.Run("the session of the environment", func(t *testing.T) {
		s := suites["4"]
		s.t, s.project.t = t, t
		var u upped
		if err := json.Unmarshal([]byte(s.mirra("up", "--mirrors", "stripe,resend", "--new", "--json")), &u); err != nil {
			t.Fatal(err)
		}
		s.id = u.SessionID
		env := s.env
		s.env = append(slices.Clip(env), "MIRRA_SESSION="+s.id)
		passed(t, s.results(nil, "session.config.js"), "billing.test.js")
		if out := s.mirra("state", "stripe", "customers"); !strings.Contains(out, "delivered@resend.dev") {
			t.Errorf("the session has\n%s", out)
		}
		s.env = env
		s.mirra("down", "--session", s.id)
		s.id = ""
	})
	t.Run("no program", func(t *testing.T) {
		s := suites["4"]
		s.t = t
		env := s.env
		defer func() { s.env = env }()
		s.env = append(slices.Clip(env), "MIRRA_BINARY=/nonexistent/mirra")
		command := s.vitest("run", "--config", "session.config.js")
		if out, errs, code := s.run(command[0], command[1:]...); code != 1 || !strings.Contains(out+errs, "/nonexistent/mirra cannot be run (ENOENT)") || !strings.Contains(out+errs, "hint: install it: npm install @mirrahq/cli") {
			t.Errorf("exit code %d:\n%s%s", code, out, errs)
		}
	})
	t.Run("watch", func(t *testing.T) { suites["4"].watch(t) })
}

// watch changes a file's time, which has Vitest run it again, in a session as new as
// the first.
func (s *vitestSuite) watch(t *testing.T) {
	command := s.vitest("watch", "--config", "watch.config.js")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = s.folder, s.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := cmd.StdinPipe() // whose end would end it
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var seen strings.Builder
	until := func(text string) bool {
		b := make([]byte, 4096)
		for from := seen.Len(); ; {
			n, err := out.Read(b)
			seen.Write(b[:n])
			if strings.Contains(seen.String()[from:], text) {
				return true
			}
			if err != nil {
				return false
			}
		}
	}
	// What is printed last in each run.
	if !until("Waiting for file changes") || !strings.Contains(seen.String(), "1 passed") {
		t.Errorf("it printed\n%s", &seen)
	}
	file := filepath.Join(s.folder, "a.test.js")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
	if !until("Waiting for file changes") || strings.Count(seen.String(), "1 passed (1)") != 4 || strings.Contains(seen.String(), "failed") {
		t.Errorf("it printed\n%s", &seen)
	}
	in.Close()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was told to end
}
