package main

import "github.com/mirrahq/mirra/sdk"

// completePortalSession gives a session of the customer portal its page. The page
// itself is not mirrored.
func completePortalSession(r *request, d sdk.Doc) error {
	if r.text("customer") == "" {
		return invalid("parameter_missing", "customer", "Missing required param: customer.") // [R] wording
	}
	configuration := r.text("configuration")
	if configuration == "" {
		var err error
		if configuration, err = r.portalConfiguration(); err != nil {
			return err
		}
	}
	if d.Get("configuration").Exists() {
		d.SetString("configuration", configuration)
	}
	if r.after(portalMoved) {
		d.SetString("url", "https://billing.stripe.com/p/session/"+r.portalToken())
	} else {
		d.SetString("url", "https://billing.stripe.com/session/_"+r.Random(sdk.Objects, 31, sdk.Base62)) // [R 2021-02]
	}
	return nil
}

// portalMoved is when pages of the portal came to have today's form [R 2021-02,
// 2026-03]; the day is believed.
var portalMoved = day("2022-01-01")

// portalConfiguration is the account's default one, which is what its owner saved
// in the dashboard; here it is there from the beginning.
func (r *request) portalConfiguration() (string, error) {
	part := fingerprint(r.Call, "portal configuration") // one an account
	id := "bpc_1" + part[:5] + accountPart(r.Call) + part[5:13]
	s := specOf["billing_portal.configuration"]
	if _, ok := s.collection.Get(r.Call, id); ok {
		return id, nil
	}
	// [S fixtures.2024-06-20] what is on by default
	d := engine.New(r.Call, s.shape, r.Trusted(`{"features":{"customer_update":{"allowed_updates":["email","tax_id"],"enabled":true},"invoice_history":{"enabled":true},"payment_method_update":{"enabled":true},"subscription_cancel":{"cancellation_reason":{"enabled":false,"options":["too_expensive","missing_features","switched_service","unused","other"]},"enabled":true,"mode":"at_period_end","proration_behavior":"none"},"subscription_update":{"default_allowed_updates":[],"enabled":false,"proration_behavior":"none"}}}`))
	d.SetString("id", id)
	d.SetBool("active", true)
	d.SetBool("is_default", true)
	return id, s.collection.Insert(r.Call, d)
}
