package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// How long it takes until the recipient's server has answered, and until a
// complaint comes (believed; the vendor publishes neither).
const (
	deliveryTime  = 500 * time.Millisecond
	complaintTime = 2 * time.Second
)

func timers() {
	resend.OnTimer("send", sendScheduled)
	resend.OnTimer("fate", meetFate)
	resend.OnTimer("complain", func(c *sdk.Call, id string) error {
		if d, ok := emails.Get(c, id); ok {
			happen(c, d, "complained", sdk.Doc{})
		}
		return nil
	})
	resend.OnTimer("verify", verifyTimer)
	resend.OnTimer("claim", claimTimer)
	resend.OnTimer("broadcast", broadcastTimer)
}

func sendScheduled(c *sdk.Call, id string) error {
	if d, ok := emails.Get(c, id); ok && d.Get("last_event").String() == "scheduled" {
		event, more := goOut(c, id, d.Get("topic_id").String(), d.Get("to").Texts())
		happen(c, d, event, more)
	}
	return nil
}

// goOut sends an email, unless its recipient left its topic, and tells what happened.
// By which event the vendor tells that is believed.
func goOut(c *sdk.Call, id, topic string, to []string) (event string, more sdk.Doc) {
	if leftTopic(c, topic, to) {
		return "failed", failed(c, "recipient_opted_out")
	}
	c.SetTimer("fate", id, c.Now().Add(deliveryTime), id)
	return "sent", more
}

// failed is what email.failed says [D webhooks/emails/failed].
func failed(c *sdk.Call, reason string) sdk.Doc {
	return c.Object("failed", c.Object("reason", reason))
}

// leftTopic tells whether recipients have opted out of a topic
// [S SendEmailRequest.topic_id].
func leftTopic(c *sdk.Call, topic string, to []string) bool {
	t, ok := topics.Get(c, topic)
	if !ok {
		return false
	}
	for _, one := range to {
		a, _ := sdk.ParseAddress(one)
		contact, known := contacts.First(c, "email", a)
		subscription := t.Get("default_subscription").String()
		if known {
			subscription = subscriptionOf(c, contact.Get("id").String(), t)
		}
		if subscription == "opt_out" {
			return true
		}
	}
	return false
}

// meetFate decides what becomes of an email that was sent: what becomes of it at the
// worst of its recipients.
func meetFate(c *sdk.Call, id string) error {
	d, ok := emails.Get(c, id)
	if !ok || d.Get("last_event").String() != "sent" {
		return nil
	}
	worst, rank := "delivered", 0
	var listed, more sdk.Doc
	for _, field := range [...]string{"to", "cc", "bcc"} {
		for one := range d.Get(field).All {
			a, _ := sdk.ParseAddress(one.String())
			fate := fateOf(a)
			if fate == "" || fate == "delivered" {
				if s, ok := suppressions.First(c, "email", a); ok {
					fate, listed = "suppressed", s
				}
			}
			if n := severity[fate]; n > rank {
				worst, rank = fate, n
			}
		}
	}
	switch worst {
	case "bounced":
		more = bounce(c, "Permanent", "")
	case "suppressed":
		more = suppressed(c, listed)
	case "complained":
		worst = "delivered"
		c.SetTimer("complain", id, c.Now().Add(complaintTime-deliveryTime), id)
	}
	happen(c, d, worst, more)
	return nil
}

var severity = map[string]int{"complained": 1, "suppressed": 2, "bounced": 3}

// happen notes an event of an email that is kept, and tells the endpoints.
func happen(c *sdk.Call, d sdk.Doc, event string, more sdk.Doc) {
	d.SetString("last_event", event)
	d.Get("history").AddString(event)
	if b := more.Get("bounce"); b.Exists() {
		d.SetString("bounce_type", lower(b.Get("type").String()))
	}
	if link := more.Get("click", "link"); link.Exists() {
		d.Get("clicks").AddString(link.String())
	}
	emitEmail(c, "email."+event, d, more)
	emails.Replace(c, d)
}

// bounce is what email.bounced says of a bounce; sub "" is the kind's usual.
func bounce(c *sdk.Call, kind, sub string) sdk.Doc {
	d := bounces[kind].New(c.Arena)
	if sub != "" {
		d.SetString("subType", sub)
	}
	return c.Object("bounce", d)
}

// suppressed is what email.suppressed says [S description].
func suppressed(c *sdk.Call, listed sdk.Doc) sdk.Doc {
	d := suppressedTemplate.New(c.Arena)
	if listed.Get("origin").String() == "complaint" {
		d.SetString("reason", "previous_complaint") // [D dashboard/emails/send-test-emails]
	}
	return c.Object("suppressed", d)
}

// suppress puts the recipients of an email on the suppression list, but for the
// addresses that are there to be tried [S suppressions: origin bounce, complaint].
func suppress(c *sdk.Call, d sdk.Doc, origin string) {
	for one := range d.Get("to").All {
		if a, _ := sdk.ParseAddress(one.String()); fateOf(a) == "" {
			addSuppression(c, a, origin, d.Get("id").String())
		}
	}
}

// emailData is the data of an email's events [D webhooks/event-types, S description].
func emailData(c *sdk.Call, d, more sdk.Doc) sdk.Doc {
	data := c.NewObject()
	if id := d.Get("broadcast_id"); !id.IsNull() {
		data.SetDoc("broadcast_id", id)
	}
	data.Put("created_at", isoOf(c, d.Get("created_at")), "email_id", d.Get("id"), "from", d.Get("from"), "subject", d.Get("subject"))
	if id := d.Get("template_id"); !id.IsNull() {
		data.SetDoc("template_id", id)
	}
	data.SetDoc("to", d.Get("to"))
	if d.Get("headers").Len() > 0 {
		list := data.SetArray("headers")
		for h := range d.Get("headers").All {
			list.AddObject().Put("name", h.Key(), "value", h.String())
		}
	}
	if d.Get("tags").Len() > 0 {
		tags := data.SetObject("tags")
		for t := range d.Get("tags").All {
			tags.SetDoc(t.Get("name").String(), t.Get("value"))
		}
	}
	for m := range more.All {
		data.SetDoc(m.Key(), m)
	}
	return data
}

func emitEmail(c *sdk.Call, event string, d, more sdk.Doc) {
	emit(c, event, func() sdk.Doc { return emailData(c, d, more) })
}
