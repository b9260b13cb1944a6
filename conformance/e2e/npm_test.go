package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/mirrahq/mirra/conformance/e2e/npmregistry"
)

// npmProject is an empty folder where npm gets Mirra's packages from what
// `make npm` packed.
type npmProject struct {
	*project
	env []string
}

func newNpmProject(t *testing.T) *npmProject {
	t.Helper()
	// A home of its own: programs of two builds do not share a server.
	p := &npmProject{project: &project{t: t, folder: t.TempDir(), home: t.TempDir()}}
	t.Cleanup(func() { p.mirra("down", "--all") })
	p.env = environment(p.home, npmSettings(t)...)
	return p
}

// npmSettings has npm get Mirra's packages from what make npm packed, and keep to
// itself.
func npmSettings(t *testing.T) []string {
	t.Helper()
	registry, err := npmregistry.Open("../../build/npm")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(registry)
	t.Cleanup(server.Close)
	return []string{"npm_config_@mirrahq:registry=" + server.URL, "npm_config_cache=" + t.TempDir(), "npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false"}
}

// run runs a command in the project's folder.
func (p *npmProject) run(name string, args ...string) (stdout, stderr string, code int) {
	p.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = p.folder, p.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (p *npmProject) must(name string, args ...string) string {
	p.t.Helper()
	out, errs, code := p.run(name, args...)
	if code != 0 {
		p.t.Fatalf("%s %s: exit code %d\n%s%s", name, strings.Join(args, " "), code, out, errs)
	}
	return out
}

// below makes the project's folder have what is installed in another, and returns one
// below it. What npm installs there has the peers that it asks for above.
func (p *project) below(installed, name string) string {
	p.t.Helper()
	entries, err := os.ReadDir(installed)
	if err != nil || len(entries) == 0 {
		p.t.Fatalf("nothing is installed in %s: run make deps (%v)", installed, err)
	}
	if installed, err = filepath.Abs(installed); err == nil {
		err = os.Symlink(installed, filepath.Join(p.folder, "node_modules"))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return filepath.Join(p.folder, name)
}

// npm makes the project one that has what is installed in a folder, and npm get
// Mirra's packages from what make npm packed; it returns variables for that.
func (p *project) npm(installed string) []string {
	p.t.Helper()
	p.folder = p.below(installed, "shop")
	err := os.MkdirAll(p.folder, 0o755)
	if err == nil {
		err = os.WriteFile(filepath.Join(p.folder, "package.json"), []byte("{}\n"), 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return append(npmSettings(p.t), "npm_config_legacy_peer_deps=true", "npm_config_ignore_scripts=true", "CI=1")
}

// TestNpx runs the program with nothing but Node, by the command of the README.
func TestNpx(t *testing.T) {
	t.Parallel()
	p := newNpmProject(t)
	var version struct{ OS, Arch string }
	if out := p.must("npx", "--yes", "@mirrahq/cli", "version", "--json"); json.Unmarshal([]byte(out), &version) != nil || version.OS != runtime.GOOS || version.Arch != runtime.GOARCH {
		t.Errorf("npx runs %s", out)
	}
	var u upped
	if err := json.Unmarshal([]byte(p.must("npx", "--yes", "@mirrahq/cli", "up", "--mirrors", "stripe", "--json")), &u); err != nil || len(u.Mirrors) != 1 {
		t.Fatalf("%+v %v", u, err)
	}
	p.mirra("down", "--session", u.SessionID)
}

// TestNpmInstall installs the package and uses both of its names.
func TestNpmInstall(t *testing.T) {
	t.Parallel()
	p := newNpmProject(t)
	p.must("npm", "install", "@mirrahq/cli")
	bin := filepath.Join(p.folder, "node_modules", ".bin")
	for _, name := range []string{"mirra", "mr"} {
		if got := p.must(filepath.Join(bin, name), "version"); !strings.HasPrefix(got, "mirra ") {
			t.Errorf("%s version prints %q", name, got)
		}
	}
	if _, errs, code := p.run(filepath.Join(bin, "mirra"), "bogus"); code != 64 || !strings.Contains(errs, "bogus") {
		t.Errorf("an unknown command ends with %d: %s", code, errs)
	}
	t.Run("signals", func(t *testing.T) {
		cmd := exec.Command(filepath.Join(bin, "mirra"), "up", "--mirrors", "stripe")
		cmd.Dir, cmd.Env = p.folder, p.env
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for in := bufio.NewScanner(out); in.Scan() && !strings.Contains(in.Text(), "http://"); {
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = bufio.NewReader(out).WriteTo(new(bytes.Buffer)) }() // so that it can print its end
		err = cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() && status.Signal() != syscall.SIGTERM || err == nil && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("ended with %v", cmd.ProcessState)
		}
	})
	platform := filepath.Join(p.folder, "node_modules", "@mirrahq")
	entries, err := os.ReadDir(platform)
	if err != nil {
		t.Fatal(err)
	}
	var own string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "cli-") {
			own = e.Name()
		}
	}
	if own == "" || len(entries) != 2 {
		t.Fatalf("npm installed %v, want @mirrahq/cli and the program for this system alone", entries)
	}
	if err := os.RemoveAll(filepath.Join(platform, own)); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := p.run(filepath.Join(bin, "mirra"), "version"); code != 1 || !strings.Contains(errs, "npm install @mirrahq/"+own+"@") {
		t.Errorf("without the program it ends with %d: %s", code, errs)
	}
	p.env = append(p.env, "MIRRA_BINARY="+binary)
	p.must(filepath.Join(bin, "mirra"), "version")
}

// TestNodePackage installs @mirrahq/node and runs sessions from a test of Node's own
// runner, with Stripe's SDK.
func TestNodePackage(t *testing.T) {
	t.Parallel()
	p := newNpmProject(t)
	p.home = t.TempDir() // the installed program is another build than the other tests'
	t.Cleanup(func() { p.mirra("down", "--all") })
	p.env = append(p.env, "MIRRA_HOME="+p.home)
	p.folder = p.below("node/node_modules", "shop")
	if err := os.CopyFS(p.folder, os.DirFS("npm")); err != nil {
		t.Fatal(err)
	}
	p.must("npm", "install", "--no-save", "@mirrahq/node")
	if out, errs, code := p.run("node", "--test", "--test-reporter=tap"); code != 0 || !strings.Contains(out, "# pass 5") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}
