package main

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// receive makes a message that came in, handles its keyword, and asks the
// application for an answer.
func receive(c *sdk.Call, from, to, body string, media []string) (sdk.Doc, error) {
	p, why := phone.Parse(from, "")
	if why != "" {
		return sdk.Doc{}, sdk.Fail(400, "from: "+from+" is no phone number")
	}
	t, why := phone.Parse(to, "")
	if why != "" {
		return sdk.Doc{}, sdk.Fail(400, "to: "+to+" is no phone number")
	}
	account := numberOwner(c, t.E164)
	if account == "" {
		account = defaultAccount(c)
	}
	c.SetAccount(account)
	number := numberBy(c, t.E164)
	m := draft{from: p.E164, to: t.E164, body: body, media: media, direction: "inbound"}
	m.service = serviceOf(c, number)
	d := m.keep(c)
	keyword(c, &m, &t)
	ask(c, &m, d, number)
	return d, nil
}

// ask sends an incoming message to its webhook: the messaging service's, unless
// that leaves it to the number; the number's application's; the number's own. A
// number without any is answered for by where every event goes.
func ask(c *sdk.Call, m *draft, d, number sdk.Doc) {
	h := newHook(c, "message", "POST", d.Get("sid").String())
	of, names := number, [4]string{"sms_url", "sms_method", "sms_fallback_url", "sms_fallback_method"}
	if m.service.Exists() && !m.service.Get("use_inbound_webhook_on_number").Bool() {
		of, names = m.service, [4]string{"inbound_request_url", "inbound_method", "fallback_url", "fallback_method"}
	} else if app, ok := applications.Get(c, number.Get("sms_application_sid").String()); ok {
		of = app
	}
	url := of.Get(names[0]).String()
	h.inboundFields(c, m, d)
	if url != "" {
		h.SetString("method", of.Get(names[1]).String())
		h.SetString("fallback", of.Get(names[2]).String())
		h.SetString("then", of.Get(names[3]).String())
		h.send(c, "message.received", url)
		h.SetString("kind", "event") // this webhook's answer counts, not the others'
	}
	for _, forward := range c.Forwards {
		h.SetString("method", "POST")
		h.SetString("fallback", "")
		h.send(c, "message.received", forward)
	}
}

// inboundFields are what the webhook of an incoming message is told [D
// twilio.com/docs/messaging/guides/webhook-request, 2026-11]; the order is of
// users' captures. Where people are is not known here and left empty, as the
// vendor does for numbers that it does not know the place of.
func (h hook) inboundFields(c *sdk.Call, m *draft, d sdk.Doc) {
	sid := d.Get("sid").String()
	from, _ := phone.Parse(m.from, "")
	to, _ := phone.Parse(m.to, "")
	h.add("ToCountry", to.ISO(), "ToState", "", "SmsMessageSid", sid, "NumMedia", d.Get("num_media").String(), "ToCity", "", "FromZip", "", "SmsSid", sid,
		"FromState", "", "SmsStatus", "received", "FromCity", "", "Body", m.body, "FromCountry", from.ISO(), "To", m.to)
	if m.service.Exists() {
		h.add("MessagingServiceSid", m.service.Get("sid").String())
	}
	h.add("ToZip", "", "NumSegments", d.Get("num_segments").String(), "MessageSid", sid, "AccountSid", c.Account(), "From", m.from, "ApiVersion", "2010-04-01")
	for i, medium := range mediaOf(c, sid) {
		n := strconv.Itoa(i)
		h.add("MediaContentType"+n, medium.Get("content_type").String(), "MediaUrl"+n, c.BaseURL+strings.TrimSuffix(medium.Get("uri").String(), ".json"))
	}
}

// optOuts are recipients who do not want messages of a number, or of any number
// of a messaging service.
var optOuts = twilio.Collect(&sdk.Collection{Type: "opt_out", Entity: "opt_outs", ID: "id"})

// keyword does what an incoming message of one word asks the vendor for. The
// webhook is asked all the same.
func keyword(c *sdk.Call, m *draft, to *phone.Number) {
	word := strings.ToUpper(strings.TrimSpace(m.body))
	if word == "" || strings.ContainsAny(word, " \t\n") {
		return
	}
	id := optOutID(m.to, m.service.Get("sid").String(), m.from)
	_, out := optOuts.Get(c, id)
	reply := ""
	switch is := func(list string) bool { return strings.Contains(list, " "+word+" ") }; {
	case is(stopWords):
		if !out {
			d := c.NewObject()
			set(d, "id", id, "account_sid", c.Account(), "from", m.to, "to", m.from, "date_created", sdk.RFC2822(c.Now()))
			d.SetStringOrNull("messaging_service_sid", m.service.Get("sid").String())
			optOuts.MustInsert(c, d)
			reply = stopReply
		}
	case is(startWords):
		if out {
			forget.MustRun(c.Args().Text(c.Account()).Text(id))
			reply = startReply
		}
	case is(helpWords) && !out:
		reply = helpReply
	}
	if reply != "" && !to.IsTollFree() { // carriers answer for those
		// The vendor's own answers are no messages of the account: they are not
		// kept, and nobody is called back.
		c.Note("twilio-reply", reply)
	}
}

