package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

// figuresName is the file beside plugins that says how exact they were measured
// to be.
const figuresName = "fidelity.json"

// figures returns what was measured of a mirror, by corpus: as folders of
// plugin-path say, else the binary; nil if none does.
func (a *app) figures(version string) map[string]*vendorsuite.Figures {
	var all []fs.FS
	for _, p := range a.cfg.PluginPath {
		all = append(all, os.DirFS(p))
	}
	if packed, err := fs.Sub(embeddedPlugins, "embedded"); err == nil {
		all = append(all, packed)
	}
	name, _, _ := strings.Cut(version, "@")
	for _, folder := range all {
		text, err := fs.ReadFile(folder, figuresName)
		if err != nil {
			continue // most folders have none
		}
		b, err := vendorsuite.ParseBaseline(text)
		if err != nil {
			a.out.note("%s beside the plugins: %v", figuresName, err)
			continue
		}
		if v := b[name]; v != nil {
			if f := v.Figures[vendorsuite.LineOf(version)]; f != nil {
				return f
			}
		}
	}
	return nil
}

// lastChecked says when a mirror was last compared with the vendor itself.
func (a *app) lastChecked(version string) string {
	f := a.figures(version)[vendorsuite.Live]
	if f == nil {
		return "never"
	}
	day, err := time.Parse(time.DateOnly, f.Checked)
	if err != nil {
		return "never"
	}
	ago := "today"
	switch days := int(time.Since(day).Hours() / 24); {
	case days == 1:
		ago = "1 day ago"
	case days > 1:
		ago = fmt.Sprintf("%d days ago", days)
	}
	return fmt.Sprintf("%s, %s answers exact", ago, share(f.Exact, f.Counted))
}

// measured sums up what was measured of a mirror.
func (a *app) measured(version string) string {
	var parts []string
	figures := a.figures(version)
	for _, corpus := range corpora {
		if f := figures[corpus]; f != nil {
			parts = append(parts, fmt.Sprintf("%s %s answers exact", share(f.Exact, f.Counted), corpus))
		}
	}
	return strings.Join(parts, ", ")
}

// packFigures writes the figures of baselines, without what they are made of, to
// where plugins are packed.
func packFigures(files []string, out string) error {
	all := vendorsuite.Baseline{}
	for _, name := range files {
		if _, err := os.Stat(name); err != nil {
			return err
		}
		b, err := vendorsuite.ReadBaseline(name)
		if err != nil {
			return err
		}
		for vendor, v := range b {
			v.Matches = nil
			all[vendor] = v
		}
	}
	return all.Write(filepath.Join(out, figuresName))
}
