package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
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
	wanted := map[string]bool{}
	for _, path := range files {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := assembly.PrecompiledName(registry.DigestOf(file))
		wanted[name] = true
		if _, err := os.Stat(filepath.Join(out, name)); err == nil {
			continue
		}
		packed, err := assembly.Precompile(ctx, file)
		if err != nil {
			return fmt.Errorf("compile %s: %w", path, err)
		}
		if err := writeWhole(filepath.Join(out, name), packed); err != nil {
			return err
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
