package main

import (
	"strconv"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

// goOn takes a message that has a status to the next one, in time.
func goOn(c *sdk.Call, sid, status string) {
	if step, ok := ladder[status]; ok {
		c.SetTimer("status", c.Account()+"/"+sid, c.Now().Add(step.takes), step.next)
	}
}

func statusDue(c *sdk.Call, next string) error {
	sid := c.Name[35:]
	actFor(c, c.Name[:34])
	d, ok := messages.Get(c, sid)
	if !ok || next == "queued" && !chooseSender(c, d) {
		return nil
	}
	setStatus(c, d, next, 0)
	goOn(c, sid, next)
	return nil
}

// chooseSender gives a message of a messaging service its sender; false if there
// is none or the recipient has opted out meanwhile, and the message has failed.
func chooseSender(c *sdk.Call, d sdk.Doc) bool {
	service := d.Get("messaging_service_sid").String()
	to := d.Get("to").String()
	if d.Get("from").String() == "" {
		from, ok := poolOf(c, service).choose(c, service, to)
		if !ok {
			setStatus(c, d, "failed", 21704)
			return false
		}
		d.SetString("from", from)
	}
	d.SetString("num_segments", strconv.Itoa(phone.Segments(d.Get("body").String())))
	if isOptedOut(c, service, d.Get("from").String(), to) {
		setStatus(c, d, "failed", 21610)
		return false
	}
	return true
}

// setStatus changes a message's status and tells whoever asked for that.
func setStatus(c *sdk.Call, d sdk.Doc, status string, code int) {
	now := sdk.RFC2822(c.Now())
	d.SetString("status", status)
	d.SetString("date_updated", now)
	if code != 0 {
		d.SetInt("error_code", int64(code))
		d.SetString("error_message", deliveryErrors[code])
	}
	switch status {
	case "sent":
		d.SetString("date_sent", now)
		if d.Get("direction").String() != "inbound" {
			d.SetString("price", price(d))
		}
	case "canceled", "failed", "undelivered":
		c.ClearTimer("status", c.Account()+"/"+d.Get("sid").String())
	}
	messages.Update(c, d)
	callBack(c, d, status, code)
}

// price is what a message cost: believed, the vendor's list price of a segment
// to the United States, whatever the country.
func price(d sdk.Doc) string {
	if d.Get("num_media").String() != "0" {
		return "-0.02000"
	}
	n, _ := strconv.Atoi(d.Get("num_segments").String())
	return strconv.FormatFloat(-0.0079*float64(n), 'f', 5, 64)
}

// selectCallback is where the statuses of a message go: to its own callback, else to
// that of its messaging service.
var selectCallback = sdk.Define(`SELECT coalesce((SELECT url FROM callbacks WHERE seq = (SELECT seq FROM objects WHERE id = ?2 AND account = ?1)),
	(SELECT doc ->> '$.status_callback' FROM objects WHERE id = ?3 AND account = ?1 AND type = 'messaging_service' AND deleted = 0))`)

// callBack sends a status to the message's StatusCallback, else to its
// messaging service's, and to where every event goes.
func callBack(c *sdk.Call, d sdk.Doc, status string, code int) {
	sid, service := d.Get("sid").String(), d.Get("messaging_service_sid").String()
	rows := selectCallback.MustRun(c.Args().Text(c.Account()).Text(sid).Text(service))
	rows.Next()
	target := rows.Text()
	h := newHook(c, "status", "POST", sid)
	// [D docs/messaging/guides/track-outbound-message-status, 2026-11]; the order
	// is of users' captures.
	if code != 0 {
		h.add("ErrorCode", strconv.Itoa(code))
	}
	h.add("SmsSid", sid, "SmsStatus", status, "MessageStatus", status, "To", d.Get("to").String())
	if service != "" {
		h.add("MessagingServiceSid", service)
	}
	h.add("MessageSid", sid, "AccountSid", d.Get("account_sid").String(), "From", d.Get("from").String(), "ApiVersion", "2010-04-01")
	if status == "delivered" || status == "undelivered" {
		// [D twilio.com/en-us/changelog/addition-of-rawdlrdonedate-to-delivered-and-undelivered-status-webhooks, 2026-11]
		h.add("RawDlrDoneDate", c.Now().Format("0601021504"))
	}
	if target != "" {
		h.send(c, "message."+status, target)
	}
	for _, u := range c.Forwards {
		h.send(c, "message."+status, u)
	}
}
