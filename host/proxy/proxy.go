// Package proxy lets an application call its vendors by their own names: it takes
// connections that clients make through a proxy, or that were redirected to a
// session's door, shows certificates for the hosts that mirrors claim, and hands
// requests over. Connections to other hosts pass untouched, or are refused. What
// mirrors answer, and which sessions live, is others' to know.
//
// A request for a name at or below a claimed domain never leaves the machine: who
// cannot be served is told why.
package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Session is what a proxy knows of one.
type Session struct {
	ID string // "ses_a7k2"
	// Hosts answers for the vendors' hosts that its mirrors serve, by name;
	// "*.vendor.com" answers for each name below vendor.com that has no handler nearer.
	Hosts map[string]http.Handler
	// Relays takes connections of mail programs to the vendors' relays that its mirrors
	// serve, by name. They are in TLS, and are its to close.
	Relays map[string]func(net.Conn)
	// NoEgress refuses connections to hosts that no mirror claims.
	NoEgress bool
	// PassThrough are names below claimed domains that are passed on to the real vendor,
	// "*.vendor.example" for all below one. What Hosts has is not, nor anything with
	// NoEgress.
	PassThrough []string

	upstream atomic.Pointer[upstream]
}

// handler returns who answers for a name, nil if nobody does.
func (s *Session) handler(name string) http.Handler {
	h := s.Hosts[name]
	for below := true; h == nil && below; {
		_, name, below = strings.Cut(name, ".")
		h = s.Hosts["*."+name]
	}
	return h
}

// Config is what a Proxy works with.
type Config struct {
	// Find returns the session that a client names, by id or its suffix; nil when
	// none lives. It is called for each request.
	Find func(session string) *Session
	// Shared is set when others than this machine's users reach the listener: then
	// clients need to name a session for any host, at a door too, and reach public
	// addresses only.
	Shared bool
	Log    *slog.Logger
	// Kept is an authority that outlives the proxy and signs what it may; nil is none.
	Kept *Root
	// Now is the wall clock of certificates; nil is the system's.
	Now func() time.Time
}

// Proxy serves connections to vendors.
type Proxy struct {
	cfg       Config
	authority *authority
	claims    claims
	tried     tried
	dialer    net.Dialer
	transport *http.Transport // of unclaimed hosts in plain HTTP

	inner *handedOver // connections whose requests web answers
	web   *http.Server

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	mu     sync.Mutex
	open   map[net.Conn]struct{} // relayed, or not yet handed over
	closed bool
	loops  sync.WaitGroup
}

// New returns a proxy with a certificate authority of its own, beside the one kept. Close ends it.
func New(cfg Config) (*Proxy, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Proxy{cfg: cfg, inner: newHandedOver(), open: map[net.Conn]struct{}{}, dialer: net.Dialer{Timeout: 30 * time.Second}}
	var err error
	if p.authority, err = newAuthority(cfg.Now, cfg.Kept); err != nil {
		return nil, err
	}
	if cfg.Shared {
		p.dialer.ControlContext = publicOnly
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.transport = &http.Transport{Proxy: upstreamOf, DialContext: p.dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: 30 * time.Second}
	p.web = &http.Server{
		Handler: http.HandlerFunc(p.serve),
		// A client cannot hold the server up for ever; bodies are bounded by mirrors.
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 128 << 10,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if t, ok := c.(*tls.Conn); ok {
				c = t.NetConn()
			}
			return context.WithValue(ctx, connKey{}, c)
		},
		TLSConfig: &tls.Config{GetCertificate: p.certificate, NextProtos: []string{"h2", "http/1.1"}},
	}
	p.loops.Go(func() { _ = p.web.Serve(p.inner) }) // ends with Close
	return p, nil
}

// Claim makes domains a mirror's for as long as the proxy lives.
func (p *Proxy) Claim(mirror string, domains []string) { p.claims.add(mirror, domains) }

// Domains lists what is claimed.
func (p *Proxy) Domains() []string {
	all := p.claims.list()
	slices.Sort(all)
	return all
}

// CA returns the certificates, PEM, that clients need to trust.
func (p *Proxy) CA() []byte { return p.authority.pem() }

// Tried lists the hosts outside of its mirrors that a session's clients asked for,
// oldest first.
func (p *Proxy) Tried(session string) []host.TriedHost { return p.tried.list(session) }

