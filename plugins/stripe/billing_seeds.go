package main

import "github.com/mirrahq/mirra/sdk"

// dropBrought deletes a plan, or a price that came with another object.
var dropBrought = sdk.Define(`DELETE FROM objects WHERE id = ?2 AND account = ?1 AND (type = 'plan' OR type = 'price' AND EXISTS (SELECT 1 FROM marks WHERE account = ?1 AND id = ?2 AND mark = 'brought'))`)

// billingSeeds completes what seeds of billing say in more than one place: a
// price is a plan too, and subscriptions and invoices hold the prices they are
// made of, which then are there.
func billingSeeds() {
	prices := specOf["price"].collection
	fill := prices.Complete
	prices.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
		dropBrought.MustRun(c.Args().Text(c.Account()).Text(given.Get("id").String()))
		return fill(c, path, priced(c, given, `{"currency":"usd","recurring":{"aggregate_usage":null,"interval":"month","interval_count":1,"meter":null,"trial_period_days":null,"usage_type":"licensed"},"type":"recurring","unit_amount":2000,"unit_amount_decimal":"2000"}`))
	}
	plans := specOf["plan"].collection
	fillPlan := plans.Complete
	plans.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
		return fillPlan(c, path, priced(c, given, `{"amount":2000,"amount_decimal":"2000","currency":"usd"}`))
	}
	for _, object := range [...]string{"subscription", "subscription_item", "invoice", "invoiceitem", "charge"} {
		bringing(kept[object])
	}
}

// priced gives a price of which a seed says nothing but the id, and perhaps the
// product, what the vendor's fixture has [S fixtures.2024-06-20]: there is no price
// without an amount.
func priced(c *sdk.Call, given sdk.Doc, usual string) sdk.Doc {
	for m := range given.All {
		switch m.Key() {
		case "id", "object", "product":
		default:
			return given
		}
	}
	d := c.Trusted(usual)
	for m := range given.All {
		d.SetDoc(m.Key(), m)
	}
	return d
}

func bringing(k *sdk.Collection) {
	fill := k.Complete
	k.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
		bringPrices(c, given)
		if fill == nil {
			return given
		}
		return fill(c, path, given)
	}
}

// bringPrices keeps the prices that a document holds, unless they are known.
func bringPrices(c *sdk.Call, d sdk.Doc) {
	if d.Kind() == sdk.Object && d.Get("object").String() == "price" && d.Get("product").Kind() == sdk.String {
		id := d.Get("id").String()
		if _, _, known := c.Lookup(id); known || id == "" {
			return
		}
		whole := priceTemplate.New(c.Arena)
		merge(whole, d)
		if err := specOf["price"].collection.Insert(c, whole); err == nil {
			setMark(c, id, markBrought, "1")
		}
		return
	}
	for m := range d.All {
		if k := m.Kind(); k == sdk.Object || k == sdk.Array {
			bringPrices(c, m)
		}
	}
}
