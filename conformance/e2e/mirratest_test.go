package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/sdk/mirratest"
	"github.com/mirrahq/mirra/sdk/mirratest/inprocess"
	"github.com/resend/resend-go/v3"
	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"
	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

// stripeWith is stripe-go as an application makes it, but for its HTTP client.
func stripeWith(c *http.Client) *stripe.Client {
	backends := stripe.NewBackendsWithConfig(&stripe.BackendConfig{HTTPClient: c, MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}})
	return stripe.NewClient("sk_test_e2e123456789", stripe.WithBackends(backends))
}

func customer(t testing.TB, c *stripe.Client, email string) *stripe.Customer {
	t.Helper()
	made, err := c.V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Email: &email})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// emails are those of a session's customers.
func emails(s *mirratest.Session) []string {
	var all []struct{ Email string }
	s.State("stripe", "customers", &all)
	out := []string{}
	for _, c := range all {
		out = append(out, c.Email)
	}
	return out
}

// TestMirratest steers a session by all there is.
func TestMirratest(t *testing.T) {
	t.Parallel()
	h := newHook(t, nil)
	start := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	s := mirratest.Start(t, "stripe@2026-08, twilio", mirratest.Forward("stripe", h.URL), mirratest.Secret("STRIPE_WEBHOOK_SECRET", webhookSecret), mirratest.At(start))
	sdk := stripeWith(s.Client())
	jenny := customer(t, sdk, "jenny@example.com")

	if _, err := sdk.V1Customers.Create(t.Context(), &stripe.CustomerCreateParams{Email: stripe.String("rosen@example.com")}); err != nil {
		t.Fatal(err)
	}
	w := s.WaitForWebhook("customer.created", func(w *mirratest.Webhook) bool { return bytes.Contains(w.Body, []byte("rosen@")) })
	if w.Mirror != "stripe" || w.URL != h.URL || w.Status != 200 || w.Attempt != 1 || w.At.Before(start) {
		t.Errorf("%+v", w)
	}
	if _, err := webhook.ConstructEvent(w.Body, w.Header.Get("Stripe-Signature"), webhookSecret); err != nil {
		t.Error(err)
	}
	s.WaitForWebhook("", func(w *mirratest.Webhook) bool { return bytes.Contains(w.Body, []byte(jenny.ID)) })

	s.Check("exactly 2 customers were created", "the webhook `customer.created` was answered with 200 twice", "no request to stripe failed")

	remove := s.Fault(host.FaultRule{Mirror: "stripe", Method: "GET", Error: "rate-limit"})
	_, err := sdk.V1Customers.Retrieve(t.Context(), jenny.ID, nil)
	if e, ok := errors.AsType[*stripe.Error](err); !ok || e.HTTPStatusCode != http.StatusTooManyRequests {
		t.Errorf("with the fault: %v", err)
	}
	remove()
	if _, err := sdk.V1Customers.Retrieve(t.Context(), jenny.ID, nil); err != nil {
		t.Errorf("without it: %v", err)
	}

	s.Freeze()
	moved := s.Advance(31 * 24 * time.Hour)
	if !moved.Clock.Frozen || moved.Clock.Now.Before(start.Add(31*24*time.Hour)) {
		t.Errorf("%+v", moved)
	}
	s.Resume()

	s.Snapshot("two")
	customer(t, sdk, "third@example.com")
	s.Restore("two")
	if got := emails(s); len(got) != 2 {
		t.Errorf("restored: %v", got)
	}
	s.Reset()
	if got := emails(s); len(got) != 0 {
		t.Errorf("reset: %v", got)
	}
	s.Simulate("invoice.payment_failed")
	s.WaitForWebhook("invoice.payment_failed")

	posts := s.Trace(host.TraceQuery{Types: []string{host.EventTraffic}, Method: "POST"})
	if len(posts) != 3 || !bytes.Contains(posts[0].Response.Body, []byte(jenny.ID)) {
		t.Errorf("%d posts", len(posts))
	}
	resp, err := s.Client().Get(s.URL("stripe") + "/v1/customers")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("by its URL, without a key: %s", resp.Status)
	}
	t.Run("subtest", func(t *testing.T) {
		if got := emails(s.With(t)); len(got) > 1 {
			t.Errorf("%v", got)
		}
	})
}

