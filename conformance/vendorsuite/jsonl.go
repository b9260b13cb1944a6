package vendorsuite

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// line is one exchange of a file of JSON lines.
type line struct {
	Source   string     `json:"source"`
	Order    int        `json:"order"`
	Method   string     `json:"method"`
	URL      string     `json:"url"`
	Request  lineHeader `json:"req_headers"`
	Body     string     `json:"req_body"`
	Status   int        `json:"status"`
	Answer   lineHeader `json:"resp_headers"`
	Text     string     `json:"resp_body"`
	Recorded string     `json:"recorded_at"`
}

// lineHeader reads header fields as texts or lists of texts.
type lineHeader http.Header

// UnmarshalJSON reads an object whose values are texts or lists of texts.
func (h *lineHeader) UnmarshalJSON(b []byte) error {
	var plain map[string]string
	if json.Unmarshal(b, &plain) == nil {
		*h = lineHeader{}
		for name, v := range plain {
			http.Header(*h).Add(name, v)
		}
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return errors.New("headers are not an object")
	}
	out := http.Header{}
	for name, raw := range fields {
		var one string
		if json.Unmarshal(raw, &one) == nil {
			out.Add(name, one)
			continue
		}
		var several []string
		if err := json.Unmarshal(raw, &several); err != nil {
			return fmt.Errorf("header %s is neither a text nor a list of texts", printable(name))
		}
		for _, v := range several {
			out.Add(name, v)
		}
	}
	*h = lineHeader(out)
	return nil
}

// readLines reads JSON lines. A line that is none is noted and left out.
func (r *Recordings) readLines(name string, in *bufio.Reader) {
	maybe := lineFilter(r.only)
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		place := fmt.Sprintf("%s:%d", name, n)
		if err != nil && err != io.EOF {
			r.note("truncated", place, "the file ends early: "+err.Error())
			return
		}
		if len(text) > 0 && text[0] != '\n' && maybe(text) {
			r.readLine(name, place, text)
		}
		if err != nil {
			return
		}
	}
}

// lineFilter returns a quick look at whether a line may have a text in one of
// its values.
func lineFilter(text string) func(line []byte) bool {
	if strings.ContainsAny(text, "\\\"<>&") || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' }) {
		return func([]byte) bool { return true } // JSON may escape these
	}
	plain, escaped := []byte(text), []byte(strings.ReplaceAll(text, "/", `\/`))
	return func(line []byte) bool { return bytes.Contains(line, plain) || bytes.Contains(line, escaped) }
}

func (r *Recordings) readLine(name, place string, text []byte) {
	l := line{Source: name}
	if err := json.Unmarshal(text, &l); err != nil {
		r.note("not JSON", place, err.Error()+"; left out")
		return
	}
	if l.Request == nil {
		l.Request = lineHeader{}
	}
	if l.Answer == nil {
		l.Answer = lineHeader{}
	}
	r.take(&Exchange{
		Source: l.Source, Order: l.Order, Place: place, Method: l.Method, URL: l.URL, RequestHeader: http.Header(l.Request), RequestBody: l.Body,
		Status: l.Status, Header: http.Header(l.Answer), Body: l.Text, At: answeredAt(http.Header(l.Answer), l.Recorded),
	})
}
