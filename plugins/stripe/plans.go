package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// planTemplate [R, GET /v1/plans at 2020-08-27, and within subscriptions at all
// versions since]. A plan is what the older interface calls a price that recurs
// [D docs.stripe.com/api/plans, 2026-11]: prices are kept, plans are made of them.
var planTemplate = sdk.MustTemplate(`{"id":"","object":"plan","active":true,"aggregate_usage":null,"amount":null,"amount_decimal":null,"billing_scheme":"per_unit","created":0,"currency":"","interval":"month","interval_count":1,"livemode":false,"metadata":{},"meter":null,"nickname":null,"product":null,"tiers_mode":null,"transform_usage":null,"trial_period_days":null,"usage_type":"licensed"}`)

// Members that plan and price share, and how the plan names the others.
var (
	planShared    = []string{"id", "active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname", "product", "tiers_mode"}
	planRenamed   = [][2]string{{"amount", "unit_amount"}, {"amount_decimal", "unit_amount_decimal"}, {"transform_usage", "transform_quantity"}}
	planRecurring = []string{"aggregate_usage", "interval", "interval_count", "meter", "trial_period_days", "usage_type"}
)

// planOf shows a price as a plan.
func planOf(c *sdk.Call, price sdk.Doc) sdk.Doc {
	d := planTemplate.New(c.Arena)
	for _, name := range planShared {
		d.SetDoc(name, price.Get(name))
	}
	for _, names := range planRenamed {
		d.SetDoc(names[0], price.Get(names[1]))
	}
	for _, name := range planRecurring {
		if v := price.Get("recurring", name); v.Exists() {
			d.SetDoc(name, v)
		}
	}
	return d
}

// priceOfPlan is planOf the other way round.
func priceOfPlan(c *sdk.Call, plan sdk.Doc) sdk.Doc {
	d := priceTemplate.New(c.Arena)
	for _, name := range planShared {
		if v := plan.Get(name); v.Exists() {
			d.SetDoc(name, v)
		}
	}
	for _, names := range planRenamed {
		if v := plan.Get(names[0]); v.Exists() {
			d.SetDoc(names[1], v)
		}
	}
	to := recurringTemplate.New(c.Arena)
	for _, name := range planRecurring {
		if v := plan.Get(name); v.Exists() {
			to.SetDoc(name, v)
		}
	}
	d.SetDoc("recurring", to)
	d.SetString("type", "recurring")
	return d
}

var (
	selectPlans = sdk.Define(`SELECT doc FROM objects WHERE type = 'plan' AND account = ?1 AND deleted = 0`)
	adoptPlan   = sdk.Define(`UPDATE objects SET type = 'price', doc = ?3 WHERE id = ?2 AND account = ?1 AND type = 'plan'`)
	linkPlan    = sdk.Define(`INSERT OR IGNORE INTO links(name, account, key, seq) SELECT 'price.product', account, ?3, seq FROM objects WHERE id = ?2 AND account = ?1`)
)

// adoptPlans makes prices of plans that a seed brought.
func adoptPlans(c *sdk.Call) {
	rows := selectPlans.MustRun(c.Args().Text(c.Account()))
	var plans []sdk.Doc
	for rows.Next() {
		plans = append(plans, c.Trusted(rows.Text()))
	}
	for _, plan := range plans {
		id := plan.Get("id").String()
		adoptPlan.MustRun(c.Args().Text(c.Account()).Text(id).JSON(priceOfPlan(c, plan)))
		if product := plan.Get("product").String(); product != "" {
			linkPlan.MustRun(c.Args().Text(c.Account()).Text(id).Text(product))
		}
	}
}

func planHandlers() {
	handle("GetPlans", sdk.Modelled, listPlans)
	handle("PostPlans", sdk.Modelled, createPlan)
	handle("GetPlansPlan", sdk.Exact, func(r *request) error {
		d, err := r.plan()
		if err != nil {
			return err
		}
		return r.answer(planOf(r.Call, d))
	})
	handle("PostPlansPlan", sdk.Modelled, updatePlan)
	handle("DeletePlansPlan", sdk.Modelled, deletePlan)
}

// plan is the plan of the path, as the price that it is.
func (r *request) plan() (sdk.Doc, error) {
	id := r.Value("plan")
	d, ok := r.price(id)
	if !ok || d.Get("recurring").IsNull() {
		return d, notFound("plan", id, "plan") // [R 2020-03-02]
	}
	return d, nil
}

func listPlans(r *request) error {
	adoptPlans(r.Call)
	q, err := r.page()
	if err != nil {
		return err
	}
	q.Filter("$.type", "recurring")
	if r.given("active") {
		q.Filter("$.active", oneOrZero(r.is("active")))
	}
	if v := r.text("product"); v != "" {
		q.Index, q.Key = "product", v
	}
	page, err := specOf["price"].collection.Find(r.Call, q)
	if err != nil {
		return missing("plan", q.After+q.Before, "starting_after")
	}
	docs, more := page.Docs(r.Call)
	for i := range docs {
		docs[i] = planOf(r.Call, docs[i])
	}
	return r.answerList(docs, more, "/v1/plans")
}

