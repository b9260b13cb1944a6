package vendorsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	customerA = "cus_AAAAAAAAAAAAAA"
	methodA   = "pm_1AAAAAAAAAAAAAAAAAAAAAAA"
)

// shop is a vendor of customers, as exact as a test wants.
func shop(change func(r *Request, a *Response) *Response) *stub {
	return &stub{answer: func(s *stubSession, r *Request) *Response {
		path, _, _ := strings.Cut(r.Target, "?")
		form, _ := url.ParseQuery(r.Body)
		var a *Response
		switch {
		case r.Method == "POST" && path == "/v1/customers":
			a = ok(fmt.Sprintf(`{"id":%q,"object":"customer","created":%d,"name":%q}`, s.mint("cus_", 14), s.now.Unix(), form.Get("name")))
		case strings.HasPrefix(path, "/v1/customers/cus_0"):
			a = ok(fmt.Sprintf(`{"id":%q,"object":"customer","created":%d,"name":"a"}`, strings.TrimPrefix(path, "/v1/customers/"), s.now.Unix()))
		default:
			a = answer(404, `{"error":{"message":"No such customer: '`+strings.TrimPrefix(path, "/v1/customers/")+`'","type":"invalid_request_error"}}`)
		}
		if change != nil {
			a = change(r, a)
		}
		return a
	}}
}

func customer(at int) string {
	return fmt.Sprintf(`{"id":"cus_AAAAAAAAAAAAAA","object":"customer","created":%d,"name":"a"}`, at)
}

var shopLines = []string{
	exchangeLine("c", 0, "POST", "/v1/customers", "name=a", 200, customer(1723305598)),
	exchangeLine("c", 1, "GET", "/v1/customers/"+customerA, "", 200, customer(1723305598), "date", "Sat, 10 Aug 2024 16:00:00 GMT"),
	exchangeLine("c", 2, "GET", "/v1/customers/cus_ZZZZZZZZZZZZZZ", "", 404, `{"error":{"message":"No such customer: 'cus_ZZZZZZZZZZZZZZ'","type":"invalid_request_error"}}`, "date", "Sat, 10 Aug 2024 17:00:00 GMT"),
}

func TestReplay(t *testing.T) {
	t.Parallel()
	target := shop(nil)
	report := MustReplay(t, target, MustRead(t, shopLines...), Options{Operations: []Operation{{"PostCustomers", "POST", "/v1/customers", "exact"}, {"GetCustomersCustomer", "GET", "/v1/customers/{customer}", ""}}})
	s := target.sessions[0]
	if len(target.sessions) != 1 || !s.closed {
		t.Errorf("%d sessions, closed: %v", len(target.sessions), s.closed)
	}
	if got, want := s.requests[1].Target, "/v1/customers/cus_00000000000001"; got != want {
		t.Errorf("the second request is for %s, want %s", got, want)
	}
	if got, want := s.requests[2].Target, "/v1/customers/cus_ZZZZZZZZZZZZZZ"; got != want {
		t.Errorf("the third request is for %s, want %s", got, want)
	}
	// The clock stands when the vendor made the object, then follows the answers.
	if want := time.Unix(1723305598, 0).UTC(); len(s.clock) != 2 || !s.clock[0].Equal(want.Add(2*time.Second)) || !s.clock[1].Equal(want.Add(time.Hour+2*time.Second)) {
		t.Errorf("the clock was set to %v", s.clock)
	}
	for _, x := range report.Results {
		if x.Verdict != Byte {
			t.Errorf("#%d: %s: %+v", x.Order, x.Verdict, x.Diffs)
		}
	}
	if report.Total.Exact != 3 || report.Total.Mean != 1 || len(report.Operations) != 2 || report.Operations[1].Operation != "PostCustomers" || report.Operations[1].Level != "exact" {
		t.Errorf("total %+v, operations %+v", report.Total, report.Operations)
	}
	if report.Errors.Distinct != 1 || report.Errors.Exact != 1 {
		t.Errorf("error bodies %+v", report.Errors)
	}
}

