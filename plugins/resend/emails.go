package main

import (
	"encoding/hex"
	"slices"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/when"
)

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
	key, given := r.Headers.Find("Idempotency-Key")
	return r.onceFor(key, given, run)
}

// onceFor is once with a key that is given or not.
func (r *request) onceFor(key string, given bool, run func() error) error {
	if !given {
		return run()
	}
	if key == "" || len(key) > 256 {
		return fail(400, "invalid_idempotency_key", textKeyLength)
	}
	body := r.Request.Body
	if r.HasBlob || r.Host == hostSMTP { // a mail sent again has another date
		body = r.params.JSON()
	}
	// [D api-reference/errors: a key is of its method and endpoint]
	check, err := r.RunOnce(r.op.ID+" "+key, hex.EncodeToString(r.Digest(sdk.SHA256, body)[:16]), idempotencyLifetime, run)
	switch check {
	case sdk.KeyMismatched:
		return fail(409, "invalid_idempotent_request", textKeyUsed)
	case sdk.KeyInFlight:
		return fail(409, "concurrent_idempotent_requests", textKeyInUse)
	}
	return err
}

func sendEmail(r *request) error {
	return r.once(func() error {
		id, err := r.send()
		if err != nil {
			return err
		}
		r.Write(`{"id":`)
		r.WriteString(id)
		r.Write(`}`)
		return nil
	})
}

// send sends the email that the parameters are, or keeps it until its time.
func (r *request) send() (id string, err error) {
	m, err := r.compose(r.params, r.op.Fields)
	if err != nil {
		return "", err
	}
	if err := spend(r.Call, int64(len(m.addresses))); err != nil {
		return "", err
	}
	m.accept(r.Call)
	return m.id, nil
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
	at, err := scheduleOf(r.Call, given)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = r.Now() // its time has come
	}
	d.SetString("scheduled_at", stampOf(at))
	id := d.Get("id").String()
	emails.Update(r.Call, d)
	r.SetTimer("send", id, at, id)
	return r.answer("object", "email", "id", id)
}

func shareEmail(r *request, d sdk.Doc) error {
	if in := r.text("expires_in"); in != "" {
		// [S ShareEmailOptions.expires_in: `10m`, `2 hours`, `1 day`, at most 48 hours]
		if span, ok := when.Span(in); !ok || span <= 0 || span > 48*time.Hour {
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
		d.SetString("message_id", messageID(d.Get("id").String()))
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
	refers(c, path+".broadcast_id", broadcasts, d.Get("broadcast_id").String(), true)
}
