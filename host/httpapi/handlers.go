package httpapi

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/mirrahq/mirra/host"
)

// openAPIDocument describes the control API. A test holds it against the
// routes, the types and real answers.
//
//go:embed openapi.json
var openAPIDocument []byte

// Health is the answer of /healthz and /readyz.
type Health struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func (a *API) health(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, http.StatusOK, Health{"ok", a.cfg.Version})
}

func (a *API) ready(w http.ResponseWriter, _ *http.Request) error {
	if a.cfg.Ready != nil {
		if err := a.cfg.Ready(); err != nil {
			return err
		}
	}
	return answer(w, http.StatusOK, Health{"ready", a.cfg.Version})
}

func (a *API) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPIDocument) // the client went away
	return nil
}

// metrics writes the text format of Prometheus. The few gauges there are do not
// need its client library.
func (a *API) metrics(w http.ResponseWriter, _ *http.Request) error {
	var b strings.Builder
	last := ""
	all := map[string]float64{}
	if a.cfg.Metrics != nil {
		all = a.cfg.Metrics()
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		family, _, _ := strings.Cut(name, "{")
		if family != last {
			kind := "gauge"
			if strings.HasSuffix(family, "_total") {
				kind = "counter"
			}
			fmt.Fprintf(&b, "# TYPE %s %s\n", family, kind)
			last = family
		}
		fmt.Fprintf(&b, "%s %s\n", name, strconv.FormatFloat(all[name], 'g', -1, 64))
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(b.String())) // the client went away
	return nil
}

func (a *API) stop(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusAccepted)
	if a.cfg.Stop != nil {
		a.cfg.Stop()
	}
	return nil
}

// mirrorList is the answer of /v1/mirrors.
type mirrorList struct {
	Mirrors []host.CatalogEntry `json:"mirrors"`
}

func (a *API) mirrors(w http.ResponseWriter, r *http.Request) error {
	all, err := a.cfg.Control.Mirrors(r.Context())
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, mirrorList{all})
}

func (a *API) create(w http.ResponseWriter, r *http.Request) error {
	var in host.NewSession
	if err := decode(w, r, seedBody, &in); err != nil {
		return err
	}
	s, err := a.cfg.Control.CreateSession(r.Context(), &in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, s)
}

func (a *API) put(w http.ResponseWriter, r *http.Request) error {
	var in host.NewSession
	if err := decode(w, r, seedBody, &in); err != nil {
		return err
	}
	name := pathVar(r, "name")
	if in.Name != "" && in.Name != name {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: fmt.Sprintf("the body names the session %q, the path %q", in.Name, name)}
	}
	s, created, err := a.cfg.Control.PutSession(r.Context(), name, &in)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return answer(w, status, s)
}

func (a *API) list(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r, "project", "name", "cursor", "limit")
	in := host.SessionQuery{Project: q.values.Get("project"), Name: q.values.Get("name"), Cursor: q.values.Get("cursor"), Limit: int(q.number("limit"))}
	if q.err != nil {
		return q.err
	}
	page, err := a.cfg.Control.Sessions(r.Context(), in)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, page)
}

func (a *API) get(w http.ResponseWriter, r *http.Request) error {
	s, err := a.cfg.Control.Session(r.Context(), pathVar(r, "id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, s)
}

func (a *API) proxy(w http.ResponseWriter, r *http.Request) error {
	p, err := a.cfg.Control.Proxy(r.Context(), pathVar(r, "id"))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, p)
}

func (a *API) setUpstream(w http.ResponseWriter, r *http.Request) error {
	var in host.Upstream
	if err := decode(w, r, smallBody, &in); err != nil {
		return err
	}
	return noContent(w, a.cfg.Control.SetUpstream(r.Context(), pathVar(r, "id"), in))
}

func (a *API) end(w http.ResponseWriter, r *http.Request) error {
	q := newQuery(r, "purge")
	purge := q.bool("purge")
	if q.err != nil {
		return q.err
	}
	return noContent(w, a.cfg.Control.EndSession(r.Context(), pathVar(r, "id"), purge))
}

// pathVar returns a part of the path as it was meant.
func pathVar(r *http.Request, name string) string {
	raw := mux.Vars(r)[name]
	if v, err := url.PathUnescape(raw); err == nil {
		return v
	}
	return raw
}
