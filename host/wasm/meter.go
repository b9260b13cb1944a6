package wasm

import (
	"cmp"
	"slices"
)

// Metering. A charge is "fuel -= weight"; a check is "if fuel < 0 call tick".
// Charges are cheap, checks are not: each cuts a block of the compiled code in
// two. So every stretch of code is charged, and checks stand only where
// something could go on for long without one: at branches that go back, and at
// the entry of functions that are not light (see callGraph).
//
// The code is cut into stretches: runs of instructions that are entered at the
// top and left at the bottom. A stretch knows another that every path to it
// passes (its dominator: what came before a branch, or before the block whose
// end it follows). A short one is charged where its dominator is charged,
// taken or not, which costs nothing at run time; a site takes on at most
// maxLumped that way. So a guest never pays less than it executes, and never
// more than maxLumped extra at a site.

const (
	// maxLumped bounds what a site charges for code that may not run. Larger
	// values make fewer sites and a coarser count.
	maxLumped = 64
	// maxStretch splits straight code by checks.
	maxStretch = 1 << 14
	// maxUnchecked is the weight above which a function is checked at every
	// site: its forward branches alone could take long.
	maxUnchecked = 1 << 16
)

// site is where the rewriter inserts code.
type site struct {
	at     int   // offset in the body's code
	weight int32 // 0 for a check without a charge
	check  bool
}

type stretch struct {
	at     int
	weight int
	parent int32 // dominator
	own    bool  // charged at its own start
	check  bool
	mark   int32 // where it is charged: index of a stretch
	lumped int
}

type frame struct {
	at      int   // offset of the construct
	stretch int32 // what runs before it
	dead    bool
	op      byte
}

// meter finds the sites of a function body. It is reused between bodies.
type meter struct {
	stretches []stretch
	frames    []frame
	gates     []site // checks before branches that go back
	sites     []site // the result, in code order

	weight   int      // of the whole body
	calls    []uint32 // direct ones, by function index
	indirect int      // other calls

	faults map[string]int // forbidden instruction: first function
}

// scan reads one body. The code has been validated; scan returns false if it
// is malformed all the same.
func (m *meter) scan(body *codeBody, function int) bool {
	m.stretches, m.frames, m.gates, m.sites = m.stretches[:0], m.frames[:0], m.gates[:0], m.sites[:0]
	m.calls, m.indirect, m.weight = m.calls[:0], 0, 0
	m.stretches = append(m.stretches, stretch{own: true})
	m.frames = append(m.frames, frame{at: -1})
	cur, dead := int32(0), false
	begin := func(at int, parent int32, own, check bool) {
		cur = int32(len(m.stretches))
		m.stretches = append(m.stretches, stretch{at: at, parent: parent, own: own, check: check})
	}
	c := &cursor{b: body.code}
	for len(m.frames) > 0 {
		in := c.instr()
		if c.bad {
			return false
		}
		if what := in.forbidden(); what != "" {
			if _, seen := m.faults[what]; !seen {
				m.faults[what] = function
			}
		}
		if !dead {
			m.stretches[cur].weight += in.weight()
		}
		top := len(m.frames) - 1
		switch in.op {
		case opBlock:
			m.frames = append(m.frames, frame{at: in.at, op: in.op, stretch: cur, dead: dead})
		case opLoop:
			m.frames = append(m.frames, frame{at: in.at, op: in.op, stretch: cur, dead: dead})
			if !dead {
				begin(c.at, cur, true, false)
			}
		case opIf:
			m.frames = append(m.frames, frame{at: in.at, op: in.op, stretch: cur, dead: dead})
			begin(c.at, cur, false, false)
		case opElse:
			f := m.frames[top]
			dead = f.dead
			begin(c.at, f.stretch, false, false)
		case opEnd:
			f := m.frames[top]
			m.frames = m.frames[:top]
			dead = f.dead
			begin(c.at, f.stretch, false, false)
		case opBr, opBrIf, opBrTable:
			if !m.branch(&in, c, dead) {
				return false
			}
			if in.op == opBrIf {
				begin(c.at, cur, false, false)
			} else {
				dead = true
			}
		case opReturn, opUnreachable:
			dead = true
		case opCall:
			m.calls = append(m.calls, in.index)
		case opCallIndirect:
			m.indirect++
		}
		if !dead && m.stretches[cur].weight >= maxStretch {
			begin(c.at, cur, true, true)
		}
	}
	if !c.done() {
		return false
	}
	// What a frame costs: locals are cleared, and large bodies have large
	// frames, which is what a runaway recursion fills the stack with.
	m.stretches[0].weight += int(min(body.numLocals, maxLocals))/8 + len(body.code)/512
	for i := range m.stretches {
		m.weight += m.stretches[i].weight
	}
	return true
}

// branch looks at the targets of a branch and puts a gate before it if it may
// go back. It returns false on a label that does not exist.
func (m *meter) branch(in *instr, c *cursor, dead bool) bool {
	o := &cursor{b: c.b, at: in.at + 1}
	n := uint32(0)
	if in.op == opBrTable {
		n = o.u32()
	}
	back := false
	for range n + 1 {
		label := o.u32()
		if o.bad || uint64(label) >= uint64(len(m.frames)) {
			return false
		}
		back = back || m.frames[len(m.frames)-1-int(label)].op == opLoop
	}
	if back && !dead {
		m.gates = append(m.gates, site{at: in.at, check: true})
	}
	return true
}

// place decides where each stretch is charged and lists the sites. entry asks
// for a check at the entry, all for one at every site.
func (m *meter) place(entry, all bool) {
	for i := range m.stretches {
		s := &m.stretches[i]
		s.mark = int32(i)
		if s.own {
			continue
		}
		parent := m.stretches[s.parent].mark
		at := &m.stretches[parent]
		switch {
		case s.weight == 0:
			s.mark = parent
		case at.lumped+s.weight <= maxLumped:
			at.lumped += s.weight
			at.weight += s.weight
			s.mark = parent
		default:
			s.own = true
		}
	}
	m.stretches[0].check = entry
	m.sites = append(m.sites[:0], m.gates...)
	for i := range m.stretches {
		if s := &m.stretches[i]; s.own {
			m.sites = append(m.sites, site{at: s.at, weight: int32(max(s.weight, 1)), check: s.check || all})
		}
	}
	slices.SortStableFunc(m.sites, func(a, b site) int { return cmp.Compare(a.at, b.at) })
}
