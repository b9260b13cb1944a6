package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// The vendor changes what its errors say on a day, in all versions. Days lie
// between the last recording of the old wording and the first of the new one,
// which are named [R]; where in between is believed.
var (
	methodNamedSince   = day("2020-02-01") // 2019-11, 2020-03
	leastSince         = day("2020-02-01") // 2019-11, 2020-03
	defaultsNamedSince = day("2020-02-01") // 2019-11, 2020-03
	quotedSince        = day("2020-08-01") // 2020-07 at 2020-03-02, 2020-09 at 2020-08-27; 2021-03 at 2019-08-14
	adviceOfPaySince   = day("2022-08-01") // 2021-08, 2023-08
	elsewhereSince     = day("2022-08-01") // 2021-08, 2023-08

	// Errors name their entry in the log: 2021-09, 2022-12; the SDKs know the
	// member since 2022-10-13 [S stripe-node CHANGELOG.md, 10.14.0].
	logURLSince = day("2022-10-13")
	// It is shown in another place: 2025-12, 2026-01.
	workbenchSince = day("2026-01-10")
)

// wording is a message as the session's day has it.
func wording(c *sdk.Call, message string) string {
	now := c.Unix()
	if now >= adviceOfPaySince {
		return message
	}
	rest, missing := strings.CutPrefix(message, "No such ")
	switch {
	case missing:
		if now < elsewhereSince {
			rest, _, _ = strings.Cut(rest, "; ")
		}
		noun, id, _ := strings.Cut(rest, ": ")
		if now < methodNamedSince && noun == "PaymentMethod" {
			noun = "payment_method"
		}
		if now < quotedSince {
			id = strings.TrimSuffix(strings.TrimPrefix(id, "'"), "'")
		}
		return "No such " + noun + ": " + id
	case message == noSource:
		if now < defaultsNamedSince {
			return "This customer has no attached payment source"
		}
		return message[:strings.IndexByte(message, '.')+1]
	case message == atLeastOne && now < leastSince:
		return "Invalid positive integer"
	}
	return message
}

// Messages of which the wording changed.
const (
	atLeastOne = "This value must be greater than or equal to 1."
	noSource   = "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."
)

// logURL is where the dashboard shows a request; "" before it did.
func logURL(c *sdk.Call) string {
	switch account := c.Header("Stripe-Account"); {
	case c.Unix() < logURLSince:
		return ""
	case c.Unix() >= workbenchSince:
		// [R 2026-01 to 2026-05] the platform's account is named too
		if account == "" {
			account = accountID(c)
		}
		return "https://dashboard.stripe.com/" + account + "/test/workbench/logs?object=" + requestID(c)
	default:
		if account != "" {
			account += "/" // [R]
		}
		return "https://dashboard.stripe.com/" + account + "test/logs/" + requestID(c) + "?t=" + formatInt(c.Unix())
	}
}
