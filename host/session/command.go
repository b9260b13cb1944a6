package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/tape"
)

// command runs a seed: a call that reports faults and keeps nothing on any.
func (m *Mirror) command(ctx context.Context, kind abi.Kind, name string, json []byte) error {
	return m.report(ctx, kind, name, "/", "application/json", json)
}

func (m *Mirror) simulate(ctx context.Context, event, args string) error {
	return m.report(ctx, abi.KindSimulate, event, "/?"+args, "", nil)
}

func (m *Mirror) report(ctx context.Context, kind abi.Kind, name, target, contentType string, body []byte) error {
	x := m.exchange()
	defer x.release()
	req := abi.Request{Kind: kind, Name: name, Forwards: m.Forwards(), BaseURL: m.s.urlFor(m, ""), Context: abi.Context{Flags: m.s.flags(), Session: m.s.id, Mirror: m.name}}
	frame := m.s.grease(req.Append(m.s.grease(nil)))
	contextAt := contextOffset(frame)
	var parser tape.Parser
	frame, _ = parser.Append(frame, target, contentType, body)
	m.mu.Lock()
	inv := m.invoke(ctx, kind, x.out[:0], func(now, peer int64, _ *call) []byte {
		abi.StampContext(frame[contextAt:], now, peer)
		return frame
	}, func(output []byte, _ putter) error { return reported(output) })
	m.mu.Unlock()
	x.out = inv.output
	if inv.changed {
		m.s.wake()
	}
	if faults, ok := errors.AsType[*multierror.Error](inv.err); ok {
		hint := "events: " + strings.Join(m.spec.manifest.Simulates, ", ")
		if kind == abi.KindSeed {
			hint = "fixtures: " + m.fixtureNames() + "; " + m.seedHint(faults)
		}
		return &host.Error{Kind: host.KindUnprocessed, Code: "mirra." + kind.String() + ".refused", Message: strings.TrimSpace(fmt.Sprintf("%s: %s %s", m.name, kind, name)), Hint: hint, Err: faults}
	}
	if inv.err != nil {
		return fmt.Errorf("%s %s %s: %w", m.name, kind, name, inv.err)
	}
	return nil
}

// mostFaults is how many faults are told at once: more help nobody.
const mostFaults = 20

// reported returns the faults that a plugin's output reports.
func reported(output []byte) error {
	r, err := abi.DecodeResponse(viewString(output))
	if err != nil {
		return &host.Trap{Cause: host.TrapOutput, Detail: err.Error()}
	}
	var faults *multierror.Error
	for i, f := range r.Faults {
		if i == mostFaults {
			return multierror.Append(faults, fmt.Errorf("and %d more", len(r.Faults)-i))
		}
		text := f.Value
		if f.Name != "" {
			text = f.Name + ": " + text
		}
		faults = multierror.Append(faults, errors.New(strings.Clone(text)))
	}
	return faults.ErrorOrNil()
}

// seedHint says what a state document may be: what its lists are called, if a fault
// is of one of them, else where to see documents.
func (m *Mirror) seedHint(faults *multierror.Error) string {
	for _, f := range faults.Errors {
		if path, _, named := strings.Cut(f.Error(), ": "); named && !strings.Contains(path, "[") {
			return "entities: " + m.entityNames()
		}
	}
	return "mirra state " + m.name + " ENTITY --json prints documents"
}

func (m *Mirror) fixtureNames() string {
	var names []string
	for _, f := range m.spec.manifest.Fixtures {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

// contextOffset returns where the context section of a frame starts.
func contextOffset(frame []byte) int {
	rest := viewString(frame)
	for rest != "" {
		s, after, err := abi.NextSection(rest)
		if err != nil {
			break
		}
		if s.Tag == abi.TagContext {
			return len(frame) - len(rest)
		}
		rest = after
	}
	panic("session: a frame without a context")
}
