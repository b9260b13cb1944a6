package main

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// perUnit is what a quantity of a price costs: amounts below the smallest unit
// are rounded at the end [D docs.stripe.com/billing/subscriptions/decimal-amounts, 2026-11].
func perUnit(price sdk.Doc, quantity int64) int64 {
	if by := price.Get("transform_quantity", "divide_by").Int64(); by > 0 {
		rest := quantity % by
		quantity /= by
		if rest > 0 && price.Get("transform_quantity", "round").String() == "up" {
			quantity++
		}
	}
	if n, ok := price.Get("unit_amount").Int(); ok {
		return n * quantity
	}
	f, _ := strconv.ParseFloat(price.Get("unit_amount_decimal").String(), 64)
	return int64(math.Round(f * float64(quantity)))
}

// amountOf is perUnit for prices with tiers too: volume takes the tier that the
// quantity reaches for all of it, graduated each tier for its part
// [D docs.stripe.com/products-prices/pricing-models, 2026-11].
func (r *request) amountOf(price sdk.Doc, quantity int64) int64 {
	if price.Get("billing_scheme").String() != "tiered" {
		return perUnit(price, quantity)
	}
	tiers, err := r.Arena.Parse(markOf(r.Call, price.Get("id").String(), markTiers))
	if err != nil {
		return 0
	}
	graduated := price.Get("tiers_mode").String() == "graduated"
	sum, from := int64(0), int64(0)
	for t := range tiers.All {
		to, bounded := t.Get("up_to").Int()
		if !bounded {
			to = math.MaxInt64
		}
		if !graduated {
			if quantity <= to {
				return perUnit(t, quantity) + t.Get("flat_amount").Int64()
			}
			continue
		}
		if part := min(quantity, to) - from; part > 0 {
			sum += perUnit(t, part) + t.Get("flat_amount").Int64()
		}
		from = to
	}
	return sum
}

// productName is the name of a price's product and what its units are called.
func (r *request) productName(price sdk.Doc) (name, unit string) {
	p, ok := specOf["product"].collection.Get(r.Call, price.Get("product").String())
	if !ok {
		return price.Get("nickname").String(), ""
	}
	return p.Get("name").String(), p.Get("unit_label").String()
}

// describeItem is a line's description: "1 user × Test Subscription (at $25.00 /
// month)" [R 2022-11-15 to 2025-10-29]; that of several intervals is [D
// docs.stripe.com/billing/invoices/subscription, 2026-11].
func (r *request) describeItem(d, item sdk.Doc, trial bool) string {
	price, quantity := item.Get("price"), item.Get("quantity").String()
	name, unit := r.productName(price)
	units := quantity
	if unit != "" {
		units += " " + unit
	}
	switch {
	case trial && flexible(d):
		return "Free trial for " + units + " × " + name // [R 2025-10-29]
	case trial && unit != "":
		return "Trial period for " + name + " (per " + unit + ")" // [R 2023-08-16 to 2025-03-31]
	case trial:
		return "Trial period for " + name
	}
	every := price.Get("recurring", "interval").String()
	if n := price.Get("recurring", "interval_count").Int64(); n > 1 {
		every = "every " + strconv.FormatInt(n, 10) + " " + every + "s"
	}
	return units + " × " + name + " (at " + money(price.Get("unit_amount").Int64(), price.Get("currency").String()) + " / " + every + ")"
}

// newLine adds a line of a price to an invoice. It is not counted yet: total does that.
func (r *request) newLine(inv, price sdk.Doc, amount, quantity int64, description string, start, end int64) sdk.Doc {
	line := lineTemplate.New(r.Arena)
	line.SetString("id", longID(r.Call, "il_1"))
	line.SetInt("amount", amount)
	line.SetInt("amount_excluding_tax", amount)
	line.SetInt("subtotal", amount)
	line.SetString("currency", inv.Get("currency").String())
	line.SetStringOrNull("description", description)
	line.SetString("invoice", inv.Get("id").String())
	line.Get("period").SetInt("end", end)
	line.Get("period").SetInt("start", start)
	line.SetInt("quantity", quantity)
	line.SetString("quantity_decimal", formatInt(quantity))
	if price.Exists() {
		if !price.Get("recurring").IsNull() {
			line.SetDoc("plan", planOf(r.Call, price))
		}
		line.SetDoc("price", price)
		line.SetDoc("pricing", pricingOf(r, price))
		line.SetDoc("unit_amount_excluding_tax", price.Get("unit_amount_decimal"))
	}
	return line
}

