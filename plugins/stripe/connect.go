package main

import (
	"github.com/mirrahq/mirra/sdk"
)

// Connect: connected accounts are objects of the platform, and own objects of
// their own: a request with Stripe-Account sees those, and money moves between
// the two.

// platform is the account that the platform's own objects are kept under: no key
// names another one (see the manifest's credentials).
const platform = ""

// asAccount does something on behalf of an account: a connected one, or the
// platform.
func (r *request) asAccount(id string, do func()) {
	own := r.Account()
	r.SetAccount(accountNamed(r.Call, id))
	do()
	r.SetAccount(own)
}

// accountNamed is what objects of an account are kept under.
func accountNamed(c *sdk.Call, id string) string {
	if id == platform || id == platformID(c) {
		return platform
	}
	return id
}

// platformID is the id of the session's own account.
func platformID(c *sdk.Call) string {
	own := c.Account()
	c.SetAccount(platform)
	id := accountID(c)
	c.SetAccount(own)
	return id
}

// connectedAccount finds an account of the platform's, from whatever account the
// call acts for.
func (r *request) connectedAccount(id string) (d sdk.Doc, ok bool) {
	r.asAccount(platform, func() { d, ok = accounts.Get(r.Call, id) })
	return d, ok
}

// connectEvent tells of a change of a connected account's object: the event is
// the account's own, and names it
// [D docs.stripe.com/connect/webhooks, 2026-11].
func (r *request) connectEvent(account, typ string, d, previous sdk.Doc) {
	r.asAccount(account, func() { emit(r.Call, typ, d, previous) })
}

// idOf makes an id of the newer form for an object of an account.
func (r *request) idOf(account, prefix string) string {
	id := ""
	r.asAccount(account, func() { id = longID(r.Call, prefix) })
	return id
}

// The templates' requirements, without anything due [R].
const (
	noRequirements       = `{"alternatives":[],"current_deadline":null,"currently_due":[],"disabled_reason":null,"errors":[],"eventually_due":[],"past_due":[],"pending_verification":[]}`
	noPersonRequirements = `{"alternatives":[],"currently_due":[],"errors":[],"eventually_due":[],"past_due":[],"pending_verification":[]}`
	noDocument           = `{"back":null,"details":null,"details_code":null,"front":null}`
	noAddress            = `{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null}`
)

// isPlatform tells whether the call acts for the platform itself.
func isPlatform(c *sdk.Call) bool { return c.Account() == platform }

// sharedMethod is the payment method that a copy is made of: the platform's, also
// where the copy is a connected account's, and of the customer that is named
// [D docs.stripe.com/connect/direct-charges-multiple-accounts, 2026-11; R 2023-10-16].
func (r *request) sharedMethod(id, customer string) (d sdk.Doc, err error) {
	r.asAccount(platform, func() {
		if d, err = r.method(id, "payment_method", 400); err != nil || customer == "" {
			return
		}
		if _, ok := customers.Get(r.Call, customer); !ok {
			err = missing("customer", customer, "customer")
		} else if of := d.Get("customer").String(); of != customer {
			err = invalid("", "payment_method", "The customer does not have a payment method with the ID "+id+". The payment method must be attached to the customer.") // [3, users' reports]
		}
	})
	return d, err
}
