package main

import (
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/when"
)

// message is an email on its way out. It is written as a document once, when all
// is known of it: sending is what applications do most.
type message struct {
	id, from, subject    string
	sender               string // the bare address of from
	html, text           string
	hasHTML, hasText     bool
	to, cc, bcc, replyTo []string
	addresses            []string // the bare ones of to, cc and bcc
	scheduledAt          time.Time
	template, topic      string
	broadcast, contact   string
	tags, headers        sdk.Doc
	attachments, given   sdk.Doc  // as they are kept, and as the request has them
	contents             [][]byte // of the attachments
	event                string   // what happened last: sent, scheduled or failed
}

func newMessage(c *sdk.Call) *message { return &message{id: c.UUID(sdk.Objects)} }

// document is the message as it is kept.
func (m *message) document(c *sdk.Call) sdk.Doc {
	w := emailTemplate.Write(c)
	w.String("id", m.id)
	w.String("message_id", messageID(m.id))
	w.Strings("to", m.to...)
	w.String("from", m.from)
	w.String("created_at", stamp(c))
	w.String("subject", m.subject)
	if m.hasHTML {
		w.String("html", m.html)
	}
	if m.hasText {
		w.String("text", m.text)
	}
	w.Strings("bcc", m.bcc...)
	w.Strings("cc", m.cc...)
	w.Strings("reply_to", m.replyTo...)
	w.String("last_event", m.event)
	if !m.scheduledAt.IsZero() {
		w.String("scheduled_at", stampOf(m.scheduledAt))
	}
	w.Doc("tags", m.tags)
	w.Text("topic_id", m.topic)
	w.Text("template_id", m.template)
	w.Text("broadcast_id", m.broadcast)
	w.Text("contact_id", m.contact)
	w.Doc("headers", m.headers)
	w.Doc("attachments", m.attachments)
	w.Strings("history", m.event)
	return w.Done(c)
}

// accept keeps a message and sends it, or waits for its time.
func (m *message) accept(c *sdk.Call) {
	m.attachments = keepAttachments(c, m.given, m.contents)
	var more sdk.Doc
	if m.scheduledAt.IsZero() {
		m.event, more = goOut(c, m.id, m.topic, m.to)
	} else {
		m.event = "scheduled"
		c.SetTimer("send", m.id, m.scheduledAt, m.id)
	}
	d := m.document(c)
	if err := emails.InsertSealed(c, d, m.id, m.broadcast, m.contact); err != nil {
		panic("resend: insert email: " + err.Error()) // its id was just made
	}
	emitEmail(c, "email."+m.event, d, more)
}

// parts of a message, of the request or of the template that it names.
type parts struct {
	from, subject, html, text sdk.Doc
	template, topic, when     sdk.Doc
	to, cc, bcc, replyTo      sdk.Doc
}

// compose makes a message of what a request says, or says what is wrong with it.
// Nothing is kept yet.
func (r *request) compose(p sdk.Doc, fields *sdk.Fields) (*message, error) {
	m := newMessage(r.Call)
	var in parts
	p.Pick([]sdk.Slot{
		{"from", &in.from}, {"to", &in.to}, {"subject", &in.subject}, {"html", &in.html}, {"text", &in.text}, {"cc", &in.cc}, {"bcc", &in.bcc},
		{"reply_to", &in.replyTo}, {"tags", &m.tags}, {"headers", &m.headers}, {"attachments", &m.given}, {"scheduled_at", &in.when},
		{"topic_id", &in.topic}, {"template", &in.template},
	})
	var content rendered
	if !in.template.IsNull() {
		if err := checkFields(p, fields, "from", "subject"); err != nil {
			return m, err
		}
		if in.html.Exists() || in.text.Exists() { // [S SendEmailRequest.template]
			return m, invalid("You cannot use `html` or `text` together with `template`.")
		}
		var err error
		if content, err = r.render(in.template); err != nil {
			return m, err
		}
		m.template = content.id
	} else if err := checkFields(p, fields); err != nil {
		return m, err
	}
	m.from, _ = over(in.from, content.from)
	m.subject, _ = over(in.subject, content.subject)
	m.html, m.hasHTML = over(in.html, content.html)
	m.text, m.hasText = over(in.text, content.text)
	switch {
	case m.from == "":
		return m, missing("from")
	case m.subject == "":
		return m, missing("subject")
	case !m.hasHTML && !m.hasText:
		return m, fail(422, "missing_required_field", "Missing `html` or `text` field.") // [3, users' captures]
	}
	if err := m.setAddresses(&in); err != nil {
		return m, err
	}
	if len(m.replyTo) == 0 {
		m.replyTo = content.replyTo.Texts()
	}
	if m.tags.Kind() != sdk.Array {
		m.tags = sdk.Doc{}
	} else if err := checkTags(m.tags); err != nil {
		return m, err
	}
	m.topic = in.topic.String()
	if err := r.known(topics, m.topic, "Topic"); err != nil {
		return m, err
	}
	if m.headers.Kind() != sdk.Object {
		m.headers = sdk.Doc{}
	}
	var err error
	if m.scheduledAt, err = scheduleOf(r.Call, in.when); err != nil {
		return m, err
	}
	if m.contents, err = readAttachments(m.given); err != nil {
		return m, err
	}
	return m, mayFrom(r.Call, m.sender, m.addresses)
}

