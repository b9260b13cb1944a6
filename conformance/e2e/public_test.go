package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The programs of this file are other people's, at the versions that the lock files of
// this folder and of public name, and as their registries have them.

// publicProject is a project whose commands see nothing of the user's configuration.
func publicProject(t *testing.T, upArgs ...string) *project {
	t.Helper()
	p := newProject(t)
	var u upped
	if err := json.Unmarshal([]byte(p.mirra(append([]string{"up", "--json", "--no-egress", "--limits", "off"}, upArgs...)...)), &u); err != nil {
		t.Fatal(err)
	}
	p.id = u.SessionID
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	return p
}

// exec runs a command of a folder under `mirra exec` and returns what it prints on
// both streams. Its exit code is for the caller to judge: ok tells whether it is 0.
func (p *project) exec(folder string, env []string, command ...string) (out string, ok bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"exec", "--quiet", "--"}, command...)...)
	cmd.Dir = folder
	cmd.Env = environment(p.home, append([]string{"MIRRA_SESSION=" + p.id, "HOME=" + p.folder, "XDG_CONFIG_HOME=" + p.folder}, env...)...)
	b, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		p.t.Errorf("%v did not end", command)
	}
	return string(b), err == nil
}

// npmProgram is a program of the packages of public.
func npmProgram(t *testing.T, name ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(append([]string{"public", "node_modules"}, name...)...))
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%v: run `make deps`", err)
	}
	return path
}

// TestStripeNodeSuite runs the tests that stripe-node 5.10 brings, 362 of them, of which
// some 30 call the vendor as it answered its newest version in 2018. They ask for the newest
// version, so that what the vendor has changed since is what fails.
func TestStripeNodeSuite(t *testing.T) {
	t.Parallel()
	p := publicProject(t, "--mirrors", "stripe")
	if out, ok := p.exec(p.folder, nil, "curl", "-sS", "--fail-with-body", "-u", "sk_test_123456789abcdefghijklmno:", "-d", "type=custom", "https://api.stripe.com/v1/accounts"); !ok {
		t.Fatal(out) // one of its groups needs a connected account
	}
	suite := npmProgram(t, "stripe")
	// --opts leaves out its --bail.
	out, _ := p.exec(suite, []string{"STRIPE_TEST_API_KEY=sk_test_123456789abcdefghijklmno"}, "node", npmProgram(t, "mocha", "bin", "_mocha"), "--opts", os.DevNull, "--recursive", "--reporter", "json", "test")
	var report struct {
		Stats    struct{ Tests, Passes int }
		Failures []struct {
			FullTitle string
			Err       struct{ Message string }
		}
	}
	// Some tests write to stdout.
	if start := strings.Index(out, "{\n  \"stats\""); start < 0 || json.NewDecoder(strings.NewReader(out[start:])).Decode(&report) != nil {
		t.Fatalf("no report in %s", out)
	}
	changed := map[string]string{ // since 2018, with what the test says
		"Flows Plan+Subscription flow Allows me to: Create a plan and subscribe a customer to it":                                          "Unrecognized request URL", // one subscription a customer
		"Flows Plan+Subscription flow Allows me to: subscribe then cancel with `at_period_end` defined":                                    "Unrecognized request URL",
		"Flows Coupon flow When I create a coupon & customer And I apply the coupon to the customer Does so":                               "unknown parameter: coupon", // 2025-09-30
		"Flows Coupon flow When I create a coupon & customer And I apply the coupon to the customer Can be retrieved from that customer":   "discount.coupon.id",
		"Flows Coupon flow When I create a coupon & customer And I apply the coupon to the customer The resulting discount Can be removed": "No active discount",
		// These ask for 2017-06-05, which no line has, and say that an answer takes at
		// least 50 ms.
		"Flows Request/Response Events should emit a `response` event to listeners on response": "to equal '2017-06-05'",
	}
	for _, f := range report.Failures {
		if want, known := changed[f.FullTitle]; !known || !strings.Contains(f.Err.Message, want) {
			t.Errorf("%s: %s", f.FullTitle, f.Err.Message)
		}
		delete(changed, f.FullTitle)
	}
	for title := range changed {
		t.Errorf("%s passes", title)
	}
	if report.Stats.Tests != 362 || report.Stats.Passes != 356 {
		t.Errorf("%d tests, %d pass", report.Stats.Tests, report.Stats.Passes)
	}
}

