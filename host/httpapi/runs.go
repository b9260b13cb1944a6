package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/mirrahq/mirra/host"
)

func (a *API) check(w http.ResponseWriter, r *http.Request) error {
	var in host.CheckRequest
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	out, err := a.cfg.Control.Check(r.Context(), pathVar(r, "id"), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, out)
}

func (a *API) startRun(w http.ResponseWriter, r *http.Request) error {
	var in host.NewRun
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	out, err := a.cfg.Control.StartRun(r.Context(), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, out)
}

func (a *API) finishRun(w http.ResponseWriter, r *http.Request) error {
	var in host.RunFinish
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	out, err := a.cfg.Control.FinishRun(r.Context(), pathVar(r, "id"), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, out)
}

func (a *API) recordRun(w http.ResponseWriter, r *http.Request) error {
	var in host.Run
	if err := decode(w, r, seedBody, &in); err != nil {
		return err
	}
	if id := pathVar(r, "id"); in.RunID != id {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: fmt.Sprintf("the body is of the run %q, the path of %q", in.RunID, id)}
	}
	return noContent(w, a.cfg.Control.RecordRun(r.Context(), &in))
}

func (a *API) run(w http.ResponseWriter, r *http.Request) error {
	out, err := a.cfg.Control.Run(r.Context(), pathVar(r, "id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, out)
}

func (a *API) runs(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r, "scenario", "cursor", "limit")
	in := host.RunQuery{Scenario: q.values.Get("scenario"), Cursor: q.values.Get("cursor"), Limit: int(q.number("limit"))}
	if q.err != nil {
		return q.err
	}
	out, err := a.cfg.Control.Runs(r.Context(), in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, out)
}

// Check implements host.Checks.
func (c *Client) Check(ctx context.Context, id string, r *host.CheckRequest) (*host.CheckReport, error) {
	var out host.CheckReport
	_, err := c.do(ctx, "POST", session(id, "checks"), r, &out)
	return &out, err
}

// StartRun implements host.Runs.
func (c *Client) StartRun(ctx context.Context, r *host.NewRun) (*host.Run, error) {
	var out host.Run
	_, err := c.do(ctx, "POST", "/v1/runs", r, &out)
	return &out, err
}

// FinishRun implements host.Runs.
func (c *Client) FinishRun(ctx context.Context, id string, f *host.RunFinish) (*host.Run, error) {
	var out host.Run
	_, err := c.do(ctx, "POST", "/v1/runs/"+url.PathEscape(id)+"/finish", f, &out)
	return &out, err
}

// RecordRun implements host.Runs.
func (c *Client) RecordRun(ctx context.Context, r *host.Run) error {
	_, err := c.do(ctx, "PUT", "/v1/runs/"+url.PathEscape(r.RunID), r, nil)
	return err
}

// Run implements host.Runs.
func (c *Client) Run(ctx context.Context, id string) (*host.Run, error) {
	var out host.Run
	_, err := c.do(ctx, "GET", "/v1/runs/"+url.PathEscape(id), nil, &out)
	return &out, err
}

// Runs implements host.Runs.
func (c *Client) Runs(ctx context.Context, q host.RunQuery) (*host.RunPage, error) {
	v := url.Values{}
	for name, text := range map[string]string{"scenario": q.Scenario, "cursor": q.Cursor} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	var out host.RunPage
	_, err := c.do(ctx, "GET", "/v1/runs?"+v.Encode(), nil, &out)
	return &out, err
}
