package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inHosts is set in the test binary that runs where the hosts file and port 443 are
// its own.
const inHosts = "MIRRA_E2E_HOSTS"

// TestHosts runs TestWithOwnHosts in a network and mount namespace, with a copy of a
// hosts file in the place of the system's.
func TestHosts(t *testing.T) {
	t.Parallel()
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n# of the owner\n10.0.0.7 db.internal # kept"), 0o644); err != nil {
		t.Fatal(err)
	}
	within(t, "TestWithOwnHosts", hosts, "/etc/hosts", inHosts+"=1")
}

// holder is a `mirra up --hosts` that runs.
type holder struct {
	cmd *exec.Cmd
	out *bufio.Scanner
}

func (p *project) hosts(args ...string) *holder {
	p.t.Helper()
	cmd := exec.Command(binary, append([]string{"up", "--hosts", "--yes", "--mirrors", "stripe"}, args...)...)
	cmd.Dir, cmd.Env = p.folder, environment(p.home)
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	h := &holder{cmd, bufio.NewScanner(out)}
	for h.out.Scan() {
		if strings.Contains(h.out.Text(), "lead here by") {
			go func() { _, _ = io.Copy(io.Discard, out) }() // it may go on
			return h
		}
	}
	p.t.Fatalf("up --hosts ended: %v", cmd.Wait())
	return nil
}

// end sends a signal and waits.
func (h *holder) end(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := h.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	_ = h.cmd.Wait() // a signal is an error to it
}

// TestWithOwnHosts is TestHosts's other half.
func TestWithOwnHosts(t *testing.T) {
	if os.Getenv(inHosts) == "" {
		return // TestHosts runs it
	}
	read := func() string {
		t.Helper()
		text, err := os.ReadFile("/etc/hosts")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	before := read()
	// The last line had no end; nothing else changes.
	unchanged := func(when string) {
		t.Helper()
		if got := read(); strings.TrimSuffix(got, "\n") != strings.TrimSuffix(before, "\n") {
			t.Errorf("%s the hosts file is\n%s", when, got)
		}
	}
	p := newProject(t)
	p.home = t.TempDir()
	t.Cleanup(func() { p.mirra("down", "--all") })
	refused := func(why string, args ...string) {
		t.Helper()
		out, err := p.try(append([]string{"up", "--hosts", "--mirrors", "stripe"}, args...)...)
		if err == nil || !strings.Contains(out+err.Error(), why) {
			t.Errorf("up --hosts %v: %v %s, want %q", args, err, out, why)
		}
		unchanged("refused with " + why)
	}
	call := func() string {
		t.Helper()
		var env map[string]string
		if err := json.Unmarshal([]byte(p.mirra("env", "--json")), &env); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("curl", "-sS", "--noproxy", "*", "--cacert", env["MIRRA_CA_FILE"], "https://api.stripe.com/v1/customers", "-u", "sk_test_123456789:", "-d", "name=Ada")
		cmd.Env = environment(p.home)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return string(out)
	}

	refused("--yes answers") // nobody can be asked
	refused("does not go with", "--yes", "--detach")

	h := p.hosts()
	if got := call(); !strings.Contains(got, `"cus_`) {
		t.Errorf("Stripe answers %s", got)
	}
	if out, err := p.try("up", "--hosts", "--yes", "--new", "--mirrors", "stripe"); err == nil || !strings.Contains(out+err.Error(), "in use by another") {
		t.Errorf("a second session took the hosts file: %v %s", err, out)
	}
	if got := call(); !strings.Contains(got, `"cus_`) {
		t.Errorf("behind a second try Stripe answers %s", got)
	}
	h.end(t, os.Interrupt)
	unchanged("behind an interrupt")

	p.hosts().end(t, os.Kill)
	if out, err := p.try("doctor"); err == nil || !strings.Contains(out, "doctor --fix") {
		t.Errorf("behind a crash doctor says %v %s", err, out)
	}
	p.mirra("doctor", "--fix")
	unchanged("behind doctor --fix")
	p.hosts().end(t, os.Kill)
	p.hosts("--new").end(t, os.Interrupt) // takes over what the crash left
	unchanged("behind a crash and another session")

	taken, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	refused("listen on 127.0.0.1:443", "--yes")
	taken.Close()
	if taken, err := net.Listen("tcp", "[::1]:443"); err == nil { // else there is no IPv6 here, and no name leads there
		refused("listen on ::1:443", "--yes")
		taken.Close()
	}
	mount := func(flags string) {
		t.Helper()
		if out, err := exec.Command("mount", "-o", "remount,bind,"+flags, "/etc/hosts").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	mount("ro")
	refused("write /etc/hosts", "--yes")
	mount("rw")
}
