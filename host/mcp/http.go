package mcp

import (
	"net/http"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// How long a client over HTTP may be silent before it counts as gone. One that had a
// stream open is missed as soon as it does not open another one; one without streams
// has only its requests to be known by.
const (
	streamGrace = 10 * time.Second
	idleGrace   = 30 * time.Minute
)

// maxMessage bounds one message over HTTP; session_request's bodies fit.
const maxMessage = 8 << 20

// httpHandler serves clients over streamable HTTP. Who may call it is for the listener
// to decide.
type httpHandler struct {
	s    *Server
	next http.Handler

	mu    sync.Mutex
	known map[string]*presence // by the protocol's session id
}

// presence is what of a client is open.
type presence struct {
	requests, streams int
	streamed          bool // it has had a stream
	gone              *time.Timer
}

// Handler returns the server as streamable HTTP.
func (s *Server) Handler() http.Handler {
	return &httpHandler{s: s, known: map[string]*presence{}, next: sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s.server }, &sdk.StreamableHTTPOptions{
		Logger: s.cfg.Log, MaxRequestBodyBytes: maxMessage, DisableLocalhostProtection: true, // the listener knows which names it goes by
	})}
}

// sessionHeader names the client in requests and in the answer to its first one.
const sessionHeader = "Mcp-Session-Id"

func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, stream := r.Header.Get(sessionHeader), r.Method == http.MethodGet
	if stream {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // it lasts as long as the client; where it cannot be set it is opened anew
	}
	if id != "" {
		h.enter(id, stream)
	}
	h.next.ServeHTTP(w, r)
	if id == "" {
		if id = w.Header().Get(sessionHeader); id == "" {
			return // refused
		}
		h.enter(id, false)
	}
	h.leave(id, stream)
}

// find returns the connection of an id, nil if there is none.
func (h *httpHandler) find(id string) *sdk.ServerSession {
	for conn := range h.s.server.Sessions() {
		if conn.ID() == id {
			return conn
		}
	}
	return nil
}

func (h *httpHandler) enter(id string, stream bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.known[id]
	if p == nil {
		p = &presence{}
		h.known[id] = p
	}
	p.requests++
	if stream {
		p.streams++
		p.streamed = true
	}
	if p.gone != nil {
		p.gone.Stop()
		p.gone = nil
	}
}

func (h *httpHandler) leave(id string, stream bool) {
	conn := h.find(id)
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.known[id]
	p.requests--
	if stream {
		p.streams--
	}
	switch {
	case conn == nil && p.requests == 0: // it has said goodbye, or never was
		delete(h.known, id)
	case conn != nil && p.requests == 0:
		after := idleGrace
		if p.streamed {
			after = streamGrace
		}
		p.gone = time.AfterFunc(after, func() { h.miss(id, p, conn) })
	}
}

// miss ends a client that is gone.
func (h *httpHandler) miss(id string, p *presence, conn *sdk.ServerSession) {
	h.mu.Lock()
	back := p.requests > 0 || h.known[id] != p
	if !back {
		delete(h.known, id)
	}
	h.mu.Unlock()
	if !back {
		_ = conn.Close() // it may be closed already
	}
}
