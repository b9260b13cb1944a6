package smtp

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"github.com/emersion/go-message/mail"

	"github.com/mirrahq/mirra/abi"
)

// mostParts bounds what a mail may be made of.
const mostParts = 1000

// read turns the text of a mail into what plugins get. A text of an unknown
// character set stays as it came, as mail programs do it; one of an unknown
// transfer encoding, or without any header, is refused.
func read(r io.Reader) (*abi.Mail, error) {
	in, err := mail.CreateReader(r)
	if err != nil && !message.IsUnknownCharset(err) {
		return nil, err
	}
	defer in.Close()
	m := &abi.Mail{}
	readHeader(m, &in.Header)
	for n := 0; ; n++ {
		part, err := in.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return m, nil
		case err != nil && !message.IsUnknownCharset(err):
			return nil, fmt.Errorf("part %d: %w", n+1, err)
		case n == mostParts:
			return nil, fmt.Errorf("more than %d parts", mostParts)
		}
		if err := readPart(m, part); err != nil {
			return nil, fmt.Errorf("part %d: %w", n+1, err)
		}
	}
}

func readHeader(m *abi.Mail, h *mail.Header) {
	for f := h.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		switch name := strings.ToLower(f.Key()); name {
		case "from":
			m.From = append(m.From, addresses(f.Value())...)
		case "to":
			m.To = append(m.To, addresses(f.Value())...)
		case "cc":
			m.Cc = append(m.Cc, addresses(f.Value())...)
		case "bcc":
			m.Bcc = append(m.Bcc, addresses(f.Value())...)
		case "reply-to":
			m.ReplyTo = append(m.ReplyTo, addresses(f.Value())...)
		case "subject":
			m.Subject = value
		default:
			if name != "mime-version" && !strings.HasPrefix(name, "content-") {
				m.Headers = append(m.Headers, abi.Header{Name: spelled(f.Key(), f.Raw), Value: value})
			}
		}
	}
}

// addHidden adds the recipients that no header shows to Bcc.
func addHidden(m *abi.Mail) {
	shown := map[string]bool{}
	for _, list := range [][]string{m.To, m.Cc, m.Bcc} {
		for _, one := range list {
			shown[bare(one)] = true
		}
	}
	for _, one := range m.Recipients {
		if !shown[bare(one)] {
			m.Bcc = append(m.Bcc, one)
		}
	}
}

// bare is the address of "Name <address>", as it is compared.
func bare(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s = strings.TrimSuffix(s[i+1:], ">")
	}
	return strings.ToLower(s)
}

// spelled is a header's name as it was written.
func spelled(key string, raw func() ([]byte, error)) string {
	line, err := raw()
	if err != nil {
		return key
	}
	name, _, _ := strings.Cut(string(line), ":")
	return strings.TrimSpace(name)
}

// addresses reads a header of addresses. One that cannot be read is handed over
// as it is, so that the plugin refuses it in the vendor's words.
func addresses(value string) []string {
	list, err := mail.ParseAddressList(value)
	if err != nil {
		return []string{decoded(value)}
	}
	out := make([]string, 0, len(list))
	for _, a := range list {
		if a.Name == "" {
			out = append(out, a.Address)
			continue
		}
		out = append(out, a.Name+" <"+a.Address+">")
	}
	return out
}

// readPart takes the first text and the first HTML that are no attachments as
// those of the mail, all else as attachments.
func readPart(m *abi.Mail, part *mail.Part) error {
	content, err := io.ReadAll(part.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil || kind == "" {
		kind = "text/plain" // RFC 2045 5.2
	}
	a := abi.Attachment{ContentType: kind, ContentID: strings.Trim(part.Header.Get("Content-Id"), "<> "), Content: content}
	if h, ok := part.Header.(*mail.AttachmentHeader); ok {
		if name, err := h.Filename(); err == nil {
			a.Filename = name
		}
		m.Attachments = append(m.Attachments, a)
		return nil
	}
	switch {
	case kind == "text/plain" && m.Text == "":
		m.Text = text(content)
	case kind == "text/html" && m.HTML == "":
		m.HTML = text(content)
	default:
		a.Inline = true
		a.Filename = inlineName(part.Header.Get("Content-Disposition"), params["name"])
		m.Attachments = append(m.Attachments, a)
	}
	return nil
}

// text is a text as programs hold it: in a mail each line ends with CRLF, and so
// does the last line of a mail without parts, which the protocol adds.
func text(content []byte) string {
	return strings.TrimSuffix(strings.ReplaceAll(string(content), "\r\n", "\n"), "\n")
}

func inlineName(disposition, name string) string {
	if _, params, err := mime.ParseMediaType(disposition); err == nil && params["filename"] != "" {
		name = params["filename"]
	}
	return decoded(name)
}

// decoded reads the encoded words of a header, as far as they can be read.
func decoded(text string) string {
	if d, err := (&mime.WordDecoder{CharsetReader: charset.Reader}).DecodeHeader(text); err == nil {
		return d
	}
	return text
}
