package main

import "github.com/mirrahq/mirra/sdk"

// What is kept: the collections, and what their documents start as.

// accounts holds the session's one account, if a seed says how it is set up.
var accounts = resend.Collect(&sdk.Collection{
	Type: "account", Entity: "account", Fields: []string{"email", "plan", "rate_limit", "daily_quota", "monthly_quota"},
	Complete: completeAccount,
})

// The limits of an account that no seed speaks of: a free one
// [D knowledge-base/account-quotas-and-limits, 2026-11: 100 a day, 3,000 a month]
// with the requests a second of defaultRate.
const (
	defaultDaily   = 100
	defaultMonthly = 3000
	defaultEmail   = "owner@mirra.local" // the account's owner, to whom resend.dev may send
)

var accountTemplate = sdk.MustTemplate(`{"id":"account","object":"account","email":"owner@mirra.local","plan":"free","rate_limit":0,"daily_quota":100,"monthly_quota":3000}`)

// emails are those that were sent. Beside what answers show they keep what happened
// to them, for events and recipients.
var emails = resend.Collect(&sdk.Collection{
	Type: "email", Entity: "emails", Index: []string{"broadcast_id", "contact_id"},
	Fields: []string{"to", "from", "subject", "last_event", "scheduled_at", "broadcast_id", "tags"}, Aliases: []string{"email", "mail"},
})

var emailTemplate = sdk.MustTemplate(`{"object":"email","id":"","message_id":"","to":[],"from":"","created_at":"","subject":"","html":null,"text":null,"bcc":[],"cc":[],"reply_to":[],"last_event":"queued","scheduled_at":null,"tags":[],"topic_id":null,"template_id":null,"broadcast_id":null,"contact_id":null,"headers":{},"attachments":[],"history":[],"clicks":[]}`)

// received are inbound emails; `mirra simulate email.received` makes them.
var received = resend.Collect(&sdk.Collection{Type: "received_email", Entity: "received_emails", Fields: []string{"to", "from", "subject"}})

var receivedTemplate = sdk.MustTemplate(`{"object":"email","id":"","to":[],"from":"","created_at":"","subject":"","bcc":[],"cc":[],"reply_to":[],"received_for":[],"html":null,"text":null,"headers":{},"message_id":"","attachments":[]}`)

var domains = resend.Collect(&sdk.Collection{Type: "domain", Entity: "domains", Index: []string{"name"}, Fields: []string{"name", "status", "region"}})

// claims are those of domains that another account has verified.
var claims = resend.Collect(&sdk.Collection{Type: "domain_claim", Entity: "domain_claims", Index: []string{"domain_id"}})

var (
	domainTemplate = sdk.MustTemplate(`{"object":"domain","id":"","name":"","created_at":"","status":"not_started","region":"us-east-1","open_tracking":false,"click_tracking":false,"tracking_subdomain":null,"tls":"opportunistic","capabilities":{"sending":"enabled","receiving":"disabled"},"records":[]}`)
	claimTemplate  = sdk.MustTemplate(`{"object":"domain_claim","id":"","name":"","status":"pending","domain_id":"","region":"","record":{"type":"TXT","name":"","value":"","ttl":"Auto"},"blocked_reason":null,"failure_reason":null,"created_at":"","expires_at":""}`)
)

var apiKeys = resend.Collect(&sdk.Collection{Type: "api_key", Entity: "api_keys", Fields: []string{"name", "permission", "last_used_at"}})

var keyTemplate = sdk.MustTemplate(`{"id":"","name":"","created_at":"","last_used_at":null,"permission":"full_access","domain_id":null}`)

// contacts are the account's, one for each address: an address that is created again
// keeps its id [R: the same address in several audiences].
var contacts = resend.Collect(&sdk.Collection{Type: "contact", Entity: "contacts", Index: []string{"email"}, Fields: []string{"email", "first_name", "last_name", "unsubscribed"}})

var contactTemplate = sdk.MustTemplate(`{"object":"contact","id":"","email":"","first_name":null,"last_name":null,"created_at":"","updated_at":"","unsubscribed":false,"properties":{}}`)

// memberships say which contacts are in which segments; their ids are both.
var memberships = resend.Collect(&sdk.Collection{Type: "contact_segment", Entity: "contact_segments", Index: []string{"segment_id", "contact_id"}})

// segments were audiences, and still answer by that name too.
var segments = resend.Collect(&sdk.Collection{Type: "segment", Entity: "segments", Fields: []string{"name"}, Aliases: []string{"audience", "audiences"}})

var topics = resend.Collect(&sdk.Collection{Type: "topic", Entity: "topics", Fields: []string{"name", "default_subscription"}})