// TestWrongStub changes one thing of a right vendor at a time, and wants exactly
// that named.
func TestWrongStub(t *testing.T) {
	t.Parallel()
	body := func(old, new string) func(*Request, *Response) *Response {
		return func(_ *Request, a *Response) *Response {
			a.Body = strings.ReplaceAll(a.Body, old, new)
			return a
		}
	}
	for name, c := range map[string]struct {
		change   func(*Request, *Response) *Response
		verdicts string
		paths    string
		errors   int // distinct bodies that are exact
	}{
		"a status":   {func(_ *Request, a *Response) *Response { a.Status = 500; return a }, "differs differs differs", "status status status", 0},
		"no answer":  {func(*Request, *Response) *Response { return nil }, "differs differs differs", "answer answer answer", 0},
		"a field":    {body(`"name":"a"`, `"name":"b"`), "shape shape byte", "name name", 1},
		"a type":     {body(`"name":"a"`, `"name":1`), "status status byte", "name name", 1},
		"one lost":   {body(`,"name":"a"`, ``), "status status byte", "name name", 1},
		"one more":   {body(`"name":"a"`, `"name":"a","x":1`), "status status byte", "x x", 1},
		"order":      {body(`"object":"customer","created"`, `"created":1723305598,"object":"customer","was"`), "status status byte", "was was", 1},
		"a message":  {body(`No such`, `There is no`), "byte byte shape", "error.message", 0},
		"type":       {body(`invalid_request_error`, `api_error`), "byte byte shape", "error.type", 0},
		"white":      {body(`,"name"`, `, "name"`), "exact exact byte", "", 1},
		"a header":   {func(_ *Request, a *Response) *Response { a.Header.Del("Request-Id"); return a }, "values values values", "header request-id header request-id header request-id", 1},
		"an id":      {body(`"cus_0`, `"cus_`), "shape shape byte", "id id", 1},
		"text":       {func(_ *Request, a *Response) *Response { a.Body = "<html>"; return a }, "status differs status", "(the whole body) status (the whole body)", 0},
		"everything": {nil, "byte byte byte", "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := shop(c.change)
			if name == "an id" { // the shorter one has to be found again
				inner := target.answer
				target.answer = func(s *stubSession, r *Request) *Response {
					r.Target = strings.Replace(r.Target, "cus_00000", "cus_000000", 1)
					if !strings.Contains(r.Target, "cus_0") {
						return inner(s, r)
					}
					return c.change(r, ok(fmt.Sprintf(`{"id":"cus_00000000000001","object":"customer","created":%d,"name":"a"}`, s.now.Unix())))
				}
			}
			report := MustReplay(t, target, MustRead(t, shopLines...), Options{})
			var verdicts, where []string
			for _, x := range report.Results {
				verdicts = append(verdicts, x.Verdict.String())
				if x.Verdict < Exact {
					for _, d := range Blocking(x.Verdict, x.Diffs) {
						if d.Path == "" {
							d.Path = "(the whole body)"
						}
						where = append(where, d.Path)
					}
				}
			}
			if got := strings.Join(verdicts, " "); got != c.verdicts {
				t.Errorf("verdicts %q, want %q", got, c.verdicts)
			}
			if got := strings.Join(where, " "); got != c.paths {
				t.Errorf("differences at %q, want %q", got, c.paths)
			}
			if report.Errors.Exact != c.errors || report.Errors.Distinct != 1 {
				t.Errorf("%d of %d error bodies are exact, want %d", report.Errors.Exact, report.Errors.Distinct, c.errors)
			}
			counts := map[string]int{}
			for _, p := range where {
				counts[p]++
			}
			for _, f := range report.Fields {
				if f.Answers != counts[f.Path] {
					t.Errorf("%s keeps %d answers, want %d", f.Path, f.Answers, counts[f.Path])
				}
				delete(counts, f.Path)
			}
			if len(counts) > 0 {
				t.Errorf("not among the fields that differ: %v", counts)
			}
		})
	}
}

