package vendorsuite

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func zipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const rubyCassette = `---
http_interactions:
- request:
    method: post
    uri: https://api.stripe.com/v1/customers
    body: {encoding: UTF-8, string: name=a}
    headers:
      Content-Type: [application/x-www-form-urlencoded]
      X-Two: [a, b]
  response:
    status: {code: 200, message: OK}
    headers:
      Date: ['Sat, 10 Aug 2024 16:00:00 GMT']
      Content-Type: [application/json]
    body: {encoding: ASCII-8BIT, base64_string: eyJhIjoxfQ==}
  recorded_at: Sat, 10 Aug 2024 16:00:00 GMT
- request:
    method: get
    uri: https://api.stripe.com/v1/customers
    body: {encoding: UTF-8, string: ''}
    headers: {}
  response:
    status: {code: 200, message: OK}
    headers: {}
    body: {encoding: ASCII-8BIT, string: !binary "eyJiIjoyfQ=="}
  recorded_at: Sun, 11 Aug 2024 16:00:00 GMT
`

const pythonCassette = `interactions:
- request:
    body: name=a
    headers: {Content-Type: [application/x-www-form-urlencoded]}
    method: POST
    uri: https://api.stripe.com/v1/customers
  response:
    body: {string: '{"a":1}'}
    headers: {date: ['Sat, 10 Aug 2024 16:00:00 GMT']}
    status: {code: 200, message: OK}
version: 1
`

const goCassette = `version: 2
interactions:
    - id: 0
      request:
        body: '{"name":"a"}'
        headers: {Content-Type: [application/json]}
        url: https://api.resend.com/contacts
        method: POST
      response:
        headers: {Content-Type: [application/json]}
        body: '{"id":"x"}'
        status: 201 Created
        code: 201
`

const harArchive = `{"log":{"entries":[
 {"startedDateTime":"2025-10-08T03:23:58.863Z",
  "request":{"method":"POST","url":"https://api.resend.com/api-keys","headers":[{"name":":authority","value":"x"},{"name":"Accept","value":"*/*"}],"postData":{"mimeType":"application/json","text":"{\"name\":\"k\"}"}},
  "response":{"status":201,"headers":[{"name":"Content-Type","value":"application/json"}],"content":{"mimeType":"application/json","text":"eyJpZCI6MX0=","encoding":"base64"}}},
 {"startedDateTime":"2025-10-08T03:23:59Z",
  "request":{"method":"POST","url":"https://api.resend.com/form","headers":[],"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"a b","value":"c&d"}]}},
  "response":{"status":200,"headers":[{"name":"Date","value":"Wed, 08 Oct 2025 03:24:00 GMT"}],"content":{"text":""}}}]}}`

// TestFormats reads an exchange in each format and looks at all of it.
func TestFormats(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 8, 10, 16, 0, 0, 0, time.UTC)
	type exchange struct {
		method, url, request, answer string
		status                       int
		at                           time.Time
	}
	for name, want := range map[string]struct {
		text string
		all  []exchange
	}{
		"ruby.yml": {rubyCassette, []exchange{
			{"POST", "https://api.stripe.com/v1/customers", "name=a", `{"a":1}`, 200, at},
			{"GET", "https://api.stripe.com/v1/customers", "", `{"b":2}`, 200, at.AddDate(0, 0, 1)},
		}},
		"python.yaml": {pythonCassette, []exchange{{"POST", "https://api.stripe.com/v1/customers", "name=a", `{"a":1}`, 200, at}}},
		"go.yaml":     {goCassette, []exchange{{"POST", "https://api.resend.com/contacts", `{"name":"a"}`, `{"id":"x"}`, 201, time.Time{}}}},
		"a.har": {harArchive, []exchange{
			{"POST", "https://api.resend.com/api-keys", `{"name":"k"}`, `{"id":1}`, 201, time.Date(2025, 10, 8, 3, 23, 58, 0, time.UTC)},
			{"POST", "https://api.resend.com/form", "a+b=c%26d", "", 200, time.Date(2025, 10, 8, 3, 24, 0, 0, time.UTC)},
		}},
		"lines.jsonl": {exchangeLine("lines.jsonl", 0, "POST", "/v1/customers", "name=a", 200, `{"a":1}`), []exchange{{"POST", "https://api.stripe.com/v1/customers", "name=a", `{"a":1}`, 200, at}}},
	} {
		for _, zip := range []bool{false, true} {
			file, text := name, want.text
			if zip {
				file, text = name+".gz", string(zipped(t, want.text))
			}
			r, err := Read(MustWrite(t, file, text))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Notes) != 0 || len(r.Cassettes) != 1 || r.Len() != len(want.all) {
				t.Fatalf("%s: %d cassettes, %d exchanges, notes %v", file, len(r.Cassettes), r.Len(), r.Notes)
			}
			if r.Cassettes[0].Source != file && name != "lines.jsonl" {
				t.Errorf("%s: source %q", file, r.Cassettes[0].Source)
			}
			for i, e := range r.Cassettes[0].Exchanges {
				if got := (exchange{e.Method, e.URL, e.RequestBody, e.Body, e.Status, e.At}); got != want.all[i] {
					t.Errorf("%s %d:\ngot  %+v\nwant %+v", file, i, got, want.all[i])
				}
			}
			if name == "ruby.yml" {
				if got := r.Cassettes[0].Exchanges[0].RequestHeader.Values("x-two"); len(got) != 2 || got[1] != "b" {
					t.Errorf("X-Two is %q", got)
				}
			}
		}
	}
}

