package host

import "context"

// Proxies tells how applications reach mirrors under their vendors' own names.
type Proxies interface {
	// Proxy returns a session's way through the proxy, and what its clients tried
	// that no mirror answers.
	Proxy(ctx context.Context, id string) (*ProxyInfo, error)
	// SetUpstream names the proxies through which a session's clients reach hosts that
	// no mirror claims, until the next call; none for the zero value. What is no URL of a
	// proxy is KindInvalid; a server that others reach refuses any, KindForbidden.
	SetUpstream(ctx context.Context, id string, to Upstream) error
}

// Upstream is what the application's environment said of proxies before Mirra's own
// took their place, as golang.org/x/net/http/httpproxy reads it.
type Upstream struct {
	HTTP    string `json:"http,omitempty"`    // HTTP_PROXY: "http://user:password@proxy.example:3128"
	HTTPS   string `json:"https,omitempty"`   // HTTPS_PROXY, for all that is tunnelled
	NoProxy string `json:"noProxy,omitempty"` // NO_PROXY: hosts that are reached directly
}

// ProxyInfo is how a session's application calls its vendors by their own names.
type ProxyInfo struct {
	URL string `json:"url"` // for HTTPS_PROXY: "http://ses_a7k2:x@127.0.0.1:4401"
	// Door takes connections that were redirected from the vendors' hosts, and proxy
	// requests without a user name, "127.0.0.1:21007"; "" when the session has no
	// ports.
	Door    string   `json:"door"`
	CA      string   `json:"ca"`      // the certificate to trust, PEM
	Domains []string `json:"domains"` // what never leaves the machine, all below included
	// PassThrough are exceptions to Domains, which are passed on to the real vendor:
	// names, and with "*." all below one, but for names behind a "!", which mirrors
	// serve. With NoEgress there are none.
	PassThrough []string `json:"passThrough"`
	NoEgress    bool     `json:"noEgress"`
	// Upstream are the proxies that unclaimed hosts are reached through, without their
	// credentials; "" is none.
	Upstream string      `json:"upstream"`
	Tried    []TriedHost `json:"tried"`
}

// TriedHost is a host that a session's clients asked for and no mirror answers.
type TriedHost struct {
	Host    string `json:"host"` // "example.com:443"
	Count   int    `json:"count"`
	Refused int    `json:"refused"` // so many of Count; the others passed through
	// Alert is by what a client refused the certificate it was shown: as it called it in
	// TLS, "unknown certificate authority", or that it ended the connection. Such a host
	// may well be a mirror's.
	Alert string `json:"alert,omitempty"`
}
