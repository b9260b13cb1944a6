package sdk

import (
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Delivery is one delivery and one try of it.
type Delivery struct {
	abi.Delivery
	Payload string // what Enqueue was given
}

// Result is what became of a try.
type Result struct{ abi.Result }

// OK tells whether the target answered with a 2xx status.
func (r Result) OK() bool {
	return r.Outcome == abi.OutcomeAnswered && r.Status >= 200 && r.Status < 300
}

// Enqueue queues a delivery together with the call's changes: both are kept or
// neither. label tells people where it goes; payload comes back in Attempt and
// Outcome.
func (c *Call) Enqueue(event, label, payload string) {
	c.enqueue(abi.Enqueue{Event: event, Label: label, Payload: payload})
}

// EnqueueAt is Enqueue for an instant of session time. Deliveries of one order
// key go out one after another.
func (c *Call) EnqueueAt(at time.Time, order, event, label, payload string) {
	c.enqueue(abi.Enqueue{Event: event, Label: label, DueNS: at.UnixNano(), Order: order, Payload: payload})
}

func (c *Call) enqueue(e abi.Enqueue) {
	frame := e.Append(scratch.free()[:0])
	if n := wire.Enqueue(frame); n < 0 {
		panic("sdk: enqueue " + e.Event + ": " + hostMessage(abi.Errno(n)))
	}
}

// Post is Attempt's answer: POST body to url.
func (c *Call) Post(url, contentType, body string) {
	c.SetHeader("Content-Type", contentType)
	c.SendTo("POST", url, body)
}

// SendTo is Attempt's answer with another method.
func (c *Call) SendTo(method, url, body string) {
	c.tail = abi.AppendSection(c.tail, abi.TagMethod, method)
	c.tail = abi.AppendSection(c.tail, abi.TagURL, url)
	c.body = append(c.body[:0], body...)
}

// Timeout says how long the try may take; the host's default is 10 s.
func (c *Call) Timeout(d time.Duration) {
	c.tail = abi.AppendInt64Section(c.tail, abi.TagTimeout, int64(d))
}

// RetryAt is Outcome's answer: try again at an instant of session time.
func (c *Call) RetryAt(at time.Time) {
	c.tail = abi.AppendByteSection(c.tail, abi.TagFinal, byte(abi.Retry))
	c.tail = abi.AppendInt64Section(c.tail, abi.TagRetryAt, at.UnixNano())
}

// GiveUp is Outcome's answer: no more tries.
func (c *Call) GiveUp() { c.tail = abi.AppendByteSection(c.tail, abi.TagFinal, byte(abi.GivenUp)) }
