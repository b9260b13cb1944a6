package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// planParameters are operations that still take "plan" where the description
// has "price" [R 2022-11-15 to 2025-10-29].
var planParameters = map[string]bool{
	"PostSubscriptions": true, "PostSubscriptionsSubscriptionExposedId": true, "PostSubscriptionItems": true, "PostSubscriptionItemsItem": true,
	"PostCustomersCustomerSubscriptions": true, "PostCustomersCustomerSubscriptionsSubscriptionExposedId": true,
}

// takePlans turns parameters of the time of plans into those of prices.
func (r *request) takePlans() error {
	if !planParameters[r.op.ID] {
		return nil
	}
	for item := range r.params.Get("items").All {
		if item.Get("plan").Exists() {
			r.byPlan = true
			item.Rename("plan", "price")
		}
	}
	if strings.Contains(r.op.ID, "SubscriptionItems") {
		if r.given("plan") {
			r.byPlan = true
			r.params.Rename("plan", "price")
		}
		return nil
	}
	if !r.given("plan") && !r.given("quantity") {
		return nil
	}
	if r.given("items") {
		name := "quantity"
		if r.given("plan") {
			name = "plan"
		}
		return invalid("", "", "Received both items and "+name+" parameters. Please pass in only one.") // [R 2025-10-29, quantity]
	}
	item := r.NewObject()
	if v := r.text("plan"); v != "" {
		r.byPlan = true
		item.SetString("price", v)
	}
	if v := r.text("quantity"); v != "" {
		item.SetString("quantity", v)
	}
	r.params.Delete("plan")
	r.params.Delete("quantity")
	r.params.SetArray("items").AddDoc(item)
	r.soleItem = true
	return nil
}

// itemPrice is the price that the parameters of an item name or describe. path
// is where they stand, "" for the top level.
func (r *request) itemPrice(given sdk.Doc, path string) (sdk.Doc, error) {
	at := func(name string) string {
		if path == "" {
			return name
		}
		return path + "[" + name + "]"
	}
	if data := given.Get("price_data"); data.Kind() == sdk.Object {
		product := data.Get("product").String()
		if _, ok := specOf["product"].collection.Get(r.Call, product); !ok {
			return sdk.Doc{}, missing("product", product, at("price_data")+"[product]")
		}
		p, err := r.newPrice(data, product)
		if err != nil {
			return p, err
		}
		p.SetBool("active", false) // [D docs.stripe.com/api/subscriptions/create, 2026-11] not listed
		return p, specOf["price"].collection.Insert(r.Call, p)
	}
	id := given.Get("price").String()
	if id == "" {
		return sdk.Doc{}, invalid("parameter_missing", at("price"), "Missing required param: "+at("price")+".") // [R] wording
	}
	p, ok := r.price(id)
	if !ok {
		if r.byPlan {
			return p, executed(missing("plan", id, "plan")) // [R 2023-08-16, 2024-12-18]
		}
		return p, missing("price", id, at("price")) // [R 2025-03-31, 2025-10-29: not kept for the idempotency key]
	}
	if p.Get("recurring").IsNull() {
		// [3, users' reports]
		return p, invalid("", at("price"), "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.")
	}
	if p.Get("recurring", "usage_type").String() == "metered" {
		return p, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: at("price"), message: "Mirra does not bill usage yet: price " + id + " is metered."}
	}
	return p, nil
}

// setItems makes the items of a new subscription.
func (r *request) setItems(d sdk.Doc) error {
	given := r.params.Get("items")
	if given.Len() == 0 {
		return invalid("parameter_missing", "items", "Missing required param: items.") // [R] wording
	}
	id := d.Get("id").String()
	list := d.Get("items")
	list.SetString("url", "/v1/subscription_items?subscription="+id)
	i := 0
	for g := range given.All {
		price, err := r.itemPrice(g, "items["+strconv.Itoa(i)+"]")
		if err != nil {
			return err
		}
		currency := price.Get("currency").String()
		if i > 0 && currency != d.Get("currency").String() {
			return otherCurrency(d.Get("currency").String(), currency)
		}
		d.SetString("currency", currency)
		r.addItem(d, r.newItem(id, g, price))
		i++
	}
	if i > 20 { // [D docs.stripe.com/billing/subscriptions/quantities#multiple-subscription-items, 2026-11]
		return invalid("", "items", "A subscription can have at most 20 items.")
	}
	r.showSoleItem(d)
	return nil
}

