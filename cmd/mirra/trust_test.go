package main

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
)

// An authority is read as it was kept, for this user alone, and whatever is wrong with it
// says what to do.
func TestKeptCA(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	k := keptCA{filepath.Join(t.TempDir(), "state", "trust")}
	if root, err := k.load(); root != nil || err != nil {
		t.Errorf("where there is none: %v %v", root, err)
	}
	made, err := k.make([]string{"vendor.test"}, now)
	if err != nil {
		t.Fatal(err)
	}
	if root, err := k.load(); err != nil || !root.Cert.Equal(made.Cert) {
		t.Errorf("%v, %v", root, err)
	}
	for path, want := range map[string]os.FileMode{k.key(): 0o600, k.folder: 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", path, info, err, want)
		}
	}
	again, err := k.make([]string{"vendor.test"}, now)
	if err != nil || again.Cert.Equal(made.Cert) {
		t.Errorf("made again: %v", err)
	}
	key, err := os.ReadFile(k.key())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func() error
		code   string
	}{
		"half a key":    {func() error { return os.WriteFile(k.key(), key[:len(key)/2], 0o600) }, "mirra.trust.broken"},
		"no key's text": {func() error { return os.WriteFile(k.key(), []byte("key"), 0o600) }, "mirra.trust.broken"},
		"another's":     {func() error { return giveAway(k.key()) }, "mirra.trust.foreign"},
		"no file":       {func() error { return errors.Join(os.Remove(k.key()), os.Mkdir(k.key(), 0o700)) }, "mirra.trust.foreign"},
	} {
		if err := os.RemoveAll(k.key()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(k.key(), key, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.change(); err != nil {
			t.Fatal(err)
		}
		root, err := k.load()
		if e := host.AsError(err); root != nil || err == nil || e.Code != c.code || e.Hint == "" || !strings.Contains(e.Message, k.folder) {
			t.Errorf("%s: %v %+v, want %s", name, root, err, c.code)
		}
	}
	if err := os.RemoveAll(k.key()); err != nil {
		t.Fatal(err)
	}
	if root, err := k.load(); root != nil || err != nil {
		t.Errorf("without its key: %v %v", root, err)
	}
	if k.former() == nil {
		t.Error("the certificate without its key is gone")
	}
	for range 2 {
		if err := k.remove(true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(k.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// giveAway makes a file another user's: who may not give it away is shown one of the
// system's.
func giveAway(path string) error {
	if os.Geteuid() == 0 {
		return os.Chown(path, 1, 1)
	}
	return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path))
}

// Clocks that are wrong, and mirrors that came later, are named.
func TestOutdated(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	root, err := proxy.NewRoot([]string{"vendor.test"}, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		domain string
		at     time.Time
		want   string
	}{
		{"vendor.test", now, ""}, {"api.vendor.test", now.Add(-47 * time.Hour), ""}, {"vendor.test", now.AddDate(1, 11, 0), ""},
		{"vendor.test", now.Add(-49 * time.Hour), "a clock is, or was, wrong"}, {"vendor.test", now.AddDate(3, 0, 0), "it ended 2028-11-26"}, {"second.test", now, "not good for second.test"},
	} {
		if got := outdated(root, []string{c.domain}, c.at); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s at %s: %q, want %q", c.domain, c.at, got, c.want)
		}
	}
}

// doctor says what is wrong with certificates, by whatever clock, and what to do.
func TestDoctorCertificates(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	t.Setenv("HOME", t.TempDir()) // no browsers
	t.Setenv("MIRRA_CA_FILE", "")
	a := &app{cfg: &Config{Dirs: dirs{State: t.TempDir(), Cache: t.TempDir()}, ProjectRoot: t.TempDir()}}
	k := a.cfg.keptCA()
	domains, err := a.claimedDomains(t.Context())
	if err != nil {
		domains = []string{"vendor.test"} // a build without plugins
	}
	says := func(what string, at time.Time, want ...string) {
		t.Helper()
		var text []string
		bad := 0
		for _, f := range append(a.checkTrust(context.Background(), at), a.checkCertificates(at)...) {
			text = append(text, f.Text+" "+f.Hint)
			if !f.OK {
				bad++
			}
		}
		all := strings.Join(text, "\n")
		for _, w := range want {
			if !strings.Contains(all, w) {
				t.Errorf("%s: %q, want %q", what, all, w)
			}
		}
		if (bad > 0) != (len(want) > 0) {
			t.Errorf("%s: %d are bad of %q", what, bad, all)
		}
	}
	says("nothing", now)
	if _, err := k.make(domains, now); err != nil {
		t.Fatal(err)
	}
	says("in no store", now, "no store has the authority", "mirra trust puts it there")
	says("clock behind", now.AddDate(0, 0, -3), "not valid before 2026-11-25", "set it")
	says("ended", now.AddDate(3, 0, 0), "it ended 2028-11-26", "mirra trust makes another")
	if err := os.Chmod(k.key(), 0o644); err != nil {
		t.Fatal(err)
	}
	says("readable", now, "can be read by others", "chmod 600")
	if _, err := k.make([]string{"other.test"}, now); err != nil {
		t.Fatal(err)
	}
	says("other domains", now, "it is not good for", "mirra trust makes another")
	if err := giveAway(k.key()); err != nil {
		t.Fatal(err)
	}
	says("another user's", now, "'s ", "chown")
	if err := os.Remove(k.key()); err != nil {
		t.Fatal(err)
	}
	says("without key", now, "the key of", "is gone")
	if err := k.remove(true); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(a.cfg.dropInFolder(), "ses_a", "ca.pem")
	own, err := proxy.NewRoot(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(file, own.PEM()); err != nil {
		t.Fatal(err)
	}
	says("a session", now)
	says("a session and a clock that was set back", now.AddDate(0, 0, -3), "session ses_a", "mirra down --all")
	t.Setenv("MIRRA_CA_FILE", file)
	says("a session's file", now)
	if err := giveAway(file); err != nil {
		t.Fatal(err)
	}
	says("another user's file", now, "MIRRA_CA_FILE names "+file, "mirra env")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	says("a session that ended", now, "which is gone: its session has ended", "mirra env")
}

// faulty is a store that cannot be changed, or says that it was and is not.
type faulty struct {
	store
	err error
}

func (faulty) place() string                                 { return "faulty" }
func (faulty) has(*x509.Certificate) (bool, error)           { return false, nil }
func (f faulty) add(*x509.Certificate, string) error         { return f.err }
func (faulty) byHand(*x509.Certificate, string, bool) string { return "do it" }

// One store that fails is named with what to do, and keeps none of the others from it.
func TestChangeStores(t *testing.T) {
	t.Parallel()
	root, err := proxy.NewRoot([]string{"vendor.test"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := changeStores([]store{faulty{err: errors.New("no")}, faulty{}}, root.Cert, "ca.pem", false)
	if len(got) != 2 || got[0].Error != "no" || got[0].Changed || got[0].Hint != "by hand: do it" || got[1].Error != "it was changed, and is as it was" || failures(got) == nil {
		t.Errorf("%+v", got)
	}
}

// What the environment says of proxies is told to the session, also by a command within
// another; Mirra's own proxy never is.
func TestUpstreamOfEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want host.Upstream
	}{
		"none":                {map[string]string{"NO_PROXY": "*"}, host.Upstream{}},
		"upper case first":    {map[string]string{"HTTPS_PROXY": "a", "https_proxy": "b", "http_proxy": "c", "no_proxy": "d"}, host.Upstream{HTTP: "c", HTTPS: "a", NoProxy: "d"}},
		"within mirra exec":   {map[string]string{"MIRRA_PROXY": "m", "HTTPS_PROXY": "m", "http_proxy": "m", "MIRRA_HTTPS_PROXY": "a", "MIRRA_NO_PROXY": "d"}, host.Upstream{HTTPS: "a", NoProxy: "d"}},
		"within, without":     {map[string]string{"MIRRA_PROXY": "m", "HTTPS_PROXY": "m", "http_proxy": "m", "NO_PROXY": "localhost"}, host.Upstream{}},
		"set anew, behind it": {map[string]string{"MIRRA_PROXY": "m", "HTTPS_PROXY": "x", "MIRRA_HTTPS_PROXY": "a"}, host.Upstream{HTTPS: "x"}},
	} {
		if got := upstream(func(n string) string { return c.env[n] }); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
