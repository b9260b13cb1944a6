package httpapi

import (
	"net/http"

	"github.com/mirrahq/mirra/host"
)

// metadata is what a mirror says of itself.
type metadata struct {
	SessionID string             `json:"sessionId"`
	Mirror    host.MirrorInfo    `json:"mirror"`
	Clock     host.ClockInfo     `json:"clock"`
	Catalog   *host.CatalogEntry `json:"catalog,omitempty"`
}

// ServeMirror serves /_mirra/… on a mirror's own host, for a session's suffix.
func (a *API) ServeMirror(w http.ResponseWriter, r *http.Request, session, mirror, target string) {
	if err := a.serveMirror(w, r, session, mirror, target); err != nil {
		a.refuse(w, err)
	}
}

func (a *API) serveMirror(w http.ResponseWriter, r *http.Request, session, mirror, target string) error {
	if err := a.guardMirror(r); err != nil {
		return err
	}
	c, ctx := a.cfg.Control, r.Context()
	switch what := trimPath(target, "/_mirra/"); r.Method + " " + what {
	case "GET metadata":
		return a.metadata(w, r, session, mirror)
	case "GET state":
		s, err := c.State(ctx, session, mirror, r.URL.Query().Get("entity"))
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, s)
	case "POST state/reset":
		return noContent(w, c.ResetSession(ctx, session, mirror))
	case "POST state/snapshot", "POST state/restore":
		var in nameRequest
		if err := decode(w, r, smallBody, &in); err != nil {
			return err
		}
		if what == "state/restore" {
			return noContent(w, c.Restore(ctx, session, in.Name))
		}
		s, err := c.Snapshot(ctx, session, in.Name)
		if err != nil {
			return err
		}
		return answer(w, http.StatusCreated, s)
	case "POST simulate":
		var in host.Simulation
		if err := decode(w, r, smallBody, &in); err != nil {
			return err
		}
		in.Mirror = mirror
		return noContent(w, c.Simulate(ctx, session, &in))
	case "POST webhooks/retry":
		var in retryRequest
		if err := decode(w, r, smallBody, &in); err != nil {
			return err
		}
		return accepted(w, c.RetryWebhook(ctx, session, in.Attempt))
	}
	return &host.Error{Kind: host.KindNotFound, Code: "mirra.api.no_route", Message: "there is no " + r.Method + " " + target,
		Hint: "there are GET /_mirra/{state,metadata} and POST /_mirra/{state/reset,state/snapshot,state/restore,simulate,webhooks/retry}"}
}

func (a *API) metadata(w http.ResponseWriter, r *http.Request, session, mirror string) error {
	s, err := a.cfg.Control.Session(r.Context(), session)
	if err != nil {
		return err
	}
	out := metadata{SessionID: s.SessionID, Clock: s.Clock}
	if m := s.Mirror(mirror); m != nil {
		out.Mirror = *m
	}
	// A build that only the cache has is not in the catalogue.
	if all, err := a.cfg.Control.Mirrors(r.Context()); err == nil {
		for i := range all {
			if all[i].Digest == out.Mirror.Digest {
				out.Catalog = &all[i]
			}
		}
	}
	return answer(w, http.StatusOK, out)
}
