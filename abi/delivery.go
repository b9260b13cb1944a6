package abi

import "fmt"

// Enqueue is what a plugin hands to mirra_deliver_v1.enqueue.
type Enqueue struct {
	Event   string // the vendor's event type
	Label   string // where it goes, for people: the endpoint's id or URL
	DueNS   int64  // session time; 0 means now
	Order   string // deliveries of one key go out one after another; "" runs free
	Payload string // handed back to attempt and outcome
}

// Append encodes the delivery behind b.
func (e *Enqueue) Append(b []byte) []byte {
	b = AppendSection(b, TagEvent, e.Event)
	b = AppendSection(b, TagLabel, e.Label)
	if e.DueNS != 0 {
		b = AppendInt64Section(b, TagDue, e.DueNS)
	}
	if e.Order != "" {
		b = AppendSection(b, TagOrder, e.Order)
	}
	return AppendSection(b, TagPayload, e.Payload)
}

// DecodeEnqueue reads the argument of enqueue.
func DecodeEnqueue(frame string) (Enqueue, error) {
	var e Enqueue
	for frame != "" {
		s, rest, err := NextSection(frame)
		if err != nil {
			return e, fmt.Errorf("delivery: %w", err)
		}
		frame = rest
		switch s.Tag {
		case TagEvent:
			e.Event = s.Data
		case TagLabel:
			e.Label = s.Data
		case TagDue:
			c := cursor{s: s.Data}
			e.DueNS = int64(c.u64())
			err = c.err("delivery: due")
		case TagOrder:
			e.Order = s.Data
		case TagPayload:
			e.Payload = s.Data
		default:
			err = s.unknown()
		}
		if err != nil {
			return e, err
		}
	}
	if e.Event == "" {
		return e, fmt.Errorf("delivery: no event section")
	}
	return e, nil
}
