package mcp

import (
	"context"
	"fmt"
	"time"

	"github.com/mirrahq/mirra/host"
)

type simulateArgs struct {
	sessionArg
	Event  string         `json:"event" jsonschema:"such as payment_intent.succeeded; catalog lists those a mirror simulates"`
	Mirror string         `json:"mirror,omitempty" jsonschema:"only needed when several mirrors know the event"`
	Args   map[string]any `json:"args,omitempty" jsonschema:"what it happens to, such as {\"charge\": \"ch_123\"}; left out, objects are made for it"`
}

func simulate(s *Server) {
	add(s, tool{
		name: "simulate", title: "Simulate an event",
		description: "Cause an event at the vendor with all that follows: objects change, webhooks go out.",
	}, func(ctx context.Context, c *call, in simulateArgs) (*done, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		if in.Event == "" {
			return nil, invalid("event: name one", "catalog with mirror lists those there are")
		}
		args := map[string]string{}
		for name, v := range in.Args {
			text, ok := scalar(v)
			if !ok {
				return nil, invalid(fmt.Sprintf("args: %s: want a string, a number or a boolean", name), "")
			}
			args[name] = text
		}
		return &done{id, "simulated " + in.Event}, c.Simulate(ctx, id, &host.Simulation{Mirror: in.Mirror, Event: in.Event, Args: args})
	})
}

type clockArgs struct {
	sessionArg
	Action   string `json:"action" jsonschema:"show, advance by duration, set to time, freeze or resume"`
	Duration string `json:"duration,omitempty" jsonschema:"of advance: 90s, 12h, 31d, 2w"`
	Time     string `json:"time,omitempty" jsonschema:"of set: RFC 3339, 2026-01-31T12:00:00Z"`
}

type clockOut struct {
	Now        time.Time `json:"now" jsonschema:"session time"`
	Frozen     bool      `json:"frozen"`
	Timers     int       `json:"timers" jsonschema:"that ran on the way"`
	Deliveries int       `json:"deliveries" jsonschema:"webhook attempts on the way"`
	Failed     int       `json:"failed" jsonschema:"of these without a 2xx"`
	Unasked    []string  `json:"unasked,omitempty" jsonschema:"URLs that timed out three times in a row and were not asked again"`
}

func moveClock(s *Server) {
	add(s, tool{
		name: "clock", title: "Session time",
		description: "Show or move the session's time. Going forward does all that falls due on the way, each at its own instant: trials end, invoices finalise, webhooks are sent and retried. Returns when it has happened.",
		choices:     map[string][]any{"action": {"show", "advance", "set", "freeze", "resume"}},
	}, func(ctx context.Context, c *call, in clockArgs) (*clockOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		var move host.ClockMove
		switch in.Action {
		case "show":
			info, err := c.Session(ctx, id)
			if err != nil {
				return nil, err
			}
			return &clockOut{Now: info.Clock.Now, Frozen: info.Clock.Frozen}, nil
		case "advance":
			d, err := host.ParseDuration(in.Duration)
			if err != nil || d <= 0 {
				return nil, invalid(fmt.Sprintf("duration %q: want one such as 90s, 12h or 31d", in.Duration), "")
			}
			move.Advance = host.Duration(d)
		case "set":
			at, err := instant("time", in.Time)
			if err != nil {
				return nil, err
			}
			move.Set = &at
		case "freeze":
			move.Freeze = true
		case "resume":
			move.Resume = true
		}
		moved, err := c.MoveClock(ctx, id, &move)
		if err != nil {
			return nil, err
		}
		return &clockOut{moved.Clock.Now, moved.Clock.Frozen, moved.Timers, moved.Deliveries, moved.Failed, moved.FailedFast}, nil
	})
}

