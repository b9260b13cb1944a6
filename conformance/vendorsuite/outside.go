package vendorsuite

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// showing is the first answer of a cassette that shows an object whole.
type showing struct {
	index  int // of the exchange
	object *node
	expand [][]string // paths in it at which objects stand in place of ids
}

// outside finds the objects of a cassette that were made elsewhere.
type outside struct {
	rules  *Rules
	c      *Cassette
	docs   []*document
	shown  map[string][]*showing // by id; objects of several types may share one
	minted map[string]bool       // ids that a request gave to what it created
}

func newOutside(r *Rules, c *Cassette, docs []*document) *outside {
	o := &outside{rules: r, c: c, docs: docs, shown: map[string][]*showing{}, minted: map[string]bool{}}
	for i, e := range c.Exchanges {
		if e.Method == "POST" {
			r.mentions(e, func(param, text string) {
				if slices.Contains(r.IDFields, param) {
					o.minted[text] = true
				}
			})
		}
		if root := docs[i].root; root != nil && e.Status < 300 {
			o.look(i, root, r.expanded(e))
		}
	}
	return o
}

// expanded returns the paths at which a request asks for objects in place of
// ids: expand[]=data.customer.
func (r *Rules) expanded(e *Exchange) [][]string {
	if r.Expand == "" {
		return nil
	}
	var out [][]string
	_, query, _ := strings.Cut(e.URL, "?")
	for _, pair := range strings.Split(r.unmask(query+"&"+e.RequestBody), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if n, err := url.QueryUnescape(name); err != nil || !strings.HasPrefix(n, r.Expand+"[") {
			continue
		}
		if path, err := url.QueryUnescape(value); err == nil {
			out = append(out, strings.Split(path, "."))
		}
	}
	return out
}

// look remembers the objects of an answer.
func (o *outside) look(index int, n *node, expand [][]string) {
	if n.kind == objectKind && n.string("object") != "" {
		for _, name := range o.rules.IDFields {
			id := n.string(name)
			if id == "" || n.member("deleted") != nil {
				continue
			}
			if !slices.ContainsFunc(o.shown[id], func(s *showing) bool { return s.object.string("object") == n.string("object") }) {
				o.shown[id] = append(o.shown[id], &showing{index, n, expand})
			}
		}
	}
	for i := range n.kids {
		k := &n.kids[i]
		below := expand
		if n.kind == objectKind {
			below = nil
			for _, path := range expand {
				if path[0] == k.name && len(path) > 1 {
					below = append(below, path[1:])
				}
			}
		}
		if k.kind == objectKind || k.kind == arrayKind {
			o.look(index, k, below)
		}
	}
}

// needed returns the objects that an exchange names and the mirror cannot have,
// because they were made outside of the cassette: what they refer to first.
func (o *outside) needed(index int, m *ids) []*showing {
	var out []*showing
	seen := map[string]bool{}
	var visit func(id, param string, direct bool)
	visit = func(id, param string, direct bool) {
		if seen[id] || o.minted[id] {
			return
		}
		if _, mapped := m.to[id]; mapped {
			return
		}
		vendors := m.find(id) != nil
		for _, s := range o.shown[id] {
			kind := s.object.string("object")
			if !vendors && !(direct && (param == "" || param == kind)) || !o.foreign(s, index) {
				continue
			}
			seen[id] = true
			s.object.walk(func(n *node) {
				if n.kind == stringKind && n.text != id && m.find(n.text) != nil {
					visit(n.text, n.name, false)
				}
			})
			out = append(out, s)
		}
	}
	o.rules.mentions(o.c.Exchanges[index], func(param, text string) { visit(text, param, true) })
	return out
}

// foreign tells whether an object that exchange index needs was made outside:
// it is first shown later, or by a look at what there was, or in the answer of
// an exchange that itself depends on something made outside.
func (o *outside) foreign(s *showing, index int) bool {
	e := o.c.Exchanges[s.index]
	return s.index >= index || e.Method == "GET" || e.Class == Outside
}

// seed prints an object as it is imported: expanded ids are ids again, and ids
// of the cassette are the mirror's.
func (s *showing) seed(m *ids) json.RawMessage {
	return json.RawMessage(collapse(s.object, s.expand, m).appendJSON(nil, func(text string) string { return m.translate(m.rules.unmask(text)) }))
}

// collapse copies a value with ids in place of expanded objects.
func collapse(n *node, expand [][]string, m *ids) *node {
	if len(expand) == 0 {
		return n
	}
	out := *n
	out.kids = slices.Clone(n.kids)
	for i := range out.kids {
		k := &out.kids[i]
		below := expand
		if n.kind == objectKind {
			below = nil
			for _, path := range expand {
				if path[0] != k.name {
					continue
				}
				if id := m.idOf(k); len(path) == 1 && id != "" {
					*k = node{kind: stringKind, name: k.name, text: id}
					break
				}
				if len(path) > 1 {
					below = append(below, path[1:])
				}
			}
		}
		if k.kind == objectKind || k.kind == arrayKind {
			*k = *collapse(k, below, m)
		}
	}
	return &out
}
