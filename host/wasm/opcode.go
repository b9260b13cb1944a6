package wasm

// Opcodes that the rewriter looks at.
const (
	opUnreachable, opNop, opBlock, opLoop, opIf, opElse       = 0x00, 0x01, 0x02, 0x03, 0x04, 0x05
	opEnd, opBr, opBrIf, opBrTable, opReturn                  = 0x0b, 0x0c, 0x0d, 0x0e, 0x0f
	opCall, opCallIndirect                                    = 0x10, 0x11
	opLocalGet, opLocalSet, opLocalTee                        = 0x20, 0x21, 0x22
	opGlobalGet, opGlobalSet, opTableSet                      = 0x23, 0x24, 0x26
	opI32Eqz, opI32Ne, opI64Eqz, opI64Ne, opI64GeU            = 0x45, 0x47, 0x50, 0x52, 0x5a
	opFirstLoad, opFirstStore, opLastStore                    = 0x28, 0x36, 0x3e
	opMemoryGrow                                              = 0x40
	opI32Const, opI32GeS, opI32Sub, opI32And                  = 0x41, 0x4e, 0x6b, 0x71
	opI32Shl, opI32ShrU, opI32Add                             = 0x74, 0x76, 0x6a
	opI64Const, opI64Add, opI64ExtendI32U, opI32WrapI64       = 0x42, 0x7c, 0xad, 0xa7
	opRefFunc                                                 = 0xd2
	opMisc, opSIMD                                            = 0xfc, 0xfd
	miscMemoryInit, miscDataDrop, miscMemoryCopy              = 8, 9, 10
	miscMemoryFill, miscTableInit, miscElemDrop               = 11, 12, 13
	miscTableCopy, miscTableGrow, miscTableSize, miscTableFil = 14, 15, 16, 17
	blockVoid                                                 = 0x40
	typeI32, typeI64, typeF32, typeF64                        = 0x7f, 0x7e, 0x7d, 0x7c
	typeV128, typeFuncref                                     = 0x7b, 0x70
	vectorLoad, vectorStore, vectorConst                      = 0, 11, 12
)

// instr is one decoded instruction.
type instr struct {
	op    byte
	sub   uint32 // after opMisc and opSIMD
	index uint32 // function of call and ref.func
	at    int    // where it starts
}

// instr reads one instruction of the proposals that [coreFeatures] enables.
func (c *cursor) instr() (in instr) {
	in.at = c.at
	in.op = c.byte()
	switch op := in.op; {
	case op == opCall || op == opRefFunc:
		in.index = c.u32()
	case op == opBlock || op == opLoop || op == opIf: // block type
		c.skipLEB()
	case op == opBr || op == opBrIf || op >= opLocalGet && op <= opTableSet || op == opI32Const || op == 0x42 || op == 0xd0:
		c.skipLEB()
	case op == opBrTable:
		for range c.count() + 1 {
			if c.bad {
				return in
			}
			c.u32()
		}
	case op == opCallIndirect:
		c.u32()
		c.u32()
	case op == 0x1c: // select with types
		c.take(c.u32())
	case op >= 0x28 && op <= 0x3e: // loads and stores
		c.u32()
		c.skipLEB()
	case op == 0x3f || op == opMemoryGrow:
		c.byte()
	case op == 0x43:
		c.take(4)
	case op == 0x44:
		c.take(8)
	case op == opMisc:
		in.sub = c.u32()
		c.misc(in.sub)
	case op == opSIMD:
		in.sub = c.u32()
		c.simd(in.sub)
	case op == opUnreachable || op == opNop || op == opElse || op == opEnd || op == opReturn ||
		op == 0x1a || op == 0x1b || op >= 0x45 && op <= 0xc4 || op == 0xd1:
	default:
		c.fail()
	}
	return in
}

func (c *cursor) misc(sub uint32) {
	switch {
	case sub < miscMemoryInit: // saturating truncation
	case sub == miscMemoryInit, sub == miscMemoryCopy, sub == miscTableInit, sub == miscTableCopy:
		c.u32()
		c.u32()
	case sub <= miscTableFil:
		c.u32()
	default:
		c.fail()
	}
}

func (c *cursor) simd(sub uint32) {
	memarg := func() {
		c.u32()
		c.skipLEB()
	}
	switch {
	case sub <= 11 || sub == 92 || sub == 93:
		memarg()
	case sub == 12 || sub == 13:
		c.take(16)
	case sub >= 21 && sub <= 34:
		c.byte()
	case sub >= 84 && sub <= 91:
		memarg()
		c.byte()
	case sub > 255:
		c.fail() // relaxed SIMD
	}
}

// Weights. One is a plain instruction, about a third of a nanosecond; the
// others follow what the compiled code costs beside it.
const (
	weightCall         = 4
	weightCallIndirect = 8
	weightDivide       = 8
	weightBulk         = 20
	weightGrow         = 1000
)

// weight is what an instruction costs before what it works on.
func (in *instr) weight() int {
	switch op := in.op; {
	case op == opNop || op == opBlock || op == opLoop || op == opElse || op == opEnd:
		return 0 // no code
	case op == opCall:
		return weightCall
	case op == opCallIndirect:
		return weightCallIndirect
	case op >= 0x6d && op <= 0x70 || op >= 0x7f && op <= 0x82: // integer div and rem
		return weightDivide
	case op == 0x91 || op == 0x95 || op == 0x9f || op == 0xa3: // float sqrt and div
		return weightDivide
	case op == opMemoryGrow:
		return weightGrow
	case op == opMisc && in.sub >= miscMemoryInit:
		return weightBulk
	case op == opSIMD:
		return 2
	}
	return 1
}

// forbidden names the instructions that are refused: those that write tables
// or drop segments leave traces that an image does not hold.
func (in *instr) forbidden() string {
	switch {
	case in.op == opTableSet:
		return "table.set"
	case in.op != opMisc:
		return ""
	}
	switch in.sub {
	case miscMemoryInit:
		return "memory.init"
	case miscDataDrop:
		return "data.drop"
	case miscTableInit:
		return "table.init"
	case miscElemDrop:
		return "elem.drop"
	case miscTableCopy:
		return "table.copy"
	case miscTableGrow:
		return "table.grow"
	case miscTableFil:
		return "table.fill"
	}
	return ""
}
