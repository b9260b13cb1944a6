package main

import "github.com/mirrahq/mirra/sdk"

func discountHandlers() {
	handle("DeleteSubscriptionsSubscriptionExposedIdDiscount", sdk.Modelled, deleteSubscriptionDiscount)
	handle("DeleteCustomersCustomerSubscriptionsSubscriptionExposedIdDiscount", sdk.Modelled, deleteSubscriptionDiscount)
	handle("DeleteCustomersCustomerDiscount", sdk.Modelled, deleteCustomerDiscount)
	handle("GetCustomersCustomerDiscount", sdk.Modelled, func(r *request) error {
		d, err := r.liveCustomer()
		if err != nil {
			return err
		}
		x := d.Get("discount")
		if x.IsNull() {
			return noDiscount("customer", d)
		}
		return r.answer(x)
	})
}

// noDiscount is believed.
func noDiscount(what string, d sdk.Doc) error {
	return &failure{status: 404, code: "resource_missing", message: "No active discount for " + what + ": " + d.Get("id").String()}
}

// couponGiven is a coupon that parameters name: by itself, or by a code that
// customers enter.
type couponGiven struct {
	coupon sdk.Doc
	code   string // the promotion code's id
}

func (r *request) couponNamed(id, code, path string) (couponGiven, error) {
	coupons, codes := specOf["coupon"].collection, specOf["promotion_code"].collection
	at := func(name string) string {
		if path == "" {
			return name
		}
		return path + "[" + name + "]"
	}
	if code != "" {
		p, ok := codes.Get(r.Call, code)
		if !ok || !p.Get("active").Bool() {
			return couponGiven{}, missing("promotion code", code, at("promotion_code")) // believed
		}
		id = p.Get("promotion", "coupon").String()
		p.SetInt("times_redeemed", p.Get("times_redeemed").Int64()+1)
		codes.Update(r.Call, p)
	}
	c, ok := coupons.Get(r.Call, id)
	if !ok {
		return couponGiven{}, missing("coupon", id, at("coupon"))
	}
	if by, limited := c.Get("redeem_by").Int(); limited && by <= r.Unix() {
		c.SetBool("valid", false)
	}
	if most, limited := c.Get("max_redemptions").Int(); limited && c.Get("times_redeemed").Int64() >= most {
		c.SetBool("valid", false)
	}
	if !c.Get("valid").Bool() {
		return couponGiven{}, invalid("coupon_expired", at("coupon"), "Coupon expired: "+id) // [D docs.stripe.com/error-codes#coupon-expired, 2026-11], wording by users' reports
	}
	c.SetInt("times_redeemed", c.Get("times_redeemed").Int64()+1)
	coupons.Update(r.Call, c)
	return couponGiven{c, code}, nil
}

// redeem makes a discount of a coupon. It is not kept yet.
func (r *request) redeem(g couponGiven, customer string) sdk.Doc {
	x := discountTemplate.New(r.Arena)
	x.SetString("id", longID(r.Call, "di_1"))
	x.SetDoc("coupon", g.coupon)
	x.Get("source").SetString("coupon", g.coupon.Get("id").String())
	x.SetStringOrNull("customer", customer)
	x.SetStringOrNull("promotion_code", g.code)
	x.SetInt("start", r.Unix())
	if months := g.coupon.Get("duration_in_months").Int64(); months > 0 {
		x.SetInt("end", cycle(r.Unix(), "month", int(months)))
	}
	return x
}

