package mirratest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Webhook is one attempt to deliver an event.
type Webhook struct {
	Mirror  string
	Type    string // "payment_intent.succeeded"
	URL     string // where it went
	Attempt int    // from 1
	Status  int    // that the application answered, 0 without an answer
	Outcome string
	At      time.Time // session time
	Header  http.Header
	Body    []byte
}

func webhook(e *host.TraceEntry) *Webhook {
	w := &Webhook{Mirror: e.Mirror, Type: e.Event, URL: e.Path, Attempt: int(e.Attempt), Status: e.Status, Outcome: e.Outcome, At: e.At, Header: http.Header{}}
	if e.Request != nil {
		w.Body = e.Request.Body
		for _, h := range e.Request.Headers {
			w.Header.Add(h[0], h[1])
		}
	}
	return w
}

// WaitForWebhook returns the first attempt of an event type, "" for any, that all
// matches accept: one that was made since the session started, or else comes.
func (s *Session) WaitForWebhook(eventType string, matches ...func(*Webhook) bool) *Webhook {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), s.patience)
	defer cancel()
	var found *Webhook
	var others []string
	err := s.control.Events(ctx, s.info.SessionID, 0, false, func(e host.TraceEntry) bool {
		if e.Type != host.EventWebhook {
			return true
		}
		w := webhook(&e)
		if (eventType == "" || w.Type == eventType) && !slices.ContainsFunc(matches, func(match func(*Webhook) bool) bool { return !match(w) }) {
			found = w
			return false
		}
		others = append(others, fmt.Sprintf("%s %s to %s (%d)", w.Mirror, w.Type, w.URL, w.Status))
		return true
	})
	switch {
	case found != nil:
	case ctx.Err() != nil:
		what := "no webhooks at all; is an endpoint registered with the mirror, or given with mirratest.Forward?"
		if others != nil {
			what = "those that came:\n  " + strings.Join(others, "\n  ")
		}
		s.t.Fatalf("mirratest: no %s webhook within %s, %s", eventType, s.patience, what)
	case err != nil:
		s.fail("wait for webhook "+eventType, err)
	default:
		s.t.Fatalf("mirratest: the session ended before a %s webhook came", eventType)
	}
	return found
}
