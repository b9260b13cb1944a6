package vendorsuite

import (
	"net/http"
	"regexp"
)

// Twilio returns what comparisons have to know of Twilio.
func Twilio() *Rules {
	return (&Rules{
		Vendor: "twilio",
		Hosts:  []string{"*.twilio.com"},
		// User and password of Basic: an account and its token.
		Credential: http.Header{"Authorization": {"Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="}},
		Secrets: []Secret{
			{Form: regexp.MustCompile(`"(?:auth_token|secondary_auth_token|secret)"\s*:\s*"(?P<secret>[^"]+)"`), Why: "tokens of accounts and secrets of API keys"},
		},
		// Not only where a word begins: the token of a page is PA and an id.
		IDs:      []*regexp.Regexp{regexp.MustCompile(`[A-Z]{2}(?P<random>[0-9a-f]{32})`)},
		IDFields: []string{"sid"},
		Times:    []string{"date_created", "date_updated", "date_sent", "start_time", "end_time"},
		Headers: []HeaderRule{
			{Name: "Content-Type", Always: true},
			{Name: "Twilio-Request-Id", Form: regexp.MustCompile(`^RQ[0-9a-f]{32}$`), Always: true},
			{Name: "Retry-After"},
		},
		Masks: map[string]string{
			// The account of Credential; in a path it is escaped.
			"<TWILIO ACCOUNT SID>": twilioAccount, "<TWILIO%20ACCOUNT%20SID>": twilioAccount, "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX": twilioAccount,
		},
		Errors: []string{"code", "message", "more_info", "status"},
	}).compile()
}

const twilioAccount = "AC0123456789abcdef0123456789abcdef"
