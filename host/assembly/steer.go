package assembly

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
)

// State implements host.States.
func (s *Server) State(_ context.Context, id, mirror, entity string) (host.State, error) {
	m, err := s.mirror(id, mirror)
	if err != nil {
		return nil, err
	}
	out := host.State{}
	if entity != "" {
		out[entity] = []json.RawMessage{}
	}
	err = m.Documents(entity, func(name string, d host.Document) bool {
		out[name] = append(out[name], bytes.Clone(d.JSON))
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Server) mirror(id, name string) (*session.Mirror, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	if m := r.session.Mirror(name); m != nil {
		return m, nil
	}
	var names []string
	for _, m := range r.session.Mirrors() {
		names = append(names, m.Name())
	}
	return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.session.no_such_mirror", Message: fmt.Sprintf("the session has no mirror %q", name), Hint: "its mirrors: " + strings.Join(names, ", ")}
}

// ResetSession implements host.States.
func (s *Server) ResetSession(_ context.Context, id string, mirrors ...string) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.session.Touch()
	return r.session.Reset(mirrors...)
}

// Simulate implements host.States.
func (s *Server) Simulate(ctx context.Context, id string, q *host.Simulation) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	mirror := q.Mirror
	if mirror == "" {
		var able, known []string
		for _, m := range r.session.Mirrors() {
			if slices.Contains(m.Manifest().Simulates, q.Event) {
				able = append(able, m.Name())
			}
			for _, e := range m.Manifest().Simulates {
				known = append(known, m.Name()+" "+e)
			}
		}
		if len(able) != 1 {
			e := &host.Error{Kind: host.KindUnprocessed, Code: "mirra.simulate.unknown_event", Message: fmt.Sprintf("no mirror of the session simulates %q", q.Event), Hint: "events: " + strings.Join(known, ", ")}
			if len(able) > 1 {
				e.Message, e.Hint = fmt.Sprintf("%d mirrors simulate %q", len(able), q.Event), "name the mirror: "+strings.Join(able, ", ")
			} else if known == nil {
				e.Hint = "these mirrors simulate nothing"
			}
			return e
		}
		mirror = able[0]
	}
	args := url.Values{}
	for k, v := range q.Args {
		args.Set(k, v)
	}
	r.session.Touch()
	return r.session.Simulate(ctx, mirror, q.Event, args.Encode())
}

// Snapshot implements host.Snapshots.
func (s *Server) Snapshot(_ context.Context, id, name string) (*host.SnapshotInfo, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	n, err := r.session.Snapshot(name)
	if err != nil {
		return nil, err
	}
	i := host.SnapshotInfo(n)
	return &i, nil
}

// Snapshots implements host.Snapshots.
func (s *Server) Snapshots(_ context.Context, id string) ([]host.SnapshotInfo, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	out := []host.SnapshotInfo{}
	for _, n := range r.session.Snapshots() {
		out = append(out, host.SnapshotInfo(n))
	}
	return out, nil
}

// Restore implements host.Snapshots.
func (s *Server) Restore(_ context.Context, id, name string) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.session.Touch()
	return r.session.Restore(name)
}

// MoveClock implements host.Clocks.
func (s *Server) MoveClock(ctx context.Context, id string, c *host.ClockMove) (*host.ClockMoved, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, asked := range []bool{c.Advance != 0, c.Set != nil, c.Freeze, c.Resume} {
		if asked {
			n++
		}
	}
	if n != 1 {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.clock.invalid", Message: "a clock move is one of advance, set, freeze and resume", Hint: `for example {"advance": "31d"}`}
	}
	r.session.Touch()
	var moved session.AdvanceResult
	switch {
	case c.Advance != 0:
		moved, err = r.session.Advance(ctx, time.Duration(c.Advance))
	case c.Set != nil:
		moved, err = r.session.SetClock(ctx, c.Set.UTC())
	case c.Freeze:
		moved.Clock, err = r.session.FreezeClock()
	default:
		moved.Clock, err = r.session.ResumeClock()
	}
	if err != nil {
		return nil, err
	}
	r.session.Touch() // an advance may take longer than the time-out
	return &host.ClockMoved{Clock: clockInfo(moved.Clock), Timers: moved.Timers, Deliveries: moved.Deliveries, Failed: moved.Failed, FailedFast: moved.FailedFast}, nil
}

// AddFault implements host.FaultRules.
func (s *Server) AddFault(_ context.Context, id string, f *host.FaultRule) (*host.FaultRule, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	added, err := r.session.AddFault(session.FaultRule{
		Mirror: f.Mirror, Method: f.Method, Path: f.Path, Operation: f.Operation, Event: f.Event, Nth: f.Nth, Probability: f.Probability, Count: f.Count,
		LatencyMS: f.LatencyMS, Error: f.Error, Drop: session.Drop(f.Drop), Webhook: session.Mishap(f.Webhook), DelayMS: f.DelayMS, RetryAfter: f.RetryAfter,
	})
	if err != nil {
		return nil, err
	}
	out := faultRule(added)
	return &out, nil
}

func faultRule(f session.FaultRule) host.FaultRule {
	return host.FaultRule{
		ID: f.ID, Mirror: f.Mirror, Method: f.Method, Path: f.Path, Operation: f.Operation, Event: f.Event, Nth: f.Nth, Probability: f.Probability, Count: f.Count,
		LatencyMS: f.LatencyMS, Error: f.Error, Drop: string(f.Drop), Webhook: string(f.Webhook), DelayMS: f.DelayMS, RetryAfter: f.RetryAfter,
	}
}

// Faults implements host.FaultRules.
func (s *Server) Faults(_ context.Context, id string) ([]host.FaultRule, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	out := []host.FaultRule{}
	for _, f := range r.session.Faults() {
		out = append(out, faultRule(f))
	}
	return out, nil
}

// ClearFaults implements host.FaultRules.
func (s *Server) ClearFaults(_ context.Context, id, rule string) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	return r.session.ClearFaults(rule)
}

// RetryWebhook implements host.Webhooks.
func (s *Server) RetryWebhook(_ context.Context, id string, attempt uint64) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	return r.session.Redeliver(attempt)
}

// HoldWebhooks implements host.Webhooks.
func (s *Server) HoldWebhooks(_ context.Context, id string, hold bool) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.session.HoldDeliveries(hold)
	if !hold {
		r.session.ReleaseHeld()
	}
	return nil
}

// ForwardWebhooks implements host.Webhooks.
func (s *Server) ForwardWebhooks(_ context.Context, id, mirror string, urls []string) error {
	m, err := s.mirror(id, mirror)
	if err != nil {
		return err
	}
	for _, u := range urls {
		if p, err := url.Parse(u); err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" {
			return &host.Error{Kind: host.KindInvalid, Code: "mirra.webhook.invalid_url", Message: fmt.Sprintf("%q is not an http or https URL", u)}
		}
	}
	m.SetForwards(urls)
	return nil
}
