package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var customers = stripe.Collect(&sdk.Collection{
	Type: "customer", Entity: "customers", Prefix: "cus_", Random: 14,
	Index: []string{"email"}, Aliases: []string{"customer"},
})

// customerTemplate [R, POST /v1/customers at 2024-06-20].
var customerTemplate = sdk.MustTemplate(`{"id":"","object":"customer","address":null,"balance":0,"created":0,"currency":null,"default_source":null,"delinquent":false,"description":null,"discount":null,"email":null,"invoice_prefix":"","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null},"livemode":false,"metadata":{},"name":null,"next_invoice_sequence":1,"phone":null,"preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null}`)

func customerHandlers() {
	handle("PostCustomers", sdk.Exact, createCustomer)
	handle("GetCustomers", sdk.Exact, listCustomers)
	handle("GetCustomersCustomer", sdk.Exact, getCustomer)
	handle("PostCustomersCustomer", sdk.Exact, updateCustomer)
	handle("DeleteCustomersCustomer", sdk.Exact, deleteCustomer)
}

func createCustomer(r *request) error {
	d := customerTemplate.New(r.Arena)
	d.SetString("id", customers.NewID(r.Call))
	d.SetInt("created", r.Unix())
	d.SetString("invoice_prefix", strings.ToUpper(r.Random(sdk.Objects, 8, sdk.Hex)))
	if err := r.setCustomer(d); err != nil {
		return err
	}
	if err := customers.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "customer.created", d, sdk.Doc{})
	return r.answer(d)
}

// setCustomer copies the parameters that create and update share.
func (r *request) setCustomer(d sdk.Doc) error {
	for _, name := range [...]string{"description", "email", "name", "phone"} {
		r.setText(d, name)
	}
	if email := r.text("email"); email != "" && !strings.Contains(email, "@") {
		return &failure{status: 400, code: "email_invalid", param: "email", message: "Invalid email address: " + email} // [R]
	}
	r.setAddress(d, r.params, "address")
	if s := r.params.Get("shipping"); s.Exists() {
		if s.Kind() != sdk.Object {
			d.SetNull("shipping")
		} else {
			to := d.SetObject("shipping")
			r.setAddress(to, s, "address")
			to.SetStringOrNull("name", s.Get("name").String())
			to.SetStringOrNull("phone", s.Get("phone").String())
		}
	}
	if b, ok := r.params.Get("balance").Int(); ok {
		d.SetInt("balance", b)
	}
	if t := r.text("tax_exempt"); t != "" {
		d.SetString("tax_exempt", t)
	}
	if p := r.text("invoice_prefix"); p != "" {
		d.SetString("invoice_prefix", p)
	}
	if n, ok := r.params.Get("next_invoice_sequence").Int(); ok {
		d.SetInt("next_invoice_sequence", n)
	}
	if l := r.params.Get("preferred_locales"); l.Exists() {
		to := d.SetArray("preferred_locales")
		for v := range l.All {
			to.AddString(v.String())
		}
	}
	r.setMetadata(d)
	return nil
}

// addressMembers in the vendor's order [R].
var addressMembers = [...]string{"city", "country", "line1", "line2", "postal_code", "state"}

// setAddress copies an address parameter of from; "" unsets.
func (r *request) setAddress(d, from sdk.Doc, name string) {
	a := from.Get(name)
	if !a.Exists() {
		return
	}
	if a.Kind() != sdk.Object {
		d.SetNull(name)
		return
	}
	to := d.SetObject(name)
	for _, m := range addressMembers {
		to.SetStringOrNull(m, a.Get(m).String())
	}
}

func (r *request) customer() (sdk.Doc, bool, error) {
	id := r.Value("customer")
	d, deleted := customers.GetAny(r.Call, id)
	if !d.Exists() {
		return d, false, notFound("customer", id, "id")
	}
	return d, deleted, nil
}

func getCustomer(r *request) error {
	d, _, err := r.customer()
	if err != nil {
		return err
	}
	return r.answer(d)
}

func updateCustomer(r *request) error {
	d, deleted, err := r.customer()
	if err != nil {
		return err
	}
	if deleted {
		return notFound("customer", r.Value("customer"), "id")
	}
	before := d.Clone(r.Arena)
	if err := r.setCustomer(d); err != nil {
		return err
	}
	if s := r.params.Get("invoice_settings"); s.Kind() == sdk.Object {
		settings := d.Get("invoice_settings")
		for _, m := range [...]string{"default_payment_method", "footer"} {
			if v := s.Get(m); v.Exists() {
				settings.SetStringOrNull(m, v.String())
			}
		}
	}
	previous := changes(r.Call, before, d)
	customers.Update(r.Call, d)
	if previous.Len() > 0 {
		emit(r.Call, "customer.updated", d, previous)
	}
	return r.answer(d)
}

// changes is previous_attributes: what the members that differ were before.
func changes(c *sdk.Call, before, after sdk.Doc) sdk.Doc {
	out := c.NewObject()
	for m := range before.All {
		if !m.Equal(after.Get(m.Key())) {
			out.SetDoc(m.Key(), m)
		}
	}
	return out
}

func deleteCustomer(r *request) error {
	d, deleted, err := r.customer()
	if err != nil {
		return err
	}
	id := r.Value("customer")
	if deleted {
		return notFound("customer", id, "id")
	}
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "customer")
	tombstone.SetBool("deleted", true)
	customers.Delete(r.Call, id, tombstone)
	emit(r.Call, "customer.deleted", d, sdk.Doc{})
	return r.JSON(tombstone)
}

func listCustomers(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	if email := r.text("email"); email != "" {
		q.Index, q.Key = "email", email
	}
	return r.list(customers, q, "customer", "/v1/customers")
}

func includeCustomerTax(_ *request, d sdk.Doc) {
	insertAfter(d, "shipping", "tax", `{"automatic_tax":"unrecognized_location","ip_address":null,"location":null}`)
}
