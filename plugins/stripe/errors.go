package main

import (
	"cmp"
	"errors"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk"
)

// failure is an error as Stripe words it. Members are printed in alphabetical
// order, as the vendor has done since about 2018 [R, 1,799 of 1,886].
type failure struct {
	status  int
	typ     string // invalid_request_error if empty
	code    string
	message string
	param   string
	decline string // decline_code
	charge  string
	advice  string // advice_code
	network string // network_decline_code
	doc     string // what doc_url ends in; code if empty
	noDoc   bool   // without doc_url

	intent, method, setup sdk.Doc // the whole objects that come along

	emptyParam bool // param is "", not left out [R, cards that cannot be attached]
	executed   bool // the operation ran: the answer is kept for its idempotency key
	noLog      bool // without request_log_url
}

func (f *failure) Error() string { return f.message }

// Since when errors have these members: absent until 2025-01-25 and 2025-03, there
// from 2025-03 and 2025-10 on [R]; the SDKs know advice_code since 2025-01-27
// [S stripe-node CHANGELOG.md, 17.6.0].
var (
	adviceSince  = day("2025-01-27")
	networkSince = day("2025-10-01")
)

// executed marks a failure as one of an operation that ran.
func executed(f *failure) *failure { f.executed = true; return f }

func (f *failure) kind() string {
	if f.typ == "" {
		return "invalid_request_error"
	}
	return f.typ
}

// write puts the members up to param into an error object.
func (f *failure) write(c *sdk.Call, e sdk.Doc) {
	if f.advice != "" && c.Unix() >= adviceSince {
		e.SetString("advice_code", f.advice)
	}
	if f.charge != "" {
		e.SetString("charge", f.charge)
	}
	if f.code != "" {
		e.SetString("code", f.code)
	}
	if f.decline != "" {
		e.SetString("decline_code", f.decline)
	}
	if f.code != "" && !f.noDoc && f.status != 501 {
		e.SetString("doc_url", "https://stripe.com/docs/error-codes/"+cmp.Or(f.doc, strings.ReplaceAll(f.code, "_", "-")))
	}
	e.SetString("message", wording(c, f.message))
	if f.network != "" && c.Unix() >= networkSince {
		e.SetString("network_decline_code", f.network)
	}
	if f.param != "" || f.emptyParam {
		e.SetString("param", f.param)
	}
}

func invalid(code, param, message string) *failure {
	return &failure{status: 400, code: code, param: param, message: message}
}

