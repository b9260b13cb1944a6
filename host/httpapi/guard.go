package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// guard lets a request through that comes from a client of this machine's user:
// not from a page in a browser, whatever name it has for this address, and with
// the token.
func (a *API) guard(r *http.Request, token bool) error {
	if !a.knownHost(r.Host, false) {
		return &host.Error{Kind: host.KindForbidden, Code: "mirra.auth.host", Message: "the host name " + hostName(r.Host) + " is not one of this server's", Hint: "call it as 127.0.0.1, or start the server with --host " + hostName(r.Host)}
	}
	return a.guardOrigin(r, token)
}

// guardMirror is guard for /_mirra on a mirror's own host.
func (a *API) guardMirror(r *http.Request) error {
	if !a.knownHost(r.Host, true) {
		return &host.Error{Kind: host.KindForbidden, Code: "mirra.auth.host", Message: "the host name " + hostName(r.Host) + " is not one of this server's", Hint: "use the mirror's URL as `mirra status` prints it"}
	}
	return a.guardOrigin(r, true)
}

func (a *API) guardOrigin(r *http.Request, token bool) error {
	// A browser names the page that asks. Only pages of this very listener may.
	if origin := r.Header.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return &host.Error{Kind: host.KindForbidden, Code: "mirra.auth.origin", Message: "pages of " + origin + " may not use this API", Hint: "call it from a program, not from a page"}
		}
	}
	if !token {
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given)) // of one length, whatever was sent
	if ok && subtle.ConstantTimeCompare(sum[:], a.token[:]) == 1 {
		return nil
	}
	if ok && a.cfg.NamedToken != nil {
		name, err := a.cfg.NamedToken(given)
		if err != nil {
			a.cfg.Log.Error("named tokens", "error", err)
			return &host.Error{Kind: host.KindUnavailable, Code: "mirra.auth.tokens_unreadable", Message: "the server cannot read its named tokens", Hint: "its log says why"}
		}
		if name != "" {
			if r.Method != http.MethodGet {
				a.cfg.Log.Info("control API", "token", name, "method", r.Method, "path", r.URL.Path)
			}
			return nil
		}
	}
	return &host.Error{Kind: host.KindUnauthorized, Code: "mirra.auth.token", Message: "the request has no valid token", Hint: "send Authorization: Bearer TOKEN; `mirra env` prints it as MIRRA_TOKEN, `mirra serve token add NAME` makes one for a shared server"}
}

// knownHost tells whether a Host header is a name this server goes by; mirrors
// have names of their own.
func (a *API) knownHost(h string, mirror bool) bool {
	name := hostName(h)
	if ip := net.ParseIP(name); name == "localhost" || ip != nil && ip.IsLoopback() {
		return true
	}
	if slices.ContainsFunc(a.cfg.Hosts, func(known string) bool { return strings.EqualFold(known, name) }) {
		return true
	}
	return mirror && (strings.HasSuffix(name, ".localhost") ||
		slices.ContainsFunc(a.cfg.Domains, func(d string) bool { return strings.HasSuffix(name, "."+strings.TrimPrefix(d, "*.")) }))
}
