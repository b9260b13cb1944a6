package assembly

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/session"
)

// Trace implements host.Traces.
func (s *Server) Trace(_ context.Context, id string, q host.TraceQuery) (*host.TracePage, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return nil, err
	}
	after := uint64(0)
	if q.Cursor != "" {
		if after, err = strconv.ParseUint(q.Cursor, 10, 64); err != nil {
			return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.cursor.unknown", Message: fmt.Sprintf("cursor %q is not one of this list", q.Cursor), Hint: "take nextCursor of the page before"}
		}
	}
	if q.Status != "" && !validStatus(q.Status) {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.filter.invalid", Message: fmt.Sprintf("status %q: want a status such as 404, or a class such as 4xx", q.Status)}
	}
	if _, err := path.Match(q.Path, ""); err != nil {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.filter.invalid", Message: fmt.Sprintf("path %q is not a glob", q.Path)}
	}
	page := &host.TracePage{Entries: []host.TraceEntry{}}
	page.Dropped = r.session.Log(after, q.Bodies, func(e session.Raw) bool {
		if !matches(&q, &e) {
			return true
		}
		if len(page.Entries) == limit {
			page.NextCursor = strconv.FormatUint(page.Entries[limit-1].Seq, 10)
			return false
		}
		page.Entries = append(page.Entries, traceEntry(r.session, &e))
		return true
	})
	return page, nil
}

// WebhookAttempts implements host.Webhooks.
func (s *Server) WebhookAttempts(ctx context.Context, id string, q host.TraceQuery) (*host.TracePage, error) {
	q.Types, q.Bodies = []string{host.EventWebhook}, true
	return s.Trace(ctx, id, q)
}

func validStatus(s string) bool {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(s)
	return err == nil || s[1:] == "xx"
}

func matches(q *host.TraceQuery, e *session.Raw) bool {
	if len(q.Types) > 0 && !slices.Contains(q.Types, string(e.Type)) || q.Mirror != "" && q.Mirror != e.Mirror ||
		q.Method != "" && !strings.EqualFold(q.Method, e.Method) || q.Operation != "" && q.Operation != e.Operation || q.Event != "" && q.Event != e.Event {
		return false
	}
	if q.Status != "" {
		if code := strconv.Itoa(e.Status); code != q.Status && (q.Status[1:] != "xx" || code[0] != q.Status[0]) {
			return false
		}
	}
	if q.Path != "" {
		if prefix, ok := strings.CutSuffix(q.Path, "**"); ok {
			return strings.HasPrefix(e.Path, prefix)
		}
		ok, _ := path.Match(q.Path, e.Path)
		return ok
	}
	return true
}

// Events implements host.Traces.
func (s *Server) Events(ctx context.Context, id string, after uint64, hold bool, yield func(host.TraceEntry) bool) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	if hold {
		s.mu.Lock()
		r.holders++
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			r.holders--
			last := r.hold && r.holders == 0
			s.mu.Unlock()
			if last {
				s.endUnlessHeld(r, holdAfter)
			}
		}()
		defer s.touchWhileHeld(r)()
	}
	r.session.Follow(ctx, after, func(e session.Raw) bool { return yield(traceEntry(r.session, &e)) })
	return nil
}

// touchWhileHeld keeps the session's time-out from running, until stop.
func (s *Server) touchWhileHeld(r *reach) (stop func()) {
	done := make(chan struct{})
	go func() {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		for {
			r.session.Touch()
			select {
			case <-t.C:
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// traceEntry translates an entry for clients.
func traceEntry(s *session.Session, e *session.Raw) host.TraceEntry {
	out := host.TraceEntry{
		Seq: e.Seq, Type: string(e.Type), At: time.Unix(0, e.At).UTC(), Wall: time.Unix(0, e.Wall).UTC(), Mirror: e.Mirror, Method: e.Method, Path: e.Path,
		Status: e.Status, DurationMS: float64(e.Duration.Microseconds()) / 1000, Operation: e.Operation, Limited: e.Limited, Warning: e.Warning, Fault: e.Fault, Fuel: e.Fuel,
		Event: e.Event, Delivery: e.Delivery, Attempt: e.Attempt, Outcome: e.Outcome, Entity: e.Entity, EntityID: e.ID, Action: e.Action,
	}
	switch e.Type {
	case session.GradedEntry:
		out.Kind, out.Criterion, out.Run = e.Entity, e.ID, e.Action
		out.Entity, out.EntityID, out.Action = "", "", ""
	case session.TrafficEntry:
		out.Level = e.Level.String()
		if e.Request != nil {
			out.Request = &host.TraceMessage{Target: e.Request.Target, Headers: pairs(e.Request.Headers), Body: host.TraceBody(e.Request.Body)}
		}
		if e.Response != nil {
			body := abi.AppendLayout(nil, e.Response.Layout, e.Response.Body)
			if m := s.Mirror(e.Mirror); m != nil {
				body = m.Plain(body)
			}
			out.Response = &host.TraceMessage{Status: e.Status, Headers: pairs(e.Response.Headers), Body: body}
		}
	case session.WebhookEntry:
		out.Request, _ = message(e.Sent)
		if out.Request != nil {
			for _, h := range out.Request.Headers {
				if strings.Contains(strings.ToLower(h[0]), "signature") {
					out.Signature = h[1]
				}
			}
		}
		if out.Response, _ = message(e.Got); out.Response != nil {
			out.Response.Status = e.Status
		}
	case session.StateEntry:
		out.Before, out.After = document(e.Sent), document(e.Got)
	}
	return out
}

func document(b []byte) json.RawMessage {
	if len(b) == 0 || !json.Valid(b) {
		return nil
	}
	return bytes.Clone(b)
}

// message reads a webhook's request or answer.
func message(frame []byte) (*host.TraceMessage, error) {
	if len(frame) == 0 {
		return nil, nil
	}
	m := &host.TraceMessage{Headers: [][2]string{}}
	for rest := string(frame); rest != ""; {
		section, after, err := abi.NextSection(rest)
		if err != nil {
			return m, err
		}
		switch rest = after; section.Tag {
		case abi.TagHeaders:
			m.Headers = pairs(abi.Pairs(section.Data))
		case abi.TagBody:
			m.Body = host.TraceBody(section.Data)
		}
	}
	return m, nil
}

func pairs(p abi.Pairs) [][2]string {
	out := make([][2]string, 0, p.Len())
	for name, value := range p.All {
		out = append(out, [2]string{name, value})
	}
	return out
}
