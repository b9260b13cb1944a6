package wasm

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
)

// rewriterVersion is part of the key of cached images. Raise it whenever the
// output of instrument, or what an image holds, changes.
const rewriterVersion = 2

// Names of the host function and exports the rewriter adds.
const (
	tickModule = abi.ReservedPrefix + "v1"
	tickName   = "tick"
	fuelExport = abi.ReservedPrefix + "fuel"
)

func globalExport(i int) string { return abi.ReservedPrefix + "g" + strconv.Itoa(i) }

// instrumented is a module ready to compile, without its data segments: those
// are put into the image by the host, so that an instance costs no copy.
type instrumented struct {
	wasm    []byte
	globals []int // indexes of the guest's mutable globals
	sites   int
}

// instrument adds fuel metering to a module that wazero has validated and
// check has accepted. The fuel global is appended to the index space: no
// instruction of a valid module can name it. Every mutable global is exported,
// so that an image is complete.
func instrument(m *module) (*instrumented, error) { return newRewriter(m).rewrite() }

func newRewriter(m *module) *rewriter {
	return &rewriter{m: m, imported: uint32(m.importedFuncs), fuel: uint32(len(m.globals)), tick: uint32(m.importedFuncs)}
}

func (w *rewriter) rewrite() (*instrumented, error) {
	m := w.m
	code, err := w.code()
	if err != nil {
		return nil, err
	}
	out := &instrumented{sites: w.sites}
	for i, g := range m.globals {
		if g.mutable {
			out.globals = append(out.globals, i)
		}
	}
	b := append([]byte(nil), magic...)
	b = appendSection(b, secType, w.types())
	b = appendSection(b, secImport, w.imports())
	b = appendSection(b, secFunction, m.section[secFunction])
	if len(m.tables) > 0 {
		b = appendSection(b, secTable, m.section[secTable])
	}
	b = appendSection(b, secMemory, w.memory())
	b = appendSection(b, secGlobal, w.globals())
	b = appendSection(b, secExport, w.exports(out.globals))
	if len(m.elements) > 0 {
		b = appendSection(b, secElement, w.elements())
	}
	out.wasm = appendSection(b, secCode, code)
	return out, nil
}

type rewriter struct {
	m        *module
	imported uint32 // functions imported by the original
	tick     uint32 // index of the added import
	fuel     uint32 // index of the added global
	sites    int
	meter    meter
	free     bool // charge nothing: what the benchmark compares with
}

// shift maps a function index of the original: tick moves the defined ones up.
func (w *rewriter) shift(i uint32) uint32 {
	if i >= w.imported {
		return i + 1
	}
	return i
}

// withCount returns a section body of n more elements than the original.
func (w *rewriter) withCount(id byte, had, n int) []byte {
	b := appendU32(nil, uint32(had+n))
	if body := w.m.section[id]; body != nil {
		c := &cursor{b: body}
		c.u32()
		b = append(b, body[c.at:]...)
	}
	return b
}

func (w *rewriter) types() []byte {
	b := w.withCount(secType, len(w.m.types), 1)
	return append(b, 0x60, 1, typeI32, 1, typeI32) // tick
}

func (w *rewriter) imports() []byte {
	b := w.withCount(secImport, len(w.m.imports), 1)
	b = append(appendName(appendName(b, tickModule), tickName), kindFunc)
	return appendU32(b, uint32(len(w.m.types)))
}

// memory gives the memory a maximum above what a guest gets, so that it is the
// allocator that refuses to grow, and knows that it did.
func (w *rewriter) memory() []byte {
	l := w.m.memories[0]
	limit := uint32(1 << 16)
	if l.hasMax && l.max <= maxPages {
		limit = l.max
	}
	return appendU32(appendU32([]byte{1, 1}, l.min), limit)
}

func (w *rewriter) globals() []byte {
	b := appendU32(nil, uint32(len(w.m.globals)+1))
	for _, g := range w.m.globals {
		b = append(b, g.typ, 0)
		if g.mutable {
			b[len(b)-1] = 1
		}
		b = w.expr(b, g.init)
	}
	return append(b, typeI32, 1, opI32Const, 0, opEnd)
}

func (w *rewriter) exports(globals []int) []byte {
	b := appendU32(nil, uint32(len(w.m.exports)+len(globals)+1))
	for _, e := range w.m.exports {
		b = append(appendName(b, e.name), e.kind)
		if e.kind == kindFunc {
			e.index = w.shift(e.index)
		}
		b = appendU32(b, e.index)
	}
	for _, g := range globals {
		b = appendU32(append(appendName(b, globalExport(g)), kindGlobal), uint32(g))
	}
	return appendU32(append(appendName(b, fuelExport), kindGlobal), w.fuel)
}

func (w *rewriter) elements() []byte {
	b := appendU32(nil, uint32(len(w.m.elements)))
	for _, e := range w.m.elements {
		b = appendU32(b, e.flags)
		if e.flags&3 == 2 {
			b = appendU32(b, e.table)
		}
		b = append(b, e.head...)
		b = appendU32(b, uint32(len(e.funcs)+len(e.exprs)))
		for _, f := range e.funcs {
			b = appendU32(b, w.shift(f))
		}
		for _, x := range e.exprs {
			b = w.expr(b, x)
		}
	}
	return b
}

