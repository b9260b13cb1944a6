package mcp

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// entry is a host.TraceEntry, bounded.
type entry struct {
	Seq       uint64    `json:"seq"`
	Type      string    `json:"type"`
	At        time.Time `json:"at" jsonschema:"session time"`
	Mirror    string    `json:"mirror,omitempty"`
	Method    string    `json:"method,omitempty"`
	Path      string    `json:"path,omitempty" jsonschema:"of webhooks: the URL"`
	Status    int       `json:"status,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Level     string    `json:"level,omitempty"`
	Limited   string    `json:"limited,omitempty" jsonschema:"the rate limit that refused"`
	Warning   string    `json:"warning,omitempty"`
	Fault     string    `json:"fault,omitempty" jsonschema:"what a fault rule did"`
	Event     string    `json:"event,omitempty"`
	Attempt   uint32    `json:"attempt,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	Signature string    `json:"signature,omitempty"`
	Entity    string    `json:"entity,omitempty"`
	EntityID  string    `json:"entityId,omitempty"`
	Action    string    `json:"action,omitempty"`
	Request   *message  `json:"request,omitempty"`
	Response  *message  `json:"response,omitempty"`
	Before    raw       `json:"before,omitempty"`
	After     raw       `json:"after,omitempty"`
}

type message struct {
	Headers map[string]string `json:"headers"`
	Body    raw               `json:"body,omitempty" jsonschema:"JSON as it was, else a string; a long one is cut and says so"`
}

// bounded returns an entry of which every body is at most limit bytes.
func bounded(e *host.TraceEntry, bodies bool, limit int) entry {
	out := entry{
		Seq: e.Seq, Type: e.Type, At: e.At, Mirror: e.Mirror, Method: e.Method, Path: e.Path, Status: e.Status, Operation: e.Operation, Level: e.Level, Limited: e.Limited, Warning: e.Warning, Fault: e.Fault,
		Event: e.Event, Attempt: e.Attempt, Outcome: e.Outcome, Signature: e.Signature, Entity: e.Entity, EntityID: e.EntityID, Action: e.Action,
	}
	if !bodies {
		return out
	}
	out.Before, _ = clip(e.Before, limit)
	out.After, _ = clip(e.After, limit)
	for from, to := range map[*host.TraceMessage]**message{e.Request: &out.Request, e.Response: &out.Response} {
		if from == nil {
			continue
		}
		m := &message{Headers: map[string]string{}}
		for _, h := range from.Headers {
			if have, ok := m.Headers[h[0]]; ok {
				h[1] = have + ", " + h[1]
			}
			m.Headers[h[0]] = h[1]
		}
		m.Body, _ = clip(from.Body, limit)
		*to = m
	}
	return out
}

// size is about what an entry takes in an answer.
func (e *entry) size() int {
	n := 200 + len(e.Path) + len(e.Before) + len(e.After) + len(e.Warning)
	for _, m := range []*message{e.Request, e.Response} {
		if m != nil {
			n += len(m.Body)
			for name, value := range m.Headers {
				n += len(name) + len(value)
			}
		}
	}
	return n
}

// pageArgs say which part of a list is wanted.
type pageArgs struct {
	After uint64 `json:"after,omitempty" jsonschema:"only what came behind the entry of this seq, such as nextAfter of the answer before"`
	Last  int    `json:"last,omitempty" jsonschema:"only the newest so many; not with after"`
	Limit int    `json:"limit,omitempty" jsonschema:"entries at most, 20 if left out"`
}

type traceOut struct {
	Entries   []entry `json:"entries" jsonschema:"oldest first"`
	NextAfter uint64  `json:"nextAfter,omitempty" jsonschema:"there are more: ask again with it as after"`
	Dropped   uint64  `json:"dropped,omitempty" jsonschema:"entries that a full trace has lost"`
	TimedOut  bool    `json:"timedOut,omitempty" jsonschema:"what was waited for did not come"`
}

type lister func(ctx context.Context, id string, q host.TraceQuery) (*host.TracePage, error)

// page collects the entries of a list that are asked for and fit an answer.
func page(ctx context.Context, list lister, id string, q host.TraceQuery, p pageArgs) (*traceOut, error) {
	limit, err := limitOf(max(p.Limit, p.Last))
	if err != nil {
		return nil, err
	}
	if p.Limit < 0 || p.Last < 0 || p.Last > 0 && (p.After > 0 || p.Limit > 0) {
		return nil, invalid("want last, or after and limit", "")
	}
	bodies := q.Bodies
	if p.Last > 0 {
		if p.After, err = before(ctx, list, id, q, p.Last); err != nil {
			return nil, err
		}
	}
	q.Limit = limit
	if p.After > 0 {
		q.Cursor = strconv.FormatUint(p.After, 10)
	}
	got, err := list(ctx, id, q)
	if err != nil {
		return nil, err
	}
	out := &traceOut{Entries: []entry{}, Dropped: got.Dropped}
	size := 0
	for i := range got.Entries {
		e := bounded(&got.Entries[i], bodies, maxBody)
		if size += e.size(); i > 0 && size > maxAnswer {
			out.NextAfter = got.Entries[i-1].Seq
			return out, nil
		}
		out.Entries = append(out.Entries, e)
	}
	if got.NextCursor != "" {
		out.NextAfter = got.Entries[len(got.Entries)-1].Seq
	}
	return out, nil
}

