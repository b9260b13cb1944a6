package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

func membership(c *sdk.Call, segment, contact string) sdk.Doc {
	return c.Object("object", "contact_segment", "id", segment+"/"+contact, "contact_id", contact, "segment_id", segment)
}

// Members of contacts below an audience [R: in this order, without properties].
const contactOfList = "id email first_name last_name created_at unsubscribed"

var contact *kind

func contactHandlers() {
	contact = &kind{
		path: "contacts", object: "contact", noun: "Contact", param: "id", level: sdk.Exact, keep: contacts, template: contactTemplate, named: "email",
		shown: "object " + contactOfList + " properties", listed: "id created_at email unsubscribed first_name last_name", // [R: in these orders]
		usual: everything, set: setContact, data: contactData, leave: func(c *sdk.Call, id string) { leaveAll(c, "contact_id", id) }, complete: completeContact,
	}
	contact.serve("get update")
	memberships.Complete = completeMembership
	handle("contacts/create", sdk.Exact, func(r *request) error {
		audience := r.text("audience_id")
		if audience == "" && r.Now().Before(contactsAlone) {
			return invalid("The `id` must be a valid UUID.")
		}
		return r.createContact(audience)
	})
	handle("contacts/list", sdk.Exact, func(r *request) error {
		if segment := r.text("segment_id"); segment != "" {
			return r.listMembers(segment, contact.listed)
		}
		return contact.list(r)
	})
	handle("contacts/remove", sdk.Exact, func(r *request) error {
		// [R, for those of an audience: what was never there is deleted too]
		if d, err := contact.find(r, r.Value("id")); err == nil {
			contact.delete(r.Call, d)
		}
		return r.contactGone()
	})
	of := *contact
	of.param = "contact_id"
	of.on("list-segments", listSegments)
	of.on("list-topics", listTopics)
	of.on("update-topics", updateTopics)
	inSegment := func(verb string, run func(r *request, segment, id string) error) {
		of.on(verb, func(r *request, d sdk.Doc) error {
			segment := r.Value("segment_id")
			if _, ok := segments.Get(r.Call, segment); !ok {
				return notFound("Segment")
			}
			return run(r, segment, d.Get("id").String())
		})
	}
	inSegment("add-segment", func(r *request, segment, id string) error {
		join(r.Call, segment, id)
		return r.answer("object", "contact_segment", "contact_id", id, "segment_id", segment)
	})
	inSegment("remove-segment", func(r *request, segment, id string) error {
		memberships.Delete(r.Call, segment+"/"+id, r.NewObject())
		return r.answer("object", "contact_segment", "contact_id", id, "segment_id", segment, "deleted", true)
	})
	legacyContacts()
}

// contactsAlone is when a contact could be created without an audience [R: not on 8
// October 2025, and on the 17th].
var contactsAlone = time.Date(2025, 10, 16, 0, 0, 0, 0, time.UTC)

// legacy are the operations of the paths below audiences: their parameters are those
// of contacts.
var legacy = map[string]*resource.Operation{
	"POST": operation("contacts/create"), "PATCH": operation("contacts/update"), "GET": operation("contacts/list"), "DELETE": operation("contacts/remove"),
}

// legacyContacts are the paths below an audience, which the description no longer
// has and the vendor still serves [R 2025-11-30].
func legacyContacts() {
	undescribed := func(pattern, id string, status int, run func(r *request, audience string) error) {
		resend.Handle(pattern, id, sdk.Exact, func(c *sdk.Call) error {
			params, err := readParams(c)
			if err != nil {
				return err
			}
			r := &request{c, params, legacy[c.Method]}
			audience := r.Value("audience_id")
			if !sdk.IsUUID(audience) {
				return invalid("The `id` must be a valid UUID.") // [R]
			}
			c.SetStatus(status)
			return run(r, audience)
		})
	}
	member := func(run func(r *request, d sdk.Doc) error) func(r *request, audience string) error {
		return func(r *request, audience string) error {
			d, err := contact.find(r, r.Value("id"))
			if err != nil {
				return err
			}
			if _, ok := memberships.Get(r.Call, audience+"/"+d.Get("id").String()); !ok {
				return notFound("Contact")
			}
			return run(r, d)
		}
	}
	list := func(r *request, audience string) error { return r.listMembers(audience, contactOfList) }
	const one = "/audiences/{audience_id}/contacts"
	undescribed("POST "+one, "audiences/create-contact", 201, (*request).createContact)
	undescribed("GET "+one, "audiences/list-contacts", 200, list)
	undescribed("GET /segments/{audience_id}/contacts", "segments/list-contacts", 200, list)
	undescribed("GET "+one+"/{id}", "audiences/get-contact", 200, member(func(r *request, d sdk.Doc) error {
		return r.JSON(r.pick(d, "object "+contactOfList))
	}))
	undescribed("PATCH "+one+"/{id}", "audiences/update-contact", 200, member(func(r *request, d sdk.Doc) error {
		r.params.Delete("email")
		if err := setContact(r, d); err != nil {
			return err
		}
		return contact.changed(r, d)
	}))
	undescribed("DELETE "+one+"/{id}", "audiences/remove-contact", 200, func(r *request, _ string) error {
		// [R: what was never there is deleted too]
		_ = member(func(r *request, d sdk.Doc) error { contact.delete(r.Call, d); return nil })(r, r.Value("audience_id"))
		return r.contactGone()
	})
}

// contactGone [R: in this order, with what the path named].
func (r *request) contactGone() error {
	return r.answer("object", "contact", "contact", r.Value("id"), "deleted", true)
}

