package wasm

import (
	"encoding/binary"
	"slices"
)

// Simplifying. wazero translates an instruction at a time, and some that
// compilers emit all the time are dear to it: a bulk instruction of a constant
// length calls memmove, a fill even once for each doubling of what is filled
// (48 bytes: seven calls); an address that Go computes in 64 bits is widened,
// added to and cut off again, and cannot share the bounds check of its base.
// Before a module is metered these become what they mean in plain
// instructions. Of a request that creates a Stripe customer, jumps (see jumps.go)
// took 18 % with the host's share counted in, addresses 5 %, bulk instructions 6 %.

const (
	// maxUnrolled is the longest constant length of a bulk instruction that is
	// spelled out.
	maxUnrolled = 128
	vectorBytes = 16
	maxVectors  = maxUnrolled / vectorBytes
)

// simplifier rewrites one function body at a time; its buffers are reused.
type simplifier struct {
	b       []byte
	ints    uint32 // index of the first of two added i32 locals
	vectors int    // how many v128 locals are needed behind them
	bulk    bool   // the i32 locals are needed
	jumps   jumps
	moved   []moved
}

// simplify returns a body that does the same as body, a function of params
// parameters.
func (s *simplifier) simplify(body codeBody, params uint32) codeBody {
	s.b, s.ints, s.vectors, s.bulk = s.b[:0], params+uint32(body.numLocals), 0, false
	s.jumps.begin()
	s.moved = s.moved[:0]
	last := byte(opNop)
	c := &cursor{b: body.code}
	for !c.done() {
		at := c.at
		in := c.instr()
		if c.bad || !s.jumps.note(&in, c) {
			return body // the scan that follows says so
		}
		switch {
		case in.op == opBr:
			s.b = appendU32(append(s.b, opBr), s.jumps.label)
		case in.op >= opI32Eqz && in.op <= opI64GeU:
			s.condition(c, in.op)
		case in.op == opI32Const && s.bulkCopy(c, at):
		case in.op == opI32Const && s.bulkFill(c, at):
		case in.op == opI64ExtendI32U && s.address(c, last == opGlobalGet || last == opLocalGet):
		case len(s.moved) > 0 && in.op >= opFirstLoad && in.op <= opLastStore:
			s.access(c, &in)
		default:
			s.b = append(s.b, c.b[at:c.at]...)
		}
		last = in.op
	}
	body.code = slices.Clone(s.b)
	if s.bulk {
		body.locals = append(slices.Clone(body.locals), 2, typeI32, byte(s.vectors), typeV128)
		body.groups += 2
		body.numLocals += 2 + uint64(s.vectors)
	}
	return body
}

// constant reads the operand of the i32.const at at.
func constant(code []byte, at int) int32 {
	c := &cursor{b: code, at: at + 1}
	return c.s32()
}

// bulkCopy spells out "i32.const n; memory.copy", whose other operands are on
// the stack. Everything is read before anything is written: the two places may
// overlap. It returns false if c stands at something else.
func (s *simplifier) bulkCopy(c *cursor, at int) bool {
	next := *c
	in := next.instr()
	n := constant(c.b, at)
	if in.op != opMisc || in.sub != miscMemoryCopy || n < vectorBytes || n > maxUnrolled {
		return false
	}
	c.at = next.at
	to, from := s.ints, s.ints+1
	s.set(from)
	s.set(to)
	pieces := s.pieces(n)
	for i := range pieces {
		s.get(from)
		s.vector(vectorLoad, piece(n, i))
		s.set(s.ints + 2 + uint32(i))
	}
	for i := range pieces {
		s.get(to)
		s.get(s.ints + 2 + uint32(i))
		s.vector(vectorStore, piece(n, i))
	}
	return true
}

// bulkFill spells out "i32.const 0; i32.const n; memory.fill".
func (s *simplifier) bulkFill(c *cursor, at int) bool {
	if constant(c.b, at) != 0 {
		return false
	}
	next := *c
	length := next.at
	if in := next.instr(); in.op != opI32Const {
		return false
	}
	n := constant(c.b, length)
	if in := next.instr(); in.op != opMisc || in.sub != miscMemoryFill || n < vectorBytes || n > maxUnrolled {
		return false
	}
	c.at = next.at
	s.set(s.ints)
	pieces := s.pieces(n)
	zero := s.ints + 2
	s.b = append(s.b, opSIMD, vectorConst)
	s.b = append(s.b, make([]byte, vectorBytes)...)
	s.set(zero)
	for i := range pieces {
		s.get(s.ints)
		s.get(zero)
		s.vector(vectorStore, piece(n, i))
	}
	return true
}

// pieces returns how many vectors cover n bytes and provides for their locals.
func (s *simplifier) pieces(n int32) int {
	count := int(n+vectorBytes-1) / vectorBytes
	s.bulk, s.vectors = true, max(s.vectors, count)
	return count
}

// piece returns the offset of a vector of n bytes, the last one first: then its
// bounds check covers the others. The first two may overlap.
func piece(n int32, i int) uint32 {
	if i == 0 {
		return uint32(n - vectorBytes)
	}
	return uint32(i-1) * vectorBytes
}

