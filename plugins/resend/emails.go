package main

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// emails are those that were sent. Beside what answers show they keep what happened
// to them, for events and recipients.
var emails = resend.Collect(&sdk.Collection{
	Type: "email", Entity: "emails", Index: []string{"broadcast_id", "contact_id"},
	Fields: []string{"to", "from", "subject", "last_event", "scheduled_at", "broadcast_id", "tags"}, Aliases: []string{"email", "mail"},
})

var emailTemplate = sdk.MustTemplate(`{"object":"email","id":"","message_id":"","to":[],"from":"","created_at":"","subject":"","html":null,"text":null,"bcc":[],"cc":[],"reply_to":[],"last_event":"queued","scheduled_at":null,"tags":[],"topic_id":null,"template_id":null,"broadcast_id":null,"contact_id":null,"headers":{},"attachments":[],"history":[],"clicks":[]}`)

func emailHandlers() {
	k := &kind{
		path: "emails", object: "email", noun: "Email", param: "email_id", level: sdk.Exact, keep: emails, template: emailTemplate, complete: completeEmail,
		// [S resend-node GetEmailResponseSuccess and ListEmail, 6.38]
		shown:  "object id message_id to from created_at subject html text bcc cc reply_to last_event scheduled_at tags topic_id",
		listed: "id message_id to from created_at subject bcc cc reply_to last_event scheduled_at",
	}
	k.serve("list get")
	handle("emails/send", sdk.Exact, sendEmail)
	handle("emails/send-batch", sdk.Exact, sendBatch)
	k.on("update", updateEmail)
	k.on("cancel", func(r *request, d sdk.Doc) error {
		if err := scheduled(d); err != nil {
			return err
		}
		r.ClearTimer("send", d.Get("id").String())
		d.SetString("last_event", "canceled")
		return k.changed(r, d)
	})
	k.on("share", shareEmail)
	attachmentHandlers(k, "attachment", hostOutbound)
}

// idempotencyLifetime [D dashboard/emails/idempotency-keys, 2026-11: 24 hours].
const idempotencyLifetime = 24 * 3600

// once runs an operation once for an Idempotency-Key. Only successes are kept:
// what was refused did nothing (believed).
func (r *request) once(run func() error) error {
	_, given := r.Headers.Find("Idempotency-Key")
	return r.onceFor(r.Header("Idempotency-Key"), given, run)
}

// onceFor is once with a key that is given or not.
func (r *request) onceFor(key string, given bool, run func() error) error {
	if !given {
		return run()
	}
	if key == "" || len(key) > 256 {
		return fail(400, "invalid_idempotency_key", textKeyLength)
	}
	scoped := r.op.ID + " " + key // [D api-reference/errors: with this method and endpoint]
	print := hex.EncodeToString(r.Digest(sdk.SHA256, r.fingerprintBody())[:16])
	switch check, replay := r.CheckIdempotency(scoped, print, idempotencyLifetime); check {
	case sdk.KeyReplay:
		r.SetStatus(replay.Status)
		return r.Send(replay.Body)
	case sdk.KeyMismatched:
		return fail(409, "invalid_idempotent_request", textKeyUsed)
	case sdk.KeyInFlight:
		return fail(409, "concurrent_idempotent_requests", textKeyInUse)
	}
	if err := run(); err != nil {
		return err
	}
	r.StoreReplay(scoped, print, "")
	return nil
}

func (r *request) fingerprintBody() string {
	if r.HasBlob || r.Host == hostSMTP { // a mail sent again has another date
		return r.params.JSON()
	}
	return r.Request.Body
}

func sendEmail(r *request) error {
	return r.once(func() error {
		d, err := r.compose(r.params, r.op.Fields)
		if err != nil {
			return err
		}
		if err := spend(r.Call, recipients(d)); err != nil {
			return err
		}
		out := r.pick(d, "id")
		r.accept(d, r.params)
		return r.JSON(out)
	})
}

func recipients(d sdk.Doc) int64 {
	return int64(d.Get("to").Len() + d.Get("cc").Len() + d.Get("bcc").Len())
}

