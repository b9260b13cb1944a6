package assembly

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"sync"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
	"github.com/mirrahq/mirra/host/proxy"
	"github.com/mirrahq/mirra/host/scenario/criteria"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/smtp"
)

// reach is how a session is reached and whom it belongs to: what session.Manager
// has no use for.
type reach struct {
	session *session.Session
	kept    keptReach
	proxied *proxy.Session
	relays  map[string]*smtp.Server // by relayKey
	ports   []io.Closer
	door    net.Listener

	words sync.Once // known was made
	known *criteria.Vocabulary

	// A session of a foreground command ends when nobody holds it.
	hold    bool
	holders int
	ending  *time.Timer
}

// keptReach is what the catalogue keeps of a reach.
type keptReach struct {
	Project      string            `json:"project,omitempty"`
	Ports        map[string]int    `json:"ports,omitempty"` // by mirror, or its relay: see relayKey
	Door         int               `json:"door,omitempty"`  // port of redirected connections
	NoEgress     bool              `json:"noEgress,omitempty"`
	PassThrough  []string          `json:"passThrough,omitempty"`
	HideHeaders  bool              `json:"hideHeaders,omitempty"`
	WebhookHosts []string          `json:"webhookHosts,omitempty"`
	Rewrite      map[string]string `json:"rewrite,omitempty"`
}

// kindReach is the kind of its catalogue entries.
const kindReach = "reach"

func (r *reach) close() {
	for _, w := range r.ports {
		_ = w.Close() // the session is gone, whoever still talks to it learns so
	}
	for _, m := range r.relays {
		_ = m.Close() // likewise, and those with a port again
	}
	if r.door != nil {
		_ = r.door.Close() // likewise
	}
}

// add makes a session reachable.
func (s *Server) add(sess *session.Session, kept keptReach, hold bool) *reach {
	r := &reach{session: sess, kept: kept, hold: hold, relays: s.relays(sess)}
	r.proxied = s.proxied(sess, kept, r.relays)
	s.sender.allow(sess.ID(), kept.WebhookHosts, kept.Rewrite)
	s.mu.Lock()
	s.reach[sess.ID()] = r
	s.mu.Unlock()
	return r
}

// keep remembers how a persistent session is reached.
func (s *Server) keep(r *reach) error {
	if !r.session.Persistent() || s.catalogue == nil {
		return nil
	}
	text, err := json.Marshal(r.kept)
	if err != nil {
		return err
	}
	return s.catalogue.Put(host.CatalogueEntry{Kind: kindReach, ID: r.session.ID(), JSON: text})
}

// forget drops what was known of a session that has ended.
func (s *Server) forget(id string, purge bool) {
	s.mu.Lock()
	r := s.reach[id]
	delete(s.reach, id)
	if r != nil && r.ending != nil {
		r.ending.Stop()
	}
	s.mu.Unlock()
	s.sender.forget(id)
	s.proxy.Forget(id)
	if r == nil {
		return
	}
	r.close()
	if s.cfg.Ended != nil {
		s.cfg.Ended(id)
	}
	if purge && s.catalogue != nil {
		_ = s.catalogue.Delete(kindReach, id) // a leftover entry harms nobody
	}
}

// known returns the reach entries that the catalogue has.
func (s *Server) known() (map[string]keptReach, error) {
	all := map[string]keptReach{}
	if s.catalogue == nil {
		return all, nil
	}
	err := s.catalogue.List(kindReach, func(e host.CatalogueEntry) bool {
		var k keptReach
		if json.Unmarshal(e.JSON, &k) == nil { // else it is reached by path only
			all[e.ID] = k
		}
		return true
	})
	return all, err
}

// find returns the session and its reach.
func (s *Server) find(id string) (*reach, error) {
	sess, err := s.sessions.Session(id)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.reach[sess.ID()]; r != nil {
		return r, nil
	}
	return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.session.provisioning", Message: fmt.Sprintf("session %q is being made", id), Hint: "try again in a moment"}
}

// route finds the mirror of a request.
func (s *Server) route(id, mirror string) httpapi.Exchanger {
	s.mu.RLock()
	r := s.reach["ses_"+id]
	s.mu.RUnlock()
	if r == nil {
		return nil
	}
	m := r.session.Mirror(mirror)
	switch {
	case m == nil:
		return nil
	case r.kept.HideHeaders:
		return plainMirror{m}
	}
	return m
}

// plainMirror is a mirror whose answers carry no headers of Mirra's own.
type plainMirror struct{ *session.Mirror }

// HideHeaders tells httpapi.Vendor.
func (plainMirror) HideHeaders() bool { return true }

// openPorts gives each mirror of a session a port of its own, and the session a
// door for what the application sends to the vendors' own hosts.
func (s *Server) openPorts(r *reach) {
	if r.kept.Ports == nil {
		r.kept.Ports = map[string]int{}
	}
	id := suffix(r.session.ID())
	for _, m := range r.session.Mirrors() {
		s.openPort(r, m.Name(), httpapi.NewServer(s.vendor.Port(id, m.Name()), s.log))
		for _, h := range m.Manifest().Hosts {
			if h.Protocol == abi.ProtocolSMTP {
				s.openPort(r, relayKey(m.Name(), h.ID), r.relays[relayKey(m.Name(), h.ID)])
			}
		}
	}
	l, err := s.listenPort(r, "", r.kept.Door)
	if err != nil {
		s.log.Warn("no door", "session", r.session.ID(), "error", err)
		return // clients that know of proxies still find their way
	}
	s.mu.Lock()
	r.door, r.kept.Door = l, l.Addr().(*net.TCPAddr).Port
	s.mu.Unlock()
	s.loops.Go(func() { _ = s.proxy.Door(l, r.session.ID()) }) // ends with reach.close
}

