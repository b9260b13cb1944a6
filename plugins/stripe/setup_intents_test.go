package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

const formType = "Content-Type: application/x-www-form-urlencoded"

// answerChallenge opens the page of a next_action and presses a button.
func answerChallenge(t testing.TB, m *sdktest.Mirror, intent *sdktest.Response, outcome string) *sdktest.Response {
	t.Helper()
	page := intent.Get("next_action.redirect_to_url.url")
	if page == "" {
		page = intent.Get("next_action.use_stripe_sdk.stripe_js")
	}
	if !strings.HasPrefix(page, "http://mirra.test/hooks/redirect/authenticate/src_1") {
		t.Fatalf("the page is at %q", page)
	}
	html := m.Request("GET", page, "", "Authorization: ").Want(200)
	if !strings.Contains(html.Body, `value="complete"`) || !strings.HasPrefix(html.Header("Content-Type"), "text/html") {
		t.Fatalf("page %q", html.Body)
	}
	return m.Request("POST", page, "outcome="+outcome, formType, "Authorization: ")
}

// TestThreeDSecure walks an intent through the page [R next_action of both
// forms at 2023-08-16 and 2023-10-16].
func TestThreeDSecure(t *testing.T) {
	m := start(t)
	pi := m.Form("POST", "/v1/payment_intents", "amount=2000", "currency=usd", "payment_method=pm_card_authenticationRequired", "confirm=true", "return_url=http://localhost:3000/done?cart=7").Want(200)
	match(t, pi.JSON().At("next_action").String(), `{"redirect_to_url":{"return_url":"http://localhost:3000/done?cart=7","url":"*"},"type":"redirect_to_url"}`)
	wantEvents(t, m, "payment_intent.created", "payment_intent.requires_action")
	back := answerChallenge(t, m, pi, "complete").Want(303)
	to, err := url.Parse(back.Header("Location"))
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if to.Host != "localhost:3000" || q.Get("cart") != "7" || q.Get("payment_intent") != pi.Get("id") || q.Get("payment_intent_client_secret") != pi.Get("client_secret") || q.Get("redirect_status") != "succeeded" {
		t.Errorf("sent back to %s", to)
	}
	got := m.Form("GET", "/v1/payment_intents/"+pi.Get("id"), "expand[]=latest_charge").Want(200)
	if got.Get("status") != "succeeded" || got.Get("next_action") != "null" || got.Get("latest_charge.payment_method_details.card.three_d_secure.result") != "authenticated" {
		t.Errorf("afterwards %s", got.Body)
	}
	wantEvents(t, m, "payment_intent.created", "payment_intent.requires_action", "charge.succeeded", "payment_intent.succeeded")
	// The page works once.
	m.Request("POST", pi.Get("next_action.redirect_to_url.url"), "outcome=complete", formType).Want(404)

	// For Stripe.js there is no return_url.
	pi = pay(m, "payment_method=pm_card_threeDSecure2Required").Want(200)
	match(t, pi.JSON().At("next_action").String(), `{"type":"use_stripe_sdk","use_stripe_sdk":{"source":"*","stripe_js":"*","type":"three_d_secure_redirect"}}`)
	answerChallenge(t, m, pi, "fail").Want(200)
	got = m.Form("GET", "/v1/payment_intents/"+pi.Get("id")).Want(200)
	for path, want := range map[string]string{
		"status": "requires_payment_method", "payment_method": "null", "next_action": "null",
		"last_payment_error.code": "payment_intent_authentication_failure", "last_payment_error.type": "invalid_request_error",
		"last_payment_error.message": "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
	} {
		if v := got.Get(path); v != want {
			t.Errorf("%s is %s, want %s", path, v, want)
		}
	}
	lastEvent(t, m, "payment_intent.payment_failed")

	// With manual confirmation the server has the last word.
	pi = pay(m, "payment_method=pm_card_authenticationRequired", "confirmation_method=manual", "return_url=http://localhost/").Want(200)
	answerChallenge(t, m, pi, "complete").Want(303)
	if s := m.Form("GET", "/v1/payment_intents/"+pi.Get("id")).Get("status"); s != "requires_confirmation" {
		t.Errorf("status %s", s)
	}
	if s := m.Form("POST", "/v1/payment_intents/"+pi.Get("id")+"/confirm").Want(200).Get("status"); s != "succeeded" {
		t.Errorf("confirmed to %s", s)
	}
	// A card that is declined in spite of the challenge.
	pi = pay(m, "payment_method=pm_card_authenticationRequiredChargeDeclinedInsufficientFunds", "return_url=http://localhost/").Want(200)
	if l := answerChallenge(t, m, pi, "complete").Header("Location"); !strings.Contains(l, "redirect_status=failed") {
		t.Errorf("sent back to %s", l)
	}
}