// TestStripeCLISamples runs each sample of Stripe's command line, `stripe trigger EVENT`:
// the event is there then, or the operation that is not mirrored is named.
func TestStripeCLISamples(t *testing.T) {
	t.Parallel()
	p := publicProject(t, "--mirrors", "stripe@2026-08")
	cli := npmProgram(t, "@stripe", "cli-linux-x64", "bin", "stripe")
	env := []string{"STRIPE_API_KEY=sk_test_123456789abcdefghijklmno", "STRIPE_CLI_TELEMETRY_OPTOUT=1"}
	help, ok := p.exec(p.folder, env, cli, "trigger", "--help")
	samples := regexp.MustCompile(`(?m)^ +([a-z_]+\.[a-z_.]+)$`).FindAllStringSubmatch(help, -1)
	if !ok || len(samples) != 121 {
		t.Fatalf("it has %d samples: %s", len(samples), help)
	}
	if n, m := len(sampleRefused), len(sampleElsewhere); n != 36 || m != 7 {
		t.Errorf("%d are refused and %d make no event; docs/drop-in.md says 36 and 7", n, m)
	}
	list := filepath.Join(p.folder, "samples")
	var names strings.Builder
	for _, s := range samples {
		names.WriteString(s[1] + "\n")
	}
	if err := os.WriteFile(list, []byte(names.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	// Some use parameters that went with later versions.
	const each = `"$1" trigger "$2" --api-version 2022-11-15 >"$2.out" 2>&1 && touch "$2.ok" || true`
	if out, ok := p.exec(p.folder, env, "xargs", "-a", list, "-n", "1", "-P", "4", "sh", "-c", each, "sh", cli); !ok {
		t.Fatal(out)
	}
	var state struct{ Events []struct{ Type string } }
	if err := json.Unmarshal([]byte(p.mirra("state", "stripe", "events", "--json")), &state); err != nil {
		t.Fatal(err)
	}
	happened := map[string]bool{}
	for _, e := range state.Events {
		happened[e.Type] = true
	}
	for _, s := range samples {
		said, err := os.ReadFile(filepath.Join(p.folder, s[1]+".out"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(filepath.Join(p.folder, s[1]+".ok"))
		if refused := sampleRefused[s[1]]; refused != "" {
			if err == nil || !strings.Contains(string(said), refused) {
				t.Errorf("%s does not say %q: %s", s[1], refused, said)
			}
		} else if err != nil {
			t.Errorf("%s: %s", s[1], said)
		} else if happened[s[1]] == slices.Contains(sampleElsewhere, s[1]) {
			t.Errorf("that there is a %s is %t", s[1], happened[s[1]])
		}
	}
}

// sampleRefused are the samples that a session does not make, with what they say then:
// an operation that is not mirrored, or what the vendor answers an account like this.
var sampleRefused = map[string]string{
	"cash_balance.funds_available":                         "PostTestHelpersCustomersCustomerFundCashBalance",
	"checkout.session.async_payment_failed":                "mirra simulate checkout.session.completed",
	"checkout.session.async_payment_succeeded":             "mirra simulate checkout.session.completed",
	"checkout.session.completed":                           "mirra simulate checkout.session.completed",
	"customer_cash_balance_transaction.created":            "PostTestHelpersCustomersCustomerFundCashBalance",
	"identity.verification_session.canceled":               "PostIdentityVerificationSessions",
	"identity.verification_session.created":                "PostIdentityVerificationSessions",
	"identity.verification_session.redacted":               "PostIdentityVerificationSessions",
	"issuing_authorization.request":                        "PostIssuingCardsIdTestAuthorizations",
	"issuing_authorization.request.eu":                     "Cardholder cannot have a billing address country of ES.",
	"issuing_authorization.request.gb":                     "Cardholder cannot have a billing address country of GB.",
	"issuing_card.created.eu":                              "Cardholder cannot have a billing address country of ES.",
	"issuing_card.created.gb":                              "Cardholder cannot have a billing address country of GB.",
	"issuing_transaction.created":                          "PostTestHelpersIssuingTransactionsCreateForceCapture",
	"issuing_transaction.purchase_details_receipt_updated": "PostTestHelpersIssuingTransactionsCreateForceCapture",
	"issuing_transaction.updated":                          "PostTestHelpersIssuingTransactionsCreateForceCapture",
	"payment_intent.partially_funded":                      "Invalid payment_method_options[customer_balance][bank_transfer][type]",
	"payment_intent.processing":                            "Mirra mirrors SEPA debits of",
	"payment_link.created":                                 "PostPaymentLinks",
	"payment_link.updated":                                 "PostPaymentLinks",
	"quote.accepted":                                       "PostQuotes",
	"quote.canceled":                                       "PostQuotes",
	"quote.created":                                        "PostQuotes",
	"quote.finalized":                                      "PostQuotes",
	"reporting.report_run.succeeded":                       "PostReportingReportRuns",
	"subscription_schedule.aborted":                        "PostSubscriptionSchedules",
	"subscription_schedule.canceled":                       "PostSubscriptionSchedules",
	"subscription_schedule.completed":                      "PostTestHelpersTestClocks",
	"subscription_schedule.created":                        "PostSubscriptionSchedules",
	"subscription_schedule.expiring":                       "PostTestHelpersTestClocks",
	"subscription_schedule.released":                       "PostSubscriptionSchedules",
	"subscription_schedule.updated":                        "PostSubscriptionSchedules",
	"test_helpers.test_clock.advancing":                    "PostTestHelpersTestClocks",
	"test_helpers.test_clock.created":                      "PostTestHelpersTestClocks",
	"test_helpers.test_clock.deleted":                      "PostTestHelpersTestClocks",
	"test_helpers.test_clock.ready":                        "PostTestHelpersTestClocks",
}

// sampleElsewhere are samples that run and make no such event: it is the name of a sample
// alone (four), it comes days later (balance.available, customer.subscription.paused), or
// the mirror does not send it (account.application.deauthorized).
var sampleElsewhere = []string{
	"account.application.deauthorized", "balance.available", "customer.subscription.paused", "issuing_cardholder.created.eu", "issuing_cardholder.created.gb",
	"subscription.payment_failed", "subscription.payment_succeeded",
}

// TestTwilioGoSuite runs the tests that twilio-go runs against the vendor, as far as
// they call what is mirrored: chat, event streams and OAuth are not.
func TestTwilioGoSuite(t *testing.T) {
	t.Parallel()
	suite := filepath.Join(t.TempDir(), "twilio-go.test")
	if out, err := exec.Command("go", "test", "-tags", "cluster", "-c", "-o", suite, "github.com/twilio/twilio-go").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p := publicProject(t, "--mirrors", "twilio", "--seed", "twilio:verified-numbers")
	env := []string{
		"TWILIO_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef", "TWILIO_API_KEY=SK0123456789abcdef0123456789abcdef", "TWILIO_API_SECRET=secret",
		"TWILIO_FROM_NUMBER=+15555550123", "TWILIO_TO_NUMBER=+15558675310",
	}
	out, ok := p.exec(p.folder, env, suite, "-test.v", "-test.run", "^(TestSendingAText|TestListing.*)$")
	if passed := strings.Count(out, "\n--- PASS: "); !ok || passed != 4 || !strings.Contains(out, "4 requests,") {
		t.Errorf("%d of 4 pass: %s", passed, out)
	}
	// The SDK shows what the proxy says of a host without a mirror.
	if out, ok := p.exec(p.folder, env, suite, "-test.run", "^TestSpecialCharacters$"); ok || !strings.Contains(out, "chat.twilio.com is not mirrored") || !strings.Contains(out, "0 requests,") {
		t.Errorf("chat: %s", out)
	}
}

// TestResendCLI uses Resend's command line.
func TestResendCLI(t *testing.T) {
	t.Parallel()
	p := publicProject(t, "--mirrors", "resend")
	cli := npmProgram(t, "resend-cli", "dist", "cli.cjs")
	run := func(args ...string) map[string]json.RawMessage {
		t.Helper()
		out, ok := p.exec(p.folder, []string{"RESEND_API_KEY=re_123456789"}, append([]string{"node", cli, "--quiet"}, args...)...)
		var answer map[string]json.RawMessage
		// Behind what it prints, exec tells what it refused.
		if err := json.NewDecoder(bytes.NewReader([]byte(out[max(strings.Index(out, "{"), 0):]))).Decode(&answer); !ok || err != nil {
			t.Fatalf("resend %s: %s", strings.Join(args, " "), out)
		}
		return answer
	}
	text := func(raw json.RawMessage) (s string) {
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return s
	}
	id := text(run("emails", "send", "--from", "onboarding@resend.dev", "--to", "bounced@resend.dev", "--subject", "Hi", "--text", "Hello")["id"])
	p.mirra("clock", "advance", "1m")
	if got := text(run("emails", "get", id)["last_event"]); got != "bounced" {
		t.Errorf("the email is %s", got)
	}
	domain := run("domains", "create", "--name", "mail.acme.test", "--region", "eu-west-1")
	if got := text(run("domains", "get", text(domain["id"]))["name"]); got != "mail.acme.test" {
		t.Errorf("the domain is %s", got)
	}
	run("contacts", "create", "--email", "ada@acme.test", "--first-name", "Ada")
	if got := text(run("contacts", "get", "ada@acme.test")["first_name"]); got != "Ada" {
		t.Errorf("the contact is %s", got)
	}
	run("webhooks", "create", "--endpoint", "https://acme.test/hook", "--events", "email.delivered")
	if list := run("webhooks", "list")["data"]; !strings.Contains(string(list), "https://acme.test/hook") {
		t.Errorf("webhooks are %s", list)
	}
}
