package main

import (
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

// hostSMTP is the relay: mails sent to it are emails of the API
// [D resend.com/docs/send-with-smtp, 2026-11].
const hostSMTP = "smtp"

// relayUser is the one user name [D, same page]; the password is an API key.
const relayUser = "resend"

// headerRelayKey is the header of a mail that holds its idempotency key [D, same page].
const headerRelayKey = "Resend-Idempotency-Key"

func relayHandlers() {
	resend.HandleHost(hostSMTP, sdk.SMTPLogin, "smtp/login", sdk.Modelled, logIn)
	send := operation("emails/send")
	resend.HandleHost(hostSMTP, sdk.SMTPMail, "smtp/send", sdk.Modelled, func(c *sdk.Call) error {
		mail, err := readParams(c)
		if err != nil {
			return err
		}
		key := header(mail, headerRelayKey)
		r := &request{c, emailOf(c, mail), send}
		return r.onceFor(key.String(), key.Exists(), func() error {
			id, err := r.send()
			if err != nil {
				return err
			}
			return c.Reply(200, "250 2.0.0 "+id)
		})
	})
}

func logIn(c *sdk.Call) error {
	params, err := c.Params()
	if err != nil {
		return err
	}
	if user := params.Get("user").String(); user != relayUser {
		return fail(401, "validation_error", "Invalid username") // believed
	}
	return c.Reply(200, "235 2.7.0 Authentication successful")
}

// emailOf is a mail as a request for POST /emails would have it.
func emailOf(c *sdk.Call, mail sdk.Doc) sdk.Doc {
	p := c.NewObject()
	for _, name := range [...]string{"to", "cc", "bcc", "reply_to", "subject", "html", "text", "attachments"} {
		if v := mail.Get(name); v.Exists() {
			p.SetDoc(name, v)
		}
	}
	p.SetDoc("from", mail.Get("sender"))
	if from := mail.Get("from"); from.Len() > 0 {
		p.SetDoc("from", from.At(0))
	}
	if !p.Get("to").Exists() { // a mail to undisclosed recipients
		p.SetDoc("to", mail.Get("bcc"))
		p.Delete("bcc")
	}
	if !p.Get("html").Exists() && !p.Get("text").Exists() {
		p.SetString("text", "")
	}
	headers := p.SetObject("headers")
	for h := range mail.Get("headers").All {
		if name := h.Get("name").String(); !ownHeader(name) {
			headers.SetDoc(name, h.Get("value"))
		}
	}
	return p
}

// ownHeader tells headers that the vendor writes itself, or that speak to the relay
// (believed: those that every mail has).
func ownHeader(name string) bool {
	switch strings.ToLower(name) {
	case "date", "message-id", "received", "return-path", "sender", "dkim-signature", strings.ToLower(headerRelayKey):
		return true
	}
	return false
}

// header is the first header of a mail with a name.
func header(mail sdk.Doc, name string) sdk.Doc {
	for h := range mail.Get("headers").All {
		if strings.EqualFold(h.Get("name").String(), name) {
			return h.Get("value")
		}
	}
	return sdk.Doc{}
}

// beforeMail checks the key of a login, and of each mail, which counts as one
// request [D send-with-smtp: the rate limit is the API's].
func beforeMail(c *sdk.Call, a *account) error {
	if c.Credential.Status == abi.CredentialAbsent || c.Credential.Status == abi.CredentialMalformed {
		return fail(401, "validation_error", textKey)
	}
	if c.Operation() == "smtp/send" && c.Take("api", 1, float64(a.rate), a.rate) > 0 && !c.LimitsOff() {
		return fail(429, "rate_limit_exceeded", textRate)
	}
	return checkToken(c, a.key)
}

// refuseMail puts an error of the API into a reply. The vendor documents none: the
// texts are the API's, the codes are those of RFC 5321 and RFC 4954 (believed).
func refuseMail(c *sdk.Call, f *failure) error {
	code := "550 5.6.0 "
	switch {
	case c.Operation() == "smtp/login":
		code = "535 5.7.8 "
	case f.status == 429:
		code = "451 4.7.1 "
	case f.status >= 500 && f.status != 501:
		code = "451 4.3.0 "
	case f.status == 401, f.status == 403:
		code = "550 5.7.1 "
	}
	return c.Reply(f.status, code+f.message)
}
