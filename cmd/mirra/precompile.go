package main

import (
	"context"
	"fmt"
	"maps"
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
	// The lines of a plugin, stripe.wasm and stripe.line_2026_08.wasm: the shortest
	// name comes first and is packed whole, for the line that most will start.
	slices.SortStableFunc(files, func(a, b string) int { return len(a) - len(b) })
	lines := map[string][][]byte{}
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		plugin, _, _ := strings.Cut(filepath.Base(path), ".")
		lines[plugin] = append(lines[plugin], file)
	}
	wanted := map[string]bool{}
	for _, plugin := range slices.Sorted(maps.Keys(lines)) {
		there := true
		for _, file := range lines[plugin] {
			name := assembly.PrecompiledName(registry.DigestOf(file))
			wanted[name] = true
			if _, err := os.Stat(filepath.Join(out, name)); err != nil {
				there = false
			}
		}
		if there {
			continue
		}
		packed, err := assembly.Precompile(ctx, lines[plugin]...)
		if err != nil {
			return fmt.Errorf("compile %s: %w", plugin, err)
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
