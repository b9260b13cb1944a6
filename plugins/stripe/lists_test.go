package main

import (
	"bytes"
	"encoding/json"
	"testing"
)

// TestRowsAreWhatObjectsAre: what a list shows of an object, members expanded or
// not, in old versions and new ones, is what asking for it alone shows.
func TestRowsAreWhatObjectsAre(t *testing.T) {
	m := start(t)
	for range 3 {
		m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd", "customer="+newCustomer(t, m), "payment_method=pm_card_visa", "confirm=true",
			"payment_method_types[]=card", "capture_method=automatic", "metadata[object]=charge", "metadata[id]=x").Want(200)
	}
	m.Form("POST", "/v1/payment_intents", "amount=1000", "currency=usd").Want(200)
	for _, c := range []struct {
		list   string
		expand []string
	}{
		{"customers", nil},
		{"payment_intents", nil},
		{"payment_intents", []string{"customer"}},
		{"payment_intents", []string{"latest_charge", "customer", "customer", "payment_method"}},
		{"payment_intents", []string{"latest_charge.balance_transaction"}},
		{"charges", []string{"payment_intent", "balance_transaction"}},
		{"balance_transactions", []string{"source"}},
	} {
		for _, version := range []string{"2022-11-15", "2024-06-20", "2026-08-26.dahlia"} {
			alone, rows := []string{"Stripe-Version: " + version}, []string{"Stripe-Version: " + version, "limit=3"}
			for _, e := range c.expand {
				alone, rows = append(alone, "expand[]="+e), append(rows, "expand[]=data."+e)
			}
			var page struct{ Data []json.RawMessage }
			if err := json.Unmarshal([]byte(m.Form("GET", "/v1/"+c.list, rows...).Want(200).Body), &page); err != nil {
				t.Fatal(err)
			}
			if len(page.Data) != 3 {
				t.Fatalf("%s: %d rows, want 3", c.list, len(page.Data))
			}
			for _, row := range page.Data {
				var object struct{ ID string }
				if err := json.Unmarshal(row, &object); err != nil {
					t.Fatal(err)
				}
				if got, want := compact(t, row), compact(t, []byte(m.Form("GET", "/v1/"+c.list+"/"+object.ID, alone...).Want(200).Body)); got != want {
					t.Errorf("%s %s %q:\nrow   %s\nalone %s", version, c.list, c.expand, got, want)
				}
			}
		}
	}
}

func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
