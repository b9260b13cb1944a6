package wasm

import (
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/hosttest"
)

// asm assembles small modules for the tests. Functions are appended in order;
// imports have to come first.
type asm struct {
	types, imports, funcs, globals, exports, bodies, data, elements []byte
	nTypes, nImports, nFuncs, nGlobals, nExports, nData, nElements  uint32
	tableMin, memMin, memMax                                        uint32
	extra                                                           []byte // raw sections before the export section
	hasTable                                                        bool
	start                                                           []byte
}

func newAsm() *asm {
	a := &asm{memMin: 2}
	a.export(abi.ExportMemory, kindMemory, 0)
	return a
}

func (a *asm) typ(params, results []byte) uint32 {
	a.types = append(a.types, 0x60)
	a.types = append(appendU32(a.types, uint32(len(params))), params...)
	a.types = append(appendU32(a.types, uint32(len(results))), results...)
	a.nTypes++
	return a.nTypes - 1
}

func (a *asm) export(name string, kind byte, index uint32) {
	a.exports = appendU32(append(appendName(a.exports, name), kind), index)
	a.nExports++
}

// imp imports a host function with its right signature and returns its index.
func (a *asm) imp(module, name string) uint32 {
	t, _, _ := hostSignature(module, name)
	return a.impAs(module, name, t.params, t.results)
}

func (a *asm) impAs(module, name string, params, results []byte) uint32 {
	t := a.typ(params, results)
	a.imports = appendU32(append(appendName(appendName(a.imports, module), name), kindFunc), t)
	a.nImports++
	return a.nImports - 1
}

// fn adds a function with i32 locals; code has no end.
func (a *asm) fn(export string, params, results []byte, locals uint32, code ...any) uint32 {
	a.funcs = appendU32(a.funcs, a.typ(params, results))
	body := append(join(code...), opEnd)
	if locals > 0 {
		body = append(append(appendU32([]byte{1}, locals), typeI32), body...)
	} else {
		body = append([]byte{0}, body...)
	}
	a.bodies = append(appendU32(a.bodies, uint32(len(body))), body...)
	i := a.nImports + a.nFuncs
	a.nFuncs++
	if export != "" {
		a.export(export, kindFunc, i)
	}
	return i
}

func (a *asm) global(typ byte, mutable bool, init ...any) uint32 {
	a.globals = append(a.globals, typ, 0)
	if mutable {
		a.globals[len(a.globals)-1] = 1
	}
	a.globals = append(append(a.globals, join(init...)...), opEnd)
	a.nGlobals++
	return a.nGlobals - 1
}

func (a *asm) table(min uint32, funcs ...uint32) {
	a.hasTable, a.tableMin = true, min
	a.elements = append(a.elements, 0, opI32Const, 0, opEnd)
	a.elements = appendU32(a.elements, uint32(len(funcs)))
	for _, f := range funcs {
		a.elements = appendU32(a.elements, f)
	}
	a.nElements++
}

func (a *asm) bytes() []byte {
	vec := func(b []byte, id byte, n uint32, body []byte) []byte {
		if n == 0 {
			return b
		}
		return appendSection(b, id, append(appendU32(nil, n), body...))
	}
	b := append([]byte(nil), magic...)
	b = vec(b, secType, a.nTypes, a.types)
	b = vec(b, secImport, a.nImports, a.imports)
	b = vec(b, secFunction, a.nFuncs, a.funcs)
	if a.hasTable {
		b = appendSection(b, secTable, appendU32([]byte{1, typeFuncref, 0}, a.tableMin))
	}
	mem := appendU32([]byte{1, 0}, a.memMin)
	if a.memMax > 0 {
		mem = appendU32(appendU32([]byte{1, 1}, a.memMin), a.memMax)
	}
	b = appendSection(b, secMemory, mem)
	b = vec(b, secGlobal, a.nGlobals, a.globals)
	b = vec(b, secExport, a.nExports, a.exports)
	b = append(b, a.start...)
	b = vec(b, secElement, a.nElements, a.elements)
	b = append(b, a.extra...)
	b = vec(b, secCode, a.nFuncs, a.bodies)
	return vec(b, secData, a.nData, a.data)
}

// plugin completes a module: marker, init and a manifest.
func (a *asm) plugin(t testing.TB) []byte {
	t.Helper()
	a.fn(abi.ExportMarker, nil, nil, 0)
	a.fn(abi.ExportInit, nil, nil, 0)
	return hosttest.MustAppendManifest(t, a.bytes(), "asm")
}

func join(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case byte:
			b = append(b, p)
		case []byte:
			b = append(b, p...)
		default:
			panic("not code")
		}
	}
	return b
}

func c32(v int32) []byte { return appendS32([]byte{opI32Const}, v) }
func c64(v int32) []byte { return appendS32([]byte{0x42}, v) }

func withIndex(op byte, i uint32) []byte { return appendU32([]byte{op}, i) }

func call(i uint32) []byte      { return withIndex(opCall, i) }
func get(i uint32) []byte       { return withIndex(opLocalGet, i) }
func set(i uint32) []byte       { return withIndex(opLocalSet, i) }
func globalSet(i uint32) []byte { return withIndex(opGlobalSet, i) }

// guestOf is a plugin whose call runs code after skipping the warm-up, whose
// frame has no TagName section and so is short.
func guestOf(t testing.TB, build func(a *asm, input uint32) (code []byte)) []byte {
	t.Helper()
	a := newAsm()
	input := a.imp(abi.ModuleCore, "input")
	code := build(a, input)
	a.fn(abi.ExportCall, nil, nil, 4,
		// if input(0, 0, 0) == length of a warm-up frame: return
		c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd,
		code)
	return a.plugin(t)
}
