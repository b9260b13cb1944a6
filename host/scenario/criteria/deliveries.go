package criteria

import (
	"slices"
	"strings"
)

// webhook reads the word for a delivery.
func (p *parser) webhook() bool {
	return p.any("webhook events", "webhook event", "webhooks", "webhook", "events", "event", "deliveries", "delivery") != ""
}

// event reads the type of one event, quoted or plain, and returns the mirrors
// that send it. A quoted one that nobody sends is a fault.
func (p *parser) event() (name string, mirrors []string, ok bool) {
	t := p.peek()
	text := t.text
	if t.kind == word {
		text = strings.ReplaceAll(t.raw, `\`, "")
	} else if t.kind != quoted {
		return "", nil, false
	}
	if mirrors, ok = p.v.events[text]; ok {
		p.pos++
		return text, mirrors, true
	}
	if t.kind == quoted || strings.Contains(strings.Trim(text, "."), ".") {
		p.fail(p.pos, func() []string { return p.v.likelyEvents(text) }, "no mirror here sends an event %q", text)
	}
	return "", nil, false
}

// sends is what a phrase about webhooks names.
type sends struct {
	mirror  string
	names   []string
	mirrors []string // that send all of names; nil is any
}

// phrase reads "webhook", "`invoice.paid` webhook", "webhooks `a` and `b`",
// "stripe event `a`", "webhook from stripe".
func (p *parser) phrase() (s sends, ok bool) {
	s.mirror, _ = p.mirror()
	named := func() bool {
		name, mirrors, ok := p.event()
		if !ok {
			return false
		}
		if s.mirrors == nil {
			s.mirrors = mirrors
		} else {
			s.mirrors = slices.DeleteFunc(slices.Clone(s.mirrors), func(m string) bool { return !slices.Contains(mirrors, m) })
		}
		s.names = append(s.names, name)
		return true
	}
	before := p.webhook()
	if named() {
		for {
			start := p.pos
			comma := p.is(",")
			and := p.any("and then", "and", "then")
			if !comma && and == "" {
				break
			}
			if !named() {
				p.pos = start
				break
			}
		}
		if !before {
			p.webhook()
		}
	} else if !before || p.peek().kind == quoted {
		p.want()
		return s, false
	}
	if p.any("from", "of") != "" {
		if s.mirror, ok = p.wantMirror(); !ok {
			return s, false
		}
	}
	return s, true
}

// queries returns one for each mirror that may be meant.
func (s sends) queries(p *parser, q Query) []*Query {
	q.Subject, q.Names = Deliveries, s.names
	if q.Source == "" {
		q.Source = Attempts
	}
	if s.names == nil {
		q.Mirror = s.mirror
		return []*Query{&q}
	}
	var out []*Query
	for _, m := range s.mirrors {
		if s.mirror == "" || s.mirror == m {
			c := q
			c.Mirror = m
			out = append(out, &c)
		}
	}
	if out == nil {
		p.refuse(0, "no mirror sends all of it: %s", strings.Join(s.names, ", "))
	}
	return out
}

// deliveries reads what became of webhooks: "the webhook `invoice.paid` was
// received", "every webhook was answered with 2xx within 5s", "the webhooks `a`
// and `b` were received in order".
func (p *parser) deliveries() []*Query {
	if p.any("the application", "the app") != "" {
		return p.applicationDid()
	}
	det, count, _ := p.quantity()
	if det == the {
		count = countIs(AtLeast, 1) // the vendor may send it again
	}
	s, ok := p.phrase()
	if !ok {
		return nil
	}
	q := Query{Measure: Count}
	not, ok := p.deliveryVerb(&q)
	if !ok {
		return nil
	}
	if det != all && p.peek().kind != end {
		if out := p.order(s, q, not); out != nil {
			return out
		}
	}
	if len(s.names) > 1 {
		return p.refuse(p.pos, "several webhooks in one criterion: end it with \"in this order\", or write one each")
	}
	often, frequent := p.frequency()
	if !p.answer(&q) {
		return nil
	}
	if !frequent {
		often, frequent = p.frequency()
	}
	if !p.done() {
		return nil
	}
	switch {
	case det == all:
		if frequent || not {
			return p.refuse(0, "every webhook, and how often, or not: say how many webhooks there are")
		}
		q.Measure, q.Is = Every, Comparison{}
	case frequent && (det == counted || not):
		return p.refuse(0, "how many, twice: say it once")
	case frequent:
		q.Is = often
	case not && det == counted:
		return p.refuse(0, "a number and \"not\" leave open what is meant: say how many there are")
	case not:
		q.Is = countIs(Equal, 0)
	case det == bare && s.names == nil:
		return p.refuse(0, "how many webhooks? Say every, no, at least one, exactly 2, …")
	default:
		q.Is = count
	}
	return s.queries(p, q)
}

// order reads "in this order", and "before `b`" or "after `b`".
func (p *parser) order(s sends, q Query, not bool) []*Query {
	start := p.pos
	switch {
	case not:
	case len(s.names) > 1 && p.any("in order", "in this order", "in that order", "one after the other") != "":
		if p.done() {
			q.Measure, q.Is = Order, Comparison{}
			return s.queries(p, q)
		}
	case len(s.names) == 1:
		way := p.any("before", "after")
		if way == "" {
			break
		}
		p.is("the")
		p.webhook()
		name, mirrors, ok := p.event()
		if !ok || !p.done() {
			break
		}
		s.names = append(s.names, name)
		if way == "after" {
			slices.Reverse(s.names)
		}
		s.mirrors = slices.DeleteFunc(slices.Clone(s.mirrors), func(m string) bool { return !slices.Contains(mirrors, m) })
		q.Measure, q.Is = Order, Comparison{}
		return s.queries(p, q)
	}
	p.pos = start
	return nil
}

// deliveryVerb reads what became of a delivery.
func (p *parser) deliveryVerb(q *Query) (not, ok bool) {
	switch {
	case p.any("failed") != "":
		q.Verb = Undelivered
		return false, true
	case p.any("succeeded") != "":
		q.Verb = Delivered
		return false, true
	case p.any("arrived") != "":
		q.Verb = Received
		return false, true
	case p.any("did not arrive", "never arrived") != "":
		q.Verb = Received
		return true, true
	}
	if not, ok = p.be(); !ok {
		p.want()
		return false, false
	}
	switch {
	case p.any("received") != "":
		q.Verb = Received
	case p.any("sent", "emitted", "fired", "triggered") != "":
		q.Verb = Sent
	case p.any("delivered", "accepted", "acknowledged", "handled") != "":
		q.Verb = Delivered
	case p.any("rejected", "refused") != "":
		q.Verb = Undelivered
	case p.any("retried") != "":
		q.Verb = Retried
	case p.any("answered") != "":
		q.Verb = Received
	default:
		p.want()
		return false, false
	}
	return not, true
}

// answer reads with which status, and within which time.
func (p *parser) answer(q *Query) bool {
	if p.any("with status", "with a status of", "with a", "with", "and answered with") != "" {
		status, ok := p.status()
		if !ok {
			return false
		}
		q.Verb, q.Status = Answered, status
	}
	var ok bool
	q.Within, ok = p.within()
	return ok
}

// status reads 200 or 2xx.
func (p *parser) status() (string, bool) {
	t := p.peek()
	text := strings.ToLower(t.text)
	if (t.kind == word || t.kind == number || t.kind == quoted) && len(text) == 3 && text[0] >= '1' && text[0] <= '5' && (text[1:] == "xx" || numeric(text)) {
		p.pos++
		return text, true
	}
	if t.kind == word || t.kind == number || t.kind == quoted {
		p.fail(p.pos, nil, "%q is no status: want 200, or 2xx for all from 200 to 299", t.raw)
	} else {
		p.want()
	}
	return "", false
}

// applicationDid reads "the application answered the webhook `x` with 2xx".
func (p *parser) applicationDid() []*Query {
	not := p.any("did not", "never") != ""
	q := Query{Measure: Count, Is: countIs(AtLeast, 1)}
	switch {
	case p.any("received", "answered", "answers", "answer", "receive", "got") != "":
		q.Verb = Received
	case p.any("accepted", "acknowledged", "handled", "accept", "acknowledge", "accepts") != "":
		q.Verb = Delivered
	case p.any("rejected", "refused", "rejects", "refuses") != "":
		q.Verb = Undelivered
	default:
		p.want()
		return nil
	}
	det, count, _ := p.quantity()
	s, ok := p.phrase()
	if !ok || len(s.names) > 1 && !p.want() {
		return nil
	}
	if !p.answer(&q) {
		return nil
	}
	often, frequent := p.frequency()
	if !p.done() {
		return nil
	}
	switch {
	case det == all && !not && !frequent:
		q.Measure, q.Is = Every, Comparison{}
	case not && (det == counted || det == all || frequent), frequent && (det == counted || det == all):
		return p.refuse(0, "how many, twice: say it once")
	case det == bare && s.names == nil:
		return p.refuse(0, "how many webhooks? Say every, no, at least one, exactly 2, …")
	case not:
		q.Is = countIs(Equal, 0)
	case frequent:
		q.Is = often
	case det == counted || det == some:
		q.Is = count
	}
	return s.queries(p, q)
}

// signatures reads "the webhook signature was verified".
func (p *parser) signatures() []*Query {
	q := &Query{Source: Probe, Subject: Signatures, Verb: Verified, Measure: Holds}
	const verbs = "verified checked validated"
	one := func(s string) bool { return p.any(strings.Fields(s)...) != "" }
	active := false
	if p.any("the application", "the app") != "" {
		if !one("verifies verified checks checked validates validated") {
			p.want()
			return nil
		}
		active = true
	}
	p.any("the", "every", "each", "all")
	q.Mirror, _ = p.mirror()
	if q.Mirror != "" && p.peek().kind == possessive {
		p.next()
	}
	switch {
	case one("signature signatures") && (p.is("of") || p.want()):
		p.any("the", "every", "each", "all")
		s, ok := p.phrase()
		if !ok {
			return nil
		}
		if q.Names = s.names; len(s.names) > 0 && s.mirror == "" && len(s.mirrors) == 1 {
			s.mirror = s.mirrors[0]
		}
		if s.mirror != "" {
			q.Mirror = s.mirror
		}
	case p.webhook() && (p.peek().kind != possessive || p.next().kind == possessive) && (one("signature signatures") || p.want()):
	default:
		p.want()
		return nil
	}
	if !active {
		not, ok := p.be()
		if !ok || not || !one(verbs) {
			p.want()
			return nil
		}
	}
	if !p.done() {
		return nil
	}
	return []*Query{q}
}