func TestGroupsAndFilters(t *testing.T) {
	t.Parallel()
	lines := []string{
		shopLines[0], shopLines[1],
		exchangeLine("d", 0, "POST", "/v1/customers", "name=a", 200, customer(1723305600), "stripe-version", "2023-10-16; beta=v1"),
		exchangeLine("e", 0, "POST", "/v1/customers", "name=b", 200, customer(1723305600), "stripe-version", "<API_VERSION>"),
		exchangeLine("f", 0, "POST", "/v1/customers", "name=a", 200, customer(1723305600), "stripe-version", ""),
		strings.Replace(exchangeLine("g", 0, "GET", "/v1/x", "", 200, `{}`), "api.stripe.com", "api.example.com", 1),
	}
	ops := []Operation{{ID: "PostCustomers", Method: "POST", Path: "/v1/customers"}}
	report := MustReplay(t, shop(nil), MustRead(t, lines...), Options{Operations: ops})
	var groups []string
	for _, v := range report.Versions {
		groups = append(groups, fmt.Sprintf("%s %d/%d", v.Version, v.Exact, v.Counted))
	}
	// The version header of d is another, e's body is another, f's is not recorded.
	if got, want := strings.Join(groups, ", "), "2023-10-16; beta=v1 0/1, 2024-06-20 2/2, masked 0/1, not named 1/1"; got != want {
		t.Errorf("groups %q, want %q", got, want)
	}
	if report.Total.Counted != 5 || report.Total.Exact != 3 || report.Total.Mean != 0.75 {
		t.Errorf("total %+v, want 3 of 5 and a mean of 1 and 2/4", report.Total)
	}
	left := map[string]LeftOut{}
	for _, l := range report.LeftOut {
		left[l.Kind] = l
	}
	if l := left["another vendor"]; l.Count != 1 || l.Place != "r.jsonl:6" || !strings.Contains(l.Text, "api.example.com") {
		t.Errorf("left out %+v", report.LeftOut)
	}
	if l := left["masked"]; l.Count != 1 {
		t.Errorf("masked %+v", l)
	}
	order := 1
	for name, c := range map[string]struct {
		f       Filter
		counted int
		sent    int
	}{
		"version":   {Filter{Version: "2023-10-16"}, 1, 1},
		"operation": {Filter{Operation: "Post*"}, 4, 5},
		"source":    {Filter{Source: "c"}, 2, 2},
		"order":     {Filter{Source: "c", Order: &order}, 1, 2},
		"nothing":   {Filter{Source: "zzz"}, 0, 0},
	} {
		report := MustReplay(t, shop(nil), MustRead(t, lines...), Options{Operations: ops, Filter: c.f})
		if report.Total.Counted != c.counted || report.Sent != c.sent {
			t.Errorf("%s: %d counted of %d sent, want %d of %d", name, report.Total.Counted, report.Sent, c.counted, c.sent)
		}
	}
}

