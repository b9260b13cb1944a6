package mcp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

type catalogArgs struct {
	Mirror string `json:"mirror,omitempty" jsonschema:"more of this one, such as stripe or stripe@2024-06; left out, a line of each"`
	Query  string `json:"query,omitempty" jsonschema:"only operations and events whose name or path contains this"`
	Level  string `json:"level,omitempty" jsonschema:"only operations of this level"`
	Offset int    `json:"offset,omitempty" jsonschema:"nextOffset of the answer before"`
}

type operation struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Path   string `json:"path"`
	Level  string `json:"level"`
}

type fixture struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
}

type build struct {
	Name       string         `json:"name"`
	Version    string         `json:"version"`
	Vendor     string         `json:"vendor"`
	API        string         `json:"api" jsonschema:"version of the vendor's API"`
	Summary    string         `json:"summary"`
	Levels     map[string]int `json:"levels" jsonschema:"how many operations are exact (as recorded), modelled (written by hand), generic (by the vendor's description) or none (501)"`
	Fixtures   []fixture      `json:"fixtures" jsonschema:"seeds that session_start takes"`
	Entities   []string       `json:"entities,omitempty" jsonschema:"kinds of objects"`
	Events     []string       `json:"events,omitempty" jsonschema:"that webhooks are sent for"`
	Simulates  []string       `json:"simulates,omitempty" jsonschema:"events that simulate takes"`
	Operations []operation    `json:"operations,omitempty"`
}

type catalogOut struct {
	Mirrors    []build `json:"mirrors"`
	NextOffset int     `json:"nextOffset,omitempty" jsonschema:"there are more operations: ask again with it as offset"`
}

// operationsShown is how many operations an answer has.
const operationsShown = 100

func catalog(s *Server) {
	add(s, tool{
		name: "catalog", title: "What is mirrored", reads: true,
		description: "List the mirrors that sessions can have, with fixtures and how much of the vendor's API is mirrored how well; with mirror, its operations, events and what simulate takes.",
		choices:     map[string][]any{"level": {"exact", "modelled", "generic", "none"}},
	}, func(ctx context.Context, c *call, in catalogArgs) (*catalogOut, error) {
		if in.Offset < 0 {
			return nil, invalid(fmt.Sprintf("offset %d is not one of this list", in.Offset), "")
		}
		all, err := c.Mirrors(ctx)
		if err != nil {
			return nil, err
		}
		if in.Mirror != "" {
			e, err := findMirror(all, in.Mirror)
			if err != nil {
				return nil, err
			}
			return in.describe(e), nil
		}
		out := &catalogOut{Mirrors: []build{}}
		for i := range all {
			out.Mirrors = append(out.Mirrors, brief(&all[i]))
		}
		return out, nil
	})
}

func brief(e *host.CatalogEntry) build {
	b := build{Name: e.Name, Version: e.Name + "@" + e.Version, Vendor: e.Vendor, API: e.API, Summary: e.Summary, Levels: e.Levels, Fixtures: []fixture{}}
	for _, f := range e.Fixtures {
		b.Fixtures = append(b.Fixtures, fixture(f))
	}
	return b
}

func (in *catalogArgs) describe(e *host.CatalogEntry) *catalogOut {
	b, query := brief(e), strings.ToLower(in.Query)
	has := func(text string) bool { return strings.Contains(strings.ToLower(text), query) }
	filter := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return !has(s) })
	}
	b.Entities, b.Events, b.Simulates = e.Entities, filter(e.Events), filter(e.Simulates)
	out := &catalogOut{}
	n := 0
	for _, op := range e.Operations {
		if in.Level != "" && op.Level != in.Level || !has(op.ID) && !has(op.Method+" "+op.Path) {
			continue
		}
		if n++; n <= in.Offset {
			continue
		}
		if len(b.Operations) == operationsShown {
			out.NextOffset = n - 1
			break
		}
		b.Operations = append(b.Operations, operation(op))
	}
	out.Mirrors = []build{b}
	return out
}

// findMirror returns the newest build that a reference fits: a name, a line, a version.
func findMirror(all []host.CatalogEntry, ref string) (*host.CatalogEntry, error) {
	names := []string{}
	for i := range all {
		e := &all[i]
		full := e.Name + "@" + e.Version
		if ref == e.Name || ref == full || strings.HasPrefix(full, ref+".") && strings.Contains(ref, "@") {
			return e, nil
		}
		names = append(names, full)
	}
	return nil, &host.Error{Kind: host.KindNotFound, Code: "mirra.catalog.no_mirror", Message: fmt.Sprintf("there is no mirror %q", ref), Hint: "there are " + strings.Join(names, ", ")}
}
