package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var events = stripe.Collect(&sdk.Collection{Type: "event", Entity: "events", Prefix: "evt_", Random: 24, Aliases: []string{"event"}})

var endpoints = stripe.Collect(&sdk.Collection{
	Type: "webhook_endpoint", Entity: "webhook_endpoints", Prefix: "we_", Random: 24,
	Complete: func(c *sdk.Call, _ string, d sdk.Doc) sdk.Doc {
		forgetTargets(c)
		return d
	},
})

// eventTemplate [R, fixtures 2024-06-20].
var eventTemplate = sdk.MustTemplate(`{"id":"","object":"event","api_version":"` + lineVersion + `","created":0,"data":{"object":null},"livemode":false,"pending_webhooks":0,"request":{"id":null,"idempotency_key":null},"type":""}`)

// emit records an event about an object as it stands now and queues it for
// every endpoint that wants it. previous, if it exists, is previous_attributes.
func emit(c *sdk.Call, typ string, object, previous sdk.Doc) {
	d := eventTemplate.New(c.Arena)
	id := longID(c, "evt_1")
	d.SetString("id", id)
	d.SetInt("created", c.Unix())
	data := d.Get("data")
	data.SetDoc("object", object)
	fitEvent(c, data.Get("object"), typ)
	if previous.Exists() {
		data.SetDoc("previous_attributes", previous)
	}
	if c.Account() != platform {
		d.InsertJSON("object", "account", quoted(c.Account())) // [D docs.stripe.com/connect/webhooks, 2026-11]
	}
	if c.Method != "" {
		request := d.Get("request")
		request.SetString("id", requestID(c))
		request.SetStringOrNull("idempotency_key", c.Header("Idempotency-Key"))
	}
	d.SetString("type", typ)
	targets := targetsFor(c, typ)
	d.SetInt("pending_webhooks", int64(len(targets)))
	if err := events.Insert(c, d); err != nil {
		panic(err.Error())
	}
	for _, t := range targets {
		c.Enqueue(typ, t, c.Account()+" "+id)
	}
}

var selectEndpoints = sdk.Define(`SELECT id, doc ->> '$.enabled_events' FROM objects WHERE type = 'webhook_endpoint' AND account = ?1 AND deleted = 0 AND doc ->> '$.status' = 'enabled' ORDER BY seq`)

// targetsFor lists the endpoints that want an event, by id, and the forwards,
// by URL. Reading the endpoints for every event would be a tenth of what a
// request costs, so what they want is kept as a mark of the account: a line each,
// the id and the list of events.
//
// What happens in a connected account is told to the platform's endpoints for
// that, too [D docs.stripe.com/connect/webhooks, 2026-11].
func targetsFor(c *sdk.Call, typ string) []string {
	targets := targetsOf(c, typ, markTargets)
	if own := c.Account(); own != platform {
		c.SetAccount(platform)
		targets = append(targets, targetsOf(c, typ, markConnectTargets)...)
		c.SetAccount(own)
	}
	return append(targets, c.Forwards...)
}

func targetsOf(c *sdk.Call, typ, mark string) []string {
	wanted := markOf(c, "", mark)
	if wanted == "" {
		wanted = readTargets(c, mark)
	}
	var targets []string
	for wanted != noTargets && wanted != "" {
		var line string
		line, wanted, _ = strings.Cut(wanted, "\n")
		id, enabled, _ := strings.Cut(line, " ")
		if strings.Contains(enabled, `"*"`) || strings.Contains(enabled, `"`+typ+`"`) {
			targets = append(targets, id)
		}
	}
	return targets
}

// noTargets is the mark of an account without endpoints.
const noTargets = "-"

func readTargets(c *sdk.Call, mark string) string {
	wanted := noTargets
	rows := selectEndpoints.MustRun(c.Args().Text(c.Account()))
	var lines []string
	for rows.Next() {
		lines = append(lines, rows.Text()+" "+rows.Text())
	}
	for _, line := range lines {
		id, _, _ := strings.Cut(line, " ")
		switch {
		case hasMark(c, id, markConnect) != (mark == markConnectTargets):
		case wanted == noTargets:
			wanted = line
		default:
			wanted += "\n" + line
		}
	}
	setMark(c, "", mark, wanted)
	return wanted
}

// forgetTargets is called by whatever changes an endpoint.
func forgetTargets(c *sdk.Call) {
	setMark(c, "", markTargets, "")
	setMark(c, "", markConnectTargets, "")
}

