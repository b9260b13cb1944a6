package httpapi

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/mirrahq/mirra/host"
)

// Requests that have no type of their own in package host.
type (
	resetRequest struct {
		Mirrors []string `json:"mirrors,omitempty"`
	}
	nameRequest struct {
		Name string `json:"name,omitempty"`
	}
	forwardRequest struct {
		Mirror string   `json:"mirror"`
		URLs   []string `json:"urls"`
	}
	retryRequest struct {
		Attempt uint64 `json:"attempt,omitempty"`
	}
)

// Answers that have no type of their own in package host.
type (
	snapshotList struct {
		Snapshots []host.SnapshotInfo `json:"snapshots"`
	}
	faultList struct {
		Faults []host.FaultRule `json:"faults"`
	}
)

func (a *API) reset(w http.ResponseWriter, r *http.Request) error {
	var in resetRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	return noContent(w, a.cfg.Control.ResetSession(r.Context(), pathVar(r, "id"), in.Mirrors...))
}

func (a *API) snapshot(w http.ResponseWriter, r *http.Request) error {
	var in nameRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	s, err := a.cfg.Control.Snapshot(r.Context(), pathVar(r, "id"), in.Name)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, s)
}

func (a *API) snapshots(w http.ResponseWriter, r *http.Request) error {
	all, err := a.cfg.Control.Snapshots(r.Context(), pathVar(r, "id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, snapshotList{all})
}

func (a *API) restore(w http.ResponseWriter, r *http.Request) error {
	var in nameRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	return noContent(w, a.cfg.Control.Restore(r.Context(), pathVar(r, "id"), in.Name))
}

func (a *API) fork(w http.ResponseWriter, r *http.Request) error {
	var in nameRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	s, err := a.cfg.Control.Fork(r.Context(), pathVar(r, "id"), in.Name)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, s)
}

func (a *API) clock(w http.ResponseWriter, r *http.Request) error {
	var in host.ClockMove
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	moved, err := a.cfg.Control.MoveClock(r.Context(), pathVar(r, "id"), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, moved)
}

func (a *API) addFault(w http.ResponseWriter, r *http.Request) error {
	var in host.FaultRule
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	if in.ID != "" {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: `field "id" is given by the server`}
	}
	rule, err := a.cfg.Control.AddFault(r.Context(), pathVar(r, "id"), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, rule)
}

func (a *API) faults(w http.ResponseWriter, r *http.Request) error {
	all, err := a.cfg.Control.Faults(r.Context(), pathVar(r, "id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, faultList{all})
}

func (a *API) clearFaults(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, a.cfg.Control.ClearFaults(r.Context(), pathVar(r, "id"), pathVar(r, "rule")))
}

func (a *API) simulate(w http.ResponseWriter, r *http.Request) error {
	var in host.Simulation
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	if in.Event == "" {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: `field "event" is missing`}
	}
	return noContent(w, a.cfg.Control.Simulate(r.Context(), pathVar(r, "id"), &in))
}

func (a *API) state(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r, "entity")
	if q.err != nil {
		return q.err
	}
	s, err := a.cfg.Control.State(r.Context(), pathVar(r, "id"), pathVar(r, "mirror"), q.values.Get("entity"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, s)
}

func (a *API) holdWebhooks(hold bool) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		return noContent(w, a.cfg.Control.HoldWebhooks(r.Context(), pathVar(r, "id"), hold))
	}
}

func (a *API) forwards(w http.ResponseWriter, r *http.Request) error {
	var in forwardRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	return noContent(w, a.cfg.Control.ForwardWebhooks(r.Context(), pathVar(r, "id"), in.Mirror, in.URLs))
}

// latest names the latest attempt in a path.
const latest = "latest"

func (a *API) retryWebhook(w http.ResponseWriter, r *http.Request) error {
	attempt := uint64(0)
	if text := pathVar(r, "attempt"); text != latest {
		var err error
		if attempt, err = strconv.ParseUint(text, 10, 63); err != nil || attempt == 0 {
			return &host.Error{Kind: host.KindNotFound, Code: "mirra.webhook.no_attempt", Message: fmt.Sprintf("there is no webhook attempt %q", text), Hint: "attempts are numbers, as `mirra webhooks` lists them, or " + latest}
		}
	}
	return accepted(w, a.cfg.Control.RetryWebhook(r.Context(), pathVar(r, "id"), attempt))
}

func accepted(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusAccepted)
	}
	return err
}
