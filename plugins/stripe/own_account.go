package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// ownAccounts keeps what a seed says of the session's own account: settings that
// its owner would make in the vendor's Dashboard. There is at most one.
var ownAccounts = stripe.Collect(&sdk.Collection{
	Type: "own_account", Entity: "own_account", Prefix: "acct_", Random: 16,
	Fields: []string{"id", "country", "settings.payments.statement_descriptor", "settings.payouts.schedule.delay_days"},
})

// ownAccountTemplate is the account of a session without a seed
// [R GET /v1/account at 2023-10-16, a platform in the US; the rest believed].
// "dashboard" is what the API does not show: the payment methods that are on, in
// order, for payments and for invoices; the fees of a card payment, the cheapest
// of which is taken: percent, and fixed in the smallest unit
// [D stripe.com/pricing, 2026-11]; whether refunds return them; the merchant category
// of connected accounts that name none; whether charges show amount_updates, null for
// what the version makes likely; and what connected accounts are shown of the platform.
var ownAccountTemplate = sdk.MustTemplate(`{"id":"","object":"account","capabilities":{"card_payments":"active","transfers":"active"},"charges_enabled":true,"country":"US","default_currency":"","details_submitted":true,"email":null,"payouts_enabled":true,"settings":{"bacs_debit_payments":{"display_name":null,"service_user_number":null},"branding":{"icon":null,"logo":null,"primary_color":null,"secondary_color":null},"card_issuing":{"tos_acceptance":{"date":null,"ip":null}},"card_payments":{"statement_descriptor_prefix":null,"statement_descriptor_prefix_kana":null,"statement_descriptor_prefix_kanji":null},"dashboard":{"display_name":"Mirra","timezone":"Etc/UTC"},"payments":{"statement_descriptor":"MIRRA","statement_descriptor_kana":null,"statement_descriptor_kanji":null},"payouts":{"debit_negative_balances":false,"schedule":{"delay_days":2,"interval":"daily"},"statement_descriptor":null},"sepa_debit_payments":{}},"type":"standard","dashboard":{"payment_methods":["card","link"],"invoice_payment_methods":["card","link"],"fees":[{"percent":2.9,"fixed":30}],"refunds_return_fees":false,"mcc":null,"amount_updates":null,"application":{"icon":null,"logo":null,"name":"Mirra","url":null}}}`)

// completeOwnAccount checks a seed of the own account and fills it up.
func completeOwnAccount(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
	if _, ok := ownAccounts.Get(c, platformID(c)); ok {
		c.AddFault(path, "there is one already: a session has one own account")
	}
	d := ownAccountTemplate.New(c.Arena)
	for m := range given.All {
		to := d.Get(m.Key())
		switch {
		case !to.Exists():
			c.AddFault(path+"."+m.Key(), "no member of the own account")
		case !sameKinds(c, path+"."+m.Key(), to, m):
		case to.Kind() == sdk.Object:
			merge(to, m)
		default:
			d.SetDoc(m.Key(), m)
		}
	}
	d.SetString("id", platformID(c)) // the session's, whatever the seed says
	d.SetString("object", "account")
	country := d.Get("country").String()
	currency := currencyOf(country)
	if currency == "" {
		c.AddFault(path+".country", "want a country's code in ISO 3166-1 that the vendor knows, such as US, not "+quoted(country))
	}
	d.SetString("default_currency", textOr(d.Get("default_currency").String(), currency))
	if n := d.Get("settings", "payouts", "schedule", "delay_days").Int64(); n < 0 || n > 31 {
		c.AddFault(path+".settings.payouts.schedule.delay_days", "want 0 to 31")
	}
	dashboard := d.Get("dashboard")
	for m := range given.Get("dashboard").All {
		if !ownAccountTemplate.New(c.Arena).Get("dashboard", m.Key()).Exists() {
			c.AddFault(path+".dashboard."+m.Key(), "want payment_methods, invoice_payment_methods, fees, refunds_return_fees, mcc, amount_updates or application")
		}
	}
	for _, name := range [...]string{"payment_methods", "invoice_payment_methods"} {
		for m := range dashboard.Get(name).All {
			if ruleOf(m.String()) == nil {
				c.AddFault(path+".dashboard."+name, "no payment method "+quoted(m.String()))
			}
		}
	}
	for fee := range dashboard.Get("fees").All {
		_, ok := basisPoints(fee.Get("percent"))
		if n, whole := fee.Get("fixed").Int(); !ok || !whole || n < 0 {
			c.AddFault(path+".dashboard.fees", "want percent, such as 2.9, and fixed, such as 30")
		}
	}
	return d
}

var kindNames = map[sdk.Kind]string{sdk.Object: "an object", sdk.Array: "a list", sdk.String: "a text", sdk.Number: "a number", sdk.Bool: "true or false"}

