package main

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestOwnAccount: what a seed says of the session's account is in what is made
// with it.
func TestOwnAccount(t *testing.T) {
	m := start(t, sdktest.State(`{"own_account":[{"country":"CA","settings":{"dashboard":{"display_name":"Acme"},"payments":{"statement_descriptor":"ACME.EXAMPLE"},
		"payouts":{"schedule":{"delay_days":7}}},"dashboard":{"payment_methods":["card","klarna","acss_debit","ideal"],"invoice_payment_methods":["acss_debit","card"],
		"fees":[{"percent":2,"fixed":30},{"percent":5,"fixed":5}],"refunds_return_fees":true,"mcc":"7372"}}]}`))
	account := m.Form("GET", "/v1/account").Want(200)
	want(t, account, map[string]string{"country": "CA", "default_currency": "cad", "settings.dashboard.display_name": "Acme", "settings.payouts.schedule.interval": "daily"})
	if strings.Contains(account.Body, "fees") || account.Get("id") == "" {
		t.Errorf("account %s", account.Body)
	}
	customer := m.Form("POST", "/v1/customers").Want(200).Get("id")
	want(t, m.Form("POST", "/v1/invoices", "customer="+customer).Want(200), map[string]string{"account_country": "CA", "account_name": "Acme", "currency": "cad"})

	for _, c := range []struct {
		amount, suffix, descriptor, fee string
	}{
		{"100", "", "ACME.EXAMPLE", "10"},            // 5 % and 5: the cheaper
		{"1000", "order", "ACME.EXAMP* ORDER", "50"}, // 2 % and 30
	} {
		fields := []string{"amount=" + c.amount, "payment_method=pm_card_ca", "capture_method=automatic", "expand[]=latest_charge.balance_transaction"}
		if c.suffix != "" {
			fields = append(fields, "statement_descriptor_suffix="+c.suffix)
		}
		pi := pay(m, fields...).Want(200)
		want(t, pi, map[string]string{"latest_charge.calculated_statement_descriptor": c.descriptor, "latest_charge.balance_transaction.fee": c.fee})
		if on := sdktest.Epoch.Truncate(24*time.Hour).AddDate(0, 0, 7).Unix(); pi.Get("latest_charge.balance_transaction.available_on") != strconv.FormatInt(on, 10) {
			t.Errorf("available on %s, want %d", pi.Get("latest_charge.balance_transaction.available_on"), on)
		}
	}

	for fields, mcc := range map[string]string{"type=standard": "7372", "type=standard&business_profile[mcc]=5734": "5734"} {
		want(t, m.Form("POST", "/v1/accounts", strings.Split(fields, "&")...).Want(200), map[string]string{"business_profile.mcc": mcc})
	}

	// Older accounts get fees back: what the rest would have cost less.
	pi := pay(m, "amount=1000", "payment_method=pm_card_ca", "capture_method=automatic").Want(200)
	for _, c := range [][3]string{{"350", "-12", "-338"}, {"650", "-38", "-612"}} {
		re := m.Form("POST", "/v1/refunds", "payment_intent="+pi.Get("id"), "amount="+c[0], "expand[]=balance_transaction").Want(200)
		want(t, re, map[string]string{"balance_transaction.fee": c[1], "balance_transaction.net": c[2], "balance_transaction.fee_details.0.description": "Stripe processing fee refund"})
	}

	// What is on, as far as the intent can be paid with it.
	for fields, types := range map[string]string{
		"currency=usd":                                `["card","klarna","acss_debit"]`,
		"currency=eur":                                `["card","klarna","ideal"]`,
		"currency=usd&capture_method=manual":          `["card","klarna"]`,
		"currency=eur&setup_future_usage=off_session": `["card","ideal"]`,
		"currency=eur&automatic_payment_methods[enabled]=true&automatic_payment_methods[allow_redirects]=never": `["card"]`,
	} {
		got := m.Form("POST", "/v1/payment_intents", append(strings.Split(fields, "&"), "amount=2000")...).Want(200)
		if got.Get("payment_method_types") != types {
			t.Errorf("%s: %s, want %s", fields, got.Get("payment_method_types"), types)
		}
	}
	if got := m.Form("POST", "/v1/setup_intents").Want(200).Get("payment_method_types"); got != `["card","acss_debit","ideal"]` {
		t.Errorf("setup intent: %s", got)
	}

	err := m.Seed(`{"own_account":[{"country":"Canada","name":"Acme","settings":{"payouts":{"schedule":{"delay_days":"soon"}}},"dashboard":{"payment_methods":["cheque"],"plan":"gold","fees":[{"percent":"much"}]}}]}`)
	for _, part := range []string{`country: want a country's code in ISO 3166-1 that the vendor knows, such as US, not "Canada"`, "own_account[0].name: no member", "delay_days: want a number"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	err = m.Seed(`{"own_account":[{"country":"XX","settings":{"payouts":{"schedule":{"delay_days":40}}},"dashboard":{"payment_methods":["cheque"],"plan":"gold","fees":[{"percent":"much"}]}},{"settings":"x"},{"dashboard":{"fees":7,"refunds_return_fees":"yes"}}]}`)
	if err == nil {
		t.Fatal("it was seeded")
	}
	for _, part := range []string{`US, not "XX"`, "delay_days: want 0 to 31", `payment_methods: no payment method "cheque"`, "dashboard.plan: want payment_methods", "[0].dashboard.fees: want percent", "[1].settings: want an object", "[2].dashboard.fees: want a list", "[2].dashboard.refunds_return_fees: want true or false"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "constraint") {
		t.Errorf("it tells of tables: %v", err)
	}
	if err := m.Seed(`{"own_account":[{}]}`); err == nil || !strings.Contains(err.Error(), "there is one already") {
		t.Errorf("a second account: %v", err)
	}
}
