package host

import "context"

// Proxies tells how applications reach mirrors under their vendors' own names.
type Proxies interface {
	// Proxy returns a session's way through the proxy, and what its clients tried
	// that no mirror answers.
	Proxy(ctx context.Context, id string) (*ProxyInfo, error)
}

// ProxyInfo is how a session's application calls its vendors by their own names.
type ProxyInfo struct {
	URL string `json:"url"` // for HTTPS_PROXY: "http://ses_a7k2:x@127.0.0.1:4401"
	// Door takes connections that were redirected from the vendors' hosts, and proxy
	// requests without a user name, "127.0.0.1:21007"; "" when the session has no
	// ports.
	Door     string      `json:"door"`
	CA       string      `json:"ca"`      // the certificate to trust, PEM
	Domains  []string    `json:"domains"` // what never leaves the machine, all below included
	NoEgress bool        `json:"noEgress"`
	Tried    []TriedHost `json:"tried"`
}

// TriedHost is a host that a session's clients asked for and no mirror answers.
type TriedHost struct {
	Host    string `json:"host"` // "example.com:443"
	Count   int    `json:"count"`
	Refused int    `json:"refused"` // so many of Count; the others passed through
}
