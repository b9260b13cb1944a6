package main

import (
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// due is what somebody, or an account, still owes.
type due struct {
	currently, eventually, past, pending []string
	errors                               []fault
}

type fault struct{ code, reason, requirement string }

// add takes what another one owes, each under a prefix.
func (a *due) add(prefix string, b *due) {
	under := func(to *[]string, from []string) {
		for _, f := range from {
			*to = append(*to, prefix+f)
		}
	}
	under(&a.currently, b.currently)
	under(&a.eventually, b.eventually)
	under(&a.past, b.past)
	under(&a.pending, b.pending)
	for _, e := range b.errors {
		a.errors = append(a.errors, fault{e.code, e.reason, prefix + e.requirement})
	}
}

// owe makes fields due now; what is due is past due at once.
func (a *due) owe(names ...string) {
	a.currently = append(a.currently, names...)
	a.eventually = append(a.eventually, names...)
	a.past = append(a.past, names...)
}

// write puts lists into a requirements object, in alphabetical order [R].
func (a *due) write(to sdk.Doc) {
	for _, l := range [...]struct {
		name string
		list []string
	}{{"currently_due", a.currently}, {"eventually_due", a.eventually}, {"past_due", a.past}, {"pending_verification", a.pending}} {
		slices.Sort(l.list)
		array := to.SetArray(l.name)
		for _, f := range slices.Compact(l.list) {
			array.AddString(f)
		}
	}
	array := to.SetArray("errors")
	for _, f := range a.errors {
		e := array.AddObject()
		e.SetString("code", f.code)
		e.SetString("reason", f.reason)
		e.SetString("requirement", f.requirement)
	}
}

// has tells whether a person has what a requirement names.
func has(p sdk.Doc, field string) bool {
	switch field {
	case "id_number", "ssn_last_4":
		return p.Get(field + "_provided").Bool()
	case "full_name_aliases":
		return p.Get(field).Exists() // [R] an empty one says there is none
	}
	v := p.Get(strings.Split(field, ".")...)
	return v.Exists() && !v.IsNull()
}

// assessment is one look at an account.
type assessment struct {
	r         *request
	d         sdk.Doc
	country   string
	recipient bool
	company   bool
	now, made int64
	blocked   bool // something is due that capabilities wait for
	checking  bool // and something is being verified that they wait for
}

// assess finds out what is due of an account and of its people, and what it can
// do. The documents are changed; people are stored.
func (r *request) assess(d sdk.Doc) {
	a := &assessment{
		r: r, d: d, country: d.Get("country").String(), recipient: isRecipient(d), company: d.Get("business_type").String() != "individual",
		now: r.Unix(), made: d.Get("created").Int64(),
	}
	deadline := futureDeadline(a.country, a.company, a.made)
	if d.Get("business_type").IsNull() {
		deadline = 0 // nothing is to come [D docs.stripe.com/api/accounts/create, the example of 2023-09]
	}
	var now, future due
	a.own(&now, &future)
	if a.company {
		a.assessCompany(&now, &future)
	} else {
		a.assessIndividual(&now, &future)
	}
	a.finish(&now, &future, deadline)
}

// own is what is due of the account itself.
func (a *assessment) own(now, future *due) {
	var base due
	d := a.d
	typeless := d.Get("business_type").IsNull()
	if typeless {
		base.owe("business_type")
		if !a.recipient && d.Get("business_profile", "mcc").IsNull() {
			base.owe("business_profile.mcc") // [D docs.stripe.com/api/accounts/create, the example of 2023-09]
		}
		if !a.recipient && a.now < representativesNamed {
			base.owe("relationship.representative") // [R 2020-07]
		} else if !a.recipient {
			base.owe("representative.first_name", "representative.last_name") // [D as above]
		}
	}
	if d.Get("tos_acceptance", "date").IsNull() {
		base.owe("tos_acceptance.date", "tos_acceptance.ip")
	}
	profile := d.Get("business_profile")
	if !a.recipient && profile.Get("url").IsNull() && profile.Get("product_description").IsNull() {
		base.owe("business_profile.url")
	}
	if len(base.currently) > 0 {
		a.blocked = true
	}
	if d.Get("external_accounts", "total_count").Int64() == 0 {
		base.owe("external_account")
	}
	now.add("", &base)
	if a.country == "US" && !typeless {
		future.add("", &base)
	}
}

// representativesNamed is since when accounts without a type owe the names of a
// representative [R not in 2020-07; D in 2023-09]; the day is believed.
var representativesNamed = day("2021-06-01")

// assessIndividual looks at the person that the account is.
func (a *assessment) assessIndividual(now, future *due) {
	id := a.d.Get("individual", "id").String()
	var p sdk.Doc
	a.r.asAccount(platform, func() { p, _ = persons.Get(a.r.Call, id) })
	if !p.Exists() {
		a.blocked = true
		var all due
		all.owe(personFields(a.country, a.recipient, a.now)...)
		now.add("individual.", &all)
		if a.country == "US" {
			future.add("individual.", &all)
		}
		return
	}
	mine, later := a.person(p, personFields(a.country, a.recipient, a.now), true)
	a.keepPerson(p, &mine, &later)
	a.r.showIndividual(a.d, p)
	now.add("individual.", &mine)
	future.add("individual.", &later)
}

// person is what is due of one of the account's people, by the rules of today
// and by those to come; the second are the same where none are.
func (a *assessment) person(p sdk.Doc, wanted []string, individual bool) (mine, later due) {
	r := a.r
	for _, f := range wanted {
		if !has(p, f) {
			mine.owe(f)
		}
	}
	missing := len(mine.currently)
	a.blocked = a.blocked || missing > 0
	uploaded := p.Get("verification", "document", "front").String() != ""
	at := a.made
	if v := markOf(r.Call, p.Get("id").String(), markDocument); v != "" {
		at = parseInt(v)
	}
	status := "pending"
	left := verification(a.country, a.now)
	switch {
	case missing > 0 && !onlyLate(mine.currently):
		status, left = "unverified", nil
	case a.recipient && !uploaded:
		status = "unverified"
		mine.eventually = append(mine.eventually, "verification.document")
	case a.country == "AE" && !uploaded:
		status = "unverified"
		mine.owe("documents.passport.files", "documents.visa.files", "verification.document")
	case a.country == "SG":
		switch {
		case has(p, "full_name_aliases"):
			status = "verified"
			mine.owe("verification.proof_of_liveness")
		case a.now >= livenessSince:
			mine.eventually = append(mine.eventually, "verification.proof_of_liveness")
		}
	case a.country == "US":
		left, status = a.checksLeft(left, uploaded, at)
		if !has(p, "id_number") {
			left = without(left, "verification.document")
		} else if !individual {
			left = without(left, "id_number") // [R people of companies]
		}
		a.checking = a.checking || len(left) > 0
	case a.country == "CA" && uploaded && len(left) == 0 && a.now >= at+documentElse:
		status = "verified"
	case missing > 0:
		left = nil
	}
	mine.pending = left
	p.Get("verification").SetString("status", status)
	later = due{errors: nil}
	switch a.country {
	case "US":
		later = due{slices.Clone(mine.currently), slices.Clone(mine.eventually), nil, slices.Clone(left), nil}
		for _, f := range mine.past {
			if f == "first_name" || f == "last_name" {
				later.past = append(later.past, f)
			}
		}
		if !has(p, "id_number") {
			later.eventually = append(later.eventually, "id_number")
			if a.now >= individuals {
				mine.eventually = append(mine.eventually, "id_number")
			}
		}
		if reason := phoneFault(p.Get("phone").String(), a.now); reason != "" {
			to := &later
			if !individual && a.now >= companies {
				to = &mine
				mine.past = append(mine.past, "phone")
			}
			to.currently, to.eventually = append(to.currently, "phone"), append(to.eventually, "phone")
			to.errors = append(to.errors, fault{"invalid_phone_number", reason, "phone"})
		}
		if !individual && a.now >= companies && a.now < individuals {
			later = due{}
		}
	case "CA":
		if futureDeadline("CA", a.company, a.made) != 0 && a.now < canada {
			for _, f := range [...]string{"address.state", "relationship.title"} {
				if !has(p, f) {
					later.currently, later.eventually = append(later.currently, f), append(later.eventually, f)
				}
			}
		}
	}
	return mine, later
}

// onlyLate tells whether what is missing does not keep the rest from being
// verified [R CA address.state, SG full_name_aliases, GT and PK id_number].
func onlyLate(missing []string) bool {
	for _, f := range missing {
		switch f {
		case "address.state", "full_name_aliases", "id_number", "relationship.title":
		default:
			return false
		}
	}
	return true
}

func without(list []string, drop ...string) []string {
	var out []string
	for _, f := range list {
		if !slices.Contains(drop, f) {
			out = append(out, f)
		}
	}
	return out
}

// keepPerson stores what is due of a person.
func (a *assessment) keepPerson(p sdk.Doc, mine, later *due) {
	mine.write(p.Get("requirements"))
	later.write(p.Get("future_requirements"))
	a.r.asAccount(platform, func() { persons.Update(a.r.Call, p) })
}

// finish writes what was found, and what the account can do.
func (a *assessment) finish(now, future *due, deadline int64) {
	d := a.d
	id := d.Get("id").String()
	site := a.country == "US" && !d.Get("business_profile", "url").IsNull() && a.siteUnseen()
	if a.country == "US" {
		now.past = slices.Clone(now.currently)
	}
	if site {
		future.pending = append(future.pending, "business_profile.url")
		if a.now >= individuals || a.company && a.now >= companies {
			now.pending = append(now.pending, "business_profile.url")
		}
	}
	var past []string
	for _, f := range future.past {
		if f == "external_account" || strings.HasSuffix(f, "first_name") || strings.HasSuffix(f, "last_name") {
			past = append(past, f)
		}
	}
	future.past = past
	to, later := d.Get("requirements"), d.Get("future_requirements")
	to.SetJSON("alternatives", a.alternatives(now))
	now.write(to)
	future.write(later)
	later.SetNull("current_deadline")
	if deadline != 0 {
		later.SetInt("current_deadline", deadline)
	}
	submitted := len(now.currently) == 0
	if a.company && a.country == "US" && !d.Get("company", "structure").Exists() && !slices.Contains(now.currently, "external_account") && !slices.Contains(now.currently, "company.name") {
		submitted = true // [R] its people may come later
	}
	d.SetBool("details_submitted", submitted)
	rejected := markOf(a.r.Call, id, markRejected)
	able := false
	for c := range d.Get("capabilities").All {
		status := "active"
		switch name := c.Key(); {
		case rejected != "" || a.blocked || name == "legacy_payments":
			status = "inactive"
		case a.checking && !strings.HasPrefix(name, "tax_reporting"):
			status = "pending"
		default:
			able = able || name == "card_payments" || name == "transfers" || name == "legacy_payments"
		}
		d.Get("capabilities").SetString(c.Key(), status)
	}
	reason := ""
	switch {
	case rejected != "":
		reason = "rejected." + rejected
	case len(now.past) > 0:
		reason = "requirements.past_due"
	case a.checking || len(now.pending) > 0 && a.country != "US":
		reason = "requirements.pending_verification"
	}
	to.SetStringOrNull("disabled_reason", reason)
	d.SetBool("charges_enabled", able)
	d.SetBool("payouts_enabled", able && reason == "")
}
