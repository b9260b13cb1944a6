package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// chromium is the browser of the system. Playwright's own are not fetched: they are no
// package of a registry, and no lock file has their digests.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium on PATH: install Debian's package chromium, or Google Chrome")
	return ""
}

// playwrightSuite is a suite of tests, with @mirrahq/playwright as npm installs it
// beside it and Playwright above.
type playwrightSuite struct{ *npmProject }

func newPlaywrightSuite(t *testing.T) *playwrightSuite {
	t.Helper()
	s := &playwrightSuite{newNpmProject(t)}
	// The installed program is another build than the other tests': each would end the
	// server of the other while it has no sessions.
	s.home = t.TempDir()
	t.Cleanup(func() { s.mirra("down", "--all") })
	s.env = append(s.env, "MIRRA_HOME="+s.home, "NO_COLOR=1", "CI=1", "CHROMIUM="+chromium(t))
	s.folder = s.below("playwright/node_modules", "suite")
	if err := os.CopyFS(s.folder, os.DirFS("playwright/suite")); err != nil {
		t.Fatal(err)
	}
	s.must("npm", "install", "--no-save", "--ignore-scripts", "--legacy-peer-deps", "@mirrahq/playwright")
	return s
}

// test runs a configuration, behind a command if there is one, and returns how many
// of its tests did as they should and how many did not, and what it printed.
func (s *playwrightSuite) test(config string, before ...string) (passed, failed int, printed string) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "results.json")
	env := s.env
	defer func() { s.env = env }()
	s.env = append(slices.Clip(env), "RESULTS="+file)
	command := append(before, "node", "../node_modules/@playwright/test/cli.js", "test", "--config", config)
	stdout, stderr, _ := s.run(command[0], command[1:]...)
	var report struct {
		Stats struct{ Expected, Unexpected, Flaky, Skipped int }
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &report)
	}
	if err != nil {
		s.t.Fatalf("%s: %v\n%s%s", config, err, stdout, stderr)
	}
	return report.Stats.Expected, report.Stats.Unexpected + report.Stats.Flaky + report.Stats.Skipped, stdout + stderr
}

// stranger returns the key and certificate of a server that nobody trusts, PEM.
func stranger(t *testing.T) string {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	server.Close()
	made := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})) + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]}))
}

// TestPlaywright runs a suite in a real browser: an application that knows nothing of
// Mirra, pages of its own and the vendor's, and all that a page can ask with.
func TestPlaywright(t *testing.T) {
	t.Parallel()
	s := newPlaywrightSuite(t)
	s.env = append(s.env, "MEET="+meeting(t), "STRANGER="+stranger(t))
	for config, want := range map[string]int{"shop.config.js": 3, "features.config.js": 10} {
		t.Run(config, func(t *testing.T) {
			s.t = t
			if passed, failed, printed := s.test(config); passed != want || failed != 0 {
				t.Errorf("%d passed and %d did not, want %d and none:\n%s", passed, failed, want, printed)
			}
		})
	}
	t.Run("sessions are gone", func(t *testing.T) {
		s.t, s.project.t = t, t
		if out := s.mirra("sessions", "--json"); strings.Contains(out, s.folder) || strings.Contains(out, "ses_") {
			t.Errorf("left behind: %s", out)
		}
	})
	t.Run("the session of the environment", func(t *testing.T) {
		s.t, s.project.t = t, t
		var u upped
		if err := json.Unmarshal([]byte(s.mirra("up", "--mirrors", "stripe", "--new", "--json")), &u); err != nil {
			t.Fatal(err)
		}
		s.id = u.SessionID
		defer func() { s.id = "" }()
		if passed, failed, printed := s.test("session.config.js", binary, "exec", "--session", s.id, "--"); passed != 1 || failed != 0 {
			t.Errorf("%d passed and %d did not:\n%s", passed, failed, printed)
		}
		if out := s.mirra("state", "stripe", "payment_intents"); !strings.Contains(out, "succeeded") {
			t.Errorf("the session has\n%s", out)
		}
		s.mirra("down", "--session", s.id)
	})
	t.Run("no program", func(t *testing.T) {
		s.t = t
		env := s.env
		defer func() { s.env = env }()
		s.env = append(slices.Clip(env), "MIRRA_BINARY=/nonexistent/mirra")
		passed, _, printed := s.test("proxy.config.js")
		if passed != 0 || !strings.Contains(printed, "/nonexistent/mirra cannot be run (ENOENT)") || !strings.Contains(printed, "hint: install it: npm install @mirrahq/cli") {
			t.Errorf("%d passed:\n%s", passed, printed)
		}
	})
	t.Run("another proxy", func(t *testing.T) {
		s.t = t
		passed, _, printed := s.test("proxy.config.js")
		if passed != 0 || !strings.Contains(printed, "the configuration has a proxy, http://proxy.example:3128") || !strings.Contains(printed, "hint: take it out") {
			t.Errorf("%d passed:\n%s", passed, printed)
		}
	})
}
