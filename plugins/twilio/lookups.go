package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/phone"
)

func lookupHandlers() { handle("LookupsV2FetchPhoneNumber", lookUp) }

// lookUp formats and validates a number [D
// twilio.com/docs/lookup/v2-api/formatting-validation, 2026-11]. Of the packages
// it knows the type of a line and the name of a caller; another one is refused by
// name, because nothing true could be said.
func lookUp(r *request) error {
	given := r.Value("PhoneNumber")
	p, why := phone.Parse(given, strings.ToUpper(r.text("CountryCode")))
	d := lookupShape.New(r.Arena)
	number := given
	if why == "" {
		number = p.E164
		set(d, "calling_country_code", p.Of.Code, "country_code", p.ISO(), "national_format", p.Format())
		d.SetBool("valid", true)
	} else {
		d.Get("validation_errors").AddString(string(why))
	}
	d.SetString("phone_number", number)
	d.SetURL("url", "lookups", "/v2/PhoneNumbers/"+number)
	fields := r.text("Fields")
	if fields == "" {
		return r.JSON(d)
	}
	for name := range strings.SplitSeq(fields, ",") {
		name = strings.TrimSpace(name)
		if !d.Get(name).Exists() || name == "url" || name == "valid" {
			return badValue("Invalid parameter Fields: " + name)
		}
		if name != "line_type_intelligence" && name != "caller_name" {
			return &sdk.NotImplementedError{Operation: "LookupsV2FetchPhoneNumber with " + name}
		}
		if why != "" {
			continue // [S] fetchInvalid
		}
		if name == "caller_name" {
			callerName(d.SetObject(name), &p)
		} else {
			lineType(r, d.SetObject(name), &p)
		}
	}
	return r.JSON(d)
}

// lineType [D twilio.com/docs/lookup/v2-api/line-type-intelligence, 2026-11]:
// who carries a number is not known here, so that every one that is not
// toll-free or the account's own is believed to be mobile.
func lineType(r *request, d sdk.Doc, p *phone.Number) {
	kind, carrier := "mobile", ""
	switch {
	case p.IsTollFree():
		kind = "tollFree"
	case numberOwner(r.Call, p.E164) != "":
		kind, carrier = "nonFixedVoip", "Twilio - SMS/MMS-SVR" // [S]
	}
	for _, name := range [...]string{"error_code", "mobile_country_code", "mobile_network_code"} {
		d.SetNull(name)
	}
	d.SetStringOrNull("carrier_name", carrier)
	d.SetString("type", kind)
}

// callerName is known of numbers in the United States alone [D
// twilio.com/docs/lookup/v2-api/caller-name, 2026-11]; here of none.
func callerName(d sdk.Doc, p *phone.Number) {
	d.SetNull("caller_name")
	d.SetNull("caller_type")
	d.SetNull("error_code")
	if p.ISO() != "US" {
		d.SetInt("error_code", 60600)
	}
}
