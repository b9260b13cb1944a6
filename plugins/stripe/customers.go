package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var customers = stripe.Collect(&sdk.Collection{
	Type: "customer", Entity: "customers", Prefix: "cus_", Random: 14,
	Index: []string{"email"}, Aliases: []string{"customer", "cus"},
	Fields: []string{"id", "email", "name", "default_source", "invoice_settings.default_payment_method"},
})

// customerTemplate [R, POST /v1/customers at 2024-06-20].
var customerTemplate = sdk.MustTemplate(`{"id":"","object":"customer","address":null,"balance":0,"created":0,"currency":null,"customer_account":null,"default_source":null,"delinquent":false,"description":null,"discount":null,"email":null,"invoice_prefix":"","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null},"livemode":false,"metadata":{},"name":null,"next_invoice_sequence":1,"phone":null,"preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null}`)

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
	var method sdk.Doc
	if id := r.text("payment_method"); id != "" {
		var err error
		if method, err = r.attachable(id); err != nil {
			return err
		}
		d.Get("invoice_settings").SetStringOrNull("default_payment_method", r.newDefault(id, method))
	} else if id := r.text("invoice_settings", "default_payment_method"); id != "" {
		return notAttached(id)
	}
	if source := r.params.Get("source"); source.Exists() && source.String() != "" || source.Kind() == sdk.Object {
		// Cards are attached in front of customer.created, so that what the
		// issuer refuses leaves nothing behind.
		card, err := r.attachSource(d, source, "source")
		if err != nil {
			return err
		}
		d.SetString("default_source", card.Get("id").String())
	}
	if err := r.setCustomerDiscount(d); err != nil {
		return err
	}
	if err := customers.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "customer.created", d, sdk.Doc{})
	if method.Exists() {
		if err := r.attach(method, d.Get("id").String()); err != nil {
			return err
		}
	}
	return r.answer(d)
}

// attachable is a payment method that a new customer can have: its issuer does
// not refuse it [R 2023-10-16: 402 and no customer].
func (r *request) attachable(id string) (sdk.Doc, error) {
	method, err := r.method(id, "payment_method", 400)
	if err != nil {
		return method, err
	}
	if method.Get("customer").String() != "" {
		return method, executed(invalid("", "", "The payment method you provided has already been attached to a customer.")) // [R]
	}
	if no := r.refuses(method, cardOf(method.Get("card")), false); no != nil {
		f := declineFailure(no)
		f.emptyParam = true
		return method, f
	}
	return method, nil
}

// newDefault is invoice_settings[default_payment_method] of a customer that is
// created: only the payment method that is attached with it can be meant.
func (r *request) newDefault(given string, method sdk.Doc) string {
	if r.text("invoice_settings", "default_payment_method") != given {
		return ""
	}
	return method.Get("id").String()
}

// notAttached is a default payment method that is not the customer's [3, users' reports].
func notAttached(id string) *failure {
	return &failure{status: 400, code: "resource_missing", param: "invoice_settings[default_payment_method]", message: "The customer does not have a payment method with the ID " + id + ". The payment method must be attached to the customer."}
}

// setCustomer copies the parameters that create and update share.
func (r *request) setCustomer(d sdk.Doc) error {
	for v := r.params.First(); v.Exists(); v = v.Next() {
		switch name, text := v.Key(), v.String(); name {
		case "description", "name", "phone":
			d.SetStringOrNull(name, text)
		case "email":
			if text != "" && !strings.Contains(text, "@") {
				return &failure{status: 400, code: "email_invalid", param: "email", message: "Invalid email address: " + text} // [R]
			}
			d.SetStringOrNull(name, text)
		case "address":
			setAddress(d, v)
		case "shipping":
			if v.Kind() != sdk.Object {
				d.SetNull(name)
				break
			}
			to := d.SetObject(name)
			setAddress(to, v.Get("address"))
			to.SetStringOrNull("name", v.Get("name").String())
			to.SetStringOrNull("phone", v.Get("phone").String())
		case "balance", "next_invoice_sequence":
			if n, ok := v.Int(); ok {
				d.SetInt(name, n)
			}
		case "tax_exempt", "invoice_prefix":
			if text != "" {
				d.SetString(name, text)
			}
		case "preferred_locales":
			to := d.SetArray(name)
			for l := range v.All {
				to.AddString(l.String())
			}
		case "invoice_settings":
			setInvoiceSettings(d.Get(name), v)
		}
	}
	r.setMetadata(d)
	return nil
}

func setInvoiceSettings(to, given sdk.Doc) {
	if v := given.Get("footer"); v.Exists() {
		to.SetStringOrNull("footer", v.String())
	}
	if v := given.Get("custom_fields"); v.Kind() == sdk.Array {
		to.SetDoc("custom_fields", v)
	} else if v.Exists() {
		to.SetNull("custom_fields")
	}
}

