package vendorsuite

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Stripe returns what comparisons have to know of Stripe.
func Stripe() *Rules {
	return (&Rules{
		Vendor:     "stripe",
		Hosts:      []string{"api.stripe.com", "files.stripe.com"},
		Credential: http.Header{"Authorization": {"Bearer sk_test_51MirraFidelity"}},
		Refused:    regexp.MustCompile(`"Invalid API Key provided: ([^"]+)"`),
		Live:       regexp.MustCompile(`\b(?:sk|rk|pk)_live_[A-Za-z0-9_]+`),
		Secrets:    stripeSecrets,
		Version:    "Stripe-Version",
		Echoed:     []string{"Idempotency-Key", "Stripe-Account", "Stripe-Version"},
		IDs:        stripeIDs,
		IDMark:     '_',
		IDFields:   []string{"id"},
		Kinds:      stripeKinds,
		Times:      stripeTimes,
		Random:     stripeRandom,
		Headers:    stripeHeaders,
		Masks: map[string]string{
			// The recorder of pay-rails/pay had environment variables with these values
			// and told VCR to hide them; the names of fields with "secret" show it.
			"<PADDLE_API_KEY>": "secret", "<VENDOR_ID>": "1", "<VENDOR_AUTH_CODE>": "x",
			// The recorder of onetimesecret/onetimesecret wrote this into all headers that
			// name the version; Stripe's notice in two of its answers of 2026-05 says "You
			// are using an outdated API version (2025-11-17.clover)".
			"<STRIPE_VERSION>": "2025-11-17.clover",
		},
		Errors: []string{"error.type", "error.code", "error.param", "error.decline_code", "error.message", "error.doc_url"},
		Expand: "expand",

		History: newStripeHistory, AccountOf: stripeAccountPart, AccountHeader: "Stripe-Account",
		SameAs: map[string]string{"plan": "price"},
	}).compile()
}

// stripeIDs are prefix and random part: 24 characters that begin with a digit
// and name the account, or 14, 16 for accounts, 58 for checkout sessions. Names
// of test objects, pm_card_visa, are none. [R] all ids of the recordings.
var stripeIDs = []*regexp.Regexp{
	regexp.MustCompile(`\b[a-z][a-z_]*_(?P<random>[0-9][A-Za-z0-9]{23})`),
	regexp.MustCompile(`\b(?:cus|prod|si|sub|evt|req|sli|tax_li|person|card|in|ii|il|di|ch|plan|price|sku|or)_(?P<random>[A-Za-z0-9]{14})`),
	regexp.MustCompile(`\b(?:acct|person)_(?P<random>[A-Za-z0-9]{16})`),
	regexp.MustCompile(`\b(?:cs|cos)_test_(?P<random>[A-Za-z0-9]{58})`),
}

// stripeSecrets are keys, and what signs or opens something. The forms are those
// of stripeRandom and of the keys in the recordings.
var stripeSecrets = []Secret{
	{Form: regexp.MustCompile(`\b(?:sk|rk|pk)_(?:test|live)_(?P<secret>[A-Za-z0-9_]{2,})`), Why: "API keys"},
	{Form: regexp.MustCompile(`\bek_(?:test|live)_(?P<secret>[A-Za-z0-9_,]+)`), Why: "ephemeral keys"},
	{Form: regexp.MustCompile(`\bwhsec_(?P<secret>[A-Za-z0-9+/=]+)`), Why: "secrets of webhook endpoints"},
	{Form: regexp.MustCompile(`_secret_(?P<secret>[A-Za-z0-9]{16,})`), Client: true, Why: "client secrets of intents, sessions and sources"},
}

// stripeKinds are the types that are referred to most. [R] all objects of the
// recordings.
var stripeKinds = map[string]string{
	"acct_": "account", "ba_": "bank_account", "card_": "card", "ch_": "charge", "cus_": "customer", "dp_": "dispute", "fee_": "application_fee", "ii_": "invoiceitem",
	"in_": "invoice", "mandate_": "mandate", "pi_": "payment_intent", "pm_": "payment_method", "po_": "payout", "price_": "price", "prod_": "product", "py_": "charge",
	"pyr_": "refund", "re_": "refund", "seti_": "setup_intent", "si_": "subscription_item", "src_": "source", "sub_": "subscription", "tok_": "token", "tr_": "transfer",
	"trr_": "transfer_reversal", "txn_": "balance_transaction", "we_": "webhook_endpoint",
}

