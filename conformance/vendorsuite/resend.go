package vendorsuite

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
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
		Errors:  []string{"name", "message", "statusCode"},
		History: func() History { return &resendHistory{} },
	}).compile()
}

// resendHistory is a History of a Resend account: the rate limit that it was last
// answered with, which the vendor raises on request.
type resendHistory struct{ rate int }

// Observe implements History.
func (h *resendHistory) Observe(e *Exchange, _ *node, _ bool) {
	if n, err := strconv.Atoi(e.Header.Get("Ratelimit-Limit")); err == nil {
		h.rate = n
	}
}

// Settings implements History.
func (h *resendHistory) Settings() json.RawMessage {
	if h.rate == 0 {
		return nil
	}
	return fmt.Appendf(nil, `{"object":"account","rate_limit":%d}`, h.rate)
}

// Object implements History: no recorded account kept one for long.
func (h *resendHistory) Object(string) *node { return nil }
