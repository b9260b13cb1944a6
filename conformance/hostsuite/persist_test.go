package hostsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/sqlite"
)

// serverOn starts a manager on a data folder, as a server does.
func serverOn(t *testing.T, folder string, wall *wallClock) (r *rig, stop func()) {
	t.Helper()
	catalogue, err := sqlite.OpenCatalogue(filepath.Join(folder, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	r = newRig(t, func(c *session.Config) {
		c.Directory, c.Catalogue, c.Clock = filepath.Join(folder, "sessions"), catalogue, wall
	})
	r.wall = wall
	if err := r.Load(context.Background()); err != nil {
		t.Fatalf("load: %v", err)
	}
	return r, func() {
		r.Close()
		if err := catalogue.Close(); err != nil {
			t.Error(err)
		}
	}
}

func persistent(o *session.Options) { o.Persistent, o.Name = true, "keep" }

func TestPersistentSessionSurvivesRestarts(t *testing.T) {
	t.Parallel()
	folder, wall := t.TempDir(), newWall()
	r, stop := serverOn(t, folder, wall)
	r.net.answer = func(int, *host.Outgoing) abi.Result { return abi.Result{Status: 500} }
	s := r.mustCreate(persistent, frozen, func(o *session.Options) {
		o.Secrets = func(string) (string, string, bool) { return "ps_mine", "environment", true }
	})
	mustDo(t, s, "POST", "/things", "tag=a")
	r.settle(s, 1)
	mustDo(t, s, "POST", "/timers/later", "in=7200")
	var before struct{ Secret, MAC string }
	if err := json.Unmarshal([]byte(mustDo(t, s, "POST", "/echo", "").body), &before); err != nil {
		t.Fatal(err)
	}
	digest := mustDo(t, s, "POST", "/blob", "kept bytes").body
	if _, err := s.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	at, id := s.Clock().Now, s.ID()
	stop()

	r, stop = serverOn(t, folder, wall)
	s, err := r.Session("keep")
	if err != nil {
		t.Fatal(err)
	}
	if s.ID() != id || !s.Clock().Now.Equal(at) || !s.Clock().Frozen {
		t.Errorf("came back as %s at %s (frozen %t), want %s at %s", s.ID(), s.Clock().Now, s.Clock().Frozen, id, at)
	}
	wantTags(t, s, "a", "outcome 500")
	if got := mustDo(t, s, "GET", "/blob/"+digest, "").body; got != "kept bytes" {
		t.Errorf("the blob is %q", got)
	}
	var after struct{ Secret, MAC string }
	if err := json.Unmarshal([]byte(mustDo(t, s, "POST", "/echo", "").body), &after); err != nil {
		t.Fatal(err)
	}
	if after.Secret == before.Secret {
		t.Error("a secret was minted twice")
	}
	// The retry that was due in an hour, and the timer due in two, still are.
	if _, err := s.Advance(context.Background(), 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "a", "outcome 500", "outcome 200", fmt.Sprintf("timer later at %d", at.Unix()-60+7200))
	for _, h := range r.net.sent[0].Headers {
		if h.Name == "Probe-Attempt" && h.Value != "2" {
			t.Errorf("the retry is attempt %s, want 2", h.Value)
		}
	}
	if from := s.Mirror("probe").Secrets()[0]; from.Text != "ps_mine" {
		t.Errorf("the secret came back as %+v", from)
	}
	stop()
}

// TestVersionMismatch: what a session does about API versions that a mirror does
// not support is its own, and stays over restart, archive and fork.
func TestVersionMismatch(t *testing.T) {
	t.Parallel()
	folder, wall := t.TempDir(), newWall()
	ask := func(s *session.Session, want string) {
		t.Helper()
		if got := mustDo(t, s, "GET", "/versions", "").body; got != want {
			t.Errorf("session %s: versions are %s, want %s", s.Name(), got, want)
		}
	}
	forked := func(r *rig, from *session.Session, want string) {
		t.Helper()
		s, err := r.Fork(context.Background(), from.ID(), "")
		if err != nil {
			t.Fatal(err)
		}
		ask(s, want)
	}
	r, stop := serverOn(t, folder, wall)
	strict := r.mustCreate(persistent, func(o *session.Options) { o.RefuseVersions = true })
	lenient := r.mustCreate(persistent, func(o *session.Options) { o.Name = "lenient" })
	ask(strict, "refused")
	ask(lenient, "answered")
	ask(lenient, "answered")
	if got := lenient.Stats().Warnings; len(got) != 1 || got["probe: another version"] != 2 {
		t.Errorf("warnings %v", got)
	}
	if got := strict.Stats().Warnings; len(got) != 0 {
		t.Errorf("the other session has warnings %v", got)
	}
	stop()

	r, stop = serverOn(t, folder, wall)
	defer stop()
	for name, want := range map[string]string{"keep": "refused", "lenient": "answered"} {
		s, err := r.Session(name)
		if err != nil {
			t.Fatal(err)
		}
		ask(s, want)
		forked(r, s, want)
	}
	s, err := r.Session("keep")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.End(s.ID(), false); err != nil {
		t.Fatal(err)
	}
	if s, err = r.Revive(context.Background(), "keep"); err != nil || s == nil {
		t.Fatalf("revive: %v, %v", s, err)
	}
	ask(s, "refused")
}

func TestArchive(t *testing.T) {
	t.Parallel()
	folder, wall := t.TempDir(), newWall()
	r, stop := serverOn(t, folder, wall)
	s := r.mustCreate(persistent)
	mustDo(t, s, "POST", "/things", "tag=a")
	r.settle(s, 1)
	if err := r.End(s.ID(), false); err != nil {
		t.Fatal(err)
	}
	_, err := r.Session("keep")
	hostError(t, err, "mirra.session.not_found")
	stop()

	r, stop = serverOn(t, folder, wall)
	if n := len(r.Sessions()); n != 0 {
		t.Errorf("%d sessions live, want none: the one there is archived", n)
	}
	s, err = r.Revive(context.Background(), "keep")
	if err != nil || s == nil {
		t.Fatalf("revive: %v, %v", s, err)
	}
	wantTags(t, s, "a", "outcome 200")
	if err := r.End(s.ID(), false); err != nil {
		t.Fatal(err)
	}
	wall.advance(8 * 24 * time.Hour)
	if err := r.Tidy(); err != nil {
		t.Fatal(err)
	}
	if s, err := r.Revive(context.Background(), "keep"); s != nil || err != nil {
		t.Errorf("after 8 days the archive is still there: %v, %v", s, err)
	}
	if entries, _ := os.ReadDir(filepath.Join(folder, "sessions")); len(entries) != 0 {
		t.Errorf("left on disk: %v", entries)
	}
	stop()
}

// One session that cannot be loaded is named; the others live, and nothing of
// it is deleted.
func TestDamagedSessionDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	folder, wall := t.TempDir(), newWall()
	r, stop := serverOn(t, folder, wall)
	bad := r.mustCreate(persistent, func(o *session.Options) { o.Name = "bad" })
	good := r.mustCreate(persistent)
	mustDo(t, good, "POST", "/things", "tag=a")
	r.settle(good, 1)
	mustDo(t, bad, "POST", "/things", "tag=b")
	r.settle(bad, 1)
	stop()
	path := filepath.Join(folder, "sessions", strings.TrimPrefix(bad.ID(), "ses_"), "probe.db")
	if err := os.WriteFile(path, []byte("this is no database, whatever it was before"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path + "-wal")

	catalogue, err := sqlite.OpenCatalogue(filepath.Join(folder, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer catalogue.Close()
	r = newRig(t, func(c *session.Config) {
		c.Directory, c.Catalogue, c.Clock = filepath.Join(folder, "sessions"), catalogue, wall
	})
	err = r.Load(context.Background())
	if err == nil || !strings.Contains(err.Error(), bad.ID()) || !strings.Contains(err.Error(), path) {
		t.Errorf("load says %v, want session and file named", err)
	}
	s, err := r.Session("keep")
	if err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "a", "outcome 200")
	if b, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(b), "this is no database") {
		t.Errorf("the damaged file is %q, %v", b, err)
	}
}

func TestPersistentNeedsAName(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r, stop := serverOn(t, folder, newWall())
	defer stop()
	_, err := r.Create(context.Background(), session.Options{Persistent: true, Mirrors: []session.MirrorSpec{{Ref: "probe"}}})
	hostError(t, err, "mirra.session.name_missing")
	_, err = newRig(t).Create(context.Background(), session.Options{Persistent: true, Name: "n", Mirrors: []session.MirrorSpec{{Ref: "probe"}}})
	hostError(t, err, "mirra.session.no_directory")
}

// betweenStores does something when a session has its folder and no database yet.
type betweenStores struct {
	host.Stores
	do func()
}

func (b *betweenStores) Persistent(schema *host.Schema, path string) (host.Store, error) {
	b.do()
	return b.Stores.Persistent(schema, path)
}

// TestTidyWhileCreating tidies in the middle of a creation, as a server that has
// just started does: what is being created is not a leftover.
func TestTidyWhileCreating(t *testing.T) {
	t.Parallel()
	folder, wall := t.TempDir(), newWall()
	catalogue, err := sqlite.OpenCatalogue(filepath.Join(folder, "catalogue.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer catalogue.Close()
	between := &betweenStores{}
	r := newRig(t, func(c *session.Config) {
		between.Stores = c.Stores
		c.Stores, c.Directory, c.Catalogue, c.Clock = between, filepath.Join(folder, "sessions"), catalogue, wall
	})
	defer r.Close()
	between.do = func() {
		if err := r.Tidy(); err != nil {
			t.Error(err)
		}
	}
	s := r.mustCreate(persistent)
	mustDo(t, s, "POST", "/things", "tag=a")
	if err := r.Tidy(); err != nil {
		t.Fatal(err)
	}
	if files, err := filepath.Glob(filepath.Join(folder, "sessions", "*", "*.db")); err != nil || len(files) != 1 {
		t.Errorf("databases: %v (%v), want one", files, err)
	}
}
