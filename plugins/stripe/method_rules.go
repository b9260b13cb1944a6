package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// methodRule says which intents can be paid with a method, of those that an
// account has on.
type methodRule struct {
	name       string
	currencies string // "" for all
	manual     bool   // can be authorized now and captured later
	saves      bool   // can be kept for later payments
	redirects  bool   // sends the customer to another page
}

// methodRules [R usd at 2023-08-16 to 2025-11: what is left with manual capture,
// and in setup intents; D docs.stripe.com/changelog/clover/2025-09-30/checkout-capture-method-per-payment-method,
// 2026-11, for manual capture. Currencies and redirects are believed elsewhere].
var methodRules = [...]methodRule{
	{name: "card", manual: true, saves: true},
	{name: "link", manual: true, saves: true},
	{name: "acss_debit", currencies: "cad usd", saves: true},
	{name: "affirm", currencies: "cad usd", manual: true, redirects: true},
	{name: "afterpay_clearpay", currencies: "aud cad gbp nzd usd", manual: true, redirects: true},
	{name: "alipay", currencies: "aud cad cny eur gbp hkd jpy myr nzd sgd usd", redirects: true},
	{name: "alma", currencies: "eur", manual: true, redirects: true},
	{name: "amazon_pay", currencies: "aud chf dkk eur gbp hkd jpy nok nzd sek usd zar", manual: true, saves: true, redirects: true},
	{name: "au_becs_debit", currencies: "aud", saves: true},
	{name: "bacs_debit", currencies: "gbp", saves: true},
	{name: "bancontact", currencies: "eur", saves: true, redirects: true},
	{name: "billie", currencies: "eur gbp sek", manual: true, redirects: true},
	{name: "blik", currencies: "pln"},
	{name: "boleto", currencies: "brl", saves: true},
	{name: "cashapp", currencies: "usd", manual: true, saves: true, redirects: true},
	{name: "eps", currencies: "eur", redirects: true},
	{name: "fpx", currencies: "myr", redirects: true},
	{name: "giropay", currencies: "eur", redirects: true},
	{name: "grabpay", currencies: "myr sgd", redirects: true},
	{name: "ideal", currencies: "eur", saves: true, redirects: true},
	{name: "klarna", currencies: "aud cad chf czk dkk eur gbp nok nzd pln ron sek usd", manual: true, redirects: true},
	{name: "konbini", currencies: "jpy"},
	{name: "mobilepay", currencies: "dkk eur nok sek", manual: true, redirects: true},
	{name: "multibanco", currencies: "eur"},
	{name: "oxxo", currencies: "mxn"},
	{name: "p24", currencies: "eur pln", redirects: true},
	{name: "paynow", currencies: "sgd"},
	{name: "paypal", currencies: "aud cad chf czk dkk eur gbp hkd nok nzd pln sek sgd usd", manual: true, saves: true, redirects: true},
	{name: "pix", currencies: "brl"},
	{name: "promptpay", currencies: "thb"},
	{name: "revolut_pay", currencies: "eur gbp ron huf pln", manual: true, saves: true, redirects: true},
	{name: "sepa_debit", currencies: "eur", saves: true},
	{name: "sofort", currencies: "eur", saves: true, redirects: true},
	{name: "swish", currencies: "sek", redirects: true},
	{name: "twint", currencies: "chf", redirects: true},
	{name: "us_bank_account", currencies: "usd", saves: true},
	{name: "wechat_pay", currencies: "aud cad cny eur gbp hkd jpy sgd usd", redirects: true},
	{name: "zip", currencies: "aud", redirects: true},
}

func ruleOf(method string) *methodRule {
	for i := range methodRules {
		if methodRules[i].name == method {
			return &methodRules[i]
		}
	}
	return nil
}

// klarnaSaves is since when Klarna can be kept for later: not on 2025-03-26, on
// 2025-10-31 [R].
var klarnaSaves = day("2025-06-01")

// fits tells whether an intent can be paid with a method.
func (m *methodRule) fits(r *request, intent sdk.Doc, redirects bool) bool {
	setup := intent.Get("object").String() == "setup_intent"
	saves := m.saves || m.name == "klarna" && r.after(klarnaSaves)
	switch {
	case setup || intent.Get("setup_future_usage").String() != "":
		if !saves {
			return false
		}
	}
	if setup {
		return redirects || !m.redirects
	}
	return (m.currencies == "" || strings.Contains(m.currencies, intent.Get("currency").String())) &&
		(m.manual || intent.Get("capture_method").String() != "manual") && (redirects || !m.redirects)
}

// enabledMethods are those of an account's list, in its order, that an intent can
// be paid with.
func (r *request) enabledMethods(list string, intent sdk.Doc, redirects bool) []string {
	methods := r.ownAccount().Get("dashboard", list)
	if !methods.Exists() { // a connected account
		methods = ownAccountTemplate.New(r.Arena).Get("dashboard", list)
	}
	var out []string
	for m := range methods.All {
		name := m.String()
		if rule := ruleOf(name); rule != nil && rule.fits(r, intent, redirects) {
			out = append(out, name)
		}
	}
	return out
}