// Forget drops what is kept of a session.
func (p *Proxy) Forget(session string) { p.tried.forget(session) }

// Handler returns the handler of a listener that is a proxy and something else:
// what is no proxy's is next's. own tells whether a name of an absolute target is
// next's too; nil is never.
func (p *Proxy) Handler(next http.Handler, own func(name string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodConnect:
			p.connect(w, r, named(r))
		case r.URL.IsAbs() && (own == nil || !own(r.URL.Hostname())):
			p.absolute(w, r, named(r))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Door serves a listener where all connections are of one session: TLS that was
// redirected here and names its host by SNI, plain HTTP likewise, and proxy
// requests, which need no user name. It returns once l is closed.
func (p *Proxy) Door(l net.Listener, session string) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if !p.enter() {
			_ = c.Close() // the proxy has ended
			continue
		}
		go func() {
			defer p.loops.Done()
			p.handOver(newConn(c, nil, client{name: session, known: true}))
		}()
	}
}

// Close ends all connections; requests under way get until ctx ends.
func (p *Proxy) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.cancel()
	for c := range p.open {
		_ = c.Close() // its goroutine notices
	}
	p.mu.Unlock()
	err := p.web.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, p.web.Close())
	}
	p.transport.CloseIdleConnections()
	p.loops.Wait()
	return err
}

// enter makes Close wait for p.loops.Done; false means that the proxy has ended.
func (p *Proxy) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed { // else Close may wait already
		p.loops.Add(1)
	}
	return !p.closed
}

// track keeps a connection for Close; false means that there is no more to do.
func (p *Proxy) track(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close() // the proxy has ended
		return false
	}
	p.open[c] = struct{}{}
	return true
}

func (p *Proxy) untrack(c net.Conn) {
	p.mu.Lock()
	delete(p.open, c)
	p.mu.Unlock()
}

// certificate is tls.Config.GetCertificate.
func (p *Proxy) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, _ := hello.Conn.(*conn)
	name, err := parseName(cmp.Or(hello.ServerName, c.host)) // who sends no SNI means whom it connected to
	if err != nil {
		return nil, err
	}
	c.sni = name
	domain, _, ok := p.claims.of(name)
	if !ok {
		return nil, unclaimed(name)
	}
	return p.authority.leaf(name, domain)
}

// serve answers requests on connections that were handed over.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	from := c.client
	if p.cfg.Shared {
		from = named(r) // a port that anybody finds is no credential
	}
	switch {
	case c.host == "" && r.TLS == nil && r.Method == http.MethodConnect:
		p.connect(w, r, from)
	case c.host == "" && r.TLS == nil && r.URL.IsAbs():
		p.absolute(w, r, from)
	case r.Method == http.MethodConnect:
		refuse(w, http.StatusBadRequest, &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.nested", Message: "CONNECT within a connection to " + c.host, Hint: "ask the proxy itself"})
	default:
		p.vendor(w, r, c.client, r.Host)
	}
}

// vendor answers a request for a host, or says why nobody does. It never leads
// outside.
func (p *Proxy) vendor(w http.ResponseWriter, r *http.Request, from client, hostHeader string) {
	name, err := parseHost(hostHeader)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	domain, mirror, ok := p.claims.of(name)
	if !ok {
		// Such as another Host within a connection to a claimed one.
		refuse(w, http.StatusMisdirectedRequest, unclaimed(name))
		return
	}
	s := p.cfg.Find(from.name)
	if s == nil {
		// Behind a CONNECT a proxy's status would mean nothing.
		refuse(w, http.StatusBadGateway, from.unknown())
		return
	}
	h := s.handler(name)
	if h == nil && r.TLS == nil && !p.cfg.Shared && s.passes(name) {
		// Plain HTTP that was redirected to a door, or within a tunnel to another host.
		p.tried.add(s.ID, name, false)
		r.URL.Scheme, r.URL.Host = "http", r.Host
		p.forward(w, r, s)
		return
	}
	if h == nil {
		p.tried.add(s.ID, name, true)
		refuse(w, http.StatusBadGateway, notServed(s, name, domain, mirror))
		return
	}
	h.ServeHTTP(w, r)
}
