package main

import (
	"math"
	"strconv"

	"github.com/mirrahq/mirra/sdk"
)

func updateSubscription(r *request) error {
	d, err := r.subscription()
	if err != nil {
		return err
	}
	if s := d.Get("status").String(); s == "canceled" || s == "incomplete_expired" {
		// [3, users' reports]
		return executed(invalid("", "", "A canceled subscription can only update its cancellation_details and metadata."))
	}
	before := d.Clone(r.Arena)
	if err := r.setSubscription(d); err != nil {
		return err
	}
	if r.given("cancel_at_period_end") {
		r.cancelAtPeriodEnd(d, r.is("cancel_at_period_end"))
	} else if r.given("cancel_at") {
		r.noteCancellation(d, !d.Get("cancel_at").IsNull())
	}
	if err := r.moveTrial(d); err != nil {
		return err
	}
	if r.given("coupon") || r.given("promotion_code") || r.given("discounts") {
		made, err := r.newDiscounts(d)
		if err != nil {
			return err
		}
		for _, x := range made {
			_ = specOf["discount"].collection.Insert(r.Call, x) // one that is there already keeps its place
		}
	}
	change := itemChange{r: r, d: d, at: r.Unix(), behavior: textOr(r.text("proration_behavior"), "create_prorations"), now: r.text("billing_cycle_anchor") == "now"}
	if n, ok := r.params.Get("proration_date").Int(); ok {
		change.at = n
	}
	if err := change.items(r.params.Get("items")); err != nil {
		return err
	}
	if err := r.storeUpdate(before, d, &change); err != nil {
		return err
	}
	now, _ := subscriptions().Get(r.Call, d.Get("id").String()) // as a payment left it
	return r.answer(now)
}

// storeUpdate stores a changed subscription and bills what changed.
func (r *request) storeUpdate(before, d sdk.Doc, change *itemChange) error {
	inv, err := change.bill()
	if err != nil {
		return err
	}
	if inv.Exists() {
		d.SetString("latest_invoice", inv.Get("id").String())
	}
	subscriptions().Update(r.Call, d)
	if previous := changes(r.Call, before, d); previous.Len() > 0 {
		emit(r.Call, "customer.subscription.updated", d, previous)
	}
	r.schedule(d)
	if inv.Exists() {
		if err := r.finalize(inv); err != nil {
			return err
		}
		if inv.Get("status").String() == "open" {
			method, err := r.invoiceMethod(inv)
			if err == nil {
				err = r.payInvoice(inv, method, true)
			}
			if f, declined := err.(*failure); err != nil && (!declined || f.status != 402 || r.text("payment_behavior") == "error_if_incomplete") {
				return err
			}
		}
	}
	return nil
}

// cancelAtPeriodEnd plans a cancellation, or takes the plan back [R 2024-06-20,
// 2025-10-29].
func (r *request) cancelAtPeriodEnd(d sdk.Doc, end bool) {
	d.SetBool("cancel_at_period_end", end)
	if end {
		d.SetInt("cancel_at", d.Get("current_period_end").Int64())
	} else {
		d.SetNull("cancel_at")
	}
	r.noteCancellation(d, end)
}

func (r *request) noteCancellation(d sdk.Doc, end bool) {
	if !end {
		d.SetNull("canceled_at")
		d.Get("cancellation_details").SetNull("reason")
		return
	}
	d.SetInt("canceled_at", r.Unix())
	d.Get("cancellation_details").SetString("reason", "cancellation_requested")
}

// moveTrial ends a trial, or sets another end.
func (r *request) moveTrial(d sdk.Doc) error {
	v := r.text("trial_end")
	if v == "" {
		return nil
	}
	if v != "now" {
		if err := r.startTrial(d); err != nil {
			return err
		}
		d.SetString("status", "trialing")
		r.setPeriod(d, r.Unix())
		return nil
	}
	if d.Get("status").String() != "trialing" {
		return nil // [R] nothing to end
	}
	d.SetInt("trial_end", r.Unix())
	d.SetInt("billing_cycle_anchor", r.Unix())
	d.SetString("status", "active")
	r.setPeriod(d, r.Unix())
	return nil
}