// before returns the Seq of the entry in front of the newest n, 0 if there are no more.
func before(ctx context.Context, list lister, id string, q host.TraceQuery, n int) (uint64, error) {
	q.Bodies, q.Limit = false, 1000
	var seqs []uint64
	for {
		got, err := list(ctx, id, q)
		if err != nil {
			return 0, err
		}
		for _, e := range got.Entries {
			seqs = append(seqs, e.Seq)
		}
		if q.Cursor = got.NextCursor; q.Cursor == "" {
			break
		}
	}
	if len(seqs) <= n {
		return 0, nil
	}
	return seqs[len(seqs)-n-1], nil
}

type traceArgs struct {
	sessionArg
	Types     []string `json:"types,omitempty" jsonschema:"traffic.request_completed, webhook.dispatched, state.changed, session.lifecycle; left out, all"`
	Mirror    string   `json:"mirror,omitempty"`
	Method    string   `json:"method,omitempty"`
	Path      string   `json:"path,omitempty" jsonschema:"glob: /v1/customers/*, or /v1/** for all below"`
	Operation string   `json:"operation,omitempty"`
	Event     string   `json:"event,omitempty"`
	Status    string   `json:"status,omitempty" jsonschema:"404, or 4xx"`
	Bodies    bool     `json:"bodies,omitempty" jsonschema:"with headers, bodies and what changed"`
	pageArgs
}

func trace(s *Server) {
	add(s, tool{
		name: "trace", title: "What happened", reads: true,
		description: "Show what happened in a session, oldest first: requests of the application, webhook attempts, changed objects.",
	}, func(ctx context.Context, c *call, in traceArgs) (*traceOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		q := host.TraceQuery{Types: in.Types, Mirror: in.Mirror, Method: in.Method, Path: in.Path, Operation: in.Operation, Event: in.Event, Status: in.Status, Bodies: in.Bodies}
		return page(ctx, c.Trace, id, q, in.pageArgs)
	})
}

type webhookArgs struct {
	sessionArg
	Mirror      string `json:"mirror,omitempty"`
	Event       string `json:"event,omitempty" jsonschema:"only this event, such as payment_intent.succeeded"`
	Status      string `json:"status,omitempty" jsonschema:"only attempts answered 404, or 5xx"`
	WaitSeconds int    `json:"waitSeconds,omitempty" jsonschema:"if there is none, wait so long at most for one, up to 50"`
	pageArgs
}

// maxWait leaves time to answer within the minute that clients wait by default.
const maxWait = 50

func sessionWebhooks(s *Server) {
	add(s, tool{
		name: "session_webhooks", title: "Webhooks", reads: true,
		description: "Show webhook attempts with what was sent, its signature, and what the application answered; or wait for one. They go to endpoints registered through the vendor's API and to the URLs in session_start's forward.",
	}, func(ctx context.Context, c *call, in webhookArgs) (*traceOut, error) {
		id, err := c.session(ctx, in.Session, true)
		if err != nil {
			return nil, err
		}
		if in.WaitSeconds < 0 || in.WaitSeconds > maxWait {
			return nil, invalid(fmt.Sprintf("waitSeconds %d: want 0 to %d", in.WaitSeconds, maxWait), "call again to wait longer")
		}
		q := host.TraceQuery{Mirror: in.Mirror, Event: in.Event, Status: in.Status, Bodies: true}
		out, err := page(ctx, c.WebhookAttempts, id, q, in.pageArgs)
		if err != nil || len(out.Entries) > 0 || in.WaitSeconds == 0 {
			return out, err
		}
		came, err := c.await(ctx, id, &in)
		if err != nil {
			return nil, err
		}
		if out, err = page(ctx, c.WebhookAttempts, id, q, in.pageArgs); err == nil {
			out.TimedOut = !came && len(out.Entries) == 0
		}
		return out, err
	})
}

// await returns once there is an attempt, came, or the time is up.
func (c *call) await(ctx context.Context, id string, in *webhookArgs) (came bool, err error) {
	limited, cancel := context.WithTimeout(ctx, time.Duration(in.WaitSeconds)*time.Second)
	defer cancel()
	err = c.Events(limited, id, in.After, false, func(e host.TraceEntry) bool {
		came = e.Type == host.EventWebhook && (in.Mirror == "" || in.Mirror == e.Mirror) && (in.Event == "" || in.Event == e.Event) && hasStatus(e.Status, in.Status)
		return !came
	})
	if limited.Err() != nil && ctx.Err() == nil {
		err = nil // the time is up
	}
	return came, err
}

func hasStatus(status int, want string) bool {
	code := strconv.Itoa(status)
	class, ok := strings.CutSuffix(want, "xx")
	return want == "" || code == want || ok && strings.HasPrefix(code, class)
}