// addressMembers in the vendor's order [R].
var addressMembers = []string{"city", "country", "line1", "line2", "postal_code", "state"}

// setAddress copies an address parameter, if there is one; "" unsets.
func setAddress(d, given sdk.Doc) {
	switch {
	case !given.Exists():
	case given.Kind() != sdk.Object:
		d.SetNull("address")
	default:
		d.SetPicked("address", given, addressMembers)
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

// liveCustomer is the customer of a path to something below it.
func (r *request) liveCustomer() (sdk.Doc, error) {
	id := r.Value("customer")
	d, ok := customers.Get(r.Call, id)
	if !ok {
		return d, notFound("customer", id, "customer") // the parameter's name is believed
	}
	return d, nil
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
	if err := r.setDefaults(d); err != nil {
		return err
	}
	if err := r.setCustomerDiscount(d); err != nil {
		return err
	}
	customers.Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "customer.updated", d, previous)
	}
	return r.answer(d)
}

// setDefaults sets what a customer pays with unless something else is asked for.
func (r *request) setDefaults(d sdk.Doc) error {
	id := d.Get("id").String()
	if v := r.params.Get("invoice_settings", "default_payment_method"); v.Exists() {
		if pm := v.String(); pm != "" {
			m, ok := paymentMethods.Get(r.Call, pm)
			if !ok || m.Get("customer").String() != id {
				return notAttached(pm)
			}
		}
		d.Get("invoice_settings").SetStringOrNull("default_payment_method", v.String())
	}
	if v := r.text("default_source"); v != "" {
		card, ok := cardSources.Get(r.Call, v)
		if !ok || card.Get("customer").String() != id {
			return missing("source", v, "default_source") // believed
		}
		d.SetString("default_source", v)
	}
	if source := r.params.Get("source"); source.Exists() && source.String() != "" {
		card, err := r.attachSource(d, source, "source")
		if err != nil {
			return err
		}
		d.SetString("default_source", card.Get("id").String())
	}
	return nil
}

// changes is previous_attributes: what the members that differ were before.
// Objects show only what differs in them, null for what is new
// [D docs.stripe.com/api/events/object#event_object-data-previous_attributes,
// 2026-11; the nesting by users' captures].
func changes(c *sdk.Call, before, after sdk.Doc) sdk.Doc {
	out := c.NewObject()
	for m := range before.All {
		now := after.Get(m.Key())
		switch {
		case m.Equal(now):
		case m.Kind() == sdk.Object && now.Kind() == sdk.Object:
			out.SetDoc(m.Key(), changes(c, m, now))
		default:
			out.SetDoc(m.Key(), m)
		}
	}
	for m := range after.All {
		if !before.Get(m.Key()).Exists() {
			out.SetNull(m.Key())
		}
	}
	return out
}

func deleteCustomer(r *request) error {
	d, deleted, err := r.customer()
	if err != nil {
		return err
	}
	if deleted {
		return notFound("customer", r.Value("customer"), "id")
	}
	return r.removeCustomer(d)
}

func (r *request) removeCustomer(d sdk.Doc) error {
	id := d.Get("id").String()
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "customer")
	tombstone.SetBool("deleted", true)
	customers.Delete(r.Call, id, tombstone)
	if err := r.releaseMethods(id); err != nil {
		return err
	}
	emit(r.Call, "customer.deleted", d, sdk.Doc{})
	return r.JSON(tombstone)
}

// releaseMethods detaches what a deleted customer paid with, which cannot be
// used any more [D docs.stripe.com/api/customers/delete, 2026-11].
func (r *request) releaseMethods(customer string) error {
	page, err := paymentMethods.Find(r.Call, sdk.ListQuery{Limit: 100, Index: "customer", Key: customer})
	if err != nil {
		return err
	}
	docs, _ := page.Docs(r.Call)
	for _, d := range docs {
		d.SetNull("customer")
		paymentMethods.Update(r.Call, d)
		setMark(r.Call, d.Get("id").String(), markConsumed, "detached")
	}
	return nil
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

// includeCustomerTax adds what Stripe Tax thinks of where a customer is: it goes
// by the country of the default card, and needs more than that in the US
// [R 2024-06-20, both].
func includeCustomerTax(r *request, d sdk.Doc) {
	text := `{"automatic_tax":"unrecognized_location","ip_address":null,"location":null,"provider":"stripe"}`
	if m, ok := paymentMethods.Get(r.Call, d.Get("invoice_settings", "default_payment_method").String()); ok {
		if country := m.Get("card", "country").String(); country != "" && country != "US" {
			text = `{"automatic_tax":"not_collecting","ip_address":null,"location":{"country":"` + country + `","source":"payment_method","state":null},"provider":"stripe"}`
		}
	}
	insertAfter(d, "shipping", "tax", text)
}
