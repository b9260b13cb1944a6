package drill

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// forgeries are what an application must refuse. Those that say since their vendor's
// signature has no stamp are left out there.
var forgeries = []struct{ kind, what, accepted, advice string }{
	{"unsign", "without its signature", "takes webhooks without a signature", "refuse requests that lack the signature header"},
	{"forge", "signed with another secret", "takes webhooks that anybody signed", "verify the signature before anything else, and answer 400 when that fails"},
	{"alter", "changed behind its signature", "takes webhooks whose body was changed", "verify the body as it was received, byte by byte"},
	{"stale", "signed an hour ago", "takes webhooks of an hour ago: whoever records one can send it again", "leave the verifier's tolerance as it is, five minutes"},
}

// noStamp are mirrors whose signatures say no time [D twilio.com/docs/usage/webhooks/webhooks-security, 2026-11].
var noStamp = []string{"twilio"}

// firstEvents are tried when the sources name no event of the mirror.
var firstEvents = map[string][]string{
	"stripe": {"payment_intent.succeeded", "checkout.session.completed", "invoice.paid", "customer.subscription.updated"},
	"resend": {"email.delivered", "email.bounced"},
	"twilio": {"message.received"},
}

// Signature judges whether an application verifies the signatures of a vendor's webhooks:
// at each of its routes a genuine webhook must be taken, and forged ones refused. The
// order is as PRODUCT has it: the genuine one first, which tells whose route it is.
func Signature(ctx context.Context, s *Subject, mirror string) (*Report, error) {
	r := &Report{Drill: mirror + ".signature"}
	events, err := s.events(ctx, mirror)
	if err != nil {
		return nil, err
	}
	if len(events) == 0 {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.drill.no_event", Message: "the mirror " + mirror + " cannot cause an event that a webhook is sent for", Hint: "mirra simulate lists what it can"}
	}
	app, err := s.Start()
	if err != nil {
		return nil, err
	}
	defer app.Stop()
	if s.base, err = app.Listen(ctx); err != nil {
		return nil, err
	}
	if s.base == "" {
		r.Verdict, r.Reason, r.Advice = Undecided, "the application ended before it listened", listenAdvice
		return r, nil
	}
	urls, looked, err := s.routesOf(ctx, mirror)
	if err != nil {
		return nil, err
	}
	if len(urls) == 0 {
		r.Verdict = Undecided
		r.Reason = fmt.Sprintf("no webhook route was found: none of %d paths is one", looked)
		r.Advice = "name it: --url /path/of/the/webhook"
		return r, nil
	}
	for _, u := range urls {
		route, err := s.probe(ctx, mirror, u, events)
		if err != nil {
			return nil, err
		}
		r.Routes = append(r.Routes, *route)
	}
	r.judge(mirror)
	return r, nil
}

const listenAdvice = "start what listens, on the port that PORT names or any of its own"

// judge sums up the routes.
func (r *Report) judge(mirror string) {
	taken := func(route *Route) bool { return len(route.Probes) > 0 && route.Probes[0].accepted() }
	var theirs []*Route
	for i := range r.Routes {
		if taken(&r.Routes[i]) {
			theirs = append(theirs, &r.Routes[i])
		}
	}
	if len(theirs) > 0 {
		// The others are of somebody else: they refuse what this vendor signs.
		for i := range r.Routes {
			if !taken(&r.Routes[i]) {
				r.Routes[i].Verdict, r.Routes[i].Reason = "", "not of "+mirror+", or it refuses all that "+mirror+" sends"
			}
		}
	} else {
		for i := range r.Routes {
			theirs = append(theirs, &r.Routes[i])
		}
	}
	r.Verdict = Pass
	var wrong, open []string
	for _, route := range theirs {
		switch route.Verdict {
		case Fail:
			wrong = append(wrong, fmt.Sprintf("%s %s", pathOf(route.URL), route.Reason))
		case Undecided:
			open = append(open, fmt.Sprintf("%s %s", pathOf(route.URL), route.Reason))
		}
	}
	switch {
	case len(wrong) > 0:
		r.Verdict, r.Reason, r.Advice = Fail, strings.Join(wrong, "; "), advise(theirs)
	case len(open) > 0:
		r.Verdict, r.Reason = Undecided, strings.Join(open, "; ")
		r.Advice = "see what the application printed, or name the route: --url /path"
	default:
		r.Reason = "takes what " + mirror + " signs and refuses what it does not"
	}
}

// advise says what to change, for each fault once.
func advise(routes []*Route) string {
	var out []string
	for _, route := range routes {
		if route.Verdict != Fail {
			continue
		}
		if !route.Probes[0].accepted() {
			out = append(out, "verify the body as it was received, not parsed and written again, with the secret of this endpoint")
			continue
		}
		for _, p := range route.Probes[1:] {
			for _, f := range forgeries {
				if f.kind == p.Kind && !p.OK {
					out = append(out, f.advice)
				}
			}
		}
	}
	return strings.Join(unique(out), "; ")
}

