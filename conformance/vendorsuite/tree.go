package vendorsuite

import (
	"encoding/json"
	"io"
	"strings"
)

// kind is the type of a JSON value.
type kind uint8

const (
	nullKind kind = iota
	boolKind
	numberKind
	stringKind
	objectKind
	arrayKind
)

func (k kind) String() string {
	return [...]string{"null", "a bool", "a number", "a text", "an object", "a list"}[k]
}

// node is a JSON value with its members in their order.
type node struct {
	kind kind
	name string // of a member
	text string // of a text, decoded; of a number or bool its literal
	kids []node // members or elements
	// raw is what stands in the text from the end of what was before to the end
	// of this value's literal, key or bracket; name, open and close apart.
	rawName, raw, rawEnd string
}

// member returns a member, nil if there is none.
func (n *node) member(name string) *node {
	if n == nil || n.kind != objectKind {
		return nil
	}
	for i := range n.kids {
		if n.kids[i].name == name {
			return &n.kids[i]
		}
	}
	return nil
}

// string returns the text of a member, "" if it is none.
func (n *node) string(name string) string {
	if m := n.member(name); m != nil && m.kind == stringKind {
		return m.text
	}
	return ""
}

// maxDepth bounds nesting: recordings come from others.
const maxDepth = 200

// parse reads one JSON document; tail is what follows it.
func parse(text string) (n *node, tail string, ok bool) {
	p := parser{text: text, d: json.NewDecoder(strings.NewReader(text))}
	p.d.UseNumber()
	n = &node{}
	if !p.value(n, 0) {
		return nil, "", false
	}
	tail = text[p.at:]
	if _, err := p.d.Token(); err != io.EOF {
		return nil, "", false
	}
	return n, tail, true
}

type parser struct {
	text string
	d    *json.Decoder
	at   int
}

// next returns the next token and the text it took, with what is before it.
func (p *parser) next() (json.Token, string, bool) {
	t, err := p.d.Token()
	if err != nil {
		return nil, "", false
	}
	from := p.at
	p.at = int(p.d.InputOffset())
	return t, p.text[from:p.at], true
}

func (p *parser) value(n *node, depth int) bool {
	t, raw, ok := p.next()
	if !ok || depth > maxDepth {
		return false
	}
	n.raw = raw
	switch v := t.(type) {
	case nil:
		n.text = "null"
	case bool:
		n.kind, n.text = boolKind, "false"
		if v {
			n.text = "true"
		}
	case json.Number:
		n.kind, n.text = numberKind, string(v)
	case string:
		n.kind, n.text = stringKind, v
	case json.Delim:
		n.kind = arrayKind
		if v == '{' {
			n.kind = objectKind
		}
		for p.d.More() {
			var kid node
			if n.kind == objectKind {
				key, raw, ok := p.next()
				if !ok {
					return false
				}
				kid.name, _ = key.(string)
				kid.rawName = raw
			}
			if !p.value(&kid, depth+1) {
				return false
			}
			n.kids = append(n.kids, kid)
		}
		if _, n.rawEnd, ok = p.next(); !ok {
			return false
		}
	}
	return true
}

// walk calls f for n and all below it.
func (n *node) walk(f func(*node)) {
	f(n)
	for i := range n.kids {
		n.kids[i].walk(f)
	}
}

// appendJSON appends a value without white space; change may replace texts.
func (n *node) appendJSON(b []byte, change func(string) string) []byte {
	quote := func(s string) {
		q, err := json.Marshal(s)
		if err != nil {
			q = []byte(`""`) // a string always marshals
		}
		b = append(b, q...)
	}
	switch n.kind {
	case stringKind:
		quote(change(n.text))
	case objectKind, arrayKind:
		brackets := "[]"
		if n.kind == objectKind {
			brackets = "{}"
		}
		b = append(b, brackets[0])
		for i := range n.kids {
			if i > 0 {
				b = append(b, ',')
			}
			if n.kind == objectKind {
				quote(n.kids[i].name)
				b = append(b, ':')
			}
			b = n.kids[i].appendJSON(b, change)
		}
		b = append(b, brackets[1])
	default:
		b = append(b, n.text...)
	}
	return b
}
