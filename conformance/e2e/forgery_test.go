package e2e

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/resend/resend-go/v3"
	"github.com/stripe/stripe-go/v85/webhook"
	twilio "github.com/twilio/twilio-go/client"
)

// TestForgeries: the vendors' own verifiers refuse webhooks that a fault rule makes
// wrong, and take the next one.
func TestForgeries(t *testing.T) {
	t.Parallel()
	const (
		svixSecret = "whsec_bm90LWEtc2VjcmV0LW9mLWFueWJvZHk="
		token      = "0123456789abcdef0123456789abcdef"
	)
	verified := make(chan error, 1)
	route := http.NewServeMux()
	var s *httptest.Server
	// Of the events that a simulation causes it looks at one, which says said.
	handle := func(path, said string, verify func(r *http.Request, body []byte) error) {
		route.HandleFunc("POST "+path, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err == nil && !bytes.Contains(body, []byte(said)) {
				return
			}
			if err == nil {
				err = verify(r, body)
			}
			verified <- err
		})
	}
	handle("/stripe", `"type": "payment_intent.succeeded"`, func(r *http.Request, body []byte) error {
		_, err := webhook.ConstructEventWithOptions(body, r.Header.Get("Stripe-Signature"), webhookSecret, webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
		return err
	})
	handle("/resend", `"type":"email.bounced"`, func(r *http.Request, body []byte) error {
		return resend.NewClient("re_123456789").Webhooks.Verify(&resend.VerifyWebhookOptions{Payload: string(body), WebhookSecret: svixSecret,
			Headers: resend.WebhookHeaders{Id: r.Header.Get("svix-id"), Timestamp: r.Header.Get("svix-timestamp"), Signature: r.Header.Get("svix-signature")}})
	})
	handle("/twilio", "Body=Hello", func(r *http.Request, body []byte) error {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		params := map[string]string{}
		for name := range form {
			params[name] = form.Get(name)
		}
		validator := twilio.NewRequestValidator(token)
		if !validator.Validate(s.URL+r.URL.String(), params, r.Header.Get("X-Twilio-Signature")) {
			return http.ErrNotSupported // it says no more than no
		}
		return nil
	})
	s = httptest.NewServer(route)
	t.Cleanup(s.Close)
	p := newProject(t)
	env := "STRIPE_WEBHOOK_SECRET=" + webhookSecret + "\nRESEND_WEBHOOK_SECRET=" + svixSecret + "\nTWILIO_AUTH_TOKEN=" + token + "\n"
	if err := os.WriteFile(filepath.Join(p.folder, ".env.local"), []byte(env), 0o600); err != nil {
		t.Fatal(err)
	}
	p.mirra("up", "--detach", "--quiet", "--mirrors", "stripe,twilio,resend", "--forward", "stripe="+s.URL+"/stripe", "--forward", "twilio="+s.URL+"/twilio", "--forward", "resend="+s.URL+"/resend")
	t.Cleanup(func() { p.mirra("down") })
	event := map[string][]string{
		"stripe": {"payment_intent.succeeded"}, "resend": {"email.bounced"}, "twilio": {"message.received", "from=+15558675310", "to=+15555550123", "body=Hello"},
	}
	arrive := func(mirror, mishap string) error {
		t.Helper()
		p.mirra(append([]string{"simulate"}, event[mirror]...)...)
		select {
		case err := <-verified:
			return err
		case <-time.After(20 * time.Second):
			t.Fatalf("no %s webhook of %s came", mishap, mirror)
			return nil
		}
	}
	for mirror := range event {
		for _, mishap := range []string{"forge", "alter", "unsign", "stale"} {
			p.mirra("fault", "add", "--mirror", mirror, "--webhook", mishap, "--event", event[mirror][0], "--count", "1")
			err := arrive(mirror, mishap)
			// Twilio's signature has no stamp.
			if refused := err != nil; refused != (mirror != "twilio" || mishap != "stale") {
				t.Errorf("%s, %s: %v", mirror, mishap, err)
			}
			p.mirra("fault", "clear")
			if err := arrive(mirror, "good"); err != nil {
				t.Errorf("%s, behind %s: %v", mirror, mishap, err)
			}
		}
	}
}