// join puts a contact into a segment; twice is once.
func join(c *sdk.Call, segment, id string) {
	if _, ok := memberships.Get(c, segment+"/"+id); !ok {
		memberships.MustInsert(c, membership(c, segment, id))
	}
}

// leaveAll ends the memberships of a contact or a segment.
func leaveAll(c *sdk.Call, member, id string) {
	for _, m := range memberships.Every(c, member, id) {
		memberships.Delete(c, m.Get("id").String(), c.NewObject())
	}
}

func listSegments(r *request, d sdk.Doc) error {
	var docs []sdk.Doc
	for _, m := range memberships.Every(r.Call, "contact_id", d.Get("id").String()) {
		if s, ok := segments.Get(r.Call, m.Get("segment_id").String()); ok {
			docs = append(docs, r.pick(s, "id name created_at"))
		}
	}
	return r.answerPage(docs, 0)
}

// selectMembersOf lists the contacts of a segment, those that were created last first
// [R], whenever they joined it.
var selectMembersOf = sdk.Define(`SELECT o.doc FROM links l CROSS JOIN objects m ON m.seq = l.seq CROSS JOIN objects o ON o.id = m.doc ->> '$.contact_id' AND o.account = ''
	WHERE l.name = 'contact_segment.segment_id' AND l.account = '' AND l.key = ?1 AND m.deleted = 0 AND o.deleted = 0 ORDER BY o.seq DESC`)

func (r *request) listMembers(segment, members string) error {
	q, err := r.page(everything)
	if err != nil {
		return err
	}
	if _, ok := segments.Get(r.Call, segment); !ok {
		return notFound("Audience")
	}
	var docs []sdk.Doc
	for rows := selectMembersOf.MustRun(r.Args().Text(segment)); rows.Next(); {
		docs = append(docs, r.Trusted(rows.Text()))
	}
	page, more, err := sdk.Slice(docs, q)
	if err != nil {
		return err
	}
	for i, d := range page {
		page[i] = r.pick(d, members)
	}
	return r.answerList(page, more)
}

// createContact creates a contact, or changes the one of its address, and puts it
// into an audience, unless that is "".
func (r *request) createContact(audience string) error {
	if r.params.Get("email").IsNull() {
		return missing("email") // [R]
	}
	if err := r.check("segments"); err != nil {
		return err
	}
	into := []string{}
	if audience != "" {
		into = append(into, audience)
	}
	for s := range r.params.Get("segments").All {
		if s.Kind() == sdk.Object { // [S resend-node 6.38]
			s = s.Get("id")
		}
		into = append(into, s.String())
	}
	for _, segment := range into {
		if _, ok := segments.Get(r.Call, segment); !ok {
			return notFound("Audience")
		}
	}
	if err := r.checkTopics(r.params.Get("topics")); err != nil {
		return err
	}
	d, known := contacts.First(r.Call, "email", lower(r.text("email")))
	what := "updated"
	if !known {
		d, what = create(r.Call, contactTemplate), "created"
	}
	if err := setContact(r, d); err != nil {
		return err
	}
	id := d.Get("id").String()
	if known {
		contacts.Update(r.Call, d)
	} else {
		contacts.MustInsert(r.Call, d)
	}
	for _, segment := range into {
		join(r.Call, segment, id)
	}
	subscribe(r.Call, id, r.params.Get("topics"))
	contact.tell(r.Call, what, d)
	return r.answer("object", "contact", "id", id)
}

func setContact(r *request, d sdk.Doc) error {
	if v := r.text("email"); v != "" {
		email, ok := sdk.ParseAddress(v)
		if !ok || strings.Contains(v, "<") {
			return invalid("Invalid `email` field. The email address needs to follow the `email@example.com` format.") // the text is believed
		}
		d.SetString("email", email)
	}
	r.set(d, "first_name", "last_name", "unsubscribed")
	for p := range r.params.Get("properties").All {
		if _, ok := properties.First(r.Call, "key", p.Key()); !ok {
			return invalid("The property `" + p.Key() + "` does not exist.") // believed
		}
		d.Get("properties").SetDoc(p.Key(), p)
	}
	d.SetString("updated_at", stamp(r.Call))
	return nil
}

// contactData [S description: ContactEventData].
func contactData(c *sdk.Call, d sdk.Doc) sdk.Doc {
	in := c.NewArray()
	for _, m := range memberships.Every(c, "contact_id", d.Get("id").String()) {
		in.AddDoc(m.Get("segment_id"))
	}
	data := c.Object("id", d.Get("id"), "segment_ids", in)
	if in.Len() > 0 {
		data.SetDoc("audience_id", in.At(0))
	}
	data.Put("created_at", isoOf(c, d.Get("created_at")), "updated_at", isoOf(c, d.Get("updated_at")), "email", d.Get("email"))
	for _, name := range [...]string{"first_name", "last_name"} {
		if v := d.Get(name); !v.IsNull() {
			data.SetDoc(name, v)
		}
	}
	data.SetBool("unsubscribed", d.Get("unsubscribed").Bool())
	return data
}

func completeContact(c *sdk.Call, path string, d sdk.Doc) {
	email, ok := sdk.ParseAddress(d.Get("email").String())
	if !ok {
		c.AddFault(path+".email", "want an address")
	} else if _, taken := contacts.First(c, "email", email); taken {
		c.AddFault(path+".email", "there is a contact of "+email+" already")
	}
	d.SetString("email", email)
	if d.Get("updated_at").String() == "" {
		d.SetDoc("updated_at", d.Get("created_at"))
	}
}

func completeMembership(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
	segment, id := given.Get("segment_id").String(), given.Get("contact_id").String()
	refers(c, path+".segment_id", segments, segment, false)
	refers(c, path+".contact_id", contacts, id, false)
	return membership(c, segment, id)
}
