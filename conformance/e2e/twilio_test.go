package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twilio/twilio-go"
	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
	messaging "github.com/twilio/twilio-go/rest/messaging/v1"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
)

// What the application's environment has.
const (
	twilioAccount = "AC0123456789abcdef0123456789abcdef"
	twilioToken   = "e2e0000000000000000000000000abcd"
)

func newTwilioProject(t *testing.T) *project {
	t.Helper()
	p := newProject(t)
	env := "TWILIO_ACCOUNT_SID=" + twilioAccount + "\nTWILIO_AUTH_TOKEN=" + twilioToken + "\n"
	if err := os.WriteFile(filepath.Join(p.folder, ".env.local"), []byte(env), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTwilioNode runs node/twilio.test.mjs with Node's own test runner.
func TestTwilioNode(t *testing.T) {
	t.Parallel()
	p := newTwilioProject(t)
	cmd := exec.Command("node", "--test", "twilio.test.mjs")
	cmd.Dir = "node"
	cmd.Env = environment(p.home, "MIRRA="+binary, "PROJECT="+p.folder)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	if !bytes.Contains(out.Bytes(), []byte("pass ")) || bytes.Contains(out.Bytes(), []byte("# pass 0")) {
		t.Errorf("no test ran:\n%s", out.String())
	}
}

// atMirror sends what is for a host of Twilio's to the mirror's URL of that host.
type atMirror map[string]string

func (m atMirror) RoundTrip(r *http.Request) (*http.Response, error) {
	host, _, _ := strings.Cut(r.URL.Host, ".")
	base, err := url.Parse(m[host])
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.URL.Path, r.Host = base.Scheme, base.Host, base.Path+r.URL.Path, ""
	r.URL.RawPath = ""
	return http.DefaultTransport.RoundTrip(r)
}

// TestTwilioGo: messages with callbacks that twilio-go's validator accepts,
// errors, paging, a messaging service and a verification.
func TestTwilioGo(t *testing.T) {
	t.Parallel()
	p := newTwilioProject(t)
	type request struct {
		url, signature string
		form           map[string]string
	}
	hooks := make(chan request, 16)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got := request{"http://" + r.Host + r.URL.RequestURI(), r.Header.Get("X-Twilio-Signature"), map[string]string{}}
		for name, values := range r.PostForm {
			got.form[name] = values[0]
		}
		hooks <- got
	}))
	t.Cleanup(app.Close)
	var u upped
	out := p.mirra("up", "--json", "--mirrors", "twilio", "--seed", "twilio:messaging-service")
	if err := json.Unmarshal([]byte(out), &u); err != nil || len(u.Mirrors) != 1 {
		t.Fatalf("up --json printed %s (%v)", out, err)
	}
	p.id = u.SessionID
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	base := &client.Client{Credentials: client.NewCredentials(twilioAccount, twilioToken), HTTPClient: &http.Client{Transport: atMirror(u.Mirrors[0].URLs)}}
	base.SetAccountSid(twilioAccount)
	c := twilio.NewRestClientWithParams(twilio.ClientParams{Client: base})

	services, err := c.MessagingV1.ListService(&messaging.ListServiceParams{})
	if err != nil || len(services) != 1 {
		t.Fatalf("services %v: %v", services, err)
	}
	send := (&api.CreateMessageParams{}).SetTo("+15558675310").SetMessagingServiceSid(*services[0].Sid).SetBody("Hello").SetStatusCallback(app.URL + "/status")
	m, err := c.Api.CreateMessage(send)
	if err != nil || *m.Status != "accepted" {
		t.Fatalf("message %v: %v", m, err)
	}
	p.mirra("clock", "advance", "1m")
	validator := client.NewRequestValidator(twilioToken)
	for _, status := range []string{"queued", "sent", "delivered"} {
		h := <-hooks
		if h.form["MessageStatus"] != status || h.form["MessageSid"] != *m.Sid {
			t.Errorf("callback %v, want %s", h.form, status)
		}
		if !validator.Validate(h.url, h.form, h.signature) {
			t.Errorf("%s does not verify", status)
		}
		h.form["MessageStatus"] = "read"
		if validator.Validate(h.url, h.form, h.signature) {
			t.Error("a tampered callback verifies")
		}
	}
	if d, err := c.Api.FetchMessage(*m.Sid, &api.FetchMessageParams{}); err != nil || *d.Status != "delivered" || d.From == nil {
		t.Errorf("fetched %v: %v", d, err)
	}
	for range 4 {
		if _, err := c.Api.CreateMessage(send); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := c.Api.ListMessage((&api.ListMessageParams{}).SetPageSize(2)); err != nil || len(all) != 5 {
		t.Errorf("%d messages: %v", len(all), err)
	}
	_, err = c.Api.CreateMessage((&api.CreateMessageParams{}).SetTo("123").SetFrom("+15555550131").SetBody("x"))
	var refused *client.TwilioRestError
	if !errors.As(err, &refused) || refused.Code != 21211 || refused.Status != 400 || refused.MoreInfo != "https://www.twilio.com/docs/errors/21211" {
		t.Errorf("an invalid recipient: %v", err)
	}
	service, err := c.VerifyV2.CreateService((&verify.CreateServiceParams{}).SetFriendlyName("App").SetCustomCodeEnabled(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.VerifyV2.CreateVerification(*service.Sid, (&verify.CreateVerificationParams{}).SetTo("+15558675310").SetChannel("sms").SetCustomCode("123456")); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{"000000": "pending"} {
		if v, err := c.VerifyV2.CreateVerificationCheck(*service.Sid, (&verify.CreateVerificationCheckParams{}).SetTo("+15558675310").SetCode(code)); err != nil || *v.Status != want {
			t.Errorf("check %s: %v %v", code, v, err)
		}
	}
	if v, err := c.VerifyV2.CreateVerificationCheck(*service.Sid, (&verify.CreateVerificationCheckParams{}).SetTo("+15558675310").SetCode("123456")); err != nil || *v.Status != "approved" {
		t.Errorf("check: %v %v", v, err)
	}
}
