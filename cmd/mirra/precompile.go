package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
)

// packCompiled compiles the plugins of a folder for this system and puts the code
// where it is embedded, so that nobody's first `mirra up` compiles. What is there
// already is kept; what belongs to no plugin of the folder goes.
func packCompiled(ctx context.Context, folder, out string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.wasm"))
	if err != nil {
		return err
	}
	var plugins [][]byte
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		plugins = append(plugins, file)
	}
	// The largest is packed whole: it has most of what the others share with it.
	slices.SortStableFunc(plugins, func(a, b []byte) int { return len(b) - len(a) })
	wanted := map[string]bool{}
	there := true
	for _, file := range plugins {
		name := assembly.PrecompiledName(registry.DigestOf(file))
		wanted[name] = true
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			there = false
		}
	}
	if !there {
		packed, err := assembly.Precompile(ctx, plugins...)
		if err != nil {
			return fmt.Errorf("compile the plugins of %s: %w", folder, err)
		}
		for name, entry := range packed {
			if err := writeWhole(filepath.Join(out, name), entry); err != nil {
				return err
			}
		}
	}
	old, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, e := range old {
		if strings.HasSuffix(e.Name(), assembly.PrecompiledSuffix) && !wanted[e.Name()] {
			if err := os.Remove(filepath.Join(out, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
