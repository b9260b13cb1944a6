// Package httpapi is Mirra over HTTP: Vendor serves vendor traffic, API the
// control API and what a mirror says of itself, Client is host.Control for who
// is in another process. What a request does is decided behind host.Control and
// Exchanger.
package httpapi

import (
	"crypto/sha256"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/mirrahq/mirra/host"
)

// Config is what an API serves.
type Config struct {
	Control host.Control
	Token   string
	// NamedToken returns whose a token is, beside Token: "" is nobody's. It is
	// asked on every request; nil knows none.
	NamedToken func(token string) (name string, err error)
	Hosts      []string // names it may be called by, beside loopback ones
	Domains    []string // names below which mirrors have theirs, beside localhost
	Ready      func() error
	Metrics    func() map[string]float64 // by name and labels
	Stop       func()                    // ends the server
	MCP        http.Handler              // serves coding agents at /mcp; nil serves none
	Version    string
	Log        *slog.Logger
}

// API is the control API.
type API struct {
	cfg   Config
	token [sha256.Size]byte
	mux   *mux.Router
}

// New returns the API.
func New(cfg Config) *API {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{cfg: cfg, token: sha256.Sum256([]byte(cfg.Token)), mux: mux.NewRouter().UseEncodedPath()}
	for _, r := range a.routes() {
		a.mux.Handle(r.path, a.handler(r)).Methods(r.method)
	}
	if cfg.MCP != nil {
		a.mux.Handle("/mcp", a.handler(route{serve: func(w http.ResponseWriter, r *http.Request) error {
			cfg.MCP.ServeHTTP(w, r)
			return nil
		}}))
	}
	a.mux.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, &host.Error{Kind: host.KindNotFound, Code: "mirra.api.no_route", Message: "there is no " + r.Method + " " + r.URL.Path, Hint: "GET /v1/openapi.json lists what there is"})
	})
	a.mux.MethodNotAllowedHandler = a.mux.NotFoundHandler
	return a
}

// route is one operation of the API.
type route struct {
	method, path string
	open         bool // without a token
	serve        func(w http.ResponseWriter, r *http.Request) error
}

func (a *API) routes() []route {
	const one = "/v1/sessions/{id}"
	return []route{
		{"GET", "/healthz", true, a.health},
		{"GET", "/readyz", true, a.ready},
		{"GET", "/metrics", false, a.metrics},
		{"GET", "/v1/openapi.json", false, a.openAPI},
		{"POST", "/v1/server/stop", false, a.stop},
		{"GET", "/v1/mirrors", false, a.mirrors},
		{"POST", "/v1/sessions", false, a.create},
		{"GET", "/v1/sessions", false, a.list},
		{"PUT", "/v1/sessions/by-name/{name}", false, a.put},
		{"GET", one, false, a.get},
		{"DELETE", one, false, a.end},
		{"POST", one + "/reset", false, a.reset},
		{"POST", one + "/snapshot", false, a.snapshot},
		{"GET", one + "/snapshots", false, a.snapshots},
		{"POST", one + "/restore", false, a.restore},
		{"POST", one + "/fork", false, a.fork},
		{"POST", one + "/clock", false, a.clock},
		{"POST", one + "/faults", false, a.addFault},
		{"GET", one + "/faults", false, a.faults},
		{"DELETE", one + "/faults", false, a.clearFaults},
		{"DELETE", one + "/faults/{rule}", false, a.clearFaults},
		{"POST", one + "/simulate", false, a.simulate},
		{"GET", one + "/proxy", false, a.proxy},
		{"PUT", one + "/proxy/upstream", false, a.setUpstream},
		{"GET", one + "/events", false, a.events},
		{"GET", one + "/trace", false, a.trace},
		{"GET", one + "/webhooks", false, a.webhooks},
		{"POST", one + "/webhooks/hold", false, a.holdWebhooks(true)},
		{"POST", one + "/webhooks/release", false, a.holdWebhooks(false)},
		{"PUT", one + "/webhooks/forwards", false, a.forwards},
		{"POST", one + "/webhooks/{attempt}/retry", false, a.retryWebhook},
		{"GET", one + "/state/{mirror}", false, a.state},
		{"POST", one + "/checks", false, a.check},
		{"POST", "/v1/runs", false, a.startRun},
		{"GET", "/v1/runs", false, a.runs},
		{"GET", "/v1/runs/{id}", false, a.run},
		{"PUT", "/v1/runs/{id}", false, a.recordRun},
		{"POST", "/v1/runs/{id}/finish", false, a.finishRun},
	}
}

func (a *API) handler(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		err := a.guard(req, !r.open)
		if err == nil {
			err = r.serve(w, req)
		}
		if err != nil {
			a.refuse(w, err)
		}
	})
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	a.mux.ServeHTTP(w, r)
}

// refuse answers with a fault, and logs what the client is not told.
func (a *API) refuse(w http.ResponseWriter, err error) {
	if e := host.AsError(err); e.Kind == host.KindInternal {
		a.cfg.Log.Error("control API", "error", err)
	}
	refuse(w, err)
}

// NewServer returns a server whose clients cannot hold it up for ever.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // of 50 MB at most, over loopback
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    128 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// trimPath returns what of a request's path stands behind a prefix.
func trimPath(target, prefix string) string {
	path, _, _ := strings.Cut(target, "?")
	return strings.TrimPrefix(path, prefix)
}
