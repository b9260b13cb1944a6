package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"
)

// stripeGoCurrent is the current stripe-go, which asks for a newer version.
func stripeGoCurrent(p *project) *stripe.Client {
	return stripeGoOver(p, &http.Transport{Proxy: nil})
}

func stripeGoOver(p *project, transport http.RoundTripper) *stripe.Client {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(p.url),
		HTTPClient:        &http.Client{Transport: transport},
		MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return stripe.NewClient("sk_test_e2e123456789", stripe.WithBackends(&stripe.Backends{API: backend, Uploads: backend, Connect: backend, MeterEvents: backend}))
}

// The current SDK gets the version it asks for from the older line too. Events
// have the line's own: the SDK's verifier refuses them, unless it is told not to.
func TestCurrentStripeGo(t *testing.T) {
	t.Parallel()
	h := newHook(t, nil)
	p := up(t, "--forward", "stripe="+h.URL)
	api := stripeGoCurrent(p)
	c, err := api.V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Email: stripe.String("now@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.LastResponse.Header.Get("Stripe-Version"); got != stripe.APIVersion {
		t.Errorf("answered as version %q", got)
	}
	intent, err := api.V1PaymentIntents.Create(context.Background(), &stripe.PaymentIntentCreateParams{Amount: stripe.Int64(500), Currency: stripe.String("usd"),
		PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true), PaymentMethodTypes: []*string{stripe.String("card")}})
	if err != nil || intent.Status != stripe.PaymentIntentStatusSucceeded {
		t.Errorf("payment: %+v, %v", intent, err)
	}
	if logs := p.mirra("logs"); strings.Contains(logs, "asked for") {
		t.Errorf("the log warns:\n%s", logs)
	}
	r := h.wait(t, "customer.created")
	signature := r.header.Get("Stripe-Signature")
	if _, err := webhook.ConstructEvent(r.body, signature, webhookSecret); err == nil || !strings.Contains(err.Error(), "2024-06-20") {
		t.Errorf("the verifier says %v, want a refusal of version 2024-06-20", err)
	}
	event, err := webhook.ConstructEventWithOptions(r.body, signature, webhookSecret, webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	if err != nil || event.Type != "customer.created" {
		t.Errorf("with IgnoreAPIVersionMismatch: %v, %v", event.Type, err)
	}
}

// The line of the current SDK's version sends events that its verifier takes.
func TestCurrentStripeGoOnItsLine(t *testing.T) {
	t.Parallel()
	h := newHook(t, nil)
	p := up(t, "--mirrors", "stripe@2026-08", "--forward", "stripe="+h.URL)
	c, err := stripeGoCurrent(p).V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Email: stripe.String("now@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	r := h.wait(t, "customer.created")
	event, err := webhook.ConstructEvent(r.body, r.header.Get("Stripe-Signature"), webhookSecret)
	if err != nil || event.APIVersion != "2026-08-26.dahlia" || event.GetObjectValue("id") != c.ID {
		t.Errorf("%+v, %v", event, err)
	}
}

// With version-mismatch: error a version that is not mirrored is refused in
// Stripe's words, and the SDK takes it for what it is. A fork refuses too.
func TestCurrentStripeGoRefused(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	if err := os.WriteFile(filepath.Join(p.folder, "mirra.yaml"), []byte("version-mismatch: error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.up()
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	const old = "2019-05-16"
	refused := func(url string) {
		t.Helper()
		at := *p
		at.url = url
		_, err := stripeGoCurrent(&at).V1Customers.Create(context.Background(), &stripe.CustomerCreateParams{Email: stripe.String("now@example.com"),
			Params: stripe.Params{Headers: http.Header{"Stripe-Version": {old}}}})
		var e *stripe.Error
		if !errors.As(err, &e) || e.HTTPStatusCode != 400 || e.Type != stripe.ErrorTypeInvalidRequest || e.Msg != "Invalid Stripe API version: "+old {
			t.Errorf("got %v, want a refusal of version %s", err, old)
		}
	}
	refused(p.url)
	if state := p.mirra("state", "stripe"); strings.Contains(state, "customers") {
		t.Errorf("a refused request left %s", state)
	}
	if logs := p.mirra("logs"); !strings.Contains(logs, "refused as `version-mismatch: error` wants it") {
		t.Errorf("the log does not say why:\n%s", logs)
	}
	var fork upped
	if err := json.Unmarshal([]byte(p.mirra("fork", "--json")), &fork); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.mirra("down", "--session", fork.SessionID) })
	refused(fork.Mirrors[0].URL)
}
