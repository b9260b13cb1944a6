package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// spec is what is read of an OpenAPI 3 description.
type spec struct {
	Servers []struct {
		URL string `json:"url"`
	} `json:"servers"`
	Paths      map[string]pathItem `json:"paths"`
	Components struct {
		Schemas       map[string]*schema     `json:"schemas"`
		Parameters    map[string]parameter   `json:"parameters"`
		RequestBodies map[string]requestBody `json:"requestBodies"`
		Responses     map[string]requestBody `json:"responses"`
	} `json:"components"`

	name   string          // of the file
	faults map[string]bool // what was left out, with its place
}

// pathItem holds the operations of a path, by method. Other members of it are
// not read.
type pathItem map[string]operation

func (p *pathItem) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*p = pathItem{}
	var shared []parameter // of all operations of the path
	if raw["parameters"] != nil {
		if err := json.Unmarshal(raw["parameters"], &shared); err != nil {
			return fmt.Errorf("parameters: %w", err)
		}
	}
	for _, method := range methods {
		if raw[method] == nil {
			continue
		}
		var op operation
		if err := json.Unmarshal(raw[method], &op); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		op.Parameters = append(op.Parameters, shared...)
		(*p)[method] = op
	}
	return nil
}

var methods = []string{"get", "post", "put", "patch", "delete"}

type operation struct {
	ID          string                 `json:"operationId"`
	Parameters  []parameter            `json:"parameters"`
	RequestBody requestBody            `json:"requestBody"`
	Responses   map[string]requestBody `json:"responses"`
}

type parameter struct {
	Ref      string  `json:"$ref"`
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Required bool    `json:"required"`
	Schema   *schema `json:"schema"`
}

// requestBody is a body by media type, of a request or an answer.
type requestBody struct {
	Ref     string             `json:"$ref"`
	Content map[string]content `json:"content"`
}

// parameters returns the parameters of an operation with their references
// followed.
func (s *spec) parameters(o *operation) []parameter {
	var out []parameter
	for _, p := range o.Parameters {
		if p.Ref != "" {
			found, ok := s.Components.Parameters[strings.TrimPrefix(p.Ref, "#/components/parameters/")]
			if !ok {
				s.fault("a $ref leads nowhere: " + p.Ref)
				continue
			}
			p = found
		}
		out = append(out, p)
	}
	return out
}

func (s *spec) body(b requestBody) map[string]content {
	if b.Ref == "" {
		return b.Content
	}
	if found, ok := s.Components.RequestBodies[strings.TrimPrefix(b.Ref, "#/components/requestBodies/")]; ok {
		return found.Content
	}
	if found, ok := s.Components.Responses[strings.TrimPrefix(b.Ref, "#/components/responses/")]; ok {
		return found.Content
	}
	s.fault("a $ref leads nowhere: " + b.Ref)
	return nil
}

type content struct {
	Schema *schema `json:"schema"`
}

// answer returns the schema of the successful answer, nil if it has none.
func (s *spec) answer(o *operation) *schema {
	_, c := s.success(o)
	return c
}

// success returns the status and schema of the successful answer; 0 if the
// description has none.
func (s *spec) success(o *operation) (status int, c *schema) {
	for _, text := range []string{"200", "201", "202", "204", "2XX", "default"} {
		response, ok := o.Responses[text]
		if !ok {
			continue
		}
		if n, err := strconv.Atoi(text); status == 0 && err == nil {
			status = n
		}
		content := s.body(response)
		for _, media := range slices.Sorted(maps.Keys(content)) {
			if strings.HasPrefix(media, "application/json") {
				return status, content[media].Schema
			}
		}
	}
	return status, nil
}

type schema struct {
	Ref         string     `json:"$ref"`
	Type        typeNames  `json:"type"`
	Format      string     `json:"format"`
	MaxLength   int        `json:"maxLength"`
	Enum        []any      `json:"enum"`
	Const       any        `json:"const"`
	Nullable    bool       `json:"nullable"`
	Properties  properties `json:"properties"`
	Required    []string   `json:"required"`
	Items       *schema    `json:"items"`
	AnyOf       []*schema  `json:"anyOf"`
	OneOf       []*schema  `json:"oneOf"`
	AllOf       []*schema  `json:"allOf"`
	Additional  any        `json:"additionalProperties"`
	Expandable  []string   `json:"x-expandableFields"`
	ExpansionOf any        `json:"x-expansionResources"`

	bad []string // members that could not be read
}

