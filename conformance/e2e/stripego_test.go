package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/client"
	"github.com/stripe/stripe-go/v79/webhook"
)

// counting counts requests and remembers their idempotency keys.
type counting struct {
	mu   sync.Mutex
	keys []string
	next http.RoundTripper
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.keys = append(c.keys, r.Header.Get("Idempotency-Key"))
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// stripeGo is stripe-go at the version that asks for 2024-06-20, with nothing
// but its base URL changed.
func stripeGo(p *project, retries int64) (*client.API, *counting) {
	c := &counting{next: &http.Transport{Proxy: nil}}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(p.url),
		HTTPClient:        &http.Client{Transport: c, Timeout: 30 * time.Second},
		MaxNetworkRetries: stripe.Int64(retries),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return client.New("sk_test_e2e123456789", &stripe.Backends{API: backend, Uploads: backend, Connect: backend}), c
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want one of Stripe's", err)
	}
	return e
}

func TestStripeGoPayment(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	customer, err := api.Customers.New(&stripe.CustomerParams{Email: stripe.String("jenny@example.com"), Metadata: map[string]string{"order": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	method, err := api.PaymentMethods.New(&stripe.PaymentMethodParams{Type: stripe.String("card"), Card: &stripe.PaymentMethodCardParams{
		Number: stripe.String("4242424242424242"), ExpMonth: stripe.Int64(12), ExpYear: stripe.Int64(2034), CVC: stripe.String("123")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := api.PaymentMethods.Attach(method.ID, &stripe.PaymentMethodAttachParams{Customer: &customer.ID}); err != nil {
		t.Fatal(err)
	}
	params := &stripe.PaymentIntentParams{
		Amount: stripe.Int64(2000), Currency: stripe.String("usd"), Customer: &customer.ID, PaymentMethod: &method.ID, Confirm: stripe.Bool(true),
		// The default since 2024-04-10, automatic_async, books the transaction later.
		CaptureMethod:           stripe.String("automatic"),
		AutomaticPaymentMethods: &stripe.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true), AllowRedirects: stripe.String("never")},
	}
	params.AddExpand("latest_charge.balance_transaction")
	intent, err := api.PaymentIntents.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != stripe.PaymentIntentStatusSucceeded || intent.AmountReceived != 2000 || !strings.HasPrefix(intent.ID, "pi_3") {
		t.Errorf("intent %s is %s with %d received", intent.ID, intent.Status, intent.AmountReceived)
	}
	// 2.9 % and 30 cents [R, recorded balance transactions of US test cards].
	if c := intent.LatestCharge; !c.Paid || c.PaymentMethodDetails.Card.Last4 != "4242" || c.BalanceTransaction.Fee != 88 || c.BalanceTransaction.Net != 1912 {
		t.Errorf("charge paid %t, card %s, fee %d", c.Paid, c.PaymentMethodDetails.Card.Last4, c.BalanceTransaction.Fee)
	}
	refund, err := api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent.ID, Amount: stripe.Int64(500)})
	if err != nil {
		t.Fatal(err)
	}
	if refund.Status != stripe.RefundStatusSucceeded || refund.Amount != 500 {
		t.Errorf("refund %s of %d", refund.Status, refund.Amount)
	}
	_, err = api.Refunds.New(&stripe.RefundParams{PaymentIntent: &intent.ID, Amount: stripe.Int64(5000)})
	if e := stripeError(t, err); e.HTTPStatusCode != 400 || !strings.Contains(e.Msg, "is greater than unrefunded amount on charge ($15.00)") {
		t.Errorf("over-refund: %d %s", e.HTTPStatusCode, e.Msg)
	}
}

func TestStripeGoDeclines(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	cases := []struct {
		method  string
		code    stripe.ErrorCode
		decline stripe.DeclineCode
	}{
		{"pm_card_visa_chargeDeclined", stripe.ErrorCodeCardDeclined, stripe.DeclineCodeGenericDecline},
		{"pm_card_visa_chargeDeclinedInsufficientFunds", stripe.ErrorCodeCardDeclined, stripe.DeclineCodeInsufficientFunds},
		{"pm_card_chargeDeclinedExpiredCard", stripe.ErrorCodeExpiredCard, ""},
		{"pm_card_chargeDeclinedProcessingError", stripe.ErrorCodeProcessingError, ""},
	}
	for _, c := range cases {
		_, err := api.PaymentIntents.New(&stripe.PaymentIntentParams{Amount: stripe.Int64(1000), Currency: stripe.String("usd"),
			PaymentMethod: stripe.String(c.method), Confirm: stripe.Bool(true), PaymentMethodTypes: []*string{stripe.String("card")}})
		e := stripeError(t, err)
		if e.HTTPStatusCode != 402 || e.Type != stripe.ErrorTypeCard || e.Code != c.code || e.DeclineCode != c.decline {
			t.Errorf("%s: %d %s %s %s", c.method, e.HTTPStatusCode, e.Type, e.Code, e.DeclineCode)
		}
		if e.PaymentIntent == nil || e.PaymentIntent.Status != stripe.PaymentIntentStatusRequiresPaymentMethod {
			t.Errorf("%s: the error's intent is %+v", c.method, e.PaymentIntent)
		}
	}
}

// A customer completes 3D Secure on the page the intent names.
func TestStripeGo3DS(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	intent, err := api.PaymentIntents.New(&stripe.PaymentIntentParams{Amount: stripe.Int64(1099), Currency: stripe.String("eur"),
		PaymentMethod: stripe.String("pm_card_threeDSecure2Required"), Confirm: stripe.Bool(true), PaymentMethodTypes: []*string{stripe.String("card")},
		ReturnURL: stripe.String("https://shop.example.com/done?order=1")})
	if err != nil {
		t.Fatal(err)
	}
	if intent.Status != stripe.PaymentIntentStatusRequiresAction || intent.NextAction.RedirectToURL == nil {
		t.Fatalf("intent is %s with %+v", intent.Status, intent.NextAction)
	}
	back := completeChallenge(t, intent.NextAction.RedirectToURL.URL)
	q := back.Query()
	if back.Host != "shop.example.com" || q.Get("order") != "1" || q.Get("payment_intent") != intent.ID || q.Get("payment_intent_client_secret") != intent.ClientSecret || q.Get("redirect_status") != "succeeded" {
		t.Errorf("sent back to %s", back)
	}
	if intent, err = api.PaymentIntents.Get(intent.ID, nil); err != nil || intent.Status != stripe.PaymentIntentStatusSucceeded {
		t.Errorf("intent is %s, %v", intent.Status, err)
	}
}

// completeChallenge opens the page, presses its complete button as a browser
// would submit the form, and returns where it leads.
func completeChallenge(t *testing.T, page string) *url.URL {
	t.Helper()
	browser := &http.Client{Transport: &http.Transport{Proxy: nil}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	action, fields := completeForm(t, resp)
	at, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	target, err := at.Parse(action)
	if err != nil {
		t.Fatal(err)
	}
	resp, err = browser.PostForm(target.String(), fields)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("the page answers %d without a redirect", resp.StatusCode)
	}
	return back
}

func TestStripeGoIdempotency(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	create := func(email string) (*stripe.Customer, error) {
		params := &stripe.CustomerParams{Email: &email}
		params.SetIdempotencyKey("order-1")
		return api.Customers.New(params)
	}
	first, err := create("a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	again, err := create("a@example.com")
	if err != nil || again.ID != first.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again: %v, %v", again, err)
	}
	_, err = create("b@example.com")
	if e := stripeError(t, err); e.HTTPStatusCode != 400 || e.Type != stripe.ErrorTypeIdempotency {
		t.Errorf("other parameters: %d %s %s", e.HTTPStatusCode, e.Type, e.Msg)
	}
}

// A second request with the key of one that is not answered yet is told so. A
// fault holds the first answer back; its trace entry says that it is there, and
// clearing the fault lets it go.
func TestStripeGoKeyInUse(t *testing.T) {
	t.Parallel()
	p := up(t)
	api, _ := stripeGo(p, 0)
	create := func() (*stripe.Customer, error) {
		params := &stripe.CustomerParams{Email: stripe.String("slow@example.com")}
		params.SetIdempotencyKey("slow-1")
		return api.Customers.New(params)
	}
	p.mirra("fault", "add", "--method", "POST", "--path", "/v1/customers", "--latency", "10m", "--count", "1")
	type made struct {
		customer *stripe.Customer
		err      error
	}
	first := make(chan made, 1)
	go func() {
		c, err := create()
		first <- made{c, err}
	}()
	p.follow("POST /v1/customers → 200")
	_, err := create()
	if e := stripeError(t, err); e.HTTPStatusCode != 409 || e.Code != stripe.ErrorCodeIdempotencyKeyInUse || !strings.Contains(e.Msg, "another in-progress request using this Idempotent Key") || !strings.Contains(e.Msg, "slow-1") {
		t.Errorf("meanwhile: %d %s %s", e.HTTPStatusCode, e.Code, e.Msg)
	}
	select {
	case m := <-first:
		t.Fatalf("the first did not wait: %+v", m)
	default:
	}
	p.mirra("fault", "clear")
	one := <-first
	if one.err != nil {
		t.Fatal(one.err)
	}
	again, err := create()
	if err != nil || again.ID != one.customer.ID || again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("afterwards: %+v, %v; want a replay of %s", again, err, one.customer.ID)
	}
	if state := p.mirra("state", "stripe"); !strings.Contains(state, "customers: 1") {
		t.Errorf("more than one customer came of it: %s", state)
	}
}

// Twenty clients race with one key: one customer comes of it. Those told that
// the key is in use are retried by the SDK, with the same key, until they see it.
func TestStripeGoConcurrentKey(t *testing.T) {
	t.Parallel()
	p := up(t)
	api, seen := stripeGo(p, 5)
	ids := make([]string, 20)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			params := &stripe.CustomerParams{Email: stripe.String("race@example.com")}
			params.SetIdempotencyKey("race")
			c, err := api.Customers.New(params)
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			ids[i] = c.ID
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("different customers came of one key: %v", ids)
		}
	}
	for _, key := range seen.keys {
		if key != "race" {
			t.Errorf("a retry was sent with key %q", key)
		}
	}
}

