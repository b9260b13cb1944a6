package main

import (
	"errors"

	"github.com/mirrahq/mirra/sdk"
)

// failure is an error in Resend's shape [R, D api-reference/errors, 2026-11].
type failure struct {
	status        int
	name, message string
}

func (f *failure) Error() string { return f.message }

func fail(status int, name, message string) error { return &failure{status, name, message} }

// invalid refuses what a request says [D api-reference/pagination, 2026-11: 422].
func invalid(message string) error { return fail(422, "validation_error", message) }

// missing names a field that a request lacks [R].
func missing(field string) error {
	return fail(422, "missing_required_field", "Missing `"+field+"` field.")
}

// notFound [R "Contact not found", "Audience not found", "API key not found"; the
// other nouns are believed].
func notFound(noun string) error { return fail(404, "not_found", noun+" not found") }

// Texts of [D api-reference/errors, 2026-11].
const (
	textNoKey      = "Missing API Key"
	textKey        = "API key is invalid"
	textRestricted = "This API key is restricted to only send emails."
	textNoRoute    = "The requested endpoint does not exist."
	textNoMethod   = "Method is not allowed for the requested path."
	textRate       = "Too many requests. Please limit the number of requests per second. Or contact support to increase rate limit."
	textDaily      = "You have exceeded your daily email sending quota."
	textMonthly    = "You have exceeded your monthly email sending quota."
	textKeyLength  = "Idempotency keys, if present, must have between 1 and 256 characters."
	textKeyUsed    = "This idempotency key has been used with this HTTP method and endpoint within the last 24 hours, but the request body was modified and doesn't match the original request."
	textKeyInUse   = "There is another request in progress with the same idempotency key."
	textAttachment = "Attachment must have either a `content` or `path`."
	textUnexpected = "An unexpected error occurred."
	textDown       = "API is temporarily unavailable"
)

// answerError answers in Resend's shape [R: keys in this order].
func answerError(c *sdk.Call, err error) {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = translate(err)
	}
	if c.Host == hostSMTP {
		_ = refuseMail(c, f) // cannot fail: it sends a text
		return
	}
	c.SetStatus(f.status)
	if f.status == 429 {
		c.SetHeader("retry-after", "1") // [D api-reference/rate-limit]
	}
	d := c.NewObject()
	d.SetInt("statusCode", int64(f.status))
	d.SetString("message", f.message)
	d.SetString("name", f.name)
	_ = c.JSON(d) // cannot fail: the document is of this call
}

// translate puts the sdk's errors into Resend's words.
func translate(err error) *failure {
	switch {
	case errors.Is(err, sdk.ErrNoMethod):
		return &failure{405, "method_not_allowed", textNoMethod}
	case errors.Is(err, sdk.ErrNotRouted):
		return &failure{404, "not_found", textNoRoute}
	case sdk.StatusOf(err) == 501:
		return &failure{501, "not_implemented", "Mirra: " + err.Error()}
	case sdk.StatusOf(err) == 400:
		return &failure{400, "validation_error", "The request body is not valid JSON: " + err.Error()} // believed
	}
	if _, ok := errors.AsType[*sdk.NoCursorError](err); ok {
		return &failure{422, "validation_error", "The pagination cursor is invalid."} // believed
	}
	return &failure{500, "application_error", err.Error()}
}

// hostErrors are the answers the host gives by itself, also those of fault rules.
var hostErrors = []sdk.ErrorSpec{
	hostError("internal", 500, "application_error", "{message}"),
	hostError("live-key", 401, "validation_error", "{message}"),
	hostError("rate-limit", 429, "rate_limit_exceeded", textRate, sdk.HeaderSpec{Name: "retry-after", Value: "1"}),
	hostError("daily-quota", 429, "daily_quota_exceeded", textDaily),
	hostError("monthly-quota", 429, "monthly_quota_exceeded", textMonthly),
	hostError("unexpected", 500, "application_error", textUnexpected),
	hostError("unavailable", 503, "service_unavailable", textDown),
}

func hostError(id string, status int, name, message string, more ...sdk.HeaderSpec) sdk.ErrorSpec {
	body := string(sdk.AppendInt([]byte(`{"statusCode":`), status)) + `,"message":` + string(sdk.AppendString(nil, message)) + `,"name":"` + name + `"}`
	return sdk.ErrorSpec{Name: id, Status: status, Headers: append([]sdk.HeaderSpec{{Name: "Content-Type", Value: contentType}}, more...), Body: body}
}
