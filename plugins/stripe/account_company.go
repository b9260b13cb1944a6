package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// assessCompany looks at a company and at its people.
func (a *assessment) assessCompany(now, future *due) {
	d, c := a.d, a.d.Get("company")
	if d.Get("business_type").IsNull() {
		return
	}
	a.companyFields(c, now, future)
	people := a.r.personsOf(d.Get("id").String())
	var representative, owner bool
	for _, p := range people {
		rel := p.Get("relationship")
		representative = representative || rel.Get("representative").Bool()
		owner = owner || rel.Get("owner").Bool()
		wanted := personFields(a.country, a.recipient, a.now)
		if rel.Get("representative").Bool() && a.titled(c) {
			wanted = append(wanted, "relationship.title")
		}
		mine, later := a.person(p, wanted, false)
		a.keepPerson(p, &mine, &later)
		prefix := p.Get("id").String() + "."
		now.add(prefix, &mine)
		future.add(prefix, &later)
	}
	if !representative {
		a.blocked = true
		a.missingRepresentative(c, now, future)
	}
	if !owner {
		a.missingOwners(c, now, future)
	}
}

// titled tells whether the representative of a company needs a title: not that
// of a sole proprietorship, nor in CA before 2024-08 [R].
func (a *assessment) titled(c sdk.Doc) bool {
	return c.Get("structure").String() != "sole_proprietorship" && (a.country != "CA" || a.now >= canada) || a.country == "AE"
}

// companyFields is what is due of the company itself.
func (a *assessment) companyFields(c sdk.Doc, now, future *due) {
	var mine due
	need := func(given bool, name string) {
		if !given {
			mine.owe(name)
		}
	}
	for _, f := range [...]string{"city", "line1", "postal_code", "state"} {
		if f == "state" && a.country != "US" && a.country != "CA" && a.country != "AE" || f == "city" && a.country == "SG" {
			continue
		}
		need(!c.Get("address", f).IsNull(), "address."+f)
	}
	need(!c.Get("name").IsNull(), "name")
	need(c.Get("phone").String() != "", "phone")
	need(c.Get("tax_id_provided").Bool(), "tax_id")
	if len(mine.currently) > 0 {
		a.blocked = true
	}
	later := due{}
	if a.country == "US" {
		later = mine
	}
	known := len(mine.currently) == 0
	if a.ownersDue(c, false) && !c.Get("owners_provided").Bool() {
		mine.owe("owners_provided")
	}
	if a.ownersDue(c, true) && !c.Get("owners_provided").Bool() {
		later.owe("owners_provided")
	}
	if a.country == "AE" {
		mine.owe("business_vat_id_number")
		now.eventually = append(now.eventually, "documents.bank_account_ownership_verification.files", "documents.company_license.files", "documents.company_memorandum_of_association.files")
	}
	if a.country == "CA" && a.now < canada && futureDeadline("CA", true, a.made) != 0 {
		later.owe(mine.currently...)
		if a.d.Get("business_profile", "support_phone").IsNull() {
			future.currently, future.eventually = append(future.currently, "business_profile.support_phone"), append(future.eventually, "business_profile.support_phone")
		}
	}
	if reason := phoneFault(c.Get("phone").String(), a.now); reason != "" && a.country == "US" {
		to := &later
		if a.now >= companies {
			to = &mine
		}
		to.owe("phone")
		to.errors = append(to.errors, fault{"invalid_phone_number", reason, "phone"})
	}
	switch {
	case a.country == "US" && known && a.now < a.made+verifySlow:
		mine.pending = fields(street + "address.state tax_id")
		later.pending = fields(street + "address.state tax_id")
		a.checking = true
	case a.country == "GB" && known:
		mine.pending = fields("ownership_declaration.date ownership_declaration.ip")
	}
	now.add("company.", &mine)
	if a.country == "US" || a.country == "CA" {
		future.add("company.", &later)
	}
}

// ownersDue tells whether a company has to say who owns it.
func (a *assessment) ownersDue(c sdk.Doc, coming bool) bool {
	switch a.country {
	case "SG":
		return false
	case "CA":
		return coming && futureDeadline("CA", true, a.made) != 0 || a.now >= canada
	}
	return c.Get("structure").String() != "sole_proprietorship"
}

func (a *assessment) missingRepresentative(c sdk.Doc, now, future *due) {
	var mine due
	mine.owe(personFields(a.country, a.recipient, a.now)...)
	if a.titled(c) {
		mine.owe("relationship.title")
		if a.now < companies && a.country != "CA" {
			mine.owe("relationship.executive")
		}
	}
	coming := due{currently: without(mine.currently, "relationship.executive"), eventually: without(mine.eventually, "relationship.executive"), past: []string{"first_name", "last_name"}}
	if c.Get("structure").String() != "sole_proprietorship" {
		coming.past = nil
	}
	switch a.country {
	case "US":
		coming.eventually = append(coming.eventually, "id_number")
		if a.now >= companies {
			mine.eventually = append(mine.eventually, "id_number")
		}
		future.add("representative.", &coming)
	case "AE":
		mine.eventually = append(mine.eventually, "documents.passport.files")
	case "CA":
		if a.now < canada && futureDeadline("CA", true, a.made) != 0 {
			coming.currently = append(coming.currently, "email", "phone", "relationship.title")
			coming.eventually = append(coming.eventually, "email", "phone", "relationship.title")
			future.add("representative.", &coming)
		}
	}
	now.add("representative.", &mine)
}

func (a *assessment) missingOwners(c sdk.Doc, now, future *due) {
	if c.Get("owners_provided").Bool() {
		return
	}
	if a.ownersDue(c, false) {
		currently, eventually := ownerFields(a.country, a.now)
		now.add("owners.", &due{currently: currently, eventually: eventually, past: currently})
		a.blocked = a.blocked || len(currently) > 0
	}
	if a.ownersDue(c, true) && (a.country == "US" || a.country == "CA") {
		currently, eventually := ownerFields(a.country, max(a.now, canada))
		future.add("owners.", &due{currently: currently, eventually: eventually})
	}
}

// alternatives are the documents that stand for a number in the US, until the
// rules of 2024 [R].
func (a *assessment) alternatives(now *due) string {
	var out []string
	for _, who := range [...]string{"owners", "representative"} {
		for _, f := range now.eventually {
			if f == who+".ssn_last_4" {
				out = append(out, `{"alternative_fields_due":["`+who+`.verification.document"],"original_fields_due":["`+f+`"]}`)
			}
		}
	}
	if a.country != "US" || a.now >= companies || !a.company {
		return "[]"
	}
	return "[" + strings.Join(out, ",") + "]"
}
