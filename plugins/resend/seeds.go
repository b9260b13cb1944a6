package main

import (
	"strconv"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func seeds() {
	resend.Fixture("transactional-busy", "the verified domain mail.acme.com, and 100 emails of the last 7 days", transactionalBusy)
	resend.Fixture("bounced-domain", "mail.acme.com, of whose emails many bounce, and a long suppression list", bouncedDomain)
	resend.Fixture("marketing-list", "1,000 contacts in a segment, a topic, and 3 broadcasts", marketingList)
	resend.Fixture("over-quota", "an account whose quotas are used up: every send is a 429", overQuota)
}

func seedDomain(c *sdk.Call, name string) {
	d := create(c, domainTemplate)
	d.SetString("name", name)
	setRecords(c, d, "send")
	setStatus(d, "verified")
	domains.MustInsert(c, d)
}

// paid lifts the quotas: an account that sends that much is no free one.
func paid(c *sdk.Call) {
	accounts.MustInsert(c, completeAccount(c, "account", c.Object("plan", "pro")))
}

// seedEmail keeps the i-th of n emails that were sent in the last seven days.
func seedEmail(c *sdk.Call, i, n int, last string) sdk.Doc {
	d := create(c, emailTemplate)
	at := c.Now().Add(-7 * 24 * time.Hour).Add(time.Duration(i) * 7 * 24 * time.Hour / time.Duration(n))
	subject := subjects[i%len(subjects)]
	d.Put("created_at", stampOf(at), "from", "Acme <hello@mail.acme.com>", "to", "customer"+strconv.Itoa(i)+"@acme-customers.com",
		"subject", subject, "html", "<p>"+subject+"</p>", "last_event", last)
	completeEmail(c, "", d)
	if last == "bounced" {
		d.SetString("bounce_type", "permanent")
	}
	countEmails.MustRun(c.Args().Text(at.Format(time.DateOnly)).Int(1))
	emails.MustInsert(c, d)
	return d
}

// seedEmails keeps a paid account with a domain and n emails, of which fate says what
// became of each.
func seedEmails(c *sdk.Call, n int, fate func(i int) string) error {
	paid(c)
	seedDomain(c, "mail.acme.com")
	origins := map[string]string{"bounced": "bounce", "complained": "complaint"}
	for i := range n {
		d := seedEmail(c, i, n, fate(i))
		if origin := origins[fate(i)]; origin != "" {
			suppress(c, d, origin)
		}
	}
	return nil
}

func transactionalBusy(c *sdk.Call) error {
	return seedEmails(c, 100, func(i int) string {
		switch {
		case i%25 == 7:
			return "bounced"
		case i%50 == 13:
			return "complained"
		case i%4 == 0:
			return "opened"
		}
		return "delivered"
	})
}

func bouncedDomain(c *sdk.Call) error {
	return seedEmails(c, 40, func(i int) string { return [...]string{"bounced", "delivered"}[i%2] })
}

// seedNamed keeps an object that has a name alone, and returns its id.
func seedNamed(c *sdk.Call, k *sdk.Collection, t *sdk.Template, name string) string {
	d := create(c, t)
	d.SetString("name", name)
	k.MustInsert(c, d)
	return d.Get("id").String()
}

func marketingList(c *sdk.Call) error {
	paid(c)
	seedDomain(c, "mail.acme.com")
	topicID := seedNamed(c, topics, topicTemplate, "Newsletter")
	segmentID := seedNamed(c, segments, segmentTemplate, "Newsletter")
	for i := range 1000 {
		d := create(c, contactTemplate)
		n, fate := strconv.Itoa(i), "delivered"
		switch {
		case i%50 == 17:
			fate = "bounced"
		case i%100 == 33:
			fate = "complained"
		}
		d.Put("email", fate+"+"+n+"@resend.dev", "first_name", "Contact "+n, "unsubscribed", i%40 == 5, "updated_at", d.Get("created_at"))
		contacts.MustInsert(c, d)
		memberships.MustInsert(c, membership(c, segmentID, d.Get("id").String()))
	}
	for i, name := range [...]string{"Spring", "Summer", "Autumn"} {
		d := create(c, broadcastTemplate)
		d.Put("name", name, "segment_id", segmentID, "audience_id", segmentID, "topic_id", topicID,
			"from", "Acme <news@mail.acme.com>", "subject", name+" news", "html", "<p>Hi {{{FIRST_NAME|there}}}</p>")
		if i < 2 { // two were sent, the third is a draft
			at := stampOf(c.Now().AddDate(0, i-3, 0))
			d.Put("created_at", at, "status", "sent", "sent_at", at)
		}
		broadcasts.MustInsert(c, d)
	}
	return nil
}

func overQuota(c *sdk.Call) error {
	accounts.MustInsert(c, completeAccount(c, "account", c.NewObject()))
	countEmails.MustRun(c.Args().Text(c.Now().Format(time.DateOnly)).Int(defaultMonthly))
	return nil
}

// warmup runs what sending runs, so that the first send is no slower than others.
func warmup(c *sdk.Call) {
	p := c.Object("from", "Acme <onboarding@resend.dev>", "to", "delivered@resend.dev", "subject", "hello", "html", "<p>hello</p>")
	r := &request{c, p, legacy["POST"]}
	if m, err := r.compose(p, sendFields); err == nil {
		m.accept(c) // thrown away
	}
}
