package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// olderAccountParams puts the capabilities that were asked for by name until 2020
// into the parameter of today; the older one is still taken [R 2023-10-16].
func (r *request) olderAccountParams() {
	const older = "requested_capabilities"
	asked := r.params.Get(older)
	if asked.Kind() != sdk.Array && asked.Kind() != sdk.Object { // forms may number elements
		return
	}
	to := r.params.Get("capabilities")
	if to.Kind() != sdk.Object {
		to = r.params.SetObject("capabilities")
	}
	for name := range asked.All {
		to.SetObject(name.String()).SetString("requested", "true")
	}
	r.params.Delete(older)
}

// externalName is the parameter that holds a bank account; both names are taken.
func (r *request) externalName() string {
	if r.given("bank_account") {
		return "bank_account"
	}
	return "external_account"
}

// setAccount copies the parameters that create and update share, and finds out
// what is still due.
func (r *request) setAccount(d sdk.Doc) error {
	if v := r.text("business_type"); v != "" {
		d.SetString("business_type", v)
	}
	if err := r.useAccountToken(); err != nil {
		return err
	}
	if v := r.text("business_type"); v != "" {
		d.SetString("business_type", v)
	}
	r.setTOS(d)
	profile := d.Get("business_profile")
	for v := range r.params.Get("business_profile").All {
		switch name := v.Key(); {
		case name == "support_address":
			setAddressAs(profile, name, v)
		case v.Kind() == sdk.Object || v.Kind() == sdk.Array:
			profile.SetDoc(name, v)
		case name == "product_description":
			profile.SetString(name, v.String()) // [R] an empty one stays
		default:
			profile.SetStringOrNull(name, v.String())
		}
	}
	r.setCapabilities(d)
	r.setCompany(d)
	if d.Get("business_type").String() == "individual" {
		if err := r.setIndividual(d); err != nil {
			return err
		}
	}
	r.setSettings(d)
	if name := d.Get("company", "name").String(); profile.Get("name").IsNull() && name != "" {
		profile.SetString("name", name) // [R] settings still go by the site
	}
	if err := r.setExternal(d); err != nil {
		return err
	}
	r.setMetadata(d)
	r.assess(d)
	return nil
}

// useAccountToken puts what a token of kind account holds into the parameters.
func (r *request) useAccountToken() error {
	id := r.text("account_token")
	if id == "" {
		return nil
	}
	if _, err := r.useToken(id, "account_token"); err != nil {
		return err
	}
	held := r.Trusted(markOf(r.Call, id, markHeld))
	for v := range held.All {
		if v.Key() == "tos_shown_and_accepted" {
			t := r.params.SetObject("tos_acceptance")
			t.SetString("date", formatInt(r.Unix()))
			t.SetString("ip", "127.0.0.1")
			continue
		}
		r.params.SetDoc(v.Key(), v)
	}
	return nil
}

func (r *request) setTOS(d sdk.Doc) {
	to := d.Get("tos_acceptance")
	for v := range r.params.Get("tos_acceptance").All {
		switch name := v.Key(); name {
		case "date":
			if n, ok := v.Int(); ok {
				to.SetInt(name, n)
			}
		case "service_agreement":
			// [R] shown for recipients only.
			if v.String() == "recipient" {
				insertAfter(to, "ip", name, `"recipient"`)
			}
		default:
			to.SetStringOrNull(name, v.String())
		}
	}
}

// isRecipient tells whether an account only receives transfers, under the
// service agreement of recipients in other countries.
func isRecipient(d sdk.Doc) bool {
	return d.Get("tos_acceptance", "service_agreement").String() == "recipient"
}

// showsAll tells whether an account shows what only some countries ask for [R
// all recipients, and companies in AE].
func showsAll(d sdk.Doc) bool { return isRecipient(d) || d.Get("country").String() == "AE" }

// setCapabilities remembers what was asked for; assess says what comes of it.
func (r *request) setCapabilities(d sdk.Doc) {
	to := d.Get("capabilities")
	for v := range r.params.Get("capabilities").All {
		name := v.Key()
		switch asked := v.Get("requested").String(); {
		case strings.EqualFold(asked, "true"):
			if !to.Get(name).Exists() {
				to.SetSortedString(name, "inactive")
				setMark(r.Call, d.Get("id").String()+"/"+name, markRequested, formatInt(r.Unix()))
			}
		case asked != "":
			to.Delete(name)
		}
	}
}

// setCompany copies the company. Of an individual the same members show the
// person's address and phone [R].
func (r *request) setCompany(d sdk.Doc) {
	c := d.Get("company")
	if showsAll(d) {
		insertAfter(c, "name", "name_kana", "null")
		insertAfter(c, "name_kana", "name_kanji", "null")
		insertAfter(c, "owners_provided", "ownership_declaration", "null")
		insertAfter(c, "tax_id_provided", "vat_id_provided", "false")
	}
	if r.op.ID == "PostAccounts" && d.Get("business_type").String() == "company" {
		for _, name := range [...]string{"directors_provided", "executives_provided", "owners_provided"} {
			c.SetBool(name, false)
		}
	}
	given := r.params.Get("company")
	for v := range given.All {
		switch name := v.Key(); name {
		case "address":
			a := c.Get("address")
			if v.Kind() == sdk.Object {
				for m := range v.All {
					a.SetStringOrNull(m.Key(), m.String())
				}
			}
		case "directors_provided", "executives_provided", "owners_provided":
			c.SetBool(name, strings.EqualFold(v.String(), "true"))
		case "tax_id", "vat_id":
			if c.Get(name + "_provided").Exists() {
				c.SetBool(name+"_provided", v.String() != "")
			}
		case "name", "name_kana", "name_kanji":
			c.SetStringOrNull(name, v.String())
		case "phone":
			insertAfter(c, lastOf(c, "owners_provided", "ownership_declaration"), name, "null")
			c.SetStringOrNull(name, v.String())
		case "structure":
			insertAfter(c, lastOf(c, "owners_provided", "ownership_declaration", "phone"), name, "null")
			if v.String() == "" {
				c.Delete(name)
			} else {
				c.SetString(name, v.String())
			}
		case "verification":
			r.setDocument(d.Get("id").String(), c.Get("verification", "document"), v.Get("document"))
		}
	}
}

