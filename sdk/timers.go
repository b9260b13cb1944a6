package sdk

import (
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// SetTimer makes the handler that OnTimer named run at an instant of session
// time. One timer lives under a name and key; setting it again replaces it.
func (c *Call) SetTimer(name, key string, at time.Time, payload string) {
	c.setTimer(name, key, at.UnixNano(), payload)
}

func (c *Call) setTimer(name, key string, atNS int64, payload string) {
	if n := wire.TimerSet(timerKey(name, key), atNS, payload); n < 0 {
		panic("sdk: set timer " + name + ": " + hostMessage(abi.Errno(n)))
	}
}

// ClearTimer removes a timer and tells whether there was one.
func (c *Call) ClearTimer(name, key string) bool { return wire.TimerClear(timerKey(name, key)) >= 0 }

// timerKey is valid until scratch is used again.
func timerKey(name, key string) string {
	b := append(append(scratch.free()[:0], name...), '/')
	return text(append(b, key...))
}

// Continue goes on with long work in a call of its own at the same instant, so
// that no single call meets a limit: OnTimer's handler of that name runs next.
func (c *Call) Continue(name, key, payload string) {
	c.setTimer(name, key, c.Context.NowNS, payload)
}