// attempt signs and sends one event: Stripe-Signature is t and v1, the HMAC of
// "t.body" [S stripe-go webhook/client.go].
func attempt(c *sdk.Call, d sdk.Delivery) error {
	event, ok := deliveredEvent(c, d)
	if !ok {
		return nil // the log was cleared; the host drops the delivery
	}
	url, secret := d.Label, sdk.Secret(0)
	if strings.HasPrefix(d.Label, "we_") {
		endpoint, ok := endpoints.Get(c, d.Label)
		if !ok && c.Account() != platform {
			c.SetAccount(platform) // an endpoint for connected accounts
			endpoint, ok = endpoints.Get(c, d.Label)
		}
		if !ok {
			return nil
		}
		url, secret = endpoint.Get("url").String(), secretOf(c, d.Label)
	} else {
		secret = c.Secret("webhook")
	}
	body := c.Plain(sdk.Indent(event.JSON()))
	stamp := strconv.FormatInt(c.PeerUnix(), 10)
	// [R, users' captures; VENDORS 3] header names and agent.
	c.SetHeader("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	c.SetHeader("Accept", "*/*; q=0.5, application/xml")
	c.SetHeader("Cache-Control", "no-cache")
	c.SetHeader("Stripe-Signature", "t="+stamp+",v1="+c.HMACHex(sdk.SHA256, secret, stamp+"."+body))
	c.Post(url, "application/json; charset=utf-8", body)
	return nil
}

// deliveredEvent is the event that a delivery is about, of its own account.
func deliveredEvent(c *sdk.Call, d sdk.Delivery) (sdk.Doc, bool) {
	account, id, _ := strings.Cut(d.Payload, " ")
	c.SetAccount(account)
	return events.Get(c, id)
}

// retries of a sandbox: three over a few hours. The vendor publishes no
// intervals [D docs.stripe.com/webhooks, 2026-11]; these are believed.
var retries = []time.Duration{10 * time.Minute, time.Hour, 3 * time.Hour}

// outcome counts pending_webhooks down, or tries again.
func outcome(c *sdk.Call, d sdk.Delivery, r sdk.Result) error {
	n := int(d.Attempt) - 1
	if !r.OK() {
		if n < len(retries) {
			c.RetryAt(c.Now().Add(retries[n]))
		} else {
			c.GiveUp()
		}
		return nil
	}
	if event, ok := deliveredEvent(c, d); ok {
		if pending := event.Get("pending_webhooks").Int64(); pending > 0 {
			event.SetInt("pending_webhooks", pending-1)
			events.Update(c, event)
		}
	}
	return nil
}

func eventHandlers() {
	handle("GetEvents", sdk.Exact, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		typ := r.text("type")
		if r.given("types") || strings.IndexByte(typ, '*') >= 0 {
			return r.listEvents(q, typ)
		}
		if typ != "" {
			q.Where[0] = sdk.Condition{Path: "$.type", Value: typ}
		}
		return r.list(events, q, "event", "/v1/events")
	})
	handle("GetEventsId", sdk.Exact, func(r *request) error {
		d, ok := events.Get(r.Call, r.Value("id"))
		if !ok {
			return notFound("event", r.Value("id"), "id")
		}
		return r.answer(d)
	})
}

// listEvents answers with the events of several types, or of a group such as
// charge.* [D docs.stripe.com/api/events/list, 2026-11]. It goes through the log
// page by page.
func (r *request) listEvents(q sdk.ListQuery, group string) error {
	wanted := func(typ string) bool {
		if prefix, ok := strings.CutSuffix(group, "*"); ok {
			return strings.HasPrefix(typ, prefix)
		}
		for t := range r.params.Get("types").All {
			if t.String() == typ {
				return true
			}
		}
		return false
	}
	if q.Before != "" {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "ending_before", message: "Mirra lists events of several types forward only."}
	}
	limit := q.Limit
	q.Limit = 100
	var out []sdk.Doc
	for more := true; more && len(out) <= limit; {
		page, err := events.Find(r.Call, q)
		if err != nil {
			return invalid("resource_missing", "starting_after", "No such event: '"+q.After+"'")
		}
		var docs []sdk.Doc
		docs, more = page.Docs(r.Call)
		for _, d := range docs {
			q.After = d.Get("id").String()
			if wanted(d.Get("type").String()) {
				out = append(out, d)
			}
		}
	}
	return r.answerList(out[:min(limit, len(out))], len(out) > limit, "/v1/events")
}