// faultRule is host.FaultRule, told to a model.
type faultRule struct {
	ID          string  `json:"id,omitempty" jsonschema:"given by the answer"`
	Mirror      string  `json:"mirror,omitempty"`
	Method      string  `json:"method,omitempty"`
	Path        string  `json:"path,omitempty" jsonschema:"glob: /v1/customers/*, or /v1/** for all below"`
	Operation   string  `json:"operation,omitempty" jsonschema:"id of an operation"`
	Event       string  `json:"event,omitempty" jsonschema:"of webhooks: charge.*"`
	Nth         int     `json:"nth,omitempty" jsonschema:"only the nth match, from 1"`
	Probability float64 `json:"probability,omitempty" jsonschema:"0 to 1; left out, always"`
	Count       int     `json:"count,omitempty" jsonschema:"at most so many times"`

	LatencyMS  int    `json:"latencyMs,omitempty" jsonschema:"answer so much later"`
	Error      string `json:"error,omitempty" jsonschema:"answer with an error of the vendor's, by the names in mirra://mirrors/{mirror}/facts: rate-limit, internal, ..."`
	Drop       string `json:"drop,omitempty" jsonschema:"close the connection: before or after the request was handled"`
	Webhook    string `json:"webhook,omitempty" jsonschema:"drop, duplicate, delay or reorder webhooks; forge, alter, unsign or stale make their signature wrong"`
	DelayMS    int64  `json:"delayMs,omitempty" jsonschema:"of webhook delay, session time"`
	RetryAfter string `json:"retryAfter,omitempty" jsonschema:"of error: seconds in place of the vendor's Retry-After, or none"`
}

type faultArgs struct {
	sessionArg
	Action string     `json:"action" jsonschema:"add a rule, list the rules, or clear one or all"`
	Rule   *faultRule `json:"rule,omitempty" jsonschema:"of add: what matches, and one thing that goes wrong"`
	ID     string     `json:"id,omitempty" jsonschema:"of clear: only this rule"`
}

type faultOut struct {
	Faults []faultRule `json:"faults" jsonschema:"the rules there are now"`
}

func faults(s *Server) {
	add(s, tool{
		name: "faults", title: "Fault rules",
		description: "Make requests and webhooks of a session go wrong: latency, vendor-shaped errors, lost connections, webhooks that are dropped, doubled, late or forged.",
		choices:     map[string][]any{"action": {"add", "list", "clear"}},
	}, func(ctx context.Context, c *call, in faultArgs) (*faultOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		switch in.Action {
		case "add":
			if in.Rule == nil {
				return nil, invalid("rule: say what is to go wrong", "")
			}
			rule := host.FaultRule(*in.Rule)
			if _, err := c.AddFault(ctx, id, &rule); err != nil {
				return nil, err
			}
		case "clear":
			if err := c.ClearFaults(ctx, id, in.ID); err != nil {
				return nil, err
			}
		}
		rules, err := c.Faults(ctx, id)
		if err != nil {
			return nil, err
		}
		out := &faultOut{Faults: []faultRule{}}
		for _, r := range rules {
			out.Faults = append(out.Faults, faultRule(r))
		}
		return out, nil
	})
}

type snapshotArgs struct {
	sessionArg
	Name string `json:"name,omitempty" jsonschema:"left out, none is taken: the answer lists those there are"`
}

type snapshotInfo struct {
	Name string    `json:"name"`
	At   time.Time `json:"at" jsonschema:"session time"`
}

type snapshotOut struct {
	Taken     string         `json:"taken,omitempty"`
	Snapshots []snapshotInfo `json:"snapshots" jsonschema:"those there are, oldest first"`
}

func snapshot(s *Server) {
	add(s, tool{
		name: "snapshot", title: "Keep the state",
		description: "Keep the session's state under a name, for restore to go back to.",
	}, func(ctx context.Context, c *call, in snapshotArgs) (*snapshotOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		out := &snapshotOut{Snapshots: []snapshotInfo{}}
		if in.Name != "" {
			taken, err := c.Snapshot(ctx, id, in.Name)
			if err != nil {
				return nil, err
			}
			out.Taken = taken.Name
		}
		all, err := c.Snapshots(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			out.Snapshots = append(out.Snapshots, snapshotInfo{one.Name, one.At})
		}
		return out, nil
	})
}

type restoreArgs struct {
	sessionArg
	Name string `json:"name" jsonschema:"of a snapshot"`
}

func restore(s *Server) {
	add(s, tool{
		name: "restore", title: "Go back to a snapshot", destroys: true,
		description: "Make a snapshot the session's state; what happened since is undone.",
	}, func(ctx context.Context, c *call, in restoreArgs) (*done, error) {
		id, err := c.session(ctx, in.Session, false)
		if err != nil {
			return nil, err
		}
		return &done{id, "restored " + in.Name}, c.Restore(ctx, id, in.Name)
	})
}
