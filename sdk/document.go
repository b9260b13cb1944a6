package sdk

import (
	"strconv"
)

// Kind is the JSON type of a Doc.
type Kind uint8

// Kinds of a Doc. Absent is the kind of the zero Doc, and of a member that is
// not there.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

// Doc is one value of a JSON document whose members keep their order. It is a
// handle: copies name the same value. The zero Doc is absent; reading from it
// gives zero values, writing to it does nothing.
type Doc struct {
	a *Arena
	i int32
}

func (d Doc) node() *node {
	if d.a == nil {
		return nil
	}
	return &d.a.nodes[d.i]
}

// NewObject returns an empty object.
func (a *Arena) NewObject() Doc { return Doc{a, a.add(node{kind: Object})} }

// NewArray returns an empty array.
func (a *Arena) NewArray() Doc { return Doc{a, a.add(node{kind: Array})} }

// Kind returns the JSON type.
func (d Doc) Kind() Kind {
	if n := d.node(); n != nil {
		return n.kind
	}
	return Absent
}

// Exists tells whether the value is there; null is.
func (d Doc) Exists() bool { return d.a != nil }

// IsNull tells whether the value is absent or null.
func (d Doc) IsNull() bool { return d.Kind() <= Null }

// String returns a string's text and a number's literal, "true" or "false",
// else "".
func (d Doc) String() string {
	n := d.node()
	if n == nil {
		return ""
	}
	switch n.kind {
	case String:
		if n.bits&rawText != 0 && skipQuiet(n.text, 0) < len(n.text) {
			return unescape(n.text)
		}
		return n.text
	case Number, Bool:
		return n.text
	}
	return ""
}

// Int returns a whole number, or the number a string holds; ok is false for
// anything else.
func (d Doc) Int() (v int64, ok bool) {
	if k := d.Kind(); k != Number && k != String {
		return 0, false
	}
	v, err := strconv.ParseInt(d.String(), 10, 64)
	return v, err == nil
}

// Int64 is Int with 0 for anything that is not a whole number.
func (d Doc) Int64() int64 { v, _ := d.Int(); return v }

// Bool returns true for true and for the string "true".
func (d Doc) Bool() bool {
	n := d.node()
	return n != nil && (n.kind == Bool || n.kind == String) && d.String() == "true"
}

// Key returns the name under which the value is a member, "" for elements.
func (d Doc) Key() string {
	n := d.node()
	if n == nil {
		return ""
	}
	if n.bits&escapedKey != 0 {
		return unescape(n.key)
	}
	return n.key
}

// Get returns the member named by a path of keys, absent if there is none.
func (d Doc) Get(path ...string) Doc {
	for _, key := range path {
		if d = d.member(key); d.a == nil {
			return Doc{}
		}
	}
	return d
}

func (d Doc) member(key string) Doc {
	if d.a == nil {
		return Doc{}
	}
	n := &d.a.nodes[d.i]
	if n.kind != Object {
		return Doc{}
	}
	if n.bits&lazy != 0 {
		d.open()
	}
	return d.at(d.a.child(d.i, key, tagOf(key)))
}

// All calls yield for each member or element in order. The document may not be
// changed meanwhile, except through the value yielded.
func (d Doc) All(yield func(Doc) bool) {
	if k := d.Kind(); k != Object && k != Array {
		return
	}
	d.open()
	for i := d.node().first; i != 0; {
		next := d.a.nodes[i].next
		if !yield(Doc{d.a, i}) {
			return
		}
		i = next
	}
}

// First returns the first member or element, and Next the one behind it; both
// are absent where there is none. They are All without its closure.
func (d Doc) First() Doc {
	if k := d.Kind(); k != Object && k != Array {
		return Doc{}
	}
	d.open()
	return d.at(d.node().first)
}

// Next returns the member or element behind d.
func (d Doc) Next() Doc { return d.at(d.node().next) }

func (d Doc) at(i int32) Doc {
	if i == 0 {
		return Doc{}
	}
	return Doc{d.a, i}
}

// Len returns the number of members or elements.
func (d Doc) Len() int {
	n := 0
	for range d.All {
		n++
	}
	return n
}

// At returns element i, absent beyond the last.
func (d Doc) At(i int) Doc {
	for e := range d.All {
		if i == 0 {
			return e
		}
		i--
	}
	return Doc{}
}

// slot returns the member under key, emptied, or a new one behind the others;
// 0 if d has no members.
func (d Doc) slot(key string) int32 {
	if d.a == nil {
		return 0
	}
	n := &d.a.nodes[d.i]
	if n.kind != Object {
		return 0
	}
	if n.bits&lazy != 0 {
		d.open()
	}
	tag := tagOf(key)
	i := d.a.child(d.i, key, tag)
	if i == 0 {
		return d.a.link(d.i, key, tag)
	}
	m := &d.a.nodes[i]
	m.text, m.first, m.last, m.bits = "", 0, 0, m.bits&keyBits
	return i
}

