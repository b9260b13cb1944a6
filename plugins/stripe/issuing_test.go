package main

import (
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestIssuing [R 2024-04-10, values ours]: cards go to residents of the account's own
// country.
func TestIssuing(t *testing.T) {
	m := start(t, sdktest.At(time.Date(2024, 8, 1, 12, 0, 0, 0, time.UTC)))
	holder := func(country string) *sdktest.Response {
		return m.Form("POST", "/v1/issuing/cardholders", "type=individual", "name=A B", "email=a@example.com", "status=active", "individual[first_name]=A", "individual[last_name]=B", "billing[address][line1]=1st Street", "billing[address][city]=New York", "billing[address][postal_code]=10004", "billing[address][country]="+country).Want(200)
	}
	us, br := holder("US"), holder("BR")
	want(t, us, map[string]string{"requirements.disabled_reason": "null", "requirements.past_due.#": "0", "individual.verification.document.back": "null", "spending_controls.spending_limits.#": "0", "preferred_locales.#": "0"})
	want(t, br, map[string]string{"requirements.disabled_reason": "under_review"})
	issue := func(fields ...string) *sdktest.Response {
		return m.Form("POST", "/v1/issuing/cards", append(fields, "currency=usd")...)
	}
	card := issue("type=virtual", "status=active", "cardholder="+us.Get("id"), "spending_controls[spending_limits][0][amount]=10000", "spending_controls[spending_limits][0][interval]=monthly").Want(200)
	want(t, card, map[string]string{
		"brand": "Visa", "cardholder.id": us.Get("id"), "exp_month": "7", "exp_year": "2027", "status": "active", "type": "virtual",
		"spending_controls.spending_limits.0.amount": "10000", "spending_controls.spending_limits.0.interval": "monthly", "spending_controls.spending_limits_currency": "usd",
	})
	want(t, m.Form("GET", "/v1/issuing/cards/"+card.Get("id")).Want(200), map[string]string{"last4": card.Get("last4")})
	if got := lastEvent(t, m, "issuing_card.created").Get("data.object.id"); got != card.Get("id") {
		t.Errorf("the event is of %s", got)
	}
	want(t, issue("type=virtual", "cardholder="+us.Get("id")).Want(200), map[string]string{"status": "inactive", "spending_controls.spending_limits.0.amount": "50000", "spending_controls.spending_limits.0.interval": "daily"})
	apiError{400, "", "", "", "", "Cardholder cannot have a billing address country of BR."}.check(t, issue("type=virtual", "cardholder="+br.Get("id")))
	issue("type=virtual", "cardholder=ich_x").Want(400)
	issue("type=virtual").Want(400)
	issue("type=physical", "cardholder="+us.Get("id")).Want(501)
}
