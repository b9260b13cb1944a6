package main

import (
	"strconv"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func subscriptionHandlers() {
	create := func(r *request) error {
		d, err := r.createSubscription()
		if err != nil {
			return err
		}
		return r.answer(d)
	}
	get := func(r *request) error {
		d, err := r.subscription()
		if err != nil {
			return err
		}
		return r.answer(d)
	}
	handle("PostSubscriptions", sdk.Exact, create)
	handle("GetSubscriptions", sdk.Exact, listSubscriptions)
	handle("GetSubscriptionsSubscriptionExposedId", sdk.Exact, get)
	handle("PostSubscriptionsSubscriptionExposedId", sdk.Exact, updateSubscription)
	handle("DeleteSubscriptionsSubscriptionExposedId", sdk.Exact, cancelSubscription)
	handle("PostSubscriptionsSubscriptionResume", sdk.Modelled, resumeSubscription)
	// The older interface below customers.
	handle("PostCustomersCustomerSubscriptions", sdk.Modelled, create)
	handle("GetCustomersCustomerSubscriptions", sdk.Modelled, listSubscriptions)
	handle("GetCustomersCustomerSubscriptionsSubscriptionExposedId", sdk.Modelled, get)
	handle("PostCustomersCustomerSubscriptionsSubscriptionExposedId", sdk.Modelled, updateSubscription)
	handle("DeleteCustomersCustomerSubscriptionsSubscriptionExposedId", sdk.Modelled, cancelSubscription)
}

func subscriptions() *sdk.Collection { return specOf["subscription"].collection }

// subscription is the one that the path names.
func (r *request) subscription() (sdk.Doc, error) {
	id := r.Value("subscription_exposed_id")
	if id == "" {
		id = r.Value("subscription")
	}
	d, ok := subscriptions().Get(r.Call, id)
	if customer := r.Value("customer"); customer != "" && (!ok || customer != d.Get("customer").String()) {
		// [R 2016]
		return d, &failure{status: 404, code: "resource_missing", param: "subscription", message: "Customer " + customer + " does not have a subscription with ID " + id}
	}
	if !ok {
		return d, notFound("subscription", id, "id") // [R]
	}
	return d, nil
}

func listSubscriptions(r *request) error {
	q, err := r.page()
	if err != nil {
		return err
	}
	customer := r.text("customer")
	if customer == "" {
		customer = r.Value("customer")
	}
	if customer != "" {
		if d, _ := customers.GetAny(r.Call, customer); !d.Exists() {
			return missing("customer", customer, "customer")
		}
		q.Index, q.Key = "customer", customer
	}
	if v := r.text("collection_method"); v != "" {
		q.Filter("$.collection_method", v)
	}
	if v := r.text("price"); v != "" {
		q.Filter("$.items.data[0].price.id", v)
	}
	url := r.Path()
	switch status := r.text("status"); status {
	case "all":
		return r.list(subscriptions(), q, "subscription", url)
	case "", "ended":
		// All that are not canceled, or only what is over
		// [D docs.stripe.com/api/subscriptions/list, 2026-11].
		return r.listSelected(subscriptions(), q, "subscription", url, func(d sdk.Doc) bool {
			s := d.Get("status").String()
			over := s == "canceled"
			return over == (status == "ended") || status == "ended" && s == "incomplete_expired"
		})
	default:
		q.Filter("$.status", status)
	}
	return r.list(subscriptions(), q, "subscription", url)
}

// listSelected is list of the documents that wanted tells, for which there is no
// condition of SQL. It goes through the collection page by page.
func (r *request) listSelected(k *sdk.Collection, q sdk.ListQuery, noun, url string, wanted func(sdk.Doc) bool) error {
	limit, backward := q.Limit, q.Before != ""
	q.Limit = 100
	var out []sdk.Doc
	for more := true; more && len(out) <= limit; {
		page, err := k.Find(r.Call, q)
		if err != nil {
			return missing(noun, q.After+q.Before, "starting_after")
		}
		var docs []sdk.Doc
		docs, more = page.Docs(r.Call)
		if backward {
			docs, more = docs[max(0, len(docs)-limit-1):], false
		}
		for _, d := range docs {
			q.After = d.Get("id").String()
			if wanted(d) {
				out = append(out, d)
			}
		}
	}
	return r.answerList(out[:min(limit, len(out))], len(out) > limit, url)
}

// longSubscriptionIDs is since when ids of subscriptions have the newer form: not on
// 2021-09-01, on 2021-12-07 [R].
var longSubscriptionIDs = day("2021-10-15")

// createSubscription makes a subscription with its first invoice, and attempts
// to pay that.
func (r *request) createSubscription() (sdk.Doc, error) {
	id := r.text("customer")
	if id == "" {
		id = r.Value("customer")
	}
	if id == "" {
		return sdk.Doc{}, invalid("parameter_missing", "customer", "Missing required param: customer.") // [R] wording
	}
	customer, ok := customers.Get(r.Call, id)
	if !ok {
		return sdk.Doc{}, missing("customer", id, "customer")
	}
	now := r.Unix()
	d := subscriptionTemplate.New(r.Arena)
	if r.after(longSubscriptionIDs) {
		d.SetString("id", longID(r.Call, "sub_1"))
	} else {
		d.SetString("id", r.NewID("sub_", 14))
	}
	for _, name := range [...]string{"billing_cycle_anchor", "created", "start_date", "current_period_start"} {
		d.SetInt(name, now)
	}
	d.SetString("customer", id)
	if err := r.setItems(d); err != nil {
		return d, err
	}
	if err := r.setSubscription(d); err != nil {
		return d, err
	}
	if err := reachable(d, customer); err != nil {
		return d, err
	}
	r.setBillingMode(d)
	if err := r.startTrial(d); err != nil {
		return d, err
	}
	r.setPeriod(d, now)
	if d.Get("cancel_at_period_end").Bool() {
		r.cancelAtPeriodEnd(d, true)
	}
	discounts, err := r.newDiscounts(d)
	if err != nil {
		return d, err
	}
	method, err := r.payingMethod(d, customer)
	if err != nil {
		return d, err
	}
	if err := r.startSubscription(d, customer, method, discounts); err != nil {
		return d, err
	}
	made, _ := subscriptions().Get(r.Call, d.Get("id").String()) // as the payment left it
	return made, nil
}

// startSubscription issues the first invoice. By default a subscription whose
// first invoice cannot be paid is incomplete
// [D docs.stripe.com/api/subscriptions/create#create_subscription-payment_behavior, 2026-11].
func (r *request) startSubscription(d, customer, method sdk.Doc, discounts []sdk.Doc) error {
	behavior := textOr(r.text("payment_behavior"), "allow_incomplete")
	inv := r.newInvoice(customer, d.Get("currency").String(), "subscription_create")
	r.ofSubscription(inv, d)
	trial := !d.Get("trial_end").IsNull()
	for item := range d.Get("items", "data").All {
		if err := r.addItemLine(inv, d, item, trial); err != nil {
			return err
		}
	}
	added, err := r.addOneTime(inv, d)
	if err != nil {
		return err
	}
	r.applyDiscounts(inv, discounts)
	r.total(inv)
	send := d.Get("collection_method").String() == "send_invoice"
	due := inv.Get("amount_due").Int64()
	if behavior == "error_if_incomplete" && due > 0 && !send {
		if f := r.wouldFail(method, due); f != nil {
			return f
		}
	}
	if due > 0 && !send && !trial {
		d.SetString("status", "incomplete")
	}
	if trial {
		d.SetString("status", "trialing")
	}
	d.SetString("latest_invoice", inv.Get("id").String())
	if err := r.keepAll(d, inv, added, discounts); err != nil {
		return err
	}
	customerCurrency(r, customer, d.Get("currency").String())
	emit(r.Call, "customer.subscription.created", d, sdk.Doc{})
	r.schedule(d)
	if send {
		r.draftFor(inv, time.Hour)
		invoices().Update(r.Call, inv)
		return nil
	}
	if err := r.finalize(inv); err != nil {
		return err
	}
	if due == 0 && behavior == "default_incomplete" && !method.Exists() {
		if err := r.pendingSetup(d); err != nil {
			return err
		}
	}
	if due > 0 {
		err := r.payInvoice(inv, method, behavior != "default_incomplete")
		if f, declined := err.(*failure); err != nil && (!declined || f.status != 402) {
			return err
		}
		id := d.Get("id").String()
		if made, ok := subscriptions().Get(r.Call, id); ok && made.Get("status").String() == "incomplete" {
			// [D docs.stripe.com/billing/subscriptions/overview, 2026-11] 23 hours
			r.SetTimer("incomplete", id, r.Now().Add(23*time.Hour), timerPayload(r.Call, id, ""))
		}
	}
	return nil
}

// keepAll stores what makes a new subscription.
func (r *request) keepAll(d, inv sdk.Doc, items, discounts []sdk.Doc) error {
	for _, x := range discounts {
		if err := specOf["discount"].collection.Insert(r.Call, x); err != nil {
			return err
		}
		emit(r.Call, "customer.discount.created", x, sdk.Doc{})
	}
	for _, item := range items {
		if err := invoiceItems().Insert(r.Call, item); err != nil {
			return err
		}
		emit(r.Call, "invoiceitem.created", item, sdk.Doc{})
	}
	if err := subscriptions().Insert(r.Call, d); err != nil {
		return err
	}
	if err := invoices().Insert(r.Call, inv); err != nil {
		return err
	}
	emit(r.Call, "invoice.created", inv, sdk.Doc{})
	return nil
}

// setSubscription copies the parameters that create and update share.
func (r *request) setSubscription(d sdk.Doc) error {
	if id := r.text("default_payment_method"); id != "" {
		m, ok := paymentMethods.Get(r.Call, id)
		if !ok {
			return missing("PaymentMethod", id, "default_payment_method")
		}
		if m.Get("customer").String() != d.Get("customer").String() {
			f := notAttached(id)
			f.param = "default_payment_method"
			return f
		}
	}
	for rate := range r.params.Get("default_tax_rates").All {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "default_tax_rates", message: "Mirra does not calculate taxes yet: default_tax_rates " + rate.String() + "."}
	}
	if r.is("automatic_tax", "enabled") {
		return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: "automatic_tax[enabled]", message: "Mirra does not calculate taxes yet."}
	}
	if r.text("collection_method") == "send_invoice" && !r.given("days_until_due") && d.Get("days_until_due").IsNull() {
		// [3, users' reports]
		return invalid("", "days_until_due", "You must pass the `days_until_due` parameter when `collection_method` is set to `send_invoice`.")
	}
	picked := r.NewObject()
	for _, name := range [...]string{
		"application_fee_percent", "cancel_at", "cancel_at_period_end", "collection_method", "days_until_due", "default_payment_method", "default_source",
		"description", "invoice_settings", "metadata", "on_behalf_of", "pause_collection", "payment_settings", "trial_settings",
	} {
		if v := r.params.Get(name); v.Exists() {
			picked.SetDoc(name, v)
		}
	}
	if v := r.params.Get("cancellation_details"); v.Kind() == sdk.Object {
		for _, name := range [...]string{"comment", "feedback"} {
			if c := v.Get(name); c.Exists() {
				d.Get("cancellation_details").SetStringOrNull(name, c.String())
			}
		}
	}
	engine.Apply(r.Call, d, shapeOf("subscription"), picked)
	return nil
}

