package main

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
	"github.com/mirrahq/mirra/sdk/when"
)

// request is one call of an operation.
type request struct {
	*sdk.Call
	params sdk.Doc // query and body, an object
	op     *resource.Operation
}

// implemented are the operations served by hand; the others answer 501 by name.
var implemented = map[string]handled{}

type handled struct {
	level sdk.Level
	run   func(r *request) error
}

func handle(id string, level sdk.Level, run func(r *request) error) {
	implemented[id] = handled{level, run}
}

// route registers all operations, and stops at a handler without one.
func route() {
	emailHandlers()
	receivingHandlers()
	domainHandlers()
	keyHandlers()
	contactHandlers()
	listHandlers()
	broadcastHandlers()
	templateHandlers()
	webhookHandlers()
	suppressionHandlers()
	automationHandlers()
	for i := range tables.Operations {
		op := &tables.Operations[i]
		h, ok := implemented[op.ID]
		delete(implemented, op.ID)
		if !ok {
			resend.Handle(op.Pattern, op.ID, sdk.None, nil)
			continue
		}
		resend.Handle(op.Pattern, op.ID, h.level, func(c *sdk.Call) error { return serve(c, op, h.run) })
	}
	for id := range implemented {
		panic("resend: the description has no operation " + id)
	}
}

func serve(c *sdk.Call, op *resource.Operation, run func(r *request) error) error {
	params, err := readParams(c)
	if err != nil {
		return err
	}
	r := &request{c, params, op}
	if op.Status != 0 {
		c.SetStatus(int(op.Status))
	}
	return run(r)
}

// readParams is Params also for JSON that is too large to come inline.
func readParams(c *sdk.Call) (sdk.Doc, error) {
	params, err := c.Params()
	if err != nil || !c.HasBlob || !strings.Contains(c.Header("Content-Type"), "json") {
		return params, err
	}
	return c.JSONBody()
}

// check holds the parameters against the description, but for the fields named in
// except.
func (r *request) check(except ...string) error { return checkFields(r.params, r.op.Fields, except...) }

func checkFields(params sdk.Doc, fields *sdk.Fields, except ...string) error {
	var fault error
	sdk.CheckFields(params, fields.List(), 0, func(v sdk.Violation) bool {
		name, _, _ := strings.Cut(v.Path, "[")
		if fault == nil && !slices.Contains(except, name) {
			fault = violation(v)
		}
		return fault == nil
	})
	return fault
}

// violation puts what is wrong with a parameter into Resend's words. Missing
// fields are recorded [R]; of the others the page of errors had names of their own
// for two, the texts of the rest are believed.
func violation(v sdk.Violation) error {
	switch {
	case v.Kind == sdk.MissingField, v.Field != nil && v.Field.Required && (v.Value.IsNull() || v.Kind == sdk.EmptyValue):
		return missing(v.Path)
	case v.Kind == sdk.UnknownField, v.Kind == sdk.EmptyValue, v.Value.IsNull(), v.Field.Type&sdk.TFile != 0:
		return nil // files are base64 text or bytes: see contentOf
	case v.Path == "limit":
		return invalid(textLimit)
	case v.Kind == sdk.NotInEnum && v.Path == "region":
		return fail(422, "invalid_region", "Region must be "+quoted(v.Field.Values(0), `"`)+".")
	case v.Kind == sdk.NotInEnum && v.Path == "permission":
		return fail(422, "invalid_access", "Access must be "+quoted(v.Field.Values(0), `"`)+".")
	case v.Kind == sdk.NotInEnum:
		return invalid("Invalid `" + v.Path + "` field. Expected one of " + quoted(v.Field.Values(0), "`") + ".")
	case v.Kind == sdk.TooLong:
		return invalid("The `" + v.Path + "` field must have at most " + string(sdk.AppendInt(nil, int(v.Field.Max))) + " characters.")
	}
	return invalid("Invalid `" + v.Path + "` field.")
}

