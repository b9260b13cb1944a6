package vendorsuite

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// judge compares one answer with a recorded one.
func judge(t testing.TB, rules *Rules, want, have string, status int, header http.Header) (Verdict, []Difference) {
	t.Helper()
	recorded := http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_11111111111111"}, "Stripe-Version": {"2024-06-20"}}
	e := &Exchange{Status: 200, Header: recorded, Body: want, Class: Counted}
	if header == nil {
		header = http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_22222222222222"}, "Stripe-Version": {"2024-06-20"}}
	}
	m := newIDs(rules)
	w, h := newDocument(want), newDocument(have)
	if w.root != nil && h.root != nil {
		m.learnFrom(w.root, h.root)
	}
	diffs := compare(rules, m, e, &Response{status, header, have}, w, h, false)
	return verdictOf(diffs), diffs
}

// TestVerdicts has a case for each verdict, and for each way to miss the next
// better one.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const id, other = "cus_AAAAAAAAAAAAAA", "cus_BBBBBBBBBBBBBB"
	for name, c := range map[string]struct {
		want, have string
		verdict    Verdict
		paths      string
	}{
		"same":                       {`{"a": 1}`, `{"a": 1}`, Byte, ""},
		"another id":                 {`{"id": "` + id + `"}`, `{"id": "` + other + `"}`, Byte, ""},
		"a time":                     {`{"created": 1723305600}`, `{"created": 1723305602}`, Byte, ""},
		"white space":                {`{"a": 1}`, `{"a":1}`, Exact, "byte:a"},
		"end":                        {"{}\n", "{}", Exact, "byte:"},
		"escapes":                    {`{"a":"é"}`, `{"a":"\u00e9"}`, Exact, "byte:a"},
		"a number's form":            {`{"a":1.0}`, `{"a":1}`, Exact, "byte:a"},
		"order":                      {`{"a":1,"b":2,"c":3}`, `{"a":1,"c":3,"b":2}`, Values, "exact:"},
		"order below":                {`{"x":{"a":1,"b":2}}`, `{"x":{"b":2,"a":1}}`, Values, "exact:x"},
		"a value":                    {`{"a":1,"b":"x"}`, `{"a":1,"b":"y"}`, Shape, "values:b"},
		"a value in a list":          {`{"a":[{"b":1},{"b":2}]}`, `{"a":[{"b":1},{"b":3}]}`, Shape, "values:a[1].b"},
		"a bool":                     {`{"a":true}`, `{"a":false}`, Shape, "values:a"},
		"null and a text":            {`{"a":null}`, `{"a":"x"}`, Status, "shape:a"},
		"null and an object":         {`{"a":null}`, `{"a":{}}`, Status, "shape:a"},
		"a number and a text":        {`{"a":1}`, `{"a":"1"}`, Status, "shape:a"},
		"missing":                    {`{"a":1,"b":2}`, `{"a":1}`, Status, "shape:b"},
		"added":                      {`{"a":1}`, `{"a":1,"b":2}`, Status, "shape:b"},
		"missing and added":          {`{"a":{"x":1}}`, `{"a":{"y":1}}`, Status, "shape:a.x shape:a.y"},
		"a longer list":              {`{"a":[1]}`, `{"a":[1,2]}`, Status, "shape:a"},
		"a shorter list":             {`{"a":[1,2]}`, `{"a":[1]}`, Status, "shape:a"},
		"an object for a list":       {`[]`, `{}`, Status, "shape:"},
		"not JSON":                   {`{}`, `hello`, Status, "shape:"},
		"plain text":                 {`hello`, `hello`, Byte, ""},
		"another plain text":         {`hello`, `world`, Shape, "values:"},
		"both empty":                 {``, ``, Byte, ""},
		"three seconds":              {`{"created":1723305600}`, `{"created":1723305603}`, Shape, "values:created"},
		"a number like a time":       {`{"amount":1723305600}`, `{"amount":1723305601}`, Shape, "values:amount"},
		"a time that is none":        {`{"created":100}`, `{"created":101}`, Shape, "values:created"},
		"a time and null":            {`{"created":1723305600}`, `{"created":null}`, Status, "shape:created"},
		"an id's prefix":             {`{"a":"cus_AAAAAAAAAAAAAA"}`, `{"a":"sub_AAAAAAAAAAAAAA"}`, Shape, "values:a"},
		"an id's length":             {`{"a":"pi_1AAAAAAAAAAAAAAAAAAAAAAA"}`, `{"a":"pi_1AAAAAAAAAAAAAAAAAAAAAA"}`, Shape, "values:a"},
		"an id's alphabet":           {`{"a":"pi_1AAAAAAAAAAAAAAAAAAAAAAA"}`, `{"a":"pi_1AAAAAAAAAAAAAAAAAAAAAA-"}`, Shape, "values:a"},
		"an own id of another form":  {`{"id":"` + id + `"}`, `{"id":"cus_12345"}`, Shape, "values:id"},
		"two objects' ids":           {`{"id":"` + id + `","a":"` + id + `"}`, `{"id":"` + other + `","a":"cus_CCCCCCCCCCCCCC"}`, Shape, "values:a"},
		"one id for two":             {`{"id":"` + id + `","a":"cus_DDDDDDDDDDDDDD"}`, `{"id":"` + other + `","a":"` + other + `"}`, Shape, "values:a"},
		"an id in a text":            {`{"id":"` + id + `","url":"/v1/customers/` + id + `/x"}`, `{"id":"` + other + `","url":"/v1/customers/` + other + `/x"}`, Byte, ""},
		"around an id":               {`{"url":"/v1/customers/` + id + `/x"}`, `{"url":"/v1/customers/` + other + `/y"}`, Shape, "values:url"},
		"a client secret":            {`{"id":"pi_1AAAAAAAAAAAAAAAAAAAAAAA","client_secret":"pi_1AAAAAAAAAAAAAAAAAAAAAAA_secret_abcde"}`, `{"id":"pi_1BBBBBBBBBBBBBBBBBBBBBBB","client_secret":"pi_1BBBBBBBBBBBBBBBBBBBBBBB_secret_zyxwv"}`, Byte, ""},
		"a client secret's length":   {`{"client_secret":"pi_1AAAAAAAAAAAAAAAAAAAAAAA_secret_abcde"}`, `{"client_secret":"pi_1BBBBBBBBBBBBBBBBBBBBBBB_secret_zyxw"}`, Shape, "values:client_secret"},
		"another's client secret":    {`{"id":"pi_1AAAAAAAAAAAAAAAAAAAAAAA","client_secret":"pi_1AAAAAAAAAAAAAAAAAAAAAAA_secret_abcde"}`, `{"id":"pi_1BBBBBBBBBBBBBBBBBBBBBBB","client_secret":"pi_1CCCCCCCCCCCCCCCCCCCCCCC_secret_zyxwv"}`, Shape, "values:client_secret"},
		"a fingerprint":              {`{"fingerprint":"abcdefghijklmnop"}`, `{"fingerprint":"ponmlkjihgfedcba"}`, Byte, ""},
		"a fingerprint's length":     {`{"fingerprint":"abcdefghijklmnop"}`, `{"fingerprint":"abcdefgh"}`, Shape, "values:fingerprint"},
		"a fingerprint and null":     {`{"fingerprint":"abcdefghijklmnop"}`, `{"fingerprint":null}`, Status, "shape:fingerprint"},
		"a risk score":               {`{"risk_score":7}`, `{"risk_score":55}`, Byte, ""},
		"a risk score that is none":  {`{"risk_score":7}`, `{"risk_score":1000}`, Shape, "values:risk_score"},
		"a log URL":                  {`{"request_log_url":"https://dashboard.stripe.com/test/logs/req_AAAAAAAAAAAAAA?t=1723305600"}`, `{"request_log_url":"https://dashboard.stripe.com/test/logs/req_BBBBBBBBBBBBBB?t=1723305601"}`, Byte, ""},
		"a log URL elsewhere":        {`{"request_log_url":"https://dashboard.stripe.com/test/logs/req_AAAAAAAAAAAAAA?t=1723305600"}`, `{"request_log_url":"https://dashboard.stripe.com/logs/req_BBBBBBBBBBBBBB?t=1723305601"}`, Shape, "values:request_log_url"},
		"a log URL later":            {`{"request_log_url":"https://dashboard.stripe.com/test/logs/req_AAAAAAAAAAAAAA?t=1723305600"}`, `{"request_log_url":"https://dashboard.stripe.com/test/logs/req_BBBBBBBBBBBBBB?t=1723305609"}`, Shape, "values:request_log_url"},
		"settings are values":        {`{"calculated_statement_descriptor":"A"}`, `{"calculated_statement_descriptor":"B"}`, Shape, "values:calculated_statement_descriptor"},
		"masked":                     {`{"a":"<SECRET>"}`, `{"a":"whatever"}`, Byte, ""},
		"masked and empty":           {`{"a":"<SECRET>"}`, `{"a":""}`, Shape, "values:a"},
		"masked and null":            {`{"a":"<SECRET>"}`, `{"a":null}`, Status, "shape:a"},
		"masked within":              {`{"a":"Invalid API Key provided: <KEY>"}`, `{"a":"Invalid API Key provided: sk_x"}`, Byte, ""},
		"masked within, else not so": {`{"a":"Invalid API Key provided: <KEY>"}`, `{"a":"Invalid key: sk_x"}`, Shape, "values:a"},
		"repeated names":             {`{"a":1,"a":1}`, `{"a":1}`, Values, "exact:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, diffs := judge(t, Stripe(), c.want, c.have, 200, nil)
			if v != c.verdict || paths(diffs) != c.paths {
				t.Errorf("%s with %q, want %s with %q: %+v", v, paths(diffs), c.verdict, c.paths, diffs)
			}
		})
	}
}

