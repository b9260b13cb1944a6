package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// taxRateTemplate [D docs.stripe.com/api/tax_rates/object, 2026-11].
var taxRateTemplate = sdk.MustTemplate(`{"id":"","object":"tax_rate","active":true,"country":null,"created":0,"description":null,"display_name":"","effective_percentage":null,"flat_amount":null,"inclusive":false,"jurisdiction":null,"jurisdiction_level":null,"livemode":false,"metadata":{},"percentage":0,"rate_type":"percentage","state":null,"tax_type":null}`)

// shippingRateTemplate [D docs.stripe.com/api/shipping_rates/object, 2026-11].
var shippingRateTemplate = sdk.MustTemplate(`{"id":"","object":"shipping_rate","active":true,"created":0,"delivery_estimate":null,"display_name":"","fixed_amount":null,"livemode":false,"metadata":{},"tax_behavior":"unspecified","tax_code":null,"type":"fixed_amount"}`)

// taxIDTemplate [D docs.stripe.com/api/tax_ids/object, 2026-11].
var taxIDTemplate = sdk.MustTemplate(`{"id":"","object":"tax_id","country":null,"created":0,"customer":null,"customer_account":null,"livemode":false,"owner":null,"type":"","value":"","verification":null}`)

// completeTaxID says whose a tax id is and of which country. Those of the EU, the
// UK and Australia are verified with their registers, which stays pending here
// [D docs.stripe.com/billing/customer/tax-ids, 2026-11].
func completeTaxID(r *request, d sdk.Doc) error {
	typ, value := d.Get("type").String(), d.Get("value").String()
	country, _, _ := strings.Cut(typ, "_")
	if country == "eu" && len(value) > 2 {
		country = value[:2]
	}
	if len(country) == 2 {
		d.SetString("country", strings.ToUpper(country))
	}
	customer := r.Value("customer")
	if customer == "" {
		customer = r.text("owner", "customer")
	}
	owner := d.SetObject("owner")
	if customer == "" {
		owner.SetString("type", "self")
		return nil
	}
	if _, ok := customers.Get(r.Call, customer); !ok {
		return missing("customer", customer, "owner[customer]")
	}
	d.SetString("customer", customer)
	owner.SetString("customer", customer)
	owner.SetString("type", "customer")
	status := "unavailable"
	switch typ {
	case "eu_vat", "gb_vat", "au_abn":
		status = "pending"
	}
	d.SetJSON("verification", `{"status":"`+status+`","verified_address":null,"verified_name":null}`)
	return nil
}