// itemChange is an update of a subscription's items and what it costs.
type itemChange struct {
	r        *request
	d        sdk.Doc
	at       int64
	behavior string // create_prorations, always_invoice or none
	now      bool   // the cycle begins anew

	credits []proration // what was paid for and is not used
	debits  []proration // what is used and was not paid for
	whole   bool        // the period began anew: items are billed in full
}

type proration struct {
	item       sdk.Doc
	amount     int64
	start, end int64
	credit     bool
}

// items applies the parameter items.
func (c *itemChange) items(given sdk.Doc) error {
	was := c.d.Get("items", "data").Clone(c.r.Arena)
	i := 0
	for g := range given.All {
		if err := c.item(g, "items["+strconv.Itoa(i)+"]"); err != nil {
			return err
		}
		i++
	}
	return c.prorate(was)
}

// item changes, adds or deletes one item.
func (c *itemChange) item(g sdk.Doc, path string) error {
	r, data := c.r, c.d.Get("items", "data")
	id := g.Get("id").String()
	if r.soleItem {
		id = data.At(0).Get("id").String()
	}
	if id == "" {
		price, err := r.itemPrice(g, path)
		if err != nil {
			return err
		}
		if currency := price.Get("currency").String(); currency != c.d.Get("currency").String() {
			return otherCurrency(c.d.Get("currency").String(), currency)
		}
		r.addItem(c.d, r.newItem(c.d.Get("id").String(), g, price))
		return nil
	}
	for item := range data.All {
		if item.Get("id").String() != id {
			continue
		}
		if isTrue(g.Get("deleted")) {
			return c.remove(id)
		}
		if g.Get("price").Exists() || g.Get("price_data").Exists() {
			price, err := r.itemPrice(g, path)
			if err != nil {
				return err
			}
			r.setItemPrice(item, price)
		}
		if n, ok := g.Get("quantity").Int(); ok {
			item.SetInt("quantity", n)
		}
		for m := range g.Get("metadata").All {
			item.Get("metadata").SetSortedString(m.Key(), m.String())
		}
		return nil
	}
	return missing("subscription_item", id, path+"[id]") // believed
}

func (c *itemChange) remove(id string) error {
	list := c.d.Get("items")
	kept := list.Get("data").Clone(c.r.Arena)
	if kept.Len() == 1 {
		// [3, users' reports]
		return executed(invalid("", "", "A subscription must have at least one active plan."))
	}
	data := list.SetArray("data")
	for item := range kept.All {
		if item.Get("id").String() != id {
			data.AddDoc(item)
		}
	}
	list.SetInt("total_count", int64(data.Len()))
	return nil
}

// prorate compares the items with what they were. A change of the interval
// begins the cycle anew, which flexible billing does not do
// [R 2025-02-24 classic, 2025-10-29 flexible].
func (c *itemChange) prorate(was sdk.Doc) error {
	r, d := c.r, c.d
	anew := c.now
	for item := range d.Get("items", "data").All {
		if old := itemOf(was, item.Get("id").String()); old.Exists() && !sameInterval(old.Get("price", "recurring"), item.Get("price", "recurring")) && !flexible(d) {
			anew = true
		}
	}
	trial := d.Get("status").String() == "trialing"
	if anew && !trial {
		d.SetInt("billing_cycle_anchor", c.at)
	}
	r.setPeriod(d, c.at)
	r.showSoleItem(d)
	if c.behavior == "none" || trial {
		c.whole = anew && !trial
		return nil
	}
	c.whole = anew
	for old := range was.All {
		item := itemOf(d.Get("items", "data"), old.Get("id").String())
		if !anew && item.Exists() && item.Get("price", "id").String() == old.Get("price", "id").String() && item.Get("quantity").Equal(old.Get("quantity")) {
			continue
		}
		c.credits = append(c.credits, c.part(old, true, old.Get("current_period_start").Int64(), old.Get("current_period_end").Int64()))
		if item.Exists() && !anew {
			c.debits = append(c.debits, c.part(item, false, item.Get("current_period_start").Int64(), item.Get("current_period_end").Int64()))
		}
	}
	for item := range d.Get("items", "data").All {
		if !anew && !itemOf(was, item.Get("id").String()).Exists() {
			c.debits = append(c.debits, c.part(item, false, item.Get("current_period_start").Int64(), item.Get("current_period_end").Int64()))
		}
	}
	return nil
}