// Mirra's own 500 is rolled back and not stored, and carries no
// Stripe-Should-Retry, so that the SDK tries again and succeeds. A 429 is only
// retried with lock_timeout.
func TestStripeGoRetryRules(t *testing.T) {
	t.Parallel()
	p := up(t)
	api, seen := stripeGo(p, 2)
	p.mirra("fault", "add", "--mirror", "stripe", "--method", "POST", "--path", "/v1/customers", "--error", "internal", "--count", "1")
	if _, err := api.Customers.New(&stripe.CustomerParams{}); err != nil {
		t.Fatalf("after one 500: %v", err)
	}
	if len(seen.keys) != 2 || seen.keys[0] != seen.keys[1] || seen.keys[0] == "" {
		t.Errorf("requests with keys %q, want two with one key", seen.keys)
	}
	p.mirra("fault", "clear")
	seen.keys = nil
	p.mirra("fault", "add", "--mirror", "stripe", "--path", "/v1/customers", "--error", "lock-timeout", "--count", "1")
	if _, err := api.Customers.New(&stripe.CustomerParams{}); err != nil || len(seen.keys) != 2 {
		t.Errorf("lock_timeout: %v after %d requests, want success after 2", err, len(seen.keys))
	}
	p.mirra("fault", "clear")
	seen.keys = nil
	p.mirra("fault", "add", "--mirror", "stripe", "--path", "/v1/customers", "--error", "rate-limit", "--count", "1")
	_, err := api.Customers.New(&stripe.CustomerParams{})
	if e := stripeError(t, err); e.HTTPStatusCode != 429 || len(seen.keys) != 1 {
		t.Errorf("rate limit: %d after %d requests, want 429 after 1", e.HTTPStatusCode, len(seen.keys))
	}
	// An answer lost on the way leaves the record: the retry is a replay.
	p.mirra("fault", "clear")
	p.mirra("fault", "add", "--mirror", "stripe", "--path", "/v1/customers", "--drop", "after", "--count", "1")
	c, err := api.Customers.New(&stripe.CustomerParams{Email: stripe.String("lost@example.com")})
	if err != nil || c.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("after a lost answer: %v, %v", c, err)
	}
}

