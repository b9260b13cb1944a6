package vendorsuite

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
)

// Secret is a text that must not get into a recording.
type Secret struct {
	// Form matches it; the group "secret" is what is taken out.
	Form *regexp.Regexp
	// Client says that it is one that the vendor hands to browsers: it may be kept.
	Client bool
	Why    string
}

// redacted stands where a secret was. Comparisons know it for a mask.
const redacted = "<redacted>"

// hiddenHeaders are left out whatever they hold: credentials beside Authorization,
// and what tells of the recorder's machine.
var hiddenHeaders = map[string]bool{
	"Proxy-Authorization": true, "Cookie": true, "Set-Cookie": true, "X-Api-Key": true, "Api-Key": true,
	"X-Stripe-Client-User-Agent": true, "X-Stripe-Client-Telemetry": true, "X-Forwarded-For": true, "X-Forwarded-Host": true, "X-Forwarded-Proto": true, "Forwarded": true,
}

// Scrub takes the vendor's secrets out of an exchange.
func (r *Rules) Scrub(e *Exchange, keepClient bool) {
	clean := func(s string) string {
		for _, secret := range r.Secrets {
			if secret.Client && keepClient {
				continue
			}
			s = cutSecret(secret.Form, s)
		}
		return s
	}
	e.URL, e.RequestBody, e.Body = clean(withoutUser(e.URL)), clean(e.RequestBody), clean(e.Body)
	for _, h := range []http.Header{e.RequestHeader, e.Header} {
		for name, values := range h {
			if hiddenHeaders[name] {
				delete(h, name)
				continue
			}
			for i := range values {
				if name != "Authorization" {
					values[i] = clean(values[i])
					continue
				}
				// That there was one, and of which kind, may be told.
				scheme := "Bearer"
				if strings.HasPrefix(values[i], "Basic ") {
					scheme = "Basic"
				}
				values[i] = scheme + " " + redacted
			}
		}
	}
}

func cutSecret(form *regexp.Regexp, s string) string {
	group := 2 * form.SubexpIndex("secret")
	var b strings.Builder
	at := 0
	for _, m := range form.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(s[at:m[group]])
		b.WriteString(redacted)
		at = m[group+1]
	}
	b.WriteString(s[at:])
	return b.String()
}

// LiveKey returns a credential of the vendor's live mode in a request, masked
// for people, "" if there is none.
func (r *Rules) LiveKey(e *Exchange) string {
	if r.Live == nil {
		return ""
	}
	texts := []string{e.URL, e.RequestBody}
	for _, values := range e.RequestHeader {
		for _, v := range values {
			texts = append(texts, v)
			if basic, ok := strings.CutPrefix(v, "Basic "); ok {
				if plain, err := base64.StdEncoding.DecodeString(basic); err == nil {
					texts = append(texts, string(plain))
				}
			}
		}
	}
	for _, t := range texts {
		if key := r.Live.FindString(t); key != "" {
			return key[:min(len(key), 8)] + "…"
		}
	}
	return ""
}

// Recorder appends exchanges to a file of JSON lines. Its methods may be called
// concurrently.
type Recorder struct {
	rules      *Rules
	source     string
	keepClient bool

	mu    sync.Mutex
	file  *os.File
	order int
	err   error
}

// NewRecorder opens a file for a cassette. What the file holds stays; a line
// that an earlier recorder could not finish is ended, and reads as damaged.
// keepClient leaves secrets in that the vendor hands to browsers.
func NewRecorder(path, source string, rules *Rules, keepClient bool) (*Recorder, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	r := &Recorder{rules: rules, source: source, keepClient: keepClient, file: file}
	if err := r.endLine(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

func (r *Recorder) endLine() error {
	info, err := r.file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := r.file.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = r.file.WriteString("\n")
	return err
}

// Add appends an exchange, without its secrets and in the place that its answer
// had: one write for a whole line. A line that could not be written ends the
// recording, and so does every Add after it.
func (r *Recorder) Add(e *Exchange) error {
	r.rules.Scrub(e, r.keepClient)
	l := line{
		Source: r.source, Method: e.Method, URL: e.URL, Request: lineHeader(e.RequestHeader), Body: e.RequestBody,
		Status: e.Status, Answer: lineHeader(e.Header), Text: e.Body,
	}
	if !e.At.IsZero() {
		l.Recorded = e.At.UTC().Format(http.TimeFormat)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	l.Order = r.order
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if r.err = enc.Encode(l); r.err == nil {
		_, r.err = r.file.Write(text.Bytes())
	}
	if r.err != nil {
		r.err = fmt.Errorf("write %s: %w", r.file.Name(), r.err)
		return r.err
	}
	r.order++
	return nil
}

// Len counts the exchanges that were written.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.order
}

// Close ends the recording, and returns why it ended early if it did.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.err, r.file.Sync(), r.file.Close())
}
