package wasm

const (
	// maxLight is what a light function may execute without a check.
	maxLight = 1 << 10
	// maxCallDepth bounds how deep the call graph is followed.
	maxCallDepth = 200
)

// callGraph finds the light functions: those that execute at most maxLight
// before they return or meet a check, callees included. They need no check at
// their entry. A function that calls itself, through others or through a
// table, is never light, so no recursion goes without a check.
type callGraph struct {
	imported uint32
	nodes    []callNode
}

type callNode struct {
	weight   int // of the body, then with light callees
	calls    []uint32
	indirect int
	state    callState
	light    bool
}

type callState uint8

const (
	callUnknown callState = iota
	callOpen
	callDone
)

// add appends the function that m has scanned.
func (g *callGraph) add(m *meter) {
	g.nodes = append(g.nodes, callNode{weight: m.weight, calls: append([]uint32(nil), m.calls...), indirect: m.indirect})
}

// resolve computes a function's exposure: what it executes without a check
// after its entry, loops aside, which have their own.
func (g *callGraph) resolve(i uint32, depth int) *callNode {
	n := &g.nodes[i]
	if n.state != callUnknown {
		return n
	}
	n.state = callOpen
	recursive := n.indirect > 0
	exposure := min(n.weight, 1<<30) + min(n.indirect, 1<<16)*maxLight
	for _, call := range n.calls {
		if call < g.imported || int(call-g.imported) >= len(g.nodes) {
			continue // host functions charge by themselves
		}
		callee := &g.nodes[call-g.imported]
		if depth < maxCallDepth {
			callee = g.resolve(call-g.imported, depth+1)
		}
		switch {
		case callee.state != callDone:
			recursive = true // or too deep to know
		case callee.light:
			exposure = min(exposure+callee.weight, 1<<30)
		}
	}
	n.weight, n.state = exposure, callDone
	n.light = !recursive && exposure <= maxLight
	return n
}
