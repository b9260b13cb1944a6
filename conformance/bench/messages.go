package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
)

// messages measures what applications do with emails and text messages: what a send
// costs, and how long whole flows take, webhooks and their answers included.
func messages(ctx context.Context, b *bench) error {
	s, err := b.start(ctx)
	if err != nil {
		return err
	}
	a := newApp()
	b.later(a.server.Close)
	for _, step := range []func(context.Context, *bench, *server, *app) error{
		sends, bounce, backOff, verifyFlow, inboundReply, broadcast,
	} {
		if err := step(ctx, b, s, a); err != nil {
			return err
		}
	}
	return nil
}

// flow prints how long a whole flow took.
func flow(what string, began time.Time) {
	row(what, time.Since(began).Round(time.Millisecond).String(), "", "", "at most 2s")
}

// app is an application under test: it counts the webhooks it gets by path and
// type, and answers text messages.
type app struct {
	server *httptest.Server
	mu     sync.Mutex
	came   map[string]int
	wake   chan struct{}
}

func newApp() *app {
	a := &app{came: map[string]int{}, wake: make(chan struct{}, 1)}
	a.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var event struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal(body, &event) // a form has no type
		a.mu.Lock()
		a.came[r.URL.Path+" "+event.Type]++
		a.mu.Unlock()
		select {
		case a.wake <- struct{}{}:
		default:
		}
		if strings.HasPrefix(r.URL.Path, "/sms") {
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprint(w, "<Response><Message>Thank you</Message></Response>")
		}
	}))
	return a
}

// wait returns once n webhooks of a kind came, "/path type".
func (a *app) wait(ctx context.Context, kind string, n int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		a.mu.Lock()
		came := a.came[kind]
		a.mu.Unlock()
		if came >= n {
			return nil
		}
		select {
		case <-a.wake:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d webhooks %s came: %w", came, n, kind, ctx.Err())
		}
	}
}

// vendor is one mirror in a session of its own.
type vendor struct {
	s      *server
	info   *host.SessionInfo
	mirror *host.MirrorInfo
}

const (
	resendKey     = "re_bench_123456789"
	twilioAccount = "AC0123456789abcdef0123456789abcdef"
)

// startVendor starts a session of one mirror whose events go to the application.
func (s *server) startVendor(ctx context.Context, mirror, forward string, seed *host.Seed) (*vendor, error) {
	zero := 0
	want := &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: mirror}}, Limits: "off", TimeoutSeconds: &zero, Ports: true}
	if forward != "" {
		want.Mirrors[0].Forwards = []string{forward}
	}
	if seed != nil {
		want.Seeds = map[string]host.Seed{mirror: *seed}
	}
	info, err := s.CreateSession(ctx, want)
	if err != nil {
		return nil, err
	}
	return &vendor{s, info, info.Mirror(mirror)}, nil
}

func (v *vendor) end(ctx context.Context) error { return v.s.EndSession(ctx, v.info.SessionID, false) }

