package sdk

import "unsafe"

// AppendJSON appends the value without white space.
func (d Doc) AppendJSON(b []byte) []byte {
	if d.a == nil {
		return append(b, "null"...)
	}
	p := printer{nodes: d.a.nodes, b: b}
	p.value(&d.a.nodes[d.i])
	p.flush()
	return p.b
}

// Seal turns an object or array into its JSON text, which is then written,
// copied and stored without looking into it again. It is parsed anew when it
// is looked into.
func (d Doc) Seal() {
	n := d.node()
	if n == nil || n.kind != Object && n.kind != Array || n.bits&lazy != 0 {
		return
	}
	free := scratch.free()
	b := d.AppendJSON(free[:0])
	if len(b) <= len(free) {
		scratch.take(len(b))
	}
	n.text, n.first, n.last = text(b), 0, 0
	n.bits |= lazy
}

// JSON returns the value without white space.
func (d Doc) JSON() string { return string(d.AppendJSON(make([]byte, 0, 512))) }

// printer writes values. Most of a document is what it was in the text it was
// read from, a template or a row: pieces of that text that follow each other are
// copied at once.
type printer struct {
	nodes    []node
	b        []byte
	source   string // the text of an object or array under way
	from, to int    // the piece of it that is still to be copied
}

func (p *printer) flush() {
	if p.to > p.from {
		p.b = append(p.b, p.source[p.from:p.to]...)
	}
	p.from, p.to = 0, 0
}

// span writes source[from:to].
func (p *printer) span(from, to int) {
	if from != p.to || p.to == p.from {
		p.flush()
		p.from = from
	}
	p.to = to
}

// comma writes a comma in front of what is to come from source[at:].
func (p *printer) comma(at int) {
	if p.to > p.from && p.to == at-1 && at <= len(p.source) && p.source[at-1] == ',' {
		p.to = at
		return
	}
	p.flush()
	p.b = append(p.b, ',')
}

// within returns where s lies in source, less than 0 or beyond its end if it is
// other memory.
func within(source, s string) int {
	return int(uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.StringData(source))))
}

// key writes the name of a member that does not stand in the source, its colon,
// and the comma in front of it.
func (p *printer) key(m *node, first bool) {
	p.flush()
	b := p.b
	if !first {
		b = append(b, ',')
	}
	if m.bits&rawKey != 0 {
		b = append(b, '"')
		b = append(b, m.key...)
		p.b = append(b, '"', ':')
		return
	}
	p.b = append(AppendString(b, m.key), ':')
}

// literal writes text that needs no escaping, wide bytes more on either side.
func (p *printer) literal(text string, wide int) {
	if at := within(p.source, text); at >= wide && p.to == at-wide && p.to > p.from && at+len(text)+wide <= len(p.source) {
		p.to = at + len(text) + wide
		return
	}
	p.flush()
	if wide > 0 {
		p.b = append(p.b, '"')
		p.b = append(p.b, text...)
		p.b = append(p.b, '"')
		return
	}
	p.b = append(p.b, text...)
}

func (p *printer) value(n *node) {
	switch n.kind {
	case String:
		if n.bits&rawText != 0 {
			p.literal(n.text, 1)
			return
		}
		p.flush()
		p.b = AppendString(p.b, n.text)
	case Object, Array:
		if n.bits&lazy != 0 {
			p.literal(n.text, 0)
			return
		}
		p.container(n)
	case Absent:
		p.flush()
		p.b = append(p.b, "null"...)
	default:
		p.literal(n.text, 0)
	}
}

// members writes what is in an object. Where a name stands in the source, quotes
// and a colon stand around it, and mostly its value behind it: the loop passes
// over members that have not changed and follow each other without a call.
func (p *printer) members(n *node) {
	source, to := p.source, p.to
	base := uintptr(unsafe.Pointer(unsafe.StringData(source)))
	lead := 1 // what stands in front of a name: a quote, from the second on a comma too
	for i := n.first; i != 0; {
		m := &p.nodes[i]
		i = m.next
		at := int(uintptr(unsafe.Pointer(unsafe.StringData(m.key))) - base)
		end := at + len(m.key) + 2
		known := m.bits&rawKey != 0 && uint(at) < uint(len(source)) && uint(end) <= uint(len(source)) && source[end-1] == ':'
		if !known {
			p.to = to
			p.key(m, lead == 1)
			p.value(m)
			to, lead = p.to, 2
			continue
		}
		if at-lead != to || to == p.from || lead == 2 && source[to] != ',' {
			p.to = to
			p.flush()
			if lead == 2 {
				p.b = append(p.b, ',')
			}
			p.from = at - 1
		}
		lead = 2
		wide, intact := 0, true
		switch {
		case m.kind == String:
			wide, intact = 1, m.bits&rawText != 0
		case m.kind >= Object:
			intact = m.bits&lazy != 0
		}
		text := int(uintptr(unsafe.Pointer(unsafe.StringData(m.text))) - base)
		if intact && text-wide == end && text+len(m.text)+wide <= len(source) {
			to = text + len(m.text) + wide
			continue
		}
		p.to = end
		p.value(m)
		to = p.to
	}
	p.to = to
}

func (p *printer) container(n *node) {
	outer, at := p.source, -1
	if n.text != "" {
		if at = within(outer, n.text); uint(at) >= uint(len(outer)) {
			p.flush()
			p.source, at = n.text, 0
		}
	}
	end := at + len(n.text) - 1
	if at >= 0 {
		p.span(at, at+1)
	} else {
		p.flush()
		p.b = append(p.b, byte(n.kind.open()))
	}
	if n.kind == Array {
		for i := n.first; i != 0; i = p.nodes[i].next {
			if i != n.first {
				p.comma(p.to + 1)
			}
			p.value(&p.nodes[i])
		}
	} else {
		p.members(n)
	}
	if at >= 0 && p.to == end && p.to > p.from {
		p.to++
	} else {
		p.flush()
		p.b = append(p.b, byte(n.kind.open())+2)
	}
	if len(p.source) != len(outer) || unsafe.StringData(p.source) != unsafe.StringData(outer) {
		p.flush()
		p.source = outer
	}
}

// open is the bracket that a container begins with; the one that ends it
// comes two characters later.
func (k Kind) open() byte {
	if k == Object {
		return '{'
	}
	return '['
}
