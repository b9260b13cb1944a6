package wasm

import (
	"errors"
	"fmt"
)

// Section ids of the binary format.
const (
	secCustom, secType, secImport, secFunction  = 0, 1, 2, 3
	secTable, secMemory, secGlobal, secExport   = 4, 5, 6, 7
	secStart, secElement, secCode, secData      = 8, 9, 10, 11
	secDataCount                                = 12
	kindFunc, kindTable, kindMemory, kindGlobal = 0, 1, 2, 3
)

var magic = []byte("\x00asm\x01\x00\x00\x00")

// module is the structure of a core module. Slices share the module's bytes.
// It says what the bytes claim, in range of the bytes; that indexes are valid
// is wazero's word, see [validate].
type module struct {
	types    []funcType
	imports  []importEntry
	funcs    []uint32 // type of each defined function
	tables   []limits
	memories []limits
	globals  []globalEntry
	exports  []exportEntry
	elements []elementEntry
	data     []dataEntry
	bodies   []codeBody
	hasStart bool

	section       [secDataCount + 1][]byte // body of each non-custom section
	plain         []byte                   // the module without custom sections
	importedFuncs int
}

type funcType struct{ params, results []byte }

func (t funcType) equal(u funcType) bool {
	return string(t.params) == string(u.params) && string(t.results) == string(u.results)
}

type importEntry struct {
	module, name string
	kind         byte
	typ          uint32 // of a function
	raw          []byte
}

type exportEntry struct {
	name  string
	kind  byte
	index uint32
}

// limits describes a table or a memory.
type limits struct {
	elem     byte // tables
	init     bool // tables with an initialiser
	min, max uint32
	hasMax   bool
	shared   bool
	wide     bool // 64-bit addresses, or a flag this package does not know
}

type globalEntry struct {
	typ     byte
	mutable bool
	init    []byte // expression with its end
}

type elementEntry struct {
	flags uint32
	table uint32
	head  []byte   // offset expression, element kind or type, as written
	funcs []uint32 // functions by index
	exprs [][]byte // or by expression
}

type dataEntry struct {
	flags  uint32
	offset []byte // expression of an active segment
	bytes  []byte
}

type codeBody struct {
	locals    []byte // declarations as written, without their count
	groups    uint32
	numLocals uint64 // without parameters
	code      []byte
}

// Declaring locals takes a few bytes however many they are, and decoders
// allocate them one by one.
const (
	maxLocals    = 20_000
	maxAllLocals = 1 << 24
)

var errMalformed = errors.New("malformed")

// parseModule reads the structure of a module. It never panics and never
// allocates more than a small multiple of the module's length.
func parseModule(b []byte) (*module, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != string(magic) {
		return nil, fmt.Errorf("not a core WebAssembly module")
	}
	m := &module{plain: append(make([]byte, 0, len(b)), magic...)}
	c := &cursor{b: b, at: len(magic)}
	for !c.done() {
		from := c.at
		id := c.byte()
		body := c.take(c.u32())
		if c.bad {
			return nil, fmt.Errorf("section %d: %w", id, errMalformed)
		}
		if id == secCustom {
			continue
		}
		if int(id) >= len(m.section) {
			return nil, fmt.Errorf("section %d is of a proposal that is not enabled", id)
		}
		if m.section[id] != nil {
			return nil, fmt.Errorf("section %d: %w: twice", id, errMalformed)
		}
		m.section[id] = body
		m.plain = append(m.plain, b[from:c.at]...)
		s := &cursor{b: body}
		m.parseSection(id, s)
		if s.bad || !s.done() {
			return nil, fmt.Errorf("section %d: %w", id, errMalformed)
		}
	}
	locals := uint64(0)
	for i := range m.bodies {
		locals += m.bodies[i].numLocals
		if n := m.bodies[i].numLocals; n > maxLocals || locals > maxAllLocals {
			return nil, fmt.Errorf("function %d has %d locals, %d with those before it: the limits are %d and %d",
				i+m.importedFuncs, n, locals, maxLocals, maxAllLocals)
		}
	}
	if len(m.funcs) != len(m.bodies) {
		return nil, fmt.Errorf("code section: %w: %d bodies for %d functions", errMalformed, len(m.bodies), len(m.funcs))
	}
	return m, nil
}

