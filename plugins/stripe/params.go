package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// check holds the parameters against the operation's fields. The first fault is
// answered, as the vendor does.
func (r *request) check() error {
	if r.op.ID == "PostCustomers" && !r.given("source") {
		r.params.Rename("card", "source") // [R 2023-10-16] the older name still works
	}
	if err := r.olderParams(); err != nil {
		return err
	}
	if err := r.takePlans(); err != nil {
		return err
	}
	if strings.HasPrefix(r.op.ID, "PostAccounts") {
		r.olderAccountParams()
	}
	var fault *failure
	sdk.CheckFields(r.params, r.op.Fields.List(), uint8(r.in), func(v sdk.Violation) bool {
		if !r.tolerated(v) {
			fault = r.word(v)
		}
		return fault == nil
	})
	if fault != nil {
		return fault
	}
	for _, name := range r.unmirrored {
		if v := r.params.Get(name); v.Exists() && v.String() != "false" {
			return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: name, message: "Mirra does not mirror the parameter " + name + " of " + r.op.ID + " yet."}
		}
	}
	return r.checkMetadata()
}

// notMirrored are parameters whose effect is not mirrored: they answer 501 by
// name rather than being let pass without one.
var notMirrored = map[string][]string{
	"PostPaymentIntents":                     {"confirmation_token"},
	"PostPaymentIntentsIntentConfirm":        {"confirmation_token"},
	"PostSetupIntents":                       {"confirmation_token"},
	"PostSetupIntentsIntentConfirm":          {"confirmation_token"},
	"PostCustomers":                          {"tax_id_data", "test_clock", "cash_balance"},
	"PostCustomersCustomer":                  {"cash_balance", "bank_account"},
	"PostIssuingCards":                       {"financial_account", "lifecycle_controls", "personalization_design", "pin", "replacement_for", "shipping"},
	"PostCharges":                            {"destination", "application_fee"},
	"PostRefunds":                            {"origin"},
	"GetBalanceTransactions":                 {"payout"},
	"PostSubscriptions":                      {"backdate_start_date", "billing_cycle_anchor", "billing_cycle_anchor_config", "billing_schedules", "billing_thresholds", "pending_invoice_item_interval", "transfer_data"},
	"PostSubscriptionsSubscriptionExposedId": {"billing_schedules", "billing_thresholds", "pending_invoice_item_interval", "transfer_data"},
	"PostInvoices":                           {"from_invoice", "shipping_cost", "transfer_data"},
	"PostCheckoutSessions":                   {"optional_items", "shipping_options", "after_expiration", "managed_payments"},
	"PostCreditNotes":                        {"shipping_cost", "refunds"},
	"PostPrices":                             {"currency_options"},
	"PostCoupons":                            {"applies_to", "currency_options"},
	"GetCustomers":                           {"test_clock"},
	"GetEvents":                              {"delivery_success"},
}

// tolerated are violations of the description that the vendor lets pass.
func (r *request) tolerated(v sdk.Violation) bool {
	switch v.Kind {
	case sdk.MissingField:
		if v.Path == "file" && r.op.ID == "PostFiles" {
			return true // a part of the form, see createFile
		}
		// A card is a number or a token; the description requires both.
		name, ok := strings.CutPrefix(v.Path, "payment_method_data[")
		card := r.params.Get("card")
		if ok {
			name = strings.Replace(name, "]", "", 1)
			card = r.params.Get("payment_method_data", "card")
		}
		return name == "card[token]" || strings.HasPrefix(name, "card[") && card.Get("token").String() != ""
	case sdk.UnknownField:
		if r.op.ID == "PostSources" && (v.Path == "card" || v.Path == "sepa_debit") {
			return true // [D docs.stripe.com/sources, 2026-11] details by type, which the description leaves out
		}
		// [R 2023-10-16] of accounts in SG, and where accounts are changed
		return v.Path == "individual[nationality]" || v.Path == "bank_account" && r.op.ID == "PostAccountsAccount"
	case sdk.WrongType, sdk.NotInEnum:
		if v.Path == "file" && r.op.ID == "PostFiles" {
			return true // the part itself, likewise
		}
		if v.Path == "external_account" && v.Value.Kind() == sdk.Object {
			return true // [R 2023-10-16] a bank account's details as well as a token
		}
		if v.Path == "ui_mode" && !r.since(dahlia) {
			// [D docs.stripe.com/changelog/dahlia, 2026-11] the names until then
			switch v.Value.String() {
			case "custom", "embedded", "hosted":
				return true
			}
		}
		// [R] confirm=True, as Python spells it.
		text := v.Value.String()
		if v.Kind == sdk.NotInEnum && v.Field.Type&sdk.TInteger != 0 {
			_, number := v.Value.Int()
			return number // a time, or "now"
		}
		return v.Field.Type&sdk.TBoolean != 0 && (strings.EqualFold(text, "true") || strings.EqualFold(text, "false"))
	case sdk.EmptyValue:
		// [R 2023-10-16: description= on customers] free text may be empty; for
		// the others by analogy.
		if strings.HasPrefix(v.Path, "full_name_aliases[") {
			return true // [R 2023-10-16] one empty name: there is no other
		}
		if v.Path == "coupon" {
			return true // a sample of Stripe's ends a customer's discount with it (customer.discount.deleted of @stripe/cli 1.52.0)
		}
		switch v.Field.Name {
		case "product_description", "description", "name", "phone", "email", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "cvc":
			return true
		}
	}
	return false
}

