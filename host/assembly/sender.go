package assembly

import (
	"context"
	"slices"
	"sync"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/webhook"
)

// sender sends the deliveries of all sessions, each to the targets that its
// project allows.
type sender struct {
	base      webhook.Config
	forbidden []string
	all       *webhook.Sender

	mu  sync.RWMutex
	own map[string]*webhook.Sender // by session id
}

var _ host.Sender = (*sender)(nil)

func newSender(base webhook.Config) *sender {
	return &sender{base: base, all: webhook.New(base), own: map[string]*webhook.Sender{}}
}

// forbid keeps deliveries from Mirra's own listeners for control.
func (s *sender) forbid(addresses ...string) {
	s.forbidden = addresses
	s.all.Forbid(addresses...)
}

// allow gives a session targets beside those of all.
func (s *sender) allow(id string, hosts []string, rewrite map[string]string) {
	if len(hosts)+len(rewrite) == 0 {
		return
	}
	c := s.base
	c.Hosts = slices.Concat(c.Hosts, hosts)
	c.Rewrite = rewrite
	w := webhook.New(c)
	w.Forbid(s.forbidden...)
	s.mu.Lock()
	s.own[id] = w
	s.mu.Unlock()
}

func (s *sender) forget(id string) {
	s.mu.Lock()
	delete(s.own, id)
	s.mu.Unlock()
}

// Send implements host.Sender.
func (s *sender) Send(ctx context.Context, o *host.Outgoing) abi.Result {
	s.mu.RLock()
	w := s.own[o.Session]
	s.mu.RUnlock()
	if w == nil {
		w = s.all
	}
	return w.Send(ctx, o)
}
