package evaluate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// entity is an object of a mirror, as it stands at the end or stood when it was deleted.
type entity struct {
	id      string
	doc     gjson.Result // few members are asked for: only those are decoded
	entries []uint64     // of its changes that count
}

func newEntity(id string, doc json.RawMessage, entries []uint64) entity {
	return entity{id, gjson.ParseBytes(doc), entries}
}

// value is Lookup in the object.
func (e *entity) value(path string) any {
	// The longest name that is there counts, as in Lookup.
	for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
		if member := e.member(path[:end]); member.Exists() {
			v, _ := Lookup(decoded(member), strings.TrimPrefix(path[end:], "."))
			return v
		}
	}
	return nil
}

// member is one of the object by its name, whatever that has in it.
func (e *entity) member(name string) (found gjson.Result) {
	e.doc.ForEach(func(key, value gjson.Result) bool {
		if key.Str == name {
			found = value
		}
		return !found.Exists()
	})
	return found
}

// decoded is what Decode makes of a value.
func decoded(r gjson.Result) any {
	switch r.Type {
	case gjson.String:
		return r.Str
	case gjson.Number:
		return json.Number(r.Raw)
	case gjson.True, gjson.False:
		return r.Type == gjson.True
	case gjson.JSON:
		if v, err := Decode([]byte(r.Raw)); err == nil { // documents of mirrors are sound
			return v
		}
	}
	return nil
}

// entities decides about objects of one kind.
func (r *Records) entities(q *criteria.Query) finding {
	var all []entity
	if q.Verb == criteria.Exists {
		all = r.existing(q.Mirror, q.Names[0])
	} else {
		all = r.changed(q.Mirror, q.Names[0], q.Verb)
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
			return !Compare(f.Is, e.value(f.Path))
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
		v := e.value(q.Path)
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
func (r *Records) existing(mirror, name string) []entity {
	var out []entity
	for i, doc := range r.State[mirror][name] {
		e := newEntity("", doc, nil)
		e.id = e.name(i)
		out = append(out, e)
	}
	return out
}

// name is what an object is called by.
func (e *entity) name(i int) string {
	for _, name := range []string{"id", "sid"} {
		if id, ok := e.value(name).(string); ok && id != "" {
			return id
		}
	}
	return fmt.Sprintf("number %d", i+1)
}

// changed are the objects that something happened to, in the order in which it first did.
func (r *Records) changed(mirror, name string, verb criteria.Verb) []entity {
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
		out = append(out, newEntity(id, c.last, c.entries))
	}
	return out
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
	known := map[string]bool{}
	for _, e := range all {
		if e.member(first).Exists() {
			return ""
		}
		e.doc.ForEach(func(key, _ gjson.Result) bool {
			known[key.Str] = true
			return true
		})
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