// discountsGiven redeems the coupons that coupon, promotion_code and discounts
// name, in the parameters or below path. Existing discounts are named by id.
func (r *request) discountsGiven(params sdk.Doc, path, customer string) (made []sdk.Doc, err error) {
	add := func(coupon, code, at string) error {
		if coupon == "" && code == "" {
			return nil
		}
		g, err := r.couponNamed(coupon, code, at)
		if err == nil {
			made = append(made, r.redeem(g, customer))
		}
		return err
	}
	if err := add(params.Get("coupon").String(), params.Get("promotion_code").String(), path); err != nil {
		return nil, err
	}
	i := 0
	for given := range params.Get("discounts").All {
		at := "discounts[" + formatInt(int64(i)) + "]"
		i++
		if id := given.Get("discount").String(); id != "" {
			x, ok := specOf["discount"].collection.Get(r.Call, id)
			if !ok {
				return nil, missing("discount", id, at+"[discount]")
			}
			made = append(made, x)
			continue
		}
		if err := add(given.Get("coupon").String(), given.Get("promotion_code").String(), at); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// newDiscounts redeems what the parameters of a new subscription name, or takes
// over the customer's discount.
func (r *request) newDiscounts(d sdk.Doc) ([]sdk.Doc, error) {
	made, err := r.discountsGiven(r.params, "", d.Get("customer").String())
	if err != nil {
		return nil, err
	}
	for _, x := range made {
		x.SetString("subscription", d.Get("id").String())
	}
	r.showDiscounts(d, made)
	return made, nil
}

func (r *request) showDiscounts(d sdk.Doc, discounts []sdk.Doc) {
	list := d.SetArray("discounts")
	d.SetNull("discount")
	for i, x := range discounts {
		list.AddString(x.Get("id").String())
		if i == 0 {
			d.SetDoc("discount", x)
		}
	}
}

// activeDiscounts are those that a subscription's next invoice gets: its own, or
// its customer's [D docs.stripe.com/billing/subscriptions/coupons, 2026-11].
func (r *request) activeDiscounts(d, customer sdk.Doc) []sdk.Doc {
	var active []sdk.Doc
	for id := range d.Get("discounts").All {
		x, ok := specOf["discount"].collection.Get(r.Call, id.String())
		if !ok {
			if x = d.Get("discount"); x.Get("id").String() != id.String() {
				continue
			}
		}
		if end, limited := x.Get("end").Int(); limited && end <= r.Unix() || x.Get("coupon", "duration").String() == "once" && x.Get("start").Int64() < r.Unix() {
			continue
		}
		active = append(active, x)
	}
	if len(active) == 0 && !customer.Get("discount").IsNull() {
		active = append(active, customer.Get("discount"))
	}
	return active
}

func deleteSubscriptionDiscount(r *request) error {
	d, err := r.subscription()
	if err != nil {
		return err
	}
	if d.Get("discounts").Len() == 0 && d.Get("discount").IsNull() {
		return noDiscount("subscription", d)
	}
	before := d.Clone(r.Arena)
	x := d.Get("discount").Clone(r.Arena)
	r.showDiscounts(d, nil)
	subscriptions().Update(r.Call, d)
	emit(r.Call, "customer.subscription.updated", d, changes(r.Call, before, d))
	return r.endDiscount(x)
}

func deleteCustomerDiscount(r *request) error {
	d, err := r.liveCustomer()
	if err != nil {
		return err
	}
	if d.Get("discount").IsNull() {
		return noDiscount("customer", d)
	}
	before := d.Clone(r.Arena)
	x := d.Get("discount").Clone(r.Arena)
	d.SetNull("discount")
	customers.Update(r.Call, d)
	emit(r.Call, "customer.updated", d, changes(r.Call, before, d))
	return r.endDiscount(x)
}

// endDiscount answers with the discount that was deleted [S openapi 2024-04-10,
// deleted_discount].
func (r *request) endDiscount(x sdk.Doc) error {
	r.dropDiscount(x)
	x.Delete("end")
	insertAfter(x, "customer", "deleted", "true")
	return r.answer(x)
}

func (r *request) dropDiscount(x sdk.Doc) {
	emit(r.Call, "customer.discount.deleted", x, sdk.Doc{})
	specOf["discount"].collection.Delete(r.Call, x.Get("id").String(), x)
}

// setCustomerDiscount redeems coupon or promotion_code of a customer's
// parameters; "" ends the discount, another one takes its place. The events are
// those that the descriptions name for it [S openapi 2024-04-10, webhooks]; what
// customer.discount.updated says of before is believed.
func (r *request) setCustomerDiscount(d sdk.Doc) error {
	coupon, code := r.text("coupon"), r.text("promotion_code")
	old := d.Get("discount").Clone(r.Arena)
	if coupon == "" && code == "" {
		if (r.given("coupon") || r.given("promotion_code")) && !old.IsNull() {
			d.SetNull("discount")
			r.dropDiscount(old)
		}
		return nil
	}
	g, err := r.couponNamed(coupon, code, "")
	if err != nil {
		return err
	}
	x := r.redeem(g, d.Get("id").String())
	d.SetDoc("discount", x)
	if err := specOf["discount"].collection.Insert(r.Call, x); err != nil {
		return err
	}
	if old.IsNull() {
		emit(r.Call, "customer.discount.created", d.Get("discount"), sdk.Doc{})
		return nil
	}
	specOf["discount"].collection.Delete(r.Call, old.Get("id").String(), old)
	emit(r.Call, "customer.discount.updated", d.Get("discount"), changes(r.Call, old, d.Get("discount")))
	return nil
}
