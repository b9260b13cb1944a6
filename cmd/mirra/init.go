package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
)

//go:embed starter/scenario.md
var starterScenario string

// starterSkill tells agents when and how to use Mirra, see
// https://code.claude.com/docs/en/skills (2026-11-28).
//
//go:embed starter/SKILL.md
var starterSkill []byte

func (a *app) initCommand() *cobra.Command {
	var mirrors []string
	cmd := &cobra.Command{
		Use: "init", Short: "Put a starter scenario and a skill for coding agents into the project", Args: noArgs,
		Long:    "Put a scenario to begin with into scenarios/, for the vendors that the project uses,\nand a skill for coding agents into .claude/skills/mirra/. Files that are there stay as\nthey are.",
		Example: "  mirra init\n  mirra init --mirrors stripe",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.init(cmd.Context(), mirrors)
		},
	}
	cmd.Flags().StringSliceVar(&mirrors, "mirrors", nil, "mirrors that the scenario is for; else those of mirra.yaml, else what the project uses")
	return cmd
}

// starterMirror is what the scenario says of a mirror.
type starterMirror struct{ Name, Path string }

// starter is a scenario to begin with, for the mirrors of a plan.
func (a *app) starter(ctx context.Context, p *plan) ([]byte, error) {
	data := struct {
		Title, Names, List string
		Mirrors            []starterMirror
	}{}
	var vendors []string
	for i, name := range p.names {
		m := a.manifestOf(ctx, p.request.Mirrors[i].Digest)
		if m == nil { // installed from elsewhere
			vendors = append(vendors, name)
			data.Mirrors = append(data.Mirrors, starterMirror{name, "/"})
			continue
		}
		vendors = append(vendors, m.Vendor)
		data.Mirrors = append(data.Mirrors, starterMirror{name, tryPath(m)})
	}
	data.Names, data.List = strings.Join(vendors, " and "), strings.Join(p.names, ", ")
	data.Title = "The application works with " + data.Names
	t, err := template.New("scenario").Parse(starterScenario)
	if err != nil {
		return nil, err
	}
	var scenario bytes.Buffer
	err = t.Execute(&scenario, data)
	return scenario.Bytes(), err
}

func (a *app) init(ctx context.Context, mirrors []string) error {
	p, err := a.plan(ctx, &upFlags{mirrors: mirrors})
	if err == nil {
		err = p.nothing
	}
	if err != nil {
		return err
	}
	scenario, err := a.starter(ctx, p)
	if err != nil {
		return err
	}
	var written, kept []string
	for _, f := range []struct {
		path string
		text []byte
	}{{"scenarios/starter.md", scenario}, {".claude/skills/mirra/SKILL.md", starterSkill}} {
		created, err := createFile(filepath.Join(a.cfg.ProjectRoot, filepath.FromSlash(f.path)), f.text)
		if err != nil {
			return err
		}
		if created {
			written = append(written, f.path)
		} else {
			kept = append(kept, f.path)
		}
	}
	if a.flags.json {
		return a.out.object(map[string]any{"project": a.cfg.ProjectRoot, "mirrors": p.names, "written": append([]string{}, written...), "kept": append([]string{}, kept...)})
	}
	for _, path := range written {
		a.out.summary("✓ wrote %s", path)
	}
	for _, path := range kept {
		a.out.summary("→ kept %s, which was there", path)
	}
	if slices.Contains(written, "scenarios/starter.md") {
		a.out.say("Say in scenarios/starter.md what is to happen.")
	}
	a.out.say("Let a coding agent use Mirra: mirra mcp install %s", strings.Join(mcpClientNames(), "|"))
	return nil
}

// createFile writes a file that is not there yet, and tells whether it did.
func createFile(path string, text []byte) (bool, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = f.Write(text)
	return true, errors.Join(err, f.Close())
}
