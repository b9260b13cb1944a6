package evaluate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// entity is an object of a mirror, as it stands at the end or stood when it was deleted.
type entity struct {
	id      string
	doc     any
	entries []uint64 // of its changes that count
}

// entities decides about objects of one kind.
func (r *Records) entities(q *criteria.Query) finding {
	var all []entity
	var err error
	if q.Verb == criteria.Exists {
		all, err = r.existing(q.Mirror, q.Names[0])
	} else {
		all, err = r.changed(q.Mirror, q.Names[0], q.Verb)
	}
	if err != nil {
		return errored("%s of %s: %v", q.Names[0], q.Mirror, err)
	}
	for _, f := range q.Filters {
		if reason := unknownField(f.Path, f.Is, q.Names[0], all); reason != "" {
			return errored("%s", reason)
		}
	}
	if q.Path != "" {
		if reason := unknownField(q.Path, q.Is, q.Names[0], all); reason != "" {
			return errored("%s", reason)
		}
	}
	found := slices.DeleteFunc(slices.Clone(all), func(e entity) bool {
		return slices.ContainsFunc(q.Filters, func(f criteria.Filter) bool {
			v, _ := Lookup(e.doc, f.Path)
			return !Compare(f.Is, v)
		})
	})
	var names []string
	var entries []uint64
	for _, e := range found {
		names, entries = append(names, e.id), append(entries, e.entries...)
	}
	what := q.Names[0]
	if q.Measure == criteria.Count {
		verb := map[criteria.Verb]string{criteria.Exists: "exist", criteria.Created: "were created", criteria.Updated: "were updated", criteria.Deleted: "were deleted"}[q.Verb]
		return counted(q, len(found), list(names, len(names)), entries, what+" "+verb)
	}
	return property(q, found, what)
}

// property decides about a field.
func property(q *criteria.Query, found []entity, what string) finding {
	switch {
	case len(found) == 0:
		return decided(false, nil, "there are no such %s", what)
	case q.Measure == criteria.One && len(found) > 1:
		var names []string
		for _, e := range found {
			names = append(names, e.id)
		}
		return decided(false, nil, "there are %d %s, so that none is meant: %s", len(found), what, list(names, len(names)))
	}
	var right, wrong []string
	for _, e := range found {
		v, _ := Lookup(e.doc, q.Path)
		line := fmt.Sprintf("%s has `%s` %s", e.id, q.Path, Show(v))
		if Compare(q.Is, v) {
			right = append(right, line)
		} else {
			wrong = append(wrong, line)
		}
	}
	if ok := len(wrong) == 0 || q.Measure == criteria.Any && len(right) > 0; ok {
		return decided(true, nil, "%s", list(right, len(right)))
	}
	return decided(false, nil, "%s", list(wrong, len(wrong)))
}

// existing are the objects that are there.
func (r *Records) existing(mirror, name string) ([]entity, error) {
	var out []entity
	for i, doc := range r.State[mirror][name] {
		v, err := Decode(doc)
		if err != nil {
			return nil, err
		}
		out = append(out, entity{id: idOf(v, i), doc: v})
	}
	return out, nil
}

// idOf is what an object is called by.
func idOf(doc any, i int) string {
	if o, ok := doc.(map[string]any); ok {
		for _, name := range []string{"id", "sid"} {
			if id, ok := o[name].(string); ok && id != "" {
				return id
			}
		}
	}
	return fmt.Sprintf("number %d", i+1)
}

// changed are the objects that something happened to, in the order in which it first did.
func (r *Records) changed(mirror, name string, verb criteria.Verb) ([]entity, error) {
	type change struct {
		counts  bool
		last    json.RawMessage
		entries []uint64
	}
	changes := map[string]*change{}
	var order []string
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Type != host.EventState || e.Mirror != mirror || e.Entity != name {
			continue
		}
		c := changes[e.EntityID]
		if c == nil {
			c = &change{}
			changes[e.EntityID] = c
			order = append(order, e.EntityID)
		}
		is := criteria.Updated
		switch {
		case e.Before == nil:
			is = criteria.Created
		case e.After == nil:
			is = criteria.Deleted
		}
		c.last = e.After
		if e.After == nil {
			c.last = e.Before
		}
		if is == verb {
			c.counts, c.entries = true, append(c.entries, e.Seq)
		}
	}
	var out []entity
	for _, id := range order {
		c := changes[id]
		if !c.counts {
			continue
		}
		v, err := Decode(c.last)
		if err != nil {
			return nil, err
		}
		out = append(out, entity{id, v, c.entries})
	}
	return out, nil
}

// unknownField says that no object has a field, so that what is asked of it is probably
// misspelt: an absent field would answer for a wrong one.
func unknownField(path string, is criteria.Comparison, what string, all []entity) string {
	if is.Op == criteria.IsNotSet || len(all) == 0 {
		return ""
	}
	first := path
	if i := strings.IndexAny(path, ".["); i > 0 {
		first = path[:i]
	}
	for _, e := range all {
		o, ok := e.doc.(map[string]any)
		if _, known := o[first]; known || !ok {
			return ""
		}
	}
	known := map[string]bool{}
	for _, e := range all {
		for name := range e.doc.(map[string]any) {
			known[name] = true
		}
	}
	var names []string
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	text := fmt.Sprintf("none of the %d %s has a field `%s`", len(all), what, first)
	if near := nearest.Word(first, names); near != "" {
		return text + "; did you mean `" + near + "`?"
	}
	const most = 30
	return text + "; there are " + strings.Join(names[:min(len(names), most)], ", ")
}
