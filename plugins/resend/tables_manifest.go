package main

import "github.com/mirrahq/mirra/sdk"

// Hosts, by their ids in the manifest. Files are downloaded from the other two [S
// resend-go, receiving_test.go; the name of the outbound one is believed].
const (
	hostAPI      = "api"
	hostOutbound = "outbound"
	hostInbound  = "inbound"
)

// manifest says what the mirror is and needs.
var manifest = sdk.Manifest{
	Name: "resend", Vendor: "Resend", Line: "v1", Build: 1,
	Summary: "Resend email: emails, batches, domains, API keys, contacts, broadcasts, templates, webhooks, inbound",
	License: "Apache-2.0",
	API:     sdk.API{Default: "v1"}, // the vendor has no versions yet [D api-reference/introduction, 2026-11]
	Hosts: []sdk.Host{
		{ID: hostAPI, Name: "api.resend.com"},
		{ID: hostOutbound, Name: "outbound-cdn.resend.com"},
		{ID: hostInbound, Name: "inbound-cdn.resend.com"},
		{ID: hostSMTP, Name: "smtp.resend.com", Protocol: sdk.ProtocolSMTP},
	},
	Domains: []string{"resend.com"},
	// The vendor's keys are re_, eight and 24 characters [R]; the first part tells
	// those apart that the session made. Shorter ones that tests make up are taken
	// too. No key tells a test from the real thing, so none is refused as live.
	Credentials: []sdk.Credentials{
		{Class: "key", Scheme: "bearer", Pattern: `re_([A-Za-z0-9]{8})_[A-Za-z0-9]{24}`, Account: "$1"},
		{Class: "key", Scheme: "bearer", Pattern: `re_[A-Za-z0-9_]{3,}`},
		{Class: "relay", Scheme: "basic-password", Pattern: `re_([A-Za-z0-9]{8})_[A-Za-z0-9]{24}`, Account: "$1"},
		{Class: "relay", Scheme: "basic-password", Pattern: `re_[A-Za-z0-9_]{3,}`},
	},
	Secrets: []sdk.SecretSpec{{
		Name: "webhook", Env: []string{"RESEND_WEBHOOK_SECRET", "RESEND_WEBHOOK_SIGNING_SECRET", "SVIX_WEBHOOK_SECRET"},
		Prefix: "whsec_", Bytes: 24, Base64: true, Summary: "signs webhooks that no endpoint of the API's is registered for",
	}},
	Env: []sdk.EnvVar{
		{Name: "RESEND_BASE_URL", Value: "{url}"},        // [S resend-node and resend-go read it]
		{Name: "RESEND_SMTP_HOST", Value: "{host:smtp}"}, // nobody's but Mirra's: mailers are told theirs in many ways
		{Name: "RESEND_SMTP_PORT", Value: "{port:smtp}"},
		{Name: "RESEND_WEBHOOK_SECRET", Value: "{secret:webhook}"},
	},
	Detect: sdk.Detect{
		NPM: []string{"resend"}, Go: []string{"github.com/resend/resend-go"}, PyPI: []string{"resend"}, Gem: []string{"resend"},
		Composer: []string{"resend/resend-php", "resend/resend-laravel"}, Maven: []string{"com.resend:resend-java"},
		Env: []string{"RESEND_API_KEY", "RESEND_WEBHOOK_SECRET"},
	},
	Idempotency: sdk.IdempotencySpec{Header: "Idempotency-Key", Methods: []string{"POST"}},
	Events:      eventTypes,
	Errors:      hostErrors,
	// The vendor takes emails of 40 MB with their attachments in Base64 (believed: the
	// page on attachments was not read); a guest's memory holds one of 8.
	Needs: sdk.Needs{BodyBytes: 8 << 20, BlobBytes: 8 << 20},
}
