package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inStores is set in the test binary that runs where the trust stores and port 443 are
// its own, to the folder where clients were built.
const inStores = "MIRRA_E2E_STORES"

// TestTrust runs TestWithOwnStores in a network and mount namespace.
func TestTrust(t *testing.T) {
	t.Parallel()
	hosts := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	built := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(built, "goclients"), "./dropin/goclients").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	within(t, "TestWithOwnStores", hosts, "/etc/hosts", inStores+"="+built)
}

// ownFolder puts a copy of a folder in its place, or an empty one.
func ownFolder(t *testing.T, place string, empty bool) {
	t.Helper()
	own := t.TempDir()
	mustRun(t, "chmod", "755", own)
	if !empty {
		mustRun(t, "cp", "-dR", "--preserve=mode,timestamps,links", place+"/.", own) // owners are not for whoever is root in a namespace alone
	}
	mustRun(t, "mount", "--bind", own, place)
	t.Cleanup(func() { mustRun(t, "umount", place) })
}

func mustRun(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v: %s", command, err, out)
	}
	return string(out)
}

// listing is every file and link below folders, with what is in it.
func listing(t *testing.T, folders ...string) []string {
	t.Helper()
	var all []string
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if d.Type()&fs.ModeSymlink != 0 {
				to, err := os.Readlink(path)
				all = append(all, path+" -> "+to)
				return err
			}
			text, err := os.ReadFile(path)
			info, e := d.Info()
			if e == nil {
				all = append(all, fmt.Sprintf("%s %s %q", path, info.Mode(), text))
			}
			return errors.Join(err, e)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestWithOwnStores is TestTrust's other half: programs that know nothing but the
// system's trust store, and one that knows a browser's database, reach the mirror once
// it is trusted, and refuse it before and after.
func TestWithOwnStores(t *testing.T) {
	built := os.Getenv(inStores)
	if built == "" {
		return // TestTrust runs it
	}
	const certs, anchors, hooks = "/etc/ssl/certs", "/usr/local/share/ca-certificates", "/etc/ca-certificates/update.d"
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"} {
		os.Unsetenv(name) // the process is this test's alone
	}
	user := t.TempDir()
	t.Setenv("HOME", user)
	ownFolder(t, certs, false)
	ownFolder(t, anchors, false)
	ownFolder(t, hooks, true) // of other packages: Java's would change what is not in a copy
	heard := filepath.Join(t.TempDir(), "heard")
	if err := os.WriteFile(filepath.Join(hooks, "heard"), []byte("#!/bin/sh\ncat >> '"+heard+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "update-ca-certificates") // the copy may lag behind what it is made of
	database := filepath.Join(user, ".pki", "nssdb")
	firefox := filepath.Join(user, ".mozilla", "firefox", "abcd.default-release")
	for _, folder := range []string{database, firefox} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		mustRun(t, "certutil", "-N", "-d", "sql:"+folder, "--empty-password")
	}
	before := listing(t, certs, anchors)

	p := newProject(t)
	p.home = t.TempDir()
	t.Cleanup(func() { p.mirra("down", "--all") })
	kept := filepath.Join(p.home, "state", "trust")
	clients := map[string][]string{
		"curl":   {"curl", "-sS", "--fail-with-body", "-u", "sk_test_trust123456789:", "-d", "name=Ada", "https://api.stripe.com/v1/customers"},
		"Go":     {filepath.Join(built, "goclients"), "net/http"},
		"Python": {"/usr/bin/python3", "-c", `import urllib.request as u; print(u.urlopen(u.Request("https://api.stripe.com/v1/customers", b"name=Ada", {"Authorization": "Bearer sk_test_trust123456789"})).read().decode())`},
		"NSS":    {"sh", "-c", `tstclnt -h api.stripe.com -p 443 -d "sql:$1" -Q </dev/null && echo cus_: the handshake is all it does`, "sh", database},
	}
	// call tells which clients were answered; the others say that it is the certificate.
	call := func(when string) (answered []string) {
		t.Helper()
		for name, command := range clients {
			cmd := exec.Command(command[0], command[1:]...)
			cmd.Env = environment(p.home)
			out, err := cmd.CombinedOutput()
			switch text := strings.ToLower(string(out)); {
			case err == nil && strings.Contains(text, "cus_"):
				answered = append(answered, name)
			case !strings.Contains(text, "certificate") && !strings.Contains(text, "issuer"):
				t.Errorf("%s, %s: %v: %s", when, name, err, out)
			}
		}
		slices.Sort(answered)
		return answered
	}
	hosts := func(when string, want ...string) {
		t.Helper()
		h := p.hosts()
		if got := call(when); !slices.Equal(got, want) {
			t.Errorf("%s %q were answered, want %q", when, got, want)
		}
		h.end(t, os.Interrupt)
		p.mirra("down", "--all")
	}
	doctor := func(when string, good bool, says string) {
		t.Helper()
		out, err := p.try("doctor")
		if (err == nil) != good || !strings.Contains(out, says) {
			t.Errorf("%s doctor says %v %s, want %q", when, err, out, says)
		}
	}

	hosts("before")
	if out, err := p.try("trust"); err == nil || !strings.Contains(err.Error(), "--yes answers where nobody can be asked") {
		t.Errorf("without anybody to ask: %v %s", err, out)
	}
	if now := listing(t, certs, anchors); !slices.Equal(now, before) {
		t.Error("a refusal changed the system's store")
	}
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("a refusal left %s (%v)", kept, err)
	}

	type result struct {
		Domains       []string
		Made, Deleted bool
		Stores        []struct {
			Store       string
			OK, Changed bool
			Error, Hint string
		}
	}
	trust := func(args ...string) (r result, err error) {
		t.Helper()
		out, err := p.try(append([]string{"trust", "--yes", "--json"}, args...)...)
		if e := json.Unmarshal([]byte(out), &r); e != nil {
			t.Fatalf("trust %q printed %q (%v, %v)", args, out, e, err)
		}
		return r, err
	}
	changed := func(what string, r result, err error, made, deleted bool, want int) {
		t.Helper()
		n := 0
		for _, s := range r.Stores {
			if !s.OK {
				t.Errorf("%s: %+v", what, s)
			}
			if s.Changed {
				n++
			}
		}
		if err != nil || r.Made != made || r.Deleted != deleted || n != want {
			t.Errorf("%s: %+v %v, want %d changed", what, r, err, want)
		}
	}
	r, err := trust()
	changed("trust", r, err, true, false, 3)
	if want := []string{"resend.com", "stripe.com", "twilio.com"}; !slices.Equal(r.Domains, want) {
		t.Errorf("good for %q, want %q", r.Domains, want)
	}
	if info, err := os.Stat(filepath.Join(kept, "key.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is %v, %v", info, err)
	}
	r, err = trust()
	changed("trust again", r, err, false, false, 0)
	doctor("trusted,", true, "trusts the mirrors until")
	hosts("trusted,", "Go", "NSS", "Python", "curl")

	// A store without the key, and half of a store, are found and put right.
	if err := os.Rename(filepath.Join(kept, "key.pem"), filepath.Join(user, "key.pem")); err != nil {
		t.Fatal(err)
	}
	doctor("without the key", false, "is gone, and "+anchors)
	if err := os.Rename(filepath.Join(user, "key.pem"), filepath.Join(kept, "key.pem")); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "certutil", "-D", "-d", "sql:"+firefox, "-n", nickname(t, firefox))
	doctor("in some stores", true, "not in "+firefox)
	r, err = trust()
	changed("trust what lacks", r, err, false, false, 1)

	// A folder that cannot be written is named with what to do, and the others are done.
	mustRun(t, "mount", "-o", "remount,bind,ro", anchors)
	r, err = trust("--remove")
	if err == nil || len(r.Stores) != 3 || r.Stores[0].OK || !strings.Contains(r.Stores[0].Error, "Read-only") || !strings.Contains(r.Stores[0].Hint, "update-ca-certificates") || !r.Stores[1].Changed || !r.Stores[2].Changed {
		t.Errorf("read-only: %+v %v", r, err)
	}
	mustRun(t, "mount", "-o", "remount,bind,rw", anchors)
	doctor("half removed", false, "mirra trust --remove takes it out")
	hosts("without its key")
	r, err = trust("--remove")
	changed("remove what was left", r, err, false, true, 1)
	r, err = trust("--remove")
	changed("remove again", r, err, false, false, 0)
	if now := listing(t, certs, anchors); !slices.Equal(now, before) {
		for _, line := range now {
			if !slices.Contains(before, line) {
				t.Errorf("the system's store has %.200s", line)
			}
		}
		t.Errorf("the system's store has %d files, %d before", len(now), len(before))
	}
	text, err := os.ReadFile(heard)
	if err != nil || !strings.Contains(string(text), "-/etc/ssl/certs/mirra-") {
		t.Errorf("others that keep a copy heard %q, %v", text, err)
	}
	if _, err := os.Stat(kept); !os.IsNotExist(err) {
		t.Errorf("%s is left behind (%v)", kept, err)
	}
	for _, folder := range []string{database, firefox} {
		if name := nickname(t, folder); name != "" {
			t.Errorf("%s has %s", folder, name)
		}
	}
	hosts("removed,")
	doctor("removed,", true, "plugins")
}

// nickname is what a browser's database calls Mirra's authority, "" if it has none.
func nickname(t *testing.T, folder string) string {
	t.Helper()
	for line := range strings.Lines(mustRun(t, "certutil", "-L", "-d", "sql:"+folder)) {
		if words := strings.Fields(line); len(words) == 3 && words[0] == "Mirra" {
			if words[2] != "C,," {
				t.Errorf("%s is trusted for %s", line, words[2])
			}
			return words[0] + " " + words[1]
		}
	}
	return ""
}
