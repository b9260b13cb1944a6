package mirratest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Advance moves the session's clock on and returns when all that fell due on the way has
// happened, at its own time and in order: retries, renewals, webhooks.
func (s *Session) Advance(d time.Duration) *host.ClockMoved {
	s.t.Helper()
	return s.move(&host.ClockMove{Advance: host.Duration(d)})
}

// Freeze stops the session's clock; Advance moves it still. Resume lets it go.
func (s *Session) Freeze() {
	s.t.Helper()
	s.move(&host.ClockMove{Freeze: true})
}

// Resume lets a frozen clock go on from where it stands.
func (s *Session) Resume() {
	s.t.Helper()
	s.move(&host.ClockMove{Resume: true})
}

func (s *Session) move(m *host.ClockMove) *host.ClockMoved {
	s.t.Helper()
	moved, err := s.control.MoveClock(s.t.Context(), s.info.SessionID, m)
	if err != nil {
		s.fail("move the clock", err)
	}
	return moved
}

// Fault makes requests or webhooks that match a rule go wrong:
// host.FaultRule{Mirror: "stripe", Path: "/v1/charges", Error: "rate-limit", Count: 2}.
// It returns what takes the rule away again.
func (s *Session) Fault(rule host.FaultRule) (remove func()) {
	s.t.Helper()
	added, err := s.control.AddFault(s.t.Context(), s.info.SessionID, &rule)
	if err != nil {
		s.fail("add fault", err)
	}
	return func() {
		s.t.Helper()
		if err := s.control.ClearFaults(s.t.Context(), s.info.SessionID, added.ID); err != nil {
			s.fail("remove fault", err)
		}
	}
}

// Simulate causes a vendor event with all that follows, with arguments in pairs:
// Simulate("charge.refunded", "charge", "ch_…").
func (s *Session) Simulate(event string, args ...string) {
	s.t.Helper()
	q := &host.Simulation{Event: event, Args: map[string]string{}}
	if len(args)%2 != 0 {
		s.t.Fatalf("mirratest: simulate %s: %q has no value", event, args[len(args)-1])
	}
	for i := 0; i < len(args); i += 2 {
		q.Args[args[i]] = args[i+1]
	}
	if err := s.control.Simulate(s.t.Context(), s.info.SessionID, q); err != nil {
		s.fail("simulate "+event, err)
	}
}

// State reads a mirror's objects of an entity, "customers", into a pointer to a slice, as
// the vendor prints them.
func (s *Session) State(mirror, entity string, into any) {
	s.t.Helper()
	state, err := s.control.State(s.t.Context(), s.info.SessionID, mirror, entity)
	if err != nil {
		s.fail("state of "+mirror, err)
	}
	text, err := json.Marshal(state[entity])
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		s.fail(fmt.Sprintf("read %s of %s", entity, mirror), err)
	}
}

// Reset takes the session back to its start, its clock and seeds included. Faults stay.
func (s *Session) Reset() {
	s.t.Helper()
	s.Restore(atStart)
}

// Snapshot keeps the session's state under a name, which Restore brings back.
func (s *Session) Snapshot(name string) {
	s.t.Helper()
	if _, err := s.control.Snapshot(s.t.Context(), s.info.SessionID, name); err != nil {
		s.fail("snapshot "+name, err)
	}
}

// Restore makes a snapshot the session's state.
func (s *Session) Restore(name string) {
	s.t.Helper()
	if err := s.control.Restore(s.t.Context(), s.info.SessionID, name); err != nil {
		s.fail("restore "+name, err)
	}
}

// Trace returns what happened so far that a query selects, with bodies, oldest first:
// host.TraceQuery{Mirror: "stripe", Method: "POST"}.
func (s *Session) Trace(q host.TraceQuery) []host.TraceEntry {
	s.t.Helper()
	var all []host.TraceEntry
	for q.Bodies = true; ; {
		page, err := s.control.Trace(s.t.Context(), s.info.SessionID, q)
		if err != nil {
			s.fail("trace", err)
		}
		all = append(all, page.Entries...)
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			return all
		}
	}
}

// Check decides criteria as scenarios have them, "exactly one customer was created",
// about what happened since the last reset, once its webhooks have arrived. The test fails
// with what was found for each that does not hold or cannot be decided. See
// docs/scenarios.md.
func (s *Session) Check(criteria ...string) {
	s.t.Helper()
	r := &host.CheckRequest{}
	for _, text := range criteria {
		r.Checks = append(r.Checks, host.Check{Criterion: text})
	}
	report, err := s.control.Check(s.t.Context(), s.ID(), r)
	if err != nil {
		s.fail("check criteria", err)
	}
	for i, one := range report.Results {
		if one.Outcome != host.Passed {
			s.t.Errorf("mirratest: %s: %s: %s (expected %s)", criteria[i], one.Outcome, one.Reason, one.Expected)
		}
	}
}

// Control is all that can be done with the session's server, by the session's ID.
func (s *Session) Control() host.Control { return s.control }