func TestStatusKeepsFromEverything(t *testing.T) {
	t.Parallel()
	v, diffs := judge(t, Stripe(), `{"a":1}`, `{"a":1}`, 404, nil)
	if v != Differs || paths(diffs) != "status:status" || diffs[0].Want != "200" || !strings.HasPrefix(diffs[0].Have, "404") {
		t.Errorf("%s: %+v", v, diffs)
	}
}

// TestHeaders changes one header at a time.
func TestHeaders(t *testing.T) {
	t.Parallel()
	base := http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_22222222222222"}, "Stripe-Version": {"2024-06-20"}}
	for name, c := range map[string]struct {
		header, value string // "" removes it
		paths         string
	}{
		"none":                  {"X-Other", "1", ""},
		"content-type":          {"Content-Type", "text/html", "exact:header content-type"},
		"no request-id":         {"Request-Id", "", "exact:header request-id"},
		"request-id's form":     {"Request-Id", "req_1", "exact:header request-id"},
		"stripe-version":        {"Stripe-Version", "2020-08-27", "exact:header stripe-version"},
		"one that is not there": {"Idempotency-Key", "x", "exact:header idempotency-key"},
		"retry-after":           {"Retry-After", "1", "exact:header retry-after"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := base.Clone()
			h.Del(c.header)
			if c.value != "" {
				h.Set(c.header, c.value)
			}
			v, diffs := judge(t, Stripe(), `{}`, `{}`, 200, h)
			if paths(diffs) != c.paths || (v == Byte) != (c.paths == "") {
				t.Errorf("%s with %q, want %q", v, paths(diffs), c.paths)
			}
		})
	}
}