// subscriptions are what contacts said of topics; their ids are both.
var subscriptions = resend.Collect(&sdk.Collection{Type: "contact_topic", Entity: "contact_topics", Index: []string{"contact_id"}})

var properties = resend.Collect(&sdk.Collection{Type: "contact_property", Entity: "contact_properties", Index: []string{"key"}, Fields: []string{"key", "type"}})

var (
	segmentTemplate  = sdk.MustTemplate(`{"object":"segment","id":"","name":"","created_at":""}`)
	topicTemplate    = sdk.MustTemplate(`{"object":"topic","id":"","name":"","description":null,"default_subscription":"opt_in","visibility":"private","created_at":""}`)
	propertyTemplate = sdk.MustTemplate(`{"object":"contact_property","id":"","key":"","type":"string","fallback_value":null,"created_at":""}`)
)

var broadcasts = resend.Collect(&sdk.Collection{Type: "broadcast", Entity: "broadcasts", Fields: []string{"name", "status", "segment_id", "subject"}})

var broadcastTemplate = sdk.MustTemplate(`{"object":"broadcast","id":"","name":"","audience_id":null,"segment_id":null,"from":"","subject":"","reply_to":null,"preview_text":null,"status":"draft","created_at":"","scheduled_at":null,"sent_at":null,"topic_id":null,"html":null,"text":null}`)

var templates = resend.Collect(&sdk.Collection{Type: "template", Entity: "templates", Index: []string{"alias"}, Fields: []string{"name", "alias", "status"}})

// templateTemplate has with "published" what emails are made of; the rest is what
// is being edited.
var templateTemplate = sdk.MustTemplate(`{"object":"template","id":"","current_version_id":"","alias":null,"name":"","created_at":"","updated_at":"","status":"draft","published_at":null,"from":null,"subject":null,"reply_to":null,"html":"","text":null,"variables":[],"has_unpublished_versions":true,"published":null}`)

// automations are kept and not run: what would start one is answered with 501. Their
// runs are not mirrored.
var automations = resend.Collect(&sdk.Collection{Type: "automation", Entity: "automations", Fields: []string{"name", "status"}})

// ownEvents are the application's, which start automations.
var ownEvents = resend.Collect(&sdk.Collection{Type: "event", Entity: "events", Index: []string{"name"}, Fields: []string{"name"}})

var (
	automationTemplate = sdk.MustTemplate(`{"object":"automation","id":"","name":"","status":"disabled","created_at":"","updated_at":"","steps":[],"connections":[]}`)
	eventTemplate      = sdk.MustTemplate(`{"object":"event","id":"","name":"","schema":null,"created_at":"","updated_at":null}`)
)

// suppressions are addresses that get no email.
var suppressions = resend.Collect(&sdk.Collection{Type: "suppression", Entity: "suppressions", Index: []string{"email"}, Fields: []string{"email", "origin"}})

var suppressionTemplate = sdk.MustTemplate(`{"object":"suppression","id":"","email":"","origin":"manual","source_id":null,"created_at":""}`)

var webhooks = resend.Collect(&sdk.Collection{Type: "webhook", Entity: "webhooks", Fields: []string{"endpoint", "events", "status"}})

var webhookTemplate = sdk.MustTemplate(`{"object":"webhook","id":"","created_at":"","status":"enabled","endpoint":"","events":null}`)

// What events of emails say besides the email [D webhooks/emails/bounced, S
// description; dashboard/emails/send-test-emails: SMTP 550 5.1.1, unknown user].
var (
	bounces = map[string]*sdk.Template{
		"Permanent":    sdk.MustTemplate(`{"diagnosticCode":["smtp; 550 5.1.1 user unknown"],"message":"The recipient's email provider sent a hard bounce message, but didn't specify the reason for the hard bounce.","subType":"General","type":"Permanent"}`),
		"Transient":    sdk.MustTemplate(`{"diagnosticCode":["smtp; 452 4.2.2 mailbox full"],"message":"The recipient's email provider sent a soft bounce message.","subType":"MailboxFull","type":"Transient"}`),
		"Undetermined": sdk.MustTemplate(`{"diagnosticCode":["smtp; 550 5.0.0 unknown"],"message":"The recipient's email provider bounced the message, but didn't say why.","subType":"Undetermined","type":"Undetermined"}`), // believed
	}
	suppressedTemplate = sdk.MustTemplate(`{"diagnosticCode":["Resend has suppressed sending to this address because it is on the account-level suppression list."],"message":"Resend has suppressed sending to this address because it is on the account-level suppression list. This does not count toward your bounce rate metric","reason":"previous_bounce","type":"OnAccountSuppressionList"}`)
	clickTemplate      = sdk.MustTemplate(`{"ipAddress":"122.115.53.11","link":"https://resend.com","timestamp":"","userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.0 Safari/605.1.15"}`)
)
