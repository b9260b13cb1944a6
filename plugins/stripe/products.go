package main

import "github.com/mirrahq/mirra/sdk"

// productTemplate [R, POST /v1/products in 2025-12 and 2026-05]; "features" is
// what "marketing_features" were called (see lifetimes).
var productTemplate = sdk.MustTemplate(`{"id":"","object":"product","active":true,"attributes":[],"created":0,"default_price":null,"description":null,"features":[],"images":[],"livemode":false,"marketing_features":[],"metadata":{},"name":"","package_dimensions":null,"shippable":null,"statement_descriptor":null,"tax_code":null,"tax_details":null,"type":"service","unit_label":null,"updated":0,"url":null}`)

func completeProduct(r *request, d sdk.Doc) error {
	d.SetInt("updated", r.Unix())
	if v := r.text("type"); v != "" {
		d.SetString("type", v)
	}
	setFeatures(r, d)
	if v := r.params.Get("default_price_data"); v.Kind() == sdk.Object {
		p, err := r.newPrice(v, d.Get("id").String())
		if err != nil {
			return err
		}
		d.SetString("default_price", p.Get("id").String())
		return r.keepPrice(p)
	}
	return nil
}

func productChanged(r *request, _, d sdk.Doc) error {
	d.SetInt("updated", r.Unix()) // [R]
	setFeatures(r, d)
	if id := r.text("default_price"); id != "" {
		p, ok := r.price(id)
		if !ok {
			return missing("price", id, "default_price")
		}
		if p.Get("product").String() != d.Get("id").String() {
			return invalid("", "default_price", "The price specified belongs to product `"+p.Get("product").String()+"` but `"+d.Get("id").String()+"` was specified.") // believed
		}
	}
	return nil
}

// setFeatures keeps what is marketed under both names.
func setFeatures(r *request, d sdk.Doc) {
	if r.given("features") {
		d.SetDoc("marketing_features", r.params.Get("features"))
	}
	d.SetDoc("features", d.Get("marketing_features"))
}

// productDeletable refuses to delete a product with prices [R].
func productDeletable(r *request, d sdk.Doc) error {
	adoptPlans(r.Call)
	page, err := specOf["price"].collection.Find(r.Call, sdk.ListQuery{Limit: 1, Index: "product", Key: d.Get("id").String()})
	if err != nil {
		return err
	}
	if docs, _ := page.Docs(r.Call); len(docs) > 0 {
		return executed(invalid("", "", "This product cannot be deleted because it has one or more user-created prices."))
	}
	return nil
}

// completeProductFeature shows the feature whose id was sent [S: the member is
// the object itself].
func completeProductFeature(r *request, d sdk.Doc) error {
	id := r.text("entitlement_feature")
	feature, ok := specOf["entitlements.feature"].collection.Get(r.Call, id)
	if !ok {
		return missing("entitlements.feature", id, "entitlement_feature")
	}
	d.SetDoc("entitlement_feature", feature)
	return nil
}
