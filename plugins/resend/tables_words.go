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

// sending are the operations that a key with sending access may call
// [D api-reference/api-keys, S CreateApiKeyRequest.permission].
var sending = map[string]bool{"emails/send": true, "emails/send-batch": true, "smtp/login": true, "smtp/send": true}

// subjects of seeded emails.
var subjects = [...]string{"Your receipt", "Reset your password", "Welcome to Acme", "Your order has shipped", "New sign-in to your account"}

// placeholders are domains of documentation, to which the vendor does not send [D
// knowledge-base/what-email-addresses-to-use-for-testing, 2026-11].
var placeholders = []string{"example.com", "example.org", "example.net", "test.com"}

// ownHeaders are those of every mail, which the vendor writes itself (believed), and
// those that speak to the relay.
var ownHeaders = []string{"date", "message-id", "received", "return-path", "sender", "dkim-signature", relayKey}
