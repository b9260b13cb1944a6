package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// undescribed are the paths that Stripe's SDKs know and the descriptions do not:
// all of /v2, what came behind the newest line's version, and what SDKs send to
// other hosts unless they have one for all [S the typed methods of stripe-node
// 23.1.0 and stripe-go v85.0.0]. None is mirrored: 501 by name tells more than a
// 404 that Stripe would not answer.
var undescribed = []struct{ path, methods string }{
	{"/oauth/deauthorize", "POST"}, // of connect.stripe.com
	{"/oauth/token", "POST"},
	{"/v1/apps/installs", "GET POST"},
	{"/v1/apps/installs/{id}", "GET POST"},
	{"/v1/apps/installs/{id}/uninstall", "POST"},
	{"/v1/issuing/cards/{id}/test/authorizations", "POST"}, // of samples of @stripe/cli 1.52.0
	{"/v1/payment_pages/{id}", "GET"},                      // of the vendor's checkout page, and of those samples
	{"/v1/payment_pages/{id}/confirm", "POST"},
	{"/v1/product_catalog/trial_offers", "GET POST"},
	{"/v1/product_catalog/trial_offers/{id}", "GET POST"},
	{"/v1/subscriptions/{id}/pause", "POST"},
	{"/v1/tax/locations", "GET POST"},
	{"/v1/tax/locations/{id}", "GET"},
	{"/v1/three_d_secure/authentications", "GET POST"},
	{"/v1/three_d_secure/authentications/{id}", "GET"},
	{"/v1/three_d_secure/authentications/{id}/cancel", "POST"},
	{"/v1/three_d_secure/authentications/{id}/submit", "POST"},
	{"/v2/billing/meter_event_adjustments", "POST"},
	{"/v2/billing/meter_event_session", "POST"},
	{"/v2/billing/meter_event_stream", "POST"}, // of meter-events.stripe.com
	{"/v2/billing/meter_events", "POST"},
	{"/v2/commerce/product_catalog/imports", "GET POST"},
	{"/v2/commerce/product_catalog/imports/{id}", "GET"},
	{"/v2/core/account_links", "POST"},
	{"/v2/core/account_tokens", "POST"},
	{"/v2/core/account_tokens/{id}", "GET"},
	{"/v2/core/accounts", "GET POST"},
	{"/v2/core/accounts/{account_id}/person_tokens", "POST"},
	{"/v2/core/accounts/{account_id}/person_tokens/{id}", "GET"},
	{"/v2/core/accounts/{account_id}/persons", "GET POST"},
	{"/v2/core/accounts/{account_id}/persons/{id}", "DELETE GET POST"},
	{"/v2/core/accounts/{id}", "GET POST"},
	{"/v2/core/accounts/{id}/close", "POST"},
	{"/v2/core/event_destinations", "GET POST"},
	{"/v2/core/event_destinations/{id}", "DELETE GET POST"},
	{"/v2/core/event_destinations/{id}/disable", "POST"},
	{"/v2/core/event_destinations/{id}/enable", "POST"},
	{"/v2/core/event_destinations/{id}/ping", "POST"},
	{"/v2/core/events", "GET"},
	{"/v2/core/events/{id}", "GET"},
	{"/v2/core/vault/gb_bank_accounts", "GET POST"},
	{"/v2/core/vault/gb_bank_accounts/{id}", "GET"},
	{"/v2/core/vault/gb_bank_accounts/{id}/archive", "POST"},
	{"/v2/core/vault/gb_bank_accounts/{id}/unarchive", "POST"},
	{"/v2/core/vault/us_bank_accounts", "GET POST"},
	{"/v2/core/vault/us_bank_accounts/{id}", "GET POST"},
	{"/v2/core/vault/us_bank_accounts/{id}/archive", "POST"},
	{"/v2/core/vault/us_bank_accounts/{id}/confirm_microdeposits", "POST"},
	{"/v2/core/vault/us_bank_accounts/{id}/send_microdeposits", "POST"},
	{"/v2/core/vault/us_bank_accounts/{id}/unarchive", "POST"},
	{"/v2/money_management/adjustments", "GET"},
	{"/v2/money_management/adjustments/{id}", "GET"},
	{"/v2/money_management/financial_accounts", "GET"},
	{"/v2/money_management/financial_accounts/{id}", "GET POST"},
	{"/v2/money_management/financial_addresses", "GET POST"},
	{"/v2/money_management/financial_addresses/{id}", "GET"},
	{"/v2/money_management/inbound_transfers", "GET POST"},
	{"/v2/money_management/inbound_transfers/{id}", "GET"},
	{"/v2/money_management/outbound_payments", "GET POST"},
	{"/v2/money_management/outbound_payments/{id}", "GET"},
	{"/v2/money_management/outbound_payments/{id}/cancel", "POST"},
	{"/v2/money_management/outbound_setup_intents", "GET POST"},
	{"/v2/money_management/outbound_setup_intents/{id}", "GET POST"},
	{"/v2/money_management/outbound_setup_intents/{id}/cancel", "POST"},
	{"/v2/money_management/payout_intents", "GET POST"},
	{"/v2/money_management/payout_intents/{id}", "GET POST"},
	{"/v2/money_management/payout_intents/{id}/cancel", "POST"},
	{"/v2/money_management/payout_intents/{id}/confirm", "POST"},
	{"/v2/money_management/payout_intents/{id}/refresh_fx_quote", "POST"},
	{"/v2/money_management/payout_intents/{id}/refresh_recipient_verification", "POST"},
	{"/v2/money_management/payout_methods", "GET"},
	{"/v2/money_management/payout_methods/{id}", "GET"},
	{"/v2/money_management/payout_methods/{id}/archive", "POST"},
	{"/v2/money_management/payout_methods/{id}/unarchive", "POST"},
	{"/v2/money_management/payout_methods_bank_account_spec", "GET"},
	{"/v2/money_management/received_credits", "GET"},
	{"/v2/money_management/received_credits/{id}", "GET"},
	{"/v2/money_management/recipient_verifications", "POST"},
	{"/v2/money_management/recipient_verifications/{id}", "GET"},
	{"/v2/money_management/recipient_verifications/{id}/acknowledge", "POST"},
	{"/v2/money_management/test_helpers/financial_addresses/{id}/credit", "POST"},
	{"/v2/money_management/transaction_entries", "GET"},
	{"/v2/money_management/transaction_entries/{id}", "GET"},
	{"/v2/money_management/transactions", "GET"},
	{"/v2/money_management/transactions/{id}", "GET POST"},
	{"/v2/money_management/transactions/{id}/refresh_regulatory_receipt", "POST"},
	{"/v2/test_helpers/money_management/recipient_verifications", "POST"},
}

const payCheckout = "To pay a Checkout session: mirra simulate checkout.session.completed id=cs_test_…"

// instead tells what does here what an operation without a mirror is called for.
var instead = map[string]string{
	"GetPaymentPagesId":         payCheckout,
	"PostPaymentPagesIdConfirm": payCheckout,
}

// undescribedHandlers registers them by names like those of the description.
func undescribedHandlers() {
	for _, u := range undescribed {
		for method := range strings.FieldsSeq(u.methods) {
			stripe.Handle(method+" "+u.path, operationName(method, u.path), sdk.None, nil)
		}
	}
}

// operationName is what a description would call an operation: GetV2CoreAccountsId.
func operationName(method, path string) string {
	words := strings.FieldsFunc(strings.TrimPrefix(path, "/v1"), func(c rune) bool { return strings.ContainsRune("/_{}", c) })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return method[:1] + strings.ToLower(method[1:]) + strings.Join(words, "")
}
