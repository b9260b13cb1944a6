// Package registrytest makes small valid plugin files for tests. They have the
// exports a host asks for and do nothing.
package registrytest

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
)

// Manifest returns a small manifest without faults, of ref NAME@LINE.BUILD.
func Manifest(name, line string, build int) *abi.Manifest {
	return &abi.Manifest{
		ABI: abi.Version, Name: name, Vendor: name, Line: line, Build: build,
		Summary: "A mirror for tests.",
		API:     abi.API{Default: line},
		Hosts:   []abi.Host{{ID: "api", Name: "api." + name + ".test"}},
	}
}

// MustModule returns a plugin file with the manifest m. It imports one function
// from each of the modules given: the first that abi.Functions lists, or
// "function" from a module that is not there.
func MustModule(t testing.TB, m *abi.Manifest, imports ...string) []byte {
	t.Helper()
	module, err := abi.AppendManifest(Bare(imports...), m)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// MustPlugin returns a plugin file with Manifest(name, line, build) and the
// imports that every plugin has, and its description.
func MustPlugin(t testing.TB, name, line string, build int) ([]byte, registry.Build) {
	t.Helper()
	module := MustModule(t, Manifest(name, line, build), abi.ModuleCore)
	b, err := registry.Inspect(module)
	if err != nil {
		t.Fatal(err)
	}
	return module, b
}

// MustWrite writes data to folder/name, makes the folder if it is not there,
// and returns the path.
func MustWrite(t testing.TB, folder, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Bare returns a module without a manifest, with imports as MustModule makes
// them.
func Bare(imports ...string) []byte {
	// Type 0 is func(), for the exports and unknown imports.
	types := [][]byte{functionType(nil, nil)}
	var imported [][]byte
	for _, module := range imports {
		name, typ := "function", 0
		if i := slices.IndexFunc(abi.Functions, func(f abi.Function) bool { return f.Module == module }); i >= 0 {
			f := abi.Functions[i]
			name, typ = f.Name, len(types)
			types = append(types, functionType(f.Params, f.Results))
		}
		if module == abi.ModuleWASI {
			name, typ = "sched_yield", len(types)
			types = append(types, functionType(nil, []abi.WireType{abi.I32}))
		}
		imported = append(imported, cat(text(module), text(name), []byte{0}, uleb(typ)))
	}
	own := func(name string) []byte { return cat(text(name), []byte{0}, uleb(len(imports))) }
	out := []byte("\x00asm\x01\x00\x00\x00")
	out = append(out, section(1, vector(types...))...)
	if len(imports) > 0 {
		out = append(out, section(2, vector(imported...))...)
	}
	out = append(out, section(3, vector(uleb(0)))...)      // one function of type 0
	out = append(out, section(5, vector([]byte{0, 1}))...) // one memory of at least one page
	out = append(out, section(7, vector(
		cat(text(abi.ExportMemory), []byte{2, 0}), own(abi.ExportMarker), own(abi.ExportInit), own(abi.ExportCall)))...)
	out = append(out, section(10, vector([]byte{2, 0, 0x0b}))...) // no locals, end
	return out
}

func functionType(params, results []abi.WireType) []byte {
	out := append([]byte{0x60}, uleb(len(params))...)
	for _, p := range params {
		out = append(out, byte(p))
	}
	out = append(out, uleb(len(results))...)
	for _, r := range results {
		out = append(out, byte(r))
	}
	return out
}

func section(id byte, body []byte) []byte { return cat([]byte{id}, uleb(len(body)), body) }
func text(s string) []byte                { return cat(uleb(len(s)), []byte(s)) }
func vector(items ...[]byte) []byte       { return cat(uleb(len(items)), cat(items...)) }
func uleb(n int) []byte                   { return binary.AppendUvarint(nil, uint64(n)) }
func cat(parts ...[]byte) []byte          { return slices.Concat(parts...) }
