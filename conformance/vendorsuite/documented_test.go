package vendorsuite

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// caseOf returns a file with one case of one step.
func caseOf(step string) string {
	return "base: https://api.stripe.com\nat: 2024-08-10T16:00:00Z\ncases:\n- case: c\n  page: https://example.com/page\n  read: 2026-11\n  steps:\n  - {" + step + "}\n"
}

// TestDocumented changes one thing that a case states at a time, and wants
// exactly that named; what it does not state may be anything.
func TestDocumented(t *testing.T) {
	t.Parallel()
	target := &stub{answer: func(_ *stubSession, r *Request) *Response {
		form, err := url.ParseQuery(r.Body)
		if err != nil {
			return nil
		}
		a := ok(fmt.Sprintf(`{"extra":1,"id":"cus_00000000000001","object":"customer","name":%q,"tags":{"x":"1"},"data":[{"id":"a","n":1},{"id":"b","n":2}],"key":%q}`, form.Get("name"), r.Header.Get("Authorization")))
		a.Header.Set("Retry-After", "1")
		return a
	}}
	for step, want := range map[string]string{
		`send: POST /v1/customers, form: {name: a}, body: {name: a, id: cus_AAAAAAAAAAAAAA}`:                  "exact ",
		`send: POST /v1/customers, form: {name: a}`:                                                           "byte ",
		`send: POST /v1/customers, form: {name: a}, body: {name: b}`:                                          "shape values:name",
		`send: POST /v1/customers, body: {name: null}`:                                                        "status shape:name",
		`send: POST /v1/customers, body: {nick: x}`:                                                           "status shape:nick",
		`send: POST /v1/customers, body: {tags: {}}`:                                                          "status shape:tags.x",
		`send: POST /v1/customers, body: {tags: {x: "1"}}`:                                                    "exact ",
		`send: POST /v1/customers, body: {tags: {x: 1}}`:                                                      "status shape:tags.x",
		`send: POST /v1/customers, body: {data: [{n: 1}, {n: 2}]}`:                                            "exact ",
		`send: POST /v1/customers, body: {data: [{n: 1}]}`:                                                    "status shape:data",
		`send: POST /v1/customers, body: {data: [{n: 1}, {n: 3}]}`:                                            "shape values:data[1].n",
		`send: POST /v1/customers, status: 400, body: {name: a}`:                                              "differs status:status",
		`send: POST https://files.stripe.com/v1/files, form: {name: a}, body: {name: a}`:                      "exact ",
		`send: POST /v1/customers, answer: {Retry-After: "1"}, body: {object: customer}`:                      "exact ",
		`send: POST /v1/customers, answer: {Retry-After: "2"}, body: {object: customer}`:                      "values exact:header retry-after",
		`send: GET /v1/customers, body: {key: Bearer sk_test_51MirraFidelity}`:                                "exact ",
		`send: GET /v1/customers, header: {Authorization: Bearer mine}, body: {key: Bearer mine}`:             "exact ",
		`send: GET /v1/customers, header: {Authorization: ""}, body: {key: ""}`:                               "exact ",
		`send: POST /v1/customers, form: [{name: a}, {name: b}], body: {name: a, object: customer, extra: 1}`: "exact ",
	} {
		r, err := Read(MustWrite(t, "cases.yaml", caseOf(step)))
		if err != nil || len(r.Notes) != 0 {
			t.Fatalf("%s: %v %v", step, err, r.Notes)
		}
		r.Classify(nil)
		report := MustReplay(t, target, r, Options{})
		x := report.Results[0]
		if got := x.Verdict.String() + " " + paths(Blocking(x.Verdict, x.Diffs)); got != want && x.Verdict < Exact || x.Verdict >= Exact && x.Verdict.String()+" " != want {
			t.Errorf("%s: %q, want %q", step, got, want)
		}
		if report.Corpus != Documented || !x.Counted || x.Source != "cases.yaml: c" {
			t.Errorf("%s: corpus %s, counted %v, source %q", step, report.Corpus, x.Counted, x.Source)
		}
	}
}

