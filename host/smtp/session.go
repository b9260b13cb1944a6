package smtp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// session is one connection of a client.
type session struct {
	relay  Relay
	client *smtp.Conn
	login  string // the Authorization header, "" before
	sender string
	to     []string
}

var _ smtp.AuthSession = (*session)(nil)

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(mech string) (sasl.Server, error) {
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, user, password string) error { return s.logIn(user, password) }), nil
	case sasl.Login:
		return &loginServer{logIn: s.logIn}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (s *session) logIn(user, password string) error {
	s.login = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	body, err := json.Marshal(abi.MailLogin{User: user})
	if err != nil {
		return err
	}
	if reply := s.ask(abi.SMTPLoginPath, body); reply != nil && reply.Code >= 400 {
		s.login = ""
		return reply
	}
	return nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.login == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"} // RFC 4954 6
	}
	s.sender = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	mail, err := read(bytes.NewReader(text))
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The mail cannot be read: " + oneLine(err.Error())}
	}
	mail.Sender, mail.Recipients = s.sender, s.to
	addHidden(mail)
	body, err := json.Marshal(mail)
	if err != nil {
		return err
	}
	if reply := s.ask(abi.SMTPMailPath, body); reply != nil {
		return reply // also one that says it went well, in the vendor's words
	}
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.sender, s.to = "", nil }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// ask sends the mirror a request and returns the reply that its answer is, nil
// for the protocol's usual one.
func (s *session) ask(path string, body []byte) *smtp.SMTPError {
	x := s.relay.Mirror()
	if x == nil {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "The session has ended; start another with mirra up"}
	}
	base := "smtp://" + s.client.Conn().LocalAddr().String()
	in := host.Request{
		Method: "POST", Scheme: "smtp", Authority: s.relay.Name, Host: s.relay.HostID, BaseURL: base, Target: path, Body: body,
		Headers: []abi.Pair{{Name: "Authorization", Value: s.login}, {Name: "Content-Type", Value: "application/json"}},
	}
	if limit := x.MaxBody(); int64(len(body)) > limit {
		in.Body, in.BodyFault = nil, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonTooLarge, Text: fmt.Sprintf("the mail is larger than %d bytes", limit)}
	}
	// Not the connection's context: a mail that was taken is sent even if the
	// client hangs up before it learns so.
	out := x.Serve(context.Background(), &in)
	defer out.Release()
	if out.Drop {
		_ = s.client.Close() // the fault is the point of it
		return nil
	}
	return replyOf(out.Status, string(out.Body))
}

// replyOf reads the reply from an answer: its body, else what its status means.
func replyOf(status int, body string) *smtp.SMTPError {
	if code, enhanced, text, ok := parseReply(body); ok {
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
	}
	text := messageOf(body)
	switch {
	case status < 300:
		return nil
	case status == 401, status == 403:
		return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: text}
	case status == 413:
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: text}
	case status == 429, status >= 500 && status != 501:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: text}
	}
	return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 0, 0}, Message: text}
}

// parseReply reads "250 2.0.0 text"; the enhanced code may be missing.
func parseReply(line string) (code int, enhanced smtp.EnhancedCode, text string, ok bool) {
	line = strings.TrimSpace(line)
	if strings.ContainsAny(line, "\r\n") || len(line) < 3 {
		return 0, enhanced, "", false
	}
	enhanced = smtp.NoEnhancedCode
	first, text, _ := strings.Cut(line, " ")
	if code, ok = number(first, 200, 599); !ok {
		return 0, enhanced, "", false
	}
	word, rest, _ := strings.Cut(text, " ")
	if parts := strings.Split(word, "."); len(parts) == 3 {
		var e smtp.EnhancedCode
		for i, p := range parts {
			if e[i], ok = number(p, 0, 999); !ok {
				return code, enhanced, text, true
			}
		}
		return code, e, rest, true
	}
	return code, enhanced, text, true
}

func number(s string, least, most int) (n int, ok bool) {
	if s == "" || len(s) > 3 {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n >= least && n <= most
}

// messageOf is what an answer that is no reply says: the message of its JSON, else
// its first line.
func messageOf(body string) string {
	var d struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(body), &d) == nil && d.Message+d.Error.Message != "" {
		return oneLine(d.Message + d.Error.Message)
	}
	if body = oneLine(body); body != "" {
		return body
	}
	return "The request was refused"
}

// oneLine makes a text fit for a reply.
func oneLine(s string) string {
	first, _, _ := strings.Cut(textproto.TrimString(s), "\n")
	const most = 400 // a reply line has 512 octets at most [RFC 5321 4.5.3.1.5]
	if first = strings.TrimSpace(first); len(first) > most {
		first = strings.ToValidUTF8(first[:most], "")
	}
	return first
}
