package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"

	"github.com/mirrahq/mirra/host"
)

// absolute serves a request whose target is a whole URL: plain HTTP through a
// proxy, and https of clients that ask the proxy itself, as axios does.
func (p *Proxy) absolute(w http.ResponseWriter, r *http.Request, from client) {
	name, err := parseName(r.URL.Hostname())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	s := p.cfg.Find(from.name)
	claimed := p.claimed(s, name)
	if s == nil && (claimed || from.known || p.cfg.Shared) {
		refuse(w, http.StatusProxyAuthRequired, from.unknown())
		return
	}
	switch {
	case r.URL.Scheme != "http" && r.URL.Scheme != "https":
		refuse(w, http.StatusBadRequest, &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.target", Message: fmt.Sprintf("the scheme %.20q is not http or https", r.URL.Scheme)})
	case claimed:
		r.Header.Del("Proxy-Authorization") // nobody's but the proxy's
		r.Header.Del("Proxy-Connection")
		p.vendor(w, r, from, r.URL.Host)
	case s != nil && s.NoEgress:
		p.tried.add(s.ID, r.URL.Host, true)
		refuse(w, http.StatusForbidden, noEgress(s, r.URL.Host))
	default:
		if s != nil {
			p.tried.add(s.ID, r.URL.Host, false)
		}
		p.forward(w, r, s)
	}
}

// forward passes a request of a session, which may be nil, to an unclaimed host.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request, s *Session) {
	r = r.WithContext(context.WithValue(r.Context(), sessionKey{}, s))
	(&httputil.ReverseProxy{
		Rewrite: func(out *httputil.ProxyRequest) {
			out.Out.URL.RawQuery = out.In.URL.RawQuery // as it was sent
			out.Out.Header.Del("Proxy-Connection")
			if _, set := out.In.Header["User-Agent"]; !set {
				out.Out.Header["User-Agent"] = nil // else the transport writes its own
			}
		},
		Transport: p.transport,
		// Answers are passed on as they come.
		FlushInterval: -1,
		ErrorLog:      p.web.ErrorLog,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if e, ok := errors.AsType[*host.Error](err); ok {
				refuse(w, statusOf(e), e)
				return
			}
			refuse(w, http.StatusBadGateway, &host.Error{Kind: host.KindUnavailable, Code: "mirra.proxy.unreachable", Message: fmt.Sprintf("connect to %s: %v", r.URL.Host, err)})
		},
	}).ServeHTTP(w, r)
}
