package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// lifetime says when answers have a member. The vendor adds members to all
// versions on the day it releases them; what it removes or moves stays in the
// older versions. Documents are kept with all members, and lose on the way out
// what the session's time and the version asked for do not have. A member of
// several lifetimes is there in each of them.
//
// Days are those of the SDK's release that first knows a member, where one lies
// between the last recording without it and the first with it [S stripe-node
// CHANGELOG.md, 2026-11]; else those at which recordings first show it [R], which is
// within weeks of the release. A document may be named instead.
type lifetime struct {
	object, path string // path by dots
	since, until string // days, "" for always
	from, to     string // versions: from has it, to has it no more
}

// lifetimes lists the members that not all answers have.
var lifetimes = []lifetime{
	{object: "account", path: "business_profile.annual_revenue", since: "2024-01-25"},
	{object: "account", path: "business_profile.estimated_worker_count", since: "2024-01-25"},
	{object: "account", path: "business_profile.minority_owned_business_designation", since: "2025-04-30"},
	{object: "account", path: "business_profile.specified_commercial_transactions_act_url", since: "2025-09-01"},
	{object: "account", path: "controller", since: "2024-05-01"},
	{object: "account", path: "requirements.alternatives", since: "2022-12-01"},
	{object: "account", path: "requirements.errors", since: "2020-04-01"},
	{object: "account", path: "settings.bacs_debit_payments", since: "2020-07-01"},
	{object: "account", path: "settings.bacs_debit_payments.display_name", since: "2023-11-15"},
	{object: "account", path: "settings.bacs_debit_payments.service_user_number", since: "2023-11-15"},
	{object: "account", path: "settings.branding.secondary_color", since: "2020-07-01"},
	{object: "account", path: "settings.capital", since: "2024-07-01", until: "2025-09-01"},
	{object: "account", path: "settings.card_issuing", since: "2021-03-31"},
	{object: "account", path: "settings.card_payments.statement_descriptor_prefix_kana", since: "2022-06-17"},
	{object: "account", path: "settings.card_payments.statement_descriptor_prefix_kanji", since: "2022-06-17"},
	{object: "account", path: "settings.invoices", since: "2024-02-08"},
	{object: "account", path: "settings.invoices.hosted_payment_method_save", since: "2025-04-01"},
	{object: "account", path: "settings.sepa_debit_payments", since: "2021-03-01"},

	{object: "balance_transaction", path: "balance_type", since: "2025-05-29"},
	{object: "balance_transaction", path: "reporting_category", since: "2020-02-01"},

	{object: "bank_account", path: "account_type", since: "2021-07-28"},
	{object: "bank_account", path: "financial_account", since: "2024-07-20", until: "2024-09-01"},

	{object: "card", path: "networks", since: "2024-03-01"},
	{object: "card", path: "wallet", since: "2023-05-01"},

	{object: "charge", path: "amount_captured", since: "2020-09-21"},
	{object: "charge", path: "billing_details.tax_id", since: "2025-04-17"},
	{object: "charge", path: "calculated_statement_descriptor", since: "2020-04-01"},
	{object: "charge", path: "disputed", since: "2019-12-01"},
	{object: "charge", path: "failure_balance_transaction", since: "2022-03-25"},
	{object: "charge", path: "invoice", to: basil},
	{object: "charge", path: "outcome.advice_code", since: "2024-12-20"},
	{object: "charge", path: "outcome.network_advice_code", since: "2024-11-01"},
	{object: "charge", path: "outcome.network_decline_code", since: "2024-11-01"},
	{object: "charge", path: "payment_method_details.card.amount_authorized", since: "2023-10-05"},
	{object: "charge", path: "payment_method_details.card.authorization_code", since: "2024-07-20"},
	{object: "charge", path: "payment_method_details.card.capture_before", since: "2023-11-16"},
	{object: "charge", path: "payment_method_details.card.extended_authorization", since: "2023-10-05"},
	{object: "charge", path: "payment_method_details.card.incremental_authorization", since: "2023-10-05"},
	{object: "charge", path: "payment_method_details.card.mandate", since: "2022-03-11"},
	{object: "charge", path: "payment_method_details.card.multicapture", since: "2023-10-05"},
	{object: "charge", path: "payment_method_details.card.network_token", since: "2023-01-03"},
	{object: "charge", path: "payment_method_details.card.network_transaction_id", since: "2024-12-20"},
	{object: "charge", path: "payment_method_details.card.overcapture", since: "2023-10-05"},
	{object: "charge", path: "payment_method_details.card.regulated_status", since: "2024-12-20"},
	// First in older versions, a year later in all.
	{object: "charge", path: "radar_options", since: "2023-12-05", to: "2024-04-10"},
	{object: "charge", path: "radar_options", since: "2024-12-18"},

	{object: "customer", path: "customer_account", since: "2025-12-08"},
	{object: "customer", path: "invoice_settings.rendering_options", since: "2022-06-17"},
	{object: "customer", path: "next_invoice_sequence", since: "2020-03-03"},
	{object: "customer", path: "tax.provider", since: "2025-10-29"},
	{object: "customer", path: "test_clock", since: "2022-03-01"},

	{object: "dispute", path: "enhanced_eligibility_types", since: "2024-10-29"},
	{object: "dispute", path: "evidence.enhanced_evidence", since: "2024-10-29"},
	{object: "dispute", path: "evidence_details.enhanced_eligibility", since: "2024-10-29"},
	{object: "dispute", path: "payment_method_details.card.case_type", since: "2024-07-25"},

	{object: "issuing.card", path: "latest_fraud_warning", since: "2025-11-18"},

	{object: "payment_intent", path: "amount_details", since: "2022-04-11"},
	{object: "payment_intent", path: "automatic_payment_methods", since: "2021-11-17"},
	{object: "payment_intent", path: "customer_account", since: "2025-12-08"},
	{object: "payment_intent", path: "excluded_payment_method_types", since: "2025-08-27"},
	{object: "payment_intent", path: "invoice", to: basil},
	{object: "payment_intent", path: "latest_charge", since: "2022-11-15", from: v20221115},
	{object: "payment_intent", path: "latest_charge", since: "2023-03-01"}, // [R older versions: not in 2022-12, in 2023-10]
	{object: "payment_intent", path: "managed_payments", since: "2026-05-01"},
	{object: "payment_intent", path: "payment_method_configuration_details", since: "2023-10-01"},
	{object: "payment_intent", path: "payment_method_options.card.mandate_options", since: "2022-03-11"},
	{object: "payment_intent", path: "payment_method_options.card.network", since: "2020-07-01"},
	{object: "payment_intent", path: "payment_method_options.us_bank_account.financial_connections", since: "2024-06-01"},
	{object: "payment_intent", path: "payment_method_options.us_bank_account.mandate_options", since: "2023-12-22"},
	{object: "payment_intent", path: "payment_method_options.us_bank_account.transaction_purpose", from: dahlia},
	{object: "payment_intent", path: "processing", since: "2021-12-22"},
	{object: "payment_intent", path: "shared_payment_granted_token", since: "2026-05-01"},

	{object: "payment_method", path: "allow_redisplay", since: "2024-04-17"},
	{object: "payment_method", path: "billing_details.tax_id", since: "2025-04-17"},
	{object: "payment_method", path: "card.display_brand", since: "2024-02-20"},
	{object: "payment_method", path: "card.networks", since: "2020-07-01"},
	{object: "payment_method", path: "card.regulated_status", since: "2024-12-20"},
	{object: "payment_method", path: "customer_account", since: "2025-12-08"},
	{object: "payment_method", path: "shared_payment_granted_token", since: "2026-05-01"},

	{object: "payment_method_domain", path: "amazon_pay", since: "2024-08-01"},
	{object: "payment_method_domain", path: "klarna", since: "2025-09-01"},

	{object: "payout", path: "application_fee", since: "2024-05-16"},
	{object: "payout", path: "application_fee_amount", since: "2024-05-16"},
	{object: "payout", path: "payout_method", since: "2025-01-15"},
	{object: "payout", path: "trace_id", since: "2024-11-20"},

	{object: "person", path: "future_requirements", since: "2021-09-01"},
	{object: "person", path: "relationship.authorizer", since: "2024-11-20"},
	{object: "person", path: "relationship.legal_guardian", since: "2023-10-01"},
	{object: "person", path: "requirements.alternatives", since: "2021-09-01"},

	{object: "plan", path: "aggregate_usage", to: basil},
	{object: "plan", path: "meter", since: "2024-03-28"},

	{object: "price", path: "recurring.aggregate_usage", to: basil},
	{object: "price", path: "recurring.meter", since: "2024-03-28"},

	{object: "product", path: "features", to: "2024-04-10"}, // [D docs.stripe.com/changelog, 2026-11] renamed
	{object: "product", path: "marketing_features", from: "2024-04-10"},
	{object: "product", path: "tax_details", since: "2026-05-01"},

	{object: "promotion_code", path: "coupon", to: clover},
	{object: "promotion_code", path: "promotion", from: clover},

	{object: "refund", path: "destination_details", since: "2023-12-01"},

	{object: "setup_intent", path: "automatic_payment_methods", since: "2023-03-23"},
	{object: "setup_intent", path: "customer_account", since: "2025-12-16"},
	{object: "setup_intent", path: "excluded_payment_method_types", since: "2025-10-29"},
	{object: "setup_intent", path: "flow_directions", since: "2022-05-19"},
	{object: "setup_intent", path: "latest_attempt", since: "2021-01-01"},
	{object: "setup_intent", path: "managed_payments", since: "2026-04-23"},
	{object: "setup_intent", path: "payment_method_configuration_details", since: "2023-09-14"},
	{object: "setup_intent", path: "payment_method_options.card.mandate_options", since: "2022-03-11"},
	{object: "setup_intent", path: "payment_method_options.card.network", since: "2022-06-01"},
	{object: "setup_intent", path: "payment_method_options.us_bank_account.mandate_options", since: "2024-06-01"},

	{object: "source", path: "allow_redisplay", since: "2024-12-18"},
}