// createPlan makes a price: product is an id, or the parameters of a product.
func createPlan(r *request) error {
	given := r.params
	plan := planTemplate.New(r.Arena)
	for _, name := range [...]string{"billing_scheme", "currency", "interval", "meter", "nickname", "tiers_mode", "usage_type", "aggregate_usage"} {
		if v := given.Get(name).String(); v != "" {
			plan.SetString(name, v)
		}
	}
	for _, name := range [...]string{"amount", "interval_count", "trial_period_days"} {
		if n, ok := given.Get(name).Int(); ok {
			plan.SetInt(name, n)
		}
	}
	currency, err := r.currency("currency")
	if err != nil {
		return err
	}
	plan.SetString("currency", currency)
	switch exact := given.Get("amount_decimal").String(); {
	case exact != "":
		setDecimal(plan, "amount", exact)
	case given.Get("amount").Exists():
		plan.SetString("amount_decimal", given.Get("amount").String())
	case r.text("billing_scheme") != "tiered":
		return invalid("parameter_missing", "amount", "Plans require an `amount` parameter to be set.") // [R-like, users' reports]
	}
	if v := given.Get("transform_usage"); v.Kind() == sdk.Object {
		to := plan.SetObject("transform_usage")
		to.SetNumber("divide_by", v.Get("divide_by").String())
		to.SetString("round", v.Get("round").String())
	}
	if r.given("active") {
		plan.SetBool("active", r.is("active"))
	}
	id := r.text("id")
	if id == "" {
		id = longID(r.Call, "plan_1") // [D docs.stripe.com/api/plans/object]: older forms are plan_ and 14
	}
	plan.SetString("id", id)
	plan.SetInt("created", r.Unix())
	r.setMetadata(plan)
	if err := r.productOfPlan(plan); err != nil {
		return err
	}
	if tiers := given.Get("tiers"); tiers.Len() > 0 {
		setMark(r.Call, id, markTiers, tiersOf(r, tiers).JSON())
	}
	d := priceOfPlan(r.Call, plan)
	if err := r.keepPrice(d); err != nil {
		if f, ok := err.(*failure); ok && f.code == "resource_already_exists" {
			f.message = "Plan already exists." // [R]
		}
		return err
	}
	return r.answer(planOf(r.Call, d))
}

func (r *request) productOfPlan(plan sdk.Doc) error {
	given := r.params.Get("product")
	if given.Kind() == sdk.Object {
		p := specOf["product"].new(r, given)
		p.SetInt("updated", r.Unix())
		plan.SetString("product", p.Get("id").String())
		return r.insertNew(specOf["product"], p)
	}
	id := given.String()
	if id == "" {
		return invalid("parameter_missing", "product", "Missing required param: product.") // [R] wording
	}
	if _, ok := specOf["product"].collection.Get(r.Call, id); !ok {
		return missing("product", id, "product")
	}
	plan.SetString("product", id)
	return nil
}

func updatePlan(r *request) error {
	d, err := r.plan()
	if err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	r.setText(d, "nickname")
	r.setMetadata(d)
	if r.given("active") {
		d.SetBool("active", r.is("active"))
	}
	if n, ok := r.params.Get("trial_period_days").Int(); ok {
		d.Get("recurring").SetInt("trial_period_days", n)
	}
	if id := r.text("product"); id != "" {
		if _, ok := specOf["product"].collection.Get(r.Call, id); !ok {
			return missing("product", id, "product")
		}
		d.SetString("product", id)
	}
	if !before.Equal(d) {
		specOf["price"].collection.Update(r.Call, d)
		plan := planOf(r.Call, d)
		emit(r.Call, "price.updated", d, changes(r.Call, before, d))
		emit(r.Call, "plan.updated", plan, changes(r.Call, planOf(r.Call, before), plan))
	}
	return r.answer(planOf(r.Call, d))
}

func deletePlan(r *request) error {
	d, err := r.plan()
	if err != nil {
		return err
	}
	id := d.Get("id").String()
	tombstone := r.NewObject()
	tombstone.SetString("id", id)
	tombstone.SetString("object", "plan")
	tombstone.SetBool("deleted", true)
	specOf["price"].collection.Delete(r.Call, id, tombstone)
	emit(r.Call, "price.deleted", d, sdk.Doc{})
	emit(r.Call, "plan.deleted", planOf(r.Call, d), sdk.Doc{})
	return r.JSON(tombstone)
}

// currencyOf is request.currency of a text.
func knownCurrency(text, param string) (string, error) {
	c := strings.ToLower(text)
	if len(c) < 3 || strings.IndexByte(c, ' ') >= 0 || !strings.Contains(currencies+",", c+",") {
		return "", invalid("", param, "Invalid currency: "+c+". Stripe currently supports these currencies: "+currencies) // [3, users' reports]
	}
	return c, nil
}
