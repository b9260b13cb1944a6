// Package when reads times as people write them, for mirrors of vendors that take
// "tomorrow at 9am" beside dates: as much of it as they document.
package when

import (
	"strconv"
	"strings"
	"time"
)

// Date reads a date in ISO 8601, or as databases print it.
func Date(s string) (time.Time, bool) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// Parse reads a date, or plain English seen from now: "in 1 hour", "tomorrow at
// 9am", "Friday at 3pm ET".
func Parse(s string, now time.Time) (time.Time, bool) {
	if t, ok := Date(s); ok {
		return t, true
	}
	words := strings.Fields(strings.ToLower(s))
	if len(words) == 0 {
		return time.Time{}, false
	}
	if words[0] == "in" {
		span, ok := Span(strings.Join(words[1:], " "))
		return now.Add(span), ok
	}
	zone := time.UTC
	if z, ok := zones[words[len(words)-1]]; ok {
		zone, words = time.FixedZone("", z*3600), words[:len(words)-1]
	}
	day, clock := words, []string(nil)
	for i, w := range words {
		if w == "at" {
			day, clock = words[:i], words[i+1:]
		}
	}
	local := now.In(zone)
	hour, minute := local.Hour(), local.Minute()
	if clock != nil {
		var ok bool
		if hour, minute, ok = parseClock(strings.Join(clock, "")); !ok {
			return time.Time{}, false
		}
	}
	days, ok := daysUntil(day, local.Weekday())
	if !ok {
		return time.Time{}, false
	}
	at := time.Date(local.Year(), local.Month(), local.Day()+days, hour, minute, 0, 0, zone)
	if at.Before(now) && len(day) == 1 && day[0] != "today" {
		at = at.AddDate(0, 0, 7)
	}
	return at.UTC(), true
}

func daysUntil(day []string, today time.Weekday) (int, bool) {
	if len(day) == 2 && day[0] == "next" {
		day = day[1:]
	}
	if len(day) != 1 {
		return 0, len(day) == 0
	}
	switch day[0] {
	case "today":
		return 0, true
	case "tomorrow":
		return 1, true
	}
	for w := time.Sunday; w <= time.Saturday; w++ {
		if strings.ToLower(w.String()) == day[0] {
			return (int(w-today) + 7) % 7, true
		}
	}
	return 0, false
}

// parseClock reads 9am, 3:30pm, 15:00, noon, midnight.
func parseClock(s string) (hour, minute int, ok bool) {
	switch s {
	case "noon":
		return 12, 0, true
	case "midnight":
		return 0, 0, true
	}
	for _, layout := range [...]string{"3pm", "3:04pm", "15:04", "15"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Hour(), t.Minute(), true
		}
	}
	return 0, 0, false
}

// Span reads 10m, 2 hours, 1 day.
func Span(s string) (time.Duration, bool) {
	s = strings.TrimSpace(strings.ToLower(s))
	word := strings.TrimLeft(s, "0123456789")
	n, err := strconv.Atoi(s[:len(s)-len(word)])
	unit, ok := units[strings.TrimSuffix(strings.TrimSpace(word), "s")]
	return time.Duration(n) * unit, ok && err == nil && n <= 1_000_000
}

// layouts are the forms of dates that Date takes: ISO 8601, and PostgreSQL's.
var layouts = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999", "2006-01-02T15:04", "2006-01-02"}

// zones are hours east of UTC, without summer time (believed).
var zones = map[string]int{"utc": 0, "gmt": 0, "et": -5, "est": -5, "edt": -4, "ct": -6, "cst": -6, "cdt": -5, "mt": -7, "mst": -7, "mdt": -6, "pt": -8, "pst": -8, "pdt": -7}

// units of spans of time.
var units = map[string]time.Duration{
	"sec": time.Second, "second": time.Second, "m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}
