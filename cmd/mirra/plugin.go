package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/embedded"
	"github.com/mirrahq/mirra/registry/install"
	"github.com/mirrahq/mirra/registry/lock"
)

func (a *app) pluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plugin", Short: "Install, pin, inspect and build plugins", Args: a.noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.pluginInstall(), a.pluginUpdate(), a.pluginList(), a.pluginInfo(), a.pluginVerify(), a.pluginRemove(), a.pluginNew(), a.pluginBuild(), a.pluginVet(), a.pluginCoverage(), a.pluginPack())
	return cmd
}

// pluginJSON is a plugin as --json prints it.
type pluginJSON struct {
	Name         string          `json:"name"`
	Version      string          `json:"version"`
	Digest       registry.Digest `json:"digest"`
	Source       string          `json:"source"`
	Locked       bool            `json:"locked"`
	Cached       *bool           `json:"cached,omitempty"`
	Error        string          `json:"error,omitempty"`
	Capabilities []string        `json:"capabilities,omitempty"`
	Hosts        []string        `json:"hosts,omitempty"`
	Manifest     *abi.Manifest   `json:"manifest,omitempty"`
}

func describePlugin(p install.Plugin) pluginJSON {
	return pluginJSON{Name: string(p.Name), Version: p.Version.String(), Digest: p.Digest, Source: p.Source, Locked: p.Locked, Capabilities: p.Capabilities, Hosts: p.Hosts()}
}

func (a *app) pluginInstall() *cobra.Command {
	var opts install.Options
	cmd := &cobra.Command{
		Use: "install [REF...]", Short: "Pin plugins in mirra.lock and make them ready for use",
		Long:    "Pin plugins in mirra.lock and make them ready for use; without names, all that\nis pinned already. A name is stripe, stripe@2024-06, stripe@2024-06.3, a .wasm\nfile or a folder of them.",
		Example: "  mirra plugin install stripe@2024-06\n  mirra plugin install ./my.wasm\n  mirra plugin install --frozen",
		Args:    rangeArgs(0, -1, "names of plugins"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.installPlugins(cmd.Context(), args, opts) },
	}
	cmd.Flags().BoolVar(&opts.Frozen, "frozen", false, "install exactly what mirra.lock pins, or fail and say what differs")
	cmd.Flags().BoolVar(&opts.Update, "update", false, "let what is pinned change")
	return cmd
}

func (a *app) pluginUpdate() *cobra.Command {
	return &cobra.Command{
		Use: "update [NAME...]", Short: "Move pinned plugins to the newest build of their line", Args: rangeArgs(0, -1, "names of plugins"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.installPlugins(cmd.Context(), args, install.Options{Update: true})
		},
	}
}