// TestBadRecordings looks at what is said of each kind of bad input, and that
// the rest is read.
func TestBadRecordings(t *testing.T) {
	t.Parallel()
	good := func(order int) string {
		return exchangeLine("s", order, "GET", "/v1/balance", "", 200, `{"object":"balance"}`)
	}
	all := good(0) + good(1)
	withHeaders := func(h string) string {
		return strings.Replace(good(5), `"req_headers":{"authorization":"Bearer \u003credacted\u003e"}`, `"req_headers":`+h, 1)
	}
	for name, c := range map[string]struct {
		file, text string
		read       int
		kind, said string // "" is nothing
	}{
		"truncated gzip":       {"a.jsonl.gz", string(zipped(t, strings.Repeat(all, 50))[:200]), -1, "truncated", "ends early"},
		"truncated line":       {"a.jsonl", all + good(2)[:80], 2, "not JSON", "a.jsonl:3"},
		"no gzip":              {"a.jsonl.gz", "\x1f\x8bnonsense", 0, "unreadable", "gzip"},
		"a line of text":       {"a.jsonl", good(0) + "hello\n" + good(1), 2, "not JSON", "a.jsonl:2"},
		"empty lines":          {"a.jsonl", good(0) + "\n" + good(1), 2, "", ""},
		"lists of headers":     {"a.jsonl", withHeaders(`{"accept":["a","b"]}`), 1, "", ""},
		"headers of numbers":   {"a.jsonl", withHeaders(`{"accept":7}`) + good(0), 1, "not JSON", "header accept"},
		"headers that are not": {"a.jsonl", withHeaders(`"none"`) + good(0), 1, "not JSON", "headers are not an object"},
		"no URL":               {"a.jsonl", strings.Replace(good(0), "https://api.stripe.com", "", 1) + good(1), 1, "not an exchange", `URL "/v1/balance"`},
		"no status":            {"a.jsonl", strings.Replace(good(0), `"status":200`, `"status":0`, 1) + good(1), 1, "not an exchange", "status 0"},
		"out of order":         {"a.jsonl", good(1) + good(0), 2, "out of order", "a.jsonl:2"},
		"twice":                {"a.jsonl", good(0) + good(0), 1, "recorded twice", "has the order of a.jsonl:1"},
		"no YAML":              {"a.yml", "a: [", 0, "not YAML", "a.yml"},
		"another YAML":         {"a.yml", "services: {}", 0, "empty", "no http_interactions"},
		"bad interaction":      {"a.yml", strings.Replace(rubyCassette, "uri: https://api.stripe.com/v1/customers\n    body: {encoding: UTF-8, string: name=a}", "uri: [1]\n    body: {}", 1), 1, "not an exchange", "interaction 0 (line 3)"},
		"bad base64 in YAML":   {"a.yml", strings.Replace(rubyCassette, "eyJhIjoxfQ==", "e!", 1), 1, "not an exchange", "not base64"},
		"compressed, unknown":  {"a.yml", strings.Replace(rubyCassette, "Content-Type: [application/json]\n    body: {encoding: ASCII-8BIT, base64_string: eyJhIjoxfQ==}", "Content-Encoding: [br]\n    body: {encoding: ASCII-8BIT, base64_string: /////w==}", 1), 1, "not an exchange", `compressed by "br"`},
		"compressed, cut":      {"a.yml", strings.Replace(rubyCassette, "Content-Type: [application/json]\n    body: {encoding: ASCII-8BIT, base64_string: eyJhIjoxfQ==}", "Content-Encoding: [gzip]\n    body: {encoding: ASCII-8BIT, base64_string: "+base64.StdEncoding.EncodeToString(zipped(t, strings.Repeat("x", 5000))[:20])+"}", 1), 1, "not an exchange", "compressed body ends early"},
		"truncated HAR":        {"a.har", harArchive[:len(harArchive)/2], 0, "truncated", "a.har"},
		"bad entry":            {"a.har", strings.Replace(harArchive, `"status":201`, `"status":"201"`, 1), 1, "not an exchange", "entry 0"},
		"bad base64 in HAR":    {"a.har", strings.Replace(harArchive, "eyJpZCI6MX0=", "?", 1), 1, "not an exchange", "not base64"},
		"empty HAR":            {"a.har", `{"log":{}}`, 0, "empty", "no log.entries"},
		"something else":       {"a.txt", "hello", 0, "unreadable", "want .jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := Read(MustWrite(t, c.file, c.text))
			if err != nil {
				t.Fatal(err)
			}
			if c.read >= 0 && r.Len() != c.read {
				t.Errorf("%d exchanges were read, want %d", r.Len(), c.read)
			}
			if c.kind == "" {
				if len(r.Notes) > 0 {
					t.Errorf("notes %v, want none", r.Notes)
				}
				return
			}
			if len(r.Notes) != 1 || r.Notes[0].Kind != c.kind || !strings.Contains(r.Notes[0].Place+" "+r.Notes[0].Text, c.said) {
				t.Errorf("notes %v, want one of kind %q that says %q", r.Notes, c.kind, c.said)
			}
		})
	}
}

