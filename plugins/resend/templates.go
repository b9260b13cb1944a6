package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var templateContent = [...]string{"from", "subject", "reply_to", "html", "text", "variables"}

var template *kind

func templateHandlers() {
	template = &kind{
		path: "templates", object: "template", noun: "Template", param: "id", level: sdk.Exact, keep: templates, template: templateTemplate, named: "alias",
		shown:  "object id current_version_id alias name created_at updated_at status published_at from subject reply_to html text variables has_unpublished_versions",
		listed: "id name status published_at created_at updated_at alias", set: setTemplate, complete: completeTemplate,
	}
	template.serve("create list get update remove")
	template.on("publish", func(r *request, d sdk.Doc) error {
		publish(r.Call, d)
		return template.changed(r, d)
	})
	template.duplicates(templateContent[:]...)
}

// completeTemplate fills a new template up.
func completeTemplate(c *sdk.Call, _ string, d sdk.Doc) {
	if d.Get("current_version_id").String() == "" {
		d.SetString("current_version_id", c.UUID(sdk.Objects))
	}
	if d.Get("updated_at").String() == "" {
		d.SetDoc("updated_at", d.Get("created_at"))
	}
	if d.Get("status").String() == "published" && d.Get("published").IsNull() {
		publish(c, d)
	}
}

// publish makes what is being edited what emails are made of.
func publish(c *sdk.Call, d sdk.Doc) {
	content := d.SetObject("published")
	for _, name := range templateContent {
		content.SetDoc(name, d.Get(name))
	}
	d.Put("status", "published", "published_at", stamp(c), "has_unpublished_versions", false)
}

// maxVariables [D dashboard/templates/template-variables, 2026-11].
const maxVariables = 50

func setTemplate(r *request, d sdk.Doc) error {
	completeTemplate(r.Call, "", d)
	d.Put("has_unpublished_versions", true, "updated_at", stamp(r.Call))
	if alias := r.text("alias"); alias != "" {
		if other, ok := templates.First(r.Call, "alias", alias); ok && other.Get("id").String() != d.Get("id").String() {
			return invalid("The alias `" + alias + "` is taken by another template.") // believed
		}
	}
	r.set(d, "name", "alias", "from", "subject", "html", "text")
	r.setReplyTo(d)
	given := r.params.Get("variables")
	if given.IsNull() {
		return nil
	}
	if given.Len() > maxVariables {
		return invalid("A template may have at most 50 variables.") // the text is believed
	}
	list := d.SetArray("variables")
	for v := range given.All {
		key, kind := v.Get("key").String(), v.Get("type").String()
		if slices.Contains(reserved, key) {
			return invalid("The variable name `" + key + "` is reserved.") // the text is believed
		}
		list.AddObject().Put("id", r.UUID(sdk.Objects), "key", key, "type", kind, "fallback_value", v.Get("fallback_value"),
			"created_at", stamp(r.Call), "updated_at", stamp(r.Call))
	}
	return nil
}

// rendered is what a template makes of its variables.
type rendered struct {
	id, from, subject, html, text string
	replyTo                       sdk.Doc
}

// render fills a published template in.
func (r *request) render(t sdk.Doc) (rendered, error) {
	d, err := template.find(r, t.Get("id").String())
	if err != nil {
		return rendered{}, err
	}
	content := d.Get("published")
	if content.IsNull() { // [D dashboard/templates/introduction: it has to be published first]
		return rendered{}, invalid("The template is not published.") // the text is believed
	}
	values := map[string]string{}
	for v := range content.Get("variables").All {
		key := v.Get("key").String()
		given := t.Get("variables", key)
		if given.IsNull() {
			given = v.Get("fallback_value")
		}
		if given.IsNull() { // [D dashboard/templates/template-variables, 2026-11]
			return rendered{}, invalid("Missing value for the variable `" + key + "`: it has no fallback.") // the text is believed
		}
		if k := given.Kind(); v.Get("type").String() == "number" && k != sdk.Number || v.Get("type").String() == "string" && k != sdk.String {
			return rendered{}, invalid("The variable `" + key + "` must be a " + v.Get("type").String() + ".") // the text is believed
		}
		values[key] = given.String()
	}
	fill := func(name string) (string, bool) {
		v, ok := values[name]
		return v, ok
	}
	out := rendered{id: d.Get("id").String(), from: content.Get("from").String(), replyTo: content.Get("reply_to")}
	out.subject = substitute(content.Get("subject").String(), fill)
	out.html = substitute(content.Get("html").String(), fill)
	out.text = substitute(content.Get("text").String(), fill)
	return out, nil
}

// substitute replaces {{{NAME}}} and {{{NAME|fallback}}} [D
// dashboard/templates/introduction, 2026-11]; what has neither value nor fallback
// becomes empty.
func substitute(text string, value func(name string) (string, bool)) string {
	if !strings.Contains(text, "{{{") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "{{{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inside, after, ok := strings.Cut(rest, "}}}")
		if !ok {
			b.WriteString("{{{" + rest)
			return b.String()
		}
		name, fallback, _ := strings.Cut(inside, "|")
		if v, ok := value(strings.TrimSpace(name)); ok {
			b.WriteString(v)
		} else {
			b.WriteString(fallback)
		}
		text = after
	}
}
