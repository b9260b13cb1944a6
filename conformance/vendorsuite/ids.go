package vendorsuite

import (
	"strings"
)

// ids maps recorded ids to those that the mirror minted.
type ids struct {
	rules *Rules
	to    map[string]string // recorded to the mirror's
	from  map[string]string // the mirror's to recorded
	loose map[string]bool   // recorded ids whose counterpart has another form
	given map[string]bool   // texts that the client sent: it made them up
	// imported are ids of objects that were made outside of the cassette.
	imported map[string]bool
}

func newIDs(r *Rules) *ids {
	return &ids{rules: r, to: map[string]string{}, from: map[string]string{}, loose: map[string]bool{}, given: map[string]bool{}, imported: map[string]bool{}}
}

// find returns where ids stand in a text: none is part of a longer word.
func (m *ids) find(s string) [][]int {
	if len(s) < 8 || len(m.rules.IDs) == 0 || m.rules.IDMark != 0 && strings.IndexByte(s, m.rules.IDMark) < 0 {
		return nil
	}
	all := m.rules.ids.FindAllStringIndex(s, -1)
	kept := all[:0]
	for _, p := range all {
		if p[1] == len(s) || !isPlain(s[p[1]:p[1]+1]) {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// prefix returns what stands before an id's random part, "cus_".
func prefix(id string) string { return id[:strings.LastIndexByte(id, '_')+1] }

// sameForm tells whether two ids have prefix, length and alphabet in common.
func (m *ids) sameForm(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, form := range m.rules.IDs {
		random := form.SubexpIndex("random")
		x, y := form.FindStringSubmatchIndex(a), form.FindStringSubmatchIndex(b)
		if !whole(x, a) || !whole(y, b) {
			continue
		}
		if random < 0 {
			return true
		}
		from, to := x[2*random], x[2*random+1]
		if from == y[2*random] && to == y[2*random+1] && a[:from] == b[:from] && a[to:] == b[to:] {
			return true
		}
	}
	return false
}

func whole(m []int, s string) bool { return m != nil && m[0] == 0 && m[1] == len(s) }

// learn pairs two ids, unless one of them has a partner already.
func (m *ids) learn(recorded, mirror string, loose bool) {
	if _, ok := m.to[recorded]; ok {
		return
	}
	if _, ok := m.from[mirror]; ok {
		return
	}
	m.to[recorded], m.from[mirror] = mirror, recorded
	if loose {
		m.loose[recorded] = true
	}
}

// translate puts the mirror's ids in place of recorded ones.
func (m *ids) translate(s string) string {
	if to, ok := m.to[s]; ok {
		return to
	}
	places := m.find(s)
	if places == nil {
		return s
	}
	var b strings.Builder
	at := 0
	for _, p := range places {
		b.WriteString(s[at:p[0]])
		id := s[p[0]:p[1]]
		if to, ok := m.to[id]; ok {
			id = to
		}
		b.WriteString(id)
		at = p[1]
	}
	b.WriteString(s[at:])
	return b.String()
}

// equal tells whether a text of the mirror's is the recorded one with the
// mirror's ids in it, and why not if that is not obvious.
func (m *ids) equal(recorded, mirror string) (ok bool, why string) {
	places := m.find(recorded)
	if places == nil {
		if to, mapped := m.to[recorded]; mapped {
			return to == mirror, ""
		}
		return recorded == mirror || m.sameCut(recorded, mirror), ""
	}
	other := m.find(mirror)
	if len(other) != len(places) {
		// An id of another form, by its place.
		if to, mapped := m.to[recorded]; mapped && to == mirror {
			return false, "an id of another form"
		}
		return false, ""
	}
	at, to := 0, 0
	for i, p := range places {
		q := other[i]
		if recorded[at:p[0]] != mirror[to:q[0]] {
			return false, ""
		}
		if ok, why := m.sameID(recorded[p[0]:p[1]], mirror[q[0]:q[1]]); !ok {
			return false, why
		}
		at, to = p[1], q[1]
	}
	return recorded[at:] == mirror[to:], ""
}

// shortCut is how much of an id has to be there to know it by.
const shortCut = 20

// sameCut tells whether two texts are the beginnings of two ids of one object.
func (m *ids) sameCut(recorded, mirror string) bool {
	if len(recorded) < shortCut || len(recorded) != len(mirror) {
		return false
	}
	for id, to := range m.to {
		if strings.HasPrefix(id, recorded) && strings.HasPrefix(to, mirror) {
			return true
		}
	}
	return false
}

func (m *ids) sameID(recorded, mirror string) (bool, string) {
	to, mapped := m.to[recorded]
	switch {
	case mapped && to == mirror && m.loose[recorded]:
		return false, "an id of another form"
	case mapped && to == mirror:
		return true, ""
	case mapped:
		return false, "the id of another object: recorded " + recorded + " is " + to
	case recorded == mirror:
		return true, ""
	}
	if from, taken := m.from[mirror]; taken {
		return false, "the id of another object: it is recorded as " + from
	}
	return false, ""
}

// learnFrom pairs the ids of two documents by their places. An object's own id
// comes before ids that it refers to.
func (m *ids) learnFrom(want, have *node) {
	if want.kind != have.kind {
		return
	}
	switch want.kind {
	case stringKind:
		m.learnText(want.text, have.text)
	case objectKind:
		for _, name := range m.rules.IDFields {
			if w, h := want.member(name), have.member(name); w != nil && h != nil && w.kind == stringKind && h.kind == stringKind {
				m.learnOwn(w.text, h.text)
			}
		}
		for i := range want.kids {
			if h := have.member(want.kids[i].name); h != nil {
				m.learnFrom(&want.kids[i], h)
			}
		}
	case arrayKind:
		for _, pair := range m.align(want, have) {
			m.learnFrom(pair[0], pair[1])
		}
	}
}

// learnOwn pairs the ids of two objects.
func (m *ids) learnOwn(recorded, mirror string) {
	if recorded == "" || mirror == "" || m.given[recorded] && recorded == mirror {
		return
	}
	if m.sameForm(recorded, mirror) {
		m.learn(recorded, mirror, false)
		return
	}
	if m.given[recorded] {
		return // the client's, and the mirror shows another: a difference
	}
	// An id of no known form has to have the same length and be as plain.
	plain := m.find(recorded) == nil && len(recorded) == len(mirror) && isPlain(recorded) && isPlain(mirror)
	m.learn(recorded, mirror, !plain)
}

func isPlain(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// learnText pairs the ids in two texts that are of the same forms.
func (m *ids) learnText(recorded, mirror string) {
	places := m.find(recorded)
	if places == nil {
		return
	}
	other := m.find(mirror)
	if len(other) != len(places) {
		return
	}
	for i, p := range places {
		a, b := recorded[p[0]:p[1]], mirror[other[i][0]:other[i][1]]
		if m.sameForm(a, b) {
			m.learn(a, b, false)
		}
	}
}

// align pairs elements of two lists: those whose ids are known by their ids,
// the others in order if as many are left on both sides.
func (m *ids) align(want, have *node) [][2]*node {
	byID := map[string]*node{}
	for i := range have.kids {
		if id := m.rules.idOf(&have.kids[i]); id != "" {
			byID[id] = &have.kids[i]
		}
	}
	var pairs [][2]*node
	var left []*node
	paired := map[*node]bool{}
	for i := range want.kids {
		w := &want.kids[i]
		if to, ok := m.to[m.rules.idOf(w)]; ok && byID[to] != nil {
			pairs = append(pairs, [2]*node{w, byID[to]})
			paired[byID[to]] = true
			continue
		}
		left = append(left, w)
	}
	var rest []*node
	for i := range have.kids {
		if !paired[&have.kids[i]] {
			rest = append(rest, &have.kids[i])
		}
	}
	if len(left) != len(rest) {
		return pairs
	}
	for i := range left {
		pairs = append(pairs, [2]*node{left[i], rest[i]})
	}
	return pairs
}
