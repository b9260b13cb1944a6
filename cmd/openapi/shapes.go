package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shapes collects the objects that answers are made of, joined over all
// descriptions: members of later ones are put in their place among the others,
// and each member knows which descriptions have it.
type shapes struct {
	specs  []*spec
	lead   []string // names that come first; with them, the rest is sorted
	index  map[string]int
	joined map[[2]int]int // shapes whose components are called otherwise in another description
	all    []*shape
}

type shape struct {
	name, object string
	members      []*member
}

type member struct {
	format     string // of texts
	name       string
	kind, item string
	nullable   bool
	optional   bool
	in         uint8
	of         int
	first      string
	to         []string
}

func newShapes(specs []*spec, lead []string) *shapes {
	return &shapes{specs: specs, lead: lead, index: map[string]int{}, joined: map[[2]int]int{}, all: []*shape{{}}}
}

// named returns the index of the shape of a component, 0 if no description has
// it.
func (g *shapes) named(name string) int {
	if i, ok := g.index[name]; ok {
		return i
	}
	for _, s := range g.specs {
		if s.Components.Schemas[name] != nil {
			return g.add(name, func(s *spec) *schema { return s.Components.Schemas[name] })
		}
	}
	return 0
}

// add makes a shape of what find returns for each description.
func (g *shapes) add(name string, find func(*spec) *schema) int {
	i := len(g.all)
	out := &shape{name: name}
	g.index[name] = i
	g.all = append(g.all, out)
	for n, s := range g.specs {
		c := s.flat(find(s))
		if c == nil {
			continue
		}
		if object := objectName(c, ""); object != "" {
			out.object = object
		}
		after := ""
		for _, key := range c.Properties.names {
			m := g.member(out, name, key, s, c)
			m.in |= 1 << n
			out.place(m, after)
			after = key
		}
	}
	if g.lead != nil {
		rank := func(m *member) int {
			if i := slices.Index(g.lead, m.name); i >= 0 {
				return i
			}
			return len(g.lead)
		}
		slices.SortStableFunc(out.members, func(a, b *member) int {
			if d := rank(a) - rank(b); d != 0 {
				return d
			}
			return strings.Compare(a.name, b.name)
		})
	}
	return i
}

// place puts a member behind another, unless it is there.
func (s *shape) place(m *member, after string) {
	if slices.Contains(s.members, m) {
		return
	}
	at := slices.IndexFunc(s.members, func(o *member) bool { return o.name == after }) + 1
	s.members = slices.Insert(s.members, at, m)
}

// member describes a property; a later description's word counts.
func (g *shapes) member(of *shape, owner, key string, s *spec, c *schema) *member {
	var m *member
	if i := slices.IndexFunc(of.members, func(o *member) bool { return o.name == key }); i >= 0 {
		m = of.members[i]
	} else {
		m = &member{name: key}
	}
	p, was := c.Properties.of[key], *m
	m.nullable = p.nullable(s)
	m.optional = !m.nullable && !slices.Contains(c.Required, key)
	m.kind, m.item, m.first, m.of, m.to = "", "", "", 0, nil
	find := func(s *spec) *schema {
		if c := s.flat(findProperty(s, g, owner)); c != nil {
			return c.Properties.of[key]
		}
		return nil
	}
	g.describe(m, owner+"."+key, s, p, find)
	if was.kind == m.kind && was.item == m.item && was.of != m.of && was.of != 0 && m.of != 0 {
		m.of = g.join(was.of, m.of, owner+"."+key, m.kind, find)
	}
	return m
}

// join returns a shape for a member whose object is another component in a later
// description: the later one's, unless an earlier description, which does not
// know it, would be left without members.
func (g *shapes) join(earlier, later int, name, kind string, find func(*spec) *schema) int {
	if !slices.ContainsFunc(g.specs, func(s *spec) bool {
		return s.Components.Schemas[g.all[later].name] == nil && s.Components.Schemas[g.all[earlier].name] != nil
	}) {
		return later
	}
	pair := [2]int{earlier, later}
	if i, ok := g.joined[pair]; ok {
		return i
	}
	g.joined[pair] = len(g.all) // the next that add makes, should it lead to itself
	if kind == "Array" {
		of := find
		name, find = name+"[]", func(s *spec) *schema {
			if c := s.resolve(of(s)); c != nil {
				return c.Items
			}
			return nil
		}
	}
	return g.add(name, find)
}

