package e2e

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	p.node("twilio.test.mjs")
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
	p, c := upTwilio(t, "messaging-service")

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
	for _, check := range [][2]string{{"000000", "pending"}, {"123456", "approved"}} {
		if v, err := c.VerifyV2.CreateVerificationCheck(*service.Sid, (&verify.CreateVerificationCheckParams{}).SetTo("+15558675310").SetCode(check[0])); err != nil || *v.Status != check[1] {
			t.Errorf("check %s: %v %v", check[0], v, err)
		}
	}
}

// upTwilio starts a mirror and returns a client whose requests go there.
func upTwilio(t *testing.T, seed string) (*project, *twilio.RestClient) {
	t.Helper()
	p := newTwilioProject(t)
	var u upped
	out := p.mirra("up", "--json", "--mirrors", "twilio", "--seed", "twilio:"+seed)
	if err := json.Unmarshal([]byte(out), &u); err != nil || len(u.Mirrors) != 1 {
		t.Fatalf("up --json printed %s (%v)", out, err)
	}
	p.id = u.SessionID
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	base := &client.Client{Credentials: client.NewCredentials(twilioAccount, twilioToken), HTTPClient: &http.Client{Transport: atMirror(u.Mirrors[0].URLs)}}
	base.SetAccountSid(twilioAccount)
	return p, twilio.NewRestClientWithParams(twilio.ClientParams{Client: base})
}

// TestTwilioGoBacksOff: two applications are refused by the limit three times. The
// trace's wall times tell the one that backs off from the one that does not.
func TestTwilioGoBacksOff(t *testing.T) {
	t.Parallel()
	p, c := upTwilio(t, "verified-numbers")
	pauses := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second}
	const path = "/2010-04-01/Accounts/*/Messages.json"
	gaps := func(wait func(refusals int)) (out []time.Duration) {
		p.mirra("fault", "add", "--mirror", "twilio", "--method", "POST", "--path", path, "--error", "rate-limit", "--count", "3")
		for refusals := 0; ; refusals++ {
			_, err := c.Api.CreateMessage((&api.CreateMessageParams{}).SetTo("+15558675310").SetFrom("+15555550123").SetBody("at last"))
			var refused *client.TwilioRestError
			if err == nil {
				break
			}
			if !errors.As(err, &refused) || refused.Status != 429 || refused.Code != 20429 {
				t.Fatal(err)
			}
			wait(refusals)
		}
		var last time.Time
		var statuses []int
		for line := range strings.Lines(p.mirra("logs", "--json", "--type", "traffic.request_completed", "--method", "POST", "--path", path, "--last", "4")) {
			var request struct {
				Wall   time.Time `json:"wall"`
				Status int       `json:"status"`
			}
			if err := json.Unmarshal([]byte(line), &request); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			statuses = append(statuses, request.Status)
			if !last.IsZero() {
				out = append(out, request.Wall.Sub(last))
			}
			last = request.Wall
		}
		if !slices.Equal(statuses, []int{429, 429, 429, 201}) {
			t.Fatalf("the trace has %v", statuses)
		}
		return out
	}
	patient := gaps(func(refusals int) { <-time.After(pauses[refusals]) })
	hasty := gaps(func(int) {})
	for i, gap := range patient {
		if gap < pauses[i] {
			t.Errorf("the patient application waited %v", patient)
		}
	}
	if slices.Max(hasty) >= slices.Min(patient) {
		t.Errorf("gaps %v of the hasty application, %v of the patient one", hasty, patient)
	}
}

// TestTwilioGoClock: a session whose clock is far ahead signs what twilio-go's validator accepts; it refuses another URL, token and body.
func TestTwilioGoClock(t *testing.T) {
	t.Parallel()
	p, c := upTwilio(t, "verified-numbers")
	hooks := make(chan *http.Request, 4)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		hooks <- r
	}))
	t.Cleanup(app.Close)
	p.mirra("clock", "advance", "400d")
	if _, err := c.Api.CreateMessage((&api.CreateMessageParams{}).SetTo("+15558675310").SetFrom("+15555550123").SetBody("Later").SetStatusCallback(app.URL + "/status?order=7")); err != nil {
		t.Fatal(err)
	}
	p.mirra("clock", "advance", "1m")
	mine, others := client.NewRequestValidator(twilioToken), client.NewRequestValidator("another")
	for _, status := range []string{"sent", "delivered"} {
		r := <-hooks
		form := map[string]string{}
		for name := range r.PostForm {
			form[name] = r.PostForm.Get(name)
		}
		here, signature := "http://"+r.Host+r.URL.RequestURI(), r.Header.Get("X-Twilio-Signature")
		if form["MessageStatus"] != status || !mine.Validate(here, form, signature) {
			t.Errorf("%v with signature %s is not a %s that verifies", form, signature, status)
		}
		if others.Validate(here, form, signature) || mine.Validate(here+"0", form, signature) {
			t.Error("another token or URL verifies")
		}
		form["To"] += "0"
		if mine.Validate(here, form, signature) {
			t.Error("a tampered form verifies")
		}
	}
}
