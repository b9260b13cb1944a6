package vendorsuite

import "slices"

// list compares a list of what an account has with a session's. The recorder's
// account had objects of its own, so only elements that the cassette made are
// compared, in their order. How many there are in all depends on the account,
// so of the list's numbers and bools only the type is.
func (c *comparison) list(want, have *node) {
	w, h := elements(want), elements(have)
	if w == nil || h == nil {
		c.node("", want, have)
		return
	}
	own, foreign := c.ids.own(w)
	if foreign == 0 {
		c.node("", want, have)
		return
	}
	known := map[string]bool{}
	for i := range own {
		known[c.ids.to[c.ids.idOf(&own[i])]] = true
	}
	var shown []node
	for i := range h.kids {
		if known[c.ids.idOf(&h.kids[i])] {
			shown = append(shown, h.kids[i])
		}
	}
	x, y := withElements(want, w, own), withElements(have, h, shown)
	for i := range y.kids {
		if m := x.member(y.kids[i].name); m != nil && m.kind == y.kids[i].kind && (m.kind == boolKind || m.kind == numberKind) {
			y.kids[i].text = m.text
		}
	}
	c.node("", x, y)
	c.differ(Byte, "", "", "", "elements of the recorder's account are left out")
}

// withElements copies a list's answer with other elements.
func withElements(answer, list *node, elements []node) *node {
	out := *answer
	if answer == list {
		out.kids = elements
		return &out
	}
	out.kids = slices.Clone(answer.kids)
	for i := range answer.kids {
		if &answer.kids[i] == list {
			out.kids[i].kids = elements
		}
	}
	return &out
}

// elements returns the list in an answer: the answer itself, or its only
// member that is a list.
func elements(n *node) *node {
	if n.kind == arrayKind {
		return n
	}
	var found *node
	for i := range n.kids {
		if n.kids[i].kind == arrayKind {
			if found != nil {
				return nil
			}
			found = &n.kids[i]
		}
	}
	return found
}

// own returns the elements whose ids the cassette made, and how many others
// there are.
func (m *ids) own(list *node) (own []node, foreign int) {
	for i := range list.kids {
		id := m.idOf(&list.kids[i])
		if to, ok := m.to[id]; id != "" && (!ok || to == id && !m.given[id]) {
			foreign++
			continue
		}
		own = append(own, list.kids[i])
	}
	return own, foreign
}
