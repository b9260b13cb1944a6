package vendorsuite

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"
)

// story is what a cassette tells of objects before it is replayed: which were
// made in it, and which elsewhere.
type story struct {
	rules *Rules
	c     *Cassette
	docs  []*document

	known map[string]*node      // what the recorder's account is known to have had
	shown map[string][]*showing // by id; objects of several types may share one
	// made is the first exchange whose answer shows an object that it made; ids
	// that a client chose are made by the request that gives them.
	made map[string]int
	// named is the first request that names an id.
	named map[string]int
	// again is the first exchange that seems to make an object which, as a later
	// answer shows, was there before the cassette: a vendor may answer a second
	// creation with what there is.
	again map[int][]string
}

// showing is the first answer of a cassette that shows an object whole.
type showing struct {
	index  int // of the exchange; -1 for an object that is named but never shown
	object *node
	expand [][]string // paths in it at which objects stand in place of ids
}

func newStory(r *Rules, c *Cassette, docs []*document) *story {
	s := &story{rules: r, c: c, docs: docs, shown: map[string][]*showing{}, made: map[string]int{}, named: map[string]int{}, again: map[int][]string{}}
	for i, e := range c.Exchanges {
		chosen := map[string]bool{}
		r.mentions(e, func(param, text string) {
			if slices.Contains(r.IDFields, param) && e.Method == "POST" && e.Status < 300 {
				chosen[text] = true
				return
			}
			first(s.named, text, i)
		})
		if docs[i].root == nil || e.Status >= 300 {
			continue
		}
		s.look(i, docs[i].root, r.expanded(e))
		if e.Method == "GET" {
			continue
		}
		docs[i].root.walk(func(n *node) {
			if id := r.idOf(n); id != "" && (chosen[id] || s.unnamed(id) && !s.older(n)) {
				first(s.made, id, i)
			}
		})
	}
	s.findAgain()
	for i, e := range c.Exchanges { // what only errors show: the card that was declined
		if docs[i].root != nil && e.Status >= 400 {
			s.look(i, docs[i].root, nil)
		}
	}
	return s
}

// findAgain finds objects that were created once more.
func (s *story) findAgain() {
	for i, d := range s.docs {
		if d.root == nil || s.c.Exchanges[i].Method != "GET" || s.c.Exchanges[i].Status >= 300 {
			continue
		}
		d.root.walk(func(n *node) {
			id := s.rules.idOf(n)
			at, made := s.made[id]
			if !made || at >= i || !s.older(n) {
				return
			}
			delete(s.made, id)
			s.again[at] = append(s.again[at], id)
			if o := s.shown[id]; o[0].index == at && o[0].object.member("created_at") == nil { // no more than its id
				whole := *n
				if n.member("object") == nil {
					whole.kids = append([]node{*o[0].object.member("object")}, n.kids...)
				}
				o[0] = &showing{i, &whole, nil}
			}
		})
	}
}

func first(m map[string]int, key string, i int) {
	if _, ok := m[key]; !ok {
		m[key] = i
	}
}

func (s *story) unnamed(id string) bool {
	_, ok := s.named[id]
	return !ok
}

// older tells whether an object says that it was there before the cassette.
func (s *story) older(n *node) bool {
	start := s.c.Exchanges[0].At
	created := n.member("created")
	if created == nil {
		created = n.member("created_at")
	}
	if created == nil || start.IsZero() {
		return false
	}
	t, layout := instant(created)
	return layout != "" && t.Before(start.Add(-startSlack))
}

// startSlack is how long the vendor may have taken for an answer.
const startSlack = 10 * time.Second

// executed returns when the vendor did what an exchange asks for: an answer
// that shows what it made says so; else when it was answered, which was up to
// some seconds later.
func (s *story) executed(index int) time.Time {
	at := s.c.Exchanges[index].At
	if s.docs[index].root == nil || at.IsZero() {
		return at
	}
	earliest := at
	s.docs[index].root.walk(func(n *node) {
		created := n.member("created")
		if i, ok := s.made[s.rules.idOf(n)]; !ok || i != index || created == nil {
			return
		}
		if t, layout := instant(created); layout != "" && t.Before(earliest) && t.After(at.Add(-startSlack)) {
			earliest = t.UTC()
		}
	})
	return earliest
}

// madeBefore tells whether the cassette made an object before an exchange.
func (s *story) madeBefore(id string, index int) bool {
	i, ok := s.made[id]
	return ok && i < index
}

