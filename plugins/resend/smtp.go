package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

// hostSMTP is the relay: mails sent to it are emails of the API
// [D resend.com/docs/send-with-smtp, 2026-11]. Its codes are those of RFC 5321 and RFC
// 4954, its texts the API's: the vendor documents none (believed).
const hostSMTP = "smtp"

func relayHandlers() {
	resend.HandleHost(hostSMTP, sdk.SMTPLogin, "smtp/login", sdk.Modelled, func(c *sdk.Call) error {
		params, err := c.Params()
		if err == nil && params.Get("user").String() != "resend" { // [D, same page]; the password is an API key
			err = fail(401, "validation_error", "Invalid username")
		}
		if err != nil {
			return err
		}
		return c.Reply(200, "235 2.7.0 Authentication successful")
	})
	send := operation("emails/send")
	resend.HandleHost(hostSMTP, sdk.SMTPMail, "smtp/send", sdk.Modelled, func(c *sdk.Call) error {
		mail, err := readParams(c)
		if err != nil {
			return err
		}
		params, key := emailOf(c, mail)
		r := &request{c, params, send}
		return r.onceFor(key.String(), key.Exists(), func() error {
			id, err := r.send()
			if err != nil {
				return err
			}
			return c.Reply(200, "250 2.0.0 "+id)
		})
	})
}

// relayKey is the header that holds the idempotency key [D send-with-smtp].
const relayKey = "resend-idempotency-key"

// emailOf is a mail as a request for POST /emails would have it, and its idempotency
// key.
func emailOf(c *sdk.Call, mail sdk.Doc) (p, key sdk.Doc) {
	p = c.Object("from", mail.Get("sender"))
	if from := mail.Get("from"); from.Len() > 0 {
		p.SetDoc("from", from.At(0))
	}
	for _, name := range [...]string{"to", "cc", "bcc", "reply_to", "subject", "html", "text", "attachments"} {
		if v := mail.Get(name); v.Exists() {
			p.SetDoc(name, v)
		}
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
		switch name := h.Get("name").String(); {
		case strings.EqualFold(name, relayKey):
			key = h.Get("value")
		case !slices.Contains(ownHeaders, strings.ToLower(name)):
			headers.SetDoc(name, h.Get("value"))
		}
	}
	return p, key
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

// refuseMail puts an error of the API into a reply.
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
