package criteria

import (
	"slices"
	"strings"
)

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}

// target is what requests went to.
type target struct {
	mirror     string
	operations []operation
	path       string // when it names one object
}

// operation reads POST /v1/refunds, quoted or not, or the quoted id of an
// operation.
func (p *parser) operation() (t target, ok bool) {
	start := p.pos
	mirror, _ := p.mirror()
	w := p.peek()
	method, path := w.raw, ""
	switch {
	case w.kind == word && slices.Contains(methods, w.raw):
		p.pos++
		if n := p.peek(); (n.kind == word || n.kind == quoted) && strings.HasPrefix(strings.Trim(n.raw, "`\""), "/") {
			path = strings.Trim(n.raw, "`\"")
			p.pos++
		} else {
			p.fail(p.pos, nil, "want a path behind %s, /v1/…", method)
			p.pos = start
			return t, false
		}
	case w.kind == quoted:
		if m, rest, ok := strings.Cut(w.text, " "); ok && slices.Contains(methods, m) {
			method, path = m, strings.TrimSpace(rest)
			break
		}
		found := slices.DeleteFunc(slices.Clone(p.v.ids[strings.ToLower(w.text)]), func(o operation) bool { return mirror != "" && o.mirror != mirror })
		p.pos++
		if len(found) == 0 {
			if _, ok := p.be(); ok && p.is("called") {
				p.refuse(start, "no mirror here has an operation `%s`", w.text)
				p.fault.likely = func() []string { return p.v.likelyIDs(w.text) }
			}
			p.pos = start
			return t, false
		}
		return target{mirror: mirror, operations: found}, true
	default:
		p.pos = start
		return t, false
	}
	at := p.pos
	if w.kind == quoted {
		p.pos++
	} else {
		at--
	}
	found, concrete := p.v.find(method, path)
	found = slices.DeleteFunc(found, func(o operation) bool { return mirror != "" && o.mirror != mirror })
	if len(found) == 0 {
		p.fail(at, func() []string { return p.v.likelyPaths(method, path) }, "no mirror here has an operation %s %s", method, path)
		p.pos = start
		return t, false
	}
	t = target{mirror: mirror, operations: found}
	if concrete {
		t.path = path
	}
	return t, true
}

// target reads an operation or a mirror's name.
func (p *parser) target() (target, bool) {
	if t, ok := p.operation(); ok {
		return t, true
	}
	if p.peek().kind == quoted && strings.Contains(p.peek().text, "/") {
		p.want()
		return target{}, false
	}
	p.is("the")
	m, ok := p.wantMirror()
	if ok {
		p.any("api", "'s api")
	}
	return target{mirror: m}, ok
}

// queries returns one for each mirror that may be meant.
func (t target) queries(q Query) []*Query {
	q.Source, q.Mirror = Trace, t.mirror
	if q.Subject == "" {
		q.Subject = Requests
	}
	if t.path != "" {
		q.Filters = append(q.Filters, Filter{"path", Comparison{Equal, []Value{{t.path, Text}}}})
	}
	if t.operations == nil {
		return []*Query{&q}
	}
	var out []*Query
	for _, op := range t.operations {
		i := slices.IndexFunc(out, func(q *Query) bool { return q.Mirror == op.mirror })
		if i < 0 {
			c := q
			c.Mirror, c.Names, c.Operations = op.mirror, nil, nil
			i, out = len(out), append(out, &c)
		}
		out[i].Names = with(out[i].Names, op.method+" "+op.path)
		out[i].Operations = append(out[i].Operations, op.id)
	}
	return out
}

// requests reads what was asked of mirrors: "POST /v1/refunds was called at most
// once", "no request to stripe failed".
func (p *parser) requests() []*Query {
	if p.any("the application", "the app") != "" {
		return p.applicationCalled()
	}
	if out := p.someRequests(); out != nil {
		return out
	}
	p.pos = 0
	p.is("the")
	p.any("operation", "endpoint")
	pos := p.pos
	t, ok := p.operation()
	if !ok {
		p.pos = pos
		m, found := p.mirror()
		if !found {
			return nil
		}
		p.any("api")
		t = target{mirror: m}
	}
	q := Query{Measure: Count, Is: countIs(AtLeast, 1)}
	not, ok := p.requestVerb(&q)
	if !ok {
		return nil
	}
	often, frequent := p.frequency()
	if !p.done() {
		return nil
	}
	if not && frequent {
		return p.refuse(0, "\"not\" and how often leave open what is meant: say how often at most")
	}
	switch {
	case not:
		q.Is = countIs(Equal, 0)
	case frequent:
		q.Is = often
	}
	return t.queries(q)
}

