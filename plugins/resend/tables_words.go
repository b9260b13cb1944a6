package main

import "time"

// eventTypes [S description, D webhooks/event-types, 2026-11].
var eventTypes = []string{
	"email.sent", "email.delivered", "email.delivery_delayed", "email.bounced", "email.complained", "email.opened", "email.clicked", "email.failed",
	"email.scheduled", "email.suppressed", "email.received", "contact.created", "contact.updated", "contact.deleted", "domain.created", "domain.updated", "domain.deleted",
}

// retries are the pauses behind the tries [D webhooks/retries-and-replays, 2026-11].
var retries = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 10 * time.Hour}

// simulated are the arguments of each kind of event.
var simulated = map[string]string{
	"email":   "id to from subject html text cc bcc reply_to headers attachments message_id link type subtype reason tags broadcast_id",
	"contact": "id email first_name last_name unsubscribed",
	"domain":  "id name status region",
}

// domainStatuses [S Domain.status].
var domainStatuses = []string{"pending", "verified", "failed", "not_started", "partially_verified", "partially_failed"}

// reserved [D dashboard/templates/template-variables, 2026-11].
var reserved = []string{"FIRST_NAME", "LAST_NAME", "EMAIL", "UNSUBSCRIBE_URL", "RESEND_UNSUBSCRIBE_URL", "contact", "this"}

// layouts are the forms of dates that are taken: ISO 8601, and Resend's own.
var layouts = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999", "2006-01-02T15:04", "2006-01-02"}

// zones are hours east of UTC, without summer time (believed).
var zones = map[string]int{"utc": 0, "gmt": 0, "et": -5, "est": -5, "edt": -4, "ct": -6, "cst": -6, "cdt": -5, "mt": -7, "mst": -7, "mdt": -6, "pt": -8, "pst": -8, "pdt": -7}

// sending are the operations that a key with sending access may call
// [D api-reference/api-keys, S CreateApiKeyRequest.permission].
var sending = map[string]bool{"emails/send": true, "emails/send-batch": true, "smtp/login": true, "smtp/send": true}

// subjects of seeded emails.
var subjects = [...]string{"Your receipt", "Reset your password", "Welcome to Acme", "Your order has shipped", "New sign-in to your account"}

// units of spans of time.
var units = map[string]time.Duration{
	"sec": time.Second, "second": time.Second, "m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "week": 7 * 24 * time.Hour,
}