func itemOf(items sdk.Doc, id string) sdk.Doc {
	for item := range items.All {
		if item.Get("id").String() == id {
			return item
		}
	}
	return sdk.Doc{}
}

func sameInterval(a, b sdk.Doc) bool {
	return a.Get("interval").String() == b.Get("interval").String() && a.Get("interval_count").Equal(b.Get("interval_count"))
}

// part is what an item costs from now to the end of its period, by the second
// [D docs.stripe.com/billing/subscriptions/prorations, 2026-11].
func (c *itemChange) part(item sdk.Doc, credit bool, start, end int64) proration {
	whole := c.r.amountOf(item.Get("price"), item.Get("quantity").Int64())
	amount := whole
	if end > start {
		amount = int64(math.Round(float64(whole) * float64(end-max(c.at, start)) / float64(end-start)))
	}
	if credit {
		amount = -amount
	}
	return proration{item, amount, c.at, end, credit}
}

// bill makes invoice items of the prorations, and an invoice where one is due:
// at once, because the client wants it or the cycle began anew.
func (c *itemChange) bill() (sdk.Doc, error) {
	r, d := c.r, c.d
	parts := append(c.credits, c.debits...)
	if len(parts) == 0 && !c.whole {
		return sdk.Doc{}, nil
	}
	customer, _ := customers.Get(r.Call, d.Get("customer").String())
	var items []sdk.Doc
	for _, p := range parts {
		item, err := r.prorationItem(d, p)
		if err != nil {
			return sdk.Doc{}, err
		}
		items = append(items, item)
	}
	if !c.whole && c.behavior != "always_invoice" {
		return sdk.Doc{}, nil
	}
	inv := r.newInvoice(customer, d.Get("currency").String(), "subscription_update")
	r.ofSubscription(inv, d)
	if !c.whole {
		inv.SetInt("period_start", d.Get("current_period_start").Int64()) // [R 2025-10-29]
	}
	for _, item := range items {
		r.lineOfItem(inv, item)
		invoiceItems().Update(r.Call, item)
	}
	if c.whole {
		for item := range d.Get("items", "data").All {
			if err := r.addItemLine(inv, d, item, false); err != nil {
				return inv, err
			}
		}
	}
	r.applyDiscounts(inv, r.activeDiscounts(d, customer))
	r.total(inv)
	if err := invoices().Insert(r.Call, inv); err != nil {
		return inv, err
	}
	emit(r.Call, "invoice.created", inv, sdk.Doc{})
	return inv, nil
}

// prorationItem is an invoice item of a proration [R].
func (r *request) prorationItem(d sdk.Doc, p proration) (sdk.Doc, error) {
	price := p.item.Get("price")
	item := r.newInvoiceItem(d.Get("customer").String(), price, p.amount, p.item.Get("quantity").Int64())
	name, _ := r.productName(price)
	if n := p.item.Get("quantity").Int64(); n > 1 {
		name = formatInt(n) + " × " + name // [D docs.stripe.com/billing/subscriptions/prorations, 2026-11]
	}
	verb := "Remaining"
	if p.credit {
		verb = "Unused"
		r.noteCredited(d, p.item, item)
	}
	item.SetString("description", verb+" time on "+name+" after "+dayText(p.start))
	item.SetBool("discountable", false)
	item.SetBool("proration", true)
	item.Get("period").SetInt("end", p.end)
	item.Get("period").SetInt("start", p.start)
	parent := item.SetObject("parent")
	of := parent.SetObject("subscription_details")
	of.SetString("subscription", d.Get("id").String())
	of.SetString("subscription_item", p.item.Get("id").String())
	parent.SetString("type", "subscription_details")
	item.Get("pricing").SetNull("unit_amount_decimal")
	item.SetString("subscription", d.Get("id").String())
	if err := invoiceItems().Insert(r.Call, item); err != nil {
		return item, err
	}
	emit(r.Call, "invoiceitem.created", item, sdk.Doc{})
	return item, nil
}