// compose makes an email of what a request says, or says what is wrong with it.
// Nothing is kept yet.
func (r *request) compose(p sdk.Doc, fields *sdk.Fields) (sdk.Doc, error) {
	d := create(r.Call, emailTemplate)
	var content rendered
	if t := p.Get("template"); !t.IsNull() {
		if err := checkFields(p, fields, "from", "subject"); err != nil {
			return d, err
		}
		if p.Get("html").Exists() || p.Get("text").Exists() { // [S SendEmailRequest.template]
			return d, invalid("You cannot use `html` or `text` together with `template`.")
		}
		var err error
		if content, err = r.render(t); err != nil {
			return d, err
		}
		d.SetString("template_id", content.id)
	} else if err := checkFields(p, fields); err != nil {
		return d, err
	}
	content.overlay(p)
	for _, must := range [...]struct{ name, value string }{{"from", content.from}, {"subject", content.subject}} {
		if must.value == "" {
			return d, missing(must.name)
		}
	}
	if content.html == "" && content.text == "" && !p.Get("html").Exists() && !p.Get("text").Exists() {
		return d, fail(422, "missing_required_field", "Missing `html` or `text` field.") // [3, users' captures]
	}
	d.SetString("from", content.from)
	d.SetString("subject", content.subject)
	if content.html != "" || p.Get("html").Exists() {
		d.SetString("html", content.html)
	}
	if content.text != "" || p.Get("text").Exists() {
		d.SetString("text", content.text)
	}
	if err := r.setAddresses(d, p); err != nil {
		return d, err
	}
	if d.Get("reply_to").Len() == 0 && content.replyTo.Len() > 0 {
		d.SetDoc("reply_to", content.replyTo)
	}
	if err := setTags(d, p.Get("tags")); err != nil {
		return d, err
	}
	if topic := p.Get("topic_id").String(); topic != "" {
		if _, ok := topics.Get(r.Call, topic); !ok {
			return d, notFound("Topic")
		}
		d.SetString("topic_id", topic)
	}
	if h := p.Get("headers"); h.Kind() == sdk.Object {
		d.SetDoc("headers", h)
	}
	if err := r.setSchedule(d, p.Get("scheduled_at")); err != nil {
		return d, err
	}
	if err := checkAttachments(p.Get("attachments")); err != nil {
		return d, err
	}
	d.SetString("message_id", messageID(d))
	return d, r.mayFrom(d)
}

// wrongAddress [3, users' captures; D api-reference/errors had it as invalid_from_address].
func wrongAddress(field string) error {
	return invalid("Invalid `" + field + "` field. The email address needs to follow the `email@example.com` or `Name <email@example.com>` format.")
}

// maxRecipients [S SendEmailRequest.to: max 50].
const maxRecipients = 50

func (r *request) setAddresses(d, p sdk.Doc) error {
	if _, ok := address(d.Get("from").String()); !ok {
		return wrongAddress("from")
	}
	for _, field := range [...]string{"to", "cc", "bcc", "reply_to"} {
		given := p.Get(field)
		if given.IsNull() {
			continue
		}
		list := d.SetArray(field)
		if given.Kind() == sdk.Array {
			for one := range given.All {
				list.AddString(one.String())
			}
		} else if s := given.String(); s != "" {
			list.AddString(s)
		}
		if field == "to" && list.Len() > maxRecipients {
			return invalid("The `to` field must have at most 50 recipients.") // the text is believed
		}
		for one := range list.All {
			a, ok := address(one.String())
			if !ok {
				return wrongAddress(field)
			}
			if field != "reply_to" && placeholder(domainOf(a)) {
				// [3, users' captures; D knowledge-base/what-email-addresses-to-use-for-testing]
				return invalid("Invalid `" + field + "` field. Please use our testing email address instead of domains like `" + domainOf(a) + "`.")
			}
		}
	}
	if d.Get("to").Len() == 0 {
		return missing("to")
	}
	return nil
}

// setTags [S Tag: ASCII letters, digits, underscores, dashes, at most 256].
func setTags(d, tags sdk.Doc) error {
	for tag := range tags.All {
		for _, part := range [...]string{"name", "value"} {
			if s := tag.Get(part).String(); s == "" || len(s) > 256 || !plainName(s) {
				return invalid("Tags should only contain ASCII letters, numbers, underscores, or dashes.") // [3, users' captures]
			}
		}
	}
	if tags.Kind() == sdk.Array {
		d.SetDoc("tags", tags)
	}
	return nil
}

func plainName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return true
}

// mayFrom tells whether the account may send from an email's sender. A session that
// knows no domain takes senders' domains as verified, so that an application works
// without a seed; one with domains holds to them.
func (r *request) mayFrom(d sdk.Doc) error {
	from, _ := address(d.Get("from").String())
	domain := domainOf(from)
	if own := domainOfToken(r.Call); own != "" {
		if known, ok := domains.Get(r.Call, own); !ok || known.Get("name").String() != domain {
			return fail(401, "restricted_api_key", "This API key is not authorized to send emails from "+domain) // the text is believed
		}
	}
	if domain == testDomain { // [D knowledge-base/403-error-resend-dev-domain, 2026-11]
		own := accountOf(r.Call).email
		for _, field := range [...]string{"to", "cc", "bcc"} {
			for one := range d.Get(field).All {
				if a, _ := address(one.String()); fateOf(a) == "" && a != own {
					return fail(403, "validation_error", "You can only send testing emails to your own email address ("+own+"). To send emails to other recipients, please verify a domain at resend.com/domains, and change the `from` address to an email using this domain.")
				}
			}
		}
		return nil
	}
	known, ok := domains.First(r.Call, "name", domain)
	if ok && sends(known) || !ok && domains.Count(r.Call) == 0 {
		return nil
	}
	// [3, users' captures; D api-reference/errors without the address]
	return fail(403, "validation_error", "The "+domain+" domain is not verified. Please, add and verify your domain on https://resend.com/domains")
}

