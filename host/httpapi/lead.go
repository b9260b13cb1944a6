package httpapi

import (
	"net"
	"net/url"

	"github.com/mirrahq/mirra/host"
)

// leadTo makes addresses lead to the machine of a server that is called at control:
// it knows its own only by what it listens on.
func leadTo(p *host.ProxyInfo, control string) {
	u, err := url.Parse(control)
	if err != nil || u.Hostname() == "localhost" {
		return
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
		return
	}
	at := func(address string) string {
		_, port, _ := net.SplitHostPort(address)
		return net.JoinHostPort(u.Hostname(), port)
	}
	if proxy, err := url.Parse(p.URL); err == nil {
		proxy.Host = at(proxy.Host)
		p.URL = proxy.String()
	}
	if p.Door != "" {
		p.Door = at(p.Door)
	}
}