// TestStrippedHeaders: a recorder that left out what the vendor always sends
// does not make the mirror wrong.
func TestStrippedHeaders(t *testing.T) {
	t.Parallel()
	rules := Stripe()
	e := &Exchange{Status: 200, Header: http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}, Body: "{}", Class: Counted}
	a := ok("{}")
	if d := compare(rules, newIDs(rules), e, a, newDocument("{}"), newDocument("{}"), false); paths(d) != "exact:header idempotency-key" {
		t.Errorf("differences %q, want only the key that was recorded and not echoed", paths(d))
	}
}

// TestOriginalRequest: which request an answer says it first answered is
// compared, though ids of requests are random.
func TestOriginalRequest(t *testing.T) {
	t.Parallel()
	rules := Stripe()
	e := &Exchange{Status: 200, Header: http.Header{"Request-Id": {"req_11111111111111"}, "Original-Request": {"req_11111111111111"}}, Body: "{}"}
	for original, want := range map[string]string{"req_22222222222222": "", "req_33333333333333": "exact:header original-request", "": "exact:header original-request"} {
		a := &Response{200, http.Header{"Content-Type": {"application/json"}, "Request-Id": {"req_22222222222222"}}, "{}"}
		if original != "" {
			a.Header.Set("Original-Request", original)
		}
		if d := compare(rules, newIDs(rules), e, a, newDocument("{}"), newDocument("{}"), false); paths(d) != want {
			t.Errorf("original-request %q: differences %q, want %q", original, paths(d), want)
		}
	}
}