// condition writes the comparison that c has just read. Compilers turn its
// result around by comparing it with zero, once or more often, also in 64 bits:
// all of it becomes one comparison, which wazero joins with the branch behind it.
func (s *simplifier) condition(c *cursor, op byte) {
	not := false
	for {
		next := *c
		in := next.instr()
		if in.op == opI64ExtendI32U {
			in = next.instr()
			if in.op != opI64Eqz {
				break
			}
		} else if in.op != opI32Eqz {
			break
		}
		if next.bad {
			break
		}
		not = !not
		c.at = next.at
	}
	switch {
	case !not:
		s.b = append(s.b, op)
	case op == opI32Eqz:
		s.b = append(s.b, opI32Const, 0, opI32Ne)
	case op == opI64Eqz:
		s.b = append(s.b, opI64Const, 0, opI64Ne)
	default:
		s.b = append(s.b, inverse[op])
	}
}

// inverse holds for each comparison of two integers the one that is true where
// it is false.
var inverse = func() (t [256]byte) {
	for _, base := range [...]byte{opI32Ne - 1, opI64Ne - 1} { // eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u
		for i, other := range [...]byte{1, 0, 8, 9, 6, 7, 4, 5, 2, 3} {
			t[base+byte(i)] = base + other
		}
	}
	return t
}()

// moved is a constant that was taken out of an address and belongs to the
// offset of the load or store at at.
type moved struct {
	at     int
	offset uint32
}

// address turns "i64.extend_i32_u; i64.const k; i64.add; i32.wrap_i64", of
// which c has read the first, into "i32.const k; i32.add", or into nothing where
// the sum is what a load or store goes to: k becomes part of its offset. That is
// done for addresses from a global, which is how Go addresses its stack. An
// address that wraps around 4 GB traps then; no memory is that large.
func (s *simplifier) address(c *cursor, global bool) bool {
	next := *c
	at := next.at
	if in := next.instr(); in.op != opI64Const || next.at-at > 5 {
		return false
	}
	k := constant(c.b, at)
	if add := next.instr(); add.op != opI64Add {
		return false
	}
	if wrap := next.instr(); wrap.op != opI32WrapI64 || next.bad {
		return false
	}
	c.at = next.at
	if global && k >= 0 {
		if user := consumer(next); user >= 0 {
			s.moved = append(s.moved, moved{user, uint32(k)})
			return true
		}
	}
	s.b = append(appendS32(append(s.b, opI32Const), k), opI32Add)
	return true
}

// maxSearch is how many instructions may stand between an address and the
// store of what they compute.
const maxSearch = 64

// consumer returns where the load or store stands that takes the address which
// is on top of the stack at c, -1 if there is none in the straight code ahead.
func consumer(c cursor) int {
	above := 0 // operands above the address
	for range maxSearch {
		in := c.instr()
		switch op := in.op; {
		case c.bad:
			return -1
		case op >= opFirstLoad && op < opFirstStore:
			if above == 0 {
				return in.at
			}
		case op >= opFirstStore && op <= opLastStore:
			if above == 1 {
				return in.at
			}
			above -= 2
		case op == opLocalGet, op == opGlobalGet, op == opI32Const, op == opI64Const:
			above++
		case op == opLocalSet, op == opGlobalSet:
			above--
		case above > 0 && (op == opLocalTee || unary(op)):
		case above > 1 && operator(op):
			above--
		default:
			return -1 // among others what uses the address itself
		}
		if above < 0 {
			return -1
		}
	}
	return -1
}

// unary and operator tell of integer instructions, which cannot trap, how many
// operands they take.
func unary(op byte) bool {
	return op == 0x45 || op == 0x50 || op >= 0x67 && op <= 0x69 || op >= 0x79 && op <= 0x7b ||
		op == opI32WrapI64 || op == 0xac || op == opI64ExtendI32U || op >= 0xc0 && op <= 0xc4
}

func operator(op byte) bool {
	return op >= 0x46 && op <= 0x4f || op >= 0x51 && op <= 0x5a || // comparisons
		op >= 0x6a && op <= 0x6c || op >= 0x71 && op <= 0x78 ||
		op >= 0x7c && op <= 0x7e || op >= 0x83 && op <= 0x8a
}

// access writes the load or store that c has just read with what was moved to it.
func (s *simplifier) access(c *cursor, in *instr) {
	o := &cursor{b: c.b, at: in.at + 1}
	align, offset := o.u32(), uint64(o.u32())
	for i := len(s.moved) - 1; i >= 0; i-- {
		if s.moved[i].at == in.at {
			offset += uint64(s.moved[i].offset)
			s.moved = append(s.moved[:i], s.moved[i+1:]...)
		}
	}
	s.b = binary.AppendUvarint(appendU32(append(s.b, in.op), align), offset)
}

func (s *simplifier) get(local uint32) { s.b = appendU32(append(s.b, opLocalGet), local) }
func (s *simplifier) set(local uint32) { s.b = appendU32(append(s.b, opLocalSet), local) }

func (s *simplifier) vector(op byte, offset uint32) {
	s.b = append(s.b, opSIMD, op, 0) // aligned to nothing
	s.b = binary.AppendUvarint(s.b, uint64(offset))
}
