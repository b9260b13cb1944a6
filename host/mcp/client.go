package mcp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mirrahq/mirra/host"
)

// client is one connected client and the sessions it started.
type client struct {
	ctx context.Context // ends with the connection

	mu      sync.Mutex
	started []string
	holding sync.WaitGroup
}

// farewell is how long ending a client's sessions may take.
const farewell = 5 * time.Second

// client returns what is known of a connection.
func (s *Server) client(conn *sdk.ServerSession) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[conn]; c != nil {
		return c
	}
	ctx, gone := context.WithCancel(context.Background())
	c := &client{ctx: ctx}
	s.clients[conn] = c
	s.loops.Go(func() {
		_ = conn.Wait() // however it ended
		gone()
		s.mu.Lock()
		delete(s.clients, conn)
		s.mu.Unlock()
		s.bury(c)
	})
	return c
}

// bury ends what a client that is gone started.
func (s *Server) bury(c *client) {
	c.mu.Lock()
	left := slices.Clone(c.started)
	c.mu.Unlock()
	if len(left) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		control, err := s.cfg.Control(ctx)
		for _, id := range left {
			if err == nil {
				err = control.EndSession(ctx, id, false)
			}
			if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound {
				err = nil // it ended by itself
			}
		}
		if err != nil { // nobody holds them any more: the server ends them by itself
			s.cfg.Log.Warn("end the sessions of a client", "error", err)
		}
	}
	c.holding.Wait()
}

// keep holds a session that the client started until one of the two ends. Should this
// process be killed, nobody holds it any more, and the server ends it.
func (c *client) keep(control host.Control, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = append(c.started, id)
	c.holding.Go(func() {
		const never = 1 << 62 // behind all entries: only the holding is wanted
		_ = control.Events(c.ctx, id, never, true, func(host.TraceEntry) bool { return true })
		if c.ctx.Err() == nil {
			c.forget(id)
		}
	})
}

func (c *client) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = slices.DeleteFunc(c.started, func(s string) bool { return s == id })
}

// newest returns the session that the client started last, "" if none lives.
func (c *client) newest() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.started) == 0 {
		return ""
	}
	return c.started[len(c.started)-1]
}

// call is one call of a tool.
type call struct {
	host.Control
	server *Server
	client *client
}

// session returns the session a tool is about: the one named, else the client's newest.
// One that the client has not started stands in only where nothing is changed by it
// that cannot be had again.
func (c *call) session(ctx context.Context, name string, fallback bool) (string, error) {
	if name == "" {
		name = c.client.newest()
	}
	if name != "" {
		return name, nil
	}
	if fallback && c.server.cfg.Fallback != nil {
		return c.server.cfg.Fallback(ctx)
	}
	return "", &host.Error{Kind: host.KindNotFound, Code: "mirra.session.not_found", Message: "this client has no session", Hint: "call session_start, or name a session that lives in the argument session"}
}

// mirror returns a mirror of a session, its only one for "".
func (c *call) mirror(ctx context.Context, id, name string) (*host.SessionInfo, *host.MirrorInfo, error) {
	info, err := c.Session(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if name == "" && len(info.Mirrors) == 1 {
		return info, &info.Mirrors[0], nil
	}
	if m := info.Mirror(name); m != nil {
		return info, m, nil
	}
	names := []string{}
	for _, m := range info.Mirrors {
		names = append(names, m.Name)
	}
	if name == "" {
		return nil, nil, invalid("the session has several mirrors: name one", fmt.Sprint("mirrors: ", names))
	}
	return nil, nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.session.no_such_mirror", Message: fmt.Sprintf("session %s has no mirror %q", info.SessionID, name), Hint: fmt.Sprint("its mirrors: ", names)}
}
