package sdk

import (
	"strconv"
	"strings"
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

// node is one value of an arena. Children form a list.
type node struct {
	key  string
	text string // number literal, string, or JSON not parsed yet
	kind Kind
	bits bits

	first, last, next int32 // 0 is none
}

type bits uint8

const (
	rawKey     bits = 1 << iota // key is JSON-escaped already (or needs no escaping)
	rawText                     // String: text is JSON-escaped already
	lazy                        // Object, Array: text is JSON not parsed yet
	isTrue                      // Bool
	escapedKey                  // rawKey with an escape in it
)

const keyBits = rawKey | escapedKey

// Arena holds the values of Docs. Node 0 is not used.
type Arena struct{ nodes []node }

// NewArena returns an arena with room for n values.
func NewArena(n int) *Arena {
	a := &Arena{nodes: make([]node, 1, n+1)}
	return a
}

func (a *Arena) reset() { a.nodes = a.nodes[:1] }

func (a *Arena) add(n node) int32 {
	a.nodes = append(a.nodes, n)
	return int32(len(a.nodes) - 1)
}

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
		if n.bits&rawText != 0 && strings.IndexByte(n.text, '\\') >= 0 {
			return unescape(n.text)
		}
		return n.text
	case Number:
		return n.text
	case Bool:
		return strconv.FormatBool(n.bits&isTrue != 0)
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
	return n != nil && (n.kind == Bool && n.bits&isTrue != 0 || n.kind == String && d.String() == "true")
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
	n := d.node()
	if n == nil || n.kind != Object {
		return Doc{}
	}
	if n.bits&lazy != 0 {
		d.open()
		n = d.node()
	}
	nodes := d.a.nodes
	for i := n.first; i != 0; {
		m := &nodes[i]
		// Lengths and first letters tell nearly all keys apart, without a call.
		if len(m.key) == len(key) && (len(key) == 0 || m.key[0] == key[0]) && m.key == key {
			return Doc{d.a, i}
		}
		if m.bits&escapedKey != 0 && unescape(m.key) == key {
			return Doc{d.a, i}
		}
		i = m.next
	}
	return Doc{}
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

// set puts n under key: in the place of the member that is there, else last.
func (d Doc) set(key string, n node) Doc {
	if d.Kind() != Object {
		return Doc{}
	}
	if m := d.member(key); m.a != nil {
		old := m.node()
		n.key, n.next, n.bits = old.key, old.next, n.bits|old.bits&keyBits
		*old = n
		return m
	}
	n.key = key
	return d.push(n)
}

// push adds n as the last child.
func (d Doc) push(n node) Doc {
	d.open()
	i := d.a.add(n)
	p := &d.a.nodes[d.i]
	if p.last == 0 {
		p.first = i
	} else {
		d.a.nodes[p.last].next = i
	}
	p.last = i
	return Doc{d.a, i}
}

// Set… put a member under key, in its old place if there is one, else last.

// SetString sets a string.
func (d Doc) SetString(key, v string) { d.set(key, node{kind: String, text: v}) }

// SetInt sets a whole number.
func (d Doc) SetInt(key string, v int64) {
	d.set(key, node{kind: Number, text: strconv.FormatInt(v, 10)})
}

// SetNumber sets a number by its JSON literal.
func (d Doc) SetNumber(key, literal string) { d.set(key, node{kind: Number, text: literal}) }

// SetBool sets true or false.
func (d Doc) SetBool(key string, v bool) { d.set(key, boolNode(v)) }

// SetNull sets null.
func (d Doc) SetNull(key string) { d.set(key, node{kind: Null}) }

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
	d.set(key, node{kind: String, text: urlToken + host + escaped(path), bits: rawText})
}

// SetSecret sets a secret's text, which a plugin never sees.
func (d Doc) SetSecret(key string, s Secret) {
	d.set(key, node{kind: String, text: secretToken + strconv.FormatUint(uint64(s), 10), bits: rawText})
}

// SetJSON sets a value from JSON text that is known to be well-formed, such as
// a stored document. It is parsed when it is looked into.
func (d Doc) SetJSON(key, json string) { d.set(key, jsonNode(json)) }

// SetObject sets an empty object and returns it.
func (d Doc) SetObject(key string) Doc { return d.set(key, node{kind: Object}) }

// SetArray sets an empty array and returns it.
func (d Doc) SetArray(key string) Doc { return d.set(key, node{kind: Array}) }

// SetDoc sets a deep copy of v; null if v is absent. v may be d, or a part of it.
func (d Doc) SetDoc(key string, v Doc) {
	if d.Kind() == Object {
		d.set(key, *v.Clone(d.a).node())
	}
}

// Rename gives a member another key, in its place.
func (d Doc) Rename(key, to string) {
	if m := d.member(key); m.a != nil {
		n := m.node()
		n.key, n.bits = to, n.bits&^keyBits
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
func (d Doc) AddString(v string) { d.addElement(node{kind: String, text: v}) }

// AddInt adds a whole number.
func (d Doc) AddInt(v int64) { d.addElement(node{kind: Number, text: strconv.FormatInt(v, 10)}) }

// AddJSON adds a value from JSON text that is known to be well-formed.
func (d Doc) AddJSON(json string) { d.addElement(jsonNode(json)) }

// AddObject adds an empty object and returns it.
func (d Doc) AddObject() Doc { return d.addElement(node{kind: Object}) }

// AddDoc adds a deep copy of v. v may be d, or a part of it.
func (d Doc) AddDoc(v Doc) {
	if d.Kind() == Array {
		d.push(*v.Clone(d.a).node())
	}
}

func (d Doc) addElement(n node) Doc {
	if d.Kind() != Array {
		return Doc{}
	}
	return d.push(n)
}

// copyFrom makes d, a fresh value, a deep copy of v. Text is shared.
func (d Doc) copyFrom(v Doc) {
	src := v.node()
	if src == nil {
		return
	}
	n := d.node()
	n.kind, n.text, n.bits = src.kind, src.text, n.bits&keyBits|src.bits&^keyBits
	n.first, n.last = 0, 0
	if src.bits&lazy != 0 || src.first == 0 {
		return
	}
	for i := src.first; i != 0; i = v.a.nodes[i].next {
		from := v.a.nodes[i]
		d.push(node{key: from.key, bits: from.bits & keyBits}).copyFrom(Doc{v.a, i})
	}
}

// Clone returns a deep copy in the arena a.
func (d Doc) Clone(a *Arena) Doc {
	c := Doc{a, a.add(node{kind: Null})}
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

func boolNode(v bool) node {
	n := node{kind: Bool}
	if v {
		n.bits = isTrue
	}
	return n
}

// Template is a document to start others from: it fixes the members, their
// order and their defaults.
type Template struct{ nodes []node }

// MustTemplate makes a template of JSON text written in the plugin.
func MustTemplate(json string) *Template {
	if _, err := NewArena(1).Parse(json); err != nil {
		panic("sdk: template: " + err.Error())
	}
	a := NewArena(64)
	d := a.Trusted(json) // it may hold tokens, which Parse would take for foreign text
	d.openAll()
	return &Template{a.nodes[1:]}
}

// New returns a copy of the template in the arena a.
func (t *Template) New(a *Arena) Doc {
	base := int32(len(a.nodes)) - 1
	at := len(a.nodes)
	a.nodes = append(a.nodes, t.nodes...)
	for i := at; i < len(a.nodes); i++ {
		n := &a.nodes[i]
		if n.first != 0 {
			n.first += base
			n.last += base
		}
		if n.next != 0 {
			n.next += base
		}
	}
	return Doc{a, base + 1}
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
