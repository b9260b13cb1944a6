package assembly

import (
	"context"
	"encoding/json"

	"github.com/mirrahq/mirra/host"
)

// Seed adds objects to what a mirror of a living session holds. All faults are
// reported, and nothing is added on any.
func (s *Server) Seed(ctx context.Context, id, mirror string, state host.State) error {
	r, err := s.find(id)
	if err != nil {
		return err
	}
	document, err := json.Marshal(state)
	if err != nil {
		return err
	}
	r.session.Touch()
	return r.session.Seed(ctx, mirror, "", document)
}
