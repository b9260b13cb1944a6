package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// filter restricts a list to documents that have a parameter, or all that it
// holds, at a path; false if their shape does not, or it cannot be compared.
func filter(q *sdk.ListQuery, path string, shape int16, p sdk.Doc) bool {
	m := tables.Shapes[shape].Member(p.Key())
	if m == nil {
		return false
	}
	path += "." + p.Key()
	switch {
	case p.Kind() == sdk.String:
		return q.Filter(path, filterText(m, p.String()))
	case p.Kind() == sdk.Object && m.Kind == resource.Object:
		for v := range p.All {
			if !filter(q, path, m.Of, v) {
				return false
			}
		}
		return true
	}
	return false
}

// filterText is a filter's value as SQLite reads it out of a document.
func filterText(m *resource.Member, text string) string {
	if m.Kind == resource.Boolean {
		if strings.EqualFold(text, "true") {
			return "1"
		}
		return "0"
	}
	return text
}

// selection is what the documents of a list have to be beside what SQL compares.
type selection []func(d sdk.Doc) bool

func (s selection) wants(d sdk.Doc) bool {
	for _, f := range s {
		if !f(d) {
			return false
		}
	}
	return true
}

// listAlso is list of the documents that a selection wants.
func (r *request) listAlso(k *sdk.Collection, q sdk.ListQuery, also selection, noun, url string) error {
	if len(also) == 0 {
		return r.list(k, q, noun, url)
	}
	if err := r.checkFilters(k.Type); err != nil {
		return err
	}
	return r.listSelected(k, q, noun, url, also.wants)
}

// within wants a number between the bounds of a parameter: gt, gte, lt, lte, or the
// number itself.
func (s *selection) within(name string, bounds sdk.Doc) {
	*s = append(*s, func(d sdk.Doc) bool {
		n, ok := d.Get(name).Int()
		if !ok {
			return false
		}
		if bounds.Kind() != sdk.Object {
			exact, ok := bounds.Int()
			return ok && n == exact
		}
		for b := range bounds.All {
			bound, _ := b.Int()
			switch b.Key() {
			case "gt":
				ok = n > bound
			case "gte":
				ok = n >= bound
			case "lt":
				ok = n < bound
			case "lte":
				ok = n <= bound
			}
			if !ok {
				return false
			}
		}
		return true
	})
}

// oneOf wants a text that a parameter lists.
func (s *selection) oneOf(name string, values sdk.Doc) {
	*s = append(*s, func(d sdk.Doc) bool {
		for v := range values.All {
			if v.String() == d.Get(name).String() {
				return true
			}
		}
		return false
	})
}

// filter takes a parameter that is compared otherwise than a member of its name;
// false if it is none.
func (s *selection) filter(r *request, of *resourceSpec, p sdk.Doc) bool {
	shape := &tables.Shapes[of.shape]
	m := shape.Member(p.Key())
	switch {
	case p.Kind() == sdk.Object && m != nil && (m.Kind == resource.Time || m.Kind == resource.Integer):
		s.within(p.Key(), p)
	case p.Kind() == sdk.Array && m == nil && shape.Member(strings.TrimSuffix(p.Key(), "s")) != nil: // ids, lookup_keys
		s.oneOf(strings.TrimSuffix(p.Key(), "s"), p)
	default:
		special := specialFilters[of.object+"."+p.Key()]
		if special == nil {
			return false
		}
		*s = append(*s, func(d sdk.Doc) bool { return special(r, d, p) })
	}
	return true
}

// specialFilters are those whose names are no members, or members of another kind
// [D docs.stripe.com/api, the lists of each, 2026-11].
var specialFilters = map[string]func(r *request, d, given sdk.Doc) bool{
	"entitlements.feature.archived": func(_ *request, d, given sdk.Doc) bool { return d.Get("active").Bool() != isTrue(given) },
	"shipping_rate.currency": func(_ *request, d, given sdk.Doc) bool {
		return strings.EqualFold(d.Get("fixed_amount", "currency").String(), given.String())
	},
	"subscription_schedule.scheduled": func(_ *request, d, given sdk.Doc) bool {
		return (d.Get("status").String() == "not_started") == isTrue(given)
	},
	"radar.value_list.contains": func(r *request, d, given sdk.Doc) bool {
		page, err := specOf["radar.value_list_item"].collection.Find(r.Call, sdk.ListQuery{Limit: 1, Where: [4]sdk.Condition{
			{Path: "$.value_list", Value: d.Get("id").String()}, {Path: "$.value", Value: given.String()}}})
		if err != nil {
			return false
		}
		docs, _ := page.Docs(r.Call)
		return len(docs) > 0
	},
}