// requestVerb reads what became of a request.
func (p *parser) requestVerb(q *Query) (not, ok bool) {
	switch {
	case p.any("failed") != "":
		q.Verb = Failed
		return false, true
	case p.any("succeeded") != "":
		q.Verb = Succeeded
		return false, true
	case p.any("returned", "answered", "returns", "got") != "":
		q.Status, ok = p.status()
		q.Verb = Answered
		return false, ok
	case p.any("never failed", "did not fail") != "":
		q.Verb = Failed
		return true, true
	}
	if not, ok = p.be(); !ok {
		p.want()
		return false, false
	}
	switch {
	case p.any("called", "made", "sent", "requested", "used") != "":
		q.Verb = Called
		return not, true
	case p.any("answered with", "refused with", "rejected with") != "":
		q.Status, ok = p.status()
		q.Verb = Answered
		return not, ok
	case p.any("successful") != "":
		q.Verb = Succeeded
		return not, true
	}
	p.want()
	return false, false
}

// someRequests reads criteria that begin with how many requests there are.
func (p *parser) someRequests() []*Query {
	det, count, _ := p.quantity()
	if det == the {
		count = countIs(AtLeast, 1)
	}
	named, _ := p.mirror()
	if p.any("requests", "request", "api calls", "api call", "calls", "call") == "" {
		return nil
	}
	t, ok := target{mirror: named}, true
	aimed := named != ""
	if p.any("to", "of") != "" {
		aimed = true
		if t, ok = p.target(); !ok {
			return nil
		}
	}
	q := Query{Measure: Count}
	var not bool
	if det != bare && p.any("had", "has", "have", "carried", "carries", "carry") != "" {
		f, ok := p.header()
		if !ok || !p.done() {
			return nil
		}
		q.Verb = Called
		if det == all {
			q.Measure, q.Path, q.Is = Every, f.Path, f.Is
		} else {
			q.Filters, q.Is = append(q.Filters, f), count
		}
		return t.queries(q)
	}
	if not, ok = p.requestVerb(&q); !ok {
		return nil
	}
	if !aimed && p.any("to") != "" {
		if t, ok = p.target(); !ok {
			return nil
		}
	}
	often, frequent := p.frequency()
	if !p.done() {
		return nil
	}
	switch {
	case det == all && !not && !frequent && q.Verb != Called:
		q.Measure = Every
	case det == all || not && (det == counted || frequent) || frequent && det == counted:
		return p.refuse(0, "how many, twice, or not at all: say once how many requests there are")
	case frequent:
		q.Is = often
	case not:
		q.Is = countIs(Equal, 0)
	case det == bare:
		return p.refuse(0, "how many requests? Say every, no, at least one, exactly 2, …")
	default:
		q.Is = count
	}
	return t.queries(q)
}

// header reads "an `Idempotency-Key` header", "the header `X` = `y`".
func (p *parser) header() (Filter, bool) {
	article := p.any("an", "a", "the", "no")
	before := p.is("header")
	name, ok := p.path()
	if !ok || !before && !p.is("header") && !p.want() {
		return Filter{}, false
	}
	f := Filter{"header " + strings.ToLower(name), Comparison{Op: IsSet}}
	if article == "no" {
		f.Is.Op = IsNotSet
	} else if p.peek().kind != end {
		if p.is("of") {
			f.Is, ok = p.operand(Equal, false, p.pos)
		} else {
			f.Is, ok = p.comparison()
		}
	}
	return f, ok
}

// applicationCalled reads "the application called POST /v1/refunds once".
func (p *parser) applicationCalled() []*Query {
	not := p.any("did not", "never") != ""
	if p.any("called", "calls", "call", "requested") == "" {
		p.want()
		return nil
	}
	t, ok := p.target()
	if !ok {
		return nil
	}
	q := Query{Verb: Called, Measure: Count, Is: countIs(AtLeast, 1)}
	often, frequent := p.frequency()
	if !p.done() {
		return nil
	}
	switch {
	case not && frequent:
		return p.refuse(0, "\"not\" and how often leave open what is meant: say how often at most")
	case not:
		q.Is = countIs(Equal, 0)
	case frequent:
		q.Is = often
	}
	return t.queries(q)
}

// retries reads "retries to twilio backed off".
func (p *parser) retries() []*Query {
	q := Query{Subject: Retries, Verb: BackedOff, Measure: Holds}
	application := p.any("the application", "the app") != ""
	if application {
		if p.any("backed off from", "backs off from", "backed off", "backs off") == "" {
			p.want()
			return nil
		}
		p.any("calling", "retrying", "of", "for", "with")
	} else {
		p.any("the", "all", "every")
		if p.any("retries", "retry") == "" || p.any("to", "of") == "" && !p.want() {
			return nil
		}
	}
	t, ok := p.target()
	if !ok {
		return nil
	}
	if !application && p.any("backed off", "back off", "backs off") == "" {
		p.want()
		return nil
	}
	if !p.done() {
		return nil
	}
	return t.queries(q)
}

// look reads "the application shows `user.email_status` = `suppressed`".
func (p *parser) look() []*Query {
	if p.any("the application", "the app", "application", "app") == "" || p.any("shows", "showed", "displays", "reports") == "" {
		p.want()
		return nil
	}
	q := &Query{Source: Application, Subject: Look, Verb: Shown, Measure: One}
	var ok bool
	if q.Path, ok = p.path(); !ok {
		return nil
	}
	if q.Is, ok = p.comparison(); !ok {
		return nil
	}
	if q.Within, ok = p.within(); !ok || !p.done() {
		return nil
	}
	return []*Query{q}
}
