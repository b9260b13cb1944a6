package hostsuite

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
)

func TestAdvanceRunsTimersAtTheirInstants(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate(frozen)
	start := s.Clock().Now
	for _, key := range []string{"b/30", "a/10", "c/20"} {
		mustDo(t, s, "POST", "/timers/"+key[:1], "in="+key[2:])
	}
	result, err := s.Advance(context.Background(), 25*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if result.Timers != 2 {
		t.Errorf("%d timers ran, want 2", result.Timers)
	}
	if got := s.Clock().Now.Sub(start); got != 25*time.Second {
		t.Errorf("the clock moved by %s, want 25s", got)
	}
	at := func(seconds int64) int64 { return start.Unix() + seconds }
	wantTags(t, s, fmt.Sprintf("timer a at %d", at(10)), fmt.Sprintf("timer c at %d", at(20)))
	if _, err := s.Advance(context.Background(), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, fmt.Sprintf("timer a at %d", at(10)), fmt.Sprintf("timer c at %d", at(20)), fmt.Sprintf("timer b at %d", at(30)))
}

func TestTimerOfTheSameKeyReplaces(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate(frozen)
	start := s.Clock().Now.Unix()
	mustDo(t, s, "POST", "/timers/a", "in=10")
	mustDo(t, s, "POST", "/timers/a", "in=40")
	if _, err := s.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, fmt.Sprintf("timer a at %d", start+40))
}

// A timer that stops the plugin costs itself; what comes after it runs.
func TestTimerThatFailsIsNotInTheWay(t *testing.T) {
	t.Parallel()
	s := newRig(t).mustCreate(frozen)
	start := s.Clock().Now.Unix()
	mustDo(t, s, "POST", "/timers/bad", "in=1&mode=panic")
	mustDo(t, s, "POST", "/timers/good", "in=2")
	if _, err := s.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	wantTags(t, s, fmt.Sprintf("timer good at %d", start+2))
	found := false
	s.Entries(0, func(r session.Raw) bool {
		found = found || r.Action == "timer_failed" && r.ID == "tick/bad"
		return true
	})
	if !found {
		t.Errorf("the trace does not tell of the timer:\n%s", printEntries(s))
	}
}

// A live clock runs timers when the wall gets there, without an advance.
func TestLiveClockRunsTimersByTheWall(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate()
	start := s.Clock().Now.Unix()
	mustDo(t, s, "POST", "/timers/a", "in=60&mode=deliver")
	r.wall.advance(59 * time.Second)
	if got := tags(t, s); len(got) != 0 {
		t.Fatalf("a second early there is %q", got)
	}
	r.wall.advance(time.Second)
	r.settle(s, 1)
	wantTags(t, s, fmt.Sprintf("timer a at %d", start+60), "outcome 200")
}

func TestFrozenClockStandsStill(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	before := s.Clock().Now
	r.wall.advance(time.Hour)
	if got := s.Clock().Now; !got.Equal(before) {
		t.Errorf("the clock went from %s to %s", before, got)
	}
	if _, err := s.ResumeClock(); err != nil {
		t.Fatal(err)
	}
	r.wall.advance(time.Minute)
	if got := s.Clock().Now.Sub(before); got != time.Minute {
		t.Errorf("a minute after resuming %s have passed", got)
	}
}

// While an advance waits for the application, what the application calls back
// is served, at the instant of the delivery.
func TestCallBackDuringAdvance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	start := s.Clock().Now
	r.net.answer = func(int, *host.Outgoing) abi.Result {
		mustDo(t, s, "POST", "/things", "tag=from+the+handler")
		if got := s.Clock().Now.Sub(start); got != 10*time.Second {
			t.Errorf("the handler ran at +%s, want +10s", got)
		}
		r.net.answer = nil
		return abi.Result{Status: 200}
	}
	mustDo(t, s, "POST", "/timers/a", "in=10&mode=deliver")
	result, err := s.Advance(context.Background(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if result.Deliveries != 2 || result.Failed != 0 {
		t.Errorf("advance made %d attempts, %d failed; want 2 and 0", result.Deliveries, result.Failed)
	}
	wantTags(t, s, fmt.Sprintf("timer a at %d", start.Unix()+10), "from the handler", "outcome 200", "outcome 200")
}

func TestSecondAdvanceIsAConflict(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	r.net.answer = func(int, *host.Outgoing) abi.Result {
		_, err := s.Advance(context.Background(), time.Second)
		hostError(t, err, "mirra.clock.busy")
		return abi.Result{Status: 200}
	}
	mustDo(t, s, "POST", "/timers/a", "in=10&mode=deliver")
	if _, err := s.Advance(context.Background(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := len(r.net.bodies()); n != 1 {
		t.Errorf("%d deliveries, want 1", n)
	}
	_, err := s.Advance(context.Background(), -time.Second)
	hostError(t, err, "mirra.clock.backward")
}

// Three time-outs in a row use an endpoint's patience up for the rest of the
// advance, which would else wait for it again and again.
func TestAdvanceFailsFast(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.mustCreate(frozen)
	r.net.answer = func(int, *host.Outgoing) abi.Result { return abi.Result{Outcome: abi.OutcomeTimeout} }
	for i := range 5 {
		mustDo(t, s, "POST", fmt.Sprintf("/timers/t%d", i), fmt.Sprintf("in=%d&mode=deliver", i+1))
	}
	result, err := s.Advance(context.Background(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(r.net.bodies()); n != 3 {
		t.Errorf("the endpoint was asked %d times, want 3", n)
	}
	if result.Deliveries != 5 || result.Failed != 5 || len(result.FailedFast) != 1 || result.FailedFast[0] != forward {
		t.Errorf("result %+v, want 5 attempts, 5 failed, %s failed fast", result, forward)
	}
}
