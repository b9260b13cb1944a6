package assembly

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/smtp"
)

// startProxy makes the proxy and claims what the known plugins do: a vendor that
// has a mirror is not called for real because a session lacks it.
func (s *Server) startProxy() error {
	var err error
	s.proxy, err = proxy.New(proxy.Config{Find: s.findProxied, Shared: !isLoopback(s.vendorL.Addr()), Kept: s.cfg.Root, Log: s.log})
	if err != nil {
		return err
	}
	known, err := s.programs.install.Available(context.Background())
	if err != nil {
		s.log.Warn("not all plugins are known to the proxy", "error", err) // sessions claim what theirs do
	}
	for _, p := range known {
		s.proxy.Claim(p.Manifest.Name, p.Manifest.Domains)
	}
	return nil
}

// proxied is what the proxy is to know of a session.
func (s *Server) proxied(sess *session.Session, kept keptReach, relays map[string]*smtp.Server) *proxy.Session {
	p := &proxy.Session{ID: sess.ID(), NoEgress: kept.NoEgress, PassThrough: kept.PassThrough, Hosts: map[string]http.Handler{}, Relays: map[string]func(net.Conn){}}
	for _, m := range sess.Mirrors() {
		man := m.Manifest()
		domains := man.Domains
		for i, h := range man.Hosts {
			name := strings.ToLower(h.Name)
			domains = append(domains[:len(domains):len(domains)], strings.TrimPrefix(name, "*.")) // a host is claimed even if its domain is not
			if relay := relays[relayKey(m.Name(), h.ID)]; relay != nil {
				p.Relays[name] = relay.Take
			} else {
				p.Hosts[name] = s.vendor.Host(suffix(sess.ID()), m.Name(), man.Hosts, i)
			}
		}
		s.proxy.Claim(m.Name(), domains)
	}
	return p
}

// findProxied is proxy.Config.Find.
func (s *Server) findProxied(id string) *proxy.Session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r := s.reach[id]
	if r == nil {
		r = s.reach["ses_"+id]
	}
	if r == nil && s.cfg.ProxyByName && id != "" {
		for _, one := range s.reach {
			if one.session.Name() == id {
				r = one
			}
		}
	}
	if r == nil {
		return nil
	}
	return r.proxied
}

// ownName tells whether a name leads to this server by itself.
func (s *Server) ownName(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	for _, d := range s.cfg.Domains {
		if strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}

// Proxy implements host.Proxies.
func (s *Server) Proxy(_ context.Context, id string) (*host.ProxyInfo, error) {
	r, err := s.find(id)
	if err != nil {
		return nil, err
	}
	vendor := reachable(s.vendorL.Addr())
	u := url.URL{Scheme: "http", User: url.UserPassword(r.session.ID(), "x"), Host: vendor} // some clients send no user name without a password
	p := &host.ProxyInfo{URL: u.String(), CA: string(s.proxy.CA()), Domains: s.proxy.Domains(), NoEgress: r.kept.NoEgress, PassThrough: []string{}, Upstream: r.proxied.Upstream(), Tried: s.proxy.Tried(r.session.ID())}
	if !p.NoEgress {
		p.PassThrough = append(p.PassThrough, r.proxied.Passing()...)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r.door != nil {
		bind, _, _ := net.SplitHostPort(vendor)
		p.Door = net.JoinHostPort(bind, strconv.Itoa(r.kept.Door))
	}
	return p, nil
}

// SetUpstream implements host.Proxies.
func (s *Server) SetUpstream(_ context.Context, id string, to host.Upstream) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	return s.proxy.SetUpstream(r.proxied, to, reachable(s.vendorL.Addr()))
}

// passThrough checks what is to be passed on to vendors, in a session with mirrors of
// manifests, and returns it as the proxy has it. All faults are reported to bad.
func (s *Server) passThrough(entries []string, manifests []*abi.Manifest, bad func(format string, args ...any)) []string {
	var out []string
	for _, text := range entries {
		e, err := proxy.ParsePassThrough(text)
		if err != nil {
			bad("%v; %s", err, host.AsError(err).Hint)
			continue
		}
		claimed := s.proxy.Claims(e)
		for _, m := range manifests {
			below := func(domain string) bool { return e == domain || strings.HasSuffix(e, "."+domain) }
			claimed = claimed || slices.ContainsFunc(m.Domains, below) || slices.ContainsFunc(m.Hosts, func(h abi.Host) bool { return below(strings.ToLower(h.Name)) })
			if slices.ContainsFunc(m.Hosts, func(h abi.Host) bool { return h.Protocol == "" && h.Serves(e) }) {
				bad("%s is served by the mirror %s itself; leave it out here, or the mirror", e, m.Name)
			}
		}
		if !claimed {
			bad("%s is below no domain of a vendor with a mirror; other hosts pass through anyway", e)
		}
		out = append(out, e)
	}
	return out
}
