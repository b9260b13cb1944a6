package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/when"
)

func broadcastHandlers() {
	k := &kind{
		path: "broadcasts", object: "broadcast", noun: "Broadcast", param: "id", level: sdk.Exact, keep: broadcasts, template: broadcastTemplate,
		shown:  "object id name audience_id segment_id from subject reply_to preview_text status created_at scheduled_at sent_at topic_id html text",
		listed: "id name audience_id segment_id status created_at scheduled_at sent_at topic_id", usual: everything, set: setBroadcast,
		complete: func(c *sdk.Call, path string, d sdk.Doc) {
			refers(c, path+".segment_id", segments, d.Get("segment_id").String(), true)
		},
	}
	k.serve("list get")
	handle("broadcasts/create", sdk.Exact, createBroadcast)
	// draft registers what can be done to drafts alone.
	draft := func(verb string, run func(r *request, d sdk.Doc) error) {
		k.on(verb, func(r *request, d sdk.Doc) error {
			if d.Get("status").String() != "draft" {
				return invalid("The broadcast is no draft.") // the text is believed
			}
			return run(r, d)
		})
	}
	draft("update", k.change)
	draft("remove", k.remove)
	draft("send", startBroadcast)
	k.on("cancel", func(r *request, d sdk.Doc) error {
		if d.Get("status").String() != "queued" {
			return invalid("The broadcast is not queued.") // the text is believed
		}
		r.ClearTimer("broadcast", d.Get("id").String())
		d.SetString("status", "draft")
		d.SetNull("scheduled_at")
		return k.changed(r, d)
	})
	k.on("recipients", listRecipients)
	k.on("list-clicked-links", listClickedLinks)
}

func createBroadcast(r *request) error {
	if err := r.check("segment_id"); err != nil {
		return err
	}
	d := create(r.Call, broadcastTemplate)
	if r.text("segment_id") == "" && r.text("audience_id") == "" {
		return missing("segment_id")
	}
	if err := setBroadcast(r, d); err != nil {
		return err
	}
	send := r.params.Get("send").Bool()
	if !send && !r.params.Get("scheduled_at").IsNull() { // [S CreateBroadcastOptions.scheduled_at]
		return invalid("The `scheduled_at` field can only be used if `send` is true.")
	}
	broadcasts.MustInsert(r.Call, d)
	if send {
		return startBroadcast(r, d)
	}
	return r.answer("object", "broadcast", "id", d.Get("id"))
}

func setBroadcast(r *request, d sdk.Doc) error {
	segment := r.text("segment_id")
	if segment == "" {
		segment = r.text("audience_id")
	}
	if segment != "" {
		d.Put("segment_id", segment, "audience_id", segment)
	}
	if err := cmp.Or(r.known(segments, segment, "Segment"), r.known(topics, r.text("topic_id"), "Topic")); err != nil {
		return err
	}
	if from := r.text("from"); from != "" {
		if _, ok := sdk.ParseAddress(from); !ok {
			return wrongAddress("from")
		}
	}
	r.set(d, "name", "from", "subject", "preview_text", "html", "text", "topic_id")
	r.setReplyTo(d)
	return nil
}

// startBroadcast sends a broadcast, or waits for its time.
func startBroadcast(r *request, d sdk.Doc) error {
	sender, _ := sdk.ParseAddress(d.Get("from").String())
	if err := mayFrom(r.Call, sender, nil); err != nil {
		return err
	}
	id, at := d.Get("id").String(), r.Now()
	if v := r.text("scheduled_at"); v != "" {
		var ok bool
		if at, ok = when.Parse(v, r.Now()); !ok {
			return invalid("Invalid `scheduled_at` field. It has to be a date in ISO 8601 format or natural language.")
		}
		d.SetString("scheduled_at", stampOf(at))
	}
	d.SetString("status", "queued")
	broadcasts.Update(r.Call, d)
	r.SetTimer("broadcast", id, at, id)
	return r.answer("object", "broadcast", "id", id)
}

// chunk is how many contacts of a broadcast one call sends to.
const chunk = 100

// broadcastTimer sends to the next contacts of a broadcast, oldest first. payload is
// its id, and behind a space the place of the last contact.
func broadcastTimer(c *sdk.Call, payload string) error {
	id, last, _ := strings.Cut(payload, " ")
	d, ok := broadcasts.Get(c, id)
	if !ok || d.Get("status").String() != "queued" {
		return nil
	}
	seq, _ := strconv.ParseInt(last, 10, 64)
	rows := selectMembers.MustRun(c.Args().Text(d.Get("segment_id").String()).Int(seq).Int(chunk))
	n := rows.Count()
	topic, _ := topics.Get(c, d.Get("topic_id").String())
	for rows.Next() {
		seq = rows.Int()
		sendBroadcastTo(c, d, topic, rows.Text())
	}
	if n == chunk {
		c.Continue("broadcast", id, id+" "+strconv.FormatInt(seq, 10))
		return nil
	}
	d.Put("status", "sent", "sent_at", stamp(c))
	broadcasts.Update(c, d)
	return nil
}