func (a *app) installPlugins(ctx context.Context, args []string, opts install.Options) error {
	refs, err := parseRefs(args)
	if err != nil {
		return err
	}
	for i, r := range refs {
		if r.Path != "" {
			refs[i].Path = a.inWorkingDir(r.Path)
		}
	}
	in := a.cfg.installer()
	in.Events = install.Events{
		FetchDone: func(plugin, source string) { a.out.say("→ %s from %s", plugin, source) },
		Damaged: func(plugin string, err error) {
			a.out.note("%s in the cache is damaged and is fetched again: %v", plugin, err)
		},
		Pinned: func(before *lock.Entry, after lock.Entry) {
			if before == nil {
				a.out.say("✓ %s is pinned now", after)
			} else {
				a.out.say("✓ %s is pinned now, %s was", after, before)
			}
		},
	}
	plugins, err := in.Install(ctx, refs, opts)
	if err != nil {
		return err
	}
	for _, p := range plugins {
		file, err := in.Open(ctx, p)
		if err == nil {
			err = assembly.Compile(ctx, a.cfg.Dirs.Cache, file)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	if a.flags.json {
		out := []pluginJSON{}
		for _, p := range plugins {
			out = append(out, describePlugin(p))
		}
		return a.out.object(map[string]any{"plugins": out, "lock": in.LockPath})
	}
	names := make([]string, len(plugins))
	for i, p := range plugins {
		names[i] = p.String()
	}
	a.out.summary("✓ ready: %s", strings.Join(names, ", "))
	return nil
}

func (a *app) pluginList() *cobra.Command {
	available := false
	cmd := &cobra.Command{
		Use: "list", Short: "List what the project pins, or with --available what there is", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if available {
				return a.listAvailable(cmd.Context())
			}
			all, err := a.cfg.installer().List(cmd.Context())
			if err != nil {
				return err
			}
			return a.printStatus(all, "This project pins no plugins. mirra plugin install NAME does; mirra plugin list --available shows which there are.")
		},
	}
	cmd.Flags().BoolVar(&available, "available", false, "all builds that can be installed")
	return cmd
}

func (a *app) listAvailable(ctx context.Context) error {
	all, err := a.cfg.installer().Available(ctx)
	if len(all) == 0 && err != nil {
		return err
	}
	if err != nil {
		a.out.note("%v", err)
	}
	if a.flags.json {
		out := []pluginJSON{}
		for _, p := range all {
			out = append(out, describePlugin(p))
		}
		return a.out.object(map[string]any{"plugins": out})
	}
	var rows [][]string
	for _, p := range all {
		pinned := ""
		if p.Locked {
			pinned = "pinned"
		}
		rows = append(rows, []string{p.String(), p.Source, p.Manifest.API.Default, p.Manifest.Summary, pinned})
	}
	a.out.table([]string{"PLUGIN", "SOURCE", "API", "WHAT", ""}, rows)
	return nil
}

func (a *app) printStatus(all []install.Status, none string) error {
	if a.flags.json {
		out := []pluginJSON{}
		for _, s := range all {
			cached := s.Cached
			p := pluginJSON{Name: string(s.Name), Version: s.Version.String(), Digest: s.Digest, Source: s.Source, Locked: true, Cached: &cached, Capabilities: s.Capabilities, Hosts: s.Hosts}
			if s.Err != nil {
				p.Error = s.Err.Error()
			}
			out = append(out, p)
		}
		return a.out.object(map[string]any{"plugins": out})
	}
	if len(all) == 0 {
		a.out.summary("%s", none)
		return nil
	}
	var rows [][]string
	for _, s := range all {
		state := "ready"
		if s.Err != nil {
			state = "✗ " + s.Err.Error()
		} else if !s.Cached {
			state = "not in the cache: mirra plugin install"
		}
		rows = append(rows, []string{s.String(), s.Source, string(s.Digest)[:19] + "…", state})
	}
	a.out.table([]string{"PLUGIN", "SOURCE", "DIGEST", "STATE"}, rows)
	return nil
}

func (a *app) pluginInfo() *cobra.Command {
	return &cobra.Command{
		Use: "info REF", Short: "Show what a plugin is and can do", Args: exactArgs(1, "a plugin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			refs, err := parseRefs(args)
			if err != nil {
				return err
			}
			p, err := a.resolve(cmd.Context(), a.cfg.installer(), refs[0])
			if err != nil {
				return err
			}
			if a.flags.json {
				out := describePlugin(p)
				out.Manifest = p.Manifest
				return a.out.object(out)
			}
			m := p.Manifest
			levels := map[string]int{}
			for _, op := range m.Operations {
				levels[op.Level.String()]++
			}
			count := []string{}
			for _, l := range []string{"exact", "modelled", "generic", "none"} {
				if levels[l] > 0 {
					count = append(count, fmt.Sprintf("%d %s", levels[l], l))
				}
			}
			fixtures := []string{"empty"}
			for _, f := range m.Fixtures {
				if f.Name != "empty" {
					fixtures = append(fixtures, f.Name)
				}
			}
			var secrets []string
			for _, s := range m.Secrets {
				secrets = append(secrets, strings.Join(s.Env, " or "))
			}
			a.out.table(nil, [][]string{
				{"plugin", p.String()}, {"vendor", m.Vendor}, {"what", m.Summary}, {"API", strings.Join(append([]string{m.API.Default}, m.API.Also...), ", ")},
				{"source", p.Source}, {"digest", string(p.Digest)}, {"size", fmt.Sprintf("%.1f MB", float64(p.Size)/1e6)}, {"license", orDash(m.License)},
				{"can use", strings.Join(p.Capabilities, ", ")}, {"hosts", strings.Join(p.Hosts(), ", ")}, {"operations", orDash(strings.Join(count, ", "))},
				{"fixtures", strings.Join(fixtures, ", ")}, {"simulates", orDash(strings.Join(m.Simulates, ", "))}, {"secrets from", orDash(strings.Join(secrets, ", "))},
				{"fidelity", orDash(a.measured(p.String()))}, {"fidelity last checked", a.lastChecked(p.String())},
			})
			return nil
		},
	}
}

func (a *app) pluginVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Check the files of pinned plugins against mirra.lock", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := a.cfg.installer().Verify(cmd.Context())
			if all == nil && err != nil {
				return err
			}
			if e := a.printStatus(all, "This project pins no plugins."); e != nil {
				return e
			}
			return err
		},
	}
}

