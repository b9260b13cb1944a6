package criteria

import (
	"strconv"
	"strings"
	"time"
)

// determiner is what stands before a noun.
type determiner string

const (
	bare    determiner = ""
	the     determiner = "the"
	some    determiner = "a"
	all     determiner = "every"
	counted determiner = "n" // a number, or none
)

// quantity reads a determiner; the comparison is that of counted ones, and what
// others mean of a count.
func (p *parser) quantity() (determiner, Comparison, bool) {
	start := p.pos
	if c, ok := p.amount(false); ok {
		return counted, c, true
	}
	p.pos = start
	switch {
	case p.any("no", "not a single", "zero") != "":
		return counted, countIs(Equal, 0), true
	case p.any("the") != "":
		return the, countIs(Equal, 1), true
	case p.any("a", "an", "any", "some") != "":
		return some, countIs(AtLeast, 1), true
	case p.any("every", "each", "all of the", "all the", "all") != "":
		return all, Comparison{}, true
	}
	return bare, countIs(AtLeast, 1), true
}

func countIs(op Op, n int) Comparison {
	return Comparison{op, []Value{{strconv.Itoa(n), Number}}}
}

// amount reads how many: "exactly one", "at least 2", "between 2 and 4". Times is
// whether "once", "twice" and "3 times" are wanted.
func (p *parser) amount(times bool) (Comparison, bool) {
	start := p.pos
	op := Equal
	switch {
	case p.any("exactly", "only", "just") != "":
	case p.any("at least", "no fewer than", "no less than", "not less than", "not fewer than") != "":
		op = AtLeast
	case p.any("at most", "no more than", "not more than", "up to") != "":
		op = AtMost
	case p.is("more than"):
		op = More
	case p.any("fewer than", "less than") != "":
		op = Less
	case p.is("between"):
		low, ok := p.whole()
		if !ok || !p.is("and") && !p.want() {
			break
		}
		at := p.pos
		high, ok := p.whole()
		if !ok {
			break
		}
		if low > high {
			p.refuse(at, "between %d and %d is nothing", low, high)
			break
		}
		if times && !p.is("times") {
			p.want()
			break
		}
		return Comparison{Between, []Value{{strconv.Itoa(low), Number}, {strconv.Itoa(high), Number}}}, true
	}
	if times {
		if w := p.any("once", "twice", "thrice"); w != "" {
			return countIs(op, map[string]int{"once": 1, "twice": 2, "thrice": 3}[w]), true
		}
	}
	at := p.pos
	n, ok := p.whole()
	if ok && times && p.any("times", "time") == "" {
		ok = p.want()
	}
	if ok && (op == AtLeast || op == Less) && n == 0 {
		always := map[Op]string{AtLeast: "always", Less: "never"}[op]
		p.refuse(at, "%s 0 is %s so", map[Op]string{AtLeast: "at least", Less: "fewer than"}[op], always)
		ok = false
	}
	if !ok {
		p.pos = start
		return Comparison{}, false
	}
	return countIs(op, n), true
}

var numerals = map[string]int{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12}

// whole reads a number of things.
func (p *parser) whole() (int, bool) {
	t := p.peek()
	text := t.text
	if t.kind == quoted && !numeric(text) {
		p.want()
		return 0, false
	}
	if t.kind == number || t.kind == quoted {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > 1e9 {
			p.fail(p.pos, nil, "%q is no number of things: want 0, 1, 2, …", t.raw)
			return 0, false
		}
		p.pos++
		return n, true
	}
	n, ok := numerals[text]
	if !ok || t.kind != word {
		p.want()
		return 0, false
	}
	p.pos++
	return n, true
}

// frequency reads how often something happened: "once", "at most 3 times".
// Absent is no fault.
func (p *parser) frequency() (Comparison, bool) {
	if p.is("never") {
		return countIs(Equal, 0), true
	}
	return p.amount(true)
}

// negated reads "not" or "never".
func (p *parser) negated() bool { return p.any("not", "never") != "" }

// be reads a form of to be.
func (p *parser) be() (negated, ok bool) {
	if p.any("wasn't", "isn't", "weren't", "aren't", "wasn’t", "isn’t", "weren’t", "aren’t") != "" {
		return true, true
	}
	if p.any("is", "are", "was", "were", "has been", "have been", "must be", "should be", "got") != "" {
		return p.negated(), true
	}
	if p.any("has not been", "have not been", "has never been", "have never been", "must not be", "should not be", "must never be") != "" {
		return true, true
	}
	return false, false
}

// within reads "within 5s"; 0 is that there is none. False is that what follows
// is no duration.
func (p *parser) within() (time.Duration, bool) {
	if !p.is("within") {
		return 0, true
	}
	t := p.next()
	text := t.text
	if n, ok := numerals[text]; ok {
		text = strconv.Itoa(n)
	}
	if t.kind == number || numeric(text) {
		for unit, words := range map[string][]string{"ms": {"milliseconds", "millisecond", "ms"}, "s": {"seconds", "second", "s"}, "m": {"minutes", "minute", "m"}} {
			if p.any(words...) != "" {
				text += unit
				break
			}
		}
	}
	d, err := time.ParseDuration(strings.ReplaceAll(text, ",", ""))
	if err != nil || d <= 0 || d > time.Hour {
		p.fail(p.pos-1, nil, "%q is no time within which something can be: want 500ms, 5s, up to 1h", strings.TrimSpace(t.raw))
		return 0, false
	}
	return d, true
}
