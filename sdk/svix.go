package sdk

import (
	"encoding/base64"
	"strconv"
	"time"
)

// SendSvix is Attempt's answer for vendors whose webhooks Svix sends: POST a JSON body
// to url, signed as the message of an id that all its copies and tries share.
// See https://docs.svix.com/receiving/verifying-payloads/how-manual; the user agent
// is of users' captures.
func (c *Call) SendSvix(url string, secret Secret, id, body string) {
	stamp := strconv.FormatInt(c.PeerUnix(), 10)
	mac := base64.StdEncoding.EncodeToString(c.HMAC(SHA256, secret, id+"."+stamp+"."+body))
	c.SetHeader("User-Agent", "Svix-Webhooks/1.84.0 (sender-9YMgn; +https://www.svix.com/http-sender/)")
	c.SetHeader("svix-id", id)
	c.SetHeader("svix-timestamp", stamp)
	c.SetHeader("svix-signature", "v1,"+mac)
	c.Timeout(15 * time.Second) // Svix waits that long
	c.Post(url, "application/json", body)
}

// RetryBy is Outcome's answer: deliver again behind the pause of this try, or give up
// where there is none left.
func (c *Call) RetryBy(pauses []time.Duration, d Delivery, r Result) {
	n := int(d.Attempt) - 1
	switch {
	case r.OK():
	case n < len(pauses):
		c.RetryAt(c.Now().Add(pauses[n]))
	default:
		c.GiveUp()
	}
}
