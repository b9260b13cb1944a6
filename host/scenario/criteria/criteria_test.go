package criteria

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

var update = flag.Bool("update", false, "write testdata/criteria.txt anew; then read what changed")

// catalogue is a part of what Stripe, Resend and Twilio have.
func catalogue() []host.CatalogEntry {
	return []host.CatalogEntry{
		{
			Name: "stripe", Vendor: "Stripe", Version: "2024-06.1",
			Entities: []string{"charges", "customers", "payment_intents", "payment_methods", "refunds", "invoices", "subscriptions", "checkout_sessions", "events", "webhook_endpoints", "treasury_transaction_entrys"},
			Aliases: map[string][]string{
				"charges": {"charge", "ch"}, "customers": {"customer", "cus"}, "payment_intents": {"payment_intent", "pi", "intents"}, "payment_methods": {"payment_method", "pm"},
				"refunds": {"refund"}, "checkout_sessions": {"checkout.session"}, "events": {"event"},
			},
			Events: []string{"customer.created", "customer.updated", "charge.refunded", "charge.dispute.created", "invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_failed", "payment_intent.succeeded", "checkout.session.completed"},
			Operations: []host.CatalogOperation{
				{ID: "PostRefunds", Method: "POST", Path: "/v1/refunds"}, {ID: "PostCustomers", Method: "POST", Path: "/v1/customers"}, {ID: "GetCustomers", Method: "GET", Path: "/v1/customers"},
				{ID: "GetCustomersSearch", Method: "GET", Path: "/v1/customers/search"}, {ID: "GetCustomersCustomer", Method: "GET", Path: "/v1/customers/{customer}"}, {ID: "DeleteCustomersCustomer", Method: "DELETE", Path: "/v1/customers/{customer}"},
				{ID: "PostPaymentIntents", Method: "POST", Path: "/v1/payment_intents"}, {ID: "PostPaymentIntentsIntentConfirm", Method: "POST", Path: "/v1/payment_intents/{intent}/confirm"},
			},
			Fixtures: []host.CatalogFixture{{Name: "empty"}, {Name: "failed-payments"}},
		},
		{
			Name: "resend", Vendor: "Resend", Version: "v1.1",
			Entities: []string{"emails", "received_emails", "domains", "contacts", "events", "suppressions", "webhooks"},
			Aliases:  map[string][]string{"emails": {"email", "mail"}},
			Events:   []string{"email.sent", "email.delivered", "email.bounced", "email.complained", "contact.created"},
			Operations: []host.CatalogOperation{
				{ID: "emails/send", Method: "POST", Path: "/emails"}, {ID: "emails/get", Method: "GET", Path: "/emails/{id}"}, {ID: "emails/batch", Method: "POST", Path: "/emails/batch"},
				{ID: "health", Method: "GET", Path: "/health"},
			},
			Fixtures: []host.CatalogFixture{{Name: "empty"}, {Name: "bounced-domain"}},
		},
		{
			Name: "twilio", Vendor: "Twilio", Version: "2010-04-01.1",
			Entities: []string{"messages", "media", "messaging_services", "verifications", "addresses", "opt_outs"},
			Events:   []string{"message.received", "message.sent", "message.delivered", "message.failed"},
			Operations: []host.CatalogOperation{
				{ID: "CreateMessage", Method: "POST", Path: "/2010-04-01/Accounts/{AccountSid}/Messages.json"}, {ID: "FetchMessage", Method: "GET", Path: "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"},
				{ID: "health", Method: "GET", Path: "/health"},
			},
			Fixtures: []host.CatalogFixture{{Name: "empty"}, {Name: "rate-limited"}},
		},
	}
}

// TestCriteria holds bindings and errors against a table that people read: a
// criterion a line, and below it, behind a tab, how it is understood, or its
// fault with the column.
func TestCriteria(t *testing.T) {
	t.Parallel()
	const file = "testdata/criteria.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := NewVocabulary(catalogue())
	var out strings.Builder
	bound, refused := 0, 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "\t") {
			continue
		}
		out.WriteString(line)
		criterion := strings.TrimSuffix(line, "\n")
		if criterion == "" || strings.HasPrefix(criterion, "#") {
			continue
		}
		q, err := v.Bind(criterion)
		var e *Error
		switch {
		case err == nil:
			bound++
			fmt.Fprintf(&out, "\t%s\n", q.Explain())
		case errors.As(err, &e):
			refused++
			fmt.Fprintf(&out, "\t✗ %d: %s\n", e.Offset+1, strings.ReplaceAll(e.Error(), "\n", "\n\t"))
		default:
			t.Errorf("%q: %T, want *Error", criterion, err)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(string(text), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			if !*update {
				t.Fatalf("%s:%d:\n got %q\nwant %q", file, i+1, at(got, i), at(want, i))
			}
			break
		}
	}
	if bound < 150 || refused < 40 {
		t.Errorf("%d criteria bind and %d do not, want 150 and 40 at least", bound, refused)
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
