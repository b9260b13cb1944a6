package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// tables collects what the generated file holds. Equal rows of fields and equal
// enums are written once.
type tables struct {
	specs      []*spec
	all        uint8 // the bits of all descriptions
	lists      bool  // the shapes around lists too
	shapes     *shapes
	operations []operationRow
	shared     []sharedRow
	names      map[string]string // text to variable
}

type operationRow struct {
	ID, Pattern, Verb, Key, Fields string
	In                             uint8
	Shape, List, Status            int
}

type sharedRow struct{ Name, Text string }

func newTables(specs []*spec, lead []string) *tables {
	return &tables{specs: specs, all: 1<<len(specs) - 1, shapes: newShapes(specs, lead), names: map[string]string{}}
}

// field is one parameter, joined over all descriptions.
type field struct {
	types    map[string]bool
	required bool
	max      int
	enum     []string
	enumIn   map[string]uint8
	fields   map[string]*field
	item     *field
	in       uint8
}

// addOperation adds the row of an operation; false if no description has it.
func (g *tables) addOperation(pattern string) bool {
	var row operationRow
	all := map[string]*field{}
	for i, s := range g.specs {
		op, ok := s.find(pattern)
		if !ok {
			continue
		}
		if row.ID == "" {
			row.ID, row.Pattern = op.ID, pattern
			if row.ID == "" {
				row.ID = pattern
			}
		}
		row.In |= 1 << i
		for _, p := range s.parameters(&op) {
			if p.In == "query" && p.Schema != nil {
				f := s.field(p.Schema, nil, 0)
				f.required = p.Required
				merge(all, p.Name, f, 1<<i)
			}
		}
		for _, content := range s.body(op.RequestBody) {
			body := s.flat(content.Schema)
			if body == nil {
				continue
			}
			for name, f := range s.fields(body, 0) {
				merge(all, name, f, 1<<i)
			}
		}
		if status, _ := s.success(&op); status != 200 {
			row.Status = status
		}
		if verb, shape, list, key := g.classify(s, pattern, &op); verb != "" {
			row.Verb, row.Shape, row.List, row.Key = verb, shape, list, key
		}
	}
	if row.ID == "" {
		return false
	}
	row.Fields = g.fieldList(all)
	g.operations = append(g.operations, row)
	return true
}

// merge joins what the description of bit in says of a parameter to what others
// say. It is required if all that have it require it.
func merge(into map[string]*field, name string, f *field, in uint8) {
	old := into[name]
	if old == nil {
		f.mark(in)
		into[name] = f
		return
	}
	maps.Copy(old.types, f.types)
	old.required = old.required && f.required
	old.max = max(old.max, f.max)
	old.in |= in
	if old.enum != nil && f.enum != nil {
		for _, e := range f.enum {
			if !slices.Contains(old.enum, e) {
				old.enum = append(old.enum, e)
			}
			old.enumIn[e] |= in
		}
	} else {
		old.enum = nil
	}
	for n, sub := range f.fields {
		if old.fields == nil {
			old.fields = map[string]*field{}
		}
		merge(old.fields, n, sub, in)
	}
	if f.item != nil {
		m := map[string]*field{}
		if old.item != nil {
			m[""] = old.item
		}
		merge(m, "", f.item, in)
		old.item = m[""]
	}
}

// mark notes which description a field and what is below it come from.
func (f *field) mark(in uint8) {
	f.in = in
	f.enumIn = map[string]uint8{}
	for _, e := range f.enum {
		f.enumIn[e] = in
	}
	for _, sub := range f.fields {
		sub.mark(in)
	}
	if f.item != nil {
		f.item.mark(in)
	}
}

// maxFieldDepth bounds parameters of descriptions whose schemas hold themselves.
const maxFieldDepth = 10

func (s *spec) fields(c *schema, depth int) map[string]*field {
	out := map[string]*field{}
	for name, p := range c.Properties.of {
		out[name] = s.field(p, nil, depth)
		out[name].required = slices.Contains(c.Required, name)
	}
	return out
}