// UnmarshalJSON reads what can be read: one member of another form than OpenAPI
// has does not cost the rest.
func (c *schema) UnmarshalJSON(b []byte) error {
	type plain schema
	if json.Unmarshal(b, (*plain)(c)) == nil {
		return nil
	}
	*c = schema{}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		c.bad = []string{"a schema that is no object"}
		return nil // true and false are schemas too, of anything and nothing
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		one, err := json.Marshal(map[string]json.RawMessage{name: raw[name]})
		if err != nil {
			return err
		}
		if json.Unmarshal(one, (*plain)(c)) != nil {
			c.bad = append(c.bad, fmt.Sprintf("%s: %.60s", name, raw[name]))
		}
	}
	return nil
}

// typeNames is one type, or several as OpenAPI 3.1 allows.
type typeNames []string

func (t *typeNames) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte{'['}) {
		return json.Unmarshal(b, (*[]string)(t))
	}
	*t = typeNames{""}
	return json.Unmarshal(b, &(*t)[0])
}

// properties keep their order.
type properties struct {
	names []string
	of    map[string]*schema
}

func (p *properties) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &p.of); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // the end: the text was read whole above
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth != 1 {
				continue
			}
			p.names = append(p.names, t)
			var skip json.RawMessage
			if err := d.Decode(&skip); err != nil {
				return err
			}
		}
	}
}

// kind is the type but for null.
func (c *schema) kind() string {
	for _, t := range c.Type {
		if t != "null" {
			return t
		}
	}
	if len(c.Enum) > 0 || c.Const != nil {
		return "string"
	}
	return ""
}

func (c *schema) nullable(s *spec) bool {
	if c == nil {
		return false
	}
	if c.Nullable || slices.Contains(c.Type, "null") || slices.ContainsFunc(c.AnyOf, isNull) || slices.ContainsFunc(c.OneOf, isNull) {
		return true
	}
	if c.Ref != "" {
		if r := s.resolve(c); r != nil && r.Ref == "" {
			return r.nullable(s)
		}
	}
	return false
}

func isNull(c *schema) bool {
	return c == nil || len(c.Type) == 1 && c.Type[0] == "null" || len(c.Enum) == 1 && (c.Enum[0] == nil || c.Enum[0] == "")
}

// only returns the one alternative that a schema has beside null, or itself.
func only(c *schema) *schema {
	for c != nil && c.Ref == "" {
		all := slices.DeleteFunc(slices.Concat(c.AnyOf, c.OneOf, c.AllOf), isNull)
		if len(all) != 1 || len(c.Properties.names) > 0 {
			return c
		}
		c = all[0]
	}
	return c
}

// patterns lists every operation as "METHOD /path".
func (s *spec) patterns() []string {
	var out []string
	for path, item := range s.Paths {
		for method := range item {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(out)
	return out
}

func (s *spec) find(pattern string) (operation, bool) {
	method, path, _ := strings.Cut(pattern, " ")
	op, ok := s.Paths[path][strings.ToLower(method)]
	return op, ok
}

func refName(ref string) string { return strings.TrimPrefix(ref, "#/components/schemas/") }

// maxRefs bounds how many references lead from one to the next.
const maxRefs = 32

func (s *spec) resolve(c *schema) *schema {
	for n := 0; c != nil && c.Ref != ""; n++ {
		next := s.Components.Schemas[refName(c.Ref)]
		if next == nil || n == maxRefs {
			s.fault("a $ref leads nowhere: " + c.Ref)
			return nil
		}
		c = next
	}
	if c != nil {
		for _, what := range c.bad {
			s.fault(what)
		}
	}
	return c
}

// flat resolves a schema and joins what allOf holds.
func (s *spec) flat(c *schema) *schema { return s.flatten(c, 0) }

func (s *spec) flatten(c *schema, depth int) *schema {
	c = s.resolve(only(c))
	if c == nil || len(c.AllOf) == 0 {
		return c
	}
	if depth == maxRefs {
		s.fault("allOf holds itself")
		return nil
	}
	out := *c
	out.AllOf = nil
	out.Properties = properties{of: map[string]*schema{}}
	join := func(p *schema) {
		for _, name := range p.Properties.names {
			if out.Properties.of[name] == nil {
				out.Properties.names = append(out.Properties.names, name)
			}
			out.Properties.of[name] = p.Properties.of[name]
		}
		out.Required = append(out.Required, p.Required...)
	}
	for _, part := range c.AllOf {
		if p := s.flatten(part, depth+1); p != nil {
			join(p)
			if len(out.Type) == 0 {
				out.Type = p.Type
			}
		}
	}
	join(c)
	return &out
}

// fault notes what was left out.
func (s *spec) fault(what string) {
	if s.faults == nil {
		s.faults = map[string]bool{}
	}
	s.faults[s.name+": "+what] = true
}
