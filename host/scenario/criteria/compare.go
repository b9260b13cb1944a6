package criteria

import (
	"regexp"
	"strings"
)

// path reads the place of a value: `items.data[0].price`, or one plain word.
func (p *parser) path() (string, bool) {
	t := p.peek()
	if t.kind == quoted && strings.TrimSpace(t.text) != "" || t.kind == word && !reserved[t.text] {
		p.pos++
		if t.kind == word {
			return strings.ReplaceAll(t.raw, `\`, ""), true // fields know small and capital letters
		}
		return t.text, true
	}
	return "", p.want()
}

// doneWithValue is done, behind a value.
func (p *parser) doneWithValue() bool {
	if last := p.words[p.pos-1]; last.kind == word && p.peek().kind == word && !reserved[p.peek().text] {
		p.fail(p.pos, nil, "a value of several words is put in quotes")
	}
	return p.done()
}

// reserved are words that are neither a value nor a field unless they are quoted.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq("a an the and or of to in at on by for from with without whose where having is are was were be been not no has have had exist exists created deleted updated sent received was within once twice never exactly least most between than equals contains starts ends matches") {
		m[w] = true
	}
	return m
}()

// value reads an expected value. In backquotes, or plain, a number, true, false
// and null are themselves; in other quotes all is text.
func (p *parser) value() (Value, bool) {
	t := p.peek()
	switch {
	case t.kind == number, t.kind == quoted && t.mark == '`':
		p.pos++
		return plain(t.text), true
	case t.kind == quoted:
		p.pos++
		return Value{t.text, Text}, true
	case t.kind == word && !reserved[t.text]:
		p.pos++
		return plain(t.raw), true
	}
	p.want()
	return Value{}, false
}

func plain(text string) Value {
	switch text {
	case "true", "false":
		return Value{text, Bool}
	case "null":
		return Value{text, Null}
	}
	digits := strings.TrimPrefix(text, "-")
	if numeric(text) && !strings.Contains(text, ",") && (len(digits) == 1 || digits[0] != '0' || strings.HasPrefix(digits, "0.")) {
		return Value{text, Number}
	}
	return Value{text, Text}
}

// opposites are what "not" makes of a comparison.
var opposites = map[Op]Op{Equal: NotEqual, More: AtMost, Less: AtLeast, AtLeast: Less, AtMost: More, Contains: Lacks, IsSet: IsNotSet, IsNotSet: IsSet}

// comparison reads what a value is compared with.
func (p *parser) comparison() (Comparison, bool) {
	start := p.pos
	for _, s := range []Op{Equal, NotEqual, Less, AtMost, More, AtLeast} {
		if p.is(string(s)) {
			return p.operand(s, false, start)
		}
	}
	for _, w := range []struct {
		phrases string
		op      Op
	}{
		{"does not contain|do not contain|doesn't contain|does not include", Lacks}, {"contains|contain|containing|includes|include|including", Contains},
		{"starts with|begins with|start with|starting with|beginning with", StartsWith}, {"ends with|end with|ending in|ending with", EndsWith}, {"matches|match|matching", Matches},
		{"equals|equal to", Equal}, {"does not equal", NotEqual}, {"remains|stays|became|becomes|changed to|reads", Equal},
	} {
		if p.any(strings.Split(w.phrases, "|")...) != "" {
			return p.operand(w.op, false, start)
		}
	}
	not, ok := p.be()
	if c, found := p.relation(not, start); found {
		return c, c.Op != ""
	}
	if !ok {
		p.want()
		return Comparison{}, false
	}
	return p.predicate(not, start)
}

// relation reads comparisons of numbers, which need no "is" before them. Found
// is that there is one; it has no Op when what it compares with is at fault.
func (p *parser) relation(not bool, start int) (c Comparison, found bool) {
	switch {
	case p.any("greater than", "more than", "larger than", "above", "over") != "":
		c, _ = p.operand(More, not, start)
	case p.any("less than", "fewer than", "smaller than", "below", "under") != "":
		c, _ = p.operand(Less, not, start)
	case p.is("at least"):
		c, _ = p.operand(AtLeast, not, start)
	case p.is("at most"):
		c, _ = p.operand(AtMost, not, start)
	case !not && p.is("between"):
		c, _ = p.ends(start)
	default:
		return c, false
	}
	return c, true
}

// predicate reads what follows "is" or "is not".
func (p *parser) predicate(not bool, start int) (Comparison, bool) {
	for _, s := range []Op{Equal, NotEqual, Less, AtMost, More, AtLeast} {
		if p.is(string(s)) {
			return p.operand(s, not, start)
		}
	}
	switch {
	case p.any("set to", "equal to") != "":
		return p.operand(Equal, not, start)
	case p.any("set", "present") != "":
		return negate(Comparison{Op: IsSet}, not), true
	case p.any("empty", "missing", "unset", "absent") != "":
		return negate(Comparison{Op: IsNotSet}, not), true
	case !not && p.any("one of", "any of", "either") != "":
		return p.choices(start)
	}
	return p.operand(Equal, not, start)
}

func negate(c Comparison, not bool) Comparison {
	if not {
		c.Op = opposites[c.Op]
	}
	return c
}

// operand reads the one value that an op needs.
func (p *parser) operand(op Op, not bool, start int) (Comparison, bool) {
	at := p.pos
	v, ok := p.value()
	if ok && (op == Less || op == AtMost || op == More || op == AtLeast) && v.Type != Number {
		p.fail(at, nil, "%s needs a number, not %q", op, v.Text)
		ok = false
	}
	if ok && op == Matches {
		if _, err := regexp.Compile(v.Text); err != nil {
			p.fail(at, nil, "no RE2 expression: %v", err)
			ok = false
		}
	}
	if !ok {
		p.pos = start
		return Comparison{}, false
	}
	return negate(Comparison{op, []Value{v}}, not), true
}

func (p *parser) ends(start int) (Comparison, bool) {
	low, ok := p.operand(AtLeast, false, start)
	if ok && (p.is("and") || p.want()) {
		if high, ok := p.operand(AtMost, false, start); ok {
			return Comparison{Between, []Value{low.Want[0], high.Want[0]}}, true
		}
	}
	p.pos = start
	return Comparison{}, false
}

func (p *parser) choices(start int) (Comparison, bool) {
	c := Comparison{Op: OneOf}
	for {
		v, ok := p.value()
		if !ok {
			p.pos = start
			return Comparison{}, false
		}
		c.Want = append(c.Want, v)
		if comma, or := p.is(","), p.is("or"); !comma && !or {
			break
		}
	}
	if len(c.Want) < 2 {
		p.want()
		p.pos = start
		return Comparison{}, false
	}
	return c, true
}

// condition reads "`status` is `open`", "status `open`", "an `email` ending in
// x": a filter.
func (p *parser) condition() (Filter, bool) {
	start := p.pos
	article := p.any("a", "an", "the", "its", "no")
	path, ok := p.path()
	if !ok {
		p.pos = start
		return Filter{}, false
	}
	if article == "no" {
		return Filter{path, Comparison{Op: IsNotSet}}, true
	}
	after := p.pos
	if c, ok := p.comparison(); ok {
		return Filter{path, c}, true
	}
	p.pos = after
	p.is("of")
	if v, ok := p.value(); ok {
		return Filter{path, Comparison{Equal, []Value{v}}}, true
	}
	p.pos = after
	if article == "a" || article == "an" {
		return Filter{path, Comparison{Op: IsSet}}, true
	}
	p.pos = start
	return Filter{}, false
}
