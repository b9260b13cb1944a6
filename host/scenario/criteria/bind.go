package criteria

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxBytes is the longest criterion that is read: far beyond a sentence.
const MaxBytes = 4096

// Error says why a criterion binds to nothing, or to several things.
type Error struct {
	Offset  int // of the word in the criterion where it went wrong, in bytes
	Message string
	Nearest []string // words or forms that were probably meant; may be empty
}

func (e *Error) Error() string {
	if len(e.Nearest) == 0 {
		return e.Message
	}
	return e.Message + "; did you mean " + strings.Join(e.Nearest, ", or ") + "?"
}

// Bind reads a deterministic criterion. The error is an *Error.
func (v *Vocabulary) Bind(text string) (*Query, error) {
	if len(text) > MaxBytes {
		return nil, &Error{Message: fmt.Sprintf("a criterion has at most %d bytes, this one %d", MaxBytes, len(text))}
	}
	p := &parser{v: v, words: cut(text)}
	var found []*Query
	for _, form := range []func(*parser) []*Query{(*parser).counted, (*parser).property, (*parser).deliveries, (*parser).signatures, (*parser).requests, (*parser).retries, (*parser).look} {
		p.pos = 0
		found = append(found, form(p)...)
	}
	if len(found) > 1 {
		found = distinct(found)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, p.error()
	}
	e := &Error{Message: fmt.Sprintf("binds to %d things; name the mirror, as in %s", len(found), qualified(found))}
	for _, q := range found {
		e.Message += "\n  " + q.Explain().Query
	}
	return nil, e
}

// distinct leaves one of those that ask the same.
func distinct(found []*Query) []*Query {
	var out []*Query
	var seen []string
	for _, q := range found {
		if e := q.Explain().String(); !slices.Contains(seen, e) {
			out, seen = append(out, q), append(seen, e)
		}
	}
	return out
}

// qualified names the first thing so that it is meant alone.
func qualified(found []*Query) string {
	q := found[0]
	what := strings.Join(q.Names, ", ")
	if q.Subject == Deliveries {
		what = "webhook " + what
	}
	return fmt.Sprintf("%q", strings.TrimSpace(q.Mirror+" "+what))
}

// parser reads one criterion by recursive descent. A method that does not find
// what it looks for leaves pos alone and says so by its last result.
type parser struct {
	v     *Vocabulary
	words []token
	pos   int
	fault fault
	nouns map[int]foundNoun // what noun found, by pos: several forms ask
}

type foundNoun struct {
	list []entity
	next int
}

// fault is what was wrong furthest into the criterion.
type fault struct {
	at     int
	text   string // "" is that nothing fits here
	likely func() []string
	set    bool
	whole  bool // the criterion was read whole, and what it says is at fault
}

// fail notes a fault at a word. Of those at one place the first that says
// something counts.
func (p *parser) fail(pos int, likely func() []string, format string, args ...any) {
	at := p.words[pos].at
	if p.fault.whole || p.fault.set && (at < p.fault.at || at == p.fault.at && (p.fault.text != "" || format == "")) {
		return
	}
	p.fault = fault{at: at, text: fmt.Sprintf(format, args...), likely: likely, set: true}
}

// refuse notes a fault of what was understood. It counts before all others.
func (p *parser) refuse(pos int, format string, args ...any) []*Query {
	if !p.fault.whole {
		p.fault = fault{at: p.words[pos].at, text: fmt.Sprintf(format, args...), set: true, whole: true}
	}
	return nil
}

func (p *parser) error() *Error {
	f := p.fault
	e := &Error{Offset: f.at, Message: f.text}
	if f.likely != nil {
		e.Nearest = f.likely()
	}
	if e.Message == "" {
		last := p.words[len(p.words)-1].at
		switch {
		case len(p.words) == 1:
			return &Error{Message: "a criterion is empty"}
		case f.at >= last:
			e.Message = "binds to nothing: something is missing at the end"
		default:
			i := slices.IndexFunc(p.words, func(t token) bool { return t.at == f.at })
			e.Message = fmt.Sprintf("binds to nothing: %q does not fit here", p.words[i].raw)
		}
		e.Nearest = p.likelyForms()
	}
	return e
}

func (p *parser) peek() token { return p.words[p.pos] }

func (p *parser) next() token {
	t := p.words[p.pos]
	if t.kind != end {
		p.pos++
	}
	return t
}

