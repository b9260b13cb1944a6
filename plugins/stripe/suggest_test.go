package main

import "testing"

// TestSuggestions: what Ruby's did_you_mean 1.6.1 answers for these words.
func TestSuggestions(t *testing.T) {
	invoiceItem := []string{"amount", "currency", "customer", "description", "discountable", "discounts", "expand", "invoice", "metadata", "period", "price_data", "pricing", "quantity", "subscription", "tax_behavior", "tax_code", "tax_rates", "unit_amount_decimal"}
	for input, want := range map[string]string{
		"price":        "pricing", // [R 2025-11-17] of POST /v1/invoiceitems
		"amont":        "amount",
		"discription":  "description",
		"custmer":      "customer",
		"meta_data":    "metadata",
		"tax_rate":     "tax_rates",
		"xyz":          "",
		"subscription": "description",
		"":             "",
	} {
		if got := correct(input, invoiceItem); got != want {
			t.Errorf("%q: got %q, want %q", input, got, want)
		}
	}
}