// otherCurrency refuses prices of several currencies; wording believed.
func otherCurrency(one, other string) error {
	return invalid("", "items", "All items of a subscription must have the same currency: "+one+" and "+other+" were given.")
}

func (r *request) newItem(subscription string, given, price sdk.Doc) sdk.Doc {
	item := subscriptionItemTemplate.New(r.Arena)
	item.SetString("id", specOf["subscription_item"].newID(r))
	item.SetInt("created", r.Unix())
	item.SetString("subscription", subscription)
	if n, ok := given.Get("quantity").Int(); ok {
		item.SetInt("quantity", n)
	}
	for m := range given.Get("metadata").All {
		item.Get("metadata").SetSortedString(m.Key(), m.String())
	}
	r.setItemPrice(item, price)
	return item
}

func (r *request) setItemPrice(item, price sdk.Doc) {
	item.SetDoc("plan", planOf(r.Call, price))
	item.SetDoc("price", price)
}

func (r *request) addItem(d, item sdk.Doc) {
	list := d.Get("items")
	list.Get("data").AddDoc(item)
	list.SetInt("total_count", int64(list.Get("data").Len()))
	setMark(r.Call, item.Get("id").String(), markSubscription, d.Get("id").String())
}

// showSoleItem sets the members that a subscription of one item has for it.
func (r *request) showSoleItem(d sdk.Doc) {
	data := d.Get("items", "data")
	if data.Len() != 1 {
		d.SetNull("plan")
		d.SetNull("quantity")
		return
	}
	d.SetDoc("plan", data.At(0).Get("plan"))
	d.SetDoc("quantity", data.At(0).Get("quantity"))
}

// setPeriod sets the period that a subscription is in at an instant. Items have
// periods of their own, by the interval of their prices.
func (r *request) setPeriod(d sdk.Doc, at int64) {
	anchor := d.Get("billing_cycle_anchor").Int64()
	first := true
	for item := range d.Get("items", "data").All {
		start, end := d.Get("trial_start").Int64(), d.Get("trial_end").Int64()
		if end == 0 || end <= at {
			start, end = periodAt(anchor, item.Get("price", "recurring"), at)
		}
		item.SetInt("current_period_end", end)
		item.SetInt("current_period_start", start)
		if first || end < d.Get("current_period_end").Int64() {
			d.SetInt("current_period_end", end)
			d.SetInt("current_period_start", start)
		}
		first = false
	}
}

// periodAt is the period of an interval, counted from an anchor, that an instant
// is in.
func periodAt(anchor int64, recurring sdk.Doc, at int64) (start, end int64) {
	unit, count := recurring.Get("interval").String(), int(max(recurring.Get("interval_count").Int64(), 1))
	n := 0
	for cycle(anchor, unit, (n+1)*count) <= at {
		n++
	}
	for n > -1200 && cycle(anchor, unit, n*count) > at {
		n--
	}
	return cycle(anchor, unit, n*count), cycle(anchor, unit, (n+1)*count)
}

// cycle is n intervals behind an anchor. Months that are too short end on their
// last day [D docs.stripe.com/billing/subscriptions/billing-cycle, 2026-11].
func cycle(anchor int64, unit string, n int) int64 {
	t := time.Unix(anchor, 0).UTC()
	switch unit {
	case "day":
		return t.AddDate(0, 0, n).Unix()
	case "week":
		return t.AddDate(0, 0, 7*n).Unix()
	case "year":
		n *= 12
	}
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1).Unix()
}

// subscriptionAmount is what a period of all items costs.
func subscriptionAmount(d sdk.Doc) int64 {
	sum := int64(0)
	for item := range d.Get("items", "data").All {
		sum += perUnit(item.Get("price"), item.Get("quantity").Int64())
	}
	return sum
}
