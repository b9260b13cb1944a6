package main

import (
	"slices"
	"strconv"

	"github.com/mirrahq/mirra/sdk"
)

// simulations are what happens at the other end: messages that people send, and
// what becomes of those that they are sent.
func simulations() {
	twilio.Simulate("message.received", func(c *sdk.Call) error {
		p, err := c.Params()
		if err != nil {
			return err
		}
		r := &request{c, p}
		if r.text("from") == "" || r.text("to") == "" {
			return sdk.Fail(400, "want from=+15558675310 to=+14155552671 body=text")
		}
		_, err = receive(c, r.text("from"), r.text("to"), r.text("body"), p.Get("media_url").Texts())
		return err
	})
	for _, status := range [...]string{"queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "canceled"} {
		twilio.Simulate("message."+status, func(c *sdk.Call) error { return simulateStatus(c, status) })
	}
	for _, status := range [...]string{"approved", "canceled", "expired"} {
		twilio.Simulate("verification."+status, func(c *sdk.Call) error { return simulateVerification(c, status) })
	}
}

var (
	findMessage = sdk.Define(`SELECT account, id FROM objects WHERE type = 'message' AND deleted = 0
		AND (id = ?1 OR ?1 = '' AND doc ->> '$.direction' <> 'inbound') ORDER BY seq DESC LIMIT 1`)
	findVerification = sdk.Define(`SELECT account, id FROM objects WHERE type = 'verification' AND deleted = 0
		AND doc ->> '$.status' = 'pending' AND (?1 = '' OR doc ->> '$.to' = ?1) ORDER BY seq DESC LIMIT 1`)
)

// simulateStatus takes a message, the newest outgoing one unless it is named, to
// a status at once, and on no further.
func simulateStatus(c *sdk.Call, status string) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	sid := p.Get("message").String()
	rows := findMessage.MustRun(c.Args().Text(sid))
	if !rows.Next() {
		return sdk.Fail(404, "no outgoing message "+sid)
	}
	c.SetAccount(rows.Text())
	sid = rows.Text()
	d, _ := messages.Get(c, sid)
	code := 0
	if status == "undelivered" || status == "failed" {
		code = 30003 // the commonest: Unreachable destination handset
		if v := p.Get("error_code").String(); v != "" {
			if code, err = strconv.Atoi(v); err != nil || deliveryErrors[code] == "" {
				return sdk.Fail(400, "error_code "+v+": want one of a delivery, 30003 to 30410")
			}
		}
	}
	if d.Get("from").String() == "" && status != "canceled" && !chooseSender(c, d) {
		return nil
	}
	c.ClearTimer("status", c.Account()+"/"+sid)
	if slices.Contains([]string{"delivered", "undelivered", "read"}, status) && d.Get("date_sent").IsNull() {
		setStatus(c, d, "sent", 0)
	}
	setStatus(c, d, status, code)
	return nil
}

// simulateVerification settles the newest pending verification, or that of to.
func simulateVerification(c *sdk.Call, status string) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	rows := findVerification.MustRun(c.Args().Text(p.Get("to").String()))
	if !rows.Next() {
		return sdk.Fail(404, "no verification is pending")
	}
	c.SetAccount(rows.Text())
	d, _ := verifications.Get(c, rows.Text())
	settle(c, d, status)
	return nil
}
