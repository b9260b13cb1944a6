package session

import "testing"

func TestInFlight(t *testing.T) {
	var f inFlight
	if f.enter("a") {
		t.Error("the first is a duplicate")
	}
	if !f.enter("a") {
		t.Error("the second is no duplicate")
	}
	if f.enter("b") {
		t.Error("another key is a duplicate")
	}
	f.leave("a")
	if !f.enter("a") {
		t.Error("one of two is still under way")
	}
	f.leave("a")
	f.leave("a")
	f.leave("b")
	if f.enter("a") || len(f.keys) != 1 {
		t.Errorf("keys left behind: %v", f.keys)
	}
}
