package criteria

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/nearest"
)

// Vocabulary is what criteria can name: the entities, events and operations of
// mirrors. It does not change and is safe for concurrent use.
type Vocabulary struct {
	mirrors []string
	words   map[string]string       // what a mirror is called, in small letters, to its name
	called  int                     // words in the longest of them
	nouns   map[string][]entity     // by normal form
	longest map[string]int          // words in the longest noun, by its first word
	events  map[string][]string     // type to mirrors
	paths   map[pathKey][]operation // by method and number of segments
	ids     map[string][]operation  // by id, in small letters
}

type entity struct{ mirror, name string }

type pathKey struct {
	method   string
	segments int
}

type operation struct {
	mirror, id, method, path string
	segments                 []string
}

// NewVocabulary returns the words of mirrors. Entries of one name, which are
// lines of one mirror, add up.
func NewVocabulary(mirrors []host.CatalogEntry) *Vocabulary {
	v := &Vocabulary{words: map[string]string{}, nouns: map[string][]entity{}, longest: map[string]int{}, events: map[string][]string{}, paths: map[pathKey][]operation{}, ids: map[string][]operation{}}
	for _, m := range mirrors {
		v.mirrors = with(v.mirrors, m.Name)
		v.words[strings.ToLower(m.Name)] = m.Name
		if m.Vendor != "" {
			v.words[strings.ToLower(m.Vendor)] = m.Name
		}
		v.called = max(v.called, 1, len(strings.Fields(m.Vendor)))
		for _, name := range m.Entities {
			for _, w := range append([]string{name}, m.Aliases[name]...) {
				key := normal(strings.Fields(spaced(w)))
				if key == "" {
					continue
				}
				v.nouns[key] = with(v.nouns[key], entity{m.Name, name})
				words := strings.Fields(key)
				v.longest[words[0]] = max(v.longest[words[0]], len(words))
			}
		}
		for _, e := range m.Events {
			v.events[e] = with(v.events[e], m.Name)
		}
		for _, o := range m.Operations {
			op := operation{m.Name, o.ID, o.Method, o.Path, strings.Split(strings.Trim(o.Path, "/"), "/")}
			same := func(x operation) bool { return x.mirror == op.mirror && x.id == op.id }
			key, id := pathKey{o.Method, len(op.segments)}, strings.ToLower(o.ID)
			if !slices.ContainsFunc(v.ids[id], same) {
				v.ids[id] = append(v.ids[id], op)
				v.paths[key] = append(v.paths[key], op)
			}
		}
	}
	slices.Sort(v.mirrors)
	return v
}

// Mirrors returns the names of the mirrors, sorted.
func (v *Vocabulary) Mirrors() []string { return slices.Clone(v.mirrors) }

func with[T comparable](list []T, x T) []T {
	if slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// spaced returns the words of an identifier: payment_intents, checkout.session.
func spaced(s string) string {
	return strings.ToLower(joints.Replace(s))
}

var joints = strings.NewReplacer("_", " ", ".", " ", "-", " ")

// normal returns the form that singular and plural of a noun share.
func normal(words []string) string {
	if len(words) == 0 {
		return ""
	}
	last := words[len(words)-1]
	switch {
	case len(last) < 3 || strings.HasSuffix(last, "ss") || strings.HasSuffix(last, "us"):
	case strings.HasSuffix(last, "ies"):
		last = last[:len(last)-3] + "y"
	case strings.HasSuffix(last, "sses"), strings.HasSuffix(last, "xes"), strings.HasSuffix(last, "ches"), strings.HasSuffix(last, "shes"):
		last = last[:len(last)-2]
	case strings.HasSuffix(last, "s"):
		last = last[:len(last)-1]
	}
	return strings.Join(append(words[:len(words)-1:len(words)-1], last), " ")
}

// longestFrom returns how many words the longest noun has that begins as a text does.
func (v *Vocabulary) longestFrom(text string) int {
	first := strings.ToLower(text)
	if i := strings.IndexAny(first, "_.- "); i > 0 {
		return v.longest[first[:i]]
	}
	return max(v.longest[first], v.longest[normal([]string{first})])
}

// find returns the operations that METHOD /path names: those of its templates
// that have the most segments spelled out. Concrete is whether the path itself
// is not a template, so that it says which object is meant.
func (v *Vocabulary) find(method, path string) (found []operation, concrete bool) {
	path, _, _ = strings.Cut(path, "?")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	best := -1
	for _, op := range v.paths[pathKey{method, len(segments)}] {
		spelled, variables := 0, false
		for i, s := range op.segments {
			switch {
			case s == segments[i]:
				if !strings.Contains(s, "{") {
					spelled++
				}
			case strings.Contains(s, "{") && segments[i] != "" && fits(s, segments[i]):
				variables = variables || !strings.HasPrefix(segments[i], "{")
			default:
				spelled = -1
			}
			if spelled < 0 {
				break
			}
		}
		if spelled > best {
			found, best, concrete = nil, spelled, false
		}
		if spelled == best && best >= 0 {
			found = append(found, op)
			concrete = concrete || variables
		}
	}
	return found, concrete
}

// fits tells whether a segment can stand where a template has {Sid}.json.
func fits(template, segment string) bool {
	before, rest, _ := strings.Cut(template, "{")
	_, after, _ := strings.Cut(rest, "}")
	return len(segment) > len(before)+len(after) && strings.HasPrefix(segment, before) && strings.HasSuffix(segment, after)
}

// likelyPaths returns operations that METHOD /path may have meant.
func (v *Vocabulary) likelyPaths(method, path string) []string {
	var paths []string
	for key, ops := range v.paths {
		for _, op := range ops {
			if key.method == method || op.path == path {
				paths = append(paths, op.method+" "+op.path)
			}
		}
	}
	near := nearest.Words(method+" "+path, paths, 2)
	slices.Sort(paths)
	for _, p := range paths {
		if len(near) < 2 && strings.HasPrefix(p, method+" "+path) {
			near = with(near, p)
		}
	}
	return near
}

func (v *Vocabulary) likelyIDs(id string) []string {
	var ids []string
	for _, ops := range v.ids {
		for _, op := range ops {
			ids = append(ids, op.id)
		}
	}
	return nearest.Words(id, ids, 2)
}

func (v *Vocabulary) likelyNouns(text string) []string {
	text = normal(strings.Fields(spaced(text)))
	keys := make([]string, 0, len(v.nouns))
	for k := range v.nouns {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if near := nearest.Words(text, keys, 2); len(near) > 0 {
		return near
	}
	var sharing []string
	for _, k := range keys {
		for _, w := range strings.Fields(k) {
			if len(w) > 3 && slices.Contains(strings.Fields(text), w) {
				sharing = with(sharing, k)
			}
		}
	}
	slices.SortStableFunc(sharing, func(a, b string) int { return len(a) - len(b) })
	return sharing[:min(2, len(sharing))]
}

func (v *Vocabulary) likelyEvents(text string) []string {
	var all []string
	for e := range v.events {
		all = append(all, e)
	}
	return nearest.Words(text, all, 2)
}

func (v *Vocabulary) likelyMirrors(text string) []string {
	return nearest.Words(strings.ToLower(text), v.mirrors, 1)
}
