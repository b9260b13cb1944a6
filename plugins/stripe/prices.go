package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// priceTemplate [R, POST /v1/prices in 2025-12].
var priceTemplate = sdk.MustTemplate(`{"id":"","object":"price","active":true,"billing_scheme":"per_unit","created":0,"currency":"","custom_unit_amount":null,"livemode":false,"lookup_key":null,"metadata":{},"nickname":null,"product":"","recurring":null,"tax_behavior":"unspecified","tiers_mode":null,"transform_quantity":null,"type":"one_time","unit_amount":null,"unit_amount_decimal":null}`)

// recurringTemplate has the members of all versions (see lifetimes) [R].
var recurringTemplate = sdk.MustTemplate(`{"aggregate_usage":null,"interval":"","interval_count":1,"meter":null,"trial_period_days":null,"usage_type":"licensed"}`)

func priceHandlers() {
	handle("GetPrices", sdk.Exact, listPrices)
	handle("GetPricesPrice", sdk.Exact, func(r *request) error {
		d, ok := r.price(r.Value("price"))
		if !ok {
			return notFound("price", r.Value("price"), "price")
		}
		return r.answer(d)
	})
	handle("PostPrices", sdk.Exact, func(r *request) error {
		s := specOf["price"]
		if err := r.checkReferences(s); err != nil {
			return err
		}
		if err := r.takeLookupKey(); err != nil {
			return err
		}
		d := s.new(r, r.params)
		if err := completePrice(r, d); err != nil {
			return err
		}
		if err := r.keepPrice(d); err != nil {
			return err
		}
		return r.answer(d)
	})
}

// price finds a price, by the id of a plan too: they are the same thing.
func (r *request) price(id string) (sdk.Doc, bool) {
	adoptPlans(r.Call)
	return specOf["price"].collection.Get(r.Call, id)
}

// newPrice makes a price of a product out of parameters that stand elsewhere
// than on the top level: price_data, default_price_data, plan.
func (r *request) newPrice(params sdk.Doc, product string) (sdk.Doc, error) {
	d := specOf["price"].new(r, params)
	if product != "" {
		d.SetString("product", product)
	}
	return d, setPrice(r, d, params)
}

func completePrice(r *request, d sdk.Doc) error {
	if data := r.params.Get("product_data"); data.Kind() == sdk.Object {
		if r.given("product") {
			return invalid("", "product_data", "You may only specify one of these parameters: product, product_data.") // wording [R] of other pairs
		}
		p := specOf["product"].new(r, data)
		p.SetInt("updated", r.Unix())
		if err := r.insertNew(specOf["product"], p); err != nil {
			return err
		}
		d.SetString("product", p.Get("id").String())
	} else if !r.given("product") {
		return invalid("parameter_missing", "product", "Missing required param: product.") // [R] wording
	}
	return setPrice(r, d, r.params)
}

// setPrice sets what a price's parameters say by more than a member's name.
func setPrice(r *request, d, params sdk.Doc) error {
	currency, err := knownCurrency(params.Get("currency").String(), "currency")
	if err != nil {
		return err
	}
	d.SetString("currency", currency)
	d.SetString("tax_behavior", textOr(d.Get("tax_behavior").String(), "unspecified"))
	tiers := params.Get("tiers")
	switch amount, exact := params.Get("unit_amount"), params.Get("unit_amount_decimal"); {
	case amount.Exists() && exact.Exists():
		return invalid("", "unit_amount", "You may only specify one of these parameters: unit_amount, unit_amount_decimal.") // wording [R] of other pairs
	case amount.Exists():
		d.SetString("unit_amount_decimal", amount.String())
	case exact.Exists():
		setDecimal(d, "unit_amount", exact.String())
	case params.Get("billing_scheme").String() == "tiered" || isTrue(params.Get("custom_unit_amount", "enabled")):
	default:
		// [3, users' reports of prices without an amount]
		return invalid("parameter_missing", "unit_amount", "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.")
	}
	d.Delete("tiers") // until it is expanded
	if tiers.Len() > 0 {
		setMark(r.Call, d.Get("id").String(), markTiers, tiersOf(r, tiers).JSON())
	}
	given := params.Get("recurring")
	if given.Kind() != sdk.Object {
		d.SetNull("recurring")
		return nil
	}
	d.SetString("type", "recurring")
	to := recurringTemplate.New(r.Arena)
	to.SetString("interval", given.Get("interval").String())
	for _, name := range [...]string{"interval_count", "trial_period_days"} {
		if n, ok := given.Get(name).Int(); ok {
			to.SetInt(name, n)
		}
	}
	for _, name := range [...]string{"aggregate_usage", "meter", "usage_type"} {
		if v := given.Get(name).String(); v != "" {
			to.SetString(name, v)
		}
	}
	if err := checkInterval(to); err != nil {
		return err
	}
	d.SetDoc("recurring", to)
	return nil
}

// checkInterval bounds how far periods reach: three years
// [D docs.stripe.com/api/prices/create, 2026-11]; the wording is believed.
func checkInterval(recurring sdk.Doc) error {
	most := map[string]int64{"day": 1095, "week": 156, "month": 36, "year": 3}[recurring.Get("interval").String()]
	if n := recurring.Get("interval_count").Int64(); most > 0 && (n < 1 || n > most) {
		return invalid("", "recurring[interval_count]", "Invalid interval_count: must be between 1 and "+strconv.FormatInt(most, 10)+".")
	}
	return nil
}

// setDecimal sets an amount of up to twelve decimals: the whole number is null
// where there is none [D docs.stripe.com/api/prices/object, 2026-11].
func setDecimal(d sdk.Doc, name, text string) {
	d.SetString(name+"_decimal", text)
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(fraction, "0") != "" {
		d.SetNull(name)
		return
	}
	d.SetNumber(name, whole)
}