// word puts a violation in Stripe's words; nil lets it pass.
func (r *request) word(v sdk.Violation) *failure {
	switch v.Kind {
	case sdk.UnknownField:
		message := "Received unknown parameter: " + v.Path
		if near := nearest(v.Path, v.Among, uint8(r.in)); near != "" {
			message += ". Did you mean " + near + "?"
		}
		return invalid("parameter_unknown", v.Path, message) // [R]
	case sdk.MissingField:
		return invalid("parameter_missing", v.Path, "Missing required param: "+v.Path+".") // [R]
	case sdk.EmptyValue:
		return invalid("parameter_invalid_empty", v.Path, "You passed an empty string for '"+v.Path+"'. We assume empty values are an attempt to unset a parameter; however '"+v.Path+"' cannot be unset. You should remove '"+v.Path+"' from your request or supply a non-empty value.") // [R]
	case sdk.NotInEnum:
		return invalid("", v.Path, "Invalid "+v.Path+": must be one of "+oneOf(v.Field.Values(uint8(r.in)))) // [R]
	case sdk.TooLong:
		return invalid("", v.Path, "Invalid string: "+shorten(v.Value.String())+"; must be at most "+strconv.Itoa(int(v.Field.Max))+" characters") // [R]
	}
	return wrongType(v)
}

func wrongType(v sdk.Violation) *failure {
	value := v.Value.String()
	switch {
	case v.Value.Kind() == sdk.Object || v.Value.Kind() == sdk.Array:
		return invalid("", v.Path, "Invalid string: "+v.Value.JSON()) // [R], of a hash where a string is wanted
	case v.Field.Type&sdk.TInteger != 0:
		return invalid("parameter_invalid_integer", v.Path, "Invalid integer: "+value) // [R]
	case v.Field.Type&sdk.TBoolean != 0:
		return invalid("", v.Path, "Invalid boolean: "+value)
	case v.Field.Type&sdk.TNumber != 0:
		return invalid("", v.Path, "Invalid decimal: "+value)
	case v.Field.Type&sdk.TArray != 0:
		return invalid("", v.Path, "Invalid array")
	}
	return invalid("", v.Path, "Invalid object")
}

// oneOf lists the values of an enum: "a, b, or c" [R].
func oneOf(values []string) string {
	if values[0] == "*" {
		values = values[1:] // [R-like, a user's capture of enabled_events]
	}
	switch len(values) {
	case 1:
		return values[0]
	case 2:
		return values[0] + " or " + values[1]
	}
	return strings.Join(values[:len(values)-1], ", ") + ", or " + values[len(values)-1]
}

// shorten shows the first four and last four characters [R: cs_t...eCUl].
func shorten(s string) string {
	if len(s) <= 8 {
		return s
	}
	return s[:4] + "..." + s[len(s)-4:]
}

// Metadata: up to 50 keys of at most 40 characters, values of at most 500
// [D docs.stripe.com/api/metadata, 2026-11].
const (
	metadataKeys     = 50
	metadataKeyChars = 40
	metadataChars    = 500
)

func (r *request) checkMetadata() error {
	m := r.params.Get("metadata")
	if m.Kind() != sdk.Object {
		return nil
	}
	n := 0
	for v := range m.All {
		key := v.Key()
		switch {
		case len(key) > metadataKeyChars:
			return invalid("", "metadata", "Metadata keys can be at most 40 characters long. You passed a key that is "+strconv.Itoa(len(key))+" characters long. Invalid key: "+key)
		case v.Kind() == sdk.Object || v.Kind() == sdk.Array:
			return invalid("", "metadata", "Metadata values must be strings, but for key '"+key+"' you passed in a value of type hash")
		case len(v.String()) > metadataChars:
			return invalid("", "metadata["+key+"]", "Metadata values can have up to 500 characters, but you passed in a value that is "+strconv.Itoa(len(v.String()))+" characters. Invalid value: "+v.String())
		}
		n++
	}
	if n > metadataKeys {
		return invalid("", "metadata", "You can only have a maximum of 50 metadata keys, but you passed in "+strconv.Itoa(n))
	}
	return nil
}

// setMetadata merges the metadata parameter into a document: a key of "" is
// removed, metadata= removes all.
func (r *request) setMetadata(d sdk.Doc) {
	given := r.params.Get("metadata")
	if !given.Exists() {
		return
	}
	if given.Kind() != sdk.Object {
		d.SetObject("metadata")
		return
	}
	m := d.Get("metadata")
	if m.Kind() != sdk.Object {
		m = d.SetObject("metadata")
	}
	for v := range given.All {
		if v.String() == "" {
			m.Delete(v.Key())
			continue
		}
		m.SetSortedString(v.Key(), v.String()) // [R] keys come in alphabetical order, however they were sent
	}
}