// stripeTimes are the members of format unix-time. [S] OpenAPI description
// 2024-09-30.acacia.
var stripeTimes = []string{
	"accepted_at", "active_from", "arrival_date", "as_of", "automatically_finalizes_at", "available_on", "billing_cycle_anchor", "cancel_at", "canceled_at",
	"capture_before", "charge_attempt_at", "clearing_date", "completed_at", "completes_at", "confirmed_at", "created", "current_deadline", "current_period_end",
	"current_period_start", "data_available_end", "data_available_start", "data_load_time", "date", "deactivated_at", "deadline", "delayed_at", "deletes_after",
	"delivered_at", "due_by", "due_date", "effective_at", "effective_date", "email_sent_at", "end", "end_date", "end_time", "ended_at", "eta",
	"expected_arrival_date", "expected_at", "expires", "expires_after", "expires_at", "failed_at", "finalized_at", "frozen_time", "interval_end", "interval_start",
	"last_attempted_at", "marked_uncollectible_at", "network_updated_at", "next_payment_attempt", "next_pending_invoice_item_invoice", "next_refresh_available_at",
	"paid_at", "period_end", "period_start", "posted_at", "product_substituted_at", "received_at", "redeem_by", "refreshed_at", "released_at", "requested_at",
	"result_available_until", "resumes_at", "returned_at", "start", "start_date", "start_time", "stored_at", "succeeded_at", "target_frozen_time", "tax_date",
	"timestamp", "transacted_at", "trial_end", "trial_start", "updated", "void_at", "voided_at", "webhooks_delivered_at",
}

