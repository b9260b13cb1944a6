package main

import "time"

// Limits of a message [D twilio.com/docs/messaging/api/message-resource and
// docs/messaging/features/message-scheduling, 2026-11].
const (
	mostBody     = 1600
	mostMedia    = 10
	soonest      = 5 * time.Minute
	latest       = 35 * 24 * time.Hour
	mostValidity = 36000
)

// Limits of a verification [D twilio.com/docs/verify/api/rate-limits-and-timeouts
// and docs/api/errors/60202 and 60203, 2026-11].
const (
	lifetime   = 10 * time.Minute
	mostSends  = 5
	mostChecks = 5
)

// ladder is how a message goes on by itself [D
// twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks,
// 2026-11]. The vendor publishes no instants; how long each takes is believed.
var ladder = map[string]struct {
	takes time.Duration
	next  string
}{
	"accepted": {500 * time.Millisecond, "queued"}, // of a messaging service: until a sender is chosen
	"queued":   {time.Second, "sent"},
	"sent":     {2 * time.Second, "delivered"},
}
