package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// operation finds one of the description.
func operation(id string) *resource.Operation {
	for i := range tables.Operations {
		if tables.Operations[i].ID == id {
			return &tables.Operations[i]
		}
	}
	panic("resend: the description has no operation " + id)
}

// segmentsNamed is when answers below /segments began to say "segment" [R: "audience"
// on 17 October 2025, "segment" on the 21st].
var segmentsNamed = time.Date(2025, 10, 19, 0, 0, 0, 0, time.UTC)

func listHandlers() {
	segmentHandlers("segments")
	segmentHandlers("audiences")
	topic := &kind{
		path: "topics", object: "topic", noun: "Topic", param: "id", level: sdk.Exact, keep: topics, template: topicTemplate,
		shown: "object id name description default_subscription visibility created_at", listed: "id name description default_subscription visibility created_at",
		set: func(r *request, d sdk.Doc) error {
			r.set(d, "name", "description", "visibility")
			if r.Method == "POST" { // [S CreateTopicOptions: it cannot be changed]
				r.set(d, "default_subscription")
			}
			return nil
		},
	}
	topic.serve("create list get update remove")
	property := &kind{
		path: "contact-properties", object: "contact_property", noun: "Contact property", param: "id", level: sdk.Exact, keep: properties, template: propertyTemplate,
		shown: "object id key type fallback_value created_at", listed: "id key type fallback_value created_at", set: setProperty,
	}
	property.serve("create list get update remove")
}

func segmentHandlers(path string) {
	name := func(r *request) string {
		if path == "audiences" || r.Now().Before(segmentsNamed) {
			return "audience"
		}
		return "segment"
	}
	k := &kind{
		path: path, noun: "Audience" /* [R: in either case] */, param: "id", level: sdk.Exact, keep: segments, template: segmentTemplate,
		shown: "object id name created_at", listed: "id name created_at", usual: everything,
		set: func(r *request, d sdk.Doc) error { r.set(d, "name", "filter"); return nil },
		show: func(r *request, d sdk.Doc, members string) sdk.Doc {
			d.SetString("object", name(r))
			return r.pick(d, members)
		},
	}
	k.answer = func(r *request, d sdk.Doc) error { return r.JSON(k.view(r, d, "object id name")) } // [R: in this order]
	k.serve("create list get")
	handle(path+"/remove", sdk.Exact, func(r *request) error {
		id := r.Value("id")
		if !sdk.IsUUID(id) {
			return invalid("The `id` must be a valid UUID.")
		}
		leaveAll(r.Call, "segment_id", id)
		segments.Delete(r.Call, id, r.NewObject())
		return r.answer("object", name(r), "id", id, "deleted", true) // [R: one that never was is deleted too]
	})
}

// setProperty [S CreateContactPropertyOptions: the key, and a fallback of the type].
func setProperty(r *request, d sdk.Doc) error {
	if r.Method == "POST" {
		key := r.text("key")
		if len(key) > 50 || !sdk.IsPlainName(key) || strings.Contains(key, "-") {
			return invalid("The `key` field must have at most 50 letters, numbers and underscores.")
		}
		if _, ok := properties.First(r.Call, "key", key); ok {
			return invalid("The property `" + key + "` exists already.") // believed
		}
		r.set(d, "key", "type")
	}
	v, want := r.params.Get("fallback_value"), sdk.String
	if d.Get("type").String() == "number" {
		want = sdk.Number
	}
	if !v.IsNull() && v.Kind() != want {
		return invalid("The `fallback_value` field must match the type of the property.") // the text is believed
	}
	r.set(d, "fallback_value")
	return nil
}

// listTopics lists all topics with what a contact says of them.
func listTopics(r *request, d sdk.Doc) error {
	q, err := r.page(0)
	if err != nil {
		return err
	}
	return r.list(topics, q, func(t sdk.Doc) sdk.Doc {
		out := r.pick(t, "id name description")
		out.SetString("subscription", subscriptionOf(r.Call, d.Get("id").String(), t))
		return out
	})
}

// updateTopics takes {topics: […]} [S description] and the bare array that SDKs send
// [S resend-node 6.38].
func updateTopics(r *request, d sdk.Doc) error {
	body, err := r.JSONBody()
	if err != nil {
		return err
	}
	if body.Kind() == sdk.Object {
		body = body.Get("topics")
	}
	if body.IsNull() {
		return missing("topics")
	}
	if err := r.checkTopics(body); err != nil {
		return err
	}
	subscribe(r.Call, d.Get("id").String(), body)
	return r.answer("object", "contact_topics", "id", d.Get("id"), "contact_id", d.Get("id"), "topics", body)
}

func (r *request) checkTopics(list sdk.Doc) error {
	for t := range list.All {
		if _, ok := topics.Get(r.Call, t.Get("id").String()); !ok {
			return notFound("Topic")
		}
		if s := t.Get("subscription").String(); s != "opt_in" && s != "opt_out" {
			return invalid("Invalid `subscription` field. Expected one of `opt_in` | `opt_out`.")
		}
	}
	return nil
}

func subscribe(c *sdk.Call, contact string, list sdk.Doc) {
	for t := range list.All {
		topic := t.Get("id").String()
		d := c.Object("object", "contact_topic", "id", contact+"/"+topic, "contact_id", contact, "topic_id", topic, "subscription", t.Get("subscription"))
		if !subscriptions.Update(c, d) {
			subscriptions.MustInsert(c, d)
		}
	}
}

// subscriptionOf is what a contact said of a topic, else the topic's default.
func subscriptionOf(c *sdk.Call, contact string, topic sdk.Doc) string {
	if d, ok := subscriptions.Get(c, contact+"/"+topic.Get("id").String()); ok {
		return d.Get("subscription").String()
	}
	return topic.Get("default_subscription").String()
}