// TestOffSession [R authentication_required on POST /v1/payment_intents].
func TestOffSession(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods/pm_card_authenticationRequiredOnSetup/attach", "customer="+customer).Want(200).Get("id")
	off := []string{"customer=" + customer, "payment_method=" + pm, "off_session=true"}
	r := pay(m, off...)
	apiError{402, "card_error", "authentication_required", "authentication_required", "", "Your card was declined. This transaction requires authentication."}.check(t, r)
	if r.Get("error.payment_intent.status") != "requires_payment_method" || r.Get("error.payment_method.id") != pm {
		t.Errorf("error %s", r.Body)
	}
	// Set up with the customer there, it can be charged without.
	seti := m.Form("POST", "/v1/setup_intents", "customer="+customer, "payment_method="+pm, "payment_method_types[]=card", "confirm=true").Want(200)
	if seti.Get("status") != "requires_action" {
		t.Fatalf("setup %s", seti.Body)
	}
	answerChallenge(t, m, seti, "complete").Want(200)
	if s := m.Form("GET", "/v1/setup_intents/"+seti.Get("id")).Get("status"); s != "succeeded" {
		t.Errorf("setup is %s", s)
	}
	pay(m, off...).Want(200)
	// [R] 3800…0446 is set up already.
	pay(m, "payment_method=pm_card_authenticationRequiredSetupForOffSession", "off_session=true").Want(200)
	pay(m, "payment_method=pm_card_authenticationRequired", "off_session=true").Want(402)
	pay(m, "payment_method=pm_card_authenticationRequired", "error_on_requires_action=true").Want(402)
	// [R] request_three_d_secure=any asks with cards that need nothing.
	if s := pay(m, "payment_method=pm_card_visa", "payment_method_options[card][request_three_d_secure]=any").Get("status"); s != "requires_action" {
		t.Errorf("status %s", s)
	}
}

