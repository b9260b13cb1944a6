// Package smtp serves vendors' mail relays: it speaks the protocol and hands each
// login and each mail to the mirror as a request, as package abi describes it.
package smtp

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/mirrahq/mirra/host"
)

// Exchanger answers requests; host/session's Mirror is one.
type Exchanger interface {
	Serve(ctx context.Context, r *host.Request) *host.Response
	MaxBody() int64
}

// Relay is what a server needs to know of the vendor's relay.
type Relay struct {
	HostID string // of the manifest
	Name   string // "smtp.vendor.com", for the greeting
	// MaxBytes bounds a mail, as the greeting says; 0 leaves it to Mirror.
	MaxBytes int64
	// Mirror returns who answers, nil once the session has ended.
	Mirror func() Exchanger
}

// Times after which a client that says nothing, or takes no answer, is left. The
// first is the shortest that RFC 5321 4.5.3.2.7 lets a server wait.
const (
	readTimeout  = 5 * time.Minute
	writeTimeout = time.Minute
)

// mostLine is more than the 1000 octets of RFC 5321 4.5.3.1.6: programs that
// send HTML in one line are common, and vendors take it.
const mostLine = 1 << 20

// Server serves one relay. It offers no STARTTLS: it is reached over loopback,
// where nobody could verify its certificate, or by Take.
type Server struct {
	smtp  *smtp.Server
	taken *taken
	once  sync.Once // starts to serve taken
}

// NewServer returns a server that answers nothing before Serve.
func NewServer(r Relay, log *slog.Logger) *Server {
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{relay: r, client: c}, nil
	}))
	s.Domain = r.Name
	s.AllowInsecureAuth = true
	s.EnableSMTPUTF8 = true
	s.MaxLineLength = mostLine
	s.ReadTimeout, s.WriteTimeout = readTimeout, writeTimeout
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	s.MaxMessageBytes = r.MaxBytes
	return &Server{smtp: s, taken: newTaken()}
}

// Serve answers on l until Close.
func (s *Server) Serve(l net.Listener) error { return s.smtp.Serve(l) }

// Take answers on a connection that came another way, such as within TLS.
func (s *Server) Take(c net.Conn) {
	s.once.Do(func() { go func() { _ = s.smtp.Serve(s.taken) }() }) // ends with Close
	select {
	case s.taken.conns <- c:
	case <-s.taken.done:
		_ = c.Close() // the session has ended
	}
}

// Close ends the server and its connections.
func (s *Server) Close() error { return errors.Join(s.smtp.Close(), s.taken.Close()) }

// taken is the listener of connections that came another way.
type taken struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newTaken() *taken { return &taken{conns: make(chan net.Conn), done: make(chan struct{})} }

// Accept implements net.Listener.
func (l *taken) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *taken) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener; there is none.
func (*taken) Addr() net.Addr { return &net.UnixAddr{Name: "taken", Net: "unix"} }
