package wasm

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/mirrahq/mirra/abi"
)

const (
	wasmPageBytes = 1 << 16
	maxPages      = abi.MaxMemoryBytes / wasmPageBytes

	// maxTableEntries bounds what each instance allocates for its table: eight
	// bytes an entry. Go puts one entry for each function there.
	maxTableEntries = 1 << 17
	// maxMutableGlobals bounds what is restored after each call. Go has eight.
	maxMutableGlobals = 256
)

// coreFeatures is what Go, TinyGo, Rust and clang emit by default. Threads,
// tail calls, exceptions and the like stay off.
const coreFeatures = api.CoreFeaturesV2

// check returns everything that is wrong with a plugin file.
func check(ctx context.Context, file []byte) (*module, *abi.Manifest, error) {
	if len(file) > abi.MaxModuleBytes {
		return nil, nil, fmt.Errorf("module has %d bytes: the limit is %d", len(file), abi.MaxModuleBytes)
	}
	var faults *multierror.Error
	manifest, err := abi.ReadManifest(file)
	if err != nil {
		faults = multierror.Append(faults, err)
	} else if manifest.ABI != abi.Version {
		faults = multierror.Append(faults, fmt.Errorf("manifest is for ABI %d: this host speaks ABI %d", manifest.ABI, abi.Version))
	}
	m, err := parseModule(file)
	if err != nil {
		return nil, nil, multierror.Append(faults, err)
	}
	faults = multierror.Append(faults, m.faults()...)
	if err := validate(ctx, m.plain); err != nil {
		faults = multierror.Append(faults, fmt.Errorf("invalid module: %w", err))
	}
	return m, manifest, faults.ErrorOrNil()
}

// validate asks wazero whether a module is valid core WebAssembly: types,
// every index, every branch. Compiling for the interpreter is the cheapest way
// to ask. Custom sections are left out, and parseModule has been there before:
// wazero allocates what a count claims.
func validate(ctx context.Context, plain []byte) error {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(coreFeatures).WithDebugInfoEnabled(false))
	_, err := r.CompileModule(ctx, plain)
	return errors.Join(err, r.Close(ctx))
}

// faults checks what this package and the ABI ask beyond validity.
func (m *module) faults() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	m.importFaults(fault)
	m.exportFaults(fault)
	if m.hasStart {
		fault("start section is not allowed: use %s", abi.ExportInitialize)
	}
	switch len(m.memories) {
	case 1:
		if l := m.memories[0]; l.shared || l.wide {
			fault("memory is shared or 64-bit: neither is enabled")
		} else if l.min > maxPages {
			fault("memory starts with %d pages: the limit is %d (%d MB)", l.min, maxPages, abi.MaxMemoryBytes>>20)
		}
	default:
		fault("module defines %d memories: want 1", len(m.memories))
	}
	if len(m.tables) > 1 {
		fault("module defines %d tables: at most 1 is allowed", len(m.tables))
	}
	for _, t := range m.tables {
		if t.elem != typeFuncref || t.init {
			fault("table of type %#x or with an initialiser: only funcref tables are allowed", t.elem)
		}
		if t.min > maxTableEntries {
			fault("table has %d entries: the limit is %d", t.min, maxTableEntries)
		}
	}
	mutable := 0
	for i, g := range m.globals {
		if !g.mutable {
			continue
		}
		mutable++
		switch g.typ {
		case typeI32, typeI64, typeF32, typeF64:
		default:
			fault("mutable global %d of type %#x: only numbers can be restored", i, g.typ)
		}
	}
	if mutable > maxMutableGlobals {
		fault("module has %d mutable globals: the limit is %d", mutable, maxMutableGlobals)
	}
	for i, d := range m.data {
		if d.flags == 1 {
			fault("data segment %d is passive: only active ones are allowed", i)
		}
	}
	for i, e := range m.elements {
		if e.flags&3 == 1 {
			fault("element segment %d is passive: only active ones are allowed", i)
		}
	}
	return faults
}

func (m *module) importFaults(fault func(string, ...any)) {
	for _, e := range m.imports {
		full := e.module + "." + e.name
		if e.kind != kindFunc {
			fault("import %s is not a function: only functions can be imported", full)
			continue
		}
		want, modKnown, known := hostSignature(e.module, e.name)
		got, ok := m.typeAt(e.typ)
		switch {
		case !modKnown:
			fault("import %s: this host has no module %q", full, e.module)
		case !known:
			fault("import %s: this host's %s has no such function", full, e.module)
		case ok && !got.equal(want):
			fault("import %s has signature %s: want %s", full, got, want)
		}
	}
}

func (m *module) exportFaults(fault func(string, ...any)) {
	byName := map[string]exportEntry{}
	marker := false
	for _, e := range m.exports {
		byName[e.name] = e
		if strings.HasPrefix(e.name, abi.ReservedPrefix) {
			fault("export %q: names with %s are reserved for the host", e.name, abi.ReservedPrefix)
		}
		if number, ok := strings.CutPrefix(e.name, abi.MarkerPrefix); ok {
			marker = true
			if e.name != abi.ExportMarker {
				fault("plugin speaks ABI %s: this host speaks ABI %d", number, abi.Version)
			}
		}
	}
	if !marker {
		fault("missing export %s: the plugin names no ABI, this host speaks ABI %d", abi.ExportMarker, abi.Version)
	}
	if e, ok := byName[abi.ExportMemory]; !ok || e.kind != kindMemory {
		fault("missing export %s (the memory)", abi.ExportMemory)
	}
	for _, name := range []string{abi.ExportMarker, abi.ExportInit, abi.ExportCall, abi.ExportInitialize} {
		e, ok := byName[name]
		if !ok {
			if name == abi.ExportInit || name == abi.ExportCall {
				fault("missing export %s", name)
			}
			continue
		}
		if e.kind != kindFunc {
			fault("export %s is not a function", name)
			continue
		}
		if got, ok := m.funcTypeOf(e.index); ok && !got.equal(funcType{}) {
			fault("export %s has signature %s: want %s", name, got, funcType{})
		}
	}
}

// String prints a signature as WebAssembly text does.
func (t funcType) String() string {
	list := func(b []byte) string {
		var names []string
		for _, v := range b {
			switch v {
			case typeI32, typeI64, typeF32, typeF64:
				names = append(names, api.ValueTypeName(v))
			default:
				names = append(names, "type "+strconv.Itoa(int(v)))
			}
		}
		return "(" + strings.Join(names, " ") + ")"
	}
	return list(t.params) + " -> " + list(t.results)
}