// TestCompressedBody reads bodies that the recorder left compressed, or kept as
// base64 without saying so.
func TestCompressedBody(t *testing.T) {
	t.Parallel()
	yml := strings.Replace(rubyCassette, "Content-Type: [application/json]\n    body: {encoding: ASCII-8BIT, base64_string: eyJhIjoxfQ==}", "Content-Encoding: [gzip]\n    body: {encoding: ASCII-8BIT, base64_string: "+base64.StdEncoding.EncodeToString(zipped(t, `{"a":1}`))+"}", 1)
	for file, text := range map[string]string{
		"a.yml":   yml,
		"a.jsonl": exchangeLine("s", 0, "GET", "/", "", 200, base64.StdEncoding.EncodeToString([]byte(`{"a":1}`))),
	} {
		r, err := Read(MustWrite(t, file, text))
		if err != nil {
			t.Fatal(err)
		}
		e := r.Cassettes[0].Exchanges[0]
		if e.Body != `{"a":1}` || e.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: body %q, notes %v", file, e.Body, r.Notes)
		}
	}
	if _, ok := plainJSON("abcdefgh", MustRead(t, exchangeLine("s", 0, "GET", "/", "", 200, "")).Cassettes[0].Exchanges[0].Header); ok {
		t.Error("a text that is no JSON in base64 was decoded")
	}
}

func TestReadFoldersAndSources(t *testing.T) {
	t.Parallel()
	path := MustWrite(t, "a.jsonl", exchangeLine("one", 0, "GET", "/", "", 200, "")+exchangeLine("two <b>", 0, "GET", "/", "", 200, "")+strings.Replace(exchangeLine("x/y", 0, "GET", "/", "", 200, ""), "x/y", `x\/y`, 1))
	folder := strings.TrimSuffix(path, "/a.jsonl")
	for source, want := range map[string]int{"": 3, "one": 1, "x/y": 1, "two <": 1, "three": 0} {
		r, err := ReadSource(source, folder)
		if err != nil {
			t.Fatal(err)
		}
		if r.Len() != want {
			t.Errorf("%q: %d exchanges, want %d", source, r.Len(), want)
		}
		if got := MustRead(t, exchangeLine("one", 0, "GET", "/", "", 200, "")).Has(source); got != (source == "" || source == "one") {
			t.Errorf("%q is in the name of one: %v", source, got)
		}
	}
	if _, err := Read(path + ".gone"); err == nil {
		t.Error("a file that is not there is no error")
	}
}

