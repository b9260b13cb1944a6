package sdk

import (
	"math"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Take takes cost units from a token bucket of the account that holds burst
// and refills at ratePerSecond (thousandths count). It returns how long to wait
// until they would be there; 0 means they were taken. With limits off the
// bucket is counted all the same, so that headers show it, and the handler is
// to look at LimitsOff before it refuses.
func (c *Call) Take(name string, cost int64, ratePerSecond float64, burst int64) time.Duration {
	n := wire.Take(name+"\x00"+c.Account(), cost, int64(ratePerSecond*1000), burst)
	if n < 0 {
		panic("sdk: limit " + name + ": " + hostMessage(abi.Errno(n)))
	}
	return time.Duration(n)
}

// LimitsOff tells whether rate limits do not refuse in this session.
func (c *Call) LimitsOff() bool { return c.Context.Flags&abi.LimitsOff != 0 }

// LimitsTest tells whether the vendor's test-mode limits apply instead of the
// published live ones.
func (c *Call) LimitsTest() bool { return c.Context.Flags&abi.LimitsTest != 0 }

// Remaining returns how many whole units are left in a bucket that Take was
// called for before in this call, with the same rate and burst; for headers.
func (c *Call) Remaining(name string, ratePerSecond float64, burst int64) int64 {
	// Behind a Take the bucket is not full: all of it is more than there is, takes
	// nothing, and the wait says how much is missing.
	missing := c.Take(name, burst, ratePerSecond, burst).Seconds() * ratePerSecond
	return max(0, burst-int64(math.Ceil(missing-1e-6)))
}
