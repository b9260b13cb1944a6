package main

import (
	"encoding/json"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// relayed sends a mail as the host does it for an SMTP client with the key.
func relayed(t testing.TB, m *sdktest.Mirror, mail abi.Mail) *sdktest.Response {
	t.Helper()
	text, err := json.Marshal(mail)
	if err != nil {
		t.Fatal(err)
	}
	return m.RequestHost(hostSMTP, "POST", abi.SMTPMailPath, string(text), "Authorization: Basic cmVzZW5kOnJlXzEyMzQ1Njc4OQ==") // resend:re_123456789
}

// TestRelayedMailsAreEmails: what came by SMTP is what the API would have sent.
func TestRelayedMailsAreEmails(t *testing.T) {
	m := start(t)
	mail := abi.Mail{
		Sender: "bounce@acme.com", Recipients: []string{"delivered@resend.dev", "bounced+copy@resend.dev", "complained@resend.dev"},
		From: []string{"Acme <onboarding@resend.dev>"}, To: []string{"Ada <delivered@resend.dev>"}, Cc: []string{"bounced+copy@resend.dev"}, Bcc: []string{"complained@resend.dev"}, ReplyTo: []string{"help@acme.com"},
		Subject: "hello", Text: "it works!", HTML: "<p>it works!</p>",
		Headers:     []abi.Header{{Name: "Date", Value: "now"}, {Name: "X-Entity-Ref-ID", Value: "7"}, {Name: "resend-idempotency-key", Value: "welcome/1"}},
		Attachments: []abi.Attachment{{Filename: "a.txt", ContentType: "text/plain", Content: []byte("Hello")}},
	}
	first := relayed(t, m, mail).Want(200)
	if again := relayed(t, m, mail).Want(200); again.Body != first.Body {
		t.Errorf("the same idempotency key sent %q and %q", first.Body, again.Body)
	}
	list := m.Request("GET", "/emails", "").Want(200)
	if n := list.JSON().Len("data"); n != 1 {
		t.Fatalf("%d emails were sent: %s", n, list.Body)
	}
	id := list.Get("data.0.id")
	if first.Body != "250 2.0.0 "+id {
		t.Errorf("the reply is %q", first.Body)
	}
	got := m.Request("GET", "/emails/"+id, "").Want(200)
	for path, want := range map[string]string{
		"from": "Acme <onboarding@resend.dev>", "to.0": "Ada <delivered@resend.dev>", "cc.0": "bounced+copy@resend.dev", "bcc.0": "complained@resend.dev",
		"reply_to.0": "help@acme.com", "subject": "hello", "text": "it works!", "html": "<p>it works!</p>",
	} {
		if text := got.Get(path); text != want {
			t.Errorf("%s is %q, want %q", path, text, want)
		}
	}
	file := m.Request("GET", "/emails/"+id+"/attachments", "").Want(200)
	if file.Get("data.0.filename") != "a.txt" || file.Get("data.0.size") != "5" {
		t.Errorf("attachments: %s", file.Body)
	}
	mail.Subject = "changed"
	if r := relayed(t, m, mail).Want(409); r.Body != "550 5.6.0 "+textKeyUsed {
		t.Errorf("another mail with the same key: %q", r.Body)
	}
}

// TestRelayRefuses in the protocol's words.
func TestRelayRefuses(t *testing.T) {
	m := start(t, sdktest.Limits("vendor"))
	login := func(user, key string) string {
		t.Helper()
		return m.RequestHost(hostSMTP, "POST", abi.SMTPLoginPath, `{"user":"`+user+`"}`, "Authorization: Basic "+key).Body
	}
	const good, bad = "cmVzZW5kOnJlXzEyMzQ1Njc4OQ==", "cmVzZW5kOnNlY3JldA==" // resend:re_123456789, resend:secret
	for _, c := range []struct{ user, key, want string }{
		{"resend", good, "235 2.7.0 Authentication successful"},
		{"ada", good, "535 5.7.8 Invalid username"},
		{"resend", bad, "535 5.7.8 " + textKey},
	} {
		if got := login(c.user, c.key); got != c.want {
			t.Errorf("%s: %q, want %q", c.user, got, c.want)
		}
	}
	to := func(address string) abi.Mail {
		return abi.Mail{Sender: "onboarding@resend.dev", Recipients: []string{address}, From: []string{"onboarding@resend.dev"}, To: []string{address}, Subject: "a", Text: "a"}
	}
	if r := relayed(t, m, to("someone@example.com")).Want(422); r.Body[:10] != "550 5.6.0 " {
		t.Errorf("to a domain of documentation: %q", r.Body)
	}
	if r := relayed(t, m, to("ada@acme.io")).Want(403); r.Body[:10] != "550 5.7.1 " {
		t.Errorf("to somebody else from resend.dev: %q", r.Body)
	}
	m.Request("GET", "/emails", "", "Authorization: Basic "+good).Want(400) // the API takes no login
	for range 10 {
		last := relayed(t, m, to("delivered@resend.dev"))
		if last.Status == 429 {
			if last.Body != "451 4.7.1 "+textRate {
				t.Errorf("over the limit: %q", last.Body)
			}
			return
		}
	}
	t.Error("ten mails at once are within the rate limit")
}

// TestMailWithoutHeaders: the envelope stands in for what the header lacks.
func TestMailWithoutHeaders(t *testing.T) {
	m := start(t)
	relayed(t, m, abi.Mail{Sender: "onboarding@resend.dev", Recipients: []string{"delivered@resend.dev"}, Bcc: []string{"delivered@resend.dev"}, Subject: "a"}).Want(200)
	got := m.Request("GET", "/emails", "").Want(200)
	if got.Get("data.0.from") != "onboarding@resend.dev" || got.Get("data.0.to.0") != "delivered@resend.dev" {
		t.Errorf("sent %s", got.Body)
	}
}
