package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk"
)

// unmirroredFilters are the documented filters that answer 501.
var unmirroredFilters = []string{
	"GET /v1/balance_transactions payout", "GET /v1/customers test_clock", "GET /v1/entitlements/active_entitlements customer", "GET /v1/events delivery_success",
	"GET /v1/financial_connections/accounts session", "GET /v1/linked_accounts session", "GET /v1/treasury/debit_reversals resolution",
	"GET /v1/treasury/transaction_entries order_by", "GET /v1/treasury/transactions order_by",
}

// TestDocumentedFilters sends each filter that the description has of each list:
// all but the ones above are understood.
func TestDocumentedFilters(t *testing.T) {
	m := start(t)
	refused, sent := map[string]bool{}, 0
	for i := range tables.Operations {
		op := &tables.Operations[i]
		if !strings.HasPrefix(op.Pattern, "GET ") || strings.Contains(op.Pattern, "{") || op.Fields == nil || !op.In.In(in20240410) ||
			!slices.ContainsFunc(*op.Fields, func(f sdk.Field) bool { return f.Name == "starting_after" }) {
			continue
		}
		var needed []string
		for _, f := range *op.Fields {
			if f.Required {
				needed = append(needed, f.Name+"=x")
			}
		}
		for _, f := range *op.Fields {
			given := f.Name + "=x"
			switch {
			case slices.Contains([]string{"limit", "starting_after", "ending_before", "expand"}, f.Name):
				continue
			case f.Type&sdk.TBoolean != 0:
				given = f.Name + "=true"
			case f.Type&sdk.TObject != 0 && f.Type&sdk.TInteger != 0:
				given = f.Name + "[gte]=1"
			case f.Type&sdk.TInteger != 0:
				given = f.Name + "=1"
			case f.Type&sdk.TArray != 0:
				given = f.Name + "[]=x"
			case f.Enum != nil:
				given = f.Name + "=" + f.Values(uint8(in20240410))[0]
			}
			sent++
			r := m.Form("GET", strings.TrimPrefix(op.Pattern, "GET "), append(needed, given)...)
			if r.Status == 501 && strings.Contains(r.Body, "Mirra does not mirror the ") {
				refused[op.Pattern+" "+f.Name] = true
			}
			if r.Status >= 500 && r.Status != 501 {
				t.Errorf("%s %s: %s", op.Pattern, given, r.Body)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(refused)); !slices.Equal(got, unmirroredFilters) {
		t.Errorf("of %d filters these answer 501:\n%s\nwant\n%s", sent, strings.Join(got, "\n"), strings.Join(unmirroredFilters, "\n"))
	}
	t.Logf("%d documented filters, of which %d answer 501", sent, len(refused))
	if sent < 200 {
		t.Errorf("%d filters sent", sent)
	}
}

// TestFilters: those that SQL cannot compare.
func TestFilters(t *testing.T) {
	m := start(t)
	ids := func(path string, params ...string) string {
		t.Helper()
		var out []string
		r := m.Form("GET", path, params...).Want(200)
		for i := range r.JSON().Len("data") {
			out = append(out, r.Get("data."+strconv.Itoa(i)+".id"))
		}
		return strings.Join(out, " ")
	}
	small := m.Form("POST", "/v1/topups", "amount=1000", "currency=usd").Want(200).Get("id")
	large := m.Form("POST", "/v1/topups", "amount=5000", "currency=usd").Want(200).Get("id")
	open := m.Form("POST", "/v1/entitlements/features", "name=Open", "lookup_key=open").Want(200).Get("id")
	closed := m.Form("POST", "/v1/entitlements/features", "name=Closed", "lookup_key=closed").Want(200).Get("id")
	m.Form("POST", "/v1/entitlements/features/"+closed, "active=false").Want(200)
	list := m.Form("POST", "/v1/radar/value_lists", "alias=bad", "name=Bad", "item_type=string").Want(200).Get("id")
	m.Form("POST", "/v1/radar/value_lists", "alias=good", "name=Good", "item_type=string").Want(200)
	m.Form("POST", "/v1/radar/value_list_items", "value_list="+list, "value=worse").Want(200)
	for _, c := range []struct{ path, filter, want string }{
		{"/v1/topups", "amount[gte]=1000", large + " " + small},
		{"/v1/topups", "amount[gt]=1000", large},
		{"/v1/topups", "amount[lt]=5000", small},
		{"/v1/topups", "amount[lte]=999", ""},
		{"/v1/topups", "amount=5000", large},
		{"/v1/entitlements/features", "archived=true", closed},
		{"/v1/entitlements/features", "archived=false", open},
		{"/v1/radar/value_lists", "contains=worse", list},
		{"/v1/radar/value_lists", "contains=better", ""},
	} {
		if got := ids(c.path, c.filter); got != c.want {
			t.Errorf("%s?%s: %q, want %q", c.path, c.filter, got, c.want)
		}
	}
}
