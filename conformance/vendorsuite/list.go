package vendorsuite

import "slices"

// cut makes of two answers that list what an account has such that can be
// compared: the recorder's account had objects of its own, the session has those
// that were imported. How many there are in all depends on these, so of the
// list's numbers and bools only the type is compared.
func (s *story) cut(index int, m *ids, want, have *node) (x, y *node, partly bool) {
	w, h := elements(want), elements(have)
	if w == nil || h == nil {
		return want, have, false
	}
	own, foreign := s.own(index, w)
	if foreign == 0 {
		return want, have, false
	}
	var shown []node
	for i := range h.kids {
		if id := s.rules.idOf(&h.kids[i]); m.imported[id] {
			continue
		}
		shown = append(shown, h.kids[i])
	}
	x, y = withElements(want, w, own), withElements(have, h, shown)
	for i := range y.kids {
		if k := x.member(y.kids[i].name); y.kind == objectKind && k != nil && k.kind == y.kids[i].kind && (k.kind == boolKind || k.kind == numberKind) {
			y.kids[i].text = k.text
		}
	}
	return x, y, true
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

// own splits the elements of a list's answer: those that the cassette made, or
// that refer to what it made, and how many others there are. All of a list is
// the cassette's if the request asks for the things of an object that it made.
func (s *story) own(index int, list *node) (own []node, foreign int) {
	scoped := false
	s.rules.mentions(s.c.Exchanges[index], func(_, text string) { scoped = scoped || s.madeBefore(text, index) })
	if scoped {
		return list.kids, 0
	}
	for i := range list.kids {
		made := false
		list.kids[i].walk(func(n *node) { made = made || n.kind == stringKind && s.madeBefore(n.text, index) })
		if !made {
			foreign++
			continue
		}
		own = append(own, list.kids[i])
	}
	return own, foreign
}