// fill makes value i, which is empty, what n is. 0 is no value.
func (d Doc) fill(i int32, n *node) Doc {
	if i == 0 {
		return Doc{}
	}
	m := &d.a.nodes[i]
	m.text, m.first, m.last, m.kind, m.bits = n.text, n.first, n.last, n.kind, m.bits&keyBits|n.bits&^keyBits
	return Doc{d.a, i}
}

// push adds an empty value as the last element.
func (d Doc) push() int32 {
	d.open()
	return d.a.link(d.i, "", 0)
}

// put makes value i, which is empty, a literal or string.
func (d Doc) put(i int32, kind Kind, text string) {
	if i != 0 {
		n := &d.a.nodes[i]
		n.kind, n.text = kind, text
	}
}

// Set… put a member under key, in its old place if there is one, else last.

// SetString sets a string.
func (d Doc) SetString(key, v string) { d.put(d.slot(key), String, v) }

// SetInt sets a whole number.
func (d Doc) SetInt(key string, v int64) { d.put(d.slot(key), Number, strconv.FormatInt(v, 10)) }

// SetNumber sets a number by its JSON literal.
func (d Doc) SetNumber(key, literal string) { d.put(d.slot(key), Number, literal) }

// SetBool sets true or false.
func (d Doc) SetBool(key string, v bool) { d.put(d.slot(key), Bool, strconv.FormatBool(v)) }

// SetNull sets null.
func (d Doc) SetNull(key string) { d.put(d.slot(key), Null, "null") }

// SetStringOrNull sets a string, or null for "".
func (d Doc) SetStringOrNull(key, v string) {
	if v == "" {
		d.SetNull(key)
		return
	}
	d.SetString(key, v)
}

// SetURL sets a URL of the vendor's own: the client sees the base it came by
// instead of the vendor's host.
func (d Doc) SetURL(key, host, path string) {
	d.fill(d.slot(key), &node{kind: String, text: urlToken + host + escaped(path), bits: rawText})
}

// SetSecret sets a secret's text, which a plugin never sees.
func (d Doc) SetSecret(key string, s Secret) {
	d.fill(d.slot(key), &node{kind: String, text: secretToken + strconv.FormatUint(uint64(s), 10), bits: rawText})
}

// SetJSON sets a value from JSON text that is known to be well-formed, such as
// a stored document. It is parsed when it is looked into.
func (d Doc) SetJSON(key, json string) {
	n := jsonNode(json)
	d.fill(d.slot(key), &n)
}

// SetObject sets an empty object and returns it.
func (d Doc) SetObject(key string) Doc { return d.container(d.slot(key), Object) }

// SetArray sets an empty array and returns it.
func (d Doc) SetArray(key string) Doc { return d.container(d.slot(key), Array) }

// container makes value i, which is empty, an object or array. 0 is no value.
func (d Doc) container(i int32, kind Kind) Doc {
	if i == 0 {
		return Doc{}
	}
	d.a.nodes[i].kind = kind
	return Doc{d.a, i}
}

// SetDoc sets a deep copy of v; null if v is absent. v may be d, or a part of it.
func (d Doc) SetDoc(key string, v Doc) {
	if d.Kind() != Object {
		return
	}
	c := v.Clone(d.a)
	i := d.slot(key)
	d.fill(i, &d.a.nodes[c.i])
}

// Rename gives a member another key, in its place.
func (d Doc) Rename(key, to string) {
	if m := d.member(key); m.a != nil {
		n := m.node()
		n.key, n.tag, n.bits = to, tagOf(to), n.bits&^keyBits
	}
}

// Delete removes a member and tells whether it was there.
func (d Doc) Delete(key string) bool {
	if d.Kind() != Object {
		return false
	}
	d.open()
	nodes := d.a.nodes
	prev := int32(0)
	for i := nodes[d.i].first; i != 0; prev, i = i, nodes[i].next {
		if (Doc{d.a, i}).Key() != key {
			continue
		}
		if prev == 0 {
			nodes[d.i].first = nodes[i].next
		} else {
			nodes[prev].next = nodes[i].next
		}
		if nodes[d.i].last == i {
			nodes[d.i].last = prev
		}
		return true
	}
	return false
}

// Add… put an element at the end of an array.

// AddString adds a string.
func (d Doc) AddString(v string) { d.put(d.element(), String, v) }

// AddNumber adds a number by its JSON literal.
func (d Doc) AddNumber(literal string) { d.put(d.element(), Number, literal) }

// AddBool adds true or false.
func (d Doc) AddBool(v bool) { d.put(d.element(), Bool, strconv.FormatBool(v)) }

// AddInt adds a whole number.
func (d Doc) AddInt(v int64) { d.put(d.element(), Number, strconv.FormatInt(v, 10)) }

