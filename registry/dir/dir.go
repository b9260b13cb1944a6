// Package dir is the source of the plugins that lie in a folder: its .wasm
// files and those of the folders directly in it. File names mean nothing; what
// a plugin is called stands in its manifest.
package dir

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/file"
)

// Source is a folder of plugin files.
type Source struct {
	label, folder string
}

var _ registry.Source = (*Source)(nil)

// New returns the source of a folder, which is read anew by every call.
func New(label, folder string) *Source { return &Source{label, folder} }

// Label implements registry.Source.
func (s *Source) Label() string { return s.label }

// List implements registry.Source. It reads all files.
func (s *Source) List(ctx context.Context) ([]registry.Build, error) {
	paths, err := s.paths()
	if err != nil {
		return nil, err
	}
	var builds []registry.Build
	var faults *multierror.Error
	for _, p := range paths {
		if err := ctx.Err(); err != nil {
			return builds, err
		}
		b, err := file.New(s.label, p).List(ctx)
		if err != nil {
			faults = multierror.Append(faults, err)
		}
		builds = append(builds, b...)
	}
	return builds, registry.Faults(faults)
}

// Fetch implements registry.Source.
func (s *Source) Fetch(ctx context.Context, d registry.Digest) ([]byte, error) {
	paths, err := s.paths()
	if err != nil {
		return nil, err
	}
	for _, p := range paths {
		// A file that cannot be read is not the one that is looked for, and
		// List names it.
		if data, err := file.New(s.label, p).Fetch(ctx, d); err == nil {
			return data, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, registry.NotFound(s.label, d)
}

// paths returns the .wasm files. Links to files are followed, links to folders
// are not: they could lead in circles.
func (s *Source) paths() ([]string, error) {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return nil, fmt.Errorf("read plugin folder: %w", err)
	}
	var paths []string
	for _, e := range entries {
		p := filepath.Join(s.folder, e.Name())
		if isModule(e) {
			paths = append(paths, p)
			continue
		}
		if !e.IsDir() {
			continue
		}
		inner, err := os.ReadDir(p)
		if err != nil {
			return nil, fmt.Errorf("read plugin folder: %w", err)
		}
		for _, e := range inner {
			if isModule(e) {
				paths = append(paths, filepath.Join(p, e.Name()))
			}
		}
	}
	return paths, nil
}

func isModule(e os.DirEntry) bool { return !e.IsDir() && strings.HasSuffix(e.Name(), ".wasm") }
