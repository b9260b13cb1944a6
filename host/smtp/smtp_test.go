package smtp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// mirror stands for a mirror: it keeps what it is asked and answers with what the
// test says, by path.
type mirror struct {
	mu      sync.Mutex
	asked   []host.Request
	answers map[string]host.Response
	most    int64
}

func (m *mirror) Serve(_ context.Context, r *host.Request) *host.Response {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, *r)
	out := host.NewResponse(nil)
	a := m.answers[r.Target]
	out.Status, out.Body, out.Drop = a.Status, a.Body, a.Drop
	if a.Status == 0 {
		out.Status = 200
	}
	return out
}

func (m *mirror) MaxBody() int64 {
	if m.most != 0 {
		return m.most
	}
	return 1 << 20
}

func (m *mirror) mails(t *testing.T) []abi.Mail {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []abi.Mail
	for _, r := range m.asked {
		if r.Target != abi.SMTPMailPath {
			continue
		}
		var one abi.Mail
		if err := json.Unmarshal(r.Body, &one); err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

// newServer returns a relay in front of x, nil for a session that has ended.
func newServer(x Exchanger) *Server {
	r := Relay{HostID: "relay", Name: "smtp.vendor.example", Mirror: func() Exchanger { return x }}
	if x != nil {
		r.MaxBytes = x.MaxBody()
	}
	return NewServer(r, slog.New(slog.DiscardHandler))
}

// serve runs a relay in front of x, nil for a session that has ended.
func serve(t *testing.T, x Exchanger) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(x)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return l.Addr().String()
}

func send(addr, text string, to ...string) error {
	return smtp.SendMail(addr, smtp.PlainAuth("", "vendor", "key_1", "127.0.0.1"), "ada@acme.com", to, []byte(text))
}

// TestTake: a connection that came another way is answered, by a server that listens
// nowhere too, until it ends.
func TestTake(t *testing.T) {
	t.Parallel()
	s := newServer(&mirror{})
	for range 2 {
		near, far := net.Pipe()
		t.Cleanup(func() { near.Close() })
		s.Take(far)
		if line, err := bufio.NewReader(near).ReadString('\n'); err != nil || !strings.HasPrefix(line, "220 smtp.vendor.example ") {
			t.Errorf("%q %v", line, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	near, far := net.Pipe()
	s.Take(far)
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

const plain = "From: Ada <ada@acme.com>\r\nTo: Bob <bob@acme.com>\r\nSubject: Hello\r\n\r\nHello Bob\r\n..dot\r\n"

func TestMail(t *testing.T) {
	t.Parallel()
	m := &mirror{}
	if err := send(serve(t, m), plain, "bob@acme.com", "hidden@acme.com"); err != nil {
		t.Fatal(err)
	}
	if len(m.asked) != 2 || m.asked[0].Target != abi.SMTPLoginPath || string(m.asked[0].Body) != `{"user":"vendor"}` {
		t.Fatalf("asked %+v", m.asked)
	}
	for _, r := range m.asked {
		if r.Method != "POST" || r.Host != "relay" || r.Authority != "smtp.vendor.example" || r.Headers[0] != (abi.Pair{Name: "Authorization", Value: "Basic dmVuZG9yOmtleV8x"}) {
			t.Errorf("asked %+v", r)
		}
	}
	got := m.mails(t)[0]
	if got.Sender != "ada@acme.com" || strings.Join(got.Recipients, " ") != "bob@acme.com hidden@acme.com" {
		t.Errorf("envelope %q %q", got.Sender, got.Recipients)
	}
	if got.From[0] != "Ada <ada@acme.com>" || got.To[0] != "Bob <bob@acme.com>" || got.Subject != "Hello" || got.Text != "Hello Bob\n..dot" || got.HTML != "" || got.Headers != nil || len(got.Bcc) != 1 || got.Bcc[0] != "hidden@acme.com" {
		t.Errorf("mail %+v", got)
	}
}

// TestMIME reads what mail programs write: parts in parts, encodings, character
// sets, names of files, and what they do wrong.
func TestMIME(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(`From: =?utf-8?Q?J=C3=BCrgen?= <j@acme.com>
To: "Doe, Jane" <jane@acme.com>, bob@acme.com
Cc: =?iso-8859-1?Q?Andr=E9?= <andre@acme.com>
Reply-To: help@acme.com
Subject: =?utf-8?B?R3LDvMOfZQ==?=
X-Entity-Ref-ID: 42
List-Unsubscribe: <https://acme.com/u>,
 <mailto:u@acme.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/related; boundary=b

--b
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe,
J.
--c
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: base64

PHA+R3LDvMOfZTwvcD4=
--c--
--b
Content-Type: image/png; name="logo.png"
Content-ID: <logo@acme>
Content-Disposition: inline; filename="logo.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
--a
Content-Type: application/pdf
Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--a
Content-Type: text/plain; charset=unknown-8bit
Content-Disposition: attachment; filename="n.txt"

note
--a--
`, "\n", "\r\n")
	m := &mirror{}
	if err := send(serve(t, m), text, "jane@acme.com"); err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(m.mails(t)[0], "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.MarshalIndent(abi.Mail{
		Sender: "ada@acme.com", Recipients: []string{"jane@acme.com"},
		From: []string{"Jürgen <j@acme.com>"}, To: []string{"Doe, Jane <jane@acme.com>", "bob@acme.com"}, Cc: []string{"André <andre@acme.com>"},
		ReplyTo: []string{"help@acme.com"}, Subject: "Grüße",
		Headers: []abi.Header{{Name: "X-Entity-Ref-ID", Value: "42"}, {Name: "List-Unsubscribe", Value: "<https://acme.com/u>, <mailto:u@acme.com>"}},
		Text:    "Grüße,\nJ.", HTML: "<p>Grüße</p>",
		Attachments: []abi.Attachment{
			{Filename: "logo.png", ContentType: "image/png", ContentID: "logo@acme", Inline: true, Content: []byte("\x89PNG\r\n\x1a\n")},
			{Filename: "résumé.pdf", ContentType: "application/pdf", Content: []byte("%PDF-")},
			{Filename: "n.txt", ContentType: "text/plain", Content: []byte("note")},
		},
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

// TestReplies: what the mirror answers is what the client is told.
func TestReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path   string
		answer host.Response
		want   string // "" is accepted
	}{
		{abi.SMTPMailPath, host.Response{Status: 200, Body: []byte("250 2.0.0 queued")}, ""},
		{abi.SMTPMailPath, host.Response{Status: 200, Body: []byte("{}")}, ""},
		{abi.SMTPMailPath, host.Response{Status: 403, Body: []byte("550 5.7.1 not yours")}, "550 5.7.1 not yours"},
		{abi.SMTPMailPath, host.Response{Status: 403, Body: []byte("550 not yours")}, "550 not yours"},
		{abi.SMTPMailPath, host.Response{Status: 429, Body: []byte(`{"message":"slow down"}`)}, "451 4.3.0 slow down"},
		{abi.SMTPMailPath, host.Response{Status: 500, Body: []byte(`{"error":{"message":"stopped"}}`)}, "451 4.3.0 stopped"},
		{abi.SMTPMailPath, host.Response{Status: 501, Body: []byte("not here\nnor there")}, "554 5.0.0 not here"},
		{abi.SMTPMailPath, host.Response{Status: 413}, "552 5.3.4 The request was refused"},
		{abi.SMTPMailPath, host.Response{Drop: true}, "EOF"},
		{abi.SMTPLoginPath, host.Response{Status: 401, Body: []byte("535 5.7.8 no such key")}, "535 5.7.8 no such key"},
		{abi.SMTPLoginPath, host.Response{Status: 401, Body: []byte(`{"message":"no"}`)}, "535 5.7.8 no"},
	} {
		t.Run(fmt.Sprint(c.path, " ", c.answer.Status, " ", string(c.answer.Body)), func(t *testing.T) {
			t.Parallel()
			m := &mirror{answers: map[string]host.Response{c.path: c.answer}}
			err := send(serve(t, m), plain, "bob@acme.com")
			switch {
			case c.want == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil || strings.ReplaceAll(err.Error(), `"`, "") != c.want: // net/textproto quotes the text
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestRefusals: what never reaches the mirror.
func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("ended session", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := NewServer(Relay{Name: "smtp.vendor.example", Mirror: func() Exchanger { return nil }}, slog.New(slog.DiscardHandler))
		go func() { _ = s.Serve(l) }() // ends with Close
		defer s.Close()
		if err := send(l.Addr().String(), plain, "bob@acme.com"); err == nil || !strings.Contains(err.Error(), "mirra up") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("without a login", func(t *testing.T) {
		t.Parallel()
		m := &mirror{}
		err := smtp.SendMail(serve(t, m), nil, "ada@acme.com", []string{"bob@acme.com"}, []byte(plain))
		if code := replyCode(err); code != 530 || len(m.asked) != 0 {
			t.Errorf("got %v, asked %d times", err, len(m.asked))
		}
	})
	t.Run("too large", func(t *testing.T) {
		t.Parallel()
		m := &mirror{most: 1000}
		err := send(serve(t, m), plain+strings.Repeat("x\r\n", 1000), "bob@acme.com")
		if code := replyCode(err); code != 552 || len(m.mails(t)) != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no mail", func(t *testing.T) {
		t.Parallel()
		m := &mirror{}
		err := send(serve(t, m), "no header at all", "bob@acme.com")
		if code := replyCode(err); code != 554 || len(m.mails(t)) != 0 {
			t.Errorf("got %v", err)
		}
	})
}

func replyCode(err error) int {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return e.Code
	}
	return 0
}

// TestLoginMechanism logs in as Outlook does it.
func TestLoginMechanism(t *testing.T) {
	t.Parallel()
	m := &mirror{}
	conn, err := net.Dial("tcp", serve(t, m))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewScanner(conn)
	talk := func(line, want string) {
		t.Helper()
		if line != "" {
			fmt.Fprintf(conn, "%s\r\n", line)
		}
		for in.Scan() {
			if got := in.Text(); len(got) < 4 || got[3] != '-' {
				if !strings.HasPrefix(got, want) {
					t.Fatalf("%q: %q, want %s", line, got, want)
				}
				return
			}
		}
		t.Fatalf("%q: %v", line, in.Err())
	}
	talk("", "220 smtp.vendor.example")
	talk("EHLO app", "250 ")
	talk("AUTH LOGIN", "334 VXNlcm5hbWU6")
	talk("dmVuZG9y", "334 UGFzc3dvcmQ6")
	talk("a2V5XzE=", "235 ")
	talk("STARTTLS", "502 ")
	talk("AUTH PLAIN AHYAaw==", "503 ")
	talk("QUIT", "221 ")
	if len(m.asked) != 1 || m.asked[0].Headers[0].Value != "Basic dmVuZG9yOmtleV8x" {
		t.Errorf("asked %+v", m.asked)
	}
}

// FuzzRead: no text that a client sends as a mail stops the reader or makes it
// lose the mail's parts without a word.
func FuzzRead(f *testing.F) {
	f.Add(plain)
	f.Add("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n")
	f.Add("Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := read(strings.NewReader(text))
		if (m == nil) == (err == nil) {
			t.Fatalf("%v, %v", m, err)
		}
		if m != nil {
			if _, err := json.Marshal(m); err != nil {
				t.Fatal(err)
			}
		}
	})
}