// rule is the lifetimes of one member, made ready.
type rule struct {
	steps   []string
	periods []period
}

type period struct {
	since, until int64 // Unix seconds; 0 is no bound
	from, to     string
}

// rules are the lifetimes by object.
var rules = func() map[string][]rule {
	all := map[string][]rule{}
	for _, l := range slices.Concat(lifetimes, billingLifetimes, checkoutLifetimes) {
		p := period{day(l.since), day(l.until), l.from, l.to}
		list := all[l.object]
		if n := len(list); n > 0 && strings.Join(list[n-1].steps, ".") == l.path {
			list[n-1].periods = append(list[n-1].periods, p)
			continue
		}
		all[l.object] = append(list, rule{strings.Split(l.path, "."), []period{p}})
	}
	return all
}()

// day is the start of a day in Unix seconds; 0 for none.
func day(text string) int64 {
	if text == "" {
		return 0
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic("stripe: a day: " + err.Error())
	}
	return t.Unix()
}

// alive tells whether answers have the member at a time, in a version.
func (l *rule) alive(now int64, version string) bool {
	for i := range l.periods {
		p := &l.periods[i]
		if now >= p.since && (p.until == 0 || now < p.until) && version >= p.from && (p.to == "" || version < p.to) {
			return true
		}
	}
	return false
}

