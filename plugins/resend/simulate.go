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
		for _, d := range all(r.Call, emails, sdk.ListQuery{}) {
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
		if had(d, "sent") == 0 {
			happen(r.Call, d, "sent", sdk.Doc{})
		}
		return nil
	case "opened", "clicked", "complained":
		if had(d, "delivered") == 0 {
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
		click.Put("link", r.or("link", "https://resend.com"), "timestamp", iso(r.Now()))
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

// someContact is the contact that id or email names, or a new one.
func (r *request) someContact() (d sdk.Doc, made bool, err error) {
	if d, ok := contacts.Get(r.Call, r.text("id")); ok {
		return d, false, nil
	}
	r.params.SetString("email", r.or("email", "steve.wozniak@gmail.com"))
	if d, ok := contacts.First(r.Call, "email", lower(r.text("email"))); ok {
		return d, false, nil
	}
	d = create(r.Call, contactTemplate)
	d.Put("first_name", "Steve", "last_name", "Wozniak")
	if err := setContact(r, d); err != nil {
		return d, false, err
	}
	insert(r.Call, contacts, d)
	emitContact(r.Call, "created", d)
	return d, true, nil
}

func simulateContact(r *request, what string) error {
	if v := r.params.Get("unsubscribed"); v.Exists() {
		r.params.SetBool("unsubscribed", v.Bool())
	}
	d, made, err := r.someContact()
	switch {
	case err != nil:
		return err
	case what == "created" && !made:
		return errors.New("there is a contact of that address already")
	case what == "updated":
		if err := setContact(r, d); err != nil {
			return err
		}
		contacts.Update(r.Call, d)
		emitContact(r.Call, what, d)
	case what == "deleted":
		removeContact(r.Call, d)
	}
	return nil
}

// someDomain is the domain that id or name names, without either the newest, or a
// new one.
func (r *request) someDomain(fresh bool) (d sdk.Doc, made bool, err error) {
	if d, ok := domains.Get(r.Call, r.text("id")); ok {
		return d, false, nil
	}
	if d, ok := domains.First(r.Call, "name", lower(r.text("name"))); ok {
		return d, false, nil
	}
	if docs := all(r.Call, domains, sdk.ListQuery{}); !fresh && r.text("name") == "" && len(docs) > 0 {
		return docs[0], false, nil
	}
	r.params.SetString("name", r.or("name", "example.com"))
	d = create(r.Call, domainTemplate)
	if err := newDomain(r, d); err != nil {
		return d, false, err
	}
	insert(r.Call, domains, d)
	emitDomain(r.Call, "created", d)
	return d, true, nil
}

func simulateDomain(r *request, what string) error {
	status := r.or("status", "verified")
	if !slices.Contains(domainStatuses, status) {
		return errors.New("status: want one of " + strings.Join(domainStatuses, ", "))
	}
	d, made, err := r.someDomain(what == "created")
	switch {
	case err != nil:
		return err
	case what == "created" && !made:
		return errors.New("there is a domain of that name already")
	case what == "updated":
		r.ClearTimer("verify", d.Get("id").String())
		setStatus(d, status)
		domains.Update(r.Call, d)
		emitDomain(r.Call, what, d)
	case what == "deleted":
		emitDomain(r.Call, what, d)
		domains.Delete(r.Call, d.Get("id").String(), r.NewObject())
	}
	return nil
}