// TestOutside: what an exchange names and the cassette did not make is imported
// from the first answer that shows it, before it is needed, and not counted.
func TestOutside(t *testing.T) {
	t.Parallel()
	const charge, never, minted = "ch_1AAAAAAAAAAAAAAAAAAAAAAA", "cus_NNNNNNNNNNNNNN", "pm_1MMMMMMMMMMMMMMMMMMMMMMM"
	lines := []string{
		// Shows a customer with what is expanded, and what it made itself.
		exchangeLine("c", 0, "POST", "/v1/customers/"+customerA+"?expand[]=test_clock", "default_payment_method="+methodA, 200, `{"id":"`+customerA+`","object":"customer","created":1600000000,"name":"a","method":"`+methodA+`","test_clock":{"id":"clock_1AAAAAAAAAAAAAAAAAAAAAAA","object":"test_helpers.test_clock","created":1600000000},"new":"`+minted+`"}`),
		exchangeLine("c", 1, "POST", "/v1/payment_methods", "", 200, `{"id":"`+minted+`","object":"payment_method","created":1723305600}`),
		exchangeLine("c", 2, "GET", "/v1/charges/"+charge, "", 200, `{"id":"`+charge+`","object":"charge","created":1600000000,"customer":"`+never+`"}`),
		exchangeLine("c", 3, "GET", "/v1/customers/cus_ZZZZZZZZZZZZZZ", "", 404, `{"error":{"message":"No such customer: 'cus_ZZZZZZZZZZZZZZ'","type":"invalid_request_error"}}`),
		// Ids of the client's choice, by the parameter that names them.
		exchangeLine("c", 4, "POST", "/v1/subscriptions", "items[0][plan]=small&description=plan", 200, `{"id":"sub_1AAAAAAAAAAAAAAAAAAAAAAA","object":"subscription","created":1723305600}`),
		exchangeLine("c", 5, "POST", "/v1/subscriptions", "items[0][plan]=gone", 400, `{"error":{"message":"No such plan: 'gone'","type":"invalid_request_error"}}`),
	}
	recordings := MustRead(t, lines...)
	recordings.Classify(Eligible{"c": {0: Outside, 1: Counted, 2: Outside, 3: Counted, 4: Outside, 5: Outside}})
	target := shop(nil)
	target.refuse = func(object string) string {
		if strings.Contains(object, "test_clock\"") && strings.Contains(object, "helpers") {
			return "no such type"
		}
		return ""
	}
	report := MustReplay(t, target, recordings, Options{})
	got := target.sessions[0].imported
	want := []string{
		`{"id":"` + methodA + `","object":"payment_method"}`, // named, never shown
		`{"id":"` + customerA + `","object":"customer","created":1600000000,"name":"a","method":"` + methodA + `","test_clock":"clock_1AAAAAAAAAAAAAAAAAAAAAAA","new":null}`,
		`{"id":"` + never + `","object":"customer"}`,
		`{"id":"` + charge + `","object":"charge","created":1600000000,"customer":"` + never + `"}`,
		`{"id":"small","object":"plan"}`,
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not imported: %s", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("imported %q", got)
	}
	if report.Total.Counted != 2 || report.Seeded != 5 || report.Uncounted[classReasons[Outside]] != 4 {
		t.Errorf("counted %d, seeded %d, uncounted %v", report.Total.Counted, report.Seeded, report.Uncounted)
	}
	if !slices.ContainsFunc(report.LeftOut, func(l LeftOut) bool {
		return l.Kind == "could not be seeded: test_helpers.test_clock" && l.Text == "no such type"
	}) {
		t.Errorf("what could not be imported is not named: %+v", report.LeftOut)
	}
	if x := report.Results[3]; x.Verdict != Byte {
		t.Errorf("an object that the vendor does not have either: %s %+v", x.Verdict, x.Diffs)
	}
	// A target that imports nothing is asked once.
	if report := MustReplay(t, shop(nil), recordings, Options{}); report.Seeded != 0 || len(report.LeftOut) != 0 {
		t.Errorf("seeded %d, left out %+v", report.Seeded, report.LeftOut)
	}
}

// TestOutsideCycles: objects that refer to each other come together, though
// another that they refer to cannot come at all.
func TestOutsideCycles(t *testing.T) {
	t.Parallel()
	const charge, intent = "ch_1AAAAAAAAAAAAAAAAAAAAAAA", "pi_1AAAAAAAAAAAAAAAAAAAAAAA"
	lines := []string{
		exchangeLine("c", 0, "GET", "/v1/charges/"+charge+"?expand[]=payment_intent", "", 200, `{"id":"`+charge+`","object":"charge","payment_intent":{"id":"`+intent+`","object":"payment_intent","latest_charge":"`+charge+`"},"transfer":"tr_1AAAAAAAAAAAAAAAAAAAAAAA"}`),
	}
	recordings := MustRead(t, lines...)
	recordings.Classify(Eligible{"c": {0: Outside}})
	target := &cycleStub{stub: &stub{answer: func(*stubSession, *Request) *Response { return ok("{}") }}}
	report := MustReplay(t, target, recordings, Options{})
	if report.Seeded != 2 || len(report.LeftOut) != 1 || report.LeftOut[0].Kind != "could not be seeded: transfer" {
		t.Errorf("seeded %d, left out %+v", report.Seeded, report.LeftOut)
	}
}

