package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
)

func (a *API) trace(w http.ResponseWriter, r *http.Request) error {
	in, err := traceQuery(r, "type", "bodies")
	if err != nil {
		return err
	}
	page, err := a.cfg.Control.Trace(r.Context(), pathVar(r, "id"), in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func (a *API) webhooks(w http.ResponseWriter, r *http.Request) error {
	in, err := traceQuery(r)
	if err != nil {
		return err
	}
	page, err := a.cfg.Control.WebhookAttempts(r.Context(), pathVar(r, "id"), in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func traceQuery(r *http.Request, more ...string) (host.TraceQuery, error) {
	q := newQuery(r, append(more, "mirror", "method", "path", "operation", "event", "status", "cursor", "limit")...)
	v := q.values
	in := host.TraceQuery{
		Types: v["type"], Mirror: v.Get("mirror"), Method: v.Get("method"), Path: v.Get("path"), Operation: v.Get("operation"),
		Event: v.Get("event"), Status: v.Get("status"), Bodies: q.bool("bodies"), Cursor: v.Get("cursor"), Limit: int(q.number("limit")),
	}
	for _, t := range in.Types {
		if !slices.Contains(eventTypes, t) {
			q.fail("type %q: there are %v", t, eventTypes)
		}
	}
	return in, q.err
}

var eventTypes = []string{host.EventTraffic, host.EventWebhook, host.EventState, host.EventLifecycle, host.EventGraded}

// Event streams say that they live this often, and give up on a client that
// takes nothing for so long.
const (
	heartbeat   = 15 * time.Second
	clientStall = 30 * time.Second
)

// events follows a session as server-sent events, see
// https://html.spec.whatwg.org/multipage/server-sent-events.html. A client that
// was cut off goes on behind the Last-Event-ID it has.
func (a *API) events(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r, "type", "after", "hold", "bodies")
	after, hold, bodies := q.number("after"), q.bool("hold"), q.bool("bodies")
	types := q.values["type"]
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil {
			q.fail("Last-Event-ID %q is not a number", last)
		}
		after = n
	}
	for _, t := range types {
		if !slices.Contains(eventTypes, t) {
			q.fail("type %q: there are %v", t, eventTypes)
		}
	}
	if q.err != nil {
		return q.err
	}
	if _, err := a.cfg.Control.Session(r.Context(), pathVar(r, "id")); err != nil {
		return err
	}
	out := &stream{w: w, c: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	if !out.send(": hello\n\n") {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case <-beat.C:
				out.send(": \n\n")
			case <-done:
				return
			}
		}
	}()
	// A fault now is the end of the session: the stream ends with it.
	_ = a.cfg.Control.Events(r.Context(), pathVar(r, "id"), after, hold, func(e host.TraceEntry) bool {
		if len(types) > 0 && !slices.Contains(types, e.Type) {
			return true
		}
		if !bodies && e.Type == host.EventTraffic {
			e.Request, e.Response = nil, nil
		}
		data, err := json.Marshal(e)
		if err != nil {
			return false
		}
		return out.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, data))
	})
	out.close()
	return nil
}

// stream writes whole messages; a heartbeat may come in between.
type stream struct {
	mu   sync.Mutex
	w    http.ResponseWriter
	c    *http.ResponseController
	over bool
}

// close keeps a late heartbeat from a writer that is gone.
func (s *stream) close() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
}

func (s *stream) send(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	_ = s.c.SetWriteDeadline(time.Now().Add(clientStall)) // where it cannot be set, a write just takes as long
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.c.Flush() == nil
}
