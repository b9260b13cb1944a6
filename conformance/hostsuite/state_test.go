package hostsuite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host/session"
)

func TestThousandSessionsShareNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const n = 1000
	ids := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Forwards = nil })
			a := mustDo(t, s, "POST", "/things", fmt.Sprintf("tag=%d", i))
			_, id, _ := strings.Cut(a.body, `"id":"`)
			ids[i], _, _ = strings.Cut(id, `"`)
			wantTags(t, s, fmt.Sprint(i))
		})
	}
	wg.Wait()
	seen := map[string]int{}
	for i, id := range ids {
		if j, ok := seen[id]; ok || !strings.HasPrefix(id, "th_") {
			t.Errorf("sessions %d and %d share id %q", i, j, id)
		}
		seen[id] = i
	}
}

// The same seed value, a frozen clock and the application on the session's
// clock: the same requests give the same bytes, webhooks included.
func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	run := func() string {
		r := newRig(t)
		s := r.mustCreate(frozen, seedValue(7), func(o *session.Options) {
			o.PeerClock = true
			o.At = time.Date(2024, 6, 20, 12, 0, 0, 0, time.UTC)
		})
		var b strings.Builder
		for i := range 20 {
			b.WriteString(mustDo(t, s, "POST", "/things", fmt.Sprintf("tag=%d", i)).body)
			b.WriteString(mustDo(t, s, "POST", "/echo", "x").body)
			r.settle(s, 1)
		}
		for _, o := range r.net.sent {
			fmt.Fprintf(&b, "%v %s\n", o.Headers, o.Body)
		}
		return b.String()
	}
	first, second := run(), run()
	if first != second {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
	if !strings.Contains(first, "Probe-Signature") {
		t.Error("no webhook in what was compared")
	}
}

func TestResetKeepsIdsApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate()
	first := mustDo(t, s, "POST", "/things", "tag=a").body
	if err := s.Reset("probe"); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s)
	if again := mustDo(t, s, "POST", "/things", "tag=a").body; again == first {
		t.Error("a reset session mints the same id again")
	}
	seeded := r.mustCreate(frozen, seedValue(1))
	first = mustDo(t, seeded, "POST", "/things", "tag=a").body
	if err := seeded.Reset(); err != nil {
		t.Fatal(err)
	}
	if again := mustDo(t, seeded, "POST", "/things", "tag=a").body; again != first {
		t.Errorf("with a seed value a reset starts over: %s, then %s", first, again)
	}
	hostError(t, s.Reset("nobody"), "mirra.session.no_such_mirror")
}

// A reset goes back to what the session was seeded with, a fork's too, which shares
// it with a session that may end.
func TestResetSeedsAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(func(o *session.Options) { o.Mirrors[0].Fixtures = []string{"three"} })
	seeded := tags(t, s)
	if len(seeded) != 3 {
		t.Fatalf("seeded with %q", seeded)
	}
	mustDo(t, s, "POST", "/things", "tag=later")
	fork, err := r.Fork(context.Background(), s.ID(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, seeded...)
	if err := r.End(s.ID(), true); err != nil {
		t.Fatal(err)
	}
	wantTags(t, fork, append(slices.Clone(seeded), "later")...)
	for range 2 {
		if err := fork.Reset("probe"); err != nil {
			t.Fatal(err)
		}
		wantTags(t, fork, seeded...)
		mustDo(t, fork, "POST", "/things", "tag=again")
	}
}