// field reads a schema; alternatives are joined.
func (s *spec) field(c *schema, f *field, depth int) *field {
	if f == nil {
		f = &field{types: map[string]bool{}}
	}
	if c = s.resolve(c); c != nil && len(c.AllOf) > 0 {
		c = s.flat(c)
	}
	if c == nil {
		f.types["TString"] = true
		return f
	}
	if depth == maxFieldDepth {
		f.types["TMap"] = true // whatever is below is taken as it comes
		return f
	}
	if alternatives := slices.Concat(c.AnyOf, c.OneOf); len(alternatives) > 0 {
		for _, a := range alternatives {
			if isNull(a) && a != nil && len(a.Enum) == 0 {
				f.types["TClear"] = true
				continue
			}
			s.field(a, f, depth)
		}
		return f
	}
	switch c.kind() {
	case "string":
		s.stringField(c, f)
	case "integer":
		f.types["TInteger"] = true
	case "number":
		f.types["TNumber"] = true
	case "boolean":
		f.types["TBoolean"] = true
	case "array":
		f.types["TArray"] = true
		f.item = s.field(c.Items, nil, depth+1)
	default:
		if _, ok := c.Additional.(map[string]any); ok && len(c.Properties.names) == 0 || len(c.Properties.names) == 0 {
			f.types["TMap"] = true
			break
		}
		f.types["TObject"] = true
		if f.fields == nil {
			f.fields = map[string]*field{}
		}
		for name, sub := range s.fields(c, depth+1) {
			merge(f.fields, name, sub, 0) // of several alternatives; marked later
		}
	}
	return f
}

func (s *spec) stringField(c *schema, f *field) {
	if c.Format == "binary" {
		f.types["TFile"] = true
		return
	}
	var enum []string
	for _, e := range c.Enum {
		if e == "" {
			f.types["TClear"] = true
			continue
		}
		if e != nil {
			enum = append(enum, fmt.Sprint(e))
		}
	}
	if len(c.Enum) > 0 && enum == nil {
		return // only "", which unsets
	}
	if f.types["TString"] && (f.enum == nil) != (enum == nil) {
		enum, f.enum = nil, nil
	}
	f.types["TString"] = true
	f.max = max(f.max, c.MaxLength)
	for _, e := range enum {
		if !slices.Contains(f.enum, e) {
			f.enum = append(f.enum, e)
		}
	}
}

var typeOrder = []string{"TString", "TInteger", "TNumber", "TBoolean", "TObject", "TMap", "TArray", "TFile", "TClear"}

func (g *tables) fieldList(fields map[string]*field) string {
	if len(fields) == 0 {
		return "nil"
	}
	var b strings.Builder
	b.WriteString("sdk.Fields{\n")
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		b.WriteString("\t" + g.literal(name, fields[name]) + ",\n")
	}
	b.WriteString("}")
	return g.share("fields", b.String())
}

func (g *tables) literal(name string, f *field) string {
	var types []string
	for _, t := range typeOrder {
		if f.types[t] {
			types = append(types, "sdk."+t)
		}
	}
	if types == nil {
		types = []string{"sdk.TString"}
	}
	parts := []string{}
	if name != "" {
		parts = append(parts, fmt.Sprintf("Name: %q", name))
	}
	parts = append(parts, "Type: "+strings.Join(types, "|"))
	if f.required {
		parts = append(parts, "Required: true")
	}
	if f.max > 0 && f.enum == nil {
		parts = append(parts, fmt.Sprintf("Max: %d", f.max))
	}
	if f.in != g.all {
		parts = append(parts, fmt.Sprintf("In: %d", f.in))
	}
	if f.enum != nil {
		parts = append(parts, "Enum: &"+g.share("enum", "sdk.Enum"+strings.TrimPrefix(fmt.Sprintf("%#v", f.enum), "[]string")))
		if in, differ := f.enumVersions(); differ {
			parts = append(parts, "EnumIn: "+strconv.Quote(in))
		}
	}
	if len(f.fields) > 0 {
		parts = append(parts, "Fields: &"+g.fieldList(f.fields))
	}
	if f.item != nil {
		parts = append(parts, "Item: &"+g.share("item", "sdk.Field{"+strings.TrimSuffix(strings.TrimPrefix(g.literal("", f.item), "{"), "}")+"}"))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// enumVersions has a byte for each value of the enum: the descriptions that
// have it. differ is false if all that have the field have all values.
func (f *field) enumVersions() (in string, differ bool) {
	b := make([]byte, len(f.enum))
	for i, e := range f.enum {
		b[i] = f.enumIn[e]
		differ = differ || b[i] != f.in
	}
	return string(b), differ
}

// share returns the variable that holds a text, making it if there is none.
func (g *tables) share(kind, text string) string {
	if name := g.names[text]; name != "" {
		return name
	}
	name := fmt.Sprintf("%s%d", kind, len(g.shared))
	g.names[text] = name
	g.shared = append(g.shared, sharedRow{name, text})
	return name
}

// objectName returns what documents of a schema have as "object", else the
// schema's own name.
func objectName(c *schema, name string) string {
	if o := c.Properties.of["object"]; o != nil && len(o.Enum) == 1 {
		return fmt.Sprint(o.Enum[0])
	} else if o != nil && o.Const != nil {
		return fmt.Sprint(o.Const)
	}
	return name
}
