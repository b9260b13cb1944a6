package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// authentication says when a test card asks for 3D Secure.
type authentication uint8

const (
	authSupported   authentication = iota // only when request_three_d_secure asks for it
	authUnsupported                       // never
	authUnlessSetUp                       // until a setup or an earlier payment authenticated it
	authOnSession                         // set up elsewhere: off session it is not asked for
	authAlways                            // for each payment and setup
	authByRadar                           // by the default rule "request 3D Secure if required"
)

// decline is how an issuer refuses.
type decline struct {
	code, declineCode, message, param string
	advice, network                   string // advice_code, network_decline_code
	reason                            string // outcome.reason of the charge; declineCode if empty
	doc                               string // what doc_url ends in; code if empty
	blocked                           bool   // by Radar, before the issuer was asked
}

// customerFailSince is when 4000000000000341 came to be declined as today; the day
// is believed.
var customerFailSince = day("2022-01-01")

// testCard is a number that Stripe's test mode knows.
type testCard struct {
	number  string
	names   string // what follows pm_card_ and tok_, separated by spaces
	brand   string
	country string
	funding string

	declined   *decline // on every use
	before     *decline // how it was declined until customerFailSince
	attaches   bool     // declined when charged, not when attached or set up
	zipDecline bool     // declined only when a postal code was given
	cvcDecline bool     // declined only when a security code was given
	auth       authentication
	afterAuth  *decline // declined in spite of a completed authentication
	dispute    string   // reason of the dispute that a charge gets
	inquiry    bool     // the dispute is an inquiry

	mandateCanceled bool   // later payments under its mandate are refused
	refund          string // "pending" or "fail"
	available       bool   // the funds skip the pending balance
	zipCheck        string // address_postal_code_check, "pass" if empty
	lineCheck       string // address_line1_check, "pass" if empty
	risk            string // outcome.risk_level
}

const cardDeclined = "Your card was declined."

