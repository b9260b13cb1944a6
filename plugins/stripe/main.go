// Stripe mirrors Stripe's API. One source makes several lines, which differ in
// the version that requests without one get: 2024-06 (2024-06-20), and with the
// build tag line_2026_08 2026-08 (2026-08-26.dahlia).
//
// What is known of the vendor is cited where it is used: [R] read in recorded
// traffic, [S] in an official specification or SDK, [D] in documentation, with
// its address and the date it was read. What is only believed says so.
package main

import "github.com/mirrahq/mirra/sdk"

const contentType = "application/json"

var stripe = sdk.New(sdk.Manifest{
	Name:    "stripe",
	Vendor:  "Stripe",
	Line:    lineName,
	Build:   1,
	Summary: "Stripe payments: customers, payment methods, intents, charges, refunds, balance, events",
	License: "Apache-2.0",
	API:     sdk.API{Default: lineVersion, Header: "Stripe-Version", Response: "Stripe-Version"},
	Hosts: []sdk.Host{
		{ID: "api", Name: "api.stripe.com"},
		{ID: "files", Name: "files.stripe.com"},
		{ID: "hooks", Name: "hooks.stripe.com"}, // 3DS pages
	},
	Domains: []string{"stripe.com"},
	// The vendor's keys have 24 characters or more behind their prefix; shorter ones
	// that tests make up are taken too, but no words, which the vendor refuses [R
	// sk_test_mock].
	Credentials: []sdk.Credentials{
		{Class: "secret", Scheme: "bearer", Pattern: `(?:sk|rk)_test_[A-Za-z0-9_]{8,}`},
		{Class: "secret", Scheme: "basic-user", Pattern: `(?:sk|rk)_test_[A-Za-z0-9_]{8,}`},
		{Class: "publishable", Scheme: "bearer", Pattern: `pk_test_[A-Za-z0-9_]{8,}`},
		{Class: "publishable", Scheme: "basic-user", Pattern: `pk_test_[A-Za-z0-9_]{8,}`},
		{Class: "live", Scheme: "bearer", Pattern: `(?:sk|rk|pk)_live_[A-Za-z0-9_]{8,}`, Live: true},
		{Class: "live", Scheme: "basic-user", Pattern: `(?:sk|rk|pk)_live_[A-Za-z0-9_]{8,}`, Live: true},
	},
	// [R] "Invalid API Key provided: sk_test_***…uCJm": first eight, stars, last four.
	Mask: sdk.Mask{First: 8, Last: 4, Fill: "*", Whole: 12},
	Secrets: []sdk.SecretSpec{
		{Name: "webhook", Env: []string{"STRIPE_WEBHOOK_SECRET", "STRIPE_ENDPOINT_SECRET", "STRIPE_WEBHOOK_SIGNING_SECRET"}, Prefix: "whsec_", Bytes: 32},
	},
	Env: []sdk.EnvVar{
		{Name: "STRIPE_API_BASE", Value: "{url}"},
		{Name: "STRIPE_WEBHOOK_SECRET", Value: "{secret:webhook}"},
	},
	Detect: sdk.Detect{
		NPM: []string{"stripe"}, Go: []string{"github.com/stripe/stripe-go"}, PyPI: []string{"stripe"}, Gem: []string{"stripe"},
		Composer: []string{"stripe/stripe-php"}, Maven: []string{"com.stripe:stripe-java"},
		Env: []string{"STRIPE_SECRET_KEY", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"},
		Versions: map[string]string{
			// [S] apiVersion.ts of stripe-node and stripe.go of stripe-go at those majors.
			"npm:stripe@16": "2024-06-20", "go:github.com/stripe/stripe-go@79": "2024-06-20",
			"npm:stripe@23": "2026-10-28.endive", "go:github.com/stripe/stripe-go@85": "2026-03-25.dahlia",
		},
	},
	Idempotency: sdk.IdempotencySpec{Header: "Idempotency-Key", Methods: []string{"POST"}},
	Events: []string{
		"account.external_account.created", "account.external_account.deleted", "account.external_account.updated", "account.updated",
		"application_fee.created", "application_fee.refunded", "balance.available", "capability.updated", "charge.captured", "charge.dispute.closed",
		"charge.dispute.created", "charge.dispute.funds_reinstated", "charge.dispute.funds_withdrawn", "charge.dispute.updated", "charge.expired",
		"charge.failed", "charge.pending", "charge.refund.updated", "charge.refunded", "charge.succeeded", "charge.updated", "checkout.session.completed",
		"checkout.session.expired", "coupon.created", "coupon.deleted", "coupon.updated", "credit_note.created", "credit_note.updated",
		"credit_note.voided", "customer.created", "customer.deleted", "customer.discount.created", "customer.discount.deleted", "customer.discount.updated", "customer.source.created",
		"customer.source.deleted", "customer.source.updated", "customer.subscription.created", "customer.subscription.deleted",
		"customer.subscription.resumed", "customer.subscription.trial_will_end", "customer.subscription.updated", "customer.tax_id.created",
		"customer.tax_id.deleted", "customer.tax_id.updated", "customer.updated", "file.created", "invoice.created", "invoice.deleted",
		"invoice.finalized", "invoice.marked_uncollectible", "invoice.paid", "invoice.payment_action_required", "invoice.payment_failed",
		"invoice.payment_succeeded", "invoice.sent", "invoice.updated", "invoice.voided", "invoice_payment.paid", "invoiceitem.created",
		"invoiceitem.deleted", "invoiceitem.updated", "payment.created", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
		"payment_intent.created", "payment_intent.payment_failed", "payment_intent.requires_action", "payment_intent.succeeded", "payment_method.attached",
		"payment_method.detached", "payment_method.updated", "payout.canceled", "payout.created", "payout.failed", "payout.paid", "payout.updated",
		"person.created", "person.deleted", "person.updated", "plan.created", "plan.deleted", "plan.updated", "price.created", "price.deleted",
		"price.updated", "product.created", "product.deleted", "product.updated", "promotion_code.created", "promotion_code.updated",
		"setup_intent.canceled", "setup_intent.created", "setup_intent.requires_action", "setup_intent.setup_failed", "setup_intent.succeeded", "source.chargeable",
		"tax_rate.created", "tax_rate.updated", "topup.canceled", "topup.created", "topup.succeeded", "transfer.created", "transfer.reversed",
		"transfer.updated",
	},
	Errors: hostErrors,
})

func init() {
	stripe.Layout = sdk.Indented2
	stripe.Before = before
	stripe.After = after
	stripe.OnError = answerError
	stripe.Warmup = warmup
	stripe.Attempt = attempt
	stripe.Outcome = outcome
	route()
	stripe.Serve()
}

func main() { sdk.Main() }