// setBillingMode: flexible is the default since clover
// [D docs.stripe.com/billing/subscriptions/billing-mode, 2026-11; R 2025-10-29].
func (r *request) setBillingMode(d sdk.Doc) {
	mode := r.text("billing_mode", "type")
	if mode == "" && r.since(clover) {
		mode = "flexible"
	}
	if mode != "flexible" {
		return
	}
	to := d.SetObject("billing_mode")
	to.SetObject("flexible").SetString("proration_discounts", textOr(r.text("billing_mode", "flexible", "proration_discounts"), "included"))
	to.SetString("type", "flexible")
	to.SetInt("updated_at", r.Unix())
}

func flexible(d sdk.Doc) bool { return d.Get("billing_mode", "type").String() == "flexible" }

// startTrial sets when a trial ends: the cycle begins there.
func (r *request) startTrial(d sdk.Doc) error {
	end := int64(0)
	switch v := r.text("trial_end"); {
	case v == "now":
	case v != "":
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return invalid("", "trial_end", "Invalid integer: "+v)
		}
		if n <= r.Unix() {
			// [3, users' reports]
			return invalid("", "trial_end", "The trial_end must be in the future.")
		}
		end = n
	default:
		if days, ok := r.params.Get("trial_period_days").Int(); ok && days > 0 {
			end = r.Unix() + days*24*3600
		} else if days := d.Get("items", "data").At(0).Get("price", "recurring", "trial_period_days").Int64(); days > 0 && r.is("trial_from_plan") {
			end = r.Unix() + days*24*3600
		}
	}
	if end == 0 {
		return nil
	}
	d.SetInt("trial_start", r.Unix())
	d.SetInt("trial_end", end)
	d.SetInt("billing_cycle_anchor", end)
	return nil
}

