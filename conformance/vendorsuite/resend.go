package vendorsuite

import (
	"net/http"
	"regexp"
)

// Resend returns what comparisons have to know of Resend.
func Resend() *Rules {
	digits := regexp.MustCompile(`^[0-9]+$`)
	return (&Rules{
		Vendor:     "resend",
		Hosts:      []string{"api.resend.com"},
		Credential: http.Header{"Authorization": {"Bearer re_123456789"}},
		Secrets: []Secret{
			{Form: regexp.MustCompile(`\bre_(?P<secret>[A-Za-z0-9]{6,}(?:_[A-Za-z0-9]{8,})?)`), Why: "API keys"},
			{Form: regexp.MustCompile(`\bwhsec_(?P<secret>[A-Za-z0-9+/=]+)`), Why: "secrets of webhooks"},
		},
		IDs:      []*regexp.Regexp{uuidForm},
		IDMark:   '-',
		IDFields: []string{"id"},
		Times:    []string{"created_at", "updated_at", "scheduled_at", "sent_at", "published_at", "last_used_at", "expires_at"},
		Random:   []Random{{Field: "token", Form: regexp.MustCompile(`re_([A-Za-z0-9]{8}_[A-Za-z0-9]{24})`), Why: "an API key"}},
		Headers: []HeaderRule{
			{Name: "Content-Type", Always: true},
			{Name: "Retry-After"},
			{Name: "Ratelimit-Limit", Always: true},
			{Name: "Ratelimit-Policy", Always: true},
			{Name: "Ratelimit-Remaining", Form: digits, Always: true, Why: "depends on what else was sent in that second"},
			{Name: "Ratelimit-Reset", Form: digits, Always: true, Why: "depends on the part of the second"},
		},
		Errors: []string{"name", "message", "statusCode"},
	}).compile()
}