// stripeRandom are values that two accounts, or two runs, have different.
var stripeRandom = []Random{
	{Field: "client_secret", Form: regexp.MustCompile(`[a-z]+_[A-Za-z0-9]+_secret_([A-Za-z0-9]+)`), Why: "the id, and a secret that is made up"},
	{Field: "fingerprint", Form: regexp.MustCompile(`([A-Za-z0-9]{16})`), Why: "a hash of the number that is keyed by the account"},
	{Field: "invoice_prefix", Form: regexp.MustCompile(`([A-Z0-9]{7,8})`), Why: "made up for each customer"},
	{Field: "number", Form: regexp.MustCompile(`([A-Z0-9]{7,8})-[0-9]{4}`), Why: "begins with the customer's invoice_prefix"},
	{Field: "receipt_url", Form: regexp.MustCompile(`https://pay\.stripe\.com/receipts/(?:payment|invoices)/([A-Za-z0-9_-]+)(?:\?s=ap)?`), Without: withoutAccount, Why: "the token is a signature"},
	{Field: "receipt_url", Form: regexp.MustCompile(`https://pay\.stripe\.com/receipts/acct_[A-Za-z0-9]+/(?:ch|py)_[A-Za-z0-9]+/(rcpt_[A-Za-z0-9]+)`), Why: "the token is a secret"},
	{Field: "request_log_url", Form: regexp.MustCompile(`https://dashboard\.stripe\.com/(?:acct_[A-Za-z0-9]+/)?test/logs/req_[A-Za-z0-9]{14}\?t=(?P<time>[0-9]{10})`), Why: "the time"},
	{Field: "hosted_invoice_url", Form: regexp.MustCompile(`https://(?:invoice|pay)\.stripe\.com/(?:i|invoice)/acct_[A-Za-z0-9]+/([A-Za-z0-9_]+)(?:\?s=ap)?`), Why: "the token is a secret"},
	{Field: "invoice_pdf", Form: regexp.MustCompile(`https://pay\.stripe\.com/invoice/acct_[A-Za-z0-9]+/([A-Za-z0-9_]+)/pdf(?:\?s=ap)?`), Why: "the token is a secret"},
	{Field: "risk_score", Form: regexp.MustCompile(`[0-9]{1,2}`), Why: "Radar's score of a test payment is made up"},
	{Field: "network_transaction_id", Form: regexp.MustCompile(`([0-9]{15})`), Why: "the network's, made up in test mode"},
	{Field: "authorization_code", Form: regexp.MustCompile(`([0-9]{6})`), Why: "the issuer's, made up in test mode"},
	{Field: "reference", Form: regexp.MustCompile(`([0-9]{16})`), Why: "a refund's reference at the network, made up in test mode"},
	{Field: "acquirer_reference_number", Form: regexp.MustCompile(`([0-9]{23})`), Why: "made up in test mode"},
	{Field: "client_ip", Form: regexp.MustCompile(`[0-9]{1,3}(?:\.[0-9]{1,3}){3}`), Why: "the address that the request came from"},
	{Field: "stripe_js", Form: regexp.MustCompile(`https://hooks\.stripe\.com/redirect/authenticate/src_[A-Za-z0-9]+\?client_secret=src_client_secret_([A-Za-z0-9]{24})(?:&source_redirect_slug=test_([A-Za-z0-9_-]+))?`), Why: "secrets"},
	{Field: "url", Form: regexp.MustCompile(`https://hooks\.stripe\.com/redirect/authenticate/src_[A-Za-z0-9]+\?client_secret=src_client_secret_([A-Za-z0-9]{24})(?:&source_redirect_slug=test_([A-Za-z0-9_-]+))?`), Why: "secrets"},
	{Field: "url", Form: regexp.MustCompile(`https://hooks\.stripe\.com/3d_secure_2/hosted\?merchant=acct_[A-Za-z0-9]+&payment_intent=pi_[A-Za-z0-9]+&payment_intent_client_secret=pi_[A-Za-z0-9]+_secret_([A-Za-z0-9]+)&publishable_key=pk_test_([A-Za-z0-9]+)&source=payatt_[A-Za-z0-9]+`), Why: "secrets, and the account's key"},
	{Field: "url", Form: regexp.MustCompile(`https://hooks\.stripe\.com/adapter/sepa_debit/file/src_[A-Za-z0-9]+/src_client_secret_([A-Za-z0-9]{24})`), Why: "a secret"},
	{Field: "mandate_url", Form: regexp.MustCompile(`https://hooks\.stripe\.com/adapter/sepa_debit/file/src_[A-Za-z0-9]+/src_client_secret_([A-Za-z0-9]{24})`), Why: "a secret"},
	{Field: "secret", Form: regexp.MustCompile(`whsec_([A-Za-z0-9]{32})`), Why: "an endpoint's secret"},
	{Field: "secret", Form: regexp.MustCompile(`ek_test_([A-Za-z0-9_,]+)`), Why: "an ephemeral key's secret"},
}

// withoutAccount takes the account out of the token of a receipt, a protocol
// buffer in base64: ids of accounts have 21 characters, those of older ones 32.
func withoutAccount(url string) string {
	i := strings.LastIndexByte(url, '/') + 1
	token, _, _ := strings.Cut(url[i:], "?")
	b, err := base64.RawURLEncoding.DecodeString(token)
	const head = 6 // two fields' numbers and lengths before the account
	if err != nil || len(b) < head || b[2] != 0x1a || len(b) < head+int(b[head-1]) {
		return url
	}
	b = slices.Delete(b, head, head+int(b[head-1]))
	b[3], b[head-1] = 0, 0
	return url[:i] + base64.RawURLEncoding.EncodeToString(b) + url[i+len(token):]
}

// stripeHeaders are what Stripe's SDKs read of an answer. [S] stripe-node
// RequestSender.ts, stripe-python _http_client.py and _api_requestor.py,
// stripe-ruby stripe_response.rb, stripe-go stripe.go.
var stripeHeaders = []HeaderRule{
	{Name: "Content-Type", Always: true},
	{Name: "Request-Id", Form: regexp.MustCompile(`^req_[A-Za-z0-9]{14}$`), Always: true},
	{Name: "Stripe-Version", Always: true},
	{Name: "Idempotency-Key"},
	{Name: "Original-Request", Form: regexp.MustCompile(`^req_[A-Za-z0-9]{14}$`)},
	{Name: "Idempotent-Replayed"},
	{Name: "Stripe-Should-Retry"},
	{Name: "Stripe-Account", Always: true, Why: "the account of the request"},
	{Name: "Retry-After"},
	{Name: "Stripe-Notice"},
	{Name: "WWW-Authenticate"},
}
