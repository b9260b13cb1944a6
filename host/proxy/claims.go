package proxy

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/host"
)

// claims is the domains that belong to vendors with a mirror, by name, with the
// mirror's name. They only grow: what was claimed once in a server's life never
// leads outside again.
type claims struct {
	mu      sync.RWMutex
	mirrors map[string]string
}

// add claims domains for a mirror; of several the first keeps it. A plugin cannot
// claim a top-level domain.
func (c *claims) add(mirror string, domains []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mirrors == nil {
		c.mirrors = map[string]string{}
	}
	for _, d := range domains {
		if d = strings.ToLower(d); nameForm.MatchString(d) && strings.Contains(d, ".") && c.mirrors[d] == "" {
			c.mirrors[d] = mirror
		}
	}
}

// of returns the claimed domain that a name is or is below, and whose it is.
func (c *claims) of(name string) (domain, mirror string, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for d := name; d != ""; {
		if m, ok := c.mirrors[d]; ok {
			return d, m, true
		}
		_, d, _ = strings.Cut(d, ".")
	}
	return "", "", false
}

// claimed tells whether a name is at or below a claimed domain, and s, which may be
// nil, does not pass it on.
func (p *Proxy) claimed(s *Session, name string) bool {
	_, _, ok := p.claims.of(name)
	return ok && !s.passes(name)
}

// passes tells whether a claimed name is passed on to its vendor.
func (s *Session) passes(name string) bool {
	if s == nil || s.NoEgress || s.handler(name) != nil {
		return false
	}
	return s.excepts(name)
}

// excepts tells whether PassThrough has a name.
func (s *Session) excepts(name string) bool {
	for _, e := range s.PassThrough {
		if below, all := strings.CutPrefix(e, "*"); name == e || all && strings.HasSuffix(name, below) {
			return true
		}
	}
	return false
}

// Passing returns PassThrough with what it does not pass of it behind a "!".
func (s *Session) Passing() []string {
	out := slices.Clone(s.PassThrough)
	for _, name := range slices.Sorted(maps.Keys(s.Hosts)) {
		if s.excepts(name) {
			out = append(out, "!"+name)
		}
	}
	return out
}

// ParsePassThrough returns an entry of Session.PassThrough in the form it has there.
func ParsePassThrough(s string) (string, error) {
	below, all := strings.CutPrefix(s, "*.")
	name, err := parseName(below)
	if err != nil || !strings.Contains(name, ".") || net.ParseIP(name) != nil {
		return "", &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.host", Message: fmt.Sprintf("%.100q is no host name", s), Hint: "write one as files.example.com, or *.example.com for all below"}
	}
	if all {
		name = "*." + name
	}
	return name, nil
}

// Claims tells whether a name, or what "*." stands before, is at or below a claimed
// domain.
func (p *Proxy) Claims(name string) bool {
	_, _, ok := p.claims.of(strings.TrimPrefix(name, "*."))
	return ok
}

func (c *claims) list() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]string, 0, len(c.mirrors))
	for d := range c.mirrors {
		all = append(all, d)
	}
	return all
}

// nameForm is a host name in lower case. Anything else is refused, and not only
// because no such name is registered: a full-width dot is a dot to some resolvers.
var nameForm = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

const maxName = 253 // characters, RFC 1035 without the final dot

// parseName returns a host name in lower case without its final dot, or an
// address, without brackets.
func parseName(s string) (name string, err error) {
	name = strings.ToLower(s)
	if a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")); err == nil && a.Zone() == "" {
		return a.String(), nil
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > maxName || !nameForm.MatchString(name) {
		return "", &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.host", Message: fmt.Sprintf("%.100q is no host name", s), Hint: "names are ASCII; international ones are written xn--…"}
	}
	return name, nil
}

// parseTarget reads the target of a CONNECT, host:port.
func parseTarget(s string) (name string, port int, err error) {
	h, p, err := net.SplitHostPort(s)
	if err != nil {
		return "", 0, &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.target", Message: fmt.Sprintf("CONNECT %.100q: want host:port", s)}
	}
	if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 || p[0] == '+' {
		return "", 0, &host.Error{Kind: host.KindInvalid, Code: "mirra.proxy.target", Message: fmt.Sprintf("CONNECT %.100q: %.20q is no port", s, p)}
	}
	name, err = parseName(h)
	return name, port, err
}

// parseHost reads a Host header, whose port may be left out.
func parseHost(s string) (string, error) {
	if h, _, err := net.SplitHostPort(s); err == nil {
		s = h
	}
	return parseName(s)
}
