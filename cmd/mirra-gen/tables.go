package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tables collects what the generated file holds. Equal rows of fields and equal
// enums are written once.
type tables struct {
	operations []operationRow
	expandable []expandableRow
	shared     []sharedRow
	names      map[string]string // text to variable
}

type operationRow struct{ ID, Pattern, Fields string }
type expandableRow struct{ Resource, Member string }
type sharedRow struct{ Name, Text string }

func newTables() *tables { return &tables{names: map[string]string{}} }

// field is one parameter, joined over all descriptions.
type field struct {
	types    map[string]bool
	required bool
	max      int
	enum     []string
	fields   map[string]*field
	item     *field
}

func (g *tables) addOperation(pattern string, specs []*spec) bool {
	id, found := "", false
	all := map[string]*field{}
	for i, s := range specs {
		op, ok := s.find(pattern)
		if !ok {
			continue
		}
		if !found {
			id, found = op.ID, true
		}
		for _, p := range op.Parameters {
			if p.In == "query" {
				f := s.field(p.Schema, nil)
				f.required = p.Required
				merge(all, p.Name, f, i > 0)
			}
		}
		for _, content := range op.RequestBody.Content {
			body := s.resolve(content.Schema)
			if body == nil {
				continue
			}
			for name, f := range s.properties(body) {
				merge(all, name, f, i > 0)
			}
		}
	}
	if found {
		g.operations = append(g.operations, operationRow{id, pattern, g.fieldList(all)})
	}
	return found
}

// merge joins what two descriptions say of a parameter. One that only a later
// description has cannot be required.
func merge(into map[string]*field, name string, f *field, later bool) {
	old := into[name]
	if old == nil {
		f.required = f.required && !later
		into[name] = f
		return
	}
	maps.Copy(old.types, f.types)
	old.required = old.required && f.required
	old.max = max(old.max, f.max)
	if old.enum != nil && f.enum != nil {
		for _, e := range f.enum {
			if !slices.Contains(old.enum, e) {
				old.enum = append(old.enum, e)
			}
		}
	} else {
		old.enum = nil
	}
	for n, sub := range f.fields {
		if old.fields == nil {
			old.fields = map[string]*field{}
		}
		merge(old.fields, n, sub, true)
	}
	if old.item == nil {
		old.item = f.item
	} else if f.item != nil {
		m := map[string]*field{"": old.item}
		merge(m, "", f.item, true)
	}
}

func (s *spec) properties(c *schema) map[string]*field {
	out := map[string]*field{}
	for name, p := range c.Properties {
		out[name] = s.field(p, nil)
		out[name].required = slices.Contains(c.Required, name)
	}
	return out
}

// field reads a schema; alternatives are joined.
func (s *spec) field(c *schema, f *field) *field {
	if f == nil {
		f = &field{types: map[string]bool{}}
	}
	c = s.resolve(c)
	if c == nil {
		f.types["TString"] = true
		return f
	}
	for _, alternative := range c.AnyOf {
		s.field(alternative, f)
	}
	if len(c.AnyOf) > 0 {
		return f
	}
	switch c.Type {
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
		f.item = s.field(c.Items, nil)
	case "object", "":
		if values, ok := c.Additional.(map[string]any); ok && len(c.Properties) == 0 {
			_ = values
			f.types["TMap"] = true
			break
		}
		f.types["TObject"] = true
		if f.fields == nil {
			f.fields = map[string]*field{}
		}
		maps.Copy(f.fields, s.properties(c))
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
		enum = append(enum, fmt.Sprint(e))
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
	b.WriteString("[]sdk.Field{\n")
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
	if f.enum != nil {
		parts = append(parts, "Enum: "+g.share("enum", fmt.Sprintf("%#v", f.enum)))
	}
	if len(f.fields) > 0 {
		parts = append(parts, "Fields: "+g.fieldList(f.fields))
	}
	if f.item != nil {
		parts = append(parts, "Item: &"+g.share("item", "sdk.Field{"+strings.TrimSuffix(strings.TrimPrefix(g.literal("", f.item), "{"), "}")+"}"))
	}
	return "{" + strings.Join(parts, ", ") + "}"
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

func (g *tables) addExpandable(specs []*spec) {
	seen := map[expandableRow]bool{}
	for _, s := range specs {
		for name, c := range s.Components.Schemas {
			for _, member := range c.Expandable {
				p := c.Properties[member]
				if p == nil || !isReference(p) {
					continue
				}
				row := expandableRow{objectName(c, name), member}
				if !seen[row] {
					seen[row] = true
					g.expandable = append(g.expandable, row)
				}
			}
		}
	}
	slices.SortFunc(g.expandable, func(a, b expandableRow) int {
		return strings.Compare(a.Resource+"."+a.Member, b.Resource+"."+b.Member)
	})
}

// isReference tells whether a member holds an id that can be expanded, or an
// object that is left out unless asked for; plain nested objects are neither.
func isReference(p *schema) bool { return p.ExpansionOf != nil }

// objectName returns what documents of a schema have as "object", else the
// schema's own name.
func objectName(c *schema, name string) string {
	if o := c.Properties["object"]; o != nil && len(o.Enum) == 1 {
		return fmt.Sprint(o.Enum[0])
	}
	return name
}
