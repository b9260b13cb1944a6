package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestEarlierDays [R 2019-11 to 2022-11]: addresses of receipts and invoices, and ids
// of subscriptions, have the form of the session's day.
func TestEarlierDays(t *testing.T) {
	for _, c := range []struct {
		day                          time.Time
		receipt, page, pdf, id, tips string
	}{
		{time.Date(2019, 11, 6, 0, 0, 0, 0, time.UTC), `receipts/acct_\w+/ch_\w+/rcpt_\w{31}`, `https://pay\.stripe\.com/invoice/invst_\w{26}`, `invoice/invst_\w{26}/pdf`, `sub_\w{14}`, ""},
		{time.Date(2020, 9, 1, 0, 0, 0, 0, time.UTC), `receipts/acct_\w+/ch_\w+/rcpt_\w{31}`, `https://pay\.stripe\.com/invoice/acct_\w+/invst_\w{31}`, `invoice/acct_\w+/invst_\w{31}/pdf`, `sub_\w{14}`, ""},
		{time.Date(2021, 8, 4, 0, 0, 0, 0, time.UTC), `receipts/acct_\w+/ch_\w+/rcpt_\w{31}`, `https://invoice\.stripe\.com/i/acct_\w+/invst_\w{31}`, `invoice/acct_\w+/invst_\w{31}/pdf`, `sub_\w{14}`, ""},
		{time.Date(2021, 12, 7, 0, 0, 0, 0, time.UTC), `receipts/acct_\w+/ch_\w+/rcpt_\w{31}`, `https://invoice\.stripe\.com/i/acct_\w+/test_\w{84}`, `invoice/acct_\w+/test_\w{84}/pdf`, `sub_\w{24}`, ""},
		{time.Date(2022, 4, 19, 0, 0, 0, 0, time.UTC), `receipts/acct_\w+/ch_\w+/rcpt_\w{31}`, `https://invoice\.stripe\.com/i/acct_\w+/test_\w+\?s=ap`, `/pdf\?s=ap`, `sub_\w{24}`, "null"},
		{time.Date(2022, 7, 28, 0, 0, 0, 0, time.UTC), `receipts/invoices/[\w-]+\?s=ap`, `https://invoice\.stripe\.com/i/acct_\w+/test_\w+\?s=ap`, `/pdf\?s=ap`, `sub_\w{24}`, ""},
	} {
		t.Run(c.day.Format(time.DateOnly), func(t *testing.T) {
			m := start(t, sdktest.At(c.day))
			customer := m.Form("POST", "/v1/customers", "payment_method=pm_card_visa", "invoice_settings[default_payment_method]=pm_card_visa").Want(200).Get("id")
			product := m.Form("POST", "/v1/products", "name=A").Want(200).Get("id")
			price := m.Form("POST", "/v1/prices", "product="+product, "currency=usd", "unit_amount=1000", "recurring[interval]=month").Want(200).Get("id")
			s := m.Form("POST", "/v1/subscriptions", "Stripe-Version: 2020-08-27", "customer="+customer, "items[0][price]="+price, "expand[]=latest_invoice.payment_intent").Want(200)
			for path, form := range map[string]string{
				"id": c.id, "latest_invoice.hosted_invoice_url": c.page, "latest_invoice.invoice_pdf": c.pdf,
				"latest_invoice.payment_intent.charges.data.0.receipt_url": c.receipt,
			} {
				if got := s.Get(path); !regexp.MustCompile(form + "$").MatchString(got) {
					t.Errorf("%s is %s, want %s", path, got, form)
				}
			}
			want(t, s, map[string]string{"latest_invoice.payment_intent.setup_future_usage": "null", "latest_invoice.payment_intent.amount_details.tip.amount": c.tips})
		})
	}
}