// pricingOf is "pricing", which lines and invoice items have since basil.
func pricingOf(r *request, price sdk.Doc) sdk.Doc {
	p := r.NewObject()
	details := p.SetObject("price_details")
	details.SetString("price", price.Get("id").String())
	details.SetString("product", price.Get("product").String())
	p.SetString("type", "price_details")
	p.SetDoc("unit_amount_decimal", price.Get("unit_amount_decimal"))
	return p
}

func addLine(inv, line sdk.Doc) {
	list := inv.Get("lines")
	list.Get("data").AddDoc(line)
	list.SetInt("total_count", int64(list.Get("data").Len()))
}

// addItemLine bills an item for the period it is in; a trial costs nothing.
func (r *request) addItemLine(inv, d, item sdk.Doc, trial bool) error {
	quantity := item.Get("quantity").Int64()
	amount := int64(0)
	if !trial {
		amount = r.amountOf(item.Get("price"), quantity)
	}
	line := r.newLine(inv, item.Get("price"), amount, quantity, r.describeItem(d, item, trial), item.Get("current_period_start").Int64(), item.Get("current_period_end").Int64())
	if trial {
		line.Get("pricing").SetString("unit_amount_decimal", "0") // [R]
		line.SetString("unit_amount_excluding_tax", "0")
	}
	r.belongTo(line, d, item, "", sdk.Doc{})
	line.Delete("invoice_item")
	addLine(inv, line)
	return nil
}

// belongTo says which item of a subscription a line is of. invoiceItem is that of
// a proration, credited what it gives back, as JSON.
func (r *request) belongTo(line, d, item sdk.Doc, invoiceItem string, credited sdk.Doc) {
	proration := invoiceItem != ""
	parent := line.SetObject("parent")
	parent.SetNull("invoice_item_details")
	parent.SetNull("license_fee_subscription_details")
	to := parent.SetObject("subscription_item_details")
	to.SetStringOrNull("invoice_item", invoiceItem)
	to.SetBool("proration", proration)
	details := to.SetObject("proration_details")
	details.SetNull("credited_items")
	if credited.Exists() {
		details.SetDoc("credited_items", credited)
		line.SetObject("proration_details").SetDoc("credited_items", credited)
	}
	to.SetString("subscription", d.Get("id").String())
	to.SetString("subscription_item", item.Get("id").String())
	parent.SetString("type", "subscription_item_details")
	line.SetString("subscription", d.Get("id").String())
	line.SetString("subscription_item", item.Get("id").String())
	if proration {
		line.SetString("invoice_item", invoiceItem)
		line.SetBool("proration", true)
		line.SetBool("discountable", false)
		line.SetString("type", "invoiceitem")
	}
}

// lineOfItem bills an invoice item: it is no longer pending.
func (r *request) lineOfItem(inv, item sdk.Doc) {
	price, _ := r.price(item.Get("pricing", "price_details", "price").String())
	line := r.newLine(inv, price, item.Get("amount").Int64(), item.Get("quantity").Int64(), item.Get("description").String(), item.Get("period", "start").Int64(), item.Get("period", "end").Int64())
	line.SetBool("discountable", item.Get("discountable").Bool())
	line.SetDoc("metadata", item.Get("metadata"))
	line.SetDoc("discounts", item.Get("discounts"))
	line.SetDoc("pricing", item.Get("pricing"))
	id := item.Get("id").String()
	if details := item.Get("parent", "subscription_details"); details.Kind() == sdk.Object {
		d := r.NewObject()
		d.SetDoc("id", details.Get("subscription"))
		of := r.NewObject()
		of.SetDoc("id", details.Get("subscription_item"))
		var credited sdk.Doc
		if text := markOf(r.Call, id, markCredited); text != "" {
			credited, _ = r.Arena.Parse(text)
		}
		r.belongTo(line, d, of, id, credited)
		line.SetString("unit_amount_excluding_tax", item.Get("amount").String())
	} else {
		parent := line.SetObject("parent")
		to := parent.SetObject("invoice_item_details")
		to.SetString("invoice_item", id)
		to.SetBool("proration", false)
		to.SetJSON("proration_details", `{"credited_items":null}`)
		to.SetNull("subscription")
		parent.SetNull("license_fee_subscription_details")
		parent.SetNull("subscription_item_details")
		parent.SetString("type", "invoice_item_details")
		line.SetString("invoice_item", id)
		line.SetString("type", "invoiceitem")
		line.Delete("subscription_item")
	}
	addLine(inv, line)
	item.SetString("invoice", inv.Get("id").String())
}