// probe tries a route.
func (s *Subject) probe(ctx context.Context, mirror, u string, events []string) (*Route, error) {
	route := &Route{URL: u}
	id := s.Session.SessionID
	// An endpoint that the application registered gets its webhooks, with a secret of its
	// own; to forward them as well would send each twice.
	forward := []string{u}
	if slices.Contains(s.registered(ctx, mirror), u) {
		forward = nil
	}
	if err := s.Control.ForwardWebhooks(ctx, id, mirror, forward); err != nil {
		return nil, err
	}
	s.say("%s: a genuine webhook, then forged ones", pathOf(u))
	send := func(kind, what, event string) (*Probe, error) {
		e, err := s.deliver(ctx, mirror, event, u, arguments[event])
		if err != nil {
			return nil, err
		}
		p := &Probe{Kind: kind, What: what, Event: event, Status: e.Status, Attempt: e.Seq, effects: s.Effects}
		if e.Status == 0 {
			p.Outcome = e.Outcome
		}
		if s.Effects {
			p.Calls, err = s.effects(ctx, e.Seq)
		}
		return p, err
	}
	// Which events it knows is not known: the first that it takes is used.
	var event string
	for _, event = range events {
		p, err := send("genuine", "as "+mirror+" sends it", event)
		if err != nil {
			return nil, err
		}
		p.OK = p.accepted()
		route.Probes = append(route.Probes[:0], *p)
		if p.OK {
			break
		}
	}
	genuine := route.Probes[0]
	for _, f := range forgeries {
		if f.kind == "stale" && slices.Contains(noStamp, mirror) {
			continue
		}
		rule, err := s.Control.AddFault(ctx, id, &host.FaultRule{Mirror: mirror, Event: event, Webhook: f.kind})
		if err != nil {
			return nil, err
		}
		p, err := send(f.kind, f.what, event)
		if e := s.Control.ClearFaults(ctx, id, rule.ID); err == nil {
			err = e
		}
		if err != nil {
			return nil, err
		}
		p.OK = !p.accepted()
		route.Probes = append(route.Probes, *p)
	}
	route.decide(mirror, &genuine)
	return route, nil
}

// decide judges a route by its probes.
func (r *Route) decide(mirror string, genuine *Probe) {
	var faults []string
	for _, p := range r.Probes[1:] {
		for _, f := range forgeries {
			if f.kind == p.Kind && !p.OK {
				faults = append(faults, f.accepted)
			}
		}
	}
	switch {
	case len(faults) > 0:
		r.Verdict, r.Reason = Fail, strings.Join(faults, ", and ")
	case genuine.accepted():
		r.Verdict, r.Reason = Pass, "takes what is genuine, and nothing else"
	case genuine.Status >= 400 && genuine.Status < 500:
		r.Verdict, r.Reason = Fail, fmt.Sprintf("refuses what %s itself sends, with %s", mirror, genuine.answer())
	default:
		r.Verdict, r.Reason = Undecided, fmt.Sprintf("answers what %s itself sends with %s, so that its refusals of forged webhooks say nothing", mirror, genuine.answer())
	}
}

// events are those that the mirror can cause and the application's sources name, else
// some that most applications know.
func (s *Subject) events(ctx context.Context, mirror string) ([]string, error) {
	catalogue, err := s.Control.Mirrors(ctx)
	if err != nil {
		return nil, err
	}
	var can []string
	for _, m := range catalogue {
		if m.Name == mirror {
			for _, name := range m.Simulates {
				if slices.Contains(m.Events, name) || mirror == "twilio" {
					can = append(can, name)
				}
			}
			break
		}
	}
	var out []string
	for _, w := range slices.Concat(s.Events, s.look(mirror).words, firstEvents[mirror]) {
		if slices.Contains(can, w) {
			out = append(out, w)
		}
	}
	const most = 6
	out = unique(append(out, can...))
	return out[:min(len(out), most)], nil
}

// routesOf returns the URLs that a vendor's webhooks may go to, and how many paths were
// looked at.
func (s *Subject) routesOf(ctx context.Context, mirror string) (urls []string, looked int, err error) {
	if len(s.URLs) == 0 {
		return s.findRoutes(ctx, mirror)
	}
	for _, u := range s.URLs {
		urls = append(urls, s.at(u))
	}
	return urls, len(urls), nil
}

// findRoutes is routesOf where the user names none.
func (s *Subject) findRoutes(ctx context.Context, mirror string) (urls []string, looked int, err error) {
	var known []string
	for _, u := range s.registered(ctx, mirror) {
		if p := pathOf(u); p != "" {
			known = append(known, p)
		}
	}
	paths := unique(append(known[:len(known):len(known)], s.look(mirror).paths...))
	there, err := routes(ctx, s.base, paths)
	if err != nil {
		return nil, 0, err
	}
	var sure, maybe []string
	for _, p := range there {
		switch lower := strings.ToLower(p); {
		case otherVendor(lower, mirror): // it is not asked
		case strings.Contains(lower, mirror), strings.Contains(lower, "hook"), slices.Contains(known, p):
			sure = append(sure, s.base+p)
		default:
			maybe = append(maybe, s.base+p)
		}
	}
	if len(sure) > 0 {
		return sure, len(paths), nil
	}
	return maybe, len(paths), nil
}

// vendors are names that paths of other vendors' webhooks have.
var vendors = []string{"stripe", "twilio", "resend", "github", "gitlab", "slack", "paypal", "shopify", "clerk", "sendgrid", "mailgun", "postmark", "svix", "auth0", "adyen", "plaid"}

// otherVendor tells whether a path, in small letters, is another vendor's by its name.
func otherVendor(p, mirror string) bool {
	return !strings.Contains(p, mirror) && slices.ContainsFunc(vendors, func(v string) bool { return v != mirror && strings.Contains(p, v) })
}

// registered are the URLs of endpoints that the application made by the vendor's API.
func (s *Subject) registered(ctx context.Context, mirror string) []string {
	state, err := s.Control.State(ctx, s.Session.SessionID, mirror, "")
	if err != nil {
		return nil // the sources say enough
	}
	var out []string
	for entity, docs := range state {
		if !strings.Contains(entity, "webhook") {
			continue
		}
		for _, d := range docs {
			for _, m := range address.FindAllSubmatch(d, -1) {
				out = append(out, string(m[1]))
			}
		}
	}
	slices.Sort(out)
	return out
}

func pathOf(u string) string {
	if p, err := url.Parse(u); err == nil {
		return p.Path
	}
	return u
}
