package proxy

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/mirrahq/mirra/host"
)

// upstream is what a session's clients had in the place of this proxy.
type upstream struct {
	of    func(*url.URL) (*url.URL, error) // the proxy for a URL, nil for none
	shown string                           // without credentials
}

// SetUpstream makes what a session's clients send to unclaimed hosts go through
// proxies; none for the zero value. own are addresses of this proxy, to which nothing
// can lead.
func (p *Proxy) SetUpstream(s *Session, to host.Upstream, own ...string) error {
	var shown []string
	for _, one := range []struct{ name, url string }{{"HTTPS_PROXY", to.HTTPS}, {"HTTP_PROXY", to.HTTP}} {
		if one.url == "" {
			continue
		}
		u, err := parseUpstream(one.url)
		switch {
		case err != nil:
			return &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.upstream", Message: one.name + ": " + err.Error(), Hint: "other hosts are reached directly; a proxy is written http://USER:PASSWORD@HOST:PORT"}
		case p.cfg.Shared:
			return &host.Error{Kind: host.KindForbidden, Code: "mirra.proxy.shared", Message: "this server is shared, and goes to other hosts directly", Hint: "the proxy of " + one.name + " is for a server on your own machine"}
		}
		for _, o := range own {
			if address(u) == o {
				return &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.upstream", Message: one.name + " leads to Mirra's own proxy", Hint: "unset it where the session is started"}
			}
		}
		if at := address(u); len(shown) == 0 || shown[0] != at {
			shown = append(shown, at)
		}
	}
	if shown == nil {
		s.upstream.Store(nil)
		return nil
	}
	s.upstream.Store(&upstream{(&httpproxy.Config{HTTPProxy: to.HTTP, HTTPSProxy: to.HTTPS, NoProxy: to.NoProxy}).ProxyFunc(), strings.Join(shown, ", ")})
	return nil
}

// Upstream returns the proxies of a session, HOST:PORT with a comma between, "" for
// none.
func (s *Session) Upstream() string {
	if u := s.upstream.Load(); u != nil {
		return u.shown
	}
	return ""
}

// parseUpstream reads a proxy's URL, which may have no scheme. What it says of a fault
// has no credentials in it.
func parseUpstream(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, errors.New("it is no URL of a proxy")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("a proxy of the scheme %.20q is not known", u.Scheme)
	}
	return u, nil
}

// address is where a proxy listens.
func address(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]))
}

// proxyFor returns the proxy that leads to a URL, nil for none. s may be nil.
func (s *Session) proxyFor(to *url.URL) (*url.URL, error) {
	if s == nil {
		return nil, nil
	}
	u := s.upstream.Load()
	if u == nil {
		return nil, nil
	}
	return u.of(to)
}

// sessionKey is the context key of the *Session that a forwarded request is of.
type sessionKey struct{}

// upstreamOf is http.Transport.Proxy.
func upstreamOf(r *http.Request) (*url.URL, error) {
	s, _ := r.Context().Value(sessionKey{}).(*Session)
	return s.proxyFor(r.URL)
}

// upstreamPatience is how long a proxy may take to answer: it connects meanwhile.
const upstreamPatience = 60 * time.Second

// dialUpstream connects to an unclaimed host, HOST:PORT, through the session's proxy if
// there is one. What clients send through a CONNECT is what HTTPS_PROXY is for.
func (p *Proxy) dialUpstream(target string, s *Session) (net.Conn, error) {
	via, err := s.proxyFor(&url.URL{Scheme: "https", Host: target})
	if err != nil {
		return nil, err
	}
	if via == nil {
		return p.dialer.DialContext(p.ctx, "tcp", target)
	}
	fault := func(format string, args ...any) *host.Error {
		return &host.Error{Kind: host.KindUnavailable, Code: "mirra.proxy.upstream", Message: fmt.Sprintf("connect to %s through the proxy %s: ", target, address(via)) + fmt.Sprintf(format, args...),
			Hint: "it is the one that HTTPS_PROXY named where the command was started; NO_PROXY names hosts to reach without it"}
	}
	c, err := p.dialer.DialContext(p.ctx, "tcp", address(via))
	if err != nil {
		return nil, fault("%v", err)
	}
	if !p.track(c) {
		return nil, fault("the server ends")
	}
	defer p.untrack(c)
	_ = c.SetDeadline(time.Now().Add(upstreamPatience)) // else the next read fails too
	tunnel := c
	if via.Scheme == "https" {
		tunnel = tls.Client(c, &tls.Config{ServerName: via.Hostname()})
	}
	request := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"
	if via.User != nil {
		password, _ := via.User.Password()
		request += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(via.User.Username()+":"+password)) + "\r\n"
	}
	r := bufio.NewReader(tunnel)
	_, err = tunnel.Write([]byte(request + "\r\n"))
	var resp *http.Response
	if err == nil {
		resp, err = http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	}
	if err != nil {
		_ = c.Close() // err says what is wrong
		return nil, fault("%v", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = c.Close() // it is of no use
		return nil, fault("it answers %.100q", resp.Status)
	}
	_ = c.SetDeadline(time.Time{}) // likewise
	return &conn{Conn: tunnel, r: r}, nil
}