// is takes these words, or none.
func (p *parser) is(words string) bool {
	pos := p.pos
	// Most phrases fail at their first letter.
	if t := &p.words[pos]; t.text == "" || t.text[0] != words[0] {
		return false
	}
	for w := range strings.FieldsSeq(words) {
		t := p.words[pos]
		if (t.kind != word && t.kind != sign) || t.text != w {
			return false
		}
		pos++
	}
	p.pos = pos
	return true
}

// any takes the first of several phrases that is there and returns it.
func (p *parser) any(phrases ...string) string {
	for _, w := range phrases {
		if p.is(w) {
			return w
		}
	}
	return ""
}

// done tells whether the criterion ends here.
func (p *parser) done() bool {
	if p.peek().kind == end {
		return true
	}
	p.fail(p.pos, nil, "")
	return false
}

// want notes that nothing fits here, and is false.
func (p *parser) want() bool {
	p.fail(p.pos, nil, "")
	return false
}

// mirror reads a mirror's name, or its vendor's.
func (p *parser) mirror() (string, bool) {
	for n := p.v.called; n > 0; n-- {
		if text, ok := p.run(n); ok {
			if name, ok := p.v.words[text]; ok {
				p.pos += n
				return name, true
			}
		}
	}
	return "", false
}

// wantMirror is mirror, where nothing else can be.
func (p *parser) wantMirror() (string, bool) {
	name, ok := p.mirror()
	if t := p.peek(); !ok && (t.kind == word || t.kind == quoted) {
		p.fail(p.pos, func() []string { return p.v.likelyMirrors(t.text) }, "there is no mirror %q here: %s", t.text, cmp.Or(strings.Join(p.v.mirrors, ", "), "no mirrors at all"))
	} else if !ok {
		p.want()
	}
	return name, ok
}

// run returns the next n words as one text in small letters.
func (p *parser) run(n int) (string, bool) {
	if p.pos+n >= len(p.words) {
		return "", false
	}
	if n == 1 {
		t := p.peek()
		return strings.ToLower(t.text), t.kind == word || t.kind == quoted
	}
	var b strings.Builder
	for i := range n {
		t := p.words[p.pos+i]
		if t.kind != word && t.kind != quoted {
			return "", false
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ToLower(t.text))
	}
	return b.String(), true
}

// noun reads what mirrors have entities for, "payment intents", with a mirror's
// name before it or none. Several are that many mirrors have such.
func (p *parser) noun() ([]entity, bool) {
	start := p.pos
	if n, known := p.nouns[start]; known {
		p.pos = n.next
		return n.list, n.list != nil
	}
	list, ok := p.findNoun(start)
	if p.nouns == nil {
		p.nouns = map[int]foundNoun{}
	}
	p.nouns[start] = foundNoun{list, p.pos}
	return list, ok
}

func (p *parser) findNoun(start int) ([]entity, bool) {
	mirror, _ := p.mirror()
	if mirror != "" {
		if p.peek().kind == possessive {
			p.next()
		}
	}
	for n := p.v.longestFrom(p.peek().text); n > 0; n-- {
		text, ok := p.run(n)
		if !ok {
			continue
		}
		found := p.v.nouns[normal(strings.Fields(spaced(text)))]
		if mirror != "" {
			found = slices.DeleteFunc(slices.Clone(found), func(e entity) bool { return e.mirror != mirror })
		}
		if len(found) > 0 {
			p.pos += n
			return found, true
		}
	}
	if text, ok := p.run(1); ok {
		at := p.pos
		if two, ok := p.run(2); ok {
			two = strings.TrimSpace(two)
			p.fail(at, func() []string {
				if near := p.v.likelyNouns(two); len(near) > 0 {
					return near
				}
				return p.v.likelyNouns(text)
			}, "no mirror here has %q", text)
		} else {
			p.fail(at, func() []string { return p.v.likelyNouns(text) }, "no mirror here has %q", text)
		}
	} else {
		p.want()
	}
	p.pos = start
	return nil, false
}

// each returns a query for each entity that a noun may be.
func (p *parser) each(nouns []entity, q Query, mirror string) []*Query {
	var out []*Query
	for _, n := range nouns {
		if mirror != "" && n.mirror != mirror {
			continue
		}
		c := q
		c.Source, c.Subject, c.Mirror, c.Names = State, Entities, n.mirror, []string{n.name}
		out = append(out, &c)
	}
	if out == nil {
		p.refuse(0, "%s has no %s", mirror, nouns[0].name)
	}
	return out
}