// cycleStub keeps charges and intents, each only together with the other.
type cycleStub struct{ *stub }

func (t *cycleStub) Open(ctx context.Context, at time.Time) (Session, error) {
	s, err := t.stub.Open(ctx, at)
	return &cycleSession{s}, err
}

type cycleSession struct{ Session }

func (s *cycleSession) Import(_ context.Context, objects []json.RawMessage) error {
	for _, o := range objects {
		if strings.Contains(string(o), `"object":"transfer"`) {
			return fmt.Errorf("transfer: %w", ErrNotKept)
		}
	}
	if len(objects) != 2 {
		return errors.New("the other one is missing")
	}
	return nil
}

// TestGivenIDs: an object whose id the client chooses is made by the request,
// and one that is only named is not.
func TestGivenIDs(t *testing.T) {
	t.Parallel()
	lines := []string{
		exchangeLine("c", 0, "POST", "/v1/coupons", "id=gold", 200, `{"id":"gold","object":"coupon"}`),
		exchangeLine("c", 1, "POST", "/v1/customers", "coupon=gold&plan=silver&description=silver", 200, `{"id":"`+customerA+`","object":"customer","created":1723305600,"plan":{"id":"silver","object":"plan"}}`),
	}
	target := &stub{refuse: func(string) string { return "" }, answer: func(s *stubSession, r *Request) *Response { return ok(`{}`) }}
	MustReplay(t, target, MustRead(t, lines...), Options{})
	if got, want := strings.Join(target.sessions[0].imported, " "), `{"id":"silver","object":"plan"}`; got != want {
		t.Errorf("imported %s, want %s", got, want)
	}
}

// TestLists: of what an account lists, the elements count that the cassette
// made.
func TestLists(t *testing.T) {
	t.Parallel()
	element := func(id, name string) string { return fmt.Sprintf(`{"id":%q,"object":"customer","name":%q}`, id, name) }
	list := func(more bool, elements ...string) string {
		return fmt.Sprintf(`{"object":"list","data":[%s],"has_more":%v,"url":"/v1/customers"}`, strings.Join(elements, ","), more)
	}
	foreign := element("cus_FFFFFFFFFFFFFF", "f")
	for name, c := range map[string]struct {
		path             string
		recorded, answer string
		counted          bool
		verdict          Verdict
		paths            string
	}{
		"own among others":  {"/v1/customers", list(true, element(customerA, "a"), foreign), list(false, element("cus_00000000000001", "a")), true, Exact, "byte:"},
		"own differs":       {"/v1/customers", list(true, element(customerA, "a"), foreign), list(false, element("cus_00000000000001", "b")), true, Shape, "values:data[0].name byte:"},
		"own missing":       {"/v1/customers", list(true, element(customerA, "a"), foreign), list(false), true, Status, "shape:data byte:"},
		"one too many":      {"/v1/customers", list(true, element(customerA, "a"), foreign), list(false, element("cus_00000000000009", "x"), element("cus_00000000000001", "a")), true, Status, "shape:data values:data[0].id values:data[0].name byte:"},
		"envelope":          {"/v1/customers", list(true, element(customerA, "a"), foreign), strings.Replace(list(false, element("cus_00000000000001", "a")), "/v1/customers", "/x", 1), true, Shape, "values:url byte:"},
		"only others":       {"/v1/customers", list(false, foreign), list(false), false, Status, "shape:data"},
		"only own":          {"/v1/customers", list(false, element(customerA, "a")), list(false, element("cus_00000000000001", "a")), true, Byte, ""},
		"only own, more":    {"/v1/customers", list(false, element(customerA, "a")), list(true, element("cus_00000000000001", "a")), true, Shape, "values:has_more"},
		"nothing":           {"/v1/customers", list(false), list(false), true, Byte, ""},
		"things of its own": {"/v1/customers/" + customerA + "/x", list(false, foreign), list(false, element("cus_00000000000007", "f")), true, Byte, ""},
		"refers to its own": {"/v1/customers", list(false, `{"id":"cus_GGGGGGGGGGGGGG","object":"x","of":"`+customerA+`"}`, foreign), list(false, `{"id":"cus_00000000000007","object":"x","of":"cus_00000000000001"}`), true, Exact, "byte:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := MustRead(t, exchangeLine("c", 0, "POST", "/v1/customers", "", 200, element(customerA, "a")), exchangeLine("c", 1, "GET", c.path, "", 200, c.recorded))
			r.Classify(Eligible{"c": {0: Counted, 1: Listed}})
			target := &stub{answer: func(s *stubSession, r *Request) *Response {
				if r.Method == "POST" {
					return ok(element("cus_00000000000001", "a"))
				}
				return ok(c.answer)
			}}
			x := MustReplay(t, target, r, Options{}).Results[1]
			if x.Counted != c.counted || x.Counted && (x.Verdict != c.verdict || paths(x.Diffs) != c.paths) {
				t.Errorf("counted %v, %s with %q, want %v, %s with %q", x.Counted, x.Verdict, paths(x.Diffs), c.counted, c.verdict, c.paths)
			}
			if (x.Uncounted == "") != c.counted {
				t.Errorf("reason %q", x.Uncounted)
			}
		})
	}
}