// relays makes the servers of the session's mail relays, which serve nobody yet.
func (s *Server) relays(sess *session.Session) map[string]*smtp.Server {
	all := map[string]*smtp.Server{}
	for _, m := range sess.Mirrors() {
		for _, h := range m.Manifest().Hosts {
			if h.Protocol == abi.ProtocolSMTP {
				all[relayKey(m.Name(), h.ID)] = smtp.NewServer(smtp.Relay{HostID: h.ID, Name: h.Name, MaxBytes: m.MaxBody(), Mirror: func() smtp.Exchanger {
					if x := s.route(suffix(sess.ID()), m.Name()); x != nil {
						return x
					}
					return nil
				}}, s.log)
			}
		}
	}
	return all
}

// relayKey is what the port of a mirror's mail relay is kept under.
func relayKey(mirror, hostID string) string { return mirror + "/" + hostID }

// openPort serves what key stands for on a port of its own, if there is one.
func (s *Server) openPort(r *reach, key string, server interface {
	io.Closer
	Serve(l net.Listener) error
}) {
	l, err := s.listenPort(r, key, r.kept.Ports[key])
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.log.Warn("no port for mirror", "session", r.session.ID(), "mirror", key, "error", err)
		delete(r.kept.Ports, key)
		return // it is reached by path, a relay not at all
	}
	r.ports = append(r.ports, server)
	r.kept.Ports[key] = l.Addr().(*net.TCPAddr).Port
	s.loops.Go(func() { _ = server.Serve(l) }) // ends with reach.close
}

// Ports of projects lie below those that systems hand out by themselves.
const (
	firstPort  = 21000
	portCount  = 4000
	portsTried = 20
)

// listenPort takes the port that a mirror or relay, or with "" the door, had, else one that
// follows from the project, so that it is the same the next time, else any.
func (s *Server) listenPort(r *reach, key string, had int) (net.Listener, error) {
	bind, _, _ := net.SplitHostPort(s.vendorL.Addr().String())
	try := func(port int) (net.Listener, error) {
		return net.Listen("tcp", net.JoinHostPort(bind, fmt.Sprint(port)))
	}
	if had != 0 {
		if l, err := try(had); err == nil {
			return l, nil
		}
	}
	if r.kept.Project != "" {
		h := fnv.New32a()
		h.Write([]byte(r.kept.Project + "\x00" + key))
		for i := range uint32(portsTried) {
			if l, err := try(firstPort + int((h.Sum32()+i)%portCount)); err == nil {
				return l, nil
			}
		}
	}
	return try(0)
}

// baseURL is how a request that nobody made would have come: for links in
// webhooks and timers.
func (s *Server) baseURL(id, mirror, hostID string) string {
	s.mu.RLock()
	r := s.reach[id]
	port := 0
	if r != nil {
		port = r.kept.Ports[mirror]
	}
	s.mu.RUnlock()
	if s.tlsL != nil {
		// Where it leads to is reached from elsewhere too, unlike a loopback port.
		name := mirror + "-" + suffix(id)
		if r != nil && hostID != "" {
			if m := r.session.Mirror(mirror); m != nil && len(m.Manifest().Hosts) > 0 && m.Manifest().Hosts[0].ID != hostID {
				name = hostID + "--" + name // a wildcard covers one label
			}
		}
		return "https://" + name + "." + s.cfg.Domains[0] + s.tlsPort()
	}
	if port != 0 && (hostID == "" || r.session.Mirror(mirror).Manifest().Hosts[0].ID == hostID) {
		return fmt.Sprintf("http://127.0.0.1:%d", port)
	}
	base := s.VendorURL() + "/s/" + suffix(id) + "/" + mirror
	if r == nil || hostID == "" {
		return base
	}
	if m := r.session.Mirror(mirror); m != nil && len(m.Manifest().Hosts) > 0 && m.Manifest().Hosts[0].ID != hostID {
		return base + "/" + hostID
	}
	return base
}

// hostURL is the URL of a mirror by host name.
func (s *Server) hostURL(id, mirror string) string {
	if s.tlsL != nil {
		return s.baseURL(id, mirror, "")
	}
	domain := "localhost"
	if len(s.cfg.Domains) > 0 {
		domain = s.cfg.Domains[0]
	}
	_, port, _ := net.SplitHostPort(s.vendorL.Addr().String())
	return "http://" + mirror + "-" + suffix(id) + "." + domain + ":" + port
}

// load brings persistent sessions back.
func (s *Server) load() error {
	known, e := s.known()
	for id, k := range known {
		s.sender.allow(id, k.WebhookHosts, k.Rewrite) // loading a session sends what is due
	}
	err := s.sessions.Load(context.Background())
	for _, sess := range s.sessions.Sessions() {
		r := s.add(sess, known[sess.ID()], false)
		if len(r.kept.Ports) > 0 {
			s.openPorts(r)
		}
	}
	if err == nil {
		err = e
	}
	return err
}