// TestCases: setup and belief do not count, and what is no case is named.
func TestCases(t *testing.T) {
	t.Parallel()
	const twoSteps = "base: https://api.stripe.com\ncases:\n" +
		"- {case: a, page: 'https://example.com', read: 2026-11, steps: [{setup: true, send: POST /v1/customers, body: {id: cus_AAAAAAAAAAAAAA}}, {send: GET /v1/customers/cus_AAAAAAAAAAAAAA, body: {id: cus_AAAAAAAAAAAAAA}}]}\n" +
		"- {case: b, believed: no page, steps: [{send: GET /v1/customers/cus_NoneNoneNone00, status: 404}]}\n"
	r, err := Read(MustWrite(t, "c.yml", twoSteps))
	if err != nil || len(r.Notes) != 0 {
		t.Fatalf("%v %v", err, r.Notes)
	}
	r.Classify(nil)
	target := shop(nil)
	report := MustReplay(t, target, r, Options{})
	if report.Total.Counted != 1 || report.Total.Exact != 1 || report.Uncounted["believed, not documented"] != 1 || report.Uncounted["they make what documented cases need"] != 1 {
		t.Errorf("total %+v, uncounted %v", report.Total, report.Uncounted)
	}
	for _, s := range target.sessions {
		if len(s.imported) != 0 {
			t.Errorf("a case began with %v", s.imported)
		}
	}
	for text, want := range map[string]string{
		caseOf("send: POST"):                                                         "method and target",
		caseOf("send: POST /v1/x, form: {a: {b: c}}"):                                "want a plain value",
		caseOf("send: POST /v1/x, form: a"):                                          "form: want parameters",
		caseOf("sent: POST /v1/x"):                                                   "field sent not found",
		caseOf("setup: true, send: POST /v1/x"):                                      "want one that is no setup",
		caseOf("send: GET /v1/x, status: 1000"):                                      "status 1000",
		"cases: []\n":                                                                "want a base URL",
		"base: https://api.stripe.com\nx: 1\ncases: []\n":                            "field x not found",
		strings.Replace(caseOf("send: GET /"), "page", "x", 1):                       "field x not found",
		strings.Replace(caseOf("send: GET /"), "2026-11", "now", 1):                  "want the address of a page and the month",
		caseOf("send: GET /") + "- {case: c, believed: x, steps: [{send: GET /}]}\n": "is taken by",
	} {
		r, err := Read(MustWrite(t, "c.yaml", text))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Text, want) {
			t.Errorf("%s\nnotes %v, want %q", text, r.Notes, want)
		}
	}
}

// TestJSONCases: a body may be JSON, and a step may come later than a second
// after the one before it.
func TestJSONCases(t *testing.T) {
	t.Parallel()
	const text = "base: https://api.resend.com\nat: 2026-11-27T12:00:00Z\ncases:\n" +
		"- case: a\n  believed: for the test\n  steps:\n" +
		"  - {send: POST /emails, json: {to: [a, 1], html: null}}\n" +
		"  - {send: POST /emails, after: 2h, json: [1], header: {Content-Type: text/plain}}\n" +
		"  - {send: GET /emails}\n"
	r, err := Read(MustWrite(t, "c.yml", text))
	if err != nil || len(r.Notes) != 0 || r.Len() != 3 {
		t.Fatalf("%v %v", err, r.Notes)
	}
	all := r.Cassettes[0].Exchanges
	if e := all[0]; e.RequestBody != `{"to":["a",1],"html":null}` || e.RequestHeader.Get("Content-Type") != "application/json" {
		t.Errorf("sent %s as %s", e.RequestBody, e.RequestHeader.Get("Content-Type"))
	}
	if e := all[1]; e.RequestBody != `[1]` || e.RequestHeader.Get("Content-Type") != "text/plain" {
		t.Errorf("sent %s as %s", e.RequestBody, e.RequestHeader.Get("Content-Type"))
	}
	for i, want := range []string{"12:00:00", "14:00:00", "14:00:01"} {
		if got := all[i].At.Format("15:04:05"); got != want {
			t.Errorf("step %d at %s, want %s", i, got, want)
		}
	}
	for _, bad := range []string{"json: {a: 1}, form: {a: b}", "after: -1s"} {
		r, err := Read(MustWrite(t, "c.yml", caseOf("send: POST /emails, "+bad)))
		if err != nil || len(r.Notes) != 1 || r.Len() != 0 {
			t.Errorf("%s: %v, notes %v", bad, err, r.Notes)
		}
	}
}
