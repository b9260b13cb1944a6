package main

import (
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

// requestIDs are minted once a call.
var currentRequestID string

// requestID returns the id of this request, req_ and 14 characters [R].
func requestID(c *sdk.Call) string {
	if currentRequestID == "" {
		currentRequestID = "req_" + c.Random(sdk.Requests, 14, sdk.Base62)
	}
	return currentRequestID
}

// before sets the headers of every answer and checks the key.
func before(c *sdk.Call) error {
	currentRequestID = ""
	chooseVersion(c)
	if strings.HasPrefix(c.Path(), "/redirect/") {
		return nil // pages for browsers
	}
	account := c.Header("Stripe-Account")
	setHeaders(c, account)
	switch c.Credential.Status {
	case abi.CredentialAbsent:
		return noKey()
	case abi.CredentialMalformed:
		if c.Credential.Masked == "" {
			return noKeyBehindBearer()
		}
		return invalidKey(c.Credential.Masked)
	}
	if c.Credential.Class == "publishable" && !publicOperations[c.Operation()] {
		return publishableKey()
	}
	if err := checkVersion(c); err != nil {
		return err
	}
	if account != "" {
		if !accountLike(account) {
			return noAccess(c.Credential.Masked, account)
		}
		if account != accountID(c) {
			c.SetAccount(account)
		}
	}
	return limit(c)
}

// publicOperations are those that browsers and apps call with a publishable key
// [D docs.stripe.com/keys, 2026-11].
var publicOperations = map[string]bool{
	"PostTokens": true, "GetTokensToken": true, "PostPaymentMethods": true, "PostSources": true, "GetSourcesSource": true,
	"GetPaymentIntentsIntent": true, "PostPaymentIntentsIntentConfirm": true,
	"GetSetupIntentsIntent": true, "PostSetupIntentsIntentConfirm": true,
	"PostPaymentIntentsIntentVerifyMicrodeposits": true, "PostSetupIntentsIntentVerifyMicrodeposits": true, "": true,
}

// setHeaders writes the headers of the 2024-06-20 recordings, in their order.
func setHeaders(c *sdk.Call, account string) {
	c.FixedHeaders(usualHeaders)
	c.AddHeader("Request-Id", requestID(c))
	if c.Method != "GET" && !keyless(c.Operation()) {
		if key := c.Header("Idempotency-Key"); key != "" {
			c.AddHeader("Idempotency-Key", key)
			if c.Method == "POST" { // [R] not where no key is sent, nor on DELETE
				c.AddHeader("Original-Request", requestID(c))
				c.AddHeader("Stripe-Should-Retry", "false")
			}
		}
	}
	if account != "" {
		c.AddHeader("Stripe-Account", account)
	}
	c.AddHeader("Stripe-Version", usedVersion.text)
}

// keyless are the operations that take no notice of an idempotency key: uploads [R
// 2023-10-30 and 2023-10-31, seven of seven].
func keyless(operation string) bool { return strings.HasPrefix(operation, "PostFiles") }

// servedBy holds the headers that are the same on every answer, by the service
// of the vendor's that gives it [R, 249 exchanges at 2024-06-20].
var servedBy = func() map[string]*sdk.Headers {
	all := map[string]*sdk.Headers{}
	for _, service := range [...]string{"mono-bapi-srv", "payins-bapi-srv", "billing-api-srv", "accounts-bapi-srv", "mms-bapi-srv"} {
		report := "https://q.stripe.com/coop-report?s=" + service
		all[service] = sdk.NewHeaders(
			"Server", "nginx",
			"Content-Type", contentType,
			"Access-Control-Allow-Credentials", "true",
			"Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE",
			"Access-Control-Allow-Origin", "*",
			"Access-Control-Expose-Headers", "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required",
			"Access-Control-Max-Age", "300",
			"Cache-Control", "no-cache, no-store",
			"Cross-Origin-Opener-Policy-Report-Only", `same-origin; report-to="coop"`,
			"Report-To", `{"group":"coop","max_age":8640,"endpoints":[{"url":"`+report+`"}],"include_subdomains":true}`,
			"Reporting-Endpoints", `coop="`+report+`"`,
			"Vary", "Origin",
			"X-Content-Type-Options", "nosniff",
			"X-Stripe-Priority-Routing-Enabled", "true",
			"X-Stripe-Routing-Context-Priority-Tier", "api-testmode",
			"Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload",
		)
	}
	return all
}()

// refusalHeaders are those of a 401, which another part of the vendor's gives, in
// their order [R, 54 exchanges of 2025-12 and 2026-05].
var refusalHeaders = sdk.NewHeaders(
	"Server", "nginx",
	"Content-Type", contentType,
	"Access-Control-Allow-Credentials", "true",
	"Access-Control-Allow-Methods", "GET, HEAD, PUT, PATCH, POST, DELETE",
	"Access-Control-Allow-Origin", "*",
	"Access-Control-Expose-Headers", "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required",
	"Access-Control-Max-Age", "300",
	"Cache-Control", "no-cache, no-store",
	"Content-Security-Policy", "base-uri 'none'; default-src 'none'; form-action 'none'; frame-ancestors 'none'; upgrade-insecure-requests",
	"Vary", "Origin",
	"WWW-Authenticate", `Bearer realm="Stripe"`,
	"X-Robots-Tag", "none",
	"Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload",
)

// usualHeaders are those of the service that answers most operations, and what
// none of them answers.
var usualHeaders = servedBy["mono-bapi-srv"]

// headersOf are the fixed headers of an operation. Which service answers is [R]
// for payments, customers, accounts, transfers and billing; the rest is
// believed to be the one that most others have.
func headersOf(pattern string) *sdk.Headers {
	_, path, _ := strings.Cut(pattern, "/v1/")
	first, _, _ := strings.Cut(path, "/")
	switch first {
	case "payment_intents", "payment_methods", "setup_intents", "charges", "refunds", "tokens", "sources", "disputes", "mandates":
		return servedBy["payins-bapi-srv"]
	case "subscriptions", "subscription_items", "invoices", "invoiceitems", "credit_notes":
		return servedBy["billing-api-srv"]
	case "accounts", "account_links":
		return servedBy["accounts-bapi-srv"]
	case "transfers", "payouts":
		return servedBy["mms-bapi-srv"]
	}
	return usualHeaders
}

// policies holds the Content-Security-Policy of each operation, by its place in
// operations.
var policies = func() []string {
	all := make([]string, len(tables.Operations))
	for i := range tables.Operations {
		all[i] = "report-uri https://q.stripe.com/csp-report?p=" + pathForPolicy(tables.Operations[i].Pattern) +
			"; block-all-mixed-content; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self'; script-src 'self' 'report-sample'; style-src 'self'"
	}
	return all
}()

// after is there for what only the finished answer tells.
func after(*sdk.Call) {}

// limit applies the published rates: 100 reads and 100 writes a second live,
// 25 and 25 in test mode [D docs.stripe.com/rate-limits, 2026-11].
func limit(c *sdk.Call) error {
	if c.LimitsOff() {
		return nil
	}
	rate := int64(100)
	if c.LimitsTest() {
		rate = 25
	}
	name := "write"
	if c.Method == "GET" {
		name = "read"
	}
	if wait := c.Take(name, 1, float64(rate), rate); wait > 0 {
		return rateLimited()
	}
	return nil
}
