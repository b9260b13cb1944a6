package assembly

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// listen takes the ports; serve answers on them.
func (s *Server) listen() (err error) {
	if s.vendorL, err = open(s.cfg.VendorAddr); err != nil {
		return err
	}
	s.vendor = &httpapi.Vendor{Route: s.route, Domains: s.cfg.Domains}
	if err := s.startProxy(); err != nil {
		return err
	}
	// One port for both: what is asked of a proxy differs by its request line.
	s.vendorWeb = httpapi.NewServer(s.proxy.Handler(s.vendor, s.ownName), s.log)
	if s.cfg.TLS != (TLSFiles{}) {
		if err := s.listenTLS(); err != nil {
			return err
		}
	}
	if s.cfg.ControlAddr == "" {
		return nil
	}
	if s.control, err = open(s.cfg.ControlAddr); err != nil {
		return err
	}
	s.sender.forbid(s.control.Addr().String())
	var agents http.Handler
	if s.cfg.MCP != nil {
		s.agents = s.cfg.MCP(s)
		agents = s.agents.Handler()
	}
	api := httpapi.New(httpapi.Config{
		MCP: agents, Control: s, Token: s.cfg.Token, NamedToken: s.cfg.NamedToken, Hosts: s.cfg.Hosts, Domains: s.cfg.Domains, Ready: s.ready, Metrics: s.metrics, Stop: s.Stop, Version: s.cfg.Version, Log: s.log,
	})
	s.vendor.Meta = api.ServeMirror
	s.controlWeb = httpapi.NewServer(api, s.log)
	return nil
}

// listenTLS takes the port where mirrors are reached over TLS.
func (s *Server) listenTLS() error {
	c, err := newCertificate(s.cfg.TLS, s.cfg.Domains, s.log)
	if err != nil {
		return err
	}
	if s.tlsL, err = net.Listen("tcp", s.cfg.TLSAddr); err != nil {
		return &host.Error{Kind: host.KindUnavailable, Code: "mirra.tls.port", Message: "listen on " + s.cfg.TLSAddr + " for TLS",
			Hint: "choose another port: --tls-port 8443; those below 1024 may need a privilege", Err: errors.Unwrap(err)}
	}
	s.tlsWeb = httpapi.NewServer(s.vendor, s.log)
	s.tlsWeb.TLSConfig = &tls.Config{GetCertificate: c.forHandshake}
	return nil
}

func open(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.port_in_use", Message: "listen on " + addr,
			Hint: "choose other ports: --port 4500 (vendor traffic is on the next one) or MIRRA_PORT=4500; 0 takes any that are free", Err: errors.Unwrap(err)}
	}
	return l, nil
}

func (s *Server) serve() {
	s.loops.Go(func() { _ = s.vendorWeb.Serve(s.vendorL) }) // ends with Close
	if s.tlsWeb != nil {
		s.loops.Go(func() { _ = s.tlsWeb.ServeTLS(s.tlsL, "", "") })
	}
	if s.control != nil {
		s.loops.Go(func() { _ = s.controlWeb.Serve(s.control) })
	}
}

// ControlURL returns where the control API is, "" without one.
func (s *Server) ControlURL() string {
	if s.control == nil {
		return ""
	}
	return "http://" + reachable(s.control.Addr())
}

// VendorURL returns where mirrors are reached by path.
func (s *Server) VendorURL() string { return "http://" + reachable(s.vendorL.Addr()) }

// TLSURL returns the URLs of mirrors over TLS, "https://*.mirra.example.com",
// "" without TLS.
func (s *Server) TLSURL() string {
	if s.tlsL == nil {
		return ""
	}
	return "https://*." + s.cfg.Domains[0] + s.tlsPort()
}

// tlsPort is the TLS listener's port as it stands in URLs.
func (s *Server) tlsPort() string {
	_, port, _ := net.SplitHostPort(s.tlsL.Addr().String())
	if port == "443" {
		return ""
	}
	return ":" + port
}

// Token returns what guards the control API.
func (s *Server) Token() string { return s.cfg.Token }

// reachable is the address under which this machine reaches a listener.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func isLoopback(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && t.IP.IsLoopback()
}

// Done is closed when the server was told to stop or had nothing to do for
// long. The owner then calls Close.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop closes Done.
func (s *Server) Stop() { s.stopOnce.Do(func() { close(s.done) }) }

// expire ends sessions whose time has passed, and the server's when it is not
// used.
func (s *Server) expire(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	var memory settler
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			for _, id := range s.sessions.Expire() {
				s.forget(id, false)
				s.log.Info("session expired", "session", id)
			}
			if n%3600 == 0 {
				if err := s.sessions.Tidy(); err != nil {
					s.log.Warn("tidy", "error", err)
				}
			}
			memory.settle()
			s.mu.Lock()
			if len(s.reach) > 0 || s.busy > 0 {
				s.lastUse = now
			}
			idle := now.Sub(s.lastUse)
			s.mu.Unlock()
			if s.cfg.IdleExit > 0 && idle >= s.cfg.IdleExit {
				s.Stop()
			}
		}
	}
}

// Close stops listening, ends the sessions and puts persistent ones to rest.
// Requests under way get until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	var faults *multierror.Error
	if s.loop != nil {
		s.loop()
	}
	if s.agents != nil {
		s.agents.Close() // their streams would hold the listener up
	}
	// Vendors' first: their requests need their sessions.
	vendors := []*http.Server{s.vendorWeb, s.tlsWeb}
	s.mu.RLock()
	for _, r := range s.reach {
		for _, p := range r.ports {
			if w, ok := p.(*http.Server); ok {
				vendors = append(vendors, w)
			}
		}
	}
	s.mu.RUnlock()
	faults = appendError(faults, shutdown(ctx, vendors...))
	if s.proxy != nil {
		faults = appendError(faults, s.proxy.Close(ctx))
	}
	if s.sessions != nil {
		s.sessions.Close() // event streams end with their sessions
	}
	s.mu.Lock()
	all := s.reach
	s.reach = map[string]*reach{}
	for _, r := range all {
		if r.ending != nil {
			r.ending.Stop()
		}
	}
	s.mu.Unlock()
	for _, r := range all {
		r.close()
	}
	faults = appendError(faults, shutdown(ctx, s.controlWeb))
	for _, l := range []net.Listener{s.control, s.vendorL, s.tlsL} {
		if l != nil {
			_ = l.Close() // closed already if it was served
		}
	}
	s.loops.Wait()
	if s.runtime != nil {
		faults = appendError(faults, s.runtime.Close(ctx))
	}
	if s.stores != nil {
		faults = appendError(faults, s.stores.Close())
	}
	if s.catalogue != nil {
		faults = appendError(faults, s.catalogue.Close())
	}
	return faults.ErrorOrNil()
}

// shutdown stops servers, of which some may be nil, once their requests are answered or
// ctx ends.
func shutdown(ctx context.Context, servers ...*http.Server) error {
	var faults *multierror.Error
	for _, w := range servers {
		if w == nil {
			continue
		}
		if err := w.Shutdown(ctx); err != nil {
			faults = multierror.Append(faults, fmt.Errorf("stop listening: %w", err), w.Close())
		}
	}
	return faults.ErrorOrNil()
}

func appendError(m *multierror.Error, err error) *multierror.Error {
	if err == nil {
		return m
	}
	return multierror.Append(m, err)
}

func (s *Server) ready() error {
	if s.sessions == nil {
		return &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.starting", Message: "the server is starting"}
	}
	return nil
}

// suffix is what of a session's id stands in URLs.
func suffix(id string) string { return strings.TrimPrefix(id, "ses_") }
