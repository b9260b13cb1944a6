package httpapi

import (
	"net"
	"net/http"
	"strconv"
	"strings"
)

// locate reads where a request is to go from its host name or path:
// stripe-a7k2.localhost, verify.twilio-a7k2.localhost, verify--twilio-a7k2 below
// a domain whose certificate covers one label, /s/a7k2/stripe/… and
// /s/a7k2/twilio/verify/…, where place.takeHost finds the vendor's host. domains
// are good for localhost.
func locate(r *http.Request, domains []string) (place, bool) {
	// A proxy-style request line names the host again.
	target := r.RequestURI
	if rest, ok := strings.CutPrefix(target, "http://"); ok {
		_, target, _ = strings.Cut(rest, "/")
		target = "/" + target
	}
	if p, ok := locateName(r, target, domains); ok {
		return p, true
	}
	rest, ok := strings.CutPrefix(target, "/s/")
	if !ok {
		return place{}, false
	}
	session, rest, _ := strings.Cut(rest, "/")
	mirror, target := rest, "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		mirror, target = rest[:i], rest[i:]
		if target[0] == '?' {
			target = "/" + target
		}
	}
	if session == "" || mirror == "" {
		return place{}, false
	}
	base := schemeOf(r) + "://" + r.Host + "/s/" + session + "/" + mirror
	return place{session: session, mirror: mirror, host: r.Header.Get("X-Mirra-Host"), base: base, root: base, target: target, way: byPath}, true
}

// locateName reads a host name.
func locateName(r *http.Request, target string, domains []string) (place, bool) {
	name := hostName(r.Host)
	labels, ok := strings.CutSuffix(name, ".localhost")
	for i := 0; !ok && i < len(domains); i++ {
		labels, ok = strings.CutSuffix(name, "."+strings.TrimPrefix(domains[i], "*."))
	}
	if !ok {
		return place{}, false
	}
	host, root := r.Header.Get("X-Mirra-Host"), r.Host
	if i := strings.LastIndexByte(labels, '.'); i >= 0 {
		host, labels, root = labels[:i], labels[i+1:], root[i+1:] // verify.twilio-a7k2
	} else if i := strings.Index(labels, "--"); i > 0 {
		host, labels, root = labels[:i], labels[i+2:], root[i+2:] // verify--twilio-a7k2: neither name has two dashes
	}
	i := strings.LastIndexByte(labels, '-')
	if i <= 0 || i == len(labels)-1 {
		return place{}, false
	}
	scheme := schemeOf(r) + "://"
	return place{session: labels[i+1:], mirror: labels[:i], host: host, base: scheme + r.Host, root: scheme + root, target: target, way: byName}, true
}

func schemeOf(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// hostName returns a Host header without port and final dot, in lower case.
func hostName(h string) string {
	if name, _, err := net.SplitHostPort(h); err == nil {
		h = name
	} else {
		h = strings.Trim(h, "[]")
	}
	return strings.ToLower(strings.TrimSuffix(h, "."))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