// TestCountsDoNotDependOnTheMirror: a mirror that answers nothing has the same
// exchanges counted as one that answers all.
func TestCountsDoNotDependOnTheMirror(t *testing.T) {
	t.Parallel()
	lines := append(slices.Clone(shopLines), exchangeLine("c", 3, "GET", "/v1/customers", "", 200, `{"object":"list","data":[`+customer(1723305598)+`,{"id":"cus_FFFFFFFFFFFFFF"}],"has_more":true}`))
	counted := func(target Target) int {
		r := MustRead(t, lines...)
		r.Classify(Eligible{"c": {0: Counted, 1: Counted, 2: Outside, 3: Listed}})
		return MustReplay(t, target, r, Options{}).Total.Counted
	}
	good, bad := counted(shop(nil)), counted(shop(func(*Request, *Response) *Response { return answer(501, "{}") }))
	if good != 3 || bad != 3 {
		t.Errorf("%d counted, and %d of a mirror that answers nothing, want 3", good, bad)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	wrong := func(_ *Request, a *Response) *Response {
		a.Body = strings.ReplaceAll(a.Body, `"a"`, `"<script>&"`)
		return a
	}
	r := MustRead(t, shopLines...)
	r.note("truncated", "x.jsonl:7", "the file\x1b[31m ends early")
	report := MustReplay(t, shop(wrong), r, Options{Operations: []Operation{{"PostCustomers", "POST", "/v1/customers", "exact"}}})
	report.Target, report.Spoken = "shop@1", []string{"2024-06-20"}

	var table bytes.Buffer
	report.Print(&table, TableOptions{Rows: -1})
	for _, want := range []string{
		"shop@1: 1 of 3 answered exactly as recorded (33.3 %); mean over 2 operations 25.0 %", "error bodies: 1 of 1 distinct ones", "2024-06-20 *", "2  name", "c#0", "PostCustomers", "1 truncated: x.jsonl:7: the file",
	} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table does not have %q:\n%s", want, table.String())
		}
	}
	if strings.Contains(table.String(), "\x1b") {
		t.Error("the table passes control characters on")
	}
	table.Reset()
	report.Print(&table, TableOptions{Quiet: true})
	if got := strings.Count(table.String(), "\n"); got != 2 {
		t.Errorf("a quiet table has %d lines:\n%s", got, table.String())
	}

	for path, want := range map[string]string{"name": `shape  PostCustomers`, "x": "no answer differs at x"} {
		table.Reset()
		report.PrintField(&table, path, TableOptions{Rows: 1})
		if !strings.Contains(table.String(), want) || path == "name" && !strings.Contains(table.String(), "and 1 more") {
			t.Errorf("%s: %s", path, table.String())
		}
	}

	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte(customerA)) || bytes.Contains(text, []byte(`"exchanges"`)) {
		t.Errorf("the JSON report shows recordings: %s", text)
	}
	report.KeepExchanges()
	if text, err = json.Marshal(report); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Exchanges []struct {
			Source      string
			Order       int
			Verdict     Verdict
			Differences []Difference
		}
	}
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Exchanges) != 3 || back.Exchanges[0].Verdict != Shape || back.Exchanges[0].Differences[0].Path != "name" {
		t.Errorf("exchanges %+v", back.Exchanges)
	}

	var one bytes.Buffer
	report.Explain(&one, report.Results[1], 100, true)
	for _, want := range []string{"✗ #1 shape", "GET /v1/customers/cus_00000000000001   (recorded /v1/customers/" + customerA + ")", `name: "a" → "<script>&"`, `✗   "name": "a"`, `│   "name": "<script>&"`} {
		if !strings.Contains(one.String(), want) {
			t.Errorf("the explanation does not have %q:\n%s", want, one.String())
		}
	}
}

func TestExplainShowsWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := sheet{marks: map[string]bool{"b": true, "c": true, "d[1]": true}}
	want, _, _ := parse(`{"a":{"x":1},"b":{"y":[1,2]},"d":[1,2]}`)
	have, _, _ := parse(`{"a":{"x":1},"c":[],"d":[1,3]}`)
	s.value("", "", want, have, 0)
	var got []string
	for _, l := range s.differing() {
		got = append(got, l.left+"|"+l.right)
	}
	if text := strings.Join(got, "\n"); text != `{|{
  "b": {|
    "y": [|
      1|
      2|
    ]|
  }|
  "d": [|  "d": [
    2|    3
|  "c": []` {
		t.Errorf("lines:\n%s", text)
	}
}

// TestCreatedAgain: what a second creation answers with is imported before it, as a
// later answer shows it, unless that shows it to be new.
func TestCreatedAgain(t *testing.T) {
	t.Parallel()
	const id = "7c8272c4-ed16-4d01-8202-17fb3b1a04ea"
	for created, want := range map[string]int{"2024-08-10 15:40:00.5+00": 1, "2024-08-10 16:00:00.5+00": 0} {
		for shown, body := range map[string]string{
			"alone":     `{"object":"contact","id":"` + id + `","email":"a@b.co","created_at":"` + created + `"}`,
			"in a list": `{"object":"list","data":[{"id":"` + id + `","email":"a@b.co","created_at":"` + created + `"}]}`,
		} {
			target := &stub{refuse: func(string) string { return "" }, answer: func(*stubSession, *Request) *Response { return ok("{}") }}
			MustReplay(t, target, MustRead(t,
				exchangeLine("c", 0, "POST", "/contacts", `{"email":"a@b.co"}`, 201, `{"object":"contact","id":"`+id+`"}`),
				exchangeLine("c", 1, "GET", "/contacts", "", 200, body),
			), Options{Rules: &Rules{Vendor: "stripe", Hosts: []string{"api.stripe.com"}, IDs: Resend().IDs, IDMark: '-', IDFields: []string{"id"}, ids: Resend().ids}})
			imported := target.sessions[0].imported
			if len(imported) != want || want == 1 && imported[0] != `{"object":"contact","id":"`+id+`","email":"a@b.co","created_at":"`+created+`"}` {
				t.Errorf("%s, %s: imported %q", created, shown, imported)
			}
		}
	}
}