// lastOf is the last of some members that a document has.
func lastOf(d sdk.Doc, names ...string) string {
	last := ""
	for _, n := range names {
		if d.Get(n).Exists() {
			last = n
		}
	}
	return last
}

// setDocument takes uploaded files. The names of the test documents stand for
// files [D docs.stripe.com/connect/testing, 2026-11; R
// file_identity_document_success becomes a file of its own].
func (r *request) setDocument(account string, to, given sdk.Doc) bool {
	set := false
	for _, side := range [...]string{"back", "front"} {
		v := given.Get(side)
		if !v.Exists() {
			continue
		}
		id := v.String()
		if strings.HasPrefix(id, "file_identity_document") {
			id = r.idOf(account, "file_1")
		}
		to.SetStringOrNull(side, id)
		set = set || id != ""
	}
	return set
}

func setAddressAs(d sdk.Doc, name string, given sdk.Doc) {
	if given.Kind() != sdk.Object {
		d.SetNull(name)
		return
	}
	d.SetPicked(name, given, addressMembers)
}

// setSettings copies settings. A schedule by hand means payouts as early as can
// be, a day after the charge; recipients have no delay, and no debits
// [R 2023-10 to 2025-02].
func (r *request) setSettings(d sdk.Doc) {
	settings := d.Get("settings")
	recipient, country := isRecipient(d), d.Get("country").String()
	schedule := settings.Get("payouts", "schedule")
	if r.op.ID == "PostAccounts" {
		schedule.SetInt("delay_days", payoutDelay(country, recipient))
	}
	for group := range r.params.Get("settings").All {
		to := settings.Get(group.Key())
		if to.Kind() == sdk.Object {
			r.mergeSettings(to, group)
		}
	}
	if schedule.Get("interval").String() == "manual" && !recipient && r.given("settings", "payouts", "schedule", "interval") {
		schedule.SetInt("delay_days", 1)
	}
	if recipient {
		settings.Get("payouts").SetBool("debit_negative_balances", false)
	}
	r.setDescriptors(d)
}

// mergeSettings copies what was sent into members of the same form.
func (r *request) mergeSettings(to, given sdk.Doc) {
	for v := range given.All {
		old := to.Get(v.Key())
		switch {
		case v.Kind() == sdk.Object && old.Kind() == sdk.Object:
			r.mergeSettings(old, v)
		case v.Kind() == sdk.Object || v.Kind() == sdk.Array:
			to.SetDoc(v.Key(), v)
		case old.Kind() == sdk.Bool:
			to.SetBool(v.Key(), strings.EqualFold(v.String(), "true"))
		case v.Key() == "delay_days" && v.String() == "minimum":
			to.SetInt("delay_days", 2)
		case old.Kind() == sdk.Number || v.Key() == "date" || v.Key() == "monthly_anchor":
			if n, ok := v.Int(); ok {
				to.SetInt(v.Key(), n)
			}
		default:
			to.SetStringOrNull(v.Key(), v.String())
		}
	}
}

// displayByName is when the dashboard's name of an account became its business's
// name rather than its site's [R 2024-04-09 and 2024-04-20].
const displayByName = 1713139200 // 2024-04-15

// setDescriptors derives what statements and the dashboard call an account from
// its business's name, else from its site [R].
func (r *request) setDescriptors(d sdk.Doc) {
	profile, settings := d.Get("business_profile"), d.Get("settings")
	name := profile.Get("name").String()
	site := hostOf(profile.Get("url").String())
	text := name
	if text == "" {
		text = site
	}
	if text == "" {
		return
	}
	text = strings.ToUpper(text)
	cut := func(n int) string { return strings.TrimSpace(text[:min(n, len(text))]) }
	if !r.given("settings", "payments", "statement_descriptor") && settings.Get("payments", "statement_descriptor").IsNull() {
		settings.Get("payments").SetString("statement_descriptor", cut(22))
	}
	if !r.given("settings", "card_payments", "statement_descriptor_prefix") && settings.Get("card_payments", "statement_descriptor_prefix").IsNull() {
		settings.Get("card_payments").SetString("statement_descriptor_prefix", cut(10))
	}
	display := name
	if display == "" || r.Unix() < displayByName {
		if display = site; site == "" {
			display = name
		}
		if i := strings.LastIndexByte(display, '.'); i > 0 {
			display = display[:i]
		}
		if strings.IndexByte(display, '.') < 0 {
			display = capital(display)
		}
	}
	if settings.Get("dashboard", "display_name").IsNull() {
		settings.Get("dashboard").SetString("display_name", display)
	}
}

// hostOf is the host of an address, without www.
func hostOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	address, _, _ = strings.Cut(address, "/")
	return strings.TrimPrefix(address, "www.")
}
