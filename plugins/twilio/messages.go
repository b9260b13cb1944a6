package main

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

var messages = (&kind{
	name: "Message", host: "api", sid: "SM", list: "messages", shape: messageShape,
	path: base2010 + "/Accounts/{account}/Messages/{sid}.json",
	show: func(c *sdk.Call, d sdk.Doc) { asOfDay(c, d, nil, oldMessage) },
}).collect("messages", "message")

func messageHandlers() {
	messages.serve("F")
	handle("CreateMessage", createMessage)
	handle("UpdateMessage", with(messages.find, updateMessage))
	handle("DeleteMessage", with(messages.find, deleteMessage))
	handle("ListMessage", listMessages)
	handle("CreateMessageFeedback", createFeedback)
	handle("CreateCall", createCall)
}

// draft is a message on its way to being kept. It is written as a document once, when
// all is known of it: sending is what applications do most.
type draft struct {
	sid, status    string // as document makes them
	from, to, body string
	service        sdk.Doc // absent without one
	media          []string
	direction      string
	callback       string
	sendAt         time.Time // zero is now
	feedback       bool
	smart          bool
}

// asked are the parameters of a message.
type asked struct {
	to, from, body, media, callback, service, content sdk.Doc
	feedback, smart, validity, price, schedule, at    sdk.Doc
}

func askedOf(params sdk.Doc) (a asked) {
	params.Pick([]sdk.Slot{
		{"To", &a.to}, {"From", &a.from}, {"Body", &a.body}, {"StatusCallback", &a.callback}, {"MessagingServiceSid", &a.service}, {"MediaUrl", &a.media},
		{"ProvideFeedback", &a.feedback}, {"SmartEncoded", &a.smart}, {"ValidityPeriod", &a.validity}, {"MaxPrice", &a.price}, {"ScheduleType", &a.schedule},
		{"SendAt", &a.at}, {"ContentSid", &a.content},
	})
	return a
}

// createMessage sends a message. The order of the checks is believed.
func createMessage(r *request) error {
	a := askedOf(r.params)
	m := draft{
		to: strings.TrimSpace(a.to.String()), from: strings.TrimSpace(a.from.String()), body: a.body.String(), media: a.media.Texts(),
		direction: "outbound-api", callback: a.callback.String(), feedback: a.feedback.String() == "true", smart: a.smart.String() == "true",
	}
	service := a.service.String()
	if service == "" && strings.HasPrefix(m.from, "MG") && len(m.from) == 34 {
		service, m.from = m.from, ""
	}
	switch {
	case m.to == "":
		return refuse(21604)
	case m.from == "" && service == "":
		return refuse(21603)
	case m.body == "" && len(m.media) == 0 && a.content.String() == "":
		return refuse(21602)
	case a.content.Exists():
		return r.without("ContentSid")
	}
	if err := m.check(&a); err != nil {
		return err
	}
	if r.isTest() {
		return sendForTests(r, &m)
	}
	if service != "" {
		if len(service) != 34 || !strings.HasPrefix(service, "MG") {
			return refuse(21705, service)
		}
		var ok bool
		if m.service, ok = services.Get(r.Call, service); !ok {
			return refuse(21701)
		}
	}
	if err := m.schedule(r.Call, &a); err != nil {
		return err
	}
	if err := m.pair(); err != nil {
		return err
	}
	if err := m.sender(r.Call); err != nil {
		return err
	}
	d := m.keep(r.Call)
	r.SetStatus(201)
	return messages.answer(r, d)
}

// check looks at what needs nothing but the request.
func (m *draft) check(a *asked) error {
	if v := a.validity.String(); v != "" {
		if n, err := strconv.Atoi(v); err != nil || n < 1 || n > mostValidity {
			return refuse(21624)
		}
	}
	if v := a.price.String(); v != "" {
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return refuse(21627)
		}
	}
	return cmp.Or(
		when(m.isTooLong(), 21617),
		when(len(m.media) > mostMedia, 21623),
		when(slices.ContainsFunc(m.media, func(u string) bool { return !isURL(u) }), 21620),
		when(m.callback != "" && !isURL(m.callback), 21609, m.callback),
	)
}

// isTooLong counts as the vendor does only what is longer in bytes, as it is then.
func (m *draft) isTooLong() bool { return len(m.body) > mostBody && phone.Units(m.body) > mostBody }

// schedule reads SendAt and ScheduleType.
func (m *draft) schedule(c *sdk.Call, a *asked) error {
	kind, at := a.schedule.String(), a.at.String()
	switch {
	case kind == "":
		return nil
	case kind != "fixed":
		return refuse(35126)
	case !m.service.Exists():
		return refuse(35118)
	case at == "":
		return refuse(35111)
	}
	t, err := time.Parse(time.RFC3339, at)
	if err != nil || t.Before(c.Now().Add(soonest)) || t.After(c.Now().Add(latest)) {
		return refuse(35114)
	}
	m.sendAt = t.UTC()
	return nil
}

