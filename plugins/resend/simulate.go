package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func simulations() {
	for _, event := range eventTypes {
		kind, what, _ := strings.Cut(event, ".")
		run := map[string]func(r *request, what string) error{"email": simulateEmail, "contact": simulateContact, "domain": simulateDomain}[kind]
		resend.Simulate(event, func(c *sdk.Call) error {
			params, err := c.Params()
			if err != nil {
				return err
			}
			for p := range params.All {
				if !slices.Contains(strings.Fields(simulated[kind]), p.Key()) {
					return errors.New("unknown argument " + p.Key() + " of " + event + "; there are " + simulated[kind])
				}
			}
			return run(&request{Call: c, params: params, op: legacy["POST"]}, what)
		})
	}
}

// or returns an argument's text, or a default.
func (r *request) or(name, other string) string {
	if v := r.text(name); v != "" {
		return v
	}
	return other
}

// someEmail is the email that id names, the newest to an address that to names, or a
// new one.
func (r *request) someEmail() (sdk.Doc, error) {
	if id := r.text("id"); id != "" {
		d, ok := emails.Get(r.Call, id)
		if !ok {
			return d, errors.New("no email " + id)
		}
		return d, nil
	}
	to := r.or("to", "delivered@resend.dev")
	if r.text("subject") == "" {
		for _, d := range emails.Every(r.Call, "", "") {
			for one := range d.Get("to").All {
				if a, _ := sdk.ParseAddress(one.String()); a == lower(to) && r.text("to") != "" {
					return d, nil
				}
			}
		}
	}
	m := newMessage(r.Call)
	m.from, m.to = r.or("from", "Acme <onboarding@resend.dev>"), []string{to}
	m.subject, m.html, m.hasHTML = r.or("subject", "Sending this example"), r.or("html", "<p>it works!</p>"), true
	m.broadcast = r.text("broadcast_id")
	m.accept(r.Call)
	d, _ := emails.Get(r.Call, m.id)
	return d, nil
}

// simulateEmail causes what happens to an email, with what goes before it: an email
// that is opened was delivered.
func simulateEmail(r *request, what string) error {
	if what == "received" {
		return r.receive()
	}
	if what == "scheduled" {
		return r.simulateScheduled()
	}
	d, err := r.someEmail()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	r.ClearTimer("fate", id)
	r.ClearTimer("send", id)
	again := func() { d, _ = emails.Get(r.Call, id) }
	switch what {
	case "sent":
		if d.Get("history").CountOf("sent") == 0 {
			happen(r.Call, d, "sent", sdk.Doc{})
		}
		return nil
	case "opened", "clicked", "complained":
		if d.Get("history").CountOf("delivered") == 0 {
			happen(r.Call, d, "delivered", sdk.Doc{})
			again()
		}
	}
	var more sdk.Doc
	switch what {
	case "bounced":
		kind := r.or("type", "Permanent")
		if bounces[kind] == nil {
			return errors.New("type: want Permanent, Transient or Undetermined")
		}
		more = bounce(r.Call, kind, r.text("subtype"))
		if kind == "Permanent" {
			suppress(r.Call, d, "bounce")
		}
	case "complained":
		suppress(r.Call, d, "complaint")
	case "suppressed":
		more = suppressed(r.Call, sdk.Doc{})
	case "failed":
		more = failed(r.Call, r.or("reason", "reached_daily_quota")) // the value is believed
	case "clicked":
		click := clickTemplate.New(r.Arena) // [S description]
		click.Put("link", r.or("link", "https://resend.com"), "timestamp", sdk.ISOMillis(r.Now()))
		more = r.Object("click", click)
	}
	happen(r.Call, d, what, more)
	return nil
}

func (r *request) simulateScheduled() error {
	p := r.Object("from", r.or("from", "Acme <onboarding@resend.dev>"), "to", r.or("to", "delivered@resend.dev"),
		"subject", r.or("subject", "Sending this example"), "html", r.or("html", "<p>it works!</p>"), "scheduled_at", "in 1 hour")
	m, err := r.compose(p, sendFields)
	if err == nil {
		m.accept(r.Call)
	}
	return err
}

// simulateKind causes what happens to the object that id or a member names, without
// either to the newest if newest, or to a new one that fresh fills in.
func (r *request) simulateKind(k *kind, what, member string, newest bool, fresh func(d sdk.Doc), update func(d sdk.Doc) error) error {
	d, found := k.keep.Get(r.Call, r.text("id"))
	if !found {
		d, found = k.keep.First(r.Call, member, lower(r.text(member)))
	}
	if !found && newest && r.text(member) == "" && what != "created" {
		if docs := k.keep.Every(r.Call, "", ""); len(docs) > 0 {
			d, found = docs[0], true
		}
	}
	if !found {
		d = create(r.Call, k.template)
		fresh(d)
		if err := k.set(r, d); err != nil {
			return err
		}
		k.keep.MustInsert(r.Call, d)
		k.tell(r.Call, "created", d)
	}
	switch {
	case what == "created" && found:
		return errors.New("there is a " + k.object + " of that " + member + " already")
	case what == "updated":
		if err := update(d); err != nil {
			return err
		}
		k.keep.Update(r.Call, d)
		k.tell(r.Call, what, d)
	case what == "deleted":
		k.delete(r.Call, d)
	}
	return nil
}

func simulateContact(r *request, what string) error {
	if v := r.params.Get("unsubscribed"); v.Exists() {
		r.params.SetBool("unsubscribed", v.Bool())
	}
	if r.text("id") == "" {
		r.params.SetString("email", r.or("email", "steve.wozniak@gmail.com"))
	}
	return r.simulateKind(contact, what, "email", false, func(d sdk.Doc) {
		d.Put("first_name", "Steve", "last_name", "Wozniak")
	}, func(d sdk.Doc) error { return setContact(r, d) })
}

func simulateDomain(r *request, what string) error {
	status := r.or("status", "verified")
	if !slices.Contains(domainStatuses, status) {
		return errors.New("status: want one of " + strings.Join(domainStatuses, ", "))
	}
	return r.simulateKind(domain, what, "name", true, func(sdk.Doc) {
		r.params.SetString("name", r.or("name", "example.com"))
	}, func(d sdk.Doc) error {
		r.ClearTimer("verify", d.Get("id").String())
		setStatus(d, status)
		return nil
	})
}
