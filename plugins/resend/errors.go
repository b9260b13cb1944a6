package main

import (
	"errors"

	"github.com/mirrahq/mirra/abi"
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
	_ = c.JSON(c.Object("statusCode", f.status, "message", f.message, "name", f.name)) // cannot fail
}

// translate puts the sdk's errors into Resend's words.
func translate(err error) *failure {
	if e, ok := errors.AsType[*sdk.ParamError](err); ok && e.Reason == abi.ReasonTooLarge {
		return &failure{413, "validation_error", "Mirra: " + e.Text + textTooLarge}
	}
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

func hostError(id string, status int, name, message string, more ...sdk.HeaderSpec) sdk.ErrorSpec {
	body := string(sdk.AppendInt([]byte(`{"statusCode":`), status)) + `,"message":` + string(sdk.AppendString(nil, message)) + `,"name":"` + name + `"}`
	return sdk.ErrorSpec{Name: id, Status: status, Headers: append([]sdk.HeaderSpec{{Name: "Content-Type", Value: contentType}}, more...), Body: body}
}
