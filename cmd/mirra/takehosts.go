package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
)

func (c *Config) hostsLock() string { return filepath.Join(c.Dirs.State, "hosts.lock") }

// takeHosts makes this machine's look-ups of the session's vendors lead here, and
// answers on port 443 by the session's door, until stop. It asks first, unless told
// yes.
func (a *app) takeHosts(ctx context.Context, c host.Control, s *host.SessionInfo, yes bool) (stop func() error, err error) {
	names, err := hostNames(ctx, c, s)
	if err != nil {
		return nil, err
	}
	info, err := c.Proxy(ctx, s.SessionID)
	if err != nil {
		return nil, err
	}
	if info.Door == "" {
		return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.hosts.no_door", Message: "session " + title(s) + " has no ports", Hint: "start one with mirra up"}
	}
	hosts := systemHosts()
	if !yes {
		if err := a.ask(fmt.Sprintf("Lead %s to this machine, by %s and port 443, while the session lives?", strings.Join(names, ", "), hosts.path)); err != nil {
			return nil, err
		}
	}
	lock := flock.New(a.cfg.hostsLock())
	if held, err := lock.TryLock(); err != nil || !held {
		return nil, &host.Error{Kind: host.KindConflict, Code: "mirra.hosts.in_use", Message: hosts.path + " is in use by another `mirra up --hosts`, which holds " + lock.Path(), Hint: "one session at a time can have it: end that one first", Err: err}
	}
	d := &doors{to: info.Door}
	if err := d.open(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	if err := hosts.add(names, lock.Path()); err != nil {
		return nil, errors.Join(err, d.close(), lock.Unlock())
	}
	a.out.say("✓ %s lead here by %s", strings.Join(names, ", "), hosts.path)
	if kept, err := a.cfg.keptCA().load(); err != nil || kept == nil {
		a.out.say("  programs need to trust MIRRA_CA_FILE of mirra env; mirra trust has this machine's browsers and programs do so")
	} else if !slices.ContainsFunc(certificates([]byte(info.CA)), kept.Cert.Equal) {
		a.out.note("the server was started before mirra trust, and signs with an authority of its own: mirra down --all, then again")
	}
	return func() error {
		// The names go first: who connects after that is not led here any more.
		return errors.Join(hosts.remove(lock.Path()), d.close(), lock.Unlock())
	}, nil
}

// hostNames are the hosts that the session's mirrors serve.
func hostNames(ctx context.Context, c host.Control, s *host.SessionInfo) ([]string, error) {
	known, err := c.Mirrors(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range s.Mirrors {
		for _, k := range known {
			if k.Digest == m.Digest {
				for _, name := range k.Hosts {
					if !strings.HasPrefix(name, "*.") { // a hosts file knows no wildcards
						names = append(names, name)
					}
				}
			}
		}
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return nil, fmt.Errorf("hosts: no hosts of the session's mirrors are known")
	}
	return names, nil
}

// ask asks a question on the terminal. Anything but yes is an error.
func (a *app) ask(question string) error {
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	if err != nil {
		fmt.Fprintln(a.stderr)
	}
	return &host.Error{Kind: host.KindForbidden, Code: "mirra.refused", Message: "nothing was changed: the answer was not yes", Hint: "--yes answers where nobody can be asked"}
}

// doors listens on port 443 for a session's door.
type doors struct {
	to        string
	listeners []net.Listener
	mu        sync.Mutex
	opened    map[net.Conn]struct{}
	loops     sync.WaitGroup
}

const portHTTPS = "443"

func (d *doors) open() error {
	d.opened = map[net.Conn]struct{}{}
	for _, address := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(address, portHTTPS))
		if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
			continue // there is no IPv6 here
		}
		if err != nil {
			return errors.Join(&host.Error{Kind: host.KindUnavailable, Code: "mirra.hosts.port", Message: fmt.Sprintf("listen on %s:%s: %v", address, portHTTPS, errors.Unwrap(err)),
				Hint: "another program may have it, or it wants a privilege: on Linux sudo sysctl net.ipv4.ip_unprivileged_port_start=443; mirra exec -- CMD needs neither"}, d.close())
		}
		d.listeners = append(d.listeners, l)
		d.loops.Go(func() { d.accept(l) })
	}
	return nil
}

func (d *doors) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // closed
		}
		d.loops.Go(func() { d.relay(c) })
	}
}

// relay joins a connection with the door. Only bytes pass: TLS ends there.
func (d *doors) relay(c net.Conn) {
	up, err := net.Dial("tcp", d.to)
	if err != nil {
		_ = c.Close() // the session has ended
		return
	}
	if !d.keep(c, up) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { proxy.Pass(up, c) })
	both.Go(func() { proxy.Pass(c, up) })
	both.Wait()
	d.drop(c, up)
}

// keep remembers connections for close; false once that was called.
func (d *doors) keep(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.opened == nil {
		for _, c := range conns {
			_ = c.Close() // nobody answers any more
		}
		return false
	}
	for _, c := range conns {
		d.opened[c] = struct{}{}
	}
	return true
}

func (d *doors) drop(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // both sides have said all
		delete(d.opened, c)
	}
}

func (d *doors) close() error {
	var all error
	for _, l := range d.listeners {
		all = errors.Join(all, l.Close())
	}
	d.mu.Lock()
	for c := range d.opened {
		_ = c.Close() // its relay notices
	}
	d.opened = nil
	d.mu.Unlock()
	d.loops.Wait()
	return all
}