func TestEligible(t *testing.T) {
	t.Parallel()
	r := MustRead(t, exchangeLine("a", 0, "GET", "/", "", 200, ""), exchangeLine("a", 1, "GET", "/", "", 200, ""), exchangeLine("a", 2, "GET", "/", "", 200, ""), exchangeLine("b", 0, "GET", "/", "", 200, ""))
	e, err := ReadEligible(MustWrite(t, "e.json", `{"stripe":{"a":[[0,"yes"],[1,"list"],[2,"outside"],[9,"yes"]],"c":[[0,"yes"]]}}`), "stripe")
	if err != nil {
		t.Fatal(err)
	}
	r.Classify(e)
	var got []Class
	for _, c := range r.Cassettes {
		for _, x := range c.Exchanges {
			got = append(got, x.Class)
		}
	}
	want := []Class{Counted, Listed, Outside, Unlisted}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("classes %q, want %q", got, want)
			break
		}
	}
	if len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0].Text, "2 exchanges") {
		t.Errorf("notes %v, want one of two exchanges that are not recorded", r.Notes)
	}
	if e, err := ReadEligible(MustWrite(t, "e.json", `{"resend":{}}`), "stripe"); err != nil || e != nil {
		t.Errorf("of another vendor: %v, %v", e, err)
	}
	for _, bad := range []string{`[]`, `{"stripe":{"a":[[0,"maybe"]]}}`, `{"stripe":{"a":[["0","yes"]]}}`, `{"stripe":{"a":[[0.5,"yes"]]}}`} {
		if _, err := ReadEligible(MustWrite(t, "e.json", bad), "stripe"); err == nil {
			t.Errorf("%s is read without an error", bad)
		}
	}
}

func TestVendor(t *testing.T) {
	t.Parallel()
	r := MustRead(t, exchangeLine("a", 0, "GET", "/", "", 200, ""), strings.Replace(exchangeLine("b", 0, "GET", "/", "", 200, ""), "api.stripe.com", "api.example.com", 1))
	if got := r.Vendor(); got != "stripe" {
		t.Errorf("vendor %q", got)
	}
	for _, url := range []string{"https://verify.twilio.com/v2", "https://<A>:<B>@api.twilio.com/2010-04-01"} {
		if !Twilio().serves(hostOf(url)) {
			t.Errorf("%s is not Twilio's", url)
		}
	}
	if Twilio().serves("nottwilio.com") || Stripe().serves("stripe.com.example.org") {
		t.Error("a host that only looks like the vendor's is the vendor's")
	}
}

// FuzzRead reads anything as any format, replays what was read and prints what
// came of it.
func FuzzRead(f *testing.F) {
	f.Add("a.yml", []byte(rubyCassette))
	f.Add("a.yaml", []byte(pythonCassette))
	f.Add("a.yaml", []byte(goCassette))
	f.Add("a.yaml", []byte(caseOf(`send: POST /v1/customers, form: [{a: b}], header: {A: b}, answer: {C: d}, body: {id: cus_AAAAAAAAAAAAAA, x: [1, null, 2.5, {}]}`)))
	f.Add("a.har", []byte(harArchive))
	f.Add("a.jsonl", []byte(exchangeLine("s", 0, "POST", "/v1/customers/cus_AAAAAAAAAAAAAA?expand%5B%5D=a.b", "id=x&a[b]=cus_AAAAAAAAAAAAAA", 200, `{"id":"cus_AAAAAAAAAAAAAA","object":"customer","a":[{"b":1723305600}]}`)))
	f.Add("a.jsonl.gz", zipped(f, exchangeLine("s", 0, "GET", "/", "", 200, "")))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		r := &Recordings{}
		r.read(name, bytes.NewReader(data))
		r.finish()
		r.Classify(nil)
		target := &stub{answer: func(_ *stubSession, r *Request) *Response { return ok(r.Body) }, refuse: func(string) string { return "" }}
		report := MustReplay(t, target, r, Options{Parallel: 1})
		if _, err := json.Marshal(report); err != nil {
			t.Fatal(err)
		}
		if err := report.HTML(&bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
		for _, x := range report.Results {
			report.Explain(&bytes.Buffer{}, x, 80, true)
		}
	})
}