var selectMembers = sdk.Define(`SELECT l.seq, o.doc ->> '$.contact_id' FROM links l JOIN objects o ON o.seq = l.seq
	WHERE l.name = 'contact_segment.segment_id' AND l.account = '' AND l.key = ?1 AND l.seq > ?2 AND o.deleted = 0 ORDER BY l.seq LIMIT ?3`)

// sendBroadcastTo sends to one contact, unless it unsubscribed from everything or
// left the topic [S CreateContactOptions.unsubscribed].
func sendBroadcastTo(c *sdk.Call, b, topic sdk.Doc, id string) {
	contact, ok := contacts.Get(c, id)
	if !ok || contact.Get("unsubscribed").Bool() {
		return
	}
	if topic.Exists() && subscriptionOf(c, id, topic) == "opt_out" {
		return
	}
	m := newMessage(c)
	fill := func(name string) string {
		v := b.Get(name)
		if v.IsNull() {
			return ""
		}
		return substitute(v.String(), func(name string) (string, bool) { return contactValue(c, contact, name) })
	}
	m.from, m.to, m.replyTo = b.Get("from").String(), []string{contact.Get("email").String()}, b.Get("reply_to").Texts()
	m.subject, m.html, m.text = fill("subject"), fill("html"), fill("text")
	m.hasHTML, m.hasText = !b.Get("html").IsNull(), !b.Get("text").IsNull()
	m.broadcast, m.contact = b.Get("id").String(), id
	m.accept(c)
}

// contactValue is what stands for a variable of a broadcast [D
// dashboard/templates/introduction: FIRST_NAME, LAST_NAME, EMAIL].
func contactValue(c *sdk.Call, contact sdk.Doc, name string) (string, bool) {
	member := strings.TrimPrefix(strings.ToLower(name), "contact.")
	switch member {
	case "first_name", "last_name", "email":
		v := contact.Get(member).String()
		return v, v != ""
	case "resend_unsubscribe_url", "unsubscribe_url":
		return "https://resend.com/unsubscribe/" + contact.Get("id").String(), true // believed
	}
	if v := contact.Get("properties", member); !v.IsNull() {
		return v.String(), true
	}
	if p, ok := properties.First(c, "key", member); ok {
		v := p.Get("fallback_value").String()
		return v, v != ""
	}
	return "", false
}

// setReplyTo takes one address or several.
func (r *request) setReplyTo(d sdk.Doc) {
	if v := r.params.Get("reply_to"); v.Kind() == sdk.String {
		d.SetArray("reply_to").AddString(v.String())
	} else {
		r.set(d, "reply_to")
	}
}

func listRecipients(r *request, b sdk.Doc) error {
	kind := r.text("type")
	if kind == "" {
		return fail(422, "missing_required_parameter", "Missing `type` parameter.") // [D api-reference/errors has the name]
	}
	var docs []sdk.Doc
	for _, d := range emails.Every(r.Call, "broadcast_id", b.Get("id").String()) {
		address, n := d.Get("to").At(0).String(), d.Get("history").CountOf(kind)
		switch {
		case n == 0, r.text("email") != "" && lower(r.text("email")) != address,
			r.text("bounce_type") != "" && r.text("bounce_type") != d.Get("bounce_type").String():
			continue
		}
		one := r.Object("id", d.Get("id"), "contact_id", d.Get("contact_id"), "email", address, "count", n)
		switch kind {
		case "bounced":
			one.SetDoc("bounce_type", d.Get("bounce_type"))
		case "clicked":
			list := one.SetArray("clicked_links")
			r.links(linksOfEmail, d, func(url string, clicks, _ int64) { list.AddObject().Put("url", url, "clicks", clicks) })
		}
		docs = append(docs, one)
	}
	return r.answerPage(docs, 0)
}

// Links that were clicked in an email, or in those of a broadcast: each with how often,
// and in how many emails, in the order of the first clicks.
const (
	countLinks = `SELECT l.value, count(*), count(DISTINCT o.id) FROM `
	byLink     = ` CROSS JOIN json_each(o.doc, '$.clicks') l WHERE o.deleted = 0 GROUP BY l.value ORDER BY min(o.seq), min(l.key)`
)

var (
	linksOfEmail     = sdk.Define(countLinks + `(SELECT * FROM objects WHERE id = ?1 AND account = '') o` + byLink)
	linksOfBroadcast = sdk.Define(countLinks + `(SELECT seq FROM links WHERE name = 'email.broadcast_id' AND account = '' AND key = ?1) b CROSS JOIN objects o ON o.seq = b.seq` + byLink)
)

// links calls each for what was clicked in the email or broadcast d.
func (r *request) links(counted *sdk.Statement, d sdk.Doc, each func(url string, clicks, emails int64)) {
	rows := counted.MustRun(r.Args().Text(d.Get("id").String()))
	for rows.Next() {
		each(rows.Text(), rows.Int(), rows.Int())
	}
}

func listClickedLinks(r *request, b sdk.Doc) error {
	var docs []sdk.Doc
	r.links(linksOfBroadcast, b, func(url string, clicks, emails int64) {
		docs = append(docs, r.Object("id", url, "url", url, "clicks", clicks, "unique_clicks", emails))
	})
	return r.answerPage(docs, 0)
}