// pair checks and completes sender and recipient.
func (m *draft) pair() error {
	toChannel, to := channelOf(m.to)
	fromChannel, from := channelOf(m.from)
	if m.from != "" && toChannel != fromChannel {
		return refuse(21910)
	}
	p, why := phone.Parse(to, "")
	switch {
	case toChannel != "" && toChannel != "whatsapp:":
		return when(m.from == m.to, 21266, m.to) // an id of the channel's own
	case why != "":
		return refuse(21211, m.to)
	}
	m.to = toChannel + p.E164
	switch {
	case m.from == "" || fromChannel != "" && fromChannel != "whatsapp:":
	case phone.IsShortCode(from):
	case phone.IsSenderName(from):
		if p.IsAmerican() { // [D docs/glossary/what-alphanumeric-sender-id, 2026-11]
			return refuse(21612, m.to)
		}
	default:
		s, why := phone.Parse(from, "")
		if why != "" || !strings.HasPrefix(from, "+") && len(s.National) != len(strings.Trim(from, "+ -()")) {
			return refuse(21212, m.from)
		}
		m.from = fromChannel + s.E164
	}
	return when(m.from == m.to, 21266, m.to)
}

// channelOf cuts "whatsapp:" and the like off an address; "" is SMS.
func channelOf(address string) (channel, rest string) {
	if address != "" && address[0] <= '9' { // a number
		return "", address
	}
	for _, c := range [...]string{"whatsapp:", "messenger:", "rcs:"} {
		if rest, ok := strings.CutPrefix(address, c); ok {
			return c, rest
		}
	}
	return "", address
}

// selectSender tells of a number who has it, which messaging service it is in,
// and whether a recipient has opted out of it.
var selectSender = sdk.Define(`SELECT (SELECT account FROM links WHERE name = 'incoming_phone_number.phone_number' AND key = ?2 LIMIT 1),
	(SELECT doc ->> '$.service_sid' FROM objects WHERE type = 'pool_number' AND account = ?1 AND deleted = 0 AND doc ->> '$.phone_number' = ?2 LIMIT 1),
	EXISTS(SELECT 1 FROM objects WHERE id = ?2 || '/' || ?3 AND account = ?1 AND type = 'opt_out')`)

// sender checks that the account may send from m.from, that a messaging service
// has a sender, and that the recipient has not opted out. An account that has no
// number at all uses one that the mirror has not been told of: it is taken as the
// account's.
func (m *draft) sender(c *sdk.Call) error {
	rows := selectSender.MustRun(c.Args().Text(c.Account()).Text(m.from).Text(m.to))
	rows.Next()
	owner, in, out := rows.Text(), rows.Text(), rows.Int() != 0
	if m.service.Exists() {
		in = m.service.Get("sid").String()
		pool := poolOf(c, m.service.Get("sid").String())
		if len(pool) == 0 {
			return refuse(21704)
		}
		if m.from != "" && !slices.Contains(pool, m.from) {
			return refuse(21711)
		}
	} else if strings.HasPrefix(m.from, "+") && owner != c.Account() { // no short code, alphanumeric sender or channel
		if owner != "" {
			return refuse(21660, m.from)
		}
		if numbers.Count(c) > 0 {
			return refuse(21659, m.from)
		}
	}
	if out || in != "" && isOptedOut(c, in, m.from, m.to) {
		return refuse(21610)
	}
	return nil
}

// document is the message as it is shown, not kept yet.
func (m *draft) document(c *sdk.Call) sdk.Doc {
	if m.smart || m.service.Get("smart_encoding").Bool() {
		m.body = smart.Replace(m.body)
	}
	kind, sent := "SM", ""
	if len(m.media) > 0 {
		kind = "MM"
	}
	m.sid = newSID(c, kind)
	now := sdk.RFC2822(c.Now())
	segments := strconv.Itoa(phone.Segments(m.body))
	switch {
	case m.direction == "inbound":
		m.status, sent = "received", now
	case !m.sendAt.IsZero():
		m.status, segments = "scheduled", "0"
	case m.service.Exists():
		// [D docs/messaging/guides/outbound-message-status-in-status-callbacks and
		// docs/messaging/api/message-resource, 2026-11]
		m.status, segments = "accepted", "0"
	default:
		m.status = "queued"
	}
	w := messageShape.Write(c)
	w.String("body", m.body)
	w.String("num_segments", segments)
	w.String("direction", m.direction)
	w.Text("from", m.from)
	w.String("to", m.to)
	w.String("date_updated", now)
	w.Joined("uri", base2010, "/Accounts/", c.Account(), "/Messages/", m.sid, ".json")
	w.String("account_sid", c.Account())
	w.String("num_media", strconv.Itoa(len(m.media)))
	w.String("status", m.status)
	w.Text("messaging_service_sid", m.service.Get("sid").String())
	w.String("sid", m.sid)
	w.Text("date_sent", sent)
	w.String("date_created", now)
	if m.feedback {
		uri := account2010(c) + "/Messages/" + m.sid
		w.Doc("subresource_uris", c.Object("media", uri+"/Media.json", "feedback", uri+"/Feedback.json"))
	} else {
		w.Joined("subresource_uris.media", base2010, "/Accounts/", c.Account(), "/Messages/", m.sid, "/Media.json")
	}
	return w.Done(c)
}

