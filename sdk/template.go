package sdk

// Template is a document to start others from: it fixes the members, their
// order and their defaults.
type Template struct {
	nodes []node
	text  string
	spans []span
}

// MustTemplate makes a template of JSON text written in the plugin.
func MustTemplate(json string) *Template {
	if _, err := NewArena(1).Parse(json); err != nil {
		panic("sdk: template: " + err.Error())
	}
	a := NewArena(64)
	d := a.Trusted(json) // it may hold tokens, which Parse would take for foreign text
	d.openAll()
	return &Template{a.nodes[1:], json, spansOf(json, 0, "")}
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
