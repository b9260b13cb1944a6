package session

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/abi"
)

// Tokens that documents hold in the place of what is known only on the way out.
// The sdk escapes the first letter of a token in text from outside.
var (
	tokenStart  = []byte("mirra-")
	urlToken    = []byte("mirra-url:")
	secretToken = []byte("mirra-secret:")
)

// tokenAt returns where the next token may start, -1 if none does. A hyphen is
// rare in documents, the letter a token begins with is not.
func tokenAt(b []byte) int {
	const hyphen = len("mirra")
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '-')
		if i < 0 {
			return -1
		}
		at += i + 1
		if start := at - 1 - hyphen; start >= 0 && bytes.HasPrefix(b[start:], tokenStart) {
			return start
		}
	}
}

// replaceTokens appends body to dst with the vendor's own URLs replaced by the
// base that reaches this session, by hostURL if that knows one, and secret
// handles by their text. The mirror is locked if there are any of those.
func (m *Mirror) replaceTokens(dst, body []byte, hostURL func(hostID string) string) []byte {
	var host, url string // the last one
	for {
		i := tokenAt(body)
		if i < 0 {
			return append(dst, body...)
		}
		dst = append(dst, body[:i]...)
		body = body[i:]
		switch {
		case bytes.HasPrefix(body, urlToken):
			body = body[len(urlToken):]
			n := bytes.IndexAny(body, "/\"")
			if n < 0 {
				n = len(body)
			}
			if url == "" || string(body[:n]) != host {
				host, url = string(body[:n]), ""
				if hostURL != nil {
					url = hostURL(host)
				}
				if url == "" {
					url = m.s.urlFor(m, host)
				}
			}
			dst = append(dst, url...)
			body = body[n:]
		case bytes.HasPrefix(body, secretToken):
			body = body[len(secretToken):]
			n := 0
			for n < len(body) && body[n] >= '0' && body[n] <= '9' {
				n++
			}
			if h, err := strconv.ParseUint(string(body[:n]), 10, 32); err == nil {
				if text, _, ok := m.call.secret(uint32(h)); ok && h < firstCredential {
					dst = append(dst, text...)
				}
			}
			body = body[n:]
		default:
			dst = append(dst, body[0])
			body = body[1:]
		}
	}
}

// plain replaces the tokens of a document shown outside of vendor traffic.
func (m *Mirror) plain(doc []byte) []byte {
	if tokenAt(doc) < 0 {
		return doc
	}
	return m.replaceTokens(nil, doc, nil)
}

// hostAnswer fills x's answer with one the host gives by itself, in the shape
// the manifest has under that name.
func (m *Mirror) hostAnswer(x *exchange, name, message string) {
	a := &x.answer
	a.Headers, a.Version, a.Script, a.Blob = a.Headers[:0], m.spec.version, "", nil
	spec := m.spec.errors[name]
	if spec == nil {
		spec = m.spec.errors["internal"]
	}
	if spec == nil {
		spec = &abi.Error{Status: 500, Headers: []abi.Header{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}}, Body: "{message}\n"}
	}
	a.Status = spec.Status
	id := m.s.requestID()
	expand := func(s, message string) string {
		if strings.IndexByte(s, '{') < 0 {
			return s
		}
		return strings.NewReplacer("{message}", message, "{request_id}", id).Replace(s)
	}
	for _, h := range spec.Headers {
		a.Headers = append(a.Headers, abi.Pair{Name: h.Name, Value: expand(h.Value, message)})
	}
	x.body = append(x.body[:0], expand(spec.Body, jsonEscape(message))...)
	a.Body = x.body
}

// jsonEscape escapes what a message may hold, for the inside of a JSON string.
func jsonEscape(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return "" // a string always has a spelling
	}
	return string(b[1 : len(b)-1])
}
