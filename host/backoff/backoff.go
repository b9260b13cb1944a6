// Package backoff is the rule by which retries back off, for whoever judges an
// application by the times of its calls. It finds no calls itself.
package backoff

import (
	"fmt"
	"time"
)

// The rule: each retry waits at least as long as Retry-After asked; where nothing asked,
// waits do not shrink by more than jitter, and the last is at least twice the first and
// at least LeastLast.
const (
	Jitter    = 0.2
	LeastLast = 250 * time.Millisecond
	// Measured is how far a wait may be off, and a tenth of it: requests start at the
	// client, and what it takes to send them is part of what is measured.
	Measured = 20 * time.Millisecond
	// LeastRetries is how many retries can be judged where nothing asked for a wait.
	LeastRetries = 2
)

// Judge returns what is wrong with the waits before retries, "" if nothing is. Asked[i]
// is how long the refusal before waits[i] asked to wait, 0 for nothing.
func Judge(waits, asked []time.Duration) string {
	var own []time.Duration // that the application chose
	for i, w := range waits {
		if asked[i] == 0 {
			own = append(own, w)
			continue
		}
		if w < asked[i]-Measured {
			return fmt.Sprintf("does not wait for Retry-After: retry %d comes %s after the refusal that asked for %s", i+1, Short(w), Short(asked[i]))
		}
	}
	if len(own) < LeastRetries {
		return ""
	}
	for i := 1; i < len(own); i++ {
		if float64(own[i]) < float64(own[i-1])*(1-Jitter) {
			return fmt.Sprintf("waits less before retry %d (%s) than before retry %d (%s)", i+1, Short(own[i]), i, Short(own[i-1]))
		}
	}
	first, last := own[0], own[len(own)-1]
	switch {
	case last < 2*first-max(Measured, 2*first/10):
		return fmt.Sprintf("does not back off: waits %s first and %s last", Short(first), Short(last))
	case last < LeastLast:
		return fmt.Sprintf("waits %s at most", Short(last))
	}
	return ""
}

// Short is a duration for people: 340ms, 1.25s.
func Short(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
