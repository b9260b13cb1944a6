package main

import (
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

// codeIn is the newest code in the session's state.
func codeIn(t testing.TB, m *sdktest.Mirror) string {
	t.Helper()
	all := m.State("verification_codes")
	if len(all) == 0 {
		t.Fatal("no code")
	}
	return sdktest.ParseJSON(t, all[len(all)-1]).Get("code")
}

// TestVerifyFlow: a code that was minted is in the state, not in answers, and
// approves; every step is told to where events go, in JSON, signed.
func TestVerifyFlow(t *testing.T) {
	app := newApplication(t)
	m := start(t, sdktest.Fixture("verify-flow"), sdktest.Forward(app.url+"/events"))
	service := product(m, "verify", "GET", "/v2/Services").Want(200).Get("services.0.sid")
	base := "/v2/Services/" + service
	r := product(m, "verify", "POST", base+"/Verifications", "To="+person, "Channel=sms").Want(201)
	code := codeIn(t, m)
	if len(code) != 6 || strings.Contains(r.Body, code) {
		t.Errorf("code %q in %s", code, r.Body)
	}
	product(m, "verify", "POST", base+"/Verifications", "To="+person, "Channel=call").Want(201)
	if again := codeIn(t, m); again != code {
		t.Errorf("sent again as %s, first %s", again, code)
	}
	if got := product(m, "verify", "POST", base+"/VerificationCheck", "To="+person, "Code=x"+code).Want(200).Get("status"); got != "pending" {
		t.Errorf("a wrong code: %s", got)
	}
	if got := product(m, "verify", "POST", base+"/VerificationCheck", "To="+person, "Code="+code).Want(200).Get("status"); got != "approved" {
		t.Errorf("the right code: %s", got)
	}
	m.Settle()
	var types []string
	for _, h := range app.take() {
		h.verify(t, token)
		if h.header.Get("Content-Type") != "application/json" || strings.Contains(h.body, code) {
			t.Errorf("event %v", h)
		}
		v := sdktest.ParseJSON(t, h.body)
		types = append(types, v.Get("0.type")[strings.LastIndexByte(v.Get("0.type"), '.')+1:])
	}
	if got := strings.Join(types, " "); got != "pending pending approved" {
		t.Errorf("events %s", got)
	}
	product(m, "verify", "POST", base+"/Verifications", "To="+person, "Channel=sms").Want(201)
	m.Advance(11 * time.Minute)
	refused(t, product(m, "verify", "POST", base+"/VerificationCheck", "To="+person, "Code="+codeIn(t, m)), 404, "20404")
	product(m, "verify", "POST", base+"/Verifications", "To="+person, "Channel=sms").Want(201)
	if err := m.Simulate("verification.approved", "to="+person); err != nil {
		t.Fatal(err)
	}
	if m.Simulate("verification.approved") == nil {
		t.Error("nothing is pending, and it was approved")
	}
}

// TestRateLimited: the fixture's limit holds whatever the session's limits are.
func TestRateLimited(t *testing.T) {
	m := start(t, sdktest.Fixture("rate-limited"))
	for range 10 {
		m.Request("GET", path+"/Messages.json", "").Want(200)
	}
	r := m.Request("GET", path+"/Messages.json", "")
	refused(t, r, 429, "20429")
	if r.Header("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	m.Advance(time.Minute)
	m.Request("GET", path+"/Messages.json", "").Want(200)
}

// TestSeededAccount: what a fixture made belongs to the account that asks first,
// and to no other.
func TestSeededAccount(t *testing.T) {
	m := start(t, sdktest.Fixture("verified-numbers"))
	r := m.Request("GET", path+"/IncomingPhoneNumbers.json", "").Want(200)
	if r.JSON().Len("incoming_phone_numbers") != 2 || r.Get("incoming_phone_numbers.0.account_sid") != account || !strings.Contains(r.Get("incoming_phone_numbers.0.uri"), account) {
		t.Errorf("numbers %s", r.Body)
	}
	other := "AC11111111111111111111111111111111"
	if r := m.Request("GET", "/2010-04-01/Accounts/"+other+"/IncomingPhoneNumbers.json", "", "Authorization: "+basic(other)).Want(200); r.JSON().Len("incoming_phone_numbers") != 0 {
		t.Errorf("another account has %s", r.Body)
	}
	refused(t, m.Form("POST", path+"/Messages.json", "To="+person, "From=+14155550199", "Body=x"), 400, "21659")
	m.Form("POST", path+"/Messages.json", "To="+person, "From=+15555550123", "Body=x").Want(201)
}

// TestState: documents are completed, faults are named, and exported state can
// be loaded again.
func TestState(t *testing.T) {
	m := start(t, sdktest.State(`{"incoming_phone_numbers":[{"phone_number":"+14155550100"}],"verify_services":[{"sid":"VA00000000000000000000000000000001","friendly_name":"App"}]}`))
	r := m.Request("GET", path+"/IncomingPhoneNumbers.json", "").Want(200)
	if r.Get("incoming_phone_numbers.0.sms_method") != "POST" || r.Get("incoming_phone_numbers.0.phone_number") != "+14155550100" {
		t.Errorf("completed %s", r.Body)
	}
	product(m, "verify", "POST", "/v2/Services/VA00000000000000000000000000000001/Verifications", "To="+person, "Channel=sms").Want(201)
	if err := m.Seed(`{"incoming_phone_numbers":[{"phone":"+1"}]}`); err == nil {
		t.Error("an unknown member was taken")
	}
	m.Form("POST", path+"/Messages.json", "To="+person, "From=+14155550100", "Body=x").Want(201)
	var b strings.Builder
	for i, entity := range []string{"incoming_phone_numbers", "messages", "verify_services", "verifications"} {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(`"` + entity + `":[` + strings.Join(m.State(entity), ",") + `]`)
	}
	again := start(t, sdktest.State("{"+b.String()+"}"))
	for _, entity := range []string{"incoming_phone_numbers", "messages", "verify_services", "verifications"} {
		if got, want := strings.Join(again.State(entity), "\n"), strings.Join(m.State(entity), "\n"); got != want {
			t.Errorf("%s came back as %s, want %s", entity, got, want)
		}
	}
}