// noteCredited remembers the lines of the latest invoice that a credit gives
// back, which its own line names.
func (r *request) noteCredited(d, of, item sdk.Doc) {
	inv, ok := invoices().Get(r.Call, d.Get("latest_invoice").String())
	if !ok {
		return
	}
	credited := r.NewObject()
	credited.SetString("invoice", inv.Get("id").String())
	lines := credited.SetArray("invoice_line_items")
	for line := range inv.Get("lines", "data").All {
		if line.Get("parent", "subscription_item_details", "subscription_item").String() == of.Get("id").String() && line.Get("amount").Int64() > 0 {
			lines.AddString(line.Get("id").String())
		}
	}
	if lines.Len() > 0 {
		setMark(r.Call, item.Get("id").String(), markCredited, credited.JSON())
	}
}

func cancelSubscription(r *request) error {
	d, err := r.subscription()
	if err != nil {
		return err
	}
	if s := d.Get("status").String(); s == "canceled" || s == "incomplete_expired" {
		return notFound("subscription", d.Get("id").String(), "id") // [3, users' reports]
	}
	if v := r.params.Get("cancellation_details"); v.Kind() == sdk.Object {
		for _, name := range [...]string{"comment", "feedback"} {
			if c := v.Get(name); c.Exists() {
				d.Get("cancellation_details").SetStringOrNull(name, c.String())
			}
		}
	}
	if r.is("prorate") || r.is("invoice_now") {
		change := itemChange{r: r, d: d, at: r.Unix(), behavior: "create_prorations"}
		if r.is("invoice_now") {
			change.behavior = "always_invoice"
		}
		if r.is("prorate") {
			for item := range d.Get("items", "data").All {
				change.credits = append(change.credits, change.part(item, true, item.Get("current_period_start").Int64(), item.Get("current_period_end").Int64()))
			}
		}
		inv, err := change.bill()
		if err != nil {
			return err
		}
		if inv.Exists() {
			d.SetString("latest_invoice", inv.Get("id").String())
			if err := r.finalize(inv); err != nil {
				return err
			}
		}
	}
	r.endSubscription(d, "cancellation_requested")
	return r.answer(d)
}

// endSubscription ends a subscription now. What is still open of it is no longer
// collected by itself [D docs.stripe.com/api/subscriptions/cancel, 2026-11].
func (r *request) endSubscription(d sdk.Doc, reason string) {
	before := d.Clone(r.Arena)
	id := d.Get("id").String()
	if d.Get("canceled_at").IsNull() {
		d.SetInt("canceled_at", r.Unix())
	}
	d.SetNull("cancel_at")
	d.SetBool("cancel_at_period_end", false)
	d.SetInt("ended_at", r.Unix())
	d.Get("cancellation_details").SetString("reason", textOr(d.Get("cancellation_details", "reason").String(), reason))
	d.SetString("status", "canceled")
	if before.Get("status").String() == "incomplete" {
		d.SetString("status", "incomplete_expired")
	}
	for _, name := range [...]string{"renew", "incomplete", "trial"} {
		r.ClearTimer(name, id)
	}
	if inv, ok := invoices().Get(r.Call, d.Get("latest_invoice").String()); ok && inv.Get("auto_advance").Bool() {
		inv.SetBool("auto_advance", false)
		inv.SetNull("next_payment_attempt")
		invoices().Update(r.Call, inv)
		r.ClearTimer("retry", inv.Get("id").String())
		r.ClearTimer("finalize", inv.Get("id").String())
	}
	subscriptions().Update(r.Call, d)
	emit(r.Call, "customer.subscription.deleted", d, sdk.Doc{})
}

// resumeSubscription ends a pause that began with a trial without a payment
// method; others are ended by an update of pause_collection.
func resumeSubscription(r *request) error {
	d, err := r.subscription()
	if err != nil {
		return err
	}
	if d.Get("status").String() != "paused" {
		return executed(invalid("", "", "The subscription must be paused to be resumed; its status is "+d.Get("status").String()+".")) // believed
	}
	before := d.Clone(r.Arena)
	d.SetString("status", "active")
	d.SetInt("billing_cycle_anchor", r.Unix())
	r.setPeriod(d, r.Unix())
	subscriptions().Update(r.Call, d)
	emit(r.Call, "customer.subscription.resumed", d, changes(r.Call, before, d))
	r.schedule(d)
	return r.answer(d)
}
