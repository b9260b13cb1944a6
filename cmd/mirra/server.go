package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
	"github.com/mirrahq/mirra/registry/embedded"
)

// embeddedPlugins is what `make build` packed; a clean clone has a placeholder
// only, and says so when a plugin is asked for.
//
//go:embed all:embedded
var embeddedPlugins embed.FS

// embeddedFiles is what was packed: plugins and their compiled code.
func embeddedFiles() fs.FS {
	packed, err := fs.Sub(embeddedPlugins, "embedded")
	if err != nil {
		panic(err) // a constant path
	}
	return packed
}

// sources is where plugins come from, the folders of plugin-path first.
func (c *Config) sources() []registry.Source {
	var all []registry.Source
	for _, p := range c.PluginPath {
		all = append(all, dir.New("dir:"+filepath.ToSlash(p), p))
	}
	packed := embeddedFiles()
	// Who named folders is not told that the binary has no plugins.
	if _, err := fs.Stat(packed, "index.json"); err == nil || len(all) == 0 {
		all = append(all, embedded.New(packed))
	}
	return all
}

// serverCommand runs the server in the background of other commands. It is not
// for people, who have serve.
func (a *app) serverCommand() *cobra.Command {
	var idle time.Duration
	var pluginPath []string
	cmd := &cobra.Command{
		Use: "server", Hidden: true, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.cfg.PluginPath = pluginPath
			logs := slog.New(slog.NewTextHandler(a.stderr, nil))
			tell := func(s started) {
				b, err := json.Marshal(s)
				if err == nil {
					fmt.Fprintf(a.stdout, "%s\n", b)
				}
				if c, ok := a.stdout.(io.Closer); ok {
					_ = c.Close() // who started this reads no more
				}
			}
			err := a.serve(cmd.Context(), assembly.Config{IdleExit: idle, Log: logs}, func(s *serverState) error { tell(started{State: s}); return nil })
			if err != nil {
				logs.Error("server", "error", err)
				tell(started{Error: &struct{ Message, Hint string }{message(err), hint(err)}})
			}
			return err
		},
	}
	cmd.Flags().DurationVar(&idle, "idle", 0, "exit after so long without sessions")
	cmd.Flags().StringArrayVar(&pluginPath, "plugin-path", nil, "folder of plugins")
	return cmd
}

// serve runs a server until ctx ends or it has nothing to do. ready is called
// once it listens; an error of it ends the server.
func (a *app) serve(ctx context.Context, c assembly.Config, ready func(*serverState) error) error {
	if err := os.MkdirAll(a.cfg.Dirs.State, 0o700); err != nil {
		return err
	}
	lock := flock.New(a.cfg.serverLock())
	if ok, err := lock.TryLock(); err != nil {
		return fmt.Errorf("lock %s: %w", a.cfg.serverLock(), err)
	} else if !ok {
		return &host.Error{Kind: host.KindConflict, Code: "mirra.server.runs", Message: "a server of this user runs already", Hint: "mirra status shows it; MIRRA_HOME=FOLDER keeps another one apart"}
	}
	defer lock.Unlock() // the process's end releases it too
	if err := a.cfg.removeStale(); err != nil {
		return err
	}
	c.CacheDir, c.DataDir, c.Sources, c.Version = a.cfg.Dirs.Cache, a.cfg.Dirs.Data, a.cfg.sources(), version()
	c.Precompiled = embeddedFiles()
	c.Ended = a.cfg.removeDropIn
	c.MCP = serveAgents(c.Log)
	err := a.cfg.removeDropIns() // of a server that crashed: its authority is gone
	if err != nil {
		return err
	}
	if c.Root, err = a.cfg.keptCA().load(); err != nil {
		return err
	}
	if c.ControlAddr == "" {
		c.ControlAddr, c.VendorAddr = a.cfg.ports()
	}
	s, err := assembly.New(c)
	if err != nil {
		return err
	}
	if c.Root != nil {
		if why := outdated(c.Root, nil, time.Now()); why != "" && c.Log != nil {
			c.Log.Warn("the authority of mirra trust is not used", "reason", why) // doctor says it too
		}
	}
	state := &serverState{PID: os.Getpid(), Version: c.Version, Control: s.ControlURL(), Vendor: s.VendorURL(), TLS: s.TLSURL(), Token: s.Token(), Started: time.Now().UTC()}
	err = writePrivate(a.cfg.stateFile(), state)
	if err == nil {
		err = ready(state)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case <-s.Done():
		}
	}
	err = errors.Join(err, a.cfg.removeStale(), a.cfg.removeDropIns())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, s.Close(ctx))
}

// writePrivate replaces a file, which only this user can read.
func writePrivate(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	_ = os.Remove(tmp) // one left behind might be readable by others
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