func quoted(values []string, mark string) string {
	return mark + strings.Join(values, mark+" | "+mark) + mark
}

func (r *request) text(name string) string { return r.params.Get(name).String() }

// create returns a document of a template with an id and a time of creation.
func create(c *sdk.Call, t *sdk.Template) sdk.Doc {
	d := t.New(c.Arena)
	d.Put("id", c.UUID(sdk.Objects), "created_at", stamp(c))
	return d
}

// stamp is the session's time as Resend prints it [R "2025-11-30 20:41:40.84216+00"].
func stamp(c *sdk.Call) string { return accountOf(c).stamp }

func stampOf(t time.Time) string {
	b := sdk.AppendDateTime(make([]byte, 0, 32), t, ' ')
	if t.Nanosecond() >= 1000 {
		b = bytes.TrimRight(sdk.AppendFraction(b, t, 6), "0")
	}
	return string(append(b, "+00"...))
}

// isoOf is a stored time as events have it [D webhooks/event-types].
func isoOf(c *sdk.Call, d sdk.Doc) string {
	if t, ok := when.Date(d.String()); ok {
		return sdk.ISOMillis(t)
	}
	return sdk.ISOMillis(c.Now())
}

// known refuses an id, unless it is "", of which a collection has nothing.
func (r *request) known(k *sdk.Collection, id, noun string) error {
	if _, ok := k.Get(r.Call, id); !ok && id != "" {
		return notFound(noun)
	}
	return nil
}

// set copies members that the parameters name.
func (r *request) set(d sdk.Doc, names ...string) {
	for _, name := range names {
		if v := r.params.Get(name); v.Exists() {
			d.SetDoc(name, v)
		}
	}
}

// pick returns the named members of a document, in this order.
func (r *request) pick(d sdk.Doc, names string) sdk.Doc { return r.Pick(d, strings.Fields(names)) }

// answer answers with an object of names and values, in this order.
func (r *request) answer(pairs ...any) error { return r.JSON(r.Object(pairs...)) }

// everything is as many as a list without a limit has, of those that are not
// always in pages [D api-reference/pagination, 2026-11].
const everything = 10000

// page reads the parameters of a list. Newer lists have twenty unless told, older
// ones all [D api-reference/pagination, 2026-11].
func (r *request) page(usual int) (sdk.ListQuery, error) {
	if usual == 0 {
		usual = 20
	}
	if err := r.check(); err != nil {
		return sdk.ListQuery{}, err
	}
	q := sdk.ListQuery{Limit: usual, After: r.text("after"), Before: r.text("before")}
	if v := r.params.Get("limit"); v.Exists() {
		n, ok := v.Int()
		if !ok || n < 1 || n > 100 {
			return q, invalid(textLimit)
		}
		q.Limit = int(n)
	}
	if q.After != "" && q.Before != "" {
		return q, invalid("You can only use either `after` or `before`, not both.") // the text is believed
	}
	return q, nil
}

// list answers with a page of a collection, each document as view makes it.
func (r *request) list(k *sdk.Collection, q sdk.ListQuery, view func(d sdk.Doc) sdk.Doc) error {
	page, err := k.Find(r.Call, q)
	if err != nil {
		return err
	}
	docs, more := page.Docs(r.Call)
	out := make([]sdk.Doc, 0, len(docs))
	for _, d := range docs {
		out = append(out, view(d))
	}
	return r.answerList(out, more)
}

// answerList answers with a list [R: in this order].
func (r *request) answerList(docs []sdk.Doc, more bool) error {
	data := r.NewArray()
	for _, one := range docs {
		data.AddDoc(one)
	}
	return r.answer("object", "list", "has_more", more, "data", data)
}

// answerPage answers with a page of documents that are computed.
func (r *request) answerPage(docs []sdk.Doc, usual int) error {
	q, err := r.page(usual)
	if err != nil {
		return err
	}
	page, more, err := sdk.Slice(docs, q)
	if err != nil {
		return err
	}
	return r.answerList(page, more)
}
