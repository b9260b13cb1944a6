package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestGate: a branch with a bug does not get through examples/gate/ci.sh, and the report
// and the summary of the job name the criterion; main and the branch with its fix do.
func TestGate(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.home, p.folder = t.TempDir(), filepath.Join(t.TempDir(), "shop")
	t.Cleanup(func() { p.mirra("down", "--all") })
	if err := os.CopyFS(p.folder, os.DirFS("../../examples/gate")); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(path, "mirra")); err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Jenny Rosen", "-c", "user.email=jenny@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Dir = p.folder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	ci := func() (r *ran, summary string) {
		t.Helper()
		report, steps := filepath.Join(p.folder, "report.xml"), filepath.Join(t.TempDir(), "summary.md")
		cmd := exec.Command("./ci.sh")
		cmd.Dir, cmd.Env = p.folder, environment(p.home, "PATH="+path+":"+os.Getenv("PATH"), "CI=true", "GITHUB_STEP_SUMMARY="+steps)
		out, _ := cmd.CombinedOutput() // its code says it
		r = &ran{code: cmd.ProcessState.ExitCode(), out: string(out)}
		text, err := os.ReadFile(steps)
		if err != nil {
			t.Fatalf("no summary (%v), and it ends with %d: %s", err, r.code, out)
		}
		r.suites = readJUnit(t, report)
		if err := os.Remove(report); err != nil {
			t.Fatal(err)
		}
		return r, string(text)
	}
	passes := func(what string) {
		t.Helper()
		if r, summary := ci(); r.code != 0 || len(r.failed()) > 0 || len(r.suites) != 2 || !strings.Contains(summary, "2 pass") {
			t.Errorf("%s ends with %d: %s\n%s", what, r.code, r.out, summary)
		}
	}

	git("init", "--quiet", "--initial-branch", "main")
	p.mirra("plugin", "install", "stripe@2026-08")
	git("add", "--all")
	git("commit", "--quiet", "-m", "Sell one thing")
	passes("main")

	for _, bug := range []struct{ branch, old, new, criterion string }{
		{"simpler-webhook", "if (!genuine(", "if (false && !genuine(", "paid.md: c2 [D] the webhook signature was verified"},
		{"own-keys", "'idempotency-key': key", "'idempotency-key': crypto.randomUUID()", "clicked-twice.md: c1 [D] exactly one payment intent was created"},
	} {
		git("switch", "--quiet", "--create", bug.branch, "main")
		file := filepath.Join(p.folder, "app.mjs")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), bug.old) != 1 {
			t.Fatalf("the application does not have %q", bug.old)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), bug.old, bug.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		git("commit", "--quiet", "--all", "-m", "Make it simpler")
		r, summary := ci()
		_, label, _ := strings.Cut(bug.criterion, "[D] ")
		if r.code != 1 || r.failed()[bug.criterion] == "" || !strings.Contains(summary, label) {
			t.Errorf("%s ends with %d, %q failed: %s\n%s", bug.branch, r.code, r.failed(), r.out, summary)
		}
		git("revert", "--no-edit", "HEAD")
		passes(bug.branch + " with the fix")
	}
	git("switch", "--quiet", "main")
	passes("main")

	// Without a lock nothing runs: nobody knows what would.
	if err := os.Remove(filepath.Join(p.folder, "mirra.lock")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(binary, "-C", p.folder, "run", "--ci").CombinedOutput(); err == nil || !strings.Contains(string(out), "mirra.lock") {
		t.Errorf("without mirra.lock: %v: %s", err, out)
	}
}
