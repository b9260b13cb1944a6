package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/file"
)

func (a *app) pluginVet() *cobra.Command {
	calls := 0
	cmd := &cobra.Command{
		Use: "vet FILE|DIR", Short: "Check that a plugin loads, and measure what its calls cost", Args: exactArgs(1, "a .wasm file, or the folder of a plugin"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.vet(cmd.Context(), args[0], calls) },
	}
	cmd.Flags().IntVar(&calls, "calls", 200, "how often each operation is called")
	return cmd
}

// vetJSON is what `plugin vet --json` prints.
type vetJSON struct {
	Plugin       string    `json:"plugin"`
	Digest       string    `json:"digest"`
	Bytes        int64     `json:"bytes"`
	LoadMS       float64   `json:"loadMs"`
	Capabilities []string  `json:"capabilities"`
	Operations   []vetCall `json:"operations"`
}

type vetCall struct {
	Operation string  `json:"operation"`
	Method    string  `json:"method"`
	Path      string  `json:"path"`
	Status    int     `json:"status"`
	Micros    float64 `json:"medianMicros"`
	Fuel      int64   `json:"fuel"`
}

func (a *app) vet(ctx context.Context, path string, calls int) error {
	module, err := a.readPlugin(ctx, path)
	if err != nil {
		return err
	}
	build, err := checkPlugin(module)
	if err != nil {
		return unsoundPlugin(path, err)
	}
	// A cache of its own, so that the load is measured and nothing is kept.
	tmp, err := os.MkdirTemp("", "mirra-vet-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // a leftover in the temporary folder harms nobody
	s, err := assembly.New(assembly.Config{CacheDir: tmp, VendorAddr: "127.0.0.1:0", Sources: []registry.Source{&oneModule{build, module}}})
	if err != nil {
		return err
	}
	defer s.Close(context.WithoutCancel(ctx)) // nothing of it is wanted any more
	started := time.Now()
	info, err := s.CreateSession(ctx, &host.NewSession{Mirrors: []host.MirrorRequest{{Digest: string(build.Digest)}}, Limits: "off"})
	if err != nil {
		return err
	}
	report := vetJSON{Plugin: build.String(), Digest: string(build.Digest), Bytes: build.Size, LoadMS: float64(time.Since(started).Microseconds()) / 1000, Capabilities: build.Capabilities}
	if err := measure(ctx, s, info, build.Manifest, calls, &report); err != nil {
		return err
	}
	if a.flags.json {
		return a.out.object(report)
	}
	a.out.summary("✓ %s loads: %.1f MB, %.0f ms, uses %s", report.Plugin, float64(report.Bytes)/1e6, report.LoadMS, strings.Join(report.Capabilities, ", "))
	if len(report.Operations) == 0 {
		a.out.summary("  no operation can be called without an id; nothing was measured")
		return nil
	}
	var rows [][]string
	for _, c := range report.Operations {
		rows = append(rows, []string{c.Operation, c.Method, c.Path, fmt.Sprint(c.Status), fmt.Sprintf("%.0f", c.Micros), fmt.Sprint(c.Fuel)})
	}
	a.out.table([]string{"OPERATION", "METHOD", "PATH", "STATUS", "µs", "FUEL"}, rows)
	return nil
}

func (a *app) readPlugin(ctx context.Context, path string) ([]byte, error) {
	full := a.inWorkingDir(path)
	info, err := os.Stat(full)
	if err != nil {
		return nil, &usageError{text: fmt.Sprintf("plugin vet: %v", err)}
	}
	if !info.IsDir() {
		return file.Read(full)
	}
	module, _, err := buildPlugin(ctx, full, "", a.stderr)
	return module, err
}

// measure calls each operation that needs no id, and reads from the trace how
// long the host took for it: network and HTTP are not the plugin's.
func measure(ctx context.Context, s *assembly.Server, info *host.SessionInfo, m *abi.Manifest, calls int, report *vetJSON) error {
	credential := sampleHeader(m)
	after := ""
	for _, op := range m.Operations {
		if strings.Contains(op.Path, "{") || op.Level == abi.LevelNone {
			continue
		}
		url := info.Mirrors[0].URLs[m.Hosts[0].ID]
		if op.Host != "" {
			url = info.Mirrors[0].URLs[op.Host]
		}
		for range calls {
			req, err := http.NewRequestWithContext(ctx, op.Method, url+op.Path, bytes.NewReader(nil))
			if err != nil {
				return err
			}
			if credential[0] != "" {
				req.Header.Set(credential[0], credential[1])
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if err != nil {
				return err
			}
		}
		c := vetCall{Operation: op.ID, Method: op.Method, Path: op.Path}
		var times []float64
		for {
			page, err := s.Trace(ctx, info.SessionID, host.TraceQuery{Types: []string{host.EventTraffic}, Cursor: after, Limit: 1000})
			if err != nil {
				return err
			}
			for _, e := range page.Entries {
				times = append(times, e.DurationMS*1000)
				c.Status, c.Fuel = e.Status, e.Fuel
				after = fmt.Sprint(e.Seq)
			}
			if page.NextCursor == "" {
				break
			}
		}
		if len(times) == 0 {
			continue
		}
		slices.Sort(times)
		c.Micros = times[len(times)/2]
		report.Operations = append(report.Operations, c)
	}
	return nil
}

// oneModule is the source of a file in memory.
type oneModule struct {
	build  registry.Build
	module []byte
}

// Label implements registry.Source.
func (o *oneModule) Label() string { return "vet" }

// List implements registry.Source.
func (o *oneModule) List(context.Context) ([]registry.Build, error) {
	return []registry.Build{o.build}, nil
}

// Fetch implements registry.Source.
func (o *oneModule) Fetch(_ context.Context, d registry.Digest) ([]byte, error) {
	if d != o.build.Digest {
		return nil, registry.NotFound("vet", d)
	}
	return o.module, nil
}
