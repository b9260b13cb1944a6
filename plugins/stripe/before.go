package main

import (
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
	version := lineVersion
	if asked := c.Header("Stripe-Version"); asked != "" && asked != lineVersion {
		c.Note("version", "asked for "+asked+", answered as "+lineVersion)
	}
	setHeaders(c, version)
	if c.Host == "hooks" {
		return nil
	}
	if account := c.Header("Stripe-Account"); account != "" {
		c.SetAccount(account)
	}
	switch c.Credential.Status {
	case abi.CredentialAbsent:
		return noKey()
	case abi.CredentialMalformed:
		return invalidKey(c.Credential.Masked)
	}
	return limit(c)
}

// setHeaders writes the headers of the 2024-06-20 recordings, in their order.
func setHeaders(c *sdk.Call, version string) {
	c.SetHeader("Server", "nginx")
	c.SetHeader("Content-Type", contentType)
	for i := range fixedHeaders {
		c.AddHeader(fixedHeaders[i].Name, fixedHeaders[i].Value)
	}
	c.AddHeader("Request-Id", requestID(c))
	if c.Method != "GET" {
		if key := c.Header("Idempotency-Key"); key != "" {
			c.AddHeader("Idempotency-Key", key)
		}
		if c.Method == "POST" {
			c.AddHeader("Original-Request", requestID(c))
			c.AddHeader("Stripe-Should-Retry", "false")
		}
	}
	if account := c.Header("Stripe-Account"); account != "" {
		c.AddHeader("Stripe-Account", account)
	}
	c.AddHeader("Stripe-Version", version)
	if policy := policies[c.Operation()]; policy != "" {
		c.AddHeader("Content-Security-Policy", policy)
	}
}

// fixedHeaders are the same on every answer [R, 249 exchanges at 2024-06-20].
var fixedHeaders = []abi.Pair{
	{Name: "Access-Control-Allow-Credentials", Value: "true"},
	{Name: "Access-Control-Allow-Methods", Value: "GET,HEAD,PUT,PATCH,POST,DELETE"},
	{Name: "Access-Control-Allow-Origin", Value: "*"},
	{Name: "Access-Control-Expose-Headers", Value: "Request-Id, Stripe-Manage-Version, Stripe-Should-Retry, X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required"},
	{Name: "Access-Control-Max-Age", Value: "300"},
	{Name: "Cache-Control", Value: "no-cache, no-store"},
	{Name: "Cross-Origin-Opener-Policy-Report-Only", Value: `same-origin; report-to="coop"`},
	{Name: "Vary", Value: "Origin"},
	{Name: "X-Content-Type-Options", Value: "nosniff"},
	{Name: "X-Stripe-Priority-Routing-Enabled", Value: "true"},
	{Name: "X-Stripe-Routing-Context-Priority-Tier", Value: "api-testmode"},
	{Name: "Strict-Transport-Security", Value: "max-age=63072000; includeSubDomains; preload"},
}

// policies holds the Content-Security-Policy of each operation.
var policies = map[string]string{}

func init() {
	for i := range operations {
		policies[operations[i].id] = "report-uri https://q.stripe.com/csp-report?p=" + pathForPolicy(operations[i].pattern) +
			"; block-all-mixed-content; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; img-src 'self'; script-src 'self' 'report-sample'; style-src 'self'"
	}
}

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
