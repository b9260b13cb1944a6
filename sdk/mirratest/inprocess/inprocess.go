// Package inprocess has a server of Mirra within the test's own process, for
// mirratest.Start. It needs no program mirra; it brings the engine along instead, which
// the test then links.
package inprocess

import (
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
	"github.com/mirrahq/mirra/registry/file"
	"github.com/mirrahq/mirra/sdk/mirratest"
)

// Server puts a session on a server within this process, one for all sessions that name
// the same plugins: .wasm files, and folders of them. Without any there are those that
// `mirra plugin install` put into the user's cache. A plugin is compiled when it is used
// for the first time, and kept compiled in that cache.
func Server(plugins ...string) mirratest.Option {
	key := strings.Join(plugins, "\x00")
	open, _ := servers.LoadOrStore(key, sync.OnceValues(func() (host.Control, error) { return start(plugins) }))
	return mirratest.On(open.(func() (host.Control, error)))
}

// servers are those that run, until the process ends.
var servers sync.Map

func start(plugins []string) (host.Control, error) {
	folder, err := assembly.UserCache()
	if err != nil {
		return nil, err
	}
	c := assembly.Config{CacheDir: folder, ControlAddr: "127.0.0.1:0", VendorAddr: "127.0.0.1:0", Version: "inprocess"}
	for _, p := range plugins {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("plugin: %w; paths are from the folder of the test's package", err)
		}
		var source registry.Source = file.New("file:"+p, p)
		if info.IsDir() {
			source = dir.New("dir:"+p, p)
		}
		c.Sources = append(c.Sources, source)
	}
	s, err := assembly.New(c)
	if err != nil {
		return nil, err
	}
	return server{s}, nil
}

// server has what mirratest.Session.Env asks for.
type server struct{ *assembly.Server }

// URL returns where the control API is.
func (s server) URL() string { return s.ControlURL() }