// dayText shows a date as descriptions of prorations do: 26 Mar 2025 [R].
func dayText(at int64) string { return time.Unix(at, 0).UTC().Format("02 Jan 2006") }

// total adds the lines of an invoice up and takes its discounts off.
func (r *request) total(inv sdk.Doc) {
	sum := int64(0)
	for line := range inv.Get("lines", "data").All {
		sum += line.Get("amount").Int64()
	}
	off, ofLines := r.discount(inv, sum)
	// What is taken off single lines is off the subtotal [R 2025-10-29].
	inv.SetInt("subtotal", sum-ofLines)
	inv.SetInt("subtotal_excluding_tax", sum-ofLines)
	inv.SetInt("total", sum-off)
	inv.SetInt("total_excluding_tax", sum-off)
	due := max(0, sum-off+inv.Get("starting_balance").Int64())
	inv.SetInt("amount_due", due)
	inv.SetInt("amount_remaining", due-inv.Get("amount_paid").Int64())
}

// applyDiscounts puts discounts on an invoice; total counts them.
func (r *request) applyDiscounts(inv sdk.Doc, discounts []sdk.Doc) {
	list := inv.SetArray("discounts")
	for i, x := range discounts {
		list.AddString(x.Get("id").String())
		if i == 0 {
			inv.SetDoc("discount", x)
		}
	}
}

// discount takes the discounts of an invoice off its lines, each off what those
// before it left [D docs.stripe.com/billing/subscriptions/coupons, 2026-11], and
// returns by how much, and how much of that is of single lines. Amounts are
// spread over the lines in proportion.
func (r *request) discount(inv sdk.Doc, sum int64) (off, ofLines int64) {
	totals, credits := inv.SetArray("total_discount_amounts"), inv.SetArray("total_pretax_credit_amounts")
	left := map[string]int64{}
	for line := range inv.Get("lines", "data").All {
		line.SetArray("discount_amounts")
		line.SetArray("pretax_credit_amounts")
		left[line.Get("id").String()] = line.Get("amount").Int64()
	}
	take := func(id string, lines []sdk.Doc) {
		x, ok := specOf["discount"].collection.Get(r.Call, id)
		if !ok {
			if x = inv.Get("discount"); x.Get("id").String() != id {
				return
			}
		}
		base := int64(0)
		for _, line := range lines {
			base += left[line.Get("id").String()]
		}
		taken := offOf(x.Get("coupon"), base, inv.Get("currency").String())
		if taken == 0 {
			return
		}
		rest := taken
		for i, line := range lines {
			key := line.Get("id").String()
			part := rest
			if i < len(lines)-1 {
				part = left[key] * taken / base
			}
			rest -= part
			left[key] -= part
			addDiscountAmount(line.Get("discount_amounts"), line.Get("pretax_credit_amounts"), id, part)
		}
		addDiscountAmount(totals, credits, id, taken)
		off += taken
	}
	var discountable []sdk.Doc
	for line := range inv.Get("lines", "data").All {
		for id := range line.Get("discounts").All {
			take(id.String(), []sdk.Doc{line})
		}
		if line.Get("discountable").Bool() && line.Get("amount").Int64() > 0 && line.Get("discounts").Len() == 0 {
			discountable = append(discountable, line)
		}
	}
	ofLines = off
	if len(discountable) > 0 {
		for id := range inv.Get("discounts").All {
			take(id.String(), discountable)
		}
	}
	return min(off, max(sum, 0)), ofLines
}

func addDiscountAmount(amounts, credits sdk.Doc, id string, amount int64) {
	a := amounts.AddObject()
	a.SetInt("amount", amount)
	a.SetString("discount", id)
	c := credits.AddObject()
	c.SetInt("amount", amount)
	c.SetString("discount", id)
	c.SetString("type", "discount")
}

// offOf is what a coupon takes off an amount.
func offOf(coupon sdk.Doc, amount int64, currency string) int64 {
	if amount <= 0 {
		return 0
	}
	if percent := coupon.Get("percent_off"); !percent.IsNull() {
		f, _ := strconv.ParseFloat(percent.String(), 64)
		return int64(math.Round(float64(amount) * f / 100))
	}
	if !strings.EqualFold(coupon.Get("currency").String(), currency) {
		return 0
	}
	return min(amount, coupon.Get("amount_off").Int64())
}
