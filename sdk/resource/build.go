package resource

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// Overlay says of one shape what the description does not.
type Overlay struct {
	// Values are members, as JSON text, where the client set nothing.
	Values map[string]string
	// Hidden members are left out until something sets them.
	Hidden []string
}

// Engine builds documents of the shapes of Tables.
type Engine struct {
	Tables *Tables
	// Overlays are by the name of the shape.
	Overlays map[string]*Overlay
	// Versions returns the descriptions that hold for a call; nil is all.
	Versions func(c *sdk.Call) Versions

	overlays []*Overlay // by the index of the shape
}

// Ready prepares the engine; it stops at an overlay without a shape. Call it
// from an init function.
func (e *Engine) Ready() {
	e.overlays = make([]*Overlay, len(e.Tables.Shapes))
	found := 0
	for i := range e.Tables.Shapes {
		if o := e.Overlays[e.Tables.Shapes[i].Name]; o != nil {
			e.overlays[i] = o
			found++
		}
	}
	if found == len(e.Overlays) {
		return
	}
	for name := range e.Overlays {
		if e.Shape(name) == 0 {
			panic("resource: an overlay for " + name + ", which is no shape")
		}
	}
}

// Shape returns the index of a shape by its name in the description, 0 if there
// is none.
func (e *Engine) Shape(name string) int16 {
	for i := range e.Tables.Shapes {
		if i > 0 && e.Tables.Shapes[i].Name == name {
			return int16(i)
		}
	}
	return 0
}

func (e *Engine) versions(c *sdk.Call) Versions {
	if e.Versions == nil {
		return 0
	}
	return e.Versions(c)
}

// maxDepth bounds required members of descriptions whose shapes hold themselves.
const maxDepth = 8

// New returns a document of a shape: each member is what the parameter of its
// name says, else what the overlay says, else what its kind is when empty.
func (e *Engine) New(c *sdk.Call, shape int16, params sdk.Doc) sdk.Doc {
	d := c.NewObject()
	b := builder{e, c, e.versions(c)}
	b.fill(d, shape, params, 0)
	return d
}

// Apply changes the members of a document of a shape that parameters name.
func (e *Engine) Apply(c *sdk.Call, d sdk.Doc, shape int16, params sdk.Doc) {
	b := builder{e, c, e.versions(c)}
	b.apply(d, shape, params, 0)
}

type builder struct {
	e  *Engine
	c  *sdk.Call
	in Versions
}

func (b *builder) fill(d sdk.Doc, shape int16, params sdk.Doc, depth int) {
	s, o := &b.e.Tables.Shapes[shape], b.e.overlays[shape]
	for i := range s.Members {
		m := &s.Members[i]
		if !m.In.In(b.in) {
			continue
		}
		if p := params.Get(m.Name); p.Exists() && b.set(d, m, p, depth) {
			continue
		}
		if o != nil {
			if text, ok := o.Values[m.Name]; ok {
				d.SetJSON(m.Name, text)
				continue
			}
			if contains(o.Hidden, m.Name) {
				continue
			}
		}
		switch {
		case m.Bits&Nullable != 0:
			d.SetNull(m.Name)
		case m.Bits&Optional == 0:
			b.empty(d, m, depth)
		}
	}
}

// empty sets a member that has to be there to what its kind is when empty.
func (b *builder) empty(d sdk.Doc, m *Member, depth int) {
	switch m.Kind {
	case Text:
		d.SetString(m.Name, m.First)
	case Integer, Number:
		d.SetInt(m.Name, 0)
	case Boolean:
		d.SetBool(m.Name, false)
	case Time:
		d.SetInt(m.Name, b.c.Unix())
	case DateTime:
		d.SetString(m.Name, b.c.Now().Format(time.RFC3339))
	case Object:
		sub := d.SetObject(m.Name)
		if depth < maxDepth {
			b.fill(sub, m.Of, sdk.Doc{}, depth+1)
		}
	case Map:
		d.SetObject(m.Name)
	case Array:
		d.SetArray(m.Name)
	default:
		d.SetNull(m.Name)
	}
}

