package main

import (
	"strings"
	"testing"
)

// TestCardTable checks the table itself: numbers are valid and told apart.
func TestCardTable(t *testing.T) {
	seen := map[string]string{}
	names := map[string]string{}
	for i := range testCards {
		c := &testCards[i]
		if !luhn(c.number) {
			t.Errorf("%s has a wrong check digit", c.number)
		}
		key := c.brand + c.country + c.last4()
		if other := seen[key]; other != "" {
			t.Errorf("%s and %s look the same on a payment method", c.number, other)
		}
		seen[key] = c.number
		for _, n := range strings.Fields(c.names) {
			if names[n] != "" {
				t.Errorf("pm_card_%s is both %s and %s", n, names[n], c.number)
			}
			names[n] = c.number
			if got := cardNamed(n); got != c {
				t.Errorf("pm_card_%s is not found", n)
			}
		}
	}
	if cardNamed("vis") != nil || cardNamed("") != nil || cardNamed("visa us") != nil && cardNamed("visa us").names != "visa us" {
		t.Error("a part of a name is taken for a name")
	}
}

// Outcomes of POST /v1/payment_intents with confirm, by number and by name
// [R facts/stripe_test_cards_observed.json, versions 2023-10-16 to 2024-06-20].
var observed = []struct {
	number, name           string
	status                 string // of the intent; "" for a decline
	code, decline, message string
	param                  string
}{
	{number: "4242424242424242", name: "visa", status: "succeeded"},
	{number: "5555555555554444", name: "mastercard", status: "succeeded"},
	{number: "378282246310005", status: "succeeded"},
	{number: "6011000990139424", name: "discover", status: "succeeded"},
	{number: "6011111111111117", status: "succeeded"},
	{number: "3056930009020004", name: "diners", status: "succeeded"},
	{number: "36227206271667", status: "succeeded"},
	{number: "6555900000604105", status: "succeeded"},
	{number: "3566002020360505", name: "jcb", status: "succeeded"},
	{number: "2223003122003222", status: "succeeded"},
	{number: "5200828282828210", name: "mastercard_debit", status: "succeeded"},
	{number: "5105105105105100", name: "mastercard_prepaid", status: "succeeded"},
	{number: "6200000000000005", name: "unionpay", status: "succeeded"},
	{number: "6205500000000000004", status: "succeeded"},
	{number: "4000056655665556", name: "visa_debit", status: "succeeded"},
	{name: "amex", status: "succeeded"},
	{name: "jp", status: "succeeded"},
	{number: "4000000000000259", status: "succeeded"},
	{number: "4000000000003055", status: "succeeded"},
	{number: "4000000000000044", status: "succeeded"},
	{number: "4000000000000077", status: "succeeded"},
	{number: "4000000000000036", status: "succeeded"}, // without a postal code
	{number: "4000003560000008", status: "succeeded"},
	{number: "4000002500003155", status: "requires_action"},
	{number: "4000003800000446", status: "requires_action"},
	{number: "4000002760003184", name: "authenticationRequired", status: "requires_action"},
	{name: "threeDSecureRequired", status: "requires_action"},
	{number: "4000000000000002", name: "visa_chargeDeclined", code: "card_declined", decline: "generic_decline", message: "Your card was declined."},
	{number: "4000000000000341", code: "card_declined", decline: "generic_decline", message: "Your card was declined."},
	{number: "4000000000009995", name: "visa_chargeDeclinedInsufficientFunds", code: "card_declined", decline: "insufficient_funds", message: "Your card has insufficient funds."},
	{number: "4000000000009987", name: "visa_chargeDeclinedLostCard", code: "card_declined", decline: "lost_card", message: "Your card was declined."},
	{number: "4000000000009979", name: "visa_chargeDeclinedStolenCard", code: "card_declined", decline: "stolen_card", message: "Your card was declined."},
	{number: "4000000000006975", name: "visa_chargeDeclinedVelocityLimitExceeded", code: "card_declined", decline: "card_velocity_exceeded", message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."},
	{number: "4100000000000019", code: "card_declined", decline: "fraudulent", message: "Your card was declined."},
	{number: "4000000000000069", name: "chargeDeclinedExpiredCard", code: "expired_card", param: "exp_month", message: "Your card has expired."},
	{number: "4000000000000127", name: "chargeDeclinedIncorrectCvc", code: "incorrect_cvc", param: "cvc", message: "Your card's security code is incorrect."},
	{number: "4000000000000101", code: "incorrect_cvc", param: "cvc", message: "Your card's security code is incorrect."},
	{number: "4000000000000119", name: "chargeDeclinedProcessingError", code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."},
}

func TestEveryObservedCard(t *testing.T) {
	m := start(t)
	for _, c := range observed {
		var methods []string
		if c.number != "" {
			methods = append(methods, m.Form("POST", "/v1/payment_methods", "type=card", "card[number]="+c.number, "card[exp_month]=12", "card[exp_year]=2030", "card[cvc]=123").Want(200).Get("id"))
		}
		if c.name != "" {
			methods = append(methods, "pm_card_"+c.name)
		}
		for _, pm := range methods {
			t.Run(c.number+c.name, func(t *testing.T) {
				m := m.With(t)
				r := pay(m, "payment_method="+pm, "Idempotency-Key: "+pm)
				if c.status != "" {
					r.Want(200)
					if got := r.Get("status"); got != c.status {
						t.Errorf("status %s, want %s", got, c.status)
					}
					return
				}
				apiError{402, "card_error", c.code, c.decline, c.param, c.message}.check(t, r)
				e := r.JSON().At("error")
				intent := e.At("payment_intent")
				for path, want := range map[string]string{
					"status": "requires_payment_method", "payment_method": "null", "next_action": "null", "latest_charge": e.Get("charge"),
					"last_payment_error.code": c.code, "last_payment_error.charge": e.Get("charge"), "last_payment_error.message": c.message,
					"last_payment_error.type": "card_error", "last_payment_error.payment_method.id": e.Get("payment_method.id"),
				} {
					if got := intent.Get(path); got != want {
						t.Errorf("payment_intent.%s is %q, want %q", path, got, want)
					}
				}
				charge := m.Form("GET", "/v1/charges/"+e.Get("charge")).Want(200)
				if charge.Get("status") != "failed" || charge.Get("paid") != "false" || charge.Get("captured") != "false" || charge.Get("failure_code") != c.code || charge.Get("failure_message") != c.message {
					t.Errorf("charge %s", charge.Body)
				}
				if got := r.Header("Stripe-Should-Retry"); got != "false" {
					t.Errorf("Stripe-Should-Retry %q", got)
				}
			})
		}
	}
}

// TestDeclineBody holds a whole error against the recorded one [R POST
// /v1/payment_intents/…/confirm at 2023-10-16, with the members of 2024-06-20].
func TestDeclineBody(t *testing.T) {
	m := start(t)
	method := `{"id":"*","object":"payment_method","allow_redisplay":"unspecified","billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null},"email":null,"name":null,"phone":null},"card":{"brand":"visa","checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":"pass"},"country":"US","display_brand":"visa","exp_month":7,"exp_year":2025,"fingerprint":"*","funding":"credit","generated_from":null,"last4":"0002","networks":{"available":["visa"],"preferred":null},"three_d_secure_usage":{"supported":true},"wallet":null},"created":1719835200,"customer":null,"livemode":false,"metadata":{},"type":"card"}`
	intent := `{"id":"*","object":"payment_intent","amount":1500,"amount_capturable":0,"amount_details":{"tip":{}},"amount_received":0,"application":null,"application_fee_amount":null,"automatic_payment_methods":null,"canceled_at":null,"cancellation_reason":null,"capture_method":"automatic","client_secret":"*","confirmation_method":"automatic","created":1719835200,"currency":"usd","customer":null,"description":null,"invoice":null,"last_payment_error":{"charge":"*","code":"card_declined","decline_code":"generic_decline","doc_url":"https://stripe.com/docs/error-codes/card-declined","message":"Your card was declined.","payment_method":` + method + `,"type":"card_error"},"latest_charge":"*","livemode":false,"metadata":{"a":"1"},"next_action":null,"on_behalf_of":null,"payment_method":null,"payment_method_configuration_details":null,"payment_method_options":{"card":{"installments":null,"mandate_options":null,"network":null,"request_three_d_secure":"automatic"}},"payment_method_types":["card"],"processing":null,"receipt_email":null,"review":null,"setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":"shop","status":"requires_payment_method","transfer_data":null,"transfer_group":"order-7"}`
	r := pay(m, "amount=1500", "payment_method=pm_card_visa_chargeDeclined", "capture_method=automatic", "metadata[a]=1", "statement_descriptor_suffix=shop", "transfer_group=order-7").Want(402)
	match(t, r.Body, `{"error":{"charge":"*","code":"card_declined","decline_code":"generic_decline","doc_url":"https://stripe.com/docs/error-codes/card-declined","message":"Your card was declined.","payment_intent":`+intent+`,"payment_method":`+method+`,"request_log_url":"*","type":"card_error"}}`)
	wantEvents(t, m, "payment_intent.created", "charge.failed", "payment_intent.payment_failed")
}

// TestCardsOnAttach [R POST /v1/customers, /v1/payment_methods/…/attach: 402 with
// an empty param where the decline has none of its own].
func TestCardsOnAttach(t *testing.T) {
	m := start(t)
	customer := newCustomer(t, m)
	r := m.Form("POST", "/v1/payment_methods/pm_card_chargeDeclined/attach", "customer="+customer).Want(402)
	match(t, r.Body, `{"error":{"code":"card_declined","decline_code":"generic_decline","doc_url":"https://stripe.com/docs/error-codes/card-declined","message":"Your card was declined.","param":"","request_log_url":"*","type":"card_error"}}`)
	for name, code := range map[string]string{"chargeDeclinedExpiredCard": "expired_card", "cvcCheckFail": "incorrect_cvc"} {
		r := m.Form("POST", "/v1/customers", "payment_method=pm_card_"+name).Want(402)
		if got := r.Get("error.code"); got != code {
			t.Errorf("%s: %s, want %s", name, got, code)
		}
	}
	// 0341 attaches and is declined when charged.
	pm := m.Form("POST", "/v1/payment_methods/pm_card_chargeCustomerFail/attach", "customer="+customer).Want(200).Get("id")
	pay(m, "customer="+customer, "payment_method="+pm).Want(402)
	if n := len(m.State("customers")); n != 1 {
		t.Errorf("%d customers; a refused card leaves none behind", n)
	}
}

func TestPostalCodeDecline(t *testing.T) {
	m := start(t)
	pm := m.Form("POST", "/v1/payment_methods", "type=card", "card[number]=4000000000000036", "card[exp_month]=12", "card[exp_year]=2030", "card[cvc]=123", "billing_details[address][postal_code]=12345").Want(200)
	if got := pm.Get("card.checks.address_postal_code_check"); got != "unchecked" {
		t.Errorf("check %q before use", got)
	}
	apiError{402, "card_error", "incorrect_zip", "", "address_zip", "Your card could not be authorized using the postal code provided. Please update the postal code, or contact your card issuer for further details."}.check(t, pay(m, "payment_method="+pm.Get("id")))
}

func TestCardNumbers(t *testing.T) {
	m := start(t)
	for _, c := range []struct {
		fields []string
		want   apiError
	}{
		// [R] the first; the others D docs.stripe.com/error-codes
		{[]string{"card[number]=4242 4242 4242 4241"}, apiError{402, "card_error", "incorrect_number", "", "number", "Your card number is incorrect."}},
		{[]string{"card[number]=4242"}, apiError{402, "card_error", "incorrect_number", "", "number", "Your card number is incorrect."}},
		{[]string{"card[exp_month]=13"}, apiError{402, "card_error", "invalid_expiry_month", "", "exp_month", "Your card's expiration month is invalid."}},
		{[]string{"card[exp_year]=2023"}, apiError{402, "card_error", "invalid_expiry_year", "", "exp_year", "Your card's expiration year is invalid."}},
		{[]string{"card[exp_year]=2024", "card[exp_month]=6"}, apiError{402, "card_error", "invalid_expiry_month", "", "exp_month", "Your card's expiration month is invalid."}},
		{[]string{"card[cvc]=12"}, apiError{402, "card_error", "invalid_cvc", "", "cvc", "Your card's security code is invalid."}},
	} {
		fields := []string{"type=card", "card[number]=4242424242424242", "card[exp_month]=12", "card[exp_year]=2030"}
		c.want.check(t, m.Form("POST", "/v1/payment_methods", append(fields, c.fields...)...))
	}
	got := m.Form("POST", "/v1/payment_methods", "type=card", "card[number]=4111111111111111", "card[exp_month]=12", "card[exp_year]=2030").Want(402)
	if got.Get("error.decline_code") != "test_mode_live_card" {
		t.Errorf("a number test mode does not know: %s", got.Body)
	}
}