// expanded returns the paths at which a request asks for objects in place of
// ids: expand[]=data.customer.
func (r *Rules) expanded(e *Exchange) [][]string {
	if r.Expand == "" {
		return nil
	}
	var out [][]string
	_, query, _ := strings.Cut(pathOf(e.URL), "?")
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

// idOf returns an object's id, "" if it has none.
func (r *Rules) idOf(n *node) string {
	for _, name := range r.IDFields {
		if id := n.string(name); id != "" {
			return id
		}
	}
	return ""
}

// look remembers the objects of an answer.
func (s *story) look(index int, n *node, expand [][]string) {
	if id := s.rules.idOf(n); id != "" && n.string("object") != "" && n.member("deleted") == nil {
		if !slices.ContainsFunc(s.shown[id], func(o *showing) bool { return o.object.string("object") == n.string("object") }) {
			s.shown[id] = append(s.shown[id], &showing{index, n, expand})
		}
	}
	for i := range n.kids {
		if k := &n.kids[i]; k.kind == objectKind || k.kind == arrayKind {
			s.look(index, k, below(n, k.name, expand))
		}
	}
}

// below returns what is left of paths in a member.
func below(n *node, name string, paths [][]string) [][]string {
	if n.kind != objectKind {
		return paths
	}
	var out [][]string
	for _, p := range paths {
		if p[0] == name && len(p) > 1 {
			out = append(out, p[1:])
		}
	}
	return out
}

// seed is an object to import.
type seed struct {
	id, kind string
	json     json.RawMessage
	shown    bool // else only its id is known
}

// needed returns the objects that an exchange names and the mirror does not
// have, because they were made outside of the cassette, with all that they
// refer to. An object that is named but never shown is imported by its id
// alone: nothing of it is ever compared.
func (s *story) needed(index int, m *ids) []seed {
	e := s.c.Exchanges[index]
	var out []seed
	seen := map[string]bool{}
	var visit func(id, name string, direct bool)
	visit = func(id, name string, direct bool) {
		if _, have := m.to[id]; have || seen[id] {
			return
		}
		seen[id] = true
		vendors := len(m.find(id)) == 1
		shown := s.shown[id]
		if i, ok := s.made[id]; ok && !s.fromOutside(i, index) {
			return
		}
		if old := s.known[id]; len(shown) == 0 && old != nil {
			shown = []*showing{{-1, old, nil}}
		}
		if len(shown) == 0 {
			kind := ""
			switch {
			case vendors && whole(m.find(id)[0], id):
				kind = s.rules.Kinds[prefix(id)]
			case direct:
				kind = s.rules.Named[name]
			}
			if kind != "" {
				shown = []*showing{{-1, &node{kind: objectKind, kids: []node{{kind: stringKind, name: s.rules.IDFields[0], text: id}, {kind: stringKind, name: "object", text: kind}}}, nil}}
			}
		}
		for _, o := range shown {
			kind := o.object.string("object")
			if !vendors && (!direct || name != "" && name != kind && s.rules.SameAs[name] != kind && s.rules.SameAs[kind] != name) {
				continue // a text that happens to be some object's id
			}
			if same := s.rules.SameAs[kind]; slices.ContainsFunc(shown, func(o *showing) bool { return o.object.string("object") == same }) {
				continue
			}
			doc := s.asSeed(o, m, index)
			if owner := s.owner(e); owner != "" && !slices.Contains(s.rules.Unowned, kind) {
				doc.kids = append(doc.kids, node{kind: stringKind, name: s.rules.OwnerMember, text: owner})
			}
			for ref, name := range references(doc, s.rules, m) {
				visit(ref, name, false)
			}
			out = append(out, seed{id, kind, json.RawMessage(doc.appendJSON(nil, m.translate)), o.index >= 0})
		}
	}
	for _, id := range s.again[index] {
		visit(id, "", true)
	}
	s.rules.mentions(e, func(param, text string) {
		if e.Status >= 400 && strings.Contains(e.Body, text) {
			return // the vendor did not have it either
		}
		visit(text, param, true)
	})
	return out
}

// owner returns whose objects an exchange is about; "" for the key's own.
func (s *story) owner(e *Exchange) string {
	if s.rules.AccountHeader == "" {
		return ""
	}
	return cmp.Or(e.RequestHeader.Get(s.rules.AccountHeader), e.Header.Get(s.rules.AccountHeader))
}

// fromOutside tells whether what exchange i made has to be imported all the
// same: i depends on something made outside, and the mirror did not make it.
func (s *story) fromOutside(i, index int) bool {
	return i < index && s.c.Exchanges[i].Class == Outside
}

// references returns the ids that a document refers to, with the names of the
// members that do. Ids of objects that are part of it are none.
func references(doc *node, r *Rules, m *ids) map[string]string {
	own := map[string]bool{}
	doc.walk(func(n *node) {
		if id := r.idOf(n); id != "" {
			own[id] = true
		}
	})
	refs := map[string]string{}
	doc.walk(func(n *node) {
		if places := m.find(n.text); n.kind == stringKind && len(places) == 1 && whole(places[0], n.text) && !own[n.text] {
			refs[n.text] = n.name
		}
	})
	return refs
}

// asSeed returns an object as it is imported: expanded ids are ids again, and
// it does not refer to what will be made later.
func (s *story) asSeed(o *showing, m *ids, index int) *node {
	n := collapse(o.object, o.expand, s.rules)
	later := func(id string) bool {
		i, ok := s.made[id]
		return ok && i >= index
	}
	var clear func(n *node) *node
	clear = func(n *node) *node {
		if n.kind == stringKind && later(n.text) {
			return &node{kind: nullKind, name: n.name, text: "null"}
		}
		out := *n
		out.kids = slices.Clone(n.kids)
		for i := range out.kids {
			out.kids[i] = *clear(&out.kids[i])
		}
		return &out
	}
	id := s.rules.idOf(n)
	n = clear(n)
	for i := range n.kids {
		if slices.Contains(s.rules.IDFields, n.kids[i].name) {
			n.kids[i].kind, n.kids[i].text = stringKind, id // its own
		}
	}
	return n
}

// collapse copies a value with ids in place of expanded objects.
func collapse(n *node, expand [][]string, r *Rules) *node {
	if len(expand) == 0 {
		return n
	}
	out := *n
	out.kids = slices.Clone(n.kids)
	for i := range out.kids {
		k := &out.kids[i]
		if k.kind != objectKind && k.kind != arrayKind {
			continue
		}
		id := r.idOf(k)
		if id != "" && n.kind == objectKind && slices.ContainsFunc(expand, func(p []string) bool { return p[0] == k.name && len(p) == 1 }) {
			*k = node{kind: stringKind, name: k.name, text: id}
			continue
		}
		*k = *collapse(k, below(n, k.name, expand), r)
	}
	return &out
}
