package wasm

// jumps finds where the jumps of a Go function lead. WebAssembly has no goto, so
// Go compiles every jump, ahead or back, to "set a local, branch to the loop
// around everything", where a br_table on that local leads to the block whose
// end is the target: an indirect jump for each if. One that leads to a block
// that is still open can branch to it directly.
type jumps struct {
	frames []jumpFrame
	label  uint32 // of the br that note has just seen: what it is to say

	value, local uint32 // of "i32.const value; local.set local"
	matched      int    // how much of the pair has been seen
	got          uint32 // of "local.get got"
	from, to     int    // where that one stands; to is -1 if the last was another
}

type jumpFrame struct {
	at   int // offset of the construct, -1 for the function
	op   byte
	void bool
	// A loop that starts with nothing but blocks and a br_table on a local is a
	// dispatcher.
	dispatch *dispatch
}

// dispatch describes the br_table at the start of a loop.
type dispatch struct {
	local   uint32
	blocks  []int // offsets of the blocks around the table, outermost first
	targets []uint32
}

func (j *jumps) begin() {
	*j = jumps{frames: append(j.frames[:0], jumpFrame{at: -1}), to: -1}
}

// note takes the instruction that c has just read into account. It returns
// false on one that no valid function has there.
func (j *jumps) note(in *instr, c *cursor) bool {
	operand := &cursor{b: c.b, at: in.at + 1}
	matched, to := j.matched, j.to
	j.matched, j.to = 0, -1
	switch in.op {
	case opBlock, opLoop, opIf:
		j.frames = append(j.frames, jumpFrame{at: in.at, op: in.op, void: c.b[in.at+1] == blockVoid})
	case opEnd:
		if len(j.frames) == 0 {
			return false
		}
		j.frames = j.frames[:len(j.frames)-1]
	case opI32Const:
		j.value, j.matched = uint32(operand.s32()), 1
	case opLocalSet:
		if matched == 1 {
			j.local, j.matched = operand.u32(), 2
		}
	case opLocalGet:
		j.got, j.from, j.to = operand.u32(), in.at, c.at
	case opBr:
		j.label = operand.u32()
		if uint64(j.label) >= uint64(len(j.frames)) {
			return false
		}
		if matched == 2 {
			j.shorten()
		}
	case opBrTable:
		if to == in.at {
			j.table(operand)
		}
	}
	return true
}

// table looks whether the br_table at operand makes its loop a dispatcher.
func (j *jumps) table(operand *cursor) {
	l := j.dispatched(j.from)
	if l < 0 {
		return
	}
	d := &dispatch{local: j.got}
	for range operand.u32() + 1 {
		d.targets = append(d.targets, operand.u32())
	}
	for _, f := range j.frames[l+1:] {
		d.blocks = append(d.blocks, f.at)
	}
	j.frames[l].dispatch = d
}

// dispatched returns the frame of the loop after whose start nothing but blocks
// is opened until at, or -1: then every way through the loop meets what stands
// at at.
func (j *jumps) dispatched(at int) int {
	for i := len(j.frames) - 1; i > 0; i-- {
		f := &j.frames[i]
		if !f.void || f.at+2 != at { // an opcode and a one-byte block type each
			return -1
		}
		if f.op != opBlock {
			if f.op == opLoop {
				return i
			}
			return -1 // what follows an if may run without the table
		}
		at = f.at
	}
	return -1
}

// shorten lets a branch to a dispatcher whose local was set to a constant just
// before lead to the block that the table would choose, if that is still open.
func (j *jumps) shorten() {
	d := j.frames[len(j.frames)-1-int(j.label)].dispatch
	if d == nil || j.local != d.local {
		return
	}
	chosen := d.targets[min(int64(j.value), int64(len(d.targets)-1))]
	if int64(chosen) >= int64(len(d.blocks)) {
		return // the loop itself, or out of it
	}
	at := d.blocks[len(d.blocks)-1-int(chosen)]
	for i := len(j.frames) - 1; i > 0 && j.frames[i].at >= at; i-- {
		if j.frames[i].at == at {
			j.label = uint32(len(j.frames) - 1 - i)
			return
		}
	}
}
