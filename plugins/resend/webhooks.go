package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func webhookHandlers() {
	k := &kind{
		path: "webhooks", object: "webhook", noun: "Webhook", param: "webhook_id", level: sdk.Exact, keep: webhooks, template: webhookTemplate,
		shown: "object id created_at status endpoint events signing_secret", listed: "id created_at status endpoint events", set: setWebhook,
		complete: func(c *sdk.Call, path string, d sdk.Doc) {
			if !sdk.IsURL(d.Get("endpoint").String()) {
				c.AddFault(path+".endpoint", "want an http or https URL")
			}
			d.SetSecret("signing_secret", c.Secret("webhook")) // seeded endpoints share the application's
		},
		answer: func(r *request, d sdk.Doc) error { return r.JSON(r.pick(d, "object id signing_secret")) },
	}
	k.serve("create list get update remove")
}

func setWebhook(r *request, d sdk.Doc) error {
	// Addresses of this machine are not refused, other than at the vendor: that is where
	// the application is.
	if v := r.params.Get("endpoint"); !v.IsNull() && !sdk.IsURL(v.String()) {
		return invalid("Invalid `endpoint` field. It has to be a URL.") // the text is believed
	}
	if v := r.params.Get("events"); !v.IsNull() {
		if v.Len() == 0 {
			return invalid("The `events` field must have at least one event.") // the text is believed
		}
		for e := range v.All {
			if !slices.Contains(eventTypes, e.String()) {
				return invalid("Invalid `events` field: " + e.String() + " is not an event type.") // the text is believed
			}
		}
	}
	if v := r.params.Get("status"); !v.IsNull() && v.String() != "enabled" && v.String() != "disabled" { // [S UpdateWebhook]
		return invalid("Invalid `status` field. Expected one of `enabled` | `disabled`.")
	}
	if !d.Get("signing_secret").Exists() {
		d.SetSecret("signing_secret", r.NewSecret("whsec_", 32)) // 24 bytes in base64, as Standard Webhooks has it
	}
	r.set(d, "endpoint", "events", "status")
	return nil
}

// target is where events go.
type target struct {
	label  string // id of a webhook, or URL of a forward
	events string // as JSON; "" is all
}

var currentTargets sdk.Once[[]target]

// targets lists the enabled endpoints and the forwards.
func targets(c *sdk.Call) []target {
	return *currentTargets.Of(c, func(c *sdk.Call) (out []target) {
		if accountOf(c).hooks {
			for _, d := range webhooks.Every(c, "", "") {
				if d.Get("status").String() == "enabled" {
					out = append(out, target{d.Get("id").String(), d.Get("events").JSON()})
				}
			}
		}
		for _, url := range c.Forwards {
			out = append(out, target{label: url})
		}
		return out
	})
}

// emit queues an event for every endpoint that wants it; data is only worked out
// if one does. All copies and all tries of
// one event have one id [S standard-webhooks: webhook-id is that of the message].
func emit(c *sdk.Call, event string, data func() sdk.Doc) {
	payload := ""
	for _, t := range targets(c) {
		if t.events != "" && !strings.Contains(t.events, `"`+event+`"`) {
			continue
		}
		if payload == "" {
			d := c.Object("type", event, "created_at", sdk.ISOMillis(c.Now()), "data", data())
			payload = "msg_" + c.Random(sdk.Objects, 27, sdk.Base62) + "\n" + d.JSON()
		}
		c.Enqueue(event, t.label, payload)
	}
}

// attempt builds one try, signed by Svix [S standard-webhooks; D
// dashboard/webhooks/verify-webhooks-requests names the headers].
func attempt(c *sdk.Call, d sdk.Delivery) error {
	url, secret := d.Label, c.Secret("webhook")
	if sdk.IsUUID(d.Label) {
		endpoint, ok := webhooks.Get(c, d.Label)
		if !ok || endpoint.Get("status").String() != "enabled" {
			return nil // the host drops the delivery
		}
		url = endpoint.Get("endpoint").String()
		secret, _ = endpoint.SecretAt("signing_secret")
	}
	id, body, _ := strings.Cut(d.Payload, "\n")
	c.SendSvix(url, secret, id, body)
	return nil
}

func outcome(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
	c.RetryBy(retries, d, r)
	return nil
}
