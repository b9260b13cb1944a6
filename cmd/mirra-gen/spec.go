package main

import (
	"slices"
	"strings"
)

// spec is what is read of an OpenAPI 3 description.
type spec struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name     string  `json:"name"`
		In       string  `json:"in"`
		Required bool    `json:"required"`
		Schema   *schema `json:"schema"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema *schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Format      string             `json:"format"`
	MaxLength   int                `json:"maxLength"`
	Enum        []any              `json:"enum"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Items       *schema            `json:"items"`
	AnyOf       []*schema          `json:"anyOf"`
	Additional  any                `json:"additionalProperties"`
	Expandable  []string           `json:"x-expandableFields"`
	ExpansionOf any                `json:"x-expansionResources"`
	ResourceID  string             `json:"x-resourceId"`
}

// patterns lists every operation as "METHOD /path".
func (s *spec) patterns() []string {
	var out []string
	for path, methods := range s.Paths {
		for method := range methods {
			switch method {
			case "get", "post", "put", "patch", "delete":
				out = append(out, strings.ToUpper(method)+" "+path)
			}
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

func (s *spec) resolve(c *schema) *schema {
	for c != nil && c.Ref != "" {
		c = s.Components.Schemas[strings.TrimPrefix(c.Ref, "#/components/schemas/")]
	}
	return c
}