func TestSnapshotRestoreFork(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	s.HoldDeliveries(true)
	mustDo(t, s, "POST", "/things", "tag=kept")
	mustDo(t, s, "POST", "/timers/a", "in=60")
	if _, err := s.Snapshot("one"); err != nil {
		t.Fatal(err)
	}
	mustDo(t, s, "POST", "/things", "tag=lost")
	fork, err := r.Fork(context.Background(), s.ID(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Restore("one"); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "kept")
	wantTags(t, fork, "kept", "lost")
	start := s.Clock().Now.Unix()

	// The restored session has its timer and its delivery; the fork's delivery
	// waits until it is let go.
	s.HoldDeliveries(false)
	if _, err := s.Advance(context.Background(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "kept", "outcome 200", fmt.Sprintf("timer a at %d", start+60))
	if _, err := fork.Advance(context.Background(), time.Second); err != nil {
		t.Fatal(err)
	}
	wantTags(t, fork, "kept", "lost")
	if n := fork.ReleaseHeld(); n != 2 {
		t.Errorf("%d deliveries were held, want 2", n)
	}
	if _, err := fork.Advance(context.Background(), time.Second); err != nil {
		t.Fatal(err)
	}
	wantTags(t, fork, "kept", "lost", "outcome 200", "outcome 200")
	hostError(t, s.Restore("nothing"), "mirra.snapshot.not_found")
}

func TestSeedsAndSimulationsReportEverything(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate()
	if err := s.Seed(context.Background(), "probe", "three", nil); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "seeded", "seeded", "seeded")
	err := s.Seed(context.Background(), "probe", "", []byte(`{"things":[{"id":"th_a","tag":"x"},{"tag":"no id"},{"id":"th_a"}],"gadgets":[]}`))
	e := hostError(t, err, "mirra.seed.refused")
	for _, want := range []string{"things[1].id: missing", "things[2].id: ", "gadgets: unknown entity"} {
		if !strings.Contains(e.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, e)
		}
	}
	wantTags(t, s, "seeded", "seeded", "seeded") // nothing of it was kept

	err = s.Simulate(context.Background(), "probe", "thing.created", "")
	e = hostError(t, err, "mirra.simulate.refused")
	if m, ok := errors.AsType[*multierror.Error](e); !ok || len(m.Errors) != 2 {
		t.Errorf("simulate reports %v, want both faults", e)
	}
	if err := s.Simulate(context.Background(), "probe", "thing.created", "tag=simulated"); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, "seeded", "seeded", "seeded", "simulated")
	hostError(t, s.Simulate(context.Background(), "probe", "nothing.happened", ""), "mirra.simulate.refused")
}

// A session that ended answers nothing, and its id is forgotten.
func TestEndedSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(func(o *session.Options) { o.Timeout = time.Hour; o.Name = "n" })
	_, err := r.Create(context.Background(), session.Options{Name: "n", Mirrors: []session.MirrorSpec{{Ref: "probe"}}})
	hostError(t, err, "mirra.session.name_taken")
	r.wall.advance(59 * time.Minute)
	mustDo(t, s, "GET", "/things", "")
	r.wall.advance(59 * time.Minute)
	if ended := r.Expire(); len(ended) != 0 {
		t.Fatalf("%v ended 59 minutes after their last use", ended)
	}
	r.wall.advance(2 * time.Minute)
	if ended := r.Expire(); len(ended) != 1 || ended[0] != s.ID() {
		t.Fatalf("%v ended, want %s", ended, s.ID())
	}
	_, err = r.Session(s.ID())
	hostError(t, err, "mirra.session.not_found")
	if a := do(t, s, "GET", "/things", ""); a.status != 500 {
		t.Errorf("an ended session answers %d", a.status)
	}
	r.mustCreate(func(o *session.Options) { o.Name = "n" }) // the name is free again
}

func TestCreateReportsEveryUnknownMirror(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.Create(context.Background(), session.Options{Mirrors: []session.MirrorSpec{{Ref: "probe"}, {Ref: "a"}, {Ref: "b"}}})
	if err == nil || !strings.Contains(err.Error(), "no plugin a") || !strings.Contains(err.Error(), "no plugin b") {
		t.Errorf("error %v, want both", err)
	}
	_, err = r.Create(context.Background(), session.Options{})
	hostError(t, err, "mirra.session.no_mirrors")
	if n := len(r.Sessions()); n != 0 {
		t.Errorf("%d sessions left behind", n)
	}
}
