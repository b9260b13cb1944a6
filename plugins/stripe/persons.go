package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var persons = stripe.Collect(&sdk.Collection{
	Type: "person", Entity: "persons", Prefix: "person_", Random: 24, Index: []string{"account"}, Aliases: []string{"person"},
	Fields: []string{"id", "account", "first_name", "last_name", "verification.status"},
})

// personTemplate [R, POST /v1/accounts/{account}/persons at 2023-10-16]. An
// account shows its individual without additional_tos_acceptances.
var personTemplate = sdk.MustTemplate(`{"id":"","object":"person","account":"","additional_tos_acceptances":{"account":{"date":null,"ip":null,"user_agent":null}},"address":` + noAddress + `,"created":0,"dob":{"day":null,"month":null,"year":null},"email":null,"first_name":null,"future_requirements":` + noPersonRequirements + `,"last_name":null,"metadata":{},"relationship":{"authorizer":false,"director":false,"executive":false,"legal_guardian":false,"owner":false,"percent_ownership":null,"representative":false,"title":null},"requirements":` + noPersonRequirements + `,"verification":{"additional_document":` + noDocument + `,"details":null,"details_code":null,"document":` + noDocument + `,"status":"unverified"}}`)

func personHandlers() {
	handle("PostAccountsAccountPersons", sdk.Modelled, createPerson)
	handle("GetAccountsAccountPersons", sdk.Exact, listPersons)
	handle("GetAccountsAccountPersonsPerson", sdk.Modelled, func(r *request) error {
		_, d, err := r.pathPerson()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
	handle("PostAccountsAccountPersonsPerson", sdk.Exact, updatePerson)
	handle("DeleteAccountsAccountPersonsPerson", sdk.Modelled, deletePerson)
}

// newPerson makes a person of an account, with the members that its country
// asks for.
func (r *request) newPerson(account sdk.Doc) sdk.Doc {
	p := personTemplate.New(r.Arena)
	id := account.Get("id").String()
	p.SetString("id", r.idOf(id, "person_1"))
	p.SetString("account", id)
	p.Get("address").SetString("country", account.Get("country").String())
	p.SetInt("created", r.Unix())
	country := account.Get("country").String()
	if showsAll(account) {
		for _, name := range [...]string{"first_name_kana", "first_name_kanji", "gender", "last_name_kana", "last_name_kanji", "maiden_name"} {
			insertSorted(p, name, "null")
		}
	}
	if showsAll(account) || country == "SG" {
		insertSorted(p, "nationality", "null")
	}
	if shows := idNumberRule(country, showsAll(account)); shows > 0 {
		insertSorted(p, "id_number_provided", "false")
		if shows > 1 {
			insertSorted(p, "ssn_last_4_provided", "false")
		}
	}
	return p
}

// insertSorted puts a member in its alphabetical place behind id and object.
func insertSorted(d sdk.Doc, name, json string) {
	if d.Get(name).Exists() {
		return
	}
	after := "object"
	for m := range d.All {
		if key := m.Key(); key != "id" && key != "object" && key < name {
			after = key
		}
	}
	d.InsertJSON(after, name, json)
}

// setPerson copies parameters of a person. It tells whether a document came.
func (r *request) setPerson(p, given sdk.Doc) (document bool) {
	for v := range given.All {
		switch name, text := v.Key(), v.String(); name {
		case "address", "registered_address", "address_kana", "address_kanji":
			if v.Kind() != sdk.Object {
				break
			}
			if !p.Get(name).Exists() {
				insertSorted(p, name, noAddress)
			}
			for m := range v.All {
				p.Get(name).SetStringOrNull(m.Key(), m.String())
			}
		case "dob":
			for m := range v.All {
				if n, ok := m.Int(); ok {
					p.Get("dob").SetInt(m.Key(), n)
				}
			}
		case "id_number", "ssn_last_4":
			insertSorted(p, name+"_provided", "false")
			p.SetBool(name+"_provided", text != "")
			if name == "id_number" {
				// The last four digits are part of the number [R, all countries].
				insertSorted(p, "ssn_last_4_provided", "false")
				p.SetBool("ssn_last_4_provided", text != "")
			}
		case "phone":
			if text == "" {
				p.Delete(name)
				break
			}
			insertSorted(p, name, "null")
			if !strings.HasPrefix(text, "+") {
				text = "+1" + text // [R in all countries: that of the platform]
			}
			p.SetString(name, text)
		case "full_name_aliases":
			insertSorted(p, name, "[]")
			list := p.SetArray(name)
			for m := range v.All {
				if m.String() != "" {
					list.AddString(m.String())
				}
			}
		case "relationship":
			setRelationship(p.Get("relationship"), v)
		case "verification":
			account := p.Get("account").String()
			document = r.setDocument(account, p.Get("verification", "document"), v.Get("document"))
			r.setDocument(account, p.Get("verification", "additional_document"), v.Get("additional_document"))
		case "metadata", "documents", "additional_tos_acceptances", "person_token":
		default:
			if v.Kind() == sdk.String {
				insertSorted(p, name, "null")
				p.SetStringOrNull(name, text)
			}
		}
	}
	if document {
		setMark(r.Call, p.Get("id").String(), markDocument, formatInt(r.Unix()))
	}
	return document
}

func setRelationship(to, given sdk.Doc) {
	for v := range given.All {
		switch name, text := v.Key(), v.String(); name {
		case "title":
			to.SetStringOrNull(name, text)
		case "percent_ownership":
			if text == "" {
				to.SetNull(name)
				break
			}
			if strings.IndexByte(text, '.') >= 0 {
				text = strings.TrimRight(text, "0") // stripe-go sends 50.0000
				text = strings.TrimSuffix(text, ".")
			}
			if strings.IndexByte(text, '.') < 0 {
				text += ".0" // [R 100.0]
			}
			to.SetNumber(name, text)
		default:
			to.SetBool(name, strings.EqualFold(text, "true"))
		}
	}
}

// setIndividual makes or changes the person that an account is.
func (r *request) setIndividual(d sdk.Doc) error {
	id := d.Get("id").String()
	p, known := sdk.Doc{}, false
	if old := d.Get("individual", "id").String(); old != "" {
		r.asAccount(platform, func() { p, known = persons.Get(r.Call, old) })
	}
	if !known {
		p = r.newPerson(d)
		p.Get("relationship").SetBool("representative", true)
	}
	r.setPerson(p, r.params.Get("individual"))
	if m := r.params.Get("individual", "metadata"); m.Kind() == sdk.Object {
		for v := range m.All {
			p.Get("metadata").SetSortedString(v.Key(), v.String())
		}
	}
	var err error
	r.asAccount(platform, func() {
		if known {
			persons.Update(r.Call, p)
		} else {
			err = persons.Insert(r.Call, p)
		}
	})
	if err != nil {
		return err
	}
	r.showIndividual(d, p)
	r.connectPerson(id, known, p)
	return nil
}

// showIndividual puts a person into its account. The company has its address
// and phone [R].
func (r *request) showIndividual(d, p sdk.Doc) {
	shown := p.Clone(r.Arena)
	shown.Delete("additional_tos_acceptances")
	if d.Get("type").String() == "express" {
		for _, m := range [...]string{"address", "dob", "email", "future_requirements", "id_number_provided", "metadata", "phone", "requirements", "ssn_last_4_provided", "verification"} {
			shown.Delete(m)
		}
	}
	if !d.Get("individual").Exists() {
		d.InsertJSON("future_requirements", "individual", "{}")
	}
	d.SetDoc("individual", shown)
	c := d.Get("company")
	if c.Get("address").Exists() {
		c.SetDoc("address", p.Get("address"))
		if phone := p.Get("phone").String(); phone != "" {
			insertAfter(c, lastOf(c, "owners_provided", "ownership_declaration"), "phone", "null")
			c.SetString("phone", phone)
		}
	}
}

func (r *request) connectPerson(account string, known bool, p sdk.Doc) {
	typ := "person.created"
	if known {
		typ = "person.updated"
	}
	r.connectEvent(account, typ, p, sdk.Doc{})
}

// pathPerson is the person that the path names, and its account.
func (r *request) pathPerson() (account, p sdk.Doc, err error) {
	if account, err = r.pathAccount(); err != nil {
		return account, p, err
	}
	id := r.Value("person")
	ok := false
	r.asAccount(platform, func() { p, ok = persons.Get(r.Call, id) })
	if !ok || p.Get("account").String() != account.Get("id").String() {
		return account, p, notFound("person", id, "person") // the parameter's name is believed
	}
	return account, p, nil
}

// personsOf lists the persons of an account, newest first.
func (r *request) personsOf(account string) (docs []sdk.Doc) {
	r.asAccount(platform, func() {
		if page, err := persons.Find(r.Call, sdk.ListQuery{Limit: 100, Index: "account", Key: account}); err == nil {
			docs, _ = page.Docs(r.Call)
		}
	})
	return docs
}

func listPersons(r *request) error {
	a, err := r.pathAccount()
	if err != nil {
		return err
	}
	q, err := r.page()
	if err != nil {
		return err
	}
	q.Index, q.Key = "account", a.Get("id").String()
	for v := range r.params.Get("relationship").All {
		on := "0"
		if strings.EqualFold(v.String(), "true") {
			on = "1"
		}
		if !q.Filter("$.relationship."+v.Key(), on) {
			return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "relationship", message: "Mirra filters persons by four relationships at most."}
		}
	}
	return r.list(persons, q, "person", "/v1/accounts/"+q.Key+"/persons")
}

func createPerson(r *request) error {
	a, err := r.pathAccount()
	if err != nil {
		return err
	}
	if a.Get("business_type").String() == "individual" {
		return invalid("", "", "You cannot create additional persons for an account with `business_type` of `individual`.") // wording believed
	}
	before := a.Clone(r.Arena)
	p := r.newPerson(a)
	r.setPerson(p, r.params)
	r.setMetadata(p)
	if err := persons.Insert(r.Call, p); err != nil {
		return err
	}
	r.assess(a)
	r.keepAccount(before, a)
	r.assessLater(a)
	p, _ = persons.Get(r.Call, p.Get("id").String())
	r.connectPerson(a.Get("id").String(), false, p)
	return r.answer(p)
}

func updatePerson(r *request) error {
	a, p, err := r.pathPerson()
	if err != nil {
		return err
	}
	before, old := a.Clone(r.Arena), p.Clone(r.Arena)
	r.setPerson(p, r.params)
	r.setMetadata(p)
	persons.Update(r.Call, p)
	if a.Get("individual", "id").String() == p.Get("id").String() {
		r.showIndividual(a, p)
	}
	r.assess(a)
	r.keepAccount(before, a)
	r.assessLater(a)
	p, _ = persons.Get(r.Call, p.Get("id").String())
	r.connectEvent(a.Get("id").String(), "person.updated", p, changes(r.Call, old, p))
	return r.answer(p)
}

// deletePerson [D docs.stripe.com/api/persons/delete, 2026-11]; wording believed.
func deletePerson(r *request) error {
	a, p, err := r.pathPerson()
	if err != nil {
		return err
	}
	id := p.Get("id").String()
	if p.Get("relationship", "representative").Bool() && a.Get("business_type").String() == "individual" {
		return invalid("", "", "You cannot delete the representative of an account with `business_type` of `individual`.")
	}
	before := a.Clone(r.Arena)
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "person")
	tombstone.SetBool("deleted", true)
	persons.Delete(r.Call, id, tombstone)
	r.assess(a)
	r.keepAccount(before, a)
	r.connectEvent(a.Get("id").String(), "person.deleted", p, sdk.Doc{})
	return r.JSON(tombstone)
}
