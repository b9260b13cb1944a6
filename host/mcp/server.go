// Package mcp is Mirra for coding agents: tools, resources and prompts of the Model
// Context Protocol over host.Control, on standard input and output or as streamable
// HTTP. What a tool does is decided behind host.Control; what a project needs of a
// session is the caller's to say, see Config.Prepare.
package mcp

import (
	"context"
	"io"
	"log/slog"
	"sync"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mirrahq/mirra/host"
)

// Config is what a Server works with.
type Config struct {
	// Control returns what the tools steer. It is asked for every call: a server in
	// the background may have been started anew meanwhile.
	Control func(ctx context.Context) (host.Control, error)
	// Prepare returns the session that the client's project needs, of the mirrors
	// named, for session_start to fill in the rest. Without it a session is of the
	// mirrors named alone.
	Prepare func(ctx context.Context, mirrors []string) (*host.NewSession, error)
	// Fallback returns the session that tools look at when a client names none and has
	// started none. Without it there is none.
	Fallback func(ctx context.Context) (string, error)
	// Programs runs scenarios and drills for a client of this machine; nil runs none.
	Programs Programs
	Version  string
	Log      *slog.Logger
}

// Server serves any number of clients. Sessions that a client starts end with it.
type Server struct {
	cfg    Config
	server *sdk.Server

	mu      sync.Mutex
	clients map[*sdk.ServerSession]*client
	loops   sync.WaitGroup
}

// instructions is what clients tell their models. Some read the first 512 characters
// only, see https://developers.openai.com/codex/mcp (2026-11-28).
const instructions = `Mirra runs faithful, stateful mirrors of third-party APIs (Stripe, Twilio, Resend). Nothing reaches the real vendor. ` +
	`Call session_start, point the code under test at the URLs and variables it answers, or run it with the command in "run"; ` +
	`then look with trace, session_webhooks and session_state. The session ends with this client. ` +
	`Decide with check whether it did what it was to do. Move time with clock, cause vendor events with simulate, break things with faults. ` +
	`catalog tells which operations are exact, modelled or generic; what is not mirrored answers 501.`

// New returns a server.
func New(cfg Config) *Server {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{cfg: cfg, clients: map[*sdk.ServerSession]*client{}}
	s.server = sdk.NewServer(&sdk.Implementation{Name: "mirra", Title: "Mirra", Version: cfg.Version}, &sdk.ServerOptions{
		Instructions: instructions, Logger: cfg.Log,
		Capabilities: &sdk.ServerCapabilities{Tools: &sdk.ToolCapabilities{}, Resources: &sdk.ResourceCapabilities{}, Prompts: &sdk.PromptCapabilities{}}, // the lists never change
	})
	s.server.AddReceivingMiddleware(explainArguments)
	for _, add := range tools {
		add(s)
	}
	if cfg.Programs != nil {
		s.addPrograms(cfg.Programs)
	}
	s.addResources()
	addPrompts(s.server)
	return s
}

// Serve serves one client on a pair of streams until it closes in or ctx ends, and ends
// what the client started.
func (s *Server) Serve(ctx context.Context, in io.ReadCloser, out io.WriteCloser) error {
	conn, err := s.server.Connect(ctx, &sdk.IOTransport{Reader: in, Writer: out}, nil)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // it may be closed already
	defer stop()
	err = conn.Wait()
	s.loops.Wait()
	return err
}

// Close ends all clients and what they started.
func (s *Server) Close() {
	for session := range s.server.Sessions() {
		_ = session.Close() // it may be gone already
	}
	s.loops.Wait()
}