// payingMethod is what pays a subscription's invoices: its own default, or its
// customer's [D docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority,
// 2026-11]. There has to be one if something is to be paid at once.
func (r *request) payingMethod(d, customer sdk.Doc) (sdk.Doc, error) {
	id := firstText(d.Get("default_payment_method"), d.Get("default_source"), customer.Get("invoice_settings", "default_payment_method"), customer.Get("default_source"))
	if id != "" {
		m, err := r.method(id, "default_payment_method", 400)
		return m, err
	}
	free := !d.Get("trial_end").IsNull() || d.Get("collection_method").String() == "send_invoice" || r.text("payment_behavior") == "default_incomplete"
	if !free && subscriptionAmount(d) > 0 {
		// [R 2019-08-14 to 2025-10-29]
		return sdk.Doc{}, executed(&failure{status: 400, code: "resource_missing", message: noSource})
	}
	return sdk.Doc{}, nil
}

func firstText(docs ...sdk.Doc) string {
	for _, d := range docs {
		if v := d.String(); v != "" && !d.IsNull() {
			return v
		}
	}
	return ""
}

// customerCurrency keeps the currency that a customer is billed in from then on
// [D docs.stripe.com/api/customers/object#customer_object-currency, 2026-11].
func customerCurrency(r *request, customer sdk.Doc, currency string) {
	if !customer.Get("currency").IsNull() {
		return
	}
	before := customer.Clone(r.Arena)
	customer.SetString("currency", currency)
	customers.Update(r.Call, customer)
	emit(r.Call, "customer.updated", customer, changes(r.Call, before, customer))
}

// pendingSetup makes the setup intent that collects a payment method where
// nothing is to be paid at first
// [D docs.stripe.com/api/subscriptions/object#subscription_object-pending_setup_intent, 2026-11].
func (r *request) pendingSetup(d sdk.Doc) error {
	given := r.params
	defer func() { r.params = given }()
	r.params = r.NewObject()
	r.params.SetString("customer", d.Get("customer").String())
	r.params.SetString("usage", "off_session")
	setup, err := r.createSetup()
	if err != nil {
		return err
	}
	d.SetString("pending_setup_intent", setup.Get("id").String())
	subscriptions().Update(r.Call, d)
	return nil
}