// sameKinds tells whether what a seed gives, and all in it, is of the kind that the
// template has there; where that has null, or nothing, anything is.
func sameKinds(c *sdk.Call, path string, template, given sdk.Doc) bool {
	if !template.Exists() || template.IsNull() || given.IsNull() {
		return true
	}
	if template.Kind() != given.Kind() {
		c.AddFault(path, "want "+kindNames[template.Kind()])
		return false
	}
	if template.Kind() != sdk.Object {
		return true
	}
	same := true
	for m := range given.All {
		same = sameKinds(c, path+"."+m.Key(), template.Get(m.Key()), m) && same
	}
	return same
}

// ownAccount is the account that the call acts for: a connected one, or the
// session's own, of which nothing is due.
func (r *request) ownAccount() sdk.Doc {
	if !isPlatform(r.Call) {
		if d, ok := r.connectedAccount(accountID(r.Call)); ok {
			return d
		}
	}
	d := ownAccountTemplate.New(r.Arena)
	r.asAccount(platform, func() {
		id := platformID(r.Call)
		if seeded, ok := ownAccounts.Get(r.Call, id); ok {
			d = seeded
			return
		}
		d.SetString("id", id)
		d.SetString("default_currency", "usd")
	})
	return d
}

// settlement is the account in whose country and name a charge is made: that of
// on_behalf_of, else the call's own [R 2023-10-16].
func (r *request) settlement(charge sdk.Doc) sdk.Doc {
	if id := charge.Get("on_behalf_of").String(); id != "" {
		if d, ok := r.connectedAccount(id); ok {
			return d
		}
	}
	return r.ownAccount()
}

// Descriptors are at most 22 characters, and prefixes of them at most 10 behind
// which a suffix stands [D docs.stripe.com/get-started/account/statement-descriptors, 2026-11].
const (
	descriptorLength = 22
	prefixLength     = 10
)

// descriptor is what the customer's statement shows of a charge: what the charge
// says, or what its account does, with a suffix in capitals behind a star
// [R 2023-10-16; the beginning of the account's where it has no prefix, 2024].
func descriptor(account sdk.Doc, whole, suffix string) string {
	settings := account.Get("settings")
	text := textOr(settings.Get("payments", "statement_descriptor").String(), "Stripe") // [R 2020-04 and 2026-05]
	if suffix != "" {
		prefix := settings.Get("card_payments", "statement_descriptor_prefix").String()
		text = textOr(prefix, text[:min(len(text), prefixLength)]) + "* " + strings.ToUpper(suffix)
	} else if whole != "" {
		text = strings.ToUpper(whole)
	}
	return text[:min(len(text), descriptorLength)]
}

// processingFee is what the vendor keeps of a charge: 2.9 % and 30 cents unless
// the account says otherwise, rounded half up [R 1000→59, 2500→103, 2900→114;
// of two prices the cheaper 100→10, 1000→50]; cards of other countries 1.5 % more
// [D stripe.com/pricing, 2026-11].
func processingFee(account sdk.Doc, amount int64, card sdk.Doc) int64 {
	fees := account.Get("dashboard", "fees")
	if !fees.Exists() { // a connected account's
		return fee(amount, 290, 30, account, card)
	}
	least := int64(0)
	first := true
	for f := range fees.All {
		points, _ := basisPoints(f.Get("percent"))
		if n := fee(amount, points, f.Get("fixed").Int64(), account, card); first || n < least {
			least, first = n, false
		}
	}
	return least
}

// returnedFee is what the vendor gives back of its fee when an amount is given
// back of what is kept of a charge: what the rest would have cost less. New
// accounts get nothing [D stripe.com/pricing, 2026-11], older ones do [R 2023-10 to
// 2024-10: of 1000, which cost 50, 350→12, 500→20, 1000→50].
func returnedFee(account sdk.Doc, kept, amount int64, card sdk.Doc) int64 {
	if !account.Get("dashboard", "refunds_return_fees").Bool() {
		return 0
	}
	rest := int64(0)
	if amount < kept {
		rest = processingFee(account, kept-amount, card)
	}
	return processingFee(account, kept, card) - rest
}

// application is the platform's, as its accounts see it.
func (r *request) application() (d sdk.Doc) {
	r.asAccount(platform, func() { d = r.ownAccount().Get("dashboard", "application") })
	return d
}

func fee(amount, points, fixed int64, account, card sdk.Doc) int64 {
	if country := card.Get("country").String(); country != "" && country != account.Get("country").String() {
		points += 150
	}
	return (amount*points+5000)/10000 + fixed
}

// basisPoints reads a percentage of at most two decimals.
func basisPoints(percent sdk.Doc) (points int64, ok bool) {
	whole, fraction, _ := strings.Cut(percent.String(), ".")
	if len(fraction) > 2 {
		return 0, false
	}
	points, err := strconv.ParseInt(whole+(fraction + "00")[:2], 10, 32)
	return points, err == nil && points >= 0 && points <= 10000
}