func TestStripeGoAutoPaging(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	var want []string
	for i := range 25 {
		c, err := api.Customers.New(&stripe.CustomerParams{Email: stripe.String(fmt.Sprintf("c%d@example.com", i))})
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{c.ID}, want...) // newest first
	}
	params := &stripe.CustomerListParams{}
	params.Limit = stripe.Int64(10)
	var got []string
	list := api.Customers.List(params)
	for list.Next() {
		got = append(got, list.Customer().ID)
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("paged through\n%v\nwant\n%v", got, want)
	}
}

func TestStripeGoErrors(t *testing.T) {
	t.Parallel()
	api, _ := stripeGo(up(t), 0)
	_, err := api.Customers.Get("cus_nobody", nil)
	if e := stripeError(t, err); e.HTTPStatusCode != 404 || e.Code != stripe.ErrorCodeResourceMissing || e.Param != "id" || e.Msg != "No such customer: 'cus_nobody'" {
		t.Errorf("missing customer: %+v", e)
	}
	_, err = api.PaymentIntents.New(&stripe.PaymentIntentParams{Amount: stripe.Int64(100), Currency: stripe.String("usd"), Customer: stripe.String("cus_nobody")})
	if e := stripeError(t, err); e.HTTPStatusCode != 400 || e.Code != stripe.ErrorCodeResourceMissing || e.Param != "customer" {
		t.Errorf("missing customer in a parameter: %+v", e)
	}
	_, err = api.TerminalConnectionTokens.New(&stripe.TerminalConnectionTokenParams{})
	if e := stripeError(t, err); e.HTTPStatusCode != 501 || !strings.Contains(e.Msg, "PostTerminalConnectionTokens") {
		t.Errorf("an operation that is not there: %d %s", e.HTTPStatusCode, e.Msg)
	}
}