// dated tells whether only the day decides, from which on all versions have the
// member.
func (l *rule) dated() bool {
	return len(l.periods) == 1 && l.periods[0].until == 0 && l.periods[0].from == "" && l.periods[0].to == ""
}

// trimmed are the kinds that are kept without what their day does not have: those
// that are read most. The others keep members that moved, to be worked with.
var trimmed = map[string]bool{"balance_transaction": true, "charge": true, "customer": true, "payment_intent": true, "payment_method": true, "refund": true, "setup_intent": true, "source": true}

// trim takes out of a new document what no version has at the session's time, so
// that answers need not look for it. Documents keep the members of their day:
// where the clock is moved over years, older ones lack what came later.
func trim(c *sdk.Call, d sdk.Doc) {
	now := c.Unix()
	list := rules[d.Get("object").String()]
	for i := range list {
		if l := &list[i]; l.dated() && now < l.periods[0].since {
			l.remove(d)
		}
	}
}

func (l *rule) remove(d sdk.Doc) {
	last := len(l.steps) - 1
	d.Get(l.steps[:last]...).Delete(l.steps[last])
}

// fit takes out of a document, and of the objects in it, what answers do not
// have at the session's time in a version. typ is the document's object, if that
// is known and the document is one that was kept: most then need not be looked
// into.
func fit(c *sdk.Call, d sdk.Doc, typ, version string) {
	now := c.Unix()
	if typ != "" && !compound[typ] && !anyDead(typ, now, version) {
		return
	}
	if e := d.Get("error"); typ == "" && e.Exists() && !holdsObject(e) {
		return // nothing that was kept
	}
	c.Omit(d, "object", deadMembers(now, version))
}

func holdsObject(d sdk.Doc) bool {
	for m := d.First(); m.Exists(); m = m.Next() {
		if m.Kind() == sdk.Object {
			return true
		}
	}
	return false
}

// fitEvent fits the object of an event to the line's version. Reading what kind of
// object it is would parse a document that is only copied, so where the event's
// name says that of a kept one, it is believed: customer.created.
func fitEvent(c *sdk.Call, d sdk.Doc, event string) {
	typ, action, _ := strings.Cut(event, ".")
	if strings.IndexByte(action, '.') >= 0 || !trimmed[typ] {
		typ = d.Get("object").String()
	}
	fit(c, d, typ, ownVersion.date)
}

// compound are objects that hold others without being asked to.
var compound = map[string]bool{"account": true, "invoice": true, "invoiceitem": true, "list": true, "payment_intent": true, "price": true, "promotion_code": true, "setup_intent": true, "subscription": true, "subscription_item": true, "token": true}

// anyDead tells whether kept documents of a type have to be looked into.
func anyDead(typ string, now int64, version string) bool {
	list := rules[typ]
	for i := range list {
		if !(trimmed[typ] && list[i].dated()) && !list[i].alive(now, version) {
			return true
		}
	}
	return false
}

// deadMembers lists what answers do not have at a time, in a version, as rules of
// sdk.Call.Omit.
func deadMembers(now int64, version string) string {
	var b []byte
	for i := range memberRules {
		if m := &memberRules[i]; !m.alive(now, version) {
			b = append(b, m.text...)
		}
	}
	return string(b)
}

// memberRules are the rules in a fixed order.
var memberRules = func() (all []memberRule) {
	for _, object := range slices.Sorted(maps.Keys(rules)) {
		for i := range rules[object] {
			l := &rules[object][i]
			all = append(all, memberRule{l, object + " " + strings.Join(l.steps, ".") + "\n"})
		}
	}
	return all
}()

type memberRule struct {
	*rule
	text string
}