// ask makes a request at one of the vendor's hosts. The answer is read whatever its
// status is.
func (v *vendor) ask(ctx context.Context, hostID, method, path, body string) (status int, header http.Header, answer map[string]any, err error) {
	req, err := http.NewRequestWithContext(ctx, method, v.mirror.URLs[hostID]+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if v.mirror.Name == "resend" {
		req.Header.Set("Authorization", "Bearer "+resendKey)
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.SetBasicAuth(twilioAccount, "secret")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if method == "GET" {
		req.Body = nil
	}
	resp, err := direct.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, nil, err
	}
	return resp.StatusCode, resp.Header, answer, json.Unmarshal(text, &answer)
}

// want is ask for a request that has to be answered with success.
func (v *vendor) want(ctx context.Context, hostID, method, path, body string) (map[string]any, error) {
	status, _, answer, err := v.ask(ctx, hostID, method, path, body)
	if err == nil && status >= 300 {
		err = fmt.Errorf("%s %s: %d %v", method, path, status, answer)
	}
	return answer, err
}

func emailTo(to string) string {
	return `{"from":"Acme <onboarding@resend.dev>","to":["` + to + `"],"subject":"hello","html":"<p>it works!</p>"}`
}

const messagesPath = "/2010-04-01/Accounts/" + twilioAccount + "/Messages.json"

func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// sends measures one send after the other by one client.
func sends(ctx context.Context, b *bench, s *server, _ *app) error {
	for _, one := range []struct{ mirror, path, body, operation, what string }{
		{"resend", "/emails", emailTo("delivered@resend.dev"), "emails/send", "send an email"},
		{"twilio", messagesPath, form("From", "+15555550123", "To", "+15558675310", "Body", "Your code is 123456"), "CreateMessage", "send a text message"},
	} {
		v, err := s.startVendor(ctx, one.mirror, "", nil)
		if err != nil {
			return err
		}
		if err := s.HoldWebhooks(ctx, v.info.SessionID, true); err != nil {
			return err
		}
		began, n := time.Now(), 0
		for time.Since(began) < b.seconds/2 && ctx.Err() == nil {
			if _, err := v.want(ctx, "api", "POST", one.path, one.body); err != nil {
				return err
			}
			n++
		}
		row(one.what+", one client", fmt.Sprintf("%.0f/s", float64(n)/time.Since(began).Seconds()), "", "", "")
		if err := b.handlerTime(ctx, s, []*host.SessionInfo{v.info}, one.operation, one.what+", p50 inside the host", 150*time.Microsecond); err != nil {
			return err
		}
		if err := v.end(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bounce sends to an address that bounces and waits for the webhook.
func bounce(ctx context.Context, _ *bench, s *server, a *app) error {
	began := time.Now()
	v, err := s.startVendor(ctx, "resend", a.server.URL+"/bounce", nil)
	if err != nil {
		return err
	}
	if _, err := v.want(ctx, "api", "POST", "/emails", emailTo("bounced@resend.dev")); err != nil {
		return err
	}
	if err := a.wait(ctx, "/bounce email.bounced", 1); err != nil {
		return err
	}
	flow("email that bounces, to the webhook", began)
	return v.end(ctx)
}

// backOff meets one refusal by the rate limit and does as it is told.
func backOff(ctx context.Context, _ *bench, s *server, _ *app) error {
	began := time.Now()
	v, err := s.startVendor(ctx, "resend", "", nil)
	if err != nil {
		return err
	}
	if _, err := s.AddFault(ctx, v.info.SessionID, &host.FaultRule{Mirror: "resend", Path: "/emails", Error: "rate-limit", Count: 1}); err != nil {
		return err
	}
	for {
		status, header, answer, err := v.ask(ctx, "api", "POST", "/emails", emailTo("delivered@resend.dev"))
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			break
		}
		seconds, err := strconv.Atoi(header.Get("Retry-After"))
		if status != http.StatusTooManyRequests || err != nil {
			return fmt.Errorf("status %d, retry-after %q: %v", status, header.Get("Retry-After"), answer)
		}
		time.Sleep(time.Duration(seconds) * time.Second)
	}
	flow("email refused once, and sent a second later", began)
	return v.end(ctx)
}

// verifyFlow sends a code and checks it.
func verifyFlow(ctx context.Context, _ *bench, s *server, _ *app) error {
	began := time.Now()
	v, err := s.startVendor(ctx, "twilio", "", nil)
	if err != nil {
		return err
	}
	service, err := v.want(ctx, "verify", "POST", "/v2/Services", form("FriendlyName", "App"))
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/v2/Services/%s/", service["sid"])
	if _, err := v.want(ctx, "verify", "POST", path+"Verifications", form("To", "+15558675310", "Channel", "sms")); err != nil {
		return err
	}
	state, err := s.State(ctx, v.info.SessionID, "twilio", "verification_codes")
	if err != nil || len(state["verification_codes"]) != 1 {
		return fmt.Errorf("state %v: %w", state, err)
	}
	var kept struct{ Code string }
	if err := json.Unmarshal(state["verification_codes"][0], &kept); err != nil {
		return err
	}
	answer, err := v.want(ctx, "verify", "POST", path+"VerificationCheck", form("To", "+15558675310", "Code", kept.Code))
	if err != nil || answer["status"] != "approved" {
		return fmt.Errorf("check: %v: %w", answer, err)
	}
	flow("verification, code sent and approved", began)
	return v.end(ctx)
}

// inboundReply gets a text message, whose webhook's TwiML is carried out.
func inboundReply(ctx context.Context, _ *bench, s *server, a *app) error {
	began := time.Now()
	v, err := s.startVendor(ctx, "twilio", a.server.URL+"/sms", &host.Seed{Fixtures: []string{"verified-numbers"}})
	if err != nil {
		return err
	}
	if err := s.Simulate(ctx, v.info.SessionID, &host.Simulation{Event: "message.received", Args: map[string]string{"from": "+15558675310", "to": "+15555550123", "body": "Hi"}}); err != nil {
		return err
	}
	if err := a.wait(ctx, "/sms ", 1); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := v.want(ctx, "api", "GET", messagesPath+"?To="+url.QueryEscape("+15558675310"), "")
		if err != nil {
			return err
		}
		if list, _ := answer["messages"].([]any); len(list) == 1 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("no reply among the messages: %v", answer)
		}
		time.Sleep(time.Millisecond)
	}
	flow("text message in, and the reply of its TwiML", began)
	return v.end(ctx)
}

// broadcast sends to 1,000 contacts, of whom every tenth bounces and every 25th
// complains, until the application has had every webhook.
func broadcast(ctx context.Context, _ *bench, s *server, a *app) error {
	const contacts, everybody = 1000, "11111111-1111-4111-8111-111111111111"
	kinds := map[string]int{}
	state := map[string]any{
		"account":  []any{map[string]any{"plan": "pro"}},
		"segments": []any{map[string]any{"id": everybody, "name": "Everybody"}},
		"domains":  []any{map[string]any{"name": "mail.acme.com", "status": "verified"}},
	}
	var list, members []any
	for i := range contacts {
		kind := "delivered"
		switch {
		case i%10 == 3:
			kind = "bounced"
		case i%25 == 1:
			kind = "complained"
		}
		kinds[kind]++
		id := fmt.Sprintf("22222222-2222-4222-8222-%012d", i)
		list = append(list, map[string]any{"id": id, "email": fmt.Sprintf("%s+%d@resend.dev", kind, i)})
		members = append(members, map[string]any{"segment_id": everybody, "contact_id": id})
	}
	state["contacts"], state["contact_segments"] = list, members
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	v, err := s.startVendor(ctx, "resend", a.server.URL+"/broadcast", &host.Seed{State: text})
	if err != nil {
		return err
	}
	made, err := v.want(ctx, "api", "POST", "/broadcasts", `{"segment_id":"`+everybody+`","from":"Acme <hi@mail.acme.com>","subject":"News","html":"<p>News</p>"}`)
	if err != nil {
		return err
	}
	began := time.Now()
	if _, err := v.want(ctx, "api", "POST", fmt.Sprintf("/broadcasts/%s/send", made["id"]), "{}"); err != nil {
		return err
	}
	if _, err := s.MoveClock(ctx, v.info.SessionID, &host.ClockMove{Advance: host.Duration(time.Hour)}); err != nil {
		return err
	}
	for kind, n := range map[string]int{"sent": contacts, "delivered": kinds["delivered"] + kinds["complained"], "bounced": kinds["bounced"], "complained": kinds["complained"]} {
		if err := a.wait(ctx, "/broadcast email."+kind, n); err != nil {
			return err
		}
	}
	flow(fmt.Sprintf("broadcast to %d, %d webhooks", contacts, 2*contacts+kinds["complained"]), began)
	return v.end(ctx)
}