// The declines [R 2023-10-16; advice and network codes 2026-06]. In versions up
// to 2025-02-24 only card_declined has a decline_code; that basil brought the
// others is believed.
var (
	genericDecline    = &decline{advice: "try_again_later", network: "01", code: "card_declined", declineCode: "generic_decline", message: cardDeclined}
	insufficientFunds = &decline{advice: "try_again_later", network: "51", code: "card_declined", declineCode: "insufficient_funds", message: "Your card has insufficient funds."}
	lostCard          = &decline{advice: "do_not_try_again", network: "41", code: "card_declined", declineCode: "lost_card", message: cardDeclined}
	stolenCard        = &decline{advice: "do_not_try_again", network: "43", code: "card_declined", declineCode: "stolen_card", message: cardDeclined}
	velocityExceeded  = &decline{advice: "try_again_later", network: "61", code: "card_declined", declineCode: "card_velocity_exceeded", message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit."}
	fraudulent        = &decline{code: "card_declined", declineCode: "fraudulent", message: cardDeclined, reason: "highest_risk_level", blocked: true}
	expiredCard       = &decline{advice: "confirm_card_data", network: "54", code: "expired_card", message: "Your card has expired.", param: "exp_month"}
	incorrectCVC      = &decline{advice: "confirm_card_data", network: "N7", code: "incorrect_cvc", message: "Your card's security code is incorrect.", param: "cvc"}
	incorrectZip      = &decline{code: "incorrect_zip", message: "Your card could not be authorized using the postal code provided. Please update the postal code, or contact your card issuer for further details.", param: "address_zip"}
	processingError   = &decline{advice: "try_again_later", network: "06", code: "processing_error", message: "An error occurred while processing your card. Try again in a little bit."}
	authRequired      = &decline{code: "authentication_required", declineCode: "authentication_required", message: "Your card was declined. This transaction requires authentication."}
	// [R 2021-01 and 2021-02; genericDecline in 2023-10] of 4000000000000341
	processingDecline = &decline{code: "processing_error", declineCode: "generic_decline", message: cardDeclined, doc: "card-declined"}
	// [D docs.stripe.com/declines/codes, 2026-11], wording believed.
	testModeLiveCard = &decline{code: "card_declined", declineCode: "test_mode_live_card", message: "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: https://stripe.com/docs/testing."}
)

// testCards: numbers and names [D docs.stripe.com/testing, 2026-11]; outcomes
// [R] where stripe_test_cards_observed.json has the number, else [D].
var testCards = []testCard{
	{number: "4242424242424242", names: "visa us", brand: "visa", country: "US", funding: "credit"},
	{number: "4000056655665556", names: "visa_debit", brand: "visa", country: "US", funding: "debit"},
	{number: "5555555555554444", names: "mastercard", brand: "mastercard", country: "US", funding: "credit"},
	{number: "2223003122003222", brand: "mastercard", country: "US", funding: "credit"},
	{number: "5200828282828210", names: "mastercard_debit", brand: "mastercard", country: "US", funding: "debit"},
	{number: "5105105105105100", names: "mastercard_prepaid", brand: "mastercard", country: "US", funding: "prepaid"},
	{number: "371449635398431", names: "amex", brand: "amex", country: "US", funding: "credit"}, // [R] pm_card_amex ends in 8431
	{number: "378282246310005", names: "amex_threeDSecureNotSupported", brand: "amex", country: "US", funding: "credit", auth: authUnsupported},
	{number: "6011000990139424", names: "discover", brand: "discover", country: "US", funding: "credit"}, // [R] ends in 9424
	{number: "6011111111111117", brand: "discover", country: "US", funding: "credit"},
	{number: "6011981111111113", names: "discover_debit", brand: "discover", country: "US", funding: "debit"},
	{number: "3056930009020004", names: "diners", brand: "diners", country: "US", funding: "credit"},
	{number: "36227206271667", brand: "diners", country: "US", funding: "credit"},
	{number: "6555900000604105", brand: "diners", country: "KR", funding: "credit"},
	{number: "3566002020360505", names: "jcb", brand: "jcb", country: "JP", funding: "credit"},
	{number: "6200000000000005", names: "unionpay", brand: "unionpay", country: "CN", funding: "credit"},
	{number: "6200000000000047", names: "unionpay_debit", brand: "unionpay", country: "CN", funding: "debit"},
	{number: "6205500000000000004", brand: "unionpay", country: "CN", funding: "credit"},

	// Declined by the issuer.
	{number: "4000000000000002", names: "visa_chargeDeclined chargeDeclined", brand: "visa", country: "US", funding: "credit", declined: genericDecline},
	{number: "4000000000009995", names: "visa_chargeDeclinedInsufficientFunds chargeDeclinedInsufficientFunds", brand: "visa", country: "US", funding: "credit", declined: insufficientFunds},
	{number: "4000000000009987", names: "visa_chargeDeclinedLostCard", brand: "visa", country: "US", funding: "credit", declined: lostCard},
	{number: "4000000000009979", names: "visa_chargeDeclinedStolenCard", brand: "visa", country: "US", funding: "credit", declined: stolenCard},
	{number: "4000000000006975", names: "visa_chargeDeclinedVelocityLimitExceeded", brand: "visa", country: "US", funding: "credit", declined: velocityExceeded},
	{number: "4000000000000069", names: "chargeDeclinedExpiredCard", brand: "visa", country: "US", funding: "credit", declined: expiredCard},
	{number: "4000000000000127", names: "chargeDeclinedIncorrectCvc", brand: "visa", country: "US", funding: "credit", declined: incorrectCVC},
	{number: "4000000000000119", names: "chargeDeclinedProcessingError", brand: "visa", country: "US", funding: "credit", declined: processingError},
	{number: "4000000000000341", names: "chargeCustomerFail", brand: "visa", country: "US", funding: "credit", before: processingDecline, declined: genericDecline, attaches: true},
	{number: "4000003560000263", brand: "visa", country: "IN", funding: "credit", mandateCanceled: true}, // [R 2023-10-16]

	// Radar and checks.
	{number: "4100000000000019", names: "radarBlock chargeDeclinedFraudulent visa_chargeDeclinedFraudulent", brand: "visa", country: "US", funding: "credit", declined: fraudulent, attaches: true, risk: "highest"},
	{number: "4000000000004954", names: "riskLevelHighest", brand: "visa", country: "US", funding: "credit", declined: fraudulent, attaches: true, risk: "highest"},
	{number: "4000000000009235", names: "riskLevelElevated", brand: "visa", country: "US", funding: "credit", risk: "elevated"},
	{number: "4000000000000101", names: "cvcCheckFail", brand: "visa", country: "US", funding: "credit", declined: incorrectCVC, cvcDecline: true},
	{number: "4000000000000036", names: "avsZipFail", brand: "visa", country: "US", funding: "credit", declined: incorrectZip, zipDecline: true, zipCheck: "fail"},
	{number: "4000000000000028", names: "avsLine1Fail", brand: "visa", country: "US", funding: "credit", lineCheck: "fail"},
	{number: "4000000000000010", names: "avsFail", brand: "visa", country: "US", funding: "credit", declined: incorrectZip, zipDecline: true, zipCheck: "fail", lineCheck: "fail"},
	{number: "4000000000000044", names: "avsUnchecked", brand: "visa", country: "US", funding: "credit", zipCheck: "unavailable", lineCheck: "unavailable"},

	// Disputes, refunds, balance.
	{number: "4000000000000259", names: "createDispute", brand: "visa", country: "US", funding: "credit", dispute: "fraudulent"},
	{number: "4000000000002685", names: "createDisputeProductNotReceived", brand: "visa", country: "US", funding: "credit", dispute: "product_not_received"},
	{number: "4000000000001976", names: "createDisputeInquiry", brand: "visa", country: "US", funding: "credit", dispute: "general", inquiry: true},
	{number: "4000000000005423", names: "createIssuerFraudRecord", brand: "visa", country: "US", funding: "credit"},
	{number: "4000000000007726", names: "pendingRefund", brand: "visa", country: "US", funding: "credit", refund: "pending"},
	{number: "4000000000005126", names: "refundFail", brand: "visa", country: "US", funding: "credit", refund: "fail"},
	{number: "4000000000000077", names: "bypassPending", brand: "visa", country: "US", funding: "credit", available: true},
	{number: "4000003720000278", names: "bypassPendingInternational", brand: "visa", country: "IE", funding: "credit", available: true},

	// 3D Secure.
	{number: "4000002500003155", names: "authenticationRequiredOnSetup", brand: "visa", country: "FR", funding: "credit", auth: authUnlessSetUp},
	{number: "4000002760003184", names: "authenticationRequired", brand: "visa", country: "DE", funding: "credit", auth: authAlways}, // [R] ends in 3184
	{number: "4000003800000446", names: "authenticationRequiredSetupForOffSession", brand: "visa", country: "IT", funding: "credit", auth: authOnSession},
	{number: "4000008260003178", names: "authenticationRequiredChargeDeclinedInsufficientFunds", brand: "visa", country: "GB", funding: "credit", auth: authAlways, afterAuth: insufficientFunds},
	{number: "4000000000003220", names: "threeDSecure2Required", brand: "visa", country: "US", funding: "credit", auth: authByRadar},
	{number: "4000000000003063", names: "threeDSecureRequired", brand: "visa", country: "US", funding: "credit", auth: authByRadar}, // [R] ends in 3063
	{number: "4000008400001629", names: "threeDSecureRequiredChargeDeclined", brand: "visa", country: "US", funding: "credit", auth: authByRadar, afterAuth: genericDecline},
	{number: "4000008400001280", names: "threeDSecureRequiredProcessingError", brand: "visa", country: "US", funding: "credit", declined: processingError},
	{number: "4000000000003055", names: "threeDSecureOptional", brand: "visa", country: "US", funding: "credit"}, // [R] succeeds without
	// [R] Cards of India ask only when request_three_d_secure does.
	{number: "4000003560000123", brand: "visa", country: "IN", funding: "credit"},
	{number: "4000003560000008", names: "in", brand: "visa", country: "IN", funding: "credit"},

	// By country; the names are the country's code.
	{number: "4000000760000002", names: "br", brand: "visa", country: "BR", funding: "credit"},
	{number: "4000001240000000", names: "ca", brand: "visa", country: "CA", funding: "credit"},
	{number: "4000004840008001", names: "mx", brand: "visa", country: "MX", funding: "credit"},
	{number: "4000007840000001", names: "ae", brand: "visa", country: "AE", funding: "credit"},
	{number: "4000000400000008", names: "at", brand: "visa", country: "AT", funding: "credit"},
	{number: "4000000560000004", names: "be", brand: "visa", country: "BE", funding: "credit"},
	{number: "4000001000000000", names: "bg", brand: "visa", country: "BG", funding: "credit"},
	{number: "4000001120000005", names: "by", brand: "visa", country: "BY", funding: "credit"},
	{number: "4000001910000009", names: "hr", brand: "visa", country: "HR", funding: "credit"},
	{number: "4000001960000008", names: "cy", brand: "visa", country: "CY", funding: "credit"},
	{number: "4000002030000002", names: "cz", brand: "visa", country: "CZ", funding: "credit"},
	{number: "4000002080000001", names: "dk", brand: "visa", country: "DK", funding: "credit"},
	{number: "4000002330000009", names: "ee", brand: "visa", country: "EE", funding: "credit"},
	{number: "4000002460000001", names: "fi", brand: "visa", country: "FI", funding: "credit"},
	{number: "4000002500000003", names: "fr", brand: "visa", country: "FR", funding: "credit"},
	{number: "4000002760000016", names: "de", brand: "visa", country: "DE", funding: "credit"},
	{number: "4000002920000005", names: "gi", brand: "visa", country: "GI", funding: "credit"},
	{number: "4000003000000030", names: "gr", brand: "visa", country: "GR", funding: "credit"},
	{number: "4000003480000005", names: "hu", brand: "visa", country: "HU", funding: "credit"},
	{number: "4000003720000005", names: "ie", brand: "visa", country: "IE", funding: "credit"},
	{number: "4000003800000008", names: "it", brand: "visa", country: "IT", funding: "credit"},
	{number: "4000004280000005", names: "lv", brand: "visa", country: "LV", funding: "credit"},
	{number: "4000004380000004", names: "li", brand: "visa", country: "LI", funding: "credit"},
	{number: "4000004400000000", names: "lt", brand: "visa", country: "LT", funding: "credit"},
	{number: "4000004420000006", names: "lu", brand: "visa", country: "LU", funding: "credit"},
	{number: "4000004700000007", names: "mt", brand: "visa", country: "MT", funding: "credit"},
	{number: "4000005280000002", names: "nl", brand: "visa", country: "NL", funding: "credit"},
	{number: "4000005780000007", names: "no", brand: "visa", country: "NO", funding: "credit"},
	{number: "4000006160000005", names: "pl", brand: "visa", country: "PL", funding: "credit"},
	{number: "4000006200000007", names: "pt", brand: "visa", country: "PT", funding: "credit"},
	{number: "4000006420000001", names: "ro", brand: "visa", country: "RO", funding: "credit"},
	{number: "4000006820000007", names: "sa", brand: "visa", country: "SA", funding: "credit"},
	{number: "4000007050000006", names: "si", brand: "visa", country: "SI", funding: "credit"},
	{number: "4000007030000001", names: "sk", brand: "visa", country: "SK", funding: "credit"},
	{number: "4000007240000007", names: "es", brand: "visa", country: "ES", funding: "credit"},
	{number: "4000007520000008", names: "se", brand: "visa", country: "SE", funding: "credit"},
	{number: "4000007560000009", names: "ch", brand: "visa", country: "CH", funding: "credit"},
	{number: "4000008260000000", names: "gb", brand: "visa", country: "GB", funding: "credit"},
	{number: "4000058260000005", names: "gb_debit", brand: "visa", country: "GB", funding: "debit"},
	{number: "4000000360000006", names: "au", brand: "visa", country: "AU", funding: "credit"},
	{number: "4000001560000002", names: "cn", brand: "visa", country: "CN", funding: "credit"}, // [R] ends in 0002
	{number: "4000003440000004", names: "hk", brand: "visa", country: "HK", funding: "credit"},
	{number: "4000003920000003", names: "jp", brand: "visa", country: "JP", funding: "credit"}, // [R] ends in 0003
	{number: "3530111333300000", brand: "jcb", country: "JP", funding: "credit"},
	{number: "4000004580000002", names: "my", brand: "visa", country: "MY", funding: "credit"},
	{number: "4000005540000008", names: "nz", brand: "visa", country: "NZ", funding: "credit"},
	{number: "4000007020000003", names: "sg", brand: "visa", country: "SG", funding: "credit"},
	{number: "4000001580000008", names: "tw", brand: "visa", country: "TW", funding: "credit"},
	{number: "4000007640000003", names: "th_credit", brand: "visa", country: "TH", funding: "credit"},
}

func (t *testCard) last4() string { return t.number[len(t.number)-4:] }

// cardNamed returns the card of a name such as "visa", nil if there is none.
func cardNamed(name string) *testCard {
	if name == "" {
		return nil
	}
	for i := range testCards {
		names := testCards[i].names
		for at := strings.Index(names, name); at >= 0; {
			end := at + len(name)
			if (at == 0 || names[at-1] == ' ') && (end == len(names) || names[end] == ' ') {
				return &testCards[i]
			}
			next := strings.Index(names[at+1:], name)
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return nil
}

// cardNumbered returns the card of a number, nil if test mode does not know it.
func cardNumbered(number string) *testCard {
	for i := range testCards {
		if testCards[i].number == number {
			return &testCards[i]
		}
	}
	return nil
}

// cardOf returns the card that a "card" member of a payment method, or a card
// source, shows: last four digits, country and brand are enough to tell.
// Documents that were seeded work like those made here. Unknown ones succeed.
func cardOf(card sdk.Doc) *testCard {
	last4, country := card.Get("last4").String(), card.Get("country").String()
	brand := brandKey(card.Get("brand").String())
	for i := range testCards {
		t := &testCards[i]
		if t.country == country && t.brand == brand && t.last4() == last4 {
			return t
		}
	}
	return &testCards[0]
}

// cardBrand is one brand in the spellings of payment methods and of sources.
type cardBrand struct{ key, display, name string }

var cardBrands = []cardBrand{
	{"visa", "visa", "Visa"},
	{"mastercard", "mastercard", "MasterCard"},
	{"amex", "american_express", "American Express"},
	{"discover", "discover", "Discover"},
	{"diners", "diners_club", "Diners Club"},
	{"jcb", "jcb", "JCB"},
	{"unionpay", "unionpay", "UnionPay"},
}

// brandKey returns a brand as payment methods spell it.
func brandKey(brand string) string {
	for _, b := range cardBrands {
		if b.name == brand {
			return b.key
		}
	}
	return brand
}

func brandOf(key string) cardBrand {
	for _, b := range cardBrands {
		if b.key == key {
			return b
		}
	}
	return cardBrand{key, key, key}
}

// luhn tells whether the last digit of a card number fits the others.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		c := number[len(number)-1-i]
		if c < '0' || c > '9' {
			return false
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// fingerprint stands for a card number in an account: 16 letters and digits,
// the same for the same number [R].
func fingerprint(c *sdk.Call, number string) string {
	sum := c.Digest(sdk.SHA256, accountID(c)+"/"+number)
	b := make([]byte, 16)
	for i := range b {
		b[i] = sdk.Base62[int(sum[i])%62]
	}
	return string(b)
}