func noKey() *failure {
	// [R-like, several users' reports; VENDORS: 3] no request_log_url without an account.
	return &failure{status: 401, noLog: true, message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."}
}

// noKeyBehindBearer [R 2016].
func noKeyBehindBearer() *failure {
	return &failure{status: 401, noLog: true, message: "You did not provide an API key, though you did set your Authorization header to \"Bearer\". Using Bearer auth, your Authorization header should look something like 'Authorization: Bearer YOUR_SECRET_KEY'. See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."}
}

func invalidKey(masked string) *failure {
	return &failure{status: 401, noLog: true, message: "Invalid API Key provided: " + masked}
}

// publishableKey refuses an operation that needs the secret key [3, users' reports].
func publishableKey() *failure {
	return &failure{status: 403, code: "secret_key_required", message: "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."}
}

// noAccess is a Stripe-Account that the key has nothing to do with [R].
func noAccess(masked, account string) *failure {
	return &failure{status: 403, code: "account_invalid", noLog: true, message: "The provided key '" + masked + "' does not have access to account '" + account + "' (or that account does not exist). Application access may have been revoked."}
}

func rateLimited() *failure {
	// [D docs.stripe.com/rate-limits]; wording [S stripe-mock and SDK tests], believed.
	return &failure{status: 429, code: "rate_limit", message: "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."}
}

// missing is an id in a parameter that names nothing: 400 [R].
func missing(what, id, param string) *failure {
	return &failure{status: 400, code: "resource_missing", param: param, message: "No such " + what + ": '" + id + "'"}
}

// notFound is missing for an id in the path; param is the vendor's name of it.
func notFound(what, id, param string) *failure {
	return &failure{status: 404, code: "resource_missing", param: param, message: "No such " + what + ": '" + id + "'"}
}

// answerError writes an error in Stripe's shape.
func answerError(c *sdk.Call, err error) {
	f := asFailure(c, err)
	c.SetStatus(f.status)
	d := c.NewObject()
	e := d.SetObject("error")
	f.write(c, e)
	if f.intent.Exists() {
		e.SetDoc("payment_intent", f.intent)
	}
	if f.method.Exists() {
		e.SetDoc("payment_method", f.method)
	}
	if !f.noLog && f.typ != "idempotency_error" {
		if url := logURL(c); url != "" {
			e.SetString("request_log_url", url)
		}
	}
	if f.setup.Exists() {
		e.SetDoc("setup_intent", f.setup)
	}
	e.SetString("type", f.kind())
	if !f.executed {
		// [R] absent where validation failed, false where the operation ran.
		c.DeleteHeader("Stripe-Should-Retry")
	}
	(&request{Call: c}).older(d)
	fit(c, d, "", usedVersion.date)
	if f.status == 401 {
		c.FixedHeaders(refusalHeaders)
		for _, name := range [...]string{"Request-Id", "Idempotency-Key", "Original-Request", "Stripe-Should-Retry", "Content-Security-Policy"} {
			c.DeleteHeader(name)
		}
	}
	_ = c.JSON(d)
	c.Write("\n") // [R] behind every error, behind nothing else
}

func asFailure(c *sdk.Call, err error) *failure {
	if f, ok := err.(*failure); ok {
		return f
	}
	if e, ok := err.(*sdk.NotImplementedError); ok {
		next := cmp.Or(instead[e.Operation], "See COVERAGE.md of the stripe plugin.")
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra does not mirror " + e.Operation + " (" + c.Method + " " + c.Path() + ") yet. " + next}
	}
	if e, ok := err.(*sdk.ParamError); ok {
		return malformed(e)
	}
	if errors.Is(err, sdk.ErrNotRouted) {
		// [VENDORS: 3, many users' reports]
		hint := ""
		if strings.HasSuffix(c.Path(), "/") {
			// [R POST /v1/customers/, 2021-02]
			hint = "If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "
		}
		return &failure{status: 404, message: "Unrecognized request URL (" + c.Method + ": " + c.Path() + "). " + hint + "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."}
	}
	panic(err.Error())
}

// malformed words what could not be read as parameters. Believed: the vendor's
// own texts for these are not recorded.
func malformed(e *sdk.ParamError) *failure {
	switch {
	case e.Reason == abi.ReasonTooLarge:
		return &failure{status: 413, message: "Request entity too large"}
	case e.Name != "":
		return invalid("", e.Name, "Invalid hash")
	}
	return invalid("", "", "Invalid request: "+e.Text)
}

// hostErrors are the answers the host gives by itself.
var hostErrors = []sdk.ErrorSpec{
	// Stripe-Should-Retry is left out, so that SDKs retry by their own rule.
	{Name: "internal", Status: 500, Headers: jsonHeaders, Body: "{\n  \"error\": {\n    \"message\": \"{message}\",\n    \"type\": \"api_error\"\n  }\n}"},
	{Name: "live-key", Status: 401, Headers: jsonHeaders, Body: "{\n  \"error\": {\n    \"message\": \"{message}\",\n    \"type\": \"invalid_request_error\"\n  }\n}"},
	{Name: "rate-limit", Status: 429, Headers: jsonHeaders, Body: "{\n  \"error\": {\n    \"code\": \"rate_limit\",\n    \"message\": \"Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.\",\n    \"type\": \"invalid_request_error\"\n  }\n}"},
	// [R] Stripe-Should-Retry is true on exactly the lock_timeout answers.
	{Name: "lock-timeout", Status: 429, Headers: append(jsonHeaders[:len(jsonHeaders):len(jsonHeaders)], sdk.HeaderSpec{Name: "Stripe-Should-Retry", Value: "true"}), Body: "{\n  \"error\": {\n    \"code\": \"lock_timeout\",\n    \"doc_url\": \"https://stripe.com/docs/error-codes/lock-timeout\",\n    \"message\": \"This object cannot be accessed right now because another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request. If you see this error frequently and are making multiple concurrent requests to a single object, make your requests serially or at a lower rate.\",\n    \"type\": \"invalid_request_error\"\n  }\n}"},
	{Name: "unavailable", Status: 503, Headers: jsonHeaders, Body: "{\n  \"error\": {\n    \"message\": \"Service unavailable\",\n    \"type\": \"api_error\"\n  }\n}"},
}

var jsonHeaders = []sdk.HeaderSpec{
	{Name: "Server", Value: "nginx"},
	{Name: "Content-Type", Value: contentType},
	{Name: "Request-Id", Value: "req_{request_id}"},
	{Name: "Stripe-Version", Value: lineVersion},
}