// AddJSON adds a value from JSON text that is known to be well-formed.
func (d Doc) AddJSON(json string) {
	n := jsonNode(json)
	d.fill(d.element(), &n)
}

// AddObject adds an empty object and returns it.
func (d Doc) AddObject() Doc { return d.container(d.element(), Object) }

// AddDoc adds a deep copy of v. v may be d, or a part of it.
func (d Doc) AddDoc(v Doc) {
	if d.Kind() == Array {
		c := v.Clone(d.a)
		i := d.push()
		d.fill(i, &d.a.nodes[c.i])
	}
}

// element adds an empty element; 0 if d is not an array.
func (d Doc) element() int32 {
	if d.Kind() != Array {
		return 0
	}
	return d.push()
}

// copyFrom makes d, a fresh value, a deep copy of v. Text is shared.
func (d Doc) copyFrom(v Doc) {
	if v.a == nil {
		d.put(d.i, Null, "null")
		return
	}
	src := &v.a.nodes[v.i]
	n := &d.a.nodes[d.i]
	n.kind, n.text, n.bits = src.kind, src.text, n.bits&keyBits|src.bits&^keyBits
	n.first, n.last = 0, 0
	if src.bits&lazy != 0 {
		return
	}
	for i := src.first; i != 0; i = v.a.nodes[i].next {
		from := &v.a.nodes[i]
		key, bits := from.key, from.bits&keyBits
		c := d.a.link(d.i, key, from.tag) // moves from, if d and v share an arena
		d.a.nodes[c].bits = bits
		Doc{d.a, c}.copyFrom(Doc{v.a, i})
	}
}

// Clone returns a deep copy in the arena a.
func (d Doc) Clone(a *Arena) Doc {
	c := Doc{a, a.add(node{kind: Null, text: "null"})}
	c.copyFrom(d)
	return c
}

// Equal compares two values as JSON: order of members counts, spelling does not.
func (d Doc) Equal(o Doc) bool {
	if d.Kind() != o.Kind() {
		return false
	}
	switch d.Kind() {
	case Object, Array:
		d.open()
		o.open()
		i, j := d.node().first, o.node().first
		for i != 0 && j != 0 {
			x, y := Doc{d.a, i}, Doc{o.a, j}
			if x.Key() != y.Key() || !x.Equal(y) {
				return false
			}
			i, j = d.a.nodes[i].next, o.a.nodes[j].next
		}
		return i == j
	}
	return d.String() == o.String()
}

// InsertJSON puts a member behind the one named after, at the end if there is
// none. One that is there already keeps its place.
func (d Doc) InsertJSON(after, key, json string) {
	prev, was := d.member(after), d.member(key).Exists()
	d.SetJSON(key, json)
	m := d.member(key)
	if was || !prev.Exists() || prev.node().next == m.i {
		return
	}
	nodes := d.a.nodes
	for i := prev.i; ; i = nodes[i].next {
		if nodes[i].next == m.i { // the one that was last
			nodes[i].next = 0
			nodes[d.i].last = i
			break
		}
	}
	nodes[m.i].next = nodes[prev.i].next
	nodes[prev.i].next = m.i
}

// SetSorted puts a member of JSON text in its alphabetical place; one that is
// there keeps its own.
func (d Doc) SetSorted(key, json string) {
	n := jsonNode(json)
	d.fill(d.sorted(key), &n)
}

// SetSortedString is SetSorted for a string.
func (d Doc) SetSortedString(key, v string) { d.put(d.sorted(key), String, v) }

// sorted is slot that puts a new member behind the last one whose key is not
// greater.
func (d Doc) sorted(key string) int32 {
	had := d.Kind() == Object && d.member(key).Exists()
	i := d.slot(key)
	if i == 0 || had {
		return i
	}
	nodes := d.a.nodes
	p := &nodes[d.i]
	before, behind := int32(0), int32(0) // i, and the one i goes behind
	for at := p.first; at != i; at = nodes[at].next {
		before = at
		if (Doc{d.a, at}).Key() <= key {
			behind = at
		}
	}
	if before == behind {
		return i // it is the last, where it should be
	}
	nodes[before].next, p.last = 0, before
	if behind == 0 {
		nodes[i].next, p.first = p.first, i
	} else {
		nodes[i].next, nodes[behind].next = nodes[behind].next, i
	}
	return i
}

// SetPicked sets an object of the named members of from, which are texts, in
// this order; null stands for what is absent or empty.
func (d Doc) SetPicked(key string, from Doc, names []string) Doc {
	to := d.SetObject(key)
	if to.a == nil {
		return to
	}
	for _, name := range names {
		v, tag := from.member(name).String(), tagOf(name)
		i := to.a.link(to.i, name, tag)
		if v == "" {
			to.put(i, Null, "null")
		} else {
			to.put(i, String, v)
		}
	}
	return to
}
