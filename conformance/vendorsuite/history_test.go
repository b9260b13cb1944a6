package vendorsuite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// soldBy is a charge of an account, of which ids name ten characters.
func soldBy(account, descriptor string, amount, fee int) string {
	id := func(prefix string) string { return prefix + "_3AAAAA" + account + "AAAAAAA0" }
	return fmt.Sprintf(`{"id":%q,"object":"charge","amount":%[2]d,"balance_transaction":{"id":%[3]q,"object":"balance_transaction","amount":%[2]d,"available_on":1723593600,"created":1723305598,"currency":"usd","fee":%[4]d},
		"calculated_statement_descriptor":%[5]q,"created":1723305598,"currency":"usd","payment_method_details":{"card":{"country":"US"}}}`, id("ch"), amount, id("txn"), fee, descriptor)
}

// TestHistory: a cassette begins with what earlier ones of its account show, not
// with anything of itself, of later ones or of other accounts.
func TestHistory(t *testing.T) {
	t.Parallel()
	const ours, theirs = "KXBGcbgpbZ", "QK2ZHS99Rk"
	line := func(source, account, descriptor, day string) string {
		return exchangeLine(source, 0, "GET", "/v1/charges/ch_x", "", 200, soldBy(account, descriptor, 2000, 88), "date", day)
	}
	recordings := MustRead(t,
		line("third", ours, "NEW", "Mon, 12 Aug 2024 16:00:00 GMT"),
		line("first", ours, "OLD", "Sat, 10 Aug 2024 16:00:00 GMT"),
		line("second", ours, "NEW", "Sun, 11 Aug 2024 16:00:00 GMT"),
		line("other", theirs, "OTHER", "Sun, 11 Aug 2024 12:00:00 GMT"),
	)
	for _, fresh := range []bool{false, true} {
		target := shop(nil)
		target.refuse = func(string) string { return "" }
		report := MustReplay(t, target, recordings, Options{Parallel: 1, Fresh: fresh})
		var settings []string
		for _, s := range target.sessions {
			of := "none"
			for _, object := range s.imported {
				var account struct {
					Object   string
					Settings struct {
						Payments struct {
							Descriptor string `json:"statement_descriptor"`
						}
					}
				}
				if err := json.Unmarshal([]byte(object), &account); err != nil {
					t.Fatal(err)
				}
				if account.Object == "own_account" {
					of = account.Settings.Payments.Descriptor
				}
			}
			settings = append(settings, of)
		}
		want, settled := []string{"none", "none", "OLD", "NEW"}, 2 // first, other, second, third
		if fresh {
			want, settled = []string{"none", "none", "none", "none"}, 0
		}
		if !slices.Equal(settings, want) || report.Settled != settled {
			t.Errorf("fresh %v: sessions began with %v, want %v; %d reported", fresh, settings, want, report.Settled)
		}
	}
}

// TestKnownObject: what a cassette names and does not show is imported as earlier
// ones show it.
func TestKnownObject(t *testing.T) {
	t.Parallel()
	const line = `{"id":"il_1AAAAAKXBGcbgpbZAAAAAAAA","object":"line_item","description":"10 user × Gold (at $25.00 / month)","price":{"id":"gold","object":"price","product":"prod_AAAAAAAAAAAAAA","unit_amount":2500}}`
	recordings := MustRead(t,
		exchangeLine("first", 0, "GET", "/v1/invoices/in_x/lines", "", 200, `{"object":"list","data":[`+line+`]}`, "date", "Sat, 10 Aug 2024 16:00:00 GMT"),
		exchangeLine("second", 0, "POST", "/v1/subscriptions", "items[0][price]=gold", 200, `{"id":"sub_1AAAAAKXBGcbgpbZAAAAAAAA","object":"subscription"}`, "date", "Sun, 11 Aug 2024 16:00:00 GMT"),
	)
	target := shop(nil)
	target.refuse = func(string) string { return "" }
	MustReplay(t, target, recordings, Options{Parallel: 1})
	got := strings.Join(target.sessions[1].imported, "\n")
	for _, want := range []string{`{"id":"prod_AAAAAAAAAAAAAA","object":"product","name":"Gold","unit_label":"user"}`, `{"id":"gold","object":"price","product":"prod_AAAAAAAAAAAAAA","unit_amount":2500}`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestFeesOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seen []feePoint
		want string
	}{
		{nil, "null"},
		{[]feePoint{{1000, 59}}, `[{"percent":2.9,"fixed":30}]`},
		{[]feePoint{{100, 10}, {2000, 70}, {600, 35}, {1000, 50}, {599, 35}}, `[{"percent":5,"fixed":5},{"percent":2,"fixed":30}]`},
		{[]feePoint{{1000, 59}, {1000, 0}}, `[]`},                                          // billed apart since
		{[]feePoint{{1000, 999}, {1000, 59}, {2500, 103}}, `[{"percent":2.9,"fixed":30}]`}, // the latest count
		{[]feePoint{{1000, 999}}, "null"},
	} {
		lines, _ := feesOf(c.seen)
		got, err := json.Marshal(lines)
		if err != nil || string(got) != c.want {
			t.Errorf("%v: %s, %v; want %s", c.seen, got, err, c.want)
		}
	}
}

