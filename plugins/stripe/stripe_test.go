package main

import (
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

const testKey = "sk_test_51MirraTests"

// start runs the mirror with a secret key.
func start(t testing.TB, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Header("Authorization", "Bearer "+testKey)}, options...)...)
}

func TestSmoke(t *testing.T) {
	m := start(t)
	c := m.Form("POST", "/v1/customers", "email=a@example.com", "metadata[b]=2", "metadata[a]=1").Want(200)
	t.Log(c.Body)
	id := c.Get("id")
	t.Log(m.Form("POST", "/v1/payment_methods/pm_card_visa/attach", "customer="+id).Want(200).Body)
	pi := m.Form("POST", "/v1/payment_intents", "amount=2000", "currency=USD", "customer="+id, "payment_method=pm_card_visa", "confirm=true", "return_url=http://x/", "expand[]=latest_charge.refunds").Want(200)
	t.Log(pi.Body)
	t.Log(m.Form("POST", "/v1/payment_intents", "amount=2000", "currency=USD", "payment_method=pm_card_chargeDeclined", "confirm=true", "payment_method_types[]=card").Want(402).Body)
	t.Log(m.Form("POST", "/v1/refunds", "payment_intent="+pi.Get("id")).Want(200).Body)
	pi = m.Form("POST", "/v1/payment_intents", "amount=2000", "currency=USD", "payment_method=pm_card_authenticationRequired", "confirm=true", "return_url=http://x/").Want(200)
	t.Log(pi.Get("next_action"))
	t.Log(m.Request("GET", pi.Get("next_action.redirect_to_url.url"), "").Body)
	t.Log(m.Request("POST", pi.Get("next_action.redirect_to_url.url"), "outcome=complete", "Content-Type: application/x-www-form-urlencoded").Headers)
	t.Log(m.Form("GET", "/v1/balance").Body)
	t.Log(m.Form("GET", "/v1/events", "limit=2").Body)
}
