package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"
)

// finding is one thing doctor looked at.
type finding struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	fix := false
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what keeps Mirra from working here", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			all := []finding{{"version", true, version(), ""}}
			all = append(all, a.checkFolders()...)
			all = append(all, a.checkServer(ctx)...)
			all = append(all, a.checkPlugins(ctx)...)
			all = append(all, checkNames(ctx))
			all = append(all, checkHosts(systemHosts(), fix)...)
			all = append(all, a.checkTrust(ctx, time.Now())...)
			all = append(all, a.checkCertificates(time.Now())...)
			all = append(all, a.checkRefused(ctx)...)
			bad := 0
			for _, f := range all {
				if !f.OK {
					bad++
				}
				if a.flags.json {
					continue
				}
				sign := "✓"
				if !f.OK {
					sign = "✗"
				}
				a.out.summary("%s %-10s %s", sign, f.What, f.Text)
				if f.Hint != "" {
					a.out.summary("  %-10s %s", "", f.Hint)
				}
			}
			if a.flags.json {
				if err := a.out.object(map[string]any{"findings": all}); err != nil {
					return err
				}
			}
			if bad > 0 {
				return &exitError{exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&fix, "fix", false, "take out of the hosts file what an `up --hosts` left that was killed")
	return cmd
}

func (a *app) checkFolders() []finding {
	var out []finding
	d := a.cfg.Dirs
	for _, f := range []struct{ what, path string }{{"cache", d.Cache}, {"state", d.State}, {"data", d.Data}} {
		if err := writable(f.path); err != nil {
			out = append(out, finding{f.what, false, err.Error(), "make it writable, or set MIRRA_HOME to a folder that is"})
			continue
		}
		out = append(out, finding{f.what, true, f.path, ""})
	}
	return append(out, finding{"project", true, a.cfg.ProjectRoot, ""})
}

func (a *app) checkServer(ctx context.Context) []finding {
	if c, s := a.running(ctx); c != nil {
		f := finding{"server", true, fmt.Sprintf("runs at %s as process %d", s.Control, s.PID), ""}
		if s.Version != version() {
			f.OK, f.Text, f.Hint = false, fmt.Sprintf("%s, but it is mirra %s", f.Text, s.Version), "mirra down --all ends it; the next command starts this version"
		}
		return []finding{f}
	}
	out := []finding{{"server", true, "does not run; mirra up starts it", ""}}
	if _, err := os.Stat(a.cfg.stateFile()); err == nil {
		l := flock.New(a.cfg.serverLock())
		if ok, _ := l.TryLock(); ok { // who cannot lock, sees the other finding
			err := a.cfg.removeStale()
			out[0] = finding{"server", err == nil, "one crashed; what it left was cleaned up", ""}
			_ = l.Unlock()
		} else {
			out[0] = finding{"server", false, "one runs, but does not answer", "end its process, see " + a.cfg.stateFile() + " and " + a.cfg.logFile()}
		}
	}
	control, vendor := a.cfg.ports()
	for _, addr := range []string{control, vendor} {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			out = append(out, finding{"port", false, fmt.Sprintf("%s: %v", addr, errors.Unwrap(err)), "choose other ports: --port 4500, or port: 4500 in mirra.yaml"})
			continue
		}
		l.Close()
	}
	return out
}

func (a *app) checkPlugins(ctx context.Context) []finding {
	in := a.cfg.installer()
	var out []finding
	all, err := in.Available(ctx)
	switch {
	case len(all) == 0:
		f := finding{"plugins", false, "none", "build them: make build; or name folders of them: MIRRA_PLUGIN_PATH"}
		if err != nil {
			f.Text = err.Error()
		}
		out = append(out, f)
	case err != nil:
		out = append(out, finding{"plugins", true, fmt.Sprintf("%s, and: %v", plural(len(all), "build"), err), ""})
	default:
		out = append(out, finding{"plugins", true, plural(len(all), "build"), ""})
	}
	pinned, err := in.Verify(ctx)
	switch {
	case err != nil:
		out = append(out, finding{"lock", false, err.Error(), hint(err)})
	case len(pinned) > 0:
		out = append(out, finding{"lock", true, plural(len(pinned), "plugin") + " pinned and sound", ""})
	}
	return out
}

// checkNames tells whether *.localhost leads here: some systems do not know it.
func checkNames(ctx context.Context) finding {
	addrs, err := net.DefaultResolver.LookupHost(ctx, "stripe-test.localhost")
	if err == nil && len(addrs) > 0 {
		return finding{"names", true, "*.localhost leads to " + addrs[0], ""}
	}
	return finding{"names", true, "*.localhost does not resolve here; use a mirror's port or path (browsers and curl resolve it themselves)", ""}
}

// checkHosts looks for names that lead to mirrors which are gone.
func checkHosts(h hostsFile, fix bool) []finding {
	_, lock, err := h.split()
	switch {
	case err != nil:
		return []finding{{"hosts", true, err.Error() + "; only mirra up --hosts needs it", ""}}
	case lock == "":
		return nil
	case inUse(lock):
		return []finding{{"hosts", true, h.path + " leads vendors here for a mirra up --hosts that runs", ""}}
	case !fix:
		return []finding{{"hosts", false, h.path + " still leads vendors here, for a mirra up --hosts that was killed", "mirra doctor --fix takes that out"}}
	}
	if err := h.remove(""); err != nil {
		return []finding{{"hosts", false, err.Error(), hint(err)}}
	}
	return []finding{{"hosts", true, h.path + " was cleaned up", ""}}
}
