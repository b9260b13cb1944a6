// Twilio mirrors Twilio's messaging: the 2010-04-01 API with accounts, messages
// and numbers, Messaging v1, Verify v2 and Lookups v2, each on its own host.
// Voice answers 501 by name.
//
// What is known of the vendor is cited where it is used: [R] read in recorded
// traffic, [S] in an official specification or SDK, [D] in documentation, with
// its address and the month it was read, [3] a third party's capture. What is
// only believed says so.
package main

import "github.com/mirrahq/mirra/sdk"

//go:generate go run ../../cmd/mirra-gen -out tables_gen.go $MIRRA_SHARED/specs/twilio/twilio_api_v2010.json.gz $MIRRA_SHARED/specs/twilio/twilio_messaging_v1.json.gz $MIRRA_SHARED/specs/twilio/twilio_verify_v2.json.gz $MIRRA_SHARED/specs/twilio/twilio_lookups_v2.json.gz $MIRRA_SHARED/specs/twilio/twilio_voice_v1.json.gz

const contentType = "application/json; charset=utf-8"

// testAccount stands for one's test credentials: the vendor's are an account of
// their own, which nothing in its form tells apart from others.
const testAccount = "AC7e577e577e577e577e577e577e577e57"

var twilio = sdk.New(sdk.Manifest{
	Name:    "twilio",
	Vendor:  "Twilio",
	Line:    "2010-04-01",
	Build:   1,
	Summary: "Twilio messaging: messages in and out, status callbacks, TwiML, numbers, messaging services, Verify, Lookup",
	License: "Apache-2.0",
	API:     sdk.API{Default: "2010-04-01"},
	Hosts: []sdk.Host{
		{ID: "api", Name: "api.twilio.com"},
		{ID: "messaging", Name: "messaging.twilio.com"},
		{ID: "verify", Name: "verify.twilio.com"},
		{ID: "lookups", Name: "lookups.twilio.com"},
		{ID: "voice", Name: "voice.twilio.com"},
	},
	Domains: []string{"twilio.com"},
	// Users of basic authentication are accounts and API keys [D
	// twilio.com/docs/iam/api-keys, 2026-11]. The mirror takes any password: the
	// application's own token signs what it gets.
	Credentials: []sdk.Credentials{
		{Class: "account", Scheme: "basic-user", Pattern: `(AC[0-9a-fA-F]{32})`, Account: "$1"},
		{Class: "key", Scheme: "basic-user", Pattern: `(SK[0-9a-fA-F]{32})`, Account: "$1"},
	},
	Mask: sdk.Mask{First: 2, Last: 4, Fill: "*", Whole: 6},
	Secrets: []sdk.SecretSpec{
		{Name: "auth_token", Env: []string{"TWILIO_AUTH_TOKEN", "TWILIO_TOKEN"}, Bytes: 32, Summary: "signs status callbacks and webhooks"},
	},
	Env: []sdk.EnvVar{
		{Name: "TWILIO_AUTH_TOKEN", Value: "{secret:auth_token}"},
	},
	Detect: sdk.Detect{
		NPM: []string{"twilio"}, Go: []string{"github.com/twilio/twilio-go"}, PyPI: []string{"twilio"}, Gem: []string{"twilio-ruby"},
		Composer: []string{"twilio/sdk"}, Maven: []string{"com.twilio.sdk:twilio"},
		Env: []string{"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY"},
	},
	Events: []string{
		"message.received", "message.queued", "message.sending", "message.sent", "message.delivered", "message.undelivered", "message.failed", "message.read", "message.canceled",
		"verification.pending", "verification.approved", "verification.canceled", "verification.expired", "verification.max_attempts_reached",
	},
	Errors: hostErrors,
})

func init() {
	twilio.Dialect = sdk.Repeated
	twilio.Before = before
	twilio.OnError = answerError
	twilio.Attempt = attempt
	twilio.Outcome = outcome
	twilio.Warmup = warmup
	twilio.Schema += callbacks
	twilio.OnTimer("status", statusDue)
	twilio.OnTimer("expiry", verificationExpires)
	route()
	simulations()
	seeds()
	twilio.Serve()
}

// warmup runs once before the image of the plugin is taken, so that what every
// message needs is there already.
func warmup(c *sdk.Call) {
	c.SetAccount(testAccount)
	m := draft{from: magic + "6", to: magic + "5", body: "warm", direction: "outbound-api", callback: "https://example.com/"}
	_, _ = m.pair(), m.check(&asked{})
	_ = m.keep(c).JSON()
	_ = known[21211]
}

func main() { sdk.Main() }
