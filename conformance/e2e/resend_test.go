package e2e

import (
	"encoding/json"
	"net"
	"net/smtp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/resend/resend-go/v3"
)

// TestResendNode runs node/resend.test.mjs with Node's own test runner.
func TestResendNode(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	if err := os.WriteFile(filepath.Join(p.folder, ".env.local"), []byte("RESEND_WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.node("resend.test.mjs")
}

// TestResendGo drives resend-go with nothing but its base URL changed.
func TestResendGo(t *testing.T) {
	t.Parallel()
	p := up(t, "--mirrors", "resend")
	client := resend.NewClient("re_e2e_123456789")
	base, err := url.Parse(p.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	client.BaseURL = base
	sent, err := client.Emails.Send(&resend.SendEmailRequest{
		From: "Acme <onboarding@resend.dev>", To: []string{"delivered@resend.dev"}, Subject: "hello", Html: "<p>hello</p>",
		Tags:        []resend.Tag{{Name: "kind", Value: "welcome"}},
		Attachments: []*resend.Attachment{{Filename: "a.txt", Content: []byte("Hello")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.mirra("clock", "advance", "1m")
	email, err := client.Emails.Get(sent.Id)
	if err != nil || email.LastEvent != "delivered" || email.To[0] != "delivered@resend.dev" || email.Html != "<p>hello</p>" {
		t.Errorf("%+v %v", email, err)
	}
	batch, err := client.Batch.Send([]*resend.SendEmailRequest{
		{From: "onboarding@resend.dev", To: []string{"delivered@resend.dev"}, Subject: "one", Text: "one"},
		{From: "onboarding@resend.dev", To: []string{"bounced@resend.dev"}, Subject: "two", Text: "two"},
	})
	if err != nil || len(batch.Data) != 2 {
		t.Fatalf("%+v %v", batch, err)
	}
	p.mirra("clock", "advance", "1m")
	if email, err := client.Emails.Get(batch.Data[1].Id); err != nil || email.LastEvent != "bounced" {
		t.Errorf("%+v %v", email, err)
	}
	if _, err := client.Emails.Send(&resend.SendEmailRequest{From: "onboarding@resend.dev", To: []string{"someone@example.com"}, Subject: "a", Text: "a"}); err == nil {
		t.Error("an email to example.com is sent")
	}
	domain, err := client.Domains.Create(&resend.CreateDomainRequest{Name: "mail.acme.com", Region: "eu-west-1"})
	if err != nil || domain.Status != "not_started" || len(domain.Records) != 3 {
		t.Errorf("%+v %v", domain, err)
	}
	if segment, err := client.Segments.Create(&resend.CreateSegmentRequest{Name: "Friends"}); err != nil || segment.Id == "" {
		t.Errorf("%+v %v", segment, err)
	}
	hook, err := client.Webhooks.Create(&resend.CreateWebhookRequest{Endpoint: "https://example.com/handler", Events: []string{"email.sent"}})
	if err != nil || hook.SigningSecret == "" {
		t.Errorf("%+v %v", hook, err)
	}
}

// TestResendSMTP sends mail as frameworks do: through the relay's port, with Go's
// and Python's own clients. Node's is in node/resend.test.mjs.
func TestResendSMTP(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	var u upped
	if err := json.Unmarshal([]byte(p.mirra("up", "--mirrors", "resend", "--json")), &u); err != nil {
		t.Fatal(err)
	}
	p.id = u.SessionID
	t.Cleanup(func() { p.mirra("down", "--session", p.id) })
	relay, ok := strings.CutPrefix(u.Mirrors[0].URLs["smtp"], "smtp://")
	if !ok {
		t.Fatalf("up names no relay: %v", u.Mirrors[0].URLs)
	}
	host, port, err := net.SplitHostPort(relay)
	if err != nil {
		t.Fatal(err)
	}
	client := resend.NewClient("re_e2e_123456789")
	if client.BaseURL, err = url.Parse(u.Mirrors[0].URL + "/"); err != nil {
		t.Fatal(err)
	}
	const text = "From: Acme <onboarding@resend.dev>\r\nTo: delivered@resend.dev\r\nSubject: from Go\r\n\r\nit works!\r\n"
	if err := smtp.SendMail(relay, smtp.PlainAuth("", "resend", "re_123456789", host), "onboarding@resend.dev", []string{"delivered@resend.dev", "bounced@resend.dev"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-B", "-c", `
import smtplib, sys
from email.message import EmailMessage
m = EmailMessage()
m["From"], m["To"], m["Subject"] = "Acme <onboarding@resend.dev>", "delivered@resend.dev", "from Python"
m.set_content("it works!")
m.add_alternative("<p>it works!</p>", subtype="html")
m.add_attachment(b"Hello", maintype="application", subtype="pdf", filename="a.pdf")
with smtplib.SMTP(sys.argv[1], int(sys.argv[2])) as s:
    s.login("resend", "re_123456789")
    s.send_message(m)
    try:
        s.sendmail("onboarding@resend.dev", ["ada@acme.io"], "Subject: no\n\nno")
    except smtplib.SMTPResponseException as e:
        assert e.smtp_code == 550, e
    else:
        raise AssertionError("a mail from resend.dev to somebody else is sent")
`, host, port).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.mirra("clock", "advance", "1m")
	list, err := client.Emails.List()
	if err != nil || len(list.Data) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	sent := map[string]*resend.Email{}
	for _, one := range list.Data {
		if sent[one.Subject], err = client.Emails.Get(one.Id); err != nil {
			t.Fatal(err)
		}
	}
	if got := sent["from Go"]; got == nil || got.Text != "it works!" || got.From != "Acme <onboarding@resend.dev>" || len(got.Bcc) != 1 || got.Bcc[0] != "bounced@resend.dev" || got.LastEvent != "bounced" {
		t.Errorf("%+v", got)
	}
	if got := sent["from Python"]; got == nil || got.Html != "<p>it works!</p>" || got.LastEvent != "delivered" {
		t.Errorf("%+v", got)
	}
}