// callbacks are where the statuses of messages go, by the place of each: a table that
// grows at its end is cheap to write.
const callbacks = `
CREATE TABLE callbacks(seq INTEGER PRIMARY KEY, url TEXT NOT NULL) STRICT;
`

var keepCallback = sdk.Define(`INSERT INTO callbacks(seq, url) VALUES(last_insert_rowid(), ?1)`) // behind the message's own

// keep makes the message, its media and what becomes of it.
func (m *draft) keep(c *sdk.Call) sdk.Doc {
	d := m.document(c)
	if err := messages.InsertSealed(c, d, m.sid); err != nil {
		panic("twilio: insert message: " + err.Error()) // its id was just made
	}
	if m.callback != "" {
		keepCallback.MustRun(c.Args().Text(m.callback))
	}
	for _, u := range m.media {
		keepMedium(c, m.sid, u)
	}
	if m.direction != "inbound" {
		if m.sendAt.IsZero() {
			goOn(c, m.sid, m.status)
		} else {
			c.SetTimer("status", c.Account()+"/"+m.sid, m.sendAt, "queued")
		}
	}
	return d
}

// updateMessage redacts the body or cancels a scheduled message.
func updateMessage(r *request, d sdk.Doc) error {
	if s := r.text("Status"); s != "" {
		if s != "canceled" {
			return badValue("Invalid Status " + s)
		}
		if d.Get("status").String() != "scheduled" {
			return refuse(30409)
		}
		setStatus(r.Call, d, "canceled", 0)
		return r.JSON(d)
	}
	if r.has("Body") {
		if r.text("Body") != "" {
			return badValue("Body must be empty") // believed: a body can only be redacted
		}
		if !final(d.Get("status").String()) {
			return refuse(20009)
		}
		d.SetString("body", "")
		messages.save(r.Call, d)
	}
	return r.JSON(d)
}

func deleteMessage(r *request, d sdk.Doc) error {
	if !final(d.Get("status").String()) {
		return refuse(20009)
	}
	messages.Delete(r.Call, d.Get("sid").String(), d)
	return noContent(r)
}

// final tells whether nothing is going to happen to a message any more. One that
// was sent may be delivered yet, or not.
func final(status string) bool {
	return !slices.Contains([]string{"accepted", "scheduled", "queued", "sending", "receiving"}, status)
}

func listMessages(r *request) error {
	q, _ := r.filtered("To From")
	if !r.has("DateSent") && !r.has("DateSent<") && !r.has("DateSent>") {
		return messages.answerPage(r, q, nil)
	}
	within, err := sentWithin(r)
	if err != nil {
		return err
	}
	return messages.answerPage(r, q, within)
}

// sentWithin reads the DateSent filters: a day, or an instant, in GMT; < and >
// take the day in [D docs/messaging/api/message-resource, 2026-11].
func sentWithin(r *request) (func(d sdk.Doc) bool, error) {
	from, to := time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range [...]string{"DateSent", "DateSent<", "DateSent>"} {
		v := r.text(name)
		if v == "" {
			continue
		}
		day, err := time.Parse("2006-01-02", v)
		end := day.Add(24*time.Hour - time.Second)
		if err != nil {
			if day, err = time.Parse(time.RFC3339, v); err != nil {
				return nil, badValue("Invalid " + name + " " + v)
			}
			end = day
		}
		if name != "DateSent<" {
			from = day
		}
		if name != "DateSent>" {
			to = end
		}
	}
	return func(d sdk.Doc) bool {
		t, ok := sdk.ParseRFC2822(d.Get("date_sent").String())
		return ok && !t.Before(from) && !t.After(to)
	}, nil
}

// createFeedback records whether a recipient did what the message was for.
func createFeedback(r *request) error {
	id := r.Value("MessageSid")
	if _, ok := messages.Get(r.Call, id); !ok {
		return notFound(r.Call)
	}
	outcome := cmp.Or(r.text("Outcome"), "confirmed")
	if outcome != "confirmed" && outcome != "unconfirmed" {
		return badValue("Invalid Outcome " + outcome)
	}
	d := feedbackShape.New(r.Arena)
	now := sdk.RFC2822(r.Now())
	set(d, "account_sid", r.Account(), "message_sid", id, "outcome", outcome, "date_created", now, "date_updated", now, "uri", r.Path())
	return r.JSON(d)
}