func (a *app) pluginRemove() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME...", Short: "Unpin plugins", Args: rangeArgs(1, -1, "names of plugins"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var names []registry.Name
			for _, text := range args {
				n, err := registry.ParseName(text)
				if err != nil {
					return &usageError{text: err.Error(), hint: hint(err)}
				}
				names = append(names, n)
			}
			if err := a.cfg.installer().Remove(cmd.Context(), names...); err != nil {
				return err
			}
			return a.done(map[string]any{"removed": names}, "✓ not pinned any more: %s", strings.Join(args, ", "))
		},
	}
}

// pluginPack is what the Makefile calls before it builds the binary.
func (a *app) pluginPack() *cobra.Command {
	var figures []string
	var compile bool
	cmd := &cobra.Command{
		Use: "pack FOLDER OUT", Short: "Pack built plugins to be embedded", Hidden: true, Args: exactArgs(2, "a folder of plugins, and one for the packed ones"),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := a.inWorkingDir(args[1])
			if err := embedded.Pack(a.inWorkingDir(args[0]), out); err != nil {
				return err
			}
			if compile {
				if err := packCompiled(cmd.Context(), a.inWorkingDir(args[0]), out); err != nil {
					return err
				}
			}
			for i := range figures {
				figures[i] = a.inWorkingDir(figures[i])
			}
			return packFigures(figures, out)
		},
	}
	cmd.Flags().BoolVar(&compile, "compile", false, "pack the code compiled for this system too")
	cmd.Flags().StringArrayVar(&figures, "fidelity", nil, "baseline of which to pack the figures (repeatable)")
	return cmd
}

func (a *app) pluginBuild() *cobra.Command {
	var out, tags string
	cmd := &cobra.Command{
		Use: "build DIR", Short: "Build a plugin from its Go folder; the same source gives the same bytes", Args: exactArgs(1, "the folder of a plugin"),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder, err := resolveFolder(a.cfg.WorkingDir, args[0])
			if err != nil {
				return err
			}
			file, m, err := buildPlugin(cmd.Context(), folder, tags, a.stderr)
			if err != nil {
				return err
			}
			path := out
			if path == "" {
				path = fmt.Sprintf("%s@%s.%d.wasm", m.Name, m.Line, m.Build)
			}
			if err := writeWhole(a.inWorkingDir(path), file); err != nil {
				return err
			}
			digest := registry.DigestOf(file)
			return a.done(map[string]any{"file": path, "name": m.Name, "version": fmt.Sprintf("%s.%d", m.Line, m.Build), "digest": digest, "size": len(file)},
				"✓ %s  %s@%s.%d  %.1f MB  %s", path, m.Name, m.Line, m.Build, float64(len(file))/1e6, digest)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "file to write, else NAME@VERSION.wasm")
	cmd.Flags().StringVar(&tags, "tags", "", "build tags, comma-separated: the source may hold several lines")
	return cmd
}

// writeWhole replaces a file whole or not at all.
func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".mirra-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already once it was renamed
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Chmod(tmp.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// checkPlugin reports everything that is wrong with a plugin file, as far as it
// can be read.
func checkPlugin(file []byte) (registry.Build, error) {
	b, err := registry.Inspect(file)
	if err != nil {
		return b, err
	}
	faults := multierror.Append(nil, registry.CheckManifest(b.Manifest), registry.CheckCapabilities(b.Capabilities))
	return b, registry.Faults(faults)
}