func TestStripeGoWebhooks(t *testing.T) {
	t.Parallel()
	h := newHook(t, nil)
	p := up(t, "--forward", "stripe="+h.URL+"/stripe")
	api, _ := stripeGo(p, 0)
	// One endpoint is registered through the API, with a secret of its own; the
	// forward is signed with the secret of .env.local.
	own := newHook(t, nil)
	endpoint, err := api.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: stripe.String(own.URL), EnabledEvents: []*string{stripe.String("customer.created")}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := api.Customers.New(&stripe.CustomerParams{Email: stripe.String("hook@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	for secret, h := range map[string]*hook{webhookSecret: h, endpoint.Secret: own} {
		r := h.wait(t, "customer.created")
		event, err := webhook.ConstructEvent(r.body, r.header.Get("Stripe-Signature"), secret)
		if err != nil {
			t.Fatalf("stripe-go refuses the event: %v", err)
		}
		var object stripe.Customer
		if err := json.Unmarshal(event.Data.Raw, &object); err != nil || object.ID != c.ID {
			t.Errorf("the event is about %s, want %s (%v)", object.ID, c.ID, err)
		}
		if _, err := webhook.ConstructEvent(append(r.body, ' '), r.header.Get("Stripe-Signature"), secret); err == nil {
			t.Error("stripe-go takes an altered body")
		}
	}
}

// With the session's clock two years back and then 31 days on, signatures carry
// the time of the application, which the verifier compares with. Two failed
// deliveries are tried again on the session's clock.
func TestStripeGoWebhooksOnAMovedClock(t *testing.T) {
	t.Parallel()
	h := newHook(t, func(n int) int {
		if n <= 2 {
			return 500
		}
		return 200
	})
	p := up(t, "--forward", "stripe="+h.URL)
	past := time.Now().AddDate(-2, 0, 0).UTC().Truncate(time.Second)
	p.mirra("clock", "freeze")
	p.mirra("clock", "set", past.Format(time.RFC3339))
	api, _ := stripeGo(p, 0)
	c, err := api.Customers.New(&stripe.CustomerParams{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Created != past.Unix() {
		t.Errorf("created %d, want the session's %d", c.Created, past.Unix())
	}
	h.wait(t, "customer.created")
	p.mirra("clock", "advance", "31d")
	if n := h.count(); n != 3 {
		t.Fatalf("%d attempts, want 3: two failed and were tried again", n)
	}
	for i, r := range h.requests {
		event, err := webhook.ConstructEvent(r.body, r.header.Get("Stripe-Signature"), webhookSecret)
		if err != nil {
			t.Fatalf("attempt %d: %v", i+1, err)
		}
		if event.Created != past.Unix() {
			t.Errorf("attempt %d: the event is of %d, want %d", i+1, event.Created, past.Unix())
		}
	}
}