// expr copies a constant expression.
func (w *rewriter) expr(b, x []byte) []byte {
	c := &cursor{b: x}
	for !c.done() {
		b = w.instr(b, c.instr(), c)
	}
	return b
}

// instr copies the instruction that c has just read.
func (w *rewriter) instr(b []byte, in instr, c *cursor) []byte {
	if in.op == opCall || in.op == opRefFunc {
		return appendU32(append(b, in.op), w.shift(in.index))
	}
	return append(b, c.b[in.at:c.at]...)
}

func (w *rewriter) code() ([]byte, error) {
	w.meter.faults = map[string]int{}
	n := len(w.m.section[secCode])
	out := appendU32(make([]byte, 0, n+n/4), uint32(len(w.m.bodies)))
	graph := callGraph{imported: w.imported}
	bodies := make([]codeBody, len(w.m.bodies))
	params := make([]uint32, len(bodies))
	var simple simplifier
	for i := range bodies {
		typ, ok := w.m.typeAt(w.m.funcs[i])
		if !ok {
			return nil, fmt.Errorf("function %d: %w", i+w.m.importedFuncs, errMalformed)
		}
		params[i] = uint32(len(typ.params))
		bodies[i] = simple.simplify(w.m.bodies[i], params[i])
		if !w.meter.scan(&bodies[i], i+w.m.importedFuncs) {
			return nil, fmt.Errorf("function %d: %w", i+w.m.importedFuncs, errMalformed)
		}
		graph.add(&w.meter)
	}
	var b []byte
	for i := range bodies {
		body := &bodies[i]
		w.meter.scan(body, i+w.m.importedFuncs)
		node := graph.resolve(uint32(i), 0)
		w.meter.place(!node.light, node.weight > maxUnchecked)
		if w.free {
			w.meter.sites = nil
		}
		b = w.body(b[:0], body, params[i]+uint32(body.numLocals))
		out = append(appendU32(out, uint32(len(b))), b...)
		w.sites += len(w.meter.sites)
	}
	var faults *multierror.Error
	for _, what := range slices.Sorted(maps.Keys(w.meter.faults)) {
		faults = multierror.Append(faults, fmt.Errorf("instruction %s is not allowed (function %d): tables and segments are not part of an image", what, w.meter.faults[what]))
	}
	return out, faults.ErrorOrNil()
}

// body appends the metered form of a function body.
func (w *rewriter) body(b []byte, body *codeBody, scratch uint32) []byte {
	b = appendU32(b, body.groups+1)
	b = append(b, body.locals...)
	b = append(b, 1, typeI32) // scratch
	c := &cursor{b: body.code}
	sites := w.meter.sites
	for !c.done() {
		for len(sites) > 0 && sites[0].at == c.at {
			b = w.charge(b, sites[0], scratch)
			sites = sites[1:]
		}
		in := c.instr()
		switch {
		case w.free:
		case in.op == opMemoryGrow:
			// The pages are masked so that the product stays small: a larger
			// number fails anyhow.
			b = append(w.operand(b, scratch), opI32Const)
			b = append(appendS32(b, 0x3ff), opI32And, opI32Const, 10, opI32Shl)
			b = w.spend(b, scratch)
		case in.op == opMisc && (in.sub == miscMemoryFill || in.sub == miscMemoryCopy):
			b = append(w.operand(b, scratch), opI32Const, 6, opI32ShrU)
			b = w.spend(b, scratch)
		}
		b = w.instr(b, in, c)
	}
	return b
}

// charge appends a site.
func (w *rewriter) charge(b []byte, s site, scratch uint32) []byte {
	b = appendU32(append(b, opGlobalGet), w.fuel)
	if s.weight > 0 {
		b = append(appendS32(append(b, opI32Const), s.weight), opI32Sub)
		if !s.check {
			return appendU32(append(b, opGlobalSet), w.fuel)
		}
		return w.settle(b, scratch)
	}
	b = appendU32(append(b, opLocalTee), scratch)
	return w.check(b, scratch)
}

// operand appends code that keeps the operand on the stack and puts the fuel
// and a copy of the operand above it.
func (w *rewriter) operand(b []byte, scratch uint32) []byte {
	b = appendU32(append(b, opLocalTee), scratch)
	b = appendU32(append(b, opGlobalGet), w.fuel)
	return appendU32(append(b, opLocalGet), scratch)
}

// spend subtracts the top of the stack from the fuel below it.
func (w *rewriter) spend(b []byte, scratch uint32) []byte {
	return w.settle(append(b, opI32Sub), scratch)
}

// settle stores the new fuel on top of the stack and checks it.
func (w *rewriter) settle(b []byte, scratch uint32) []byte {
	b = appendU32(append(b, opLocalTee), scratch)
	b = appendU32(append(b, opGlobalSet), w.fuel)
	b = appendU32(append(b, opLocalGet), scratch)
	return w.check(b, scratch)
}

// check calls tick if the fuel, on the stack and in scratch, is used up: fuel =
// tick(fuel). The branch without the call comes first: wazero allocates
// registers along it.
func (w *rewriter) check(b []byte, scratch uint32) []byte {
	b = append(b, opI32Const, 0, opI32GeS, opIf, blockVoid, opElse)
	b = appendU32(append(b, opLocalGet), scratch)
	b = appendU32(append(b, opCall), w.tick)
	b = appendU32(append(b, opGlobalSet), w.fuel)
	return append(b, opEnd)
}
