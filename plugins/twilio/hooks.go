package main

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

// hook is a request to the application: a status callback, an incoming message,
// an event. It is the payload of a delivery: account, kind (status, message or
// event), url, method, and the fields of a form, or the json of an event. Of an
// incoming message also how often it was redirected, the fallback and then, its
// method, for when the first URL fails, and what it is about.
type hook struct{ sdk.Doc }

func newHook(c *sdk.Call, kind, method, about string) hook {
	h := hook{c.NewObject()}
	set(h.Doc, "account", c.Account(), "kind", kind, "method", method, "about", about)
	h.SetObject("fields")
	return h
}

func (h hook) get(name string) string { return h.Get(name).String() }

// add adds fields, name and value in turn.
func (h hook) add(pairs ...string) { set(h.Get("fields"), pairs...) }

// fields are the names and values of a form.
func (h hook) fields() (out [][2]string) {
	for f := range h.Get("fields").All {
		out = append(out, [2]string{f.Key(), f.String()})
	}
	return out
}

// send queues the request. Those about one object go out one after another.
func (h hook) send(c *sdk.Call, event, url string) {
	h.SetString("url", url)
	h.SetString("token", c.UUID(sdk.Requests))
	c.EnqueueAt(c.Now(), h.get("about"), event, url, h.JSON())
}

// hookOf reads a delivery's payload and acts for its account.
func hookOf(c *sdk.Call, d sdk.Delivery) hook {
	h := hook{c.Trusted(d.Payload)}
	actFor(c, h.get("account"))
	return h
}

// attempt signs and sends: X-Twilio-Signature is base64(HMAC-SHA1(auth token,
// URL and, for each field of a POST sorted by name, its name and value)), over
// the URL as it was registered. A JSON body is named by the parameter bodySHA256
// of the URL instead [D twilio.com/docs/usage/security, 2026-11; S twilio-node
// lib/webhooks/webhooks.ts].
func attempt(c *sdk.Call, d sdk.Delivery) error {
	h := hookOf(c, d)
	url, over := overrides(h.get("url"))
	fields := h.fields()
	body, contentType := "", ""
	signed := url
	switch json := h.get("json"); {
	case json != "":
		url = withQuery(url, "bodySHA256="+hex.EncodeToString(c.Digest(sdk.SHA256, json)))
		signed, body, contentType = url, json, "application/json"
	case h.get("method") == "GET":
		url = withQuery(url, encode(fields))
		signed = url
	default:
		body, contentType = encode(fields), "application/x-www-form-urlencoded; charset=UTF-8"
		signed += sorted(fields)
	}
	// [3, users' captures]
	c.SetHeader("User-Agent", "TwilioProxy/1.1")
	c.SetHeader("Accept", "*/*")
	c.SetHeader("I-Twilio-Idempotency-Token", h.get("token"))
	c.SetHeader("X-Home-Region", "us1")
	c.SetHeader("X-Twilio-Signature", base64.StdEncoding.EncodeToString(c.HMAC(sdk.SHA1, tokenOf(c), signed)))
	if contentType != "" {
		c.SetHeader("Content-Type", contentType)
	}
	c.Timeout(over.timeout)
	c.SendTo(h.get("method"), url, body)
	return nil
}

// sorted joins names and values as signatures have them: by name; values of one
// name sorted and each once [S twilio-python request_validator.py].
func sorted(fields [][2]string) string {
	s := slices.Clone(fields)
	slices.SortFunc(s, func(a, b [2]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	var b strings.Builder
	for _, f := range slices.Compact(s) {
		b.WriteString(f[0])
		b.WriteString(f[1])
	}
	return b.String()
}

func withQuery(url, query string) string {
	if strings.Contains(url, "?") {
		return url + "&" + query
	}
	return url + "?" + query
}

// override is what the fragment of a webhook's URL sets [D
// twilio.com/docs/usage/webhooks/webhooks-connection-overrides, 2026-11].
type override struct {
	retries int
	policy  string
	timeout time.Duration
}

// mostTimeout is what a try may take in a mirror; the vendor's is 15 s.
const mostTimeout = 10 * time.Second

// overrides cuts the fragment off a URL: rc retries, rp when, rt and tt ms.
func overrides(url string) (string, override) {
	o := override{retries: 1, policy: "ct", timeout: mostTimeout}
	url, fragment, _ := strings.Cut(url, "#")
	for pair := range strings.SplitSeq(fragment, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, err := strconv.Atoi(value)
		switch {
		case name == "rp":
			o.policy = value
		case err != nil:
		case name == "rc" && n >= 0 && n <= 5:
			o.retries = n
		case (name == "rt" || name == "tt") && n >= 100 && n <= 15000:
			o.timeout = min(o.timeout, time.Duration(n)*time.Millisecond)
		}
	}
	return url, o
}

// again tells whether a failed try is made once more.
func (o *override) again(r sdk.Result, tries int) bool {
	if tries > o.retries {
		return false
	}
	for p := range strings.SplitSeq(o.policy, ",") {
		answered := r.Outcome == abi.OutcomeAnswered
		switch {
		case p == "all" && !r.OK(),
			p == "4xx" && answered && r.Status/100 == 4,
			p == "5xx" && answered && r.Status/100 == 5,
			p == "ct" && (r.Outcome == abi.OutcomeConnect || r.Outcome == abi.OutcomeTLS),
			p == "rt" && r.Outcome == abi.OutcomeTimeout:
			return true
		}
	}
	return false
}

// outcome tries again as the URL says, goes to the fallback of an incoming
// message, or does what the application's TwiML says.
func outcome(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
	h := hookOf(c, d)
	from := h.get("url")
	_, o := overrides(from)
	switch {
	case o.again(r, int(d.Attempt)):
		c.RetryAt(c.Now())
	case h.get("kind") != "message":
		if !r.OK() {
			c.GiveUp()
		}
	case r.OK():
		return answered(c, h, from, r)
	default:
		h.failed(c, from, 11200)
		c.GiveUp()
	}
	return nil
}

// failed goes on at the fallback URL, which learns what was wrong with the first
// [D twilio.com/docs/usage/webhooks/messaging-webhooks, 2026-11].
func (h hook) failed(c *sdk.Call, from string, code int) {
	c.Note("twilio-error", strconv.Itoa(code)+" "+from)
	to := h.get("fallback")
	if to == "" {
		return
	}
	h.SetString("method", h.get("then"))
	h.SetString("fallback", "")
	h.add("ErrorCode", strconv.Itoa(code), "ErrorUrl", from)
	h.send(c, "message.received", to)
}

// tokenOf is the auth token of the call's account: a subaccount's own, else the
// application's.
func tokenOf(c *sdk.Call) sdk.Secret {
	account := c.Account()
	token := c.Secret("auth_token")
	c.As("", func() {
		if d, ok := accounts.Get(c, account); ok {
			if own, ok := d.SecretAt("auth_token"); ok {
				token = own
			}
		}
	})
	return token
}
