package criteria

// counted reads how many entities there are: "exactly one customer was created",
// "there is no refund of 2000".
func (p *parser) counted() []*Query {
	there := p.is("there") && p.any("is", "are", "was", "were", "exists", "exist") != ""
	det, count, _ := p.quantity()
	if det == all || det == bare {
		p.want()
		return nil
	}
	nouns, ok := p.noun()
	if !ok {
		return nil
	}
	event := p.words[p.pos-1].text
	q := Query{Verb: Exists, Measure: Count}
	mirror, ok := p.filters(&q)
	if !ok {
		return nil
	}
	not := false
	if !there || p.peek().kind != end {
		start := p.pos
		var ok bool
		q.Verb, not, ok = p.stateVerb(there)
		if delivery := event == "webhook" || event == "webhooks" || event == "event" || event == "events"; ok && delivery && p.words[p.pos-1].text == "sent" {
			return nil // it is one of the deliveries
		}
		if !ok && !there {
			return nil
		}
		if !ok {
			p.pos = start
		}
	}
	if often, ok := p.frequency(); ok {
		if det == counted || not {
			return p.refuse(p.pos-1, "how many, twice: say it once")
		}
		count = often
	}
	after, ok := p.filters(&q)
	if !ok {
		return nil
	}
	if often, ok := p.frequency(); ok && det != counted && !not {
		count = often
	}
	if not {
		if det == counted {
			return p.refuse(p.pos-1, "a number and \"not\" leave open what is meant: say how many there are")
		}
		count = countIs(Equal, 0)
	}
	if !p.done() {
		return nil
	}
	q.Is = count
	if after != "" {
		mirror = after
	}
	return p.each(nouns, q, mirror)
}

// stateVerb reads what happened to an entity.
func (p *parser) stateVerb(there bool) (v Verb, not, ok bool) {
	if p.any("exists", "exist", "remains", "remain") != "" {
		return Exists, false, true
	}
	if there {
		if v, ok := p.participle(); ok {
			return v, false, true
		}
	}
	if p.any("does not exist", "do not exist", "doesn't exist", "don't exist") != "" {
		return Exists, true, true
	}
	not, ok = p.be()
	if !ok {
		p.want()
		return "", false, false
	}
	v, ok = p.participle()
	if !ok {
		p.want()
	}
	return v, not, ok
}

func (p *parser) participle() (Verb, bool) {
	switch {
	case p.any("created", "made", "sent", "issued", "added", "opened", "registered", "placed") != "":
		return Created, true
	case p.any("updated", "changed", "modified", "edited") != "":
		return Updated, true
	case p.any("deleted", "removed") != "":
		return Deleted, true
	case p.any("left") != "":
		return Exists, true
	}
	return "", false
}

// filters reads what narrows a noun and returns the mirror that is named. False
// is that what begins as a filter is none.
func (p *parser) filters(q *Query) (mirror string, ok bool) {
	for {
		switch {
		case p.any("with", "having", "whose", "where", "that has", "that have", "which has") != "":
			f, ok := p.condition()
			if !ok {
				return "", false
			}
			q.Filters = append(q.Filters, f)
			for {
				start := p.pos
				if !p.is(", and") && !p.is("and") && !p.is(",") {
					break
				}
				f, ok := p.condition()
				if !ok {
					p.pos = start
					break
				}
				q.Filters = append(q.Filters, f)
			}
		case p.is("without"):
			p.any("a", "an", "any")
			path, ok := p.path()
			if !ok {
				return "", false
			}
			q.Filters = append(q.Filters, Filter{path, Comparison{Op: IsNotSet}})
		case p.any("to") != "", p.is("from"):
			path := p.words[p.pos-1].text
			v, ok := p.value()
			if !ok {
				return "", false
			}
			q.Filters = append(q.Filters, Filter{path, Comparison{Equal, []Value{v}}})
		case p.is("of"):
			if !p.money(q) {
				return "", false
			}
		case p.is("for"):
			p.any("the", "a", "an")
			path, ok := p.path()
			if !ok {
				return "", false
			}
			v, ok := p.value()
			if !ok {
				return "", false
			}
			q.Filters = append(q.Filters, Filter{path, Comparison{Equal, []Value{v}}})
		case p.any("in", "at", "by", "on") != "":
			if mirror, ok = p.wantMirror(); !ok {
				return "", false
			}
		default:
			return mirror, true
		}
	}
}

// money reads "2000" or "2000 usd" of "a refund of 2000 usd".
func (p *parser) money(q *Query) bool {
	at := p.pos
	v, ok := p.value()
	if !ok {
		return false
	}
	if v.Type != Number {
		p.fail(at, nil, "%q is no amount: want a number in the currency's smallest unit, as the vendor's API has it, 2000 for $20", v.Text)
		return false
	}
	q.Filters = append(q.Filters, Filter{"amount", Comparison{Equal, []Value{v}}})
	if t := p.peek(); t.kind == word && len(t.text) == 3 && !reserved[t.text] {
		p.pos++
		q.Filters = append(q.Filters, Filter{"currency", Comparison{Equal, []Value{{t.text, Text}}}})
	}
	return true
}

// property reads what a field of entities is: "the customer's `email` is `x`",
// "every charge has `currency` = `usd`", "the `email` of the customer is set".
func (p *parser) property() []*Query {
	if out := p.owned(); out != nil {
		return out
	}
	p.pos = 0
	if out := p.ofOwner(); out != nil {
		return out
	}
	p.pos = 0
	return p.having()
}

var measures = map[determiner]Measure{the: One, bare: One, some: Any, all: Every}

func (p *parser) owned() []*Query {
	det, _, _ := p.quantity()
	nouns, ok := p.noun()
	if !ok {
		return nil
	}
	if p.peek().kind != possessive {
		p.want()
		return nil
	}
	if det == counted {
		p.want()
		return nil
	}
	p.next()
	q := Query{Verb: Exists, Measure: measures[det]}
	if q.Path, ok = p.path(); !ok {
		return nil
	}
	if q.Is, ok = p.comparison(); !ok || !p.doneWithValue() {
		return nil
	}
	return p.each(nouns, q, "")
}

func (p *parser) ofOwner() []*Query {
	p.is("the")
	q := Query{Verb: Exists}
	var ok bool
	if q.Path, ok = p.path(); !ok || !p.is("of") {
		return nil
	}
	det, _, _ := p.quantity()
	if det == counted {
		p.want()
		return nil
	}
	q.Measure = measures[det]
	nouns, ok := p.noun()
	if !ok {
		return nil
	}
	mirror, ok := p.filters(&q)
	if !ok {
		return nil
	}
	if q.Is, ok = p.comparison(); !ok || !p.doneWithValue() {
		return nil
	}
	return p.each(nouns, q, mirror)
}

func (p *parser) having() []*Query {
	det, count, _ := p.quantity()
	nouns, ok := p.noun()
	if !ok || det == bare {
		p.want()
		return nil
	}
	q := Query{Verb: Exists, Measure: measures[det]}
	mirror, ok := p.filters(&q)
	if !ok {
		return nil
	}
	if p.any("has", "have", "had") == "" {
		p.want()
		return nil
	}
	f, ok := p.condition()
	if !ok || !p.done() {
		return nil
	}
	if det == counted {
		q.Measure, q.Is, q.Filters = Count, count, append(q.Filters, f)
	} else {
		q.Path, q.Is = f.Path, f.Is
	}
	return p.each(nouns, q, mirror)
}
