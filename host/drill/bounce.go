package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Mail is what a drill of mail saw of one address.
type Mail struct {
	To      string `json:"to"`
	Bounced bool   `json:"bounced"`
	Before  int    `json:"before"` // mails until the bounce
	After   int    `json:"after"`  // and when the application was asked for another
}

// The addresses are test addresses of the vendor's, to which mail is delivered, whatever
// domain it comes from [D resend.com/docs/dashboard/emails/send-test-emails, 2026-11]. Who
// bounces is not the newest.
const (
	bouncedTo   = "delivered+ada@resend.dev"
	deliveredTo = "delivered+eve@resend.dev"
)

// mailedSoon is how long an application may take to mail behind its answer.
const mailedSoon = 2 * time.Second

// Bounce judges whether an application heeds that mail came back: it has it mail to two,
// lets the mail to one of them bounce, and has it mail to both again. The vendor would
// suppress the one itself in time, at the price of the sender's name.
func Bounce(ctx context.Context, s *Subject, mirror string) (*Report, error) {
	r := &Report{Drill: mirror + ".bounce", Verdict: Undecided}
	c := &caller{s: s, mirror: mirror, number: bouncedTo, email: bouncedTo}
	c.made = func(ctx context.Context) bool { return c.mailed(ctx, nil, bouncedTo) == nil }
	defer c.stop()
	watching, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := s.watch(watching, mirror)
	if err != nil {
		return nil, err
	}
	if err := c.cause(ctx, w); err != nil {
		return nil, err
	}
	if c.asked == nil {
		r.Reason, r.Advice = "nothing that it was asked made it mail", "name the route that makes it mail: --url /signup"
		return r, nil
	}
	other := *c.asked
	other.number, other.email = deliveredTo, deliveredTo
	asks := []*ask{c.asked, &other}
	if err := c.mail(ctx, &other); err != nil {
		return nil, err
	}
	before, err := s.mails(ctx, mirror)
	if err != nil {
		return nil, err
	}
	if before[bouncedTo] == 0 || before[deliveredTo] == 0 {
		r.Reason = fmt.Sprintf("asked at %s, it mailed %d times to %s and %d times to %s", c.asked.url, before[bouncedTo], bouncedTo, before[deliveredTo], deliveredTo)
		return r, nil
	}
	refused, told, err := s.bounce(ctx, mirror)
	if err != nil {
		return nil, err
	}
	switch {
	case told == 0 && len(refused) == 0:
		r.Reason, r.Advice = "no webhook route was found", "register one, and heed email.bounced"
		r.Verdict = Fail
		return r, nil
	case told == 0:
		r.Verdict, r.Reason = Fail, "refuses to hear of bounces: "+strings.Join(refused, ", ")
		r.Advice = "see mirra drill " + mirror + ".signature"
		return r, nil
	}
	for _, a := range asks {
		if err := c.mail(ctx, a); err != nil {
			return nil, err
		}
	}
	after, err := s.mails(ctx, mirror)
	if err != nil {
		return nil, err
	}
	for _, to := range []string{bouncedTo, deliveredTo} {
		r.Mails = append(r.Mails, Mail{to, to == bouncedTo, before[to], after[to] - before[to]})
	}
	r.judgeMails(c.asked.url)
	return r, nil
}

func (r *Report) judgeMails(route string) {
	bounced, delivered := r.Mails[0].After, r.Mails[1].After
	const advice = "at email.bounced, close the address of data.to, all of them, and look at that before each mail"
	switch {
	case bounced > 0 && delivered == 0:
		r.Verdict, r.Reason, r.Advice = Fail, "closes the wrong address: mails again to the one that bounced, and no more to the other", advice
	case bounced > 0:
		r.Verdict, r.Reason, r.Advice = Fail, "mails again to the address that bounced", advice
	case delivered > 0:
		r.Verdict, r.Reason = Pass, "mails no more to the address that bounced, and goes on with others"
	default:
		r.Reason = "mails nobody a second time at " + route + ", so that it does not show what it keeps of a bounce"
		r.Advice = "name a route that mails again: --url /remind"
	}
}

// bounce lets the mail bounce at each of the application's webhook routes, and returns
// what those answered that did not take it, and how many did.
func (s *Subject) bounce(ctx context.Context, mirror string) (refused []string, told int, err error) {
	urls, _, err := s.findRoutes(ctx, mirror) // those of the user name what mails
	if err != nil {
		return nil, 0, err
	}
	for _, u := range urls {
		if err := s.Control.ForwardWebhooks(ctx, s.Session.SessionID, mirror, []string{u}); err != nil {
			return nil, 0, err
		}
		s.say("%s: the mail to %s bounces", pathOf(u), bouncedTo)
		e, err := s.deliver(ctx, mirror, "email.bounced", u, map[string]string{"to": bouncedTo})
		if err != nil {
			return nil, 0, err
		}
		p := Probe{Status: e.Status, Outcome: e.Outcome}
		if p.accepted() {
			told++
			continue
		}
		refused = append(refused, pathOf(u)+" answers "+p.answer())
	}
	return refused, told, nil
}

// mail asks the application for a mail and waits until it is there, or not to be expected.
func (c *caller) mail(ctx context.Context, a *ask) error {
	before, err := c.s.mails(ctx, c.mirror)
	if err != nil {
		return err
	}
	answered := c.send(ctx, a)
	select {
	case <-answered.done:
	case <-time.After(deliverWithin):
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := c.mailed(ctx, before, a.email); !errors.Is(err, errNotMailed) {
		return err
	}
	return nil
}

var errNotMailed = errors.New("no mail came")

// mailed waits until there are more mails to an address than before.
func (c *caller) mailed(ctx context.Context, before map[string]int, to string) error {
	for end := time.Now().Add(mailedSoon); time.Now().Before(end); {
		now, err := c.s.mails(ctx, c.mirror)
		if err != nil || now[to] > before[to] {
			return err
		}
		select {
		case <-time.After(onItsWay / 2):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errNotMailed
}

// mails counts the mails of the session by address.
func (s *Subject) mails(ctx context.Context, mirror string) (map[string]int, error) {
	state, err := s.Control.State(ctx, s.Session.SessionID, mirror, "emails")
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, doc := range state["emails"] {
		var e struct{ To []string }
		if err := json.Unmarshal(doc, &e); err != nil {
			return nil, fmt.Errorf("an email of %s: %w", mirror, err)
		}
		slices.Sort(e.To)
		for _, to := range slices.Compact(e.To) {
			out[to]++
		}
	}
	return out, nil
}
