package main

// billingLifetimes are the lifetimes of what billing is made of.
var billingLifetimes = []lifetime{
	{object: "plan", path: "aggregate_usage", to: basil},
	{object: "plan", path: "meter", since: "2024-05-01"},

	{object: "price", path: "recurring.aggregate_usage", to: basil},
	{object: "price", path: "recurring.meter", since: "2024-05-01"},

	{object: "product", path: "features", to: "2024-04-10"}, // [D docs.stripe.com/changelog, 2026-11] renamed
	{object: "product", path: "marketing_features", from: "2024-04-10"},
	{object: "product", path: "tax_details", since: "2026-05-01"},

	{object: "promotion_code", path: "coupon", to: clover},
	{object: "promotion_code", path: "promotion", from: clover},
}
