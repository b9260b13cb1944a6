package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func automationHandlers() {
	k := &kind{
		path: "automations", object: "automation", noun: "Automation", param: "automation_id", level: sdk.Modelled, keep: automations, template: automationTemplate,
		shown: "object id name status created_at updated_at steps connections", listed: "id name status created_at updated_at", filter: "status", set: setAutomation,
	}
	k.serve("create list get update remove")
	k.duplicates("steps", "connections")
	k.on("stop", func(r *request, d sdk.Doc) error {
		d.Put("status", "disabled", "updated_at", stamp(r.Call))
		out := r.pick(d, "object id status")
		automations.Update(r.Call, d)
		return r.JSON(out)
	})
	event := &kind{
		path: "events", object: "event", noun: "Event", param: "identifier", level: sdk.Modelled, keep: ownEvents, template: eventTemplate,
		shown: "object id name schema created_at updated_at", listed: "id name schema created_at updated_at", named: "name", set: setEvent,
	}
	event.serve("create list get update remove")
	handle("events/send", sdk.Modelled, func(r *request) error {
		if err := r.check(); err != nil {
			return err
		}
		if r.params.Get("contact_id").IsNull() == r.params.Get("email").IsNull() { // [S SendEventRequest]
			return invalid("Exactly one of `contact_id` or `email` must be provided.")
		}
		d, err := event.find(r, r.text("event"))
		if err != nil {
			return err
		}
		for _, a := range automations.Every(r.Call, "", "") {
			if a.Get("status").String() == "enabled" && strings.Contains(a.Get("steps").JSON(), `"`+d.Get("name").String()+`"`) {
				return &sdk.NotImplementedError{Operation: "events/send that starts the automation " + a.Get("name").String()}
			}
		}
		return r.answer("object", "event", "event", d.Get("name"))
	})
}

func setAutomation(r *request, d sdk.Doc) error {
	steps := r.params.Get("steps")
	if steps.Exists() != r.params.Get("connections").Exists() { // [S PatchAutomationRequest]
		return invalid("The `steps` and `connections` fields must be provided together.")
	}
	triggered := !steps.Exists()
	for s := range steps.All {
		triggered = triggered || s.Get("type").String() == "trigger"
	}
	if !triggered { // [S CreateAutomationRequest.steps]
		return invalid("An automation must include at least one `trigger` step.")
	}
	r.set(d, "name", "status", "steps", "connections")
	d.SetString("updated_at", stamp(r.Call))
	return nil
}

func setEvent(r *request, d sdk.Doc) error {
	if r.Method == "POST" {
		name := r.text("name")
		if strings.HasPrefix(name, "resend:") { // [S CreateEventRequest.name]
			return invalid("Event names cannot start with the reserved `resend:` prefix.")
		}
		if _, ok := ownEvents.First(r.Call, "name", name); ok {
			return invalid("The event `" + name + "` exists already.") // believed
		}
		r.set(d, "name")
	} else {
		d.SetString("updated_at", stamp(r.Call))
	}
	r.set(d, "schema")
	return nil
}
