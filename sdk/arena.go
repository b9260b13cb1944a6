package sdk

import "unsafe"

// node is one value of an arena. Children form a list.
type node struct {
	key string
	// text is a literal, a string, or the JSON that an object or array was read
	// from; what of it has not changed is printed as it stands there.
	text string

	first, last, next int32 // 0 is none
	kind              Kind
	bits              bits
	tag               uint16 // of key, see tagOf
}

type bits uint8

const (
	rawKey     bits = 1 << iota // key is JSON-escaped already (or needs no escaping)
	rawText                     // String: text is JSON-escaped already
	lazy                        // Object, Array: text is not parsed yet
	escapedKey                  // rawKey with an escape in it
)

const keyBits = rawKey | escapedKey

// tagOf tells nearly all keys apart without a call for each.
func tagOf(key string) uint16 {
	n := len(key)
	if n == 0 {
		return 0
	}
	return uint16(key[0])<<8 ^ uint16(key[n-1])<<4 ^ uint16(n)
}

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

// link adds an empty value as the last child of parent.
func (a *Arena) link(parent int32, key string, tag uint16) int32 {
	at := len(a.nodes)
	if at < cap(a.nodes) {
		a.nodes = a.nodes[:at+1]
		n := &a.nodes[at]
		n.key, n.text, n.first, n.last, n.next, n.kind, n.bits, n.tag = key, "", 0, 0, 0, Null, 0, tag
	} else {
		a.nodes = append(a.nodes, node{key: key, kind: Null, tag: tag})
	}
	i := int32(at)
	p := &a.nodes[parent]
	if p.last == 0 {
		p.first = i
	} else {
		a.nodes[p.last].next = i
	}
	p.last = i
	return i
}

// child finds a member of an open object, 0 if there is none.
func (a *Arena) child(parent int32, key string, tag uint16) int32 {
	for i := a.scan(a.nodes[parent].first, tag); i != 0; {
		m := &a.nodes[i]
		if m.bits&escapedKey == 0 && sameText(m.key, key) || m.bits&escapedKey != 0 && unescape(m.key) == key {
			return i
		}
		i = a.scan(m.next, tag)
	}
	return 0
}

// scan returns the first of value i and those that follow it whose key has the
// tag. It is what most look-ups spend their time in; without checks, of which
// each is a call that a guest has to be able to come back from, it is three
// times as fast there.
//
//go:nosplit
func (a *Arena) scan(i int32, tag uint16) int32 {
	first := unsafe.Pointer(unsafe.SliceData(a.nodes))
	for i != 0 {
		n := (*node)(unsafe.Add(first, uintptr(i)*unsafe.Sizeof(node{})))
		if n.tag == tag {
			break
		}
		i = n.next
	}
	return i
}