// tiersOf are tiers as documents have them: the last has no upper bound
// [D docs.stripe.com/api/prices/object#price_object-tiers, 2026-11].
func tiersOf(r *request, given sdk.Doc) sdk.Doc {
	list := r.NewObject().SetArray("tiers")
	for g := range given.All {
		t := list.AddObject()
		for _, name := range [...]string{"flat_amount", "unit_amount"} {
			t.SetNull(name)
			t.SetNull(name + "_decimal")
			if v := g.Get(name).String(); v != "" {
				setDecimal(t, name, v)
			} else if v := g.Get(name + "_decimal").String(); v != "" {
				setDecimal(t, name, v)
			}
		}
		t.SetNull("up_to")
		if n, ok := g.Get("up_to").Int(); ok {
			t.SetInt("up_to", n)
		}
	}
	return list
}

// includeTiers shows tiers, which answers have only when they are expanded
// [D docs.stripe.com/api/prices/object#price_object-tiers, 2026-11].
func includeTiers(r *request, d sdk.Doc) {
	if tiers := markOf(r.Call, d.Get("id").String(), markTiers); tiers != "" {
		d.SetSorted("tiers", tiers)
	}
}

// takeLookupKey looks whether a lookup key is free, and takes it from the price
// that has it if the client wants that.
func (r *request) takeLookupKey() error {
	key := r.text("lookup_key")
	if key == "" {
		return nil
	}
	prices := specOf["price"].collection
	page, err := prices.Find(r.Call, sdk.ListQuery{Limit: 1, Index: "lookup_key", Key: key})
	if err != nil {
		return err
	}
	docs, _ := page.Docs(r.Call)
	if len(docs) == 0 || docs[0].Get("id").String() == r.Value("price") {
		return nil
	}
	if !r.is("transfer_lookup_key") {
		return invalid("", "lookup_key", "A price (`"+docs[0].Get("id").String()+"`) already uses that lookup key.") // [3, users' reports]
	}
	before := docs[0].Clone(r.Arena)
	docs[0].SetNull("lookup_key")
	prices.Update(r.Call, docs[0])
	emit(r.Call, "price.updated", docs[0], changes(r.Call, before, docs[0]))
	return nil
}

// insertNew stores a new document and tells of it.
func (r *request) insertNew(s *resourceSpec, d sdk.Doc) error {
	if _, _, taken := r.Lookup(d.Get("id").String()); taken {
		return &failure{status: 400, code: "resource_already_exists", message: capital(s.name()) + " already exists."} // [R coupon, plan]
	}
	if err := s.collection.Insert(r.Call, d); err != nil {
		return err
	}
	if s.event != "" {
		emit(r.Call, s.event+".created", d, sdk.Doc{})
	}
	return nil
}

// keepPrice stores a new price. One that recurs is a plan too, and tells so [S
// cli-triggers: plan.created comes with price.created].
func (r *request) keepPrice(d sdk.Doc) error {
	if err := r.insertNew(specOf["price"], d); err != nil {
		return err
	}
	if !d.Get("recurring").IsNull() {
		emit(r.Call, "plan.created", planOf(r.Call, d), sdk.Doc{})
	}
	return nil
}

func priceChanged(r *request, _, _ sdk.Doc) error { return r.takeLookupKey() }

// listPrices filters by product, type, currency, whether they are active,
// interval and lookup keys.
func listPrices(r *request) error {
	adoptPlans(r.Call)
	q, err := r.page()
	if err != nil {
		return err
	}
	prices := specOf["price"].collection
	if v := r.text("product"); v != "" {
		q.Index, q.Key = "product", v
	}
	for _, name := range [...]string{"type", "currency"} {
		if v := r.text(name); v != "" {
			q.Filter("$."+name, strings.ToLower(v))
		}
	}
	if r.given("active") {
		q.Filter("$.active", oneOrZero(r.is("active")))
	}
	if v := r.text("recurring", "interval"); v != "" {
		q.Filter("$.recurring.interval", v)
	}
	for _, name := range [...]string{"usage_type", "meter"} {
		if v := r.text("recurring", name); v != "" && !q.Filter("$.recurring."+name, v) {
			return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "recurring[" + name + "]", message: "Mirra does not mirror so many filters of GetPrices at once yet."}
		}
	}
	if keys := r.params.Get("lookup_keys"); keys.Len() > 0 {
		if keys.Len() == 1 && q.Index == "" {
			q.Index, q.Key = "lookup_key", keys.At(0).String()
			return r.list(prices, q, "price", "/v1/prices")
		}
		return r.listByLookupKeys(q, keys)
	}
	return r.list(prices, q, "price", "/v1/prices")
}

// listByLookupKeys answers with the prices that have one of the keys, at most ten
// [D docs.stripe.com/api/prices/list, 2026-11], so that there is one page.
func (r *request) listByLookupKeys(q sdk.ListQuery, keys sdk.Doc) error {
	prices := specOf["price"].collection
	var found []sdk.Doc
	for key := range keys.All {
		one := q
		one.Limit, one.Index, one.Key = 1, "lookup_key", key.String()
		page, err := prices.Find(r.Call, one)
		if err != nil {
			return missing("price", q.After+q.Before, "starting_after")
		}
		docs, _ := page.Docs(r.Call)
		for _, d := range docs {
			if q.Index != "product" || d.Get("product").String() == q.Key {
				found = append(found, d)
			}
		}
	}
	return r.answerList(found, false, "/v1/prices")
}

func oneOrZero(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func textOr(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