func TestWrittenTimes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules      *Rules
		want, have string
		equal      bool
	}{
		"resend":           {Resend(), `{"created_at":"2025-10-08 03:23:43.967943+00"}`, `{"created_at":"2025-10-08 03:23:44.100000+00"}`, true},
		"resend, late":     {Resend(), `{"created_at":"2025-10-08 03:23:43.967943+00"}`, `{"created_at":"2025-10-08 03:23:47.100000+00"}`, false},
		"resend, even":     {Resend(), `{"created_at":"2025-10-08 03:23:43.967943+00"}`, `{"created_at":"2025-10-08 03:23:43+00"}`, true},
		"other precision":  {Resend(), `{"created_at":"2025-10-08T03:23:43.967943Z"}`, `{"created_at":"2025-10-08T03:23:43Z"}`, false},
		"other layout":     {Resend(), `{"created_at":"2025-10-08 03:23:43.967943+00"}`, `{"created_at":"2025-10-08T03:23:43.967943Z"}`, false},
		"twilio":           {Twilio(), `{"date_created":"Wed, 04 May 2016 23:03:54 +0000"}`, `{"date_created":"Wed, 04 May 2016 23:03:55 +0000"}`, true},
		"twilio, late":     {Twilio(), `{"date_created":"Wed, 04 May 2016 23:03:54 +0000"}`, `{"date_created":"Wed, 04 May 2016 23:04:55 +0000"}`, false},
		"a sid":            {Twilio(), `{"sid":"SMd32ae3b2b5f14315a64edba8f9f46b67"}`, `{"sid":"SM000ae3b2b5f14315a64edba8f9f46b67"}`, true},
		"a sid's type":     {Twilio(), `{"sid":"SMd32ae3b2b5f14315a64edba8f9f46b67"}`, `{"sid":"MMd32ae3b2b5f14315a64edba8f9f46b67"}`, false},
		"a sid's alphabet": {Twilio(), `{"sid":"SMd32ae3b2b5f14315a64edba8f9f46b67"}`, `{"sid":"SMD32AE3b2b5f14315a64edba8f9f46b67"}`, false},
	} {
		m := newIDs(c.rules)
		w, h := newDocument(c.want), newDocument(c.have)
		m.learnFrom(w.root, h.root)
		x := &comparison{rules: c.rules, ids: m, accepted: map[*node]bool{}}
		x.node("", w.root, h.root)
		if (len(x.diffs) == 0) != c.equal {
			t.Errorf("%s: differences %+v, want equal: %v", name, x.diffs, c.equal)
		}
	}
}

// TestRules holds each vendor's rules to their own promises.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, r := range All() {
		if For(r.Vendor).Vendor != r.Vendor {
			t.Errorf("%s: not found by its name", r.Vendor)
		}
		for _, x := range r.Random {
			if x.Why == "" {
				t.Errorf("%s: %s: no reason", r.Vendor, x.Field)
			}
		}
		for _, f := range r.IDs {
			if f.SubexpIndex("random") < 0 {
				t.Errorf("%s: %s names no random part", r.Vendor, f)
			}
		}
		if len(r.Credential) == 0 || len(r.Hosts) == 0 || len(r.Errors) == 0 || len(r.IDFields) == 0 {
			t.Errorf("%s: incomplete", r.Vendor)
		}
	}
	if r := For("unheard-of"); r.serves("any.example.com") != true || r.version(&Exchange{Header: http.Header{}}) != "" {
		t.Error("rules of no vendor's refuse something")
	}
}

// TestPageTokens: an id is found within the token of a page.
func TestPageTokens(t *testing.T) {
	t.Parallel()
	m := newIDs(Twilio())
	const recorded, minted = "MG00000000000000000000000000000001", "MGffffffffffffffffffffffffffffffff"
	m.learn(recorded, minted, false)
	if got := m.translate("?Page=1&PageToken=PA" + recorded); got != "?Page=1&PageToken=PA"+minted {
		t.Errorf("translated %s", got)
	}
}

