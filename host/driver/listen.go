package driver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"time"

	psnet "github.com/shirou/gopsutil/v4/net"
)

// Faults of WaitHTTP.
var (
	// ErrEnded means that the command ended before it listened.
	ErrEnded = errors.New("the command ended before it listened")
	// ErrSilent means that it lives and does not listen.
	ErrSilent = errors.New("the command does not listen on any port that speaks HTTP")
)

// lookEvery is how often WaitHTTP looks. Looking reads the system's list of sockets.
const lookEvery = 50 * time.Millisecond

// WaitHTTP returns the URL of the application once one of the command's processes speaks
// HTTP on a port of this machine: preferred, if there is one there, else the lowest.
func (p *Process) WaitHTTP(ctx context.Context, preferred int) (string, error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for _, addr := range p.Listening(preferred) {
			base := "http://" + addr.String()
			if speaksHTTP(ctx, base) {
				return base, nil
			}
		}
		select {
		case <-p.done:
			return "", fmt.Errorf("%w: %s", ErrEnded, p.ending())
		case <-ctx.Done():
			return "", ErrSilent
		case <-tick.C:
		}
	}
}

func (p *Process) ending() string {
	if e := p.Exit(); e != "" {
		return e
	}
	return "exit status 0"
}

// Listening lists the TCP addresses that the command's processes listen on, as this
// machine reaches them, the preferred port first.
func (p *Process) Listening(preferred int) []netip.AddrPort {
	var all []netip.AddrPort
	for _, one := range p.tree() {
		sockets, err := psnet.ConnectionsPid("tcp", one.Pid)
		if err != nil {
			continue // it has ended, or is somebody else's
		}
		for _, s := range sockets {
			ip, err := netip.ParseAddr(s.Laddr.IP)
			if s.Status != "LISTEN" || err != nil && s.Laddr.IP != "*" {
				continue
			}
			switch {
			case s.Laddr.IP == "*", ip == netip.IPv4Unspecified(), ip == netip.IPv6Unspecified():
				ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
			}
			all = append(all, netip.AddrPortFrom(ip, uint16(s.Laddr.Port)))
		}
	}
	slices.SortFunc(all, func(a, b netip.AddrPort) int {
		if first, second := int(a.Port()) == preferred, int(b.Port()) == preferred; first != second {
			if first {
				return -1
			}
			return 1
		}
		return a.Compare(b)
	})
	return slices.Compact(all)
}

// direct asks without the environment's proxies.
var direct = &http.Client{
	Timeout:       2 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// speaksHTTP tells whether a port answers a request. One that answers late counts as soon
// as it does: its handler may be compiled by the first request.
func speaksHTTP(ctx context.Context, base string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, base+"/", nil)
	if err != nil {
		return false
	}
	resp, err := direct.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return true
}

// Ports that FreePort takes: below those that systems give to who asks for any (Linux
// from 32768 on, ip_local_port_range in docs.kernel.org/networking/ip-sysctl, read
// 2026-11-28; others from 49152 on), so that no connection and no other server is given
// one before the application listens there.
const (
	firstPort = 10_000
	lastPort  = 32_767
	portTries = 100
)

// FreePort returns a port of this machine that nobody listens on.
func FreePort() (int, error) {
	var l net.Listener
	err := error(nil)
	for range portTries {
		port := firstPort + rand.IntN(lastPort-firstPort+1)
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}
