// Resend mirrors Resend's API: emails and what becomes of them, batches, domains,
// API keys, contacts with their segments and topics, broadcasts, templates,
// webhooks, inbound emails.
//
// What is known of the vendor is cited where it is used: [R] read in recorded
// traffic, [S] in its published description (resend-openapi 1.5.0) or an SDK, [D]
// in documentation below resend.com/docs, with the month it was read. What is only
// believed says so.
package main

import "github.com/mirrahq/mirra/sdk"

//go:generate go run ../../cmd/mirra-gen -lists -out tables_gen.go $MIRRA_SHARED/specs/resend/resend.json

var resend = sdk.New(manifest)

func init() {
	resend.Dialect = sdk.Repeated
	resend.Before = before
	resend.After = after
	resend.OnError = answerError
	resend.Attempt = attempt
	resend.Outcome = outcome
	resend.Schema = schema
	resend.Warmup = warmup
	route()
	relayHandlers()
	seeds()
	simulations()
	timers()
	resend.Serve()
}

func main() { sdk.Main() }
