package main

import "github.com/mirrahq/mirra/sdk"

// Texts of [D api-reference/errors, 2026-11].
const (
	textNoKey      = "Missing API Key"
	textKey        = "API key is invalid"
	textRestricted = "This API key is restricted to only send emails."
	textNoRoute    = "The requested endpoint does not exist."
	textNoMethod   = "Method is not allowed for the requested path."
	textLimit      = "The pagination limit must be a number between 1 and 100. See https://resend.com/docs/pagination for more information."
	textRate       = "Too many requests. Please limit the number of requests per second. Or contact support to increase rate limit."
	textDaily      = "You have exceeded your daily email sending quota."
	textMonthly    = "You have exceeded your monthly email sending quota."
	textKeyLength  = "Idempotency keys, if present, must have between 1 and 256 characters."
	textKeyUsed    = "This idempotency key has been used with this HTTP method and endpoint within the last 24 hours, but the request body was modified and doesn't match the original request."
	textKeyInUse   = "There is another request in progress with the same idempotency key."
	textAttachment = "Attachment must have either a `content` or `path`."
	textTooLarge   = ", of the 40 MB that an email may have at Resend: try with smaller attachments"
	textUnexpected = "An unexpected error occurred."
	textDown       = "API is temporarily unavailable"
)

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