// set makes a member what a parameter says; false if the parameter is of
// another form than the member, as an id's is where objects are shown.
func (b *builder) set(d sdk.Doc, m *Member, p sdk.Doc, depth int) bool {
	object := p.Kind() == sdk.Object || p.Kind() == sdk.Array
	switch m.Kind {
	case Object, Map, Array:
		if !object && p.String() != "" {
			return false
		}
	case Any:
	default:
		if object {
			return false
		}
	}
	text := p.String()
	if text == "" && !object {
		switch {
		case m.Bits&Nullable != 0:
			d.SetNull(m.Name)
		case m.Kind == Text:
			d.SetString(m.Name, "")
		default:
			b.empty(d, m, depth)
		}
		return true
	}
	switch m.Kind {
	case Integer, Number, Time:
		if !isNumber(text) {
			return false // a word that stands for a number: "now", "inf"
		}
		d.SetNumber(m.Name, shortest(text))
	case Boolean:
		d.SetBool(m.Name, isTrue(text))
	case Object:
		if depth < maxDepth {
			b.fill(d.SetObject(m.Name), m.Of, p, depth+1)
		}
	case Map:
		sub := d.SetObject(m.Name)
		for v := range p.All {
			if v.Kind() == sdk.Object || v.Kind() == sdk.Array {
				sub.SetDoc(v.Key(), v)
			} else if v.String() != "" {
				sub.SetSortedString(v.Key(), v.String())
			}
		}
	case Array:
		b.elements(d.SetArray(m.Name), m, p, depth)
	case Any:
		d.SetDoc(m.Name, p)
	default:
		d.SetString(m.Name, text)
	}
	return true
}

// elements fills an array, which forms spell with numbers for names too.
func (b *builder) elements(array sdk.Doc, m *Member, p sdk.Doc, depth int) {
	for v := range p.All {
		switch m.Item {
		case Integer, Number, Time:
			array.AddNumber(v.String())
		case Boolean:
			array.AddBool(isTrue(v.String()))
		case Object:
			if depth < maxDepth {
				b.fill(array.AddObject(), m.Of, v, depth+1)
			}
		case Any, Map, Array:
			array.AddDoc(v)
		default:
			array.AddString(v.String())
		}
	}
}

func (b *builder) apply(d sdk.Doc, shape int16, params sdk.Doc, depth int) {
	s := &b.e.Tables.Shapes[shape]
	before := ""
	for i := range s.Members {
		m := &s.Members[i]
		p := params.Get(m.Name)
		if !p.Exists() || !m.In.In(b.in) {
			if d.Get(m.Name).Exists() {
				before = m.Name
			}
			continue
		}
		old := d.Get(m.Name)
		if !old.Exists() && before != "" {
			d.InsertJSON(before, m.Name, "null")
		}
		before = m.Name
		switch {
		case m.Kind == Object && p.Kind() == sdk.Object && old.Kind() == sdk.Object:
			b.apply(old, m.Of, p, depth+1)
		case m.Kind == Map && p.Kind() == sdk.Object && old.Kind() == sdk.Object:
			for v := range p.All {
				if v.String() == "" && v.Kind() != sdk.Object && v.Kind() != sdk.Array {
					old.Delete(v.Key())
					continue
				}
				old.SetSortedString(v.Key(), v.String())
			}
		case !b.set(d, m, p, depth) && !old.Exists():
			d.Delete(m.Name)
		}
	}
}

// References calls yield for each parameter that holds an id of another object:
// its path, the id, and the objects it may be of. It stops when yield returns
// false.
func (e *Engine) References(c *sdk.Call, shape int16, params sdk.Doc, yield func(path, id string, to []string) bool) bool {
	return e.references("", shape, params, yield, 0)
}

func (e *Engine) references(prefix string, shape int16, params sdk.Doc, yield func(path, id string, to []string) bool, depth int) bool {
	s := &e.Tables.Shapes[shape]
	for i := range s.Members {
		m := &s.Members[i]
		p := params.Get(m.Name)
		if !p.Exists() {
			continue
		}
		path := m.Name
		if prefix != "" {
			path = prefix + "[" + m.Name + "]"
		}
		switch {
		case m.Kind == Reference && p.String() != "":
			if !yield(path, p.String(), m.To) {
				return false
			}
		case m.Kind == Object && p.Kind() == sdk.Object && depth < maxDepth:
			if !e.references(path, m.Of, p, yield, depth+1) {
				return false
			}
		}
	}
	return true
}

// shortest drops the zeros that some clients write behind a fraction, as
// stripe-go does: 12.5000, 50.0000.
func shortest(number string) string {
	point := strings.IndexByte(number, '.')
	if point < 0 || strings.ContainsAny(number, "eE") {
		return number
	}
	short := strings.TrimRight(number, "0")
	if len(short) == point+1 && len(short) < len(number) {
		short += "0" // 50.0
	}
	return short
}

func isTrue(text string) bool { return text == "true" || text == "True" || text == "1" }

func contains(list []string, s string) bool {
	for i := range list {
		if list[i] == s {
			return true
		}
	}
	return false
}

// isNumber tells whether text is a number as JSON has it, without an exponent.
func isNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(text, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	return digits(whole) && (whole == "0" || whole[0] != '0') && (!point || digits(fraction))
}
