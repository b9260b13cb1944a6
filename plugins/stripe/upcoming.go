package main

import (
	"time"

	"github.com/mirrahq/mirra/sdk"
)

func upcomingHandlers() {
	handle("GetInvoicesUpcoming", sdk.Modelled, func(r *request) error {
		d, err := r.upcoming()
		if err != nil {
			return err
		}
		d.Delete("id") // [D docs.stripe.com/api/invoices/upcoming, 2026-11]
		return r.answer(d)
	})
	handle("PostInvoicesCreatePreview", sdk.Modelled, func(r *request) error {
		d, err := r.upcoming()
		if err != nil {
			return err
		}
		return r.answer(d)
	})
}

// upcoming is the invoice that the next renewal will issue, with what is pending.
// Changes that have not been made cannot be previewed yet.
func (r *request) upcoming() (sdk.Doc, error) {
	for p := range r.params.All {
		switch p.Key() {
		case "customer", "subscription", "expand":
		default:
			return sdk.Doc{}, &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: p.Key(), message: "Mirra previews invoices as things stand, not yet with " + p.Key() + "."}
		}
	}
	id, customer := r.text("subscription"), r.text("customer")
	if id == "" && customer == "" {
		return sdk.Doc{}, invalid("", "", "You must either provide a `customer` or a `subscription` to the upcoming invoice endpoint.") // [R 2020-08-27, its beginning]
	}
	sub, ok := subscriptions().Get(r.Call, id)
	if id != "" && !ok {
		return sub, missing("subscription", id, "subscription")
	}
	if customer == "" {
		customer = sub.Get("customer").String()
	}
	payer, ok := customers.Get(r.Call, customer)
	if !ok {
		return payer, missing("customer", customer, "customer")
	}
	if id == "" {
		page, err := subscriptions().Find(r.Call, sdk.ListQuery{Limit: 10, Index: "customer", Key: customer})
		if err != nil {
			return sub, err
		}
		docs, _ := page.Docs(r.Call)
		for _, d := range docs {
			if s := d.Get("status").String(); s != "canceled" && s != "incomplete_expired" {
				sub = d
			}
		}
	}
	items, err := r.pendingItems(customer, textOr(sub.Get("currency").String(), payer.Get("currency").String()), sub)
	if err != nil {
		return sub, err
	}
	ends := sub.Exists() && (sub.Get("cancel_at_period_end").Bool() || sub.Get("status").String() == "canceled")
	if !sub.Exists() && len(items) == 0 || ends && len(items) == 0 {
		// [D docs.stripe.com/error-codes#invoice-upcoming-none, 2026-11]
		return sub, &failure{status: 404, code: "invoice_upcoming_none", message: "No upcoming invoices for customer: " + customer}
	}
	inv := r.newInvoice(payer, textOr(sub.Get("currency").String(), payer.Get("currency").String()), "upcoming")
	inv.SetString("id", "upcoming_"+inv.Get("id").String()) // [D docs.stripe.com/api/invoices/create_preview, 2026-11]
	for _, item := range items {
		r.lineOfItem(inv, item)
	}
	if sub.Exists() && !ends {
		r.ofSubscription(inv, sub)
		at := sub.Get("current_period_end").Int64()
		inv.SetInt("created", at)
		inv.SetInt("period_start", sub.Get("current_period_start").Int64())
		inv.SetInt("period_end", at)
		inv.SetInt("next_payment_attempt", at+int64(time.Hour/time.Second))
		next := sub.Clone(r.Arena)
		r.setPeriod(next, at)
		for item := range next.Get("items", "data").All {
			if item.Get("current_period_start").Int64() == at {
				if err := r.addItemLine(inv, next, item, false); err != nil {
					return inv, err
				}
			}
		}
		r.applyDiscounts(inv, r.activeDiscounts(sub, payer))
	}
	r.total(inv)
	return inv, nil
}