// TestIDs looks at what is an id of Stripe's.
func TestIDs(t *testing.T) {
	t.Parallel()
	m := newIDs(Stripe())
	for text, want := range map[string]string{
		"cus_AAAAAAAAAAAAAA":                      "cus_AAAAAAAAAAAAAA",
		"/v1/charges/ch_3PAAAAAAAAAAAAAAAAAAAAAA": "ch_3PAAAAAAAAAAAAAAAAAAAAAA",
		"pi_3PAAAAAAAAAAAAAAAAAAAAAA_secret_x":    "pi_3PAAAAAAAAAAAAAAAAAAAAAA",
		"acct_1032D82eZvKYlo2C":                   "acct_1032D82eZvKYlo2C",
		"cs_test_" + strings.Repeat("a1", 29):     "cs_test_" + strings.Repeat("a1", 29),
		"cus_AAAAAAAAAAAAAAA":                     "", // a longer word
		"tok_chargeDeclinedFraudulent":            "", // a test card's name
		"pm_card_chargeDeclinedExpiredCard":       "",
		"payment_intent_unexpected_state":         "",
		"requires_authentication":                 "",
		"a":                                       "",
	} {
		got := ""
		if p := m.find(text); len(p) == 1 {
			got = text[p[0][0]:p[0][1]]
		} else if len(p) > 1 {
			got = "several"
		}
		if got != want {
			t.Errorf("%q: %q is an id, want %q", text, got, want)
		}
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	m := newIDs(Stripe())
	m.learn("cus_AAAAAAAAAAAAAA", "cus_BBBBBBBBBBBBBB", false)
	m.learn("Z4OV52SU", "ABCDEFGH", false)
	e := &Exchange{
		Method: "POST", URL: "https://user:pw@api.stripe.com/v1/customers/cus_AAAAAAAAAAAAAA/x?a%5B%5D=cus_AAAAAAAAAAAAAA&b=%20+", Header: http.Header{"Idempotency-Key": {"k"}, "Stripe-Version": {"2024-06-20"}},
		RequestHeader: http.Header{"Authorization": {"Bearer <redacted>"}, "Stripe-Version": {"<API_VERSION>"}},
		RequestBody:   "coupon=Z4OV52SU&name=Z4OV52SUX&url=https%3A%2F%2Fx%2Fcus_AAAAAAAAAAAAAA&c=a%20b",
	}
	r, err := m.request(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/v1/customers/cus_BBBBBBBBBBBBBB/x?a%5B%5D=cus_BBBBBBBBBBBBBB&b=%20+"; r.Target != want {
		t.Errorf("target %s, want %s", r.Target, want)
	}
	if want := "coupon=ABCDEFGH&name=Z4OV52SUX&url=https%3A%2F%2Fx%2Fcus_BBBBBBBBBBBBBB&c=a%20b"; r.Body != want {
		t.Errorf("body %s, want %s", r.Body, want)
	}
	if r.Host != "api.stripe.com" || r.Header.Get("Idempotency-Key") != "k" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer sk_test_") || r.Header.Get("Content-Type") == "" {
		t.Errorf("host %s, headers %v", r.Host, r.Header)
	}
	if got := r.Header.Get("Stripe-Version"); got != "" {
		t.Errorf("the masked version was sent as %q", got)
	}
	e.RequestBody, e.RequestHeader = `{"to": "cus_AAAAAAAAAAAAAA", "n": [1.50]}`, http.Header{"Content-Type": {"application/json"}}
	if r, err = m.request(e); err != nil || r.Body != `{"to":"cus_BBBBBBBBBBBBBB","n":[1.50]}` {
		t.Errorf("JSON body %s, %v", r.Body, err)
	}
}

// TestRefusedKey: a key that the vendor refused is sent as the answer quotes it,
// because recorders take keys out of requests only.
func TestRefusedKey(t *testing.T) {
	t.Parallel()
	m := newIDs(Stripe())
	for quoted, want := range map[string]string{"sk_test_mock": "Bearer sk_test_mock", "sk_test_****7890": "Bearer sk_test_00007890", "<KEY>": "Bearer masked"} {
		e := &Exchange{Method: "GET", URL: "https://api.stripe.com/v1/balance", Status: 401, Header: http.Header{}, Body: `{"error":{"message":"Invalid API Key provided: ` + quoted + `"}}`}
		r, err := m.request(e)
		if err != nil || r.Header.Get("Authorization") != want {
			t.Errorf("%s: %v, %v, want %s", quoted, r.Header, err, want)
		}
	}
}

func TestTimesOfAnswers(t *testing.T) {
	t.Parallel()
	want := time.Date(2024, 8, 10, 16, 0, 0, 0, time.UTC)
	for _, recorded := range []string{"2024-08-10T16:00:00.5Z", "Sat, 10 Aug 2024 16:00:00 GMT", "2024-08-10T18:00:00+02:00"} {
		if got := answeredAt(http.Header{}, recorded); !got.Equal(want) {
			t.Errorf("%s is %s", recorded, got)
		}
	}
	if got := answeredAt(http.Header{"Date": {"Sat, 10 Aug 2024 16:00:00 GMT"}}, "2020-01-01T00:00:00Z"); !got.Equal(want) {
		t.Errorf("the Date header counts less than the recorder's stamp: %s", got)
	}
}
