// Package assembly joins sessions, plugins, databases and listeners to a
// server. cmd/mirra runs one for each user, mirratest one for each test binary.
// It decides nothing about mirrors: what a session does is package session's,
// how it is reached httpapi's.
package assembly

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
	"github.com/mirrahq/mirra/host/proxy"
	"github.com/mirrahq/mirra/host/session"
	"github.com/mirrahq/mirra/host/sqlite"
	"github.com/mirrahq/mirra/host/wasm"
	"github.com/mirrahq/mirra/host/webhook"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/install"
)

// Config is what a server is made of.
type Config struct {
	// CacheDir keeps plugin files and compiled plugins. It is needed.
	CacheDir string
	// Precompiled holds what Precompile packed, so that a plugin's first start need
	// not compile it; nil holds nothing.
	Precompiled fs.FS
	// DataDir keeps persistent sessions; "" keeps none.
	DataDir string
	// Sources is where plugins come from that the cache does not have.
	Sources []registry.Source
	// ControlAddr and VendorAddr are what to listen on, "127.0.0.1:0" for any
	// free port. Without ControlAddr there is no control API, only Control.
	ControlAddr, VendorAddr string
	// Token guards the control API; "" makes one.
	Token string
	// NamedToken returns whose a token of the control API is, beside Token; nil
	// knows none. See httpapi.Config.
	NamedToken func(token string) (name string, err error)
	// Hosts are names by which the control API may be called beside loopback.
	Hosts []string
	// Domains are names whose subdomains reach mirrors, beside localhost; each
	// may begin with "*.".
	Domains []string
	// TLS serves mirrors on TLSAddr too, with a certificate that covers Domains;
	// the zero value does not.
	TLS     TLSFiles
	TLSAddr string
	// Root is a certificate authority of the proxy that outlives the server; nil is none.
	Root *proxy.Root
	// ProxyByName lets clients of the proxy name a session by its name too, which
	// others may guess.
	ProxyByName bool
	// WebhookHosts are targets of deliveries allowed to all sessions, Private
	// allows those in private networks.
	WebhookHosts []string
	Private      bool
	// Ended is called with the id of each session that has ended; it may be nil.
	Ended func(id string)
	// MCP makes what serves coding agents at /mcp of the control API; nil serves none.
	MCP func(host.Control) Agents
	// IdleExit is how long the server may be without sessions before Done; 0
	// is for ever.
	IdleExit time.Duration
	// Preload are builds to load in the background.
	Preload []string
	Version string
	Log     *slog.Logger
}

// Agents serves coding agents, see package mcp. Who embeds a server need not link it.
type Agents interface {
	Handler() http.Handler
	Close() // ends all clients, and the sessions they started
}

// Server is sessions, and the listeners that reach them.
type Server struct {
	cfg      Config
	log      *slog.Logger
	runtime  *wasm.Runtime
	stores   *sqlite.Stores
	sessions *session.Manager
	programs *programs
	sender   *sender
	vendor   *httpapi.Vendor
	proxy    *proxy.Proxy
	agents   Agents // nil without
	started  time.Time

	catalogue                     *sqlite.Catalogue // nil without DataDir
	control, vendorL, tlsL        net.Listener      // control and tlsL are nil without
	controlWeb, vendorWeb, tlsWeb *http.Server

	runs runs

	mu      sync.RWMutex
	reach   map[string]*reach // by session id
	lastUse time.Time         // when there last was a session
	busy    int               // sessions being made

	done     chan struct{}
	stopOnce sync.Once
	loop     context.CancelFunc
	loops    sync.WaitGroup
}

var _ host.Control = (*Server)(nil)

// New starts a server. It listens when New returns; Close ends it.
func New(cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Token == "" {
		cfg.Token = "mt_" + rand.Text()
	}
	s := &Server{cfg: cfg, log: cfg.Log, reach: map[string]*reach{}, done: make(chan struct{}), started: time.Now(), lastUse: time.Now()}
	if err := s.start(); err != nil {
		_ = s.Close(context.Background()) // of what was started; err says why
		return nil, err
	}
	return s, nil
}

func (s *Server) start() error {
	var err error
	if s.cfg.Domains, err = domainNames(s.cfg.Domains); err != nil {
		return err
	}
	if s.runtime, err = wasm.New(context.Background(), wasm.Config{CacheDir: compiledCache(s.cfg.CacheDir)}); err != nil {
		return err
	}
	s.stores = sqlite.New(sqlite.Config{})
	s.programs = &programs{
		runtime: s.runtime,
		install: &install.Installer{Sources: s.cfg.Sources, Cache: cache.New(PluginCache(s.cfg.CacheDir))},
		loads:   map[registry.Digest]*load{},
		before: func(d registry.Digest) {
			if err := unpackCompiled(s.cfg.Precompiled, s.cfg.CacheDir, d); err != nil {
				s.log.Warn("compiled code that came with the program is not used", "plugin", d, "error", err)
			}
		},
	}
	s.sender = newSender(webhook.Config{Hosts: s.cfg.WebhookHosts, Private: s.cfg.Private})
	sc := session.Config{Stores: s.stores, Sender: s.sender, Packer: packer{}, Programs: s.programs, BaseURL: s.baseURL}
	if s.cfg.DataDir != "" {
		if err := os.MkdirAll(s.cfg.DataDir, 0o700); err != nil {
			return err
		}
		if s.catalogue, err = sqlite.OpenCatalogue(filepath.Join(s.cfg.DataDir, "catalogue.db")); err != nil {
			return err
		}
		sc.Catalogue, sc.Directory = s.catalogue, filepath.Join(s.cfg.DataDir, "sessions")
	}
	if err := s.listen(); err != nil {
		return err
	}
	if !isLoopback(s.vendorL.Addr()) || s.tlsL != nil && !isLoopback(s.tlsL.Addr()) {
		sc.IDLength = 16 // the URL is the credential
	}
	s.sessions = session.New(sc)
	for _, ref := range s.cfg.Preload {
		s.loops.Go(func() { _, _ = s.programs.Program(context.Background(), ref) }) // who asks for it hears why not
	}
	if err := s.load(); err != nil {
		// One session that cannot be loaded does not keep the others from living.
		s.log.Error("load sessions", "error", err)
	}
	if err := s.loadRuns(); err != nil {
		s.log.Error("load the history of runs", "error", err)
	}
	s.serve()
	ctx, cancel := context.WithCancel(context.Background())
	s.loop = cancel
	s.loops.Go(func() { s.expire(ctx) })
	return nil
}

// PluginCache returns the folder of plugin files in a cache folder, which
// clients and server share.
func PluginCache(cacheDir string) string { return filepath.Join(cacheDir, "plugins") }

// UserCache returns this user's cache folder: that of the system, or in MIRRA_HOME.
func UserCache() (string, error) {
	if home := os.Getenv("MIRRA_HOME"); home != "" {
		home, err := filepath.Abs(home)
		return filepath.Join(home, "cache"), err
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for caches: %w; set MIRRA_HOME", err)
	}
	return filepath.Join(folder, "mirra"), nil
}
