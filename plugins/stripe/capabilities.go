package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func capabilityHandlers() {
	handle("GetAccountsAccountCapabilities", sdk.Modelled, func(r *request) error {
		a, err := r.pathAccount()
		if err != nil {
			return err
		}
		var docs []sdk.Doc
		for c := range a.Get("capabilities").All {
			docs = append(docs, r.capability(a, c.Key()))
		}
		return r.answerList(docs, false, "/v1/accounts/"+a.Get("id").String()+"/capabilities")
	})
	handle("GetAccountsAccountCapabilitiesCapability", sdk.Modelled, func(r *request) error {
		a, err := r.pathAccount()
		if err != nil {
			return err
		}
		name := r.Value("capability")
		if !a.Get("capabilities", name).Exists() && !strings.HasSuffix(name, "_payments") && !strings.Contains(" transfers card_issuing treasury tax_reporting_us_1099_k tax_reporting_us_1099_misc ", " "+name+" ") {
			return notFound("capability", name, "capability")
		}
		return r.answer(r.capability(a, name))
	})
	handle("PostAccountsAccountCapabilitiesCapability", sdk.Exact, func(r *request) error {
		a, err := r.pathAccount()
		if err != nil {
			return err
		}
		before := a.Clone(r.Arena)
		name := r.Value("capability")
		if r.given("requested") {
			r.params.SetObject("capabilities").SetObject(name).SetString("requested", r.text("requested"))
			r.setCapabilities(a)
			r.assess(a)
			r.keepAccount(before, a)
		}
		d := r.capability(a, name)
		r.connectEvent(a.Get("id").String(), "capability.updated", d, sdk.Doc{})
		return r.answer(d)
	})
}

// capability is what an account can do, or not yet [R POST
// /v1/accounts/{account}/capabilities/{capability} at 2023-10-16]. What is due
// for it is what is due of the account.
func (r *request) capability(a sdk.Doc, name string) sdk.Doc {
	d := r.NewObject()
	d.SetString("id", name)
	d.SetString("object", "capability")
	d.SetString("account", a.Get("id").String())
	status := a.Get("capabilities", name).String()
	at := markOf(r.Call, a.Get("id").String()+"/"+name, markRequested)
	d.SetDoc("future_requirements", r.Trusted(noRequirements))
	d.SetBool("requested", status != "")
	if status != "" && at != "" {
		d.SetNumber("requested_at", at)
	} else {
		d.SetNull("requested_at")
	}
	to := r.Trusted(noRequirements)
	if !strings.HasPrefix(name, "tax_reporting") && name != "legacy_payments" {
		to = a.Get("requirements")
	}
	d.SetDoc("requirements", to)
	if status == "" {
		status = "unrequested"
	}
	if name == "legacy_payments" && status == "inactive" {
		d.Get("requirements").SetString("disabled_reason", "requirements.fields_needed") // [R]
	}
	d.SetString("status", status)
	return d
}