// TestMirratestSeeds starts from fixtures and files.
func TestMirratestSeeds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(file, []byte(`{"customers":[{"id":"cus_seeded","email":"seeded@example.com"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mirratest.Start(t, "stripe,resend", mirratest.SeedFile("stripe", file), mirratest.Seed("resend", "transactional-busy"))
	if got := emails(s); len(got) != 1 || got[0] != "seeded@example.com" {
		t.Errorf("%v", got)
	}
	customer(t, stripeWith(s.Client()), "another@example.com")
	s.Reset()
	if got := emails(s); len(got) != 1 {
		t.Errorf("after a reset there are %v", got)
	}
	var sent []json.RawMessage
	if s.State("resend", "emails", &sent); len(sent) < 100 {
		t.Errorf("%d emails", len(sent))
	}
}

// TestMirratestSDKs gives SDKs that have no base URL, or keep theirs, the client alone.
func TestMirratestSDKs(t *testing.T) {
	t.Parallel()
	s := mirratest.Start(t, "twilio,resend")
	base := &client.Client{Credentials: client.NewCredentials(twilioAccount, twilioToken), HTTPClient: s.Client()}
	base.SetAccountSid(twilioAccount)
	params := &api.CreateMessageParams{}
	params.SetFrom("+15005550006").SetTo("+15005550009").SetBody("hello")
	text, err := twilio.NewRestClientWithParams(twilio.ClientParams{Client: base}).Api.CreateMessage(params)
	if err != nil || text.Sid == nil {
		t.Fatal(err)
	}
	mail, err := resend.NewCustomClient(s.Client(), "re_e2e_123456789").Emails.Send(&resend.SendEmailRequest{From: "onboarding@resend.dev", To: []string{"delivered@resend.dev"}, Subject: "hello", Text: "hello"})
	if err != nil {
		t.Fatal(err)
	}
	var messages []struct{ Sid string }
	var mails []struct{ ID string }
	s.State("twilio", "messages", &messages)
	s.State("resend", "emails", &mails)
	if len(messages) != 1 || messages[0].Sid != *text.Sid || len(mails) != 1 || mails[0].ID != mail.Id {
		t.Errorf("%v %v", messages, mails)
	}
}

// TestMirratestParallel has many tests at once, each with what it made alone.
func TestMirratestParallel(t *testing.T) {
	t.Parallel()
	for i := range 24 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := mirratest.Start(t, "stripe")
			sdk := stripeWith(s.Client())
			var all sync.WaitGroup
			for n := range 5 {
				all.Go(func() {
					email := fmt.Sprintf("%d-%d@example.com", i, n)
					if _, err := sdk.V1Customers.Create(t.Context(), &stripe.CustomerCreateParams{Email: &email}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			got := emails(s)
			for _, e := range got {
				if !strings.HasPrefix(e, fmt.Sprintf("%d-", i)) {
					t.Errorf("there is %s", e)
				}
			}
			if len(got) != 5 {
				t.Errorf("%v", got)
			}
		})
	}
}

// TestMirratestInProcess has the server within the test: of a file, and of what a
// project's lock pins.
func TestMirratestInProcess(t *testing.T) {
	plugin, err := filepath.Abs("../../build/plugins/resend.wasm")
	if err != nil {
		t.Fatal(err)
	}
	send := func(t *testing.T, s *mirratest.Session) {
		t.Helper()
		if _, err := resend.NewCustomClient(s.Client(), "re_e2e_123456789").Emails.Send(&resend.SendEmailRequest{From: "onboarding@resend.dev", To: []string{"delivered@resend.dev"}, Subject: "hello", Text: "hello"}); err != nil {
			t.Fatal(err)
		}
		var mails []json.RawMessage
		if s.State("resend", "emails", &mails); len(mails) != 1 {
			t.Errorf("%d emails", len(mails))
		}
	}
	s := mirratest.Start(t, "resend", inprocess.Server(plugin))
	send(t, s)
	if id := s.ID(); strings.Contains((&project{t: t, folder: t.TempDir(), home: home}).mirra("sessions"), id) {
		t.Errorf("%s is in the server of the program", id)
	}
	p := newProject(t)
	p.mirra("plugin", "install", "resend")
	t.Chdir(p.folder)
	send(t, mirratest.Start(t, "resend", inprocess.Server()))
}

// TestMirratestDropIn leads code that takes neither a client nor a URL, and what the
// process starts.
func TestMirratestDropIn(t *testing.T) {
	before := http.DefaultTransport
	t.Run("within", func(t *testing.T) {
		s := mirratest.Start(t, "stripe")
		s.DropIn()
		customer(t, stripeWith(nil), "within@example.com") // the SDK's own client
		for _, command := range [][]string{
			{"curl", "-sS", "--fail-with-body", "https://api.stripe.com/v1/customers", "-u", "sk_test_123456789:", "-d", "email=curl@example.com"},
			{binary, "exec", "--quiet", "--", "node", "-e", `fetch("https://api.stripe.com/v1/customers", {method: "POST", headers: {authorization: "Bearer sk_test_123456789"}, body: new URLSearchParams({email: "node@example.com"})})`},
		} {
			if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
				t.Errorf("%v: %v\n%s", command, err, out)
			}
		}
		if got := strings.Join(emails(s), " "); got != "within@example.com curl@example.com node@example.com" {
			t.Errorf("%s", got)
		}
		if os.Getenv("STRIPE_WEBHOOK_SECRET") == "" || os.Getenv("MIRRA_STRIPE_URL") != s.URL("stripe") {
			t.Error("the application's variables are not set")
		}
		attached := mirratest.Start(t, "stripe", mirratest.Attach())
		if attached.ID() != s.ID() {
			t.Errorf("attached to %s, not %s", attached.ID(), s.ID())
		}
	})
	if http.DefaultTransport != before {
		t.Error("the transport is left behind")
	}
}

// failing is a test that keeps what it is ended with.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Fatal(args ...any) { f.Fatalf("%s", fmt.Sprint(args...)) }

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure returns what ends a test that does something.
func failure(t *testing.T, do func(t testing.TB)) string {
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(f)
	}()
	<-done
	return f.text
}

// TestMirratestFailures: what cannot be done ends the test, and says what to do.
func TestMirratestFailures(t *testing.T) {
	t.Parallel()
	live := mirratest.Start(t, "stripe")
	for name, c := range map[string]struct {
		do   func(t testing.TB)
		want []string
	}{
		"an unknown mirror":   {func(t testing.TB) { mirratest.Start(t, "sripe") }, []string{`no mirror "sripe"`, "hint: there is", "stripe"}},
		"no mirror":           {func(t testing.TB) { mirratest.Start(t, "") }, []string{"at least one mirror"}},
		"an unknown version":  {func(t testing.TB) { mirratest.Start(t, "stripe@1999-01") }, []string{"stripe@1999-01", "stripe@2024-06"}},
		"a path":              {func(t testing.TB) { mirratest.Start(t, "./my.wasm") }, []string{"./my.wasm is a path", "inprocess.Server"}},
		"an unknown fixture":  {func(t testing.TB) { mirratest.Start(t, "stripe", mirratest.Seed("stripe", "nothing")) }, []string{`no fixture "nothing"`, "failed-payments"}},
		"a seed file":         {func(t testing.TB) { mirratest.Start(t, "stripe", mirratest.SeedFile("stripe", "not-there.json")) }, []string{"not-there.json"}},
		"a forward of nobody": {func(t testing.TB) { mirratest.Start(t, "stripe", mirratest.Forward("twilio", "http://127.0.0.1:1")) }, []string{"twilio", "stripe"}},
		"a limit":             {func(t testing.TB) { mirratest.Start(t, "stripe", mirratest.Limits("none")) }, []string{"vendor, test or off"}},
		"a URL of another":    {func(t testing.TB) { live.With(t).URL("twilio") }, []string{`no mirror "twilio"`, "stripe"}},
		"an unknown event":    {func(t testing.TB) { live.With(t).Simulate("what.ever") }, []string{"what.ever", "events: stripe"}},
		"an unknown snapshot": {func(t testing.TB) { live.With(t).Restore("what") }, []string{`no snapshot "what"`}},
		"an argument too few": {func(t testing.TB) { live.With(t).Simulate("charge.refunded", "charge") }, []string{`"charge" has no value`}},
		"a webhook to nobody": {func(t testing.TB) {
			mirratest.Start(t, "stripe", mirratest.Patience(time.Millisecond)).WaitForWebhook("customer.created")
		}, []string{"no customer.created webhook within 1ms", "mirratest.Forward"}},
		"a plugin that is not":   {func(t testing.TB) { mirratest.Start(t, "stripe", inprocess.Server("not-there.wasm")) }, []string{"not-there.wasm"}},
		"an egress that is none": {func(t testing.TB) { refused(t, live.With(t).Client()) }, []string{"example.com belongs to no mirror"}},
		"a session that ended": {func(t testing.TB) {
			s := mirratest.Start(t, "stripe")
			if err := s.Control().EndSession(context.Background(), s.ID(), true); err != nil {
				t.Fatal(err)
			}
			s.Reset()
		}, []string{"it has ended", "mirra down"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := failure(t, c.do)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("want %q in:\n%s", want, got)
				}
			}
		})
	}
}

// refused ends the test with why a host is not reached.
func refused(t testing.TB, c *http.Client) {
	resp, err := c.Get("http://example.com/")
	if e, ok := errors.AsType[*url.Error](err); ok {
		t.Fatal(e)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	t.Fatalf("%s %s", resp.Status, text)
}

// TestMirratestServerEnds runs where TestMirratestPrograms starts it: the server ends when
// nobody has a session, and another takes its place.
func TestMirratestServerEnds(t *testing.T) {
	if os.Getenv(withinMirratest) == "" {
		return
	}
	for n := range 2 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			customer(t, stripeWith(mirratest.Start(t, "stripe").Client()), "jenny@example.com")
		})
		if out, err := exec.Command(binary, "down", "--all").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// TestMirratestPrograms starts tests as `go test` does, where the program is missing, is
// another or names a server that is gone.
func TestMirratestPrograms(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, more ...string) string {
		cmd := exec.Command(self, "-test.run", "^TestMirratestSeeds$", "-test.v")
		cmd.Env = append(environment(t.TempDir(), more...), "MIRRA="+binary, withinMirratest+"=1")
		out, _ := cmd.CombinedOutput() // what it prints says it
		return string(out)
	}
	for name, c := range map[string]struct {
		env  []string
		want string
	}{
		"no program":      {[]string{"PATH=/nowhere"}, "there is no program mirra on PATH"},
		"a wrong program": {[]string{"MIRRA_BINARY=/nowhere/mirra"}, "MIRRA_BINARY names /nowhere/mirra, which cannot be run"},
		"another program": {[]string{"MIRRA_BINARY=/bin/echo"}, "is it of an older version?"},
		"no server":       {[]string{"MIRRA_URL=http://127.0.0.1:1", "MIRRA_TOKEN=x"}, "the server that MIRRA_URL names, http://127.0.0.1:1, does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if out := run(t, c.env...); !strings.Contains(out, c.want) || !strings.Contains(out, "--- FAIL: TestMirratestSeeds") {
				t.Errorf("want %q in:\n%s", c.want, out)
			}
		})
	}
	t.Run("a server that ends", func(t *testing.T) {
		t.Parallel()
		cmd := exec.Command(self, "-test.run", "^TestMirratestServerEnds$", "-test.v")
		cmd.Env = append(environment(t.TempDir()), "MIRRA="+binary, "MIRRA_BINARY="+binary, withinMirratest+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestMirratestServerEnds/1") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("within exec", func(t *testing.T) {
		t.Parallel()
		p := newProject(t)
		out, err := exec.Command("env", append(environment(p.home, "MIRRA="+binary, withinMirratest+"=1"), binary, "exec", "--mirrors", "twilio", "--", self, "-test.run", "^TestMirratestSeeds$", "-test.v")...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "--- PASS: TestMirratestSeeds") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}
