package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Versions that shaped what the modules keep in other ways
// [D docs.stripe.com/changelog, 2026-11]. The modules work with the shapes of
// 2022-11-15 and newer; answers in older versions are put into theirs before
// expand looks at them. What is merely not there yet is in lifetimes.
const (
	v20191017 = "2019-10-17"
	v20191203 = "2019-12-03"
	v20200827 = "2020-08-27"
	v20220801 = "2022-08-01"
	v20221115 = "2022-11-15"
	v20230816 = "2023-08-16"
)

// reshaping is how versions before one had an object.
type reshaping struct {
	object, before string
	shape          func(r *request, d sdk.Doc)
}

var reshapings = []reshaping{
	{"charge", v20221115, func(r *request, d sdk.Doc) { includeRefunds(r, d) }},                      // [D /2022-11-15/deprecates-charges-auto-expand]
	{"checkout.session", v20220801, func(_ *request, d sdk.Doc) { d.SetSorted("shipping", "null") }}, // [D /2022-08-01/updates-shipping-property-checkout-session; R 2020-08-27]
	{"customer", v20191017, customerBalance},
	{"customer", v20200827, customerLists},
	{"customer", v20220801, func(r *request, d sdk.Doc) { // [R] not there at 2022-08-01
		if r.after(defaultCurrencySince) {
			d.SetSorted("default_currency", d.Get("currency").JSON())
		}
	}},
	{"invoice", v20191017, billingOf},
	{"invoice", v20221115, deliveredLater},
	{"invoice", v20200827, func(_ *request, d sdk.Doc) { d.SetSorted("tax_percent", "null") }}, // [D /2020-08-27/removes-tax-percent-attribute]
	{"line_item", v20191203, oldLine},
	{"payment_intent", v20221115, chargesOfIntent},
	{"payment_intent", v20221115, olderIntent},
	{"plan", v20200827, func(r *request, d sdk.Doc) { // [D /2020-08-27: no longer included by default]
		d.SetSorted("tiers", "null")
		includeTiers(r, d)
	}},
	{"subscription", v20191017, billingOf},
	{"subscription", v20191017, func(_ *request, d sdk.Doc) {
		// [D /2019-10-17/replaces-subscription-start-field] the start of the current
		// plans, which is not kept apart from that of the subscription.
		d.SetSorted("start", d.Get("start_date").JSON())
	}},
	{"subscription", v20200827, func(_ *request, d sdk.Doc) { d.SetSorted("tax_percent", "null") }},
	// [R] there at 2019-08-14, gone at 2020-08-27; since which version is believed.
	{"subscription", v20191203, func(_ *request, d sdk.Doc) {
		d.SetSorted("invoice_customer_balance_settings", `{"consume_applied_balance_on_void":true}`)
	}},
}

// defaultCurrencySince is when customers of older versions got the member [R
// 2020-08-27: absent in 2022-06, there in 2022-07].
var defaultCurrencySince = day("2022-07-01")

// older puts an answer, and the objects in it, into the shapes of the version
// asked for.
func (r *request) older(d sdk.Doc) {
	if usedVersion.date < v20221115 {
		r.reshape(d, 0)
	}
}

// maxReshape bounds how deep objects are looked for; expand reaches four levels.
const maxReshape = 16

func (r *request) reshape(d sdk.Doc, depth int) {
	if depth > maxReshape {
		return
	}
	if d.Kind() == sdk.Object {
		if object := d.Get("object").String(); object != "" && !d.Get("deleted").Exists() {
			for i := range reshapings {
				if s := &reshapings[i]; s.object == object && usedVersion.date < s.before {
					s.shape(r, d)
				}
			}
		}
	}
	for m := d.First(); m.Exists(); m = m.Next() {
		if k := m.Kind(); k == sdk.Object || k == sdk.Array {
			r.reshape(m, depth+1)
		}
	}
}

// innerRows is how many rows a list within an object shows, and innerMost how many
// it counts.
const (
	innerRows = 10
	innerMost = 1000
)

// inner is a list as objects have it in them: with how many there are.
func (r *request) inner(docs []sdk.Doc, url string) sdk.Doc {
	list := r.listOf(docs[:min(innerRows, len(docs))], len(docs) > innerRows)
	list.SetInt("total_count", int64(len(docs)))
	list.SetString("url", url)
	return list
}

// belonging returns what of a kind belongs to an object.
func (r *request) belonging(k *sdk.Collection, q sdk.ListQuery) []sdk.Doc {
	q.Limit = innerMost
	page, err := k.Find(r.Call, q)
	if err != nil {
		return nil // only cursors fail
	}
	docs, _ := page.Docs(r.Call)
	return docs
}

// chargesOfIntent are the attempts to pay an intent
// [D /2022-11-15/removes-charges-attribute-paymentintent].
func chargesOfIntent(r *request, d sdk.Doc) {
	id := d.Get("id").String()
	d.SetSorted("charges", r.inner(r.belonging(charges, sdk.ListQuery{Index: "payment_intent", Key: id}), "/v1/charges?payment_intent="+id).JSON())
}

