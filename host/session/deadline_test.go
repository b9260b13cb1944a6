package session

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadlineEndsTheCallThatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		first := d.start(10 * time.Second)
		if at, ok := first.Deadline(); !ok || time.Until(at) != 10*time.Second {
			t.Errorf("deadline in %s, want 10 s", time.Until(at))
		}
		d.stop()
		// A shorter call behind a longer one, whose timer still runs.
		second := d.start(time.Second)
		began := time.Now()
		<-second.Done()
		if took := time.Since(began); took != time.Second || !errors.Is(second.Err(), context.DeadlineExceeded) {
			t.Errorf("ended after %s with %v, want 1 s and %v", took, second.Err(), context.DeadlineExceeded)
		}
		d.stop()
		third := d.start(20 * time.Second)
		if err := third.Err(); err != nil {
			t.Errorf("the call behind one that took too long: %v", err)
		}
		began = time.Now()
		<-third.Done()
		if took := time.Since(began); took != 20*time.Second {
			t.Errorf("ended after %s, want 20 s", took)
		}
		d.stop()
	})
}

func TestDeadlineOfACallThatIsOverEndsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		d.start(time.Second)
		d.stop()
		<-time.After(999 * time.Millisecond)
		c := d.start(time.Second)
		<-time.After(999 * time.Millisecond) // the first one's second is over
		if err := c.Err(); err != nil {
			t.Errorf("after less than its time: %v", err)
		}
		select {
		case <-c.Done():
			t.Error("done after less than its time")
		default:
		}
		d.stop()
	})
}