func optOutID(number, service, recipient string) string {
	if service != "" {
		number = service
	}
	return number + "/" + recipient
}

// isOptedOut tells whether a recipient wants nothing from a sender.
func isOptedOut(c *sdk.Call, service, from, to string) bool {
	_, out := optOuts.Get(c, optOutID(from, service, to))
	return out
}

func (m *draft) isOptedOut(c *sdk.Call) bool {
	service := m.service.Get("sid").String()
	if service == "" {
		service = serviceOf(c, numberBy(c, m.from)).Get("sid").String()
	}
	return isOptedOut(c, service, m.from, m.to)
}

// answered does what the application says to an incoming message: TwiML, or a
// text that is the reply [D twilio.com/docs/messaging/twiml, 2026-11].
func answered(c *sdk.Call, h hook, from string, r sdk.Result) error {
	kind, _ := r.Headers.Find("Content-Type")
	kind, _, _ = strings.Cut(strings.ToLower(kind), ";")
	body := strings.TrimSpace(r.Body)
	switch strings.TrimSpace(kind) {
	case "text/xml", "application/xml", "text/html", "":
	case "text/plain":
		if body != "" {
			h.reply(c, from, &verb{Text: body})
		}
		return nil
	default:
		if body != "" {
			h.failed(c, from, 12300)
		}
		return nil
	}
	if body == "" {
		return nil
	}
	root, ok := parseXML(body)
	if !ok || root.XMLName.Local != "Response" {
		h.failed(c, from, 12100)
		return nil
	}
	for _, verb := range root.Children {
		switch verb.XMLName.Local {
		case "Message", "Sms":
			h.reply(c, from, &verb)
		case "Redirect":
			h.redirect(c, from, &verb)
			return nil // [D docs/messaging/twiml/redirect] what follows is unreachable
		default:
			c.Note("twilio-error", "14110 <"+verb.XMLName.Local+">")
		}
	}
	return nil
}

// mostRedirects is how often TwiML may lead on; believed.
const mostRedirects = 10

func (h hook) redirect(c *sdk.Call, from string, verb *verb) {
	n := h.Get("redirects").Int64()
	if n >= mostRedirects {
		h.failed(c, from, 11215)
		return
	}
	h.SetInt("redirects", n+1)
	h.SetString("method", "POST")
	if strings.EqualFold(verb.attribute("method"), "GET") {
		h.SetString("method", "GET")
	}
	h.send(c, "message.received", resolve(from, strings.TrimSpace(verb.Text)))
}

// resolve makes a URL absolute by the one it stands in; that one, if it is none.
func resolve(from, to string) string {
	base, err := url.Parse(from)
	if err != nil {
		return to
	}
	base.Fragment, base.RawQuery = "", ""
	there, err := base.Parse(to)
	if err != nil {
		return base.String()
	}
	return there.String()
}

func (h hook) field(name string) string { return h.Get("fields", name).String() }

// reply sends what a <Message> says, back to where the message came from unless
// it names somebody else [D twilio.com/docs/messaging/twiml/message, 2026-11].
func (h hook) reply(c *sdk.Call, from string, verb *verb) {
	m := draft{from: h.field("To"), to: h.field("From"), body: strings.TrimSpace(verb.Text), direction: "outbound-reply"}
	if v := verb.attribute("to"); v != "" {
		m.to = v
	}
	if v := verb.attribute("from"); v != "" {
		m.from = v
	}
	for _, noun := range verb.Children {
		switch noun.XMLName.Local {
		case "Body":
			m.body += strings.TrimSpace(noun.Text)
		case "Media":
			m.media = append(m.media, resolve(from, strings.TrimSpace(noun.Text)))
		}
	}
	for _, name := range [...]string{"statusCallback", "action"} {
		if v := verb.attribute(name); v != "" {
			m.callback = resolve(from, v)
		}
	}
	// [D docs/api/errors/14101 to 14103, 2026-11] what is wrong is reported to the
	// account, and nothing is sent.
	code := 0
	if numberOfService(c, h.field("MessagingServiceSid"), m.from) {
		m.service, _ = services.Get(c, h.field("MessagingServiceSid"))
	}
	err := m.pair()
	f, _ := err.(*failure)
	switch {
	case m.body == "" && len(m.media) == 0 || m.isTooLong():
		code = 14103
	case f != nil && f.code == 21211:
		code = 14101
	case f != nil:
		code = 14102
	case m.isOptedOut(c):
		code = 21610
	}
	if code != 0 {
		c.Note("twilio-error", strconv.Itoa(code)+" "+from)
		return
	}
	m.keep(c)
}