// TestSetupIntent [R POST and GET /v1/setup_intents at 2023-10-16 and 2024-06-20].
func TestSetupIntent(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	pm := m.Form("POST", "/v1/payment_methods", "type=card", "card[number]=4242424242424242", "card[exp_month]=12", "card[exp_year]=2030", "card[cvc]=123").Want(200).Get("id")
	r := m.Form("POST", "/v1/setup_intents", "customer="+customer, "payment_method="+pm, "payment_method_types[]=card", "usage=off_session", "confirm=true").Want(200)
	match(t, r.Body, `{"id":"*","object":"setup_intent","application":null,"automatic_payment_methods":null,"cancellation_reason":null,"client_secret":"*","created":1719835200,"customer":"`+customer+`","description":null,"flow_directions":null,"last_setup_error":null,"latest_attempt":"*","livemode":false,"mandate":null,"metadata":{},"next_action":null,"on_behalf_of":null,"payment_method":"`+pm+`","payment_method_configuration_details":null,"payment_method_options":{"card":{"mandate_options":null,"network":null,"request_three_d_secure":"automatic"}},"payment_method_types":["card"],"single_use_mandate":null,"status":"succeeded","usage":"off_session"}`)
	if got := m.Form("GET", "/v1/payment_methods/"+pm); got.Get("customer") != customer || got.Get("card.checks.cvc_check") != "pass" {
		t.Errorf("payment method %s", got.Body)
	}
	wantEvents(t, m, "customer.created", "setup_intent.created", "payment_method.attached", "setup_intent.succeeded")
	if got := m.Form("GET", "/v1/setup_intents/"+r.Get("id"), "expand[]=latest_attempt").Get("latest_attempt.status"); got != "succeeded" {
		t.Errorf("latest attempt %q", got)
	}

	r = m.Form("POST", "/v1/setup_intents", "payment_method=pm_card_chargeDeclined", "payment_method_types[]=card", "confirm=true")
	apiError{402, "card_error", "card_declined", "generic_decline", "", "Your card was declined."}.check(t, r)
	if r.Get("error.setup_intent.status") != "requires_payment_method" || r.Get("error.setup_intent.last_setup_error.code") != "card_declined" {
		t.Errorf("error %s", r.Body)
	}
	lastEvent(t, m, "setup_intent.setup_failed")

	bare := m.Form("POST", "/v1/setup_intents", "payment_method_types[]=card").Want(200).Get("id")
	const unexpected = "setup_intent_unexpected_state"
	confirm := func(id string) *sdktest.Response { return m.Form("POST", "/v1/setup_intents/"+id+"/confirm") }
	cancel := func(id string) *sdktest.Response { return m.Form("POST", "/v1/setup_intents/"+id+"/cancel") }
	apiError{400, "", unexpected, "", "", "You cannot confirm this SetupIntent because it's missing a payment method. You can either update the SetupIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken."}.check(t, confirm(bare))
	cancel(bare).Want(200)
	apiError{400, "", unexpected, "", "", "You cannot cancel this SetupIntent because it it already canceled."}.check(t, cancel(bare)) // [R]
	done := m.State("setup_intents")[0]
	id := sdktest.ParseJSON(t, done).Get("id")
	apiError{400, "", unexpected, "", "", "You cannot confirm this SetupIntent because it has already succeeded."}.check(t, confirm(id))
	apiError{400, "", unexpected, "", "", "You cannot cancel this SetupIntent because it has a status of succeeded. Only a SetupIntent with one of the following statuses may be canceled: `requires_payment_method`, `requires_confirmation`, or `requires_action`."}.check(t, cancel(id)) // [R]
	apiError{404, "", "resource_missing", "", "intent", "No such setupintent: 'seti_none'"}.check(t, m.Form("GET", "/v1/setup_intents/seti_none"))                                                                                                                                          // [R]

	mandated := m.Form("POST", "/v1/setup_intents", "payment_method=pm_card_visa", "payment_method_types[]=card", "confirm=true",
		"mandate_data[customer_acceptance][type]=online", "mandate_data[customer_acceptance][online][ip_address]=127.0.0.1", "mandate_data[customer_acceptance][online][user_agent]=test").Want(200).Get("mandate")
	match(t, m.Form("GET", "/v1/mandates/"+mandated).Want(200).Body, `{"id":"*","object":"mandate","customer_acceptance":{"accepted_at":1719835200,"online":{"ip_address":"127.0.0.1","user_agent":"test"},"type":"online"},"livemode":false,"multi_use":{},"payment_method":"*","payment_method_details":{"card":{},"type":"card"},"status":"active","type":"multi_use"}`)
	failed := m.Form("POST", "/v1/setup_intents", "payment_method=pm_card_authenticationRequired", "payment_method_types[]=card", "confirm=true", "return_url=http://localhost/").Want(200)
	answerChallenge(t, m, failed, "fail").Want(303)
	if got := m.Form("GET", "/v1/setup_intents/"+failed.Get("id")); got.Get("last_setup_error.code") != "setup_intent_authentication_failure" || got.Get("status") != "requires_payment_method" {
		t.Errorf("failed challenge %s", got.Body)
	}
}
