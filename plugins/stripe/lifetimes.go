package main

import (
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// lifetime says when answers have a member. The vendor adds members to all
// versions on the day it releases them; what it removes or moves stays in the
// older versions. Documents are kept with all members, and lose on the way out
// what the session's time and the version asked for do not have.
//
// Dates are those at which recordings first and last show a member, to the month,
// unless a document is named: [R] stands for all of them.
type lifetime struct {
	object, path string // path by dots
	since, until string // days, "" for always
	from, to     string // versions: from has it, to has it no more
}

// lifetimes lists the members that not all answers have.
var lifetimes = []lifetime{
	{object: "account", path: "business_profile.annual_revenue", since: "2024-03-01"},
	{object: "account", path: "business_profile.estimated_worker_count", since: "2024-03-01"},
	{object: "account", path: "business_profile.minority_owned_business_designation", since: "2025-09-01"},
	{object: "account", path: "business_profile.specified_commercial_transactions_act_url", since: "2025-09-01"},
	{object: "account", path: "controller", since: "2024-05-01"},
	{object: "account", path: "settings.bacs_debit_payments.display_name", since: "2023-11-15"},
	{object: "account", path: "settings.bacs_debit_payments.service_user_number", since: "2023-11-15"},
	{object: "account", path: "settings.capital", since: "2024-07-01", until: "2025-09-01"},
	{object: "account", path: "settings.invoices", since: "2024-03-01"},
	{object: "account", path: "settings.invoices.hosted_payment_method_save", since: "2025-09-01"},
	{object: "bank_account", path: "financial_account", since: "2024-07-20", until: "2024-09-01"},
	{object: "card", path: "networks", since: "2024-02-01"},
	{object: "payout", path: "application_fee", since: "2024-06-01"},
	{object: "payout", path: "application_fee_amount", since: "2024-06-01"},
	{object: "payout", path: "payout_method", since: "2025-01-15"},
	{object: "payout", path: "trace_id", since: "2024-10-01"},
	{object: "person", path: "relationship.authorizer", since: "2024-11-20"},
}

// rule is a lifetime made ready.
type rule struct {
	steps        []string
	since, until int64 // Unix seconds; 0 is no bound
	from, to     string
}

// rules are the lifetimes by object.
var rules = func() map[string][]rule {
	day := func(text string) int64 {
		if text == "" {
			return 0
		}
		t, err := time.Parse(time.DateOnly, text)
		if err != nil {
			panic("stripe: lifetime: " + err.Error())
		}
		return t.Unix()
	}
	all := map[string][]rule{}
	for _, l := range lifetimes {
		all[l.object] = append(all[l.object], rule{strings.Split(l.path, "."), day(l.since), day(l.until), l.from, l.to})
	}
	return all
}()

// alive tells whether answers have the member at a time, in a version.
func (l *rule) alive(now int64, version string) bool {
	return now >= l.since && (l.until == 0 || now < l.until) && version >= l.from && (l.to == "" || version < l.to)
}

// fit takes out of a document, and of the objects in it, what answers do not
// have at the session's time in a version. typ is the document's object, if that
// is known: most documents then need not be looked into.
func fit(c *sdk.Call, d sdk.Doc, typ, version string) {
	now := c.Unix()
	if typ != "" && !compound[typ] && !anyDead(typ, now, version) {
		return
	}
	fitAll(d, now, version, 0)
}

// compound are objects that hold others without being asked to.
var compound = map[string]bool{"subscription": true, "invoice": true, "list": true, "token": true, "account": true, "price": true}

func anyDead(typ string, now int64, version string) bool {
	list := rules[typ]
	for i := range list {
		if !list[i].alive(now, version) {
			return true
		}
	}
	return false
}

// maxFit bounds how deep objects are looked for; expand reaches four levels.
const maxFit = 16

func fitAll(d sdk.Doc, now int64, version string, depth int) {
	if depth > maxFit {
		return
	}
	if d.Kind() == sdk.Object {
		if list := rules[d.Get("object").String()]; list != nil {
			for i := range list {
				if l := &list[i]; !l.alive(now, version) {
					last := len(l.steps) - 1
					d.Get(l.steps[:last]...).Delete(l.steps[last])
				}
			}
		}
	}
	for m := d.First(); m.Exists(); m = m.Next() {
		if k := m.Kind(); k == sdk.Object || k == sdk.Array {
			fitAll(m, now, version, depth+1)
		}
	}
}
