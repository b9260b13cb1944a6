package proxy

import (
	"sync"

	"github.com/mirrahq/mirra/host"
)

// maxTried bounds what is kept of a session's.
const maxTried = 1000

// tried counts the hosts that clients asked for and no mirror answered.
type tried struct {
	mu       sync.Mutex
	sessions map[string]*triedHosts
}

type triedHosts struct {
	at  map[host.TriedHost]int // index in all, of one without counts
	all []host.TriedHost
}

// add counts a host, "example.com:443". Those beyond maxTried are left out.
func (t *tried) add(session, target string, refused bool) {
	t.count(session, host.TriedHost{Host: target}, refused)
}

// addAlert counts a client that refused a host's certificate.
func (t *tried) addAlert(session, name, alert string) {
	t.count(session, host.TriedHost{Host: name, Alert: alert}, true)
}

// count adds one to what is like h.
func (t *tried) count(session string, h host.TriedHost, refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sessions == nil {
		t.sessions = map[string]*triedHosts{}
	}
	s := t.sessions[session]
	if s == nil {
		s = &triedHosts{at: map[host.TriedHost]int{}}
		t.sessions[session] = s
	}
	i, ok := s.at[h]
	if !ok {
		if len(s.all) == maxTried {
			return
		}
		i = len(s.all)
		s.at[h], s.all = i, append(s.all, h)
	}
	s.all[i].Count++
	if refused {
		s.all[i].Refused++
	}
}

func (t *tried) list(session string) []host.TriedHost {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.sessions[session]; s != nil {
		return append([]host.TriedHost{}, s.all...)
	}
	return []host.TriedHost{}
}

func (t *tried) forget(session string) {
	t.mu.Lock()
	delete(t.sessions, session)
	t.mu.Unlock()
}
