package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// What servers hand to clients: ephemeral keys, and the sessions of embedded
// components. The keys open nothing here; the vendor's own mobile and browser
// libraries use them against pages that are not mirrored.

var ephemeralKeys = stripe.Collect(&sdk.Collection{Type: "ephemeral_key", Entity: "ephemeral_keys", Prefix: "ephkey_", Random: 24, Fields: []string{"id", "expires"}})

// ephemeralKeyTemplate [R POST /v1/ephemeral_keys at 2023-10-16, 2025-04 and 2026-05].
var ephemeralKeyTemplate = sdk.MustTemplate(`{"id":"","object":"ephemeral_key","associated_objects":[],"created":0,"expires":0,"livemode":false,"secret":""}`)

func clientKeyHandlers() {
	handle("PostEphemeralKeys", sdk.Exact, createEphemeralKey)
	handle("DeleteEphemeralKeysKey", sdk.Modelled, func(r *request) error {
		id := r.Value("key")
		d, ok := ephemeralKeys.Get(r.Call, id)
		if !ok {
			return notFound("ephemeral_key", id, "key") // believed
		}
		// [D docs.stripe.com/api/ephemeral_keys/delete, 2026-11] what is answered is
		// the key; that it shows itself as expired is believed.
		d.SetInt("expires", r.Unix())
		d.Delete("secret")
		ephemeralKeys.Delete(r.Call, id, d)
		return r.answer(d)
	})
	handle("PostCustomerSessions", sdk.Modelled, createCustomerSession)
	handle("PostAccountSessions", sdk.Modelled, createAccountSession)
}

// ephemeralHour is how long a key opens what it is for [R].
const ephemeralHour = time.Hour

func createEphemeralKey(r *request) error {
	d := ephemeralKeyTemplate.New(r.Arena)
	for _, of := range [...]struct{ param, typ, noun string }{
		{"customer", "customer", "customer"}, {"issuing_card", "issuing.card", "issuing card"}, {"verification_session", "identity.verification_session", "verification session"},
	} {
		id := r.text(of.param)
		if id == "" {
			continue
		}
		if typ, _, ok := r.Lookup(id); !ok || typ != of.typ {
			return missing(of.noun, id, of.param)
		}
		o := d.Get("associated_objects").AddObject()
		o.SetString("id", id)
		o.SetString("type", of.typ)
	}
	if n := d.Get("associated_objects").Len(); n != 1 {
		return invalid("", "", "You must provide exactly one of customer, issuing_card or verification_session.") // believed
	}
	d.SetString("id", longID(r.Call, "ephkey_1"))
	d.SetInt("created", r.Unix())
	d.SetInt("expires", r.Now().Add(ephemeralHour).Unix())
	if err := ephemeralKeys.Insert(r.Call, d); err != nil {
		return err
	}
	d.SetString("secret", r.ephemeralKey())
	return r.answer(d)
}

// createCustomerSession [D docs.stripe.com/api/customer_sessions, 2026-11]: for
// half an hour.
func createCustomerSession(r *request) error {
	shape := shapeOf("customer_session")
	id := r.text("customer")
	if id == "" {
		return invalid("parameter_missing", "customer", "Missing required param: customer.") // [R] wording
	}
	if _, ok := customers.Get(r.Call, id); !ok {
		return missing("customer", id, "customer")
	}
	d := engine.New(r.Call, shape, r.params)
	d.SetString("client_secret", "_"+r.Random(sdk.Objects, 53, sdk.Base62))
	d.SetInt("expires_at", r.Now().Add(30*time.Minute).Unix())
	return r.answer(d)
}

// createAccountSession [D docs.stripe.com/api/account_sessions, 2026-11]: for an hour.
func createAccountSession(r *request) error {
	id := r.text("account")
	a, ok := r.connectedAccount(id)
	if !ok {
		return missing("account", id, "account") // believed
	}
	r.onboard(a)
	d := engine.New(r.Call, shapeOf("account_session"), r.params)
	d.SetString("client_secret", "accs_secret__"+r.Random(sdk.Objects, 53, sdk.Base62))
	d.SetInt("expires_at", r.Now().Add(time.Hour).Unix())
	return r.answer(d)
}