// TestCutID: a text can be the beginning of an id.
func TestCutID(t *testing.T) {
	t.Parallel()
	m := newIDs(Stripe())
	m.learn("in_1SON5tKXBGcbgpbZIUm1MKab", "in_1iCOruT4D838dN6Ahm7TiR9o", false)
	for mirror, want := range map[string]bool{"in_1iCOruT4D838dN6Ahm7TiR": true, "in_1iCOruT4D838dN6Ahm7Ti": false, "in_1XCOruT4D838dN6Ahm7TiR": false} {
		if got, _ := m.equal("in_1SON5tKXBGcbgpbZIUm1MK", mirror); got != want {
			t.Errorf("%s: %v", mirror, got)
		}
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		created, available string
		want               int
	}{{"2024-08-12T16:00:00Z", "2024-08-14", 2}, {"2024-08-15T16:00:00Z", "2024-08-19", 2}, {"2024-08-17T16:00:00Z", "2024-08-20", 2}, {"2024-08-12T16:00:00Z", "2024-08-19", 7}, {"2024-08-12T16:00:00Z", "2024-08-12", 0}} {
		created, err := time.Parse(time.RFC3339, c.created)
		if err != nil {
			t.Fatal(err)
		}
		available, err := time.Parse(time.DateOnly, c.available)
		if err != nil {
			t.Fatal(err)
		}
		if got := delay(created, available); got != c.want {
			t.Errorf("%s to %s: %d, want %d", c.created, c.available, got, c.want)
		}
	}
}

func TestInterleave(t *testing.T) {
	t.Parallel()
	got := interleave([]string{"card", "acss_debit", "link"}, []string{"card", "bancontact", "acss_debit", "link", "us_bank_account"})
	if want := []string{"card", "bancontact", "acss_debit", "link", "us_bank_account"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := interleave([]string{"card", "alipay", "link"}, []string{"card", "link"}); len(got) != 3 {
		t.Errorf("%v", got)
	}
}

// TestReceiptToken: an account of the older form makes a longer token, which is
// otherwise the same.
func TestReceiptToken(t *testing.T) {
	t.Parallel()
	const newer = "https://pay.stripe.com/receipts/payment/CAcaFwoVYWNjdF8xRTRiZm5LWEJHY2JncGJaKP7Z3rUGMgYxMjM0NTY6"
	const older = "https://pay.stripe.com/receipts/payment/CAcaIgogQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUEo_tnetQYyBjEyMzQ1Njo"
	if withoutAccount(newer) != withoutAccount(older) {
		t.Errorf("%s\n%s", withoutAccount(newer), withoutAccount(older))
	}
	for _, same := range []string{"", "x", "https://pay.stripe.com/receipts/acct_1/ch_1/rcpt_1", "https://pay.stripe.com/receipts/payment/CAca_w"} {
		if got := withoutAccount(same); got != same {
			t.Errorf("%q became %q", same, got)
		}
	}
}