func (m *module) parseSection(id byte, c *cursor) {
	switch id {
	case secStart:
		m.hasStart = true
		c.u32()
		return
	case secDataCount:
		c.u32()
		return
	}
	for range c.count() {
		if c.bad {
			return
		}
		switch id {
		case secType:
			if c.byte() != 0x60 {
				c.fail()
			}
			m.types = append(m.types, funcType{c.take(c.u32()), c.take(c.u32())})
		case secImport:
			m.parseImport(c)
		case secFunction:
			m.funcs = append(m.funcs, c.u32())
		case secTable:
			m.tables = append(m.tables, parseTable(c))
		case secMemory:
			m.memories = append(m.memories, parseLimits(c))
		case secGlobal:
			m.globals = append(m.globals, globalEntry{typ: c.byte(), mutable: c.byte() == 1, init: c.expr()})
		case secExport:
			m.exports = append(m.exports, exportEntry{c.name(), c.byte(), c.u32()})
		case secElement:
			m.elements = append(m.elements, parseElement(c))
		case secCode:
			m.bodies = append(m.bodies, parseBody(c.take(c.u32()), c))
		case secData:
			d := dataEntry{flags: c.u32()}
			if d.flags > 2 {
				c.fail()
			}
			if d.flags == 2 {
				c.u32()
			}
			if d.flags != 1 {
				d.offset = c.expr()
			}
			d.bytes = c.take(c.u32())
			m.data = append(m.data, d)
		}
	}
}

func (m *module) parseImport(c *cursor) {
	from := c.at
	e := importEntry{module: c.name(), name: c.name(), kind: c.byte()}
	switch e.kind {
	case kindFunc:
		e.typ = c.u32()
		m.importedFuncs++
	case kindTable:
		parseTable(c)
	case kindMemory:
		parseLimits(c)
	case kindGlobal:
		c.byte()
		c.byte()
	default:
		c.fail()
	}
	if !c.bad {
		e.raw = c.b[from:c.at]
		m.imports = append(m.imports, e)
	}
}

func parseTable(c *cursor) limits {
	elem := c.byte()
	init := elem == 0x40
	if init {
		c.byte()
		elem = c.byte()
	}
	l := parseLimits(c)
	l.elem, l.init = elem, init
	if init {
		c.expr()
	}
	return l
}

func parseLimits(c *cursor) (l limits) {
	flags := c.byte()
	l.hasMax, l.shared, l.wide = flags&1 != 0, flags&2 != 0, flags > 3
	l.min = c.u32()
	if l.hasMax {
		l.max = c.u32()
	}
	return l
}

func parseElement(c *cursor) (e elementEntry) {
	e.flags = c.u32()
	if e.flags > 7 {
		c.fail()
	}
	passive := e.flags&1 != 0
	if !passive && e.flags&2 != 0 {
		e.table = c.u32()
	}
	from := c.at
	if !passive {
		c.expr()
	}
	if e.flags&3 != 0 {
		c.byte() // element kind or type
	}
	if c.bad {
		return e
	}
	e.head = c.b[from:c.at]
	for range c.count() {
		if c.bad {
			return e
		}
		if e.flags&4 == 0 {
			e.funcs = append(e.funcs, c.u32())
		} else {
			e.exprs = append(e.exprs, c.expr())
		}
	}
	return e
}

func parseBody(b []byte, outer *cursor) (body codeBody) {
	c := &cursor{b: b}
	body.groups = c.u32()
	from := c.at
	for range body.groups {
		if c.bad {
			break
		}
		body.numLocals += uint64(c.u32())
		c.byte()
	}
	if c.bad {
		outer.fail()
		return body
	}
	body.locals, body.code = b[from:c.at], b[c.at:]
	return body
}

// expr reads a constant expression and its end.
func (c *cursor) expr() []byte {
	from := c.at
	for {
		in := c.instr()
		if c.bad {
			return nil
		}
		if in.op == opEnd {
			return c.b[from:c.at]
		}
	}
}

// funcTypeOf returns the signature of function i of the index space.
func (m *module) funcTypeOf(i uint32) (funcType, bool) {
	n := uint32(0)
	for _, e := range m.imports {
		if e.kind != kindFunc {
			continue
		}
		if n == i {
			return m.typeAt(e.typ)
		}
		n++
	}
	if j := uint64(i) - uint64(n); j < uint64(len(m.funcs)) {
		return m.typeAt(m.funcs[j])
	}
	return funcType{}, false
}

func (m *module) typeAt(i uint32) (funcType, bool) {
	if uint64(i) >= uint64(len(m.types)) {
		return funcType{}, false
	}
	return m.types[i], true
}