// olderIntent has what intents showed until some day: an empty tip [R 2022-04], and
// no further use of what had paid a subscription's first invoice [R until 2022-08; from
// 2022-11 on they show it].
func olderIntent(r *request, d sdk.Doc) {
	if tip := d.Get("amount_details", "tip"); tip.Exists() && !r.after(tipsSince) {
		tip.SetNull("amount")
	}
	if d.Get("invoice").String() != "" && d.Get("status").String() == "succeeded" && d.Get("created").Int64() < day(v20221115) {
		d.SetNull("setup_future_usage")
	}
}

var tipsSince = day("2022-05-15")

// deliveredLater shows when an invoice's events were delivered some seconds later, as
// it was before [R until 2021-12: null for 3 seconds].
func deliveredLater(r *request, d sdk.Doc) {
	const delay = 2
	created, at := d.Get("created").Int64(), d.Get("webhooks_delivered_at")
	if r.Unix() >= deliveredAtOnce || at.IsNull() || at.Int64() != created {
		return
	}
	if d.SetInt("webhooks_delivered_at", created+delay); r.Unix() < created+2*delay {
		d.SetNull("webhooks_delivered_at")
	}
}

var deliveredAtOnce = day("2022-02-01")

// customerLists are what customers had in them
// [D /2020-08-27/deprecates-auto-expansion-customer-sources and those beside it].
func customerLists(r *request, d sdk.Doc) {
	includeSources(r, d)
	includeSubscriptions(r, d)
	includeTaxIDs(r, d)
}

// includeSubscriptions adds those of a customer that have not ended
// [D docs.stripe.com/api/customers/object#customer_object-subscriptions, 2026-11].
func includeSubscriptions(r *request, d sdk.Doc) {
	id := d.Get("id").String()
	var docs []sdk.Doc
	for _, s := range r.belonging(subscriptions(), sdk.ListQuery{Index: "customer", Key: id}) {
		if status := s.Get("status").String(); status != "canceled" && status != "incomplete_expired" {
			docs = append(docs, s)
		}
	}
	after := "shipping"
	if d.Get("sources").Exists() {
		after = "sources"
	}
	insertAfter(d, after, "subscriptions", r.inner(docs, "/v1/customers/"+id+"/subscriptions").JSON())
}

func includeTaxIDs(r *request, d sdk.Doc) {
	id, url := d.Get("id").String(), "/v1/customers/"+d.Get("id").String()+"/tax_ids"
	docs := r.belonging(specOf["tax_id"].collection, sdk.ListQuery{Where: [4]sdk.Condition{{Path: "$.customer", Value: id}}})
	insertAfter(d, "tax_exempt", "tax_ids", r.inner(docs, url).JSON())
}

// customerBalance has the names of 2019-10-17's members before it
// [D /2019-10-17/renames-account-balance-customer-object]; tax_info became
// tax_ids, and is null where nobody set it [R 2019-08-14].
func customerBalance(_ *request, d sdk.Doc) {
	insertAfter(d, "object", "account_balance", d.Get("balance").JSON())
	d.SetSorted("tax_info", "null")
	d.SetSorted("tax_info_verification", "null")
}

// billingOf is collection_method as it was called [D /2019-10-17/renames-billing-attribute].
func billingOf(_ *request, d sdk.Doc) {
	d.SetSorted("billing", d.Get("collection_method").JSON())
}

// oldLine has the ids of lines from when they said what the line is of, and that
// of today as unique_id since 2020 [D
// /2019-12-03/standardizes-invoice-line-item-ids; R 2019-08-14].
func oldLine(r *request, d sdk.Doc) {
	id := d.Get("id").String()
	if r.after(uniqueIDSince) {
		d.SetSorted("unique_id", quoted(id))
	}
	if item := d.Get("invoice_item").String(); item != "" {
		d.SetString("id", item)
		return
	}
	d.SetString("id", "sli_"+fingerprint(r.Call, id)[:14])
}

var uniqueIDSince = day("2019-12-03")

// olderParams gives the parameters of older versions the names of today.
func (r *request) olderParams() error {
	params := r.params
	if params.Kind() != sdk.Object || usedVersion.date >= v20200827 {
		return nil
	}
	path := r.op.Pattern
	customers, billed := strings.Contains(path, "/v1/customers"), strings.Contains(path, "/subscription") || strings.Contains(path, "/v1/invoice")
	if usedVersion.date < v20191017 {
		if customers && !billed {
			params.Rename("account_balance", "balance")
		}
		if billed {
			params.Rename("billing", "collection_method")
		}
	}
	unmirrored := ""
	switch {
	case customers && usedVersion.date < v20191017 && r.given("tax_info"):
		unmirrored = "tax_info"
	case billed && r.given("tax_percent"):
		unmirrored = "tax_percent"
	}
	if unmirrored != "" {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: unmirrored, message: "Mirra does not mirror the parameter " + unmirrored + " of " + r.op.ID + " yet."}
	}
	if prorate := params.Get("prorate"); billed && prorate.Exists() {
		// [D /2020-08-27: proration_behavior in place of prorate]
		behavior := "none"
		if r.is("prorate") {
			behavior = "create_prorations"
		}
		params.Delete("prorate")
		params.SetString("proration_behavior", behavior)
	}
	return nil
}
