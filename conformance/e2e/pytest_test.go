package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pytest runs the suites of python/pytest with the plugin of sdk/python, as one that is
// installed.
func pytest(t *testing.T, p *project, env []string, args ...string) (string, error) {
	t.Helper()
	return pytestUnder(t, p, []string{"env"}, env, args...)
}

// pytestUnder has another command start it.
func pytestUnder(t *testing.T, p *project, command, env []string, args ...string) (string, error) {
	t.Helper()
	plugin, err := filepath.Abs("../../sdk/python")
	if err != nil {
		t.Fatal(err)
	}
	suites, err := filepath.Abs("python/pytest")
	if err != nil {
		t.Fatal(err)
	}
	command = append(command, python, "-B", "-m", "pytest", "-p", "pytest_mirra", "-p", "no:cacheprovider", "--rootdir", p.folder)
	cmd := exec.Command(command[0], append(command[1:], args...)...)
	cmd.Dir = suites
	cmd.Env = append(environment(p.home, "PYTHONPATH="+plugin, "MIRRA_BINARY="+binary), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestPytest runs the fixture's suite in two workers at once, and one that knows nothing
// of Mirra.
func TestPytest(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	out, err := pytest(t, p, nil, "-v", "-n", "2", "test_fixture.py")
	if err != nil || !strings.Contains(out, "32 passed") || !strings.Contains(out, "[gw0]") || !strings.Contains(out, "[gw1]") {
		t.Errorf("in two workers: %v\n%s", err, out)
	}
	if out, err := pytest(t, p, nil, "-p", "no:xdist", "--mirra", "stripe", "test_shop.py"); err != nil || !strings.Contains(out, "4 passed") {
		t.Errorf("unchanged: %v\n%s", err, out)
	}
	if out := p.mirra("sessions", "--json"); strings.Contains(out, p.folder) {
		t.Errorf("left behind: %s", out)
	}
}

// TestPytestAttached uses the session of mirra exec, and leaves its state.
func TestPytestAttached(t *testing.T) {
	t.Parallel()
	p := up(t)
	p.mirra("exec", "--quiet", "--", "curl", "-sS", "--fail-with-body", "https://api.stripe.com/v1/customers", "-u", "sk_test_123456789:", "-d", "email=before@example.com")
	test := filepath.Join(t.TempDir(), "test_attached.py")
	if err := os.WriteFile(test, []byte(`
import stripe
stripe.api_key = "sk_test_pytest123456789"

def test_finds(mirra):
    assert [c.email for c in stripe.Customer.list().data] == ["before@example.com"]
    assert mirra.trace() != [] and len(mirra.trace(method="POST")) == 0

def test_finds_again(mirra):
    assert len(stripe.Customer.list().data) == 1
`), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := pytest(t, p, []string{"MIRRA_SESSION=" + p.id}, "-p", "no:xdist", test); err != nil || !strings.Contains(out, "2 passed") {
		t.Errorf("by MIRRA_SESSION alone: %v\n%s", err, out)
	}
	exec := []string{binary, "exec", "--quiet", "--"}
	if out, err := pytestUnder(t, p, exec, []string{"MIRRA_SESSION=" + p.id}, "-p", "no:xdist", test); err != nil || !strings.Contains(out, "2 passed") {
		t.Errorf("within mirra exec: %v\n%s", err, out)
	}
}

// TestPytestFailures: what cannot be is said with what to do.
func TestPytestFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		test string
		env  string
		want []string
	}{
		"no program":         {"@pytest.mark.mirra('stripe')\ndef test(mirra): pass", "MIRRA_BINARY=/nowhere/mirra", []string{"MIRRA_BINARY names /nowhere/mirra", "npm install --global @mirrahq/cli"}},
		"an unknown mirror":  {"@pytest.mark.mirra('sripe')\ndef test(mirra): pass", "A=", []string{"sripe", "hint:"}},
		"an unknown fixture": {"@pytest.mark.mirra('stripe', seeds={'stripe': 'what'})\ndef test(mirra): pass", "A=", []string{`no fixture "what"`, "failed-payments"}},
		"an unknown option":  {"@pytest.mark.mirra('stripe', seed={})\ndef test(mirra): pass", "A=", []string{"the marker has no seed"}},
		"nothing to mirror":  {"def test(mirra): pass", "A=", []string{"no vendor that has a mirror was found", "--mirrors"}},
		"a session that ended": {"import subprocess, os\n@pytest.mark.mirra('stripe')\n@pytest.mark.parametrize('n', range(3))\ndef test(mirra, n):\n    if n == 0:\n        subprocess.run([os.environ['MIRRA_BINARY'], 'down'], check=True)\n        mirra.reset()", "A=",
			[]string{"it has ended", "mirra down", "1 failed, 1 passed, 1 error"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.home = t.TempDir()
			t.Cleanup(func() { p.mirra("down", "--all") })
			if err := os.Remove(filepath.Join(p.folder, ".env.local")); err != nil { // it names a vendor
				t.Fatal(err)
			}
			test := filepath.Join(p.folder, "test_failing.py")
			if err := os.WriteFile(test, []byte("import pytest\n\n"+c.test+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := pytest(t, p, []string{c.env}, "-p", "no:xdist", test)
			if err == nil {
				t.Errorf("it passes:\n%s", out)
			}
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("want %q in:\n%s", want, out)
				}
			}
		})
	}
}