func sends(domain sdk.Doc) bool {
	status := domain.Get("status").String()
	return (status == "verified" || status == "partially_verified") && domain.Get("capabilities", "sending").String() != "disabled"
}

// accept keeps a composed email, and sends it or waits for its time.
func (r *request) accept(d, p sdk.Doc) {
	r.keepAttachments(d, p.Get("attachments"))
	at := d.Get("scheduled_at")
	if at.IsNull() {
		insertSent(r.Call, d, targets(r.Call))
		return
	}
	d.SetString("last_event", "scheduled")
	d.Get("history").AddString("scheduled")
	emitEmail(r.Call, targets(r.Call), "email.scheduled", d, sdk.Doc{})
	id := d.Get("id").String()
	when, _ := parseTime(at.String())
	r.SetTimer("send", id, when, id)
	insert(r.Call, emails, d)
}

// maxAhead [D dashboard/emails/schedule-email, 2026-11: up to 30 days].
const maxAhead = 30 * 24 * time.Hour

func (r *request) setSchedule(d, given sdk.Doc) error {
	if given.IsNull() || given.String() == "" {
		return nil
	}
	at, ok := parseWhen(given.String(), r.Now())
	if !ok {
		return invalid("Invalid `scheduled_at` field. It has to be a date in ISO 8601 format or natural language.") // believed
	}
	if at.Sub(r.Now()) > maxAhead {
		return invalid("The `scheduled_at` field must be at most 30 days in the future.") // the text is believed
	}
	if at.After(r.Now()) {
		d.SetString("scheduled_at", stampOf(at))
	}
	return nil
}

// scheduled refuses an email that is not waiting.
func scheduled(d sdk.Doc) error {
	if d.Get("last_event").String() != "scheduled" {
		return invalid("The email is not scheduled.") // the text is believed
	}
	return nil
}

func updateEmail(r *request, d sdk.Doc) error {
	given := r.params.Get("scheduled_at")
	if err := scheduled(d); err != nil {
		return err
	}
	if given.IsNull() {
		return missing("scheduled_at")
	}
	d.SetString("scheduled_at", stamp(r.Call)) // for a time that has come
	if err := r.setSchedule(d, given); err != nil {
		return err
	}
	id := d.Get("id").String()
	at, _ := parseTime(d.Get("scheduled_at").String())
	emails.Update(r.Call, d)
	r.SetTimer("send", id, at, id)
	return r.answerID("email", id)
}

func shareEmail(r *request, d sdk.Doc) error {
	if in := r.text("expires_in"); in != "" {
		// [S ShareEmailOptions.expires_in: `10m`, `2 hours`, `1 day`, at most 48 hours]
		if span, ok := parseSpan(in); !ok || span <= 0 || span > 48*time.Hour {
			return invalid("The `expires_in` field must be a duration of at most 48 hours.")
		}
	}
	out := r.pick(d, "object id")
	out.SetString("url", "https://resend.com/shared?token="+r.Random(sdk.Objects, 40, sdk.Base62))
	return r.JSON(out)
}

// completeEmail fills a seeded email up.
func completeEmail(c *sdk.Call, path string, d sdk.Doc) {
	if d.Get("message_id").String() == "" {
		d.SetString("message_id", messageID(d))
	}
	if d.Get("last_event").String() == "queued" {
		d.SetString("last_event", "delivered")
	}
	if history := d.Get("history"); history.Len() == 0 {
		last := d.Get("last_event").String()
		if !slices.Contains([]string{"sent", "scheduled", "canceled", "failed"}, last) {
			history.AddString("sent")
		}
		if slices.Contains([]string{"opened", "clicked", "complained"}, last) {
			history.AddString("delivered")
		}
		history.AddString(last)
	}
	for _, field := range [...]string{"to", "cc", "bcc", "reply_to"} {
		if one := d.Get(field); one.Kind() == sdk.String {
			text := one.String()
			d.SetArray(field).AddString(text)
		}
	}
	if id := d.Get("broadcast_id").String(); id != "" {
		if _, ok := broadcasts.Get(c, id); !ok {
			c.AddFault(path+".broadcast_id", "no broadcast "+id)
		}
	}
}

// messageID is the Message-ID that an email goes out with.
func messageID(d sdk.Doc) string {
	return "<" + d.Get("id").String() + "-000000@email.amazonses.com>"
}

// lower is an address as it is compared.
func lower(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
