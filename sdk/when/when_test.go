package when_test

import (
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/when"
)

func TestParse(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC) // a Friday
	for text, want := range map[string]string{
		"in 1 min": "2026-11-27T12:01:00Z", "in 2 hours": "2026-11-27T14:00:00Z", "in 3 days": "2026-11-30T12:00:00Z", "in 30 seconds": "2026-11-27T12:00:30Z",
		"tomorrow at 9am": "2026-11-28T09:00:00Z", "Friday at 3pm ET": "2026-11-27T20:00:00Z", "monday at 15:30": "2026-11-30T15:30:00Z", "friday at 9am": "2026-12-04T09:00:00Z",
		"2026-11-28T12:00:00.000Z": "2026-11-28T12:00:00Z", "2026-11-28T12:00:00+02:00": "2026-11-28T10:00:00Z", "tomorrow at noon": "2026-11-28T12:00:00Z",
		"whenever": "", "in a while": "", "at 25pm": "", "tomorrow at 99": "", "": "", "in": "",
	} {
		at, ok := when.Parse(text, now)
		if got := at.UTC().Format(time.RFC3339); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %s, %v; want %s", text, got, ok, want)
		}
	}
}

// TestSpan reads spans with and without a space.
func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{"10m": 10 * time.Minute, "2 hours": 2 * time.Hour, " 1 Day": 24 * time.Hour, "3 weeks": 21 * 24 * time.Hour, "5": -1, "m": -1, "": -1, "9999999999 days": -1, "1 fortnight": -1} {
		got, ok := when.Span(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
}