// findProperty finds the schema that a shape's name stands for: a component, or
// a property of another shape.
func findProperty(s *spec, g *shapes, name string) *schema {
	if c := s.Components.Schemas[name]; c != nil {
		return c
	}
	owner, key, ok := cutLast(name, ".")
	if !ok {
		return nil
	}
	c := s.flat(findProperty(s, g, owner))
	if c == nil {
		return nil
	}
	if element, ok := strings.CutSuffix(key, "[]"); ok {
		if p := s.resolve(c.Properties.of[element]); p != nil {
			return p.Items
		}
		return nil
	}
	return c.Properties.of[key]
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// describe fills in a member's kind.
func (g *shapes) describe(m *member, name string, s *spec, p *schema, find func(*spec) *schema) {
	p = only(p)
	if p == nil {
		m.kind = "Any"
		return
	}
	if p.Ref != "" {
		component := refName(p.Ref)
		c := s.flat(s.Components.Schemas[component])
		if c == nil || len(c.Properties.names) == 0 {
			g.describePlain(m, name, s, c, find)
			return
		}
		m.kind, m.of = "Object", g.named(component)
		return
	}
	if alternatives := slices.DeleteFunc(slices.Concat(p.AnyOf, p.OneOf), isNull); len(alternatives) > 0 {
		g.describeUnion(m, name, s, p, alternatives)
		return
	}
	g.describePlain(m, name, s, p, find)
}

// describeUnion takes text or an object for a reference, and of several objects
// the first.
func (g *shapes) describeUnion(m *member, name string, s *spec, p *schema, alternatives []*schema) {
	text := slices.ContainsFunc(alternatives, func(a *schema) bool { return a.Ref == "" && a.kind() == "string" })
	for _, a := range alternatives {
		c := s.flat(s.resolve(a))
		if text && a.Ref != "" && c != nil {
			if object := objectName(c, refName(a.Ref)); !strings.HasPrefix(refName(a.Ref), "deleted_") && !slices.Contains(m.to, object) {
				m.to = append(m.to, object)
			}
		}
	}
	if len(m.to) > 0 {
		m.kind = "Reference"
		return
	}
	first := alternatives[0]
	if first.Ref == "" && first.kind() == "object" {
		m.kind = "Any"
		return
	}
	g.describe(m, name, s, first, func(*spec) *schema { return first })
}

func (g *shapes) describePlain(m *member, name string, s *spec, p *schema, find func(*spec) *schema) {
	if p == nil {
		m.kind = "Any"
		return
	}
	switch p.kind() {
	case "string":
		m.kind = "Text"
		switch p.Format {
		case "date-time":
			m.kind = "DateTime"
		case "uuid":
			m.format = "UUID"
		}
		if len(p.Enum) > 0 {
			m.first = fmt.Sprint(p.Enum[0])
		}
		if p.Const != nil {
			m.first = fmt.Sprint(p.Const)
		}
	case "integer":
		m.kind = "Integer"
		if p.Format == "unix-time" {
			m.kind = "Time"
		}
	case "number":
		m.kind = "Number"
	case "boolean":
		m.kind = "Boolean"
	case "array":
		m.kind = "Array"
		e := &member{}
		g.describe(e, name+"[]", s, p.Items, func(s *spec) *schema {
			if c := s.resolve(find(s)); c != nil {
				return c.Items
			}
			return nil
		})
		m.item, m.of, m.to = e.kind, e.of, e.to
	default:
		c := s.flat(p)
		switch {
		case c != nil && len(c.Properties.names) > 0:
			m.kind = "Object"
			if i, ok := g.index[name]; ok {
				m.of = i
				return
			}
			m.of = g.add(name, find)
		case p.kind() == "object":
			m.kind = "Map"
		default:
			m.kind = "Any"
		}
	}
}

// literal is a member as Go text.
func (m *member) literal(all uint8) string {
	parts := []string{"Name: " + strconv.Quote(m.name)}
	if m.kind != "Any" {
		parts = append(parts, "Kind: resource."+m.kind)
	}
	if m.item != "" && m.item != "Any" {
		parts = append(parts, "Item: resource."+m.item)
	}
	switch {
	case m.nullable:
		parts = append(parts, "Bits: resource.Nullable")
	case m.optional:
		parts = append(parts, "Bits: resource.Optional")
	}
	if m.format != "" {
		parts = append(parts, "Format: resource."+m.format)
	}
	if m.in != all {
		parts = append(parts, fmt.Sprintf("In: %d", m.in))
	}
	if m.of != 0 {
		parts = append(parts, fmt.Sprintf("Of: %d", m.of))
	}
	if m.first != "" {
		parts = append(parts, "First: "+strconv.Quote(m.first))
	}
	if len(m.to) > 0 {
		parts = append(parts, fmt.Sprintf("To: %#v", m.to))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