// over is what the email says, which stands before what its template does.
func over(given sdk.Doc, template string) (text string, ok bool) {
	if !given.IsNull() {
		return given.String(), true
	}
	return template, template != "" || given.Exists()
}

// wrongAddress [3, users' captures; D api-reference/errors had it as invalid_from_address].
func wrongAddress(field string) error {
	return invalid("Invalid `" + field + "` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.")
}

// maxRecipients [S SendEmailRequest.to: max 50].
const maxRecipients = 50

func (m *message) setAddresses(in *parts) error {
	var ok bool
	if m.sender, ok = sdk.ParseAddress(m.from); !ok {
		return wrongAddress("from")
	}
	m.to, m.cc, m.bcc, m.replyTo = in.to.Texts(), in.cc.Texts(), in.bcc.Texts(), in.replyTo.Texts()
	if len(m.to) > maxRecipients {
		return invalid("The `to` field must have at most 50 recipients.") // the text is believed
	}
	for _, field := range [...]struct {
		name string
		list []string
	}{{"to", m.to}, {"cc", m.cc}, {"bcc", m.bcc}, {"reply_to", m.replyTo}} {
		for _, one := range field.list {
			a, ok := sdk.ParseAddress(one)
			if !ok {
				return wrongAddress(field.name)
			}
			if field.name == "reply_to" {
				continue
			}
			if slices.Contains(placeholders, domainOf(a)) {
				// [3, users' captures; D knowledge-base/what-email-addresses-to-use-for-testing]
				return invalid("Invalid `" + field.name + "` field. Please use our testing email address instead of domains like `" + domainOf(a) + "`.")
			}
			m.addresses = append(m.addresses, a)
		}
	}
	if len(m.to) == 0 {
		return missing("to")
	}
	return nil
}

// checkTags [S Tag: ASCII letters, digits, underscores, dashes, at most 256].
func checkTags(tags sdk.Doc) error {
	for tag := range tags.All {
		for _, part := range [...]string{"name", "value"} {
			if s := tag.Get(part).String(); s == "" || len(s) > 256 || !sdk.IsPlainName(s) {
				return invalid("Tags should only contain ASCII letters, numbers, underscores, or dashes.") // [3, users' captures]
			}
		}
	}
	return nil
}

// mayFrom tells whether the account may send from a sender. A session that knows no
// domain takes senders' domains as verified, so that an application works without a
// seed; one with domains holds to them.
func mayFrom(c *sdk.Call, sender string, to []string) error {
	a, domain := accountOf(c), domainOf(sender)
	if own := a.key.domain; own != "" {
		if known, ok := domains.Get(c, own); !ok || known.Get("name").String() != domain {
			return fail(401, "restricted_api_key", "This API key is not authorized to send emails from "+domain) // the text is believed
		}
	}
	if domain == testDomain { // [D knowledge-base/403-error-resend-dev-domain, 2026-11]
		for _, one := range to {
			if fateOf(one) == "" && one != a.email {
				return fail(403, "validation_error", "You can only send testing emails to your own email address ("+a.email+"). To send emails to other recipients, please verify a domain at resend.com/domains, and change the `from` address to an email using this domain.")
			}
		}
		return nil
	}
	if !a.domains {
		return nil
	}
	if known, ok := domains.First(c, "name", domain); ok && sends(known) {
		return nil
	}
	// [3, users' captures; D api-reference/errors without the address]
	return fail(403, "validation_error", "The "+domain+" domain is not verified. Please, add and verify your domain on https://resend.com/domains")
}

func sends(domain sdk.Doc) bool {
	status := domain.Get("status").String()
	return (status == "verified" || status == "partially_verified") && domain.Get("capabilities", "sending").String() != "disabled"
}

// maxAhead [D dashboard/emails/schedule-email, 2026-11: up to 30 days].
const maxAhead = 30 * 24 * time.Hour

// scheduleOf is when an email is to be sent, zero for at once.
func scheduleOf(c *sdk.Call, given sdk.Doc) (time.Time, error) {
	text := given.String()
	if text == "" {
		return time.Time{}, nil
	}
	at, ok := when.Parse(text, c.Now())
	switch {
	case !ok:
		return at, invalid("Invalid `scheduled_at` field. It has to be a date in ISO 8601 format or natural language.") // believed
	case at.Sub(c.Now()) > maxAhead:
		return at, invalid("The `scheduled_at` field must be at most 30 days in the future.") // the text is believed
	case !at.After(c.Now()):
		return time.Time{}, nil
	}
	return at, nil
}

// messageID is the Message-ID that an email goes out with.
func messageID(id string) string { return "<" + id + "-000000@email.amazonses.com>" }

// lower is an address as it is compared.
func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
