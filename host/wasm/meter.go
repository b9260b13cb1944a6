package wasm

// Metering. A site is a place where the rewriter inserts "fuel -= weight; if
// fuel < 0 call tick". Sites stand at every loop header and function entry, so
// that nothing runs for long without meeting one, and at the start of a
// stretch of straight code once the stretches charged elsewhere grow too long.
//
// The code is cut into stretches: runs of instructions that are entered at the
// top and left at the bottom. A stretch knows another that every path to it
// passes (its dominator: what came before a branch, or before the block whose
// end it follows). A short one is charged at the site its dominator is charged
// at, taken or not, which costs nothing at run time; a site takes on at most
// maxLumped that way. So a guest never pays less than it executes, and never
// more than maxLumped extra at a site.

const (
	// maxLumped bounds what a site charges for code that may not run. Larger
	// values make fewer sites and a coarser count.
	maxLumped = 24
	// maxStretch splits straight code, so that a huge body meets tick as often
	// as a loop does.
	maxStretch = 1 << 14
	// smallLeaf is the weight up to which a function without calls and loops
	// is charged unchecked: its caller checks before long.
	smallLeaf = 64
)

type site struct {
	at     int // offset in the code where it is inserted
	weight int32
	check  bool
}

type stretch struct {
	at     int
	weight int
	parent int32 // dominator
	own    bool  // charged at its own start
	free   bool  // needs no check: one follows at once
	mark   int32 // where it is charged: index of a stretch
	lumped int
}

type frame struct {
	stretch int32 // what runs before the construct
	dead    bool
}

// meter finds the sites of function bodies. It is reused between them.
type meter struct {
	stretches []stretch
	frames    []frame
	sites     []site
	faults    map[string]int // forbidden instruction: first function
}

// scan reads one body and leaves its sites in m.sites, in code order.
// The code has been validated; scan returns false if it is malformed all the same.
func (m *meter) scan(body *codeBody, function int) bool {
	m.stretches, m.frames, m.sites = m.stretches[:0], m.frames[:0], m.sites[:0]
	m.stretches = append(m.stretches, stretch{own: true})
	m.frames = append(m.frames, frame{})
	cur, dead := int32(0), false
	loops, calls, bulk, straight := false, false, false, true
	begin := func(at int, parent int32, own bool) {
		cur = int32(len(m.stretches))
		m.stretches = append(m.stretches, stretch{at: at, parent: parent, own: own})
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
			m.frames = append(m.frames, frame{cur, dead})
		case opLoop:
			m.frames = append(m.frames, frame{cur, dead})
			if dead {
				break
			}
			loops = true
			// Entering the function is entering the loop: one check does. Not
			// after a call, which may come back here before the loop.
			m.stretches[0].free = m.stretches[0].free || straight && !calls
			begin(c.at, cur, true)
			straight = false
		case opIf:
			m.frames = append(m.frames, frame{cur, dead})
			begin(c.at, cur, false)
			straight = false
		case opElse:
			f := m.frames[top]
			dead = f.dead
			begin(c.at, f.stretch, false)
		case opEnd:
			f := m.frames[top]
			m.frames = m.frames[:top]
			dead = f.dead
			begin(c.at, f.stretch, false)
			straight = false
		case opBr, opBrTable, opReturn, opUnreachable:
			dead, straight = true, false
		case opBrIf:
			begin(c.at, cur, false)
			straight = false
		case opCall, opCallIndirect:
			calls = true
		case opMemoryGrow:
			bulk = true
		case opMisc:
			bulk = bulk || in.sub == miscMemoryFill || in.sub == miscMemoryCopy
		}
		if !dead && m.stretches[cur].weight >= maxStretch {
			begin(c.at, cur, true)
			straight = false
		}
	}
	if !c.done() {
		return false
	}
	// What a frame costs: locals are cleared, and large bodies have large
	// frames, which is what a runaway recursion fills the stack with.
	m.stretches[0].weight += int(body.numLocals)/8 + len(body.code)/512
	m.place()
	if len(m.sites) == 1 && !loops && !calls && !bulk && m.sites[0].weight <= smallLeaf {
		m.sites[0].check = false
	}
	return true
}

// place decides where each stretch is charged. A dominator comes before what
// it dominates.
func (m *meter) place() {
	for i := range m.stretches {
		s := &m.stretches[i]
		s.mark = int32(i)
		if s.own {
			continue
		}
		if s.weight == 0 {
			s.mark = m.stretches[s.parent].mark
			continue
		}
		at := &m.stretches[m.stretches[s.parent].mark]
		if at.lumped+s.weight <= maxLumped {
			at.lumped += s.weight
			at.weight += s.weight
			s.mark = m.stretches[s.parent].mark
		} else {
			s.own = true
		}
	}
	for i := range m.stretches {
		if s := &m.stretches[i]; s.own {
			m.sites = append(m.sites, site{at: s.at, weight: int32(max(s.weight, 1)), check: !s.free})
		}
	}
}
