package evaluate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

func words() *criteria.Vocabulary {
	return criteria.NewVocabulary([]host.CatalogEntry{
		{Name: "stripe", Vendor: "Stripe", Entities: []string{"customers", "charges", "refunds"}, Events: []string{"charge.succeeded", "charge.refunded", "customer.created"},
			Operations: []host.CatalogOperation{{ID: "PostRefunds", Method: "POST", Path: "/v1/refunds"}, {ID: "PostCharges", Method: "POST", Path: "/v1/charges"}, {ID: "GetCustomer", Method: "GET", Path: "/v1/customers/{id}"}}},
	})
}

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

// log builds a trace.
type log struct{ entries []host.TraceEntry }

func (l *log) add(e host.TraceEntry) {
	e.Seq, e.Mirror = uint64(len(l.entries)+1), "stripe"
	if e.Wall.IsZero() {
		e.Wall = start
	}
	l.entries = append(l.entries, e)
}

func (l *log) change(entity, id, before, after string) {
	raw := func(s string) json.RawMessage {
		if s == "" {
			return nil
		}
		return json.RawMessage(s)
	}
	l.add(host.TraceEntry{Type: host.EventState, Entity: entity, EntityID: id, Before: raw(before), After: raw(after)})
}

func (l *log) call(operation, path string, status int, headers ...[2]string) {
	l.callAt(start, operation, path, status, "", headers...)
}

func (l *log) callAt(at time.Time, operation, path string, status int, retryAfter string, headers ...[2]string) {
	method := "POST"
	if strings.HasPrefix(operation, "Get") {
		method = "GET"
	}
	e := host.TraceEntry{Type: host.EventTraffic, Wall: at, Method: method, Path: path, Operation: operation, Status: status, Request: &host.TraceMessage{Headers: headers, Body: []byte(`{"amount":2000}`)}, Response: &host.TraceMessage{}}
	if retryAfter != "" {
		e.Response.Headers = [][2]string{{"Retry-After", retryAfter}}
	}
	l.add(e)
}

func (l *log) webhook(delivery uint64, attempt uint32, event string, status int, ms float64) {
	outcome := "answered"
	if status == 0 {
		outcome = "timeout"
	}
	l.add(host.TraceEntry{Type: host.EventWebhook, Event: event, Delivery: delivery, Attempt: attempt, Status: status, DurationMS: ms, Outcome: outcome})
}

func session() *Records {
	var l log
	l.change("customers", "cus_2", "", `{"id":"cus_2","email":"b@c.d","name":null}`)
	l.call("PostCharges", "/v1/charges", 200, [2]string{"Idempotency-Key", "k1"})
	l.change("charges", "ch_1", "", `{"id":"ch_1","status":"pending","amount":2000}`)
	l.change("charges", "ch_1", `{"id":"ch_1","status":"pending","amount":2000}`, `{"id":"ch_1","status":"succeeded","amount":2000}`)
	l.webhook(1, 1, "charge.succeeded", 500, 12)
	l.webhook(1, 2, "charge.succeeded", 204, 30)
	l.change("charges", "ch_2", "", `{"id":"ch_2","status":"failed","amount":50}`)
	l.change("charges", "ch_2", `{"id":"ch_2","status":"failed","amount":50}`, "")
	l.call("PostRefunds", "/v1/refunds", 200)
	l.call("PostRefunds", "/v1/refunds", 402)
	l.webhook(2, 1, "charge.refunded", 0, 10_000)
	l.call("GetCustomer", "/v1/customers/cus_1", 404)
	return &Records{Entries: l.entries, State: map[string]host.State{"stripe": {
		"customers": {json.RawMessage(`{"id":"cus_1","email":"a@b.c","name":"Jenny","tags":["vip","eu"],"balance":-500,"metadata":{"a.b":"7"},"items":{"data":[{"price":"p1"}]}}`), json.RawMessage(`{"id":"cus_2","email":"b@c.d","name":null,"balance":0,"tags":[],"metadata":{},"items":{"data":[]}}`)},
		"charges":   {json.RawMessage(`{"id":"ch_1","status":"succeeded","amount":2000,"description":"20% off"}`)},
		"refunds":   {},
	}}}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// State.
		"exactly one charge exists":                                    "passed: 1 charges exist: ch_1",
		"2 customers exist":                                            "passed: 2 customers exist: cus_1, cus_2",
		"no refund exists":                                             "passed: 0 refunds exist",
		"a charge with `status` = `failed` exists":                     "failed: 0 charges exist",
		"the charge's `status` is `succeeded`":                         "passed: ch_1 has `status` \"succeeded\"",
		"the charge's `amount` is at least 2001":                       "failed: ch_1 has `amount` 2000",
		"the charge's `amount` is between 1000 and 2000":               "passed: ch_1 has `amount` 2000",
		"the customer's `email` is `a@b.c`":                            "failed: there are 2 customers, so that none is meant: cus_1, cus_2",
		"every customer has an `email`":                                "passed: cus_1 has `email` \"a@b.c\", cus_2 has `email` \"b@c.d\"",
		"every customer has a `name`":                                  "failed: cus_2 has `name` null",
		"a customer has `tags` containing `vip`":                       "passed: cus_1 has `tags` [\"vip\",\"eu\"]",
		"a customer with `tags` = `eu` exists":                         "passed: 1 customers exist: cus_1",
		"a customer with `metadata.a.b` = 7 exists":                    "passed: 1 customers exist: cus_1",
		"a customer with `items.data[0].price` = `p1` exists":          "passed: 1 customers exist: cus_1",
		"a customer with `balance` less than 0 exists":                 "passed: 1 customers exist: cus_1",
		"exactly one customer without a `name` exists":                 "passed: 1 customers exist: cus_2",
		"the charge's `description` ends with `off`":                   "passed: ch_1 has `description` \"20% off\"",
		"a refund of 2000 exists":                                      "failed: 0 refunds exist",
		"the refund's `status` is `succeeded`":                         "failed: there are no such refunds",
		"no charge with `statsu` = `failed` exists":                    "errored: none of the 1 charges has a field `statsu`; did you mean `status`?",
		"the charge's `colour` is not `red`":                           "errored: none of the 1 charges has a field `colour`; there are amount, description, id, status",
		"a charge exists with `status` one of `succeeded` or `failed`": "",
		"the charge's `status` is one of `succeeded`, `failed`":        "passed: ch_1 has `status` \"succeeded\"",
		"exactly one customer was created":                             "passed: 1 customers were created: cus_2",
		"2 charges were created":                                       "passed: 2 charges were created: ch_1, ch_2",
		"a charge with `status` = `succeeded` was created":             "passed: 1 charges were created: ch_1",
		"no charge was deleted":                                        "failed: 1 charges were deleted: ch_2",
		"a charge of 50 was deleted":                                   "passed: 1 charges were deleted: ch_2",
		"exactly one charge was updated":                               "passed: 1 charges were updated: ch_1",
		"no customer was updated":                                      "passed: 0 customers were updated",
		// Webhooks.
		"the webhook `charge.succeeded` was received":                              "passed: 1 charge.succeeded were received: charge.succeeded answered with 204 in 30 ms at try 2",
		"the webhook `charge.succeeded` was answered with 2xx":                     "passed: 1 charge.succeeded were answered with 2xx: charge.succeeded answered with 204 in 30 ms at try 2",
		"the webhook `charge.succeeded` was answered with 500":                     "passed: 1 charge.succeeded were answered with 500: charge.succeeded answered with 204 in 30 ms at try 2",
		"the webhook `charge.succeeded` was answered with 2xx within 20ms":         "failed: 0 charge.succeeded were answered with 2xx within 20ms; else charge.succeeded answered with 204 in 30 ms at try 2",
		"the webhook `charge.succeeded` was retried":                               "passed: 1 charge.succeeded were sent again: charge.succeeded answered with 204 in 30 ms at try 2",
		"the webhook `charge.refunded` was received":                               "failed: 0 charge.refunded were received; else charge.refunded not answered (timeout)",
		"the webhook `charge.refunded` was sent":                                   "passed: 1 charge.refunded were sent: charge.refunded not answered (timeout)",
		"the webhook `charge.refunded` failed":                                     "passed: 1 charge.refunded were never answered with 2xx: charge.refunded not answered (timeout)",
		"the webhook `customer.created` was sent":                                  "failed: 0 customer.created were sent",
		"every webhook was answered with 2xx":                                      "failed: 1 of 2: charge.refunded not answered (timeout)",
		"exactly 2 webhooks were sent":                                             "passed: 2 webhooks were sent: charge.succeeded answered with 204 in 30 ms at try 2, charge.refunded not answered (timeout)",
		"the webhooks `charge.succeeded` and `charge.refunded` were sent in order": "passed: first charge.succeeded, then charge.refunded",
		"the webhook `charge.refunded` was sent before `charge.succeeded`":         "failed: first charge.succeeded, then charge.refunded",
		"the webhook `charge.refunded` was received after `charge.succeeded`":      "failed: of charge.refunded none",
		// Requests.
		"`POST /v1/refunds` was called at most once":                          "failed: 2 of POST /v1/refunds: POST /v1/refunds answered with 200, POST /v1/refunds answered with 402",
		"`POST /v1/charges` was called exactly once":                          "passed: 1 of POST /v1/charges: POST /v1/charges answered with 200",
		"`GET /v1/customers/cus_1` was called once":                           "passed: 1 of GET /v1/customers/{id}: GET /v1/customers/cus_1 answered with 404",
		"`GET /v1/customers/cus_9` was called once":                           "failed: 0 of GET /v1/customers/{id}",
		"no request to stripe failed":                                         "failed: 2 of requests to stripe: POST /v1/refunds answered with 402, GET /v1/customers/cus_1 answered with 404",
		"every request to `POST /v1/charges` succeeded":                       "passed: all 1: POST /v1/charges answered with 200",
		"a request to stripe was answered with 4xx":                           "passed: 2 of requests to stripe: POST /v1/refunds answered with 402, GET /v1/customers/cus_1 answered with 404",
		"every request to `POST /v1/charges` had an `Idempotency-Key` header": "passed: all 1: POST /v1/charges with idempotency-key \"k1\"",
		"every request to `POST /v1/refunds` had an `Idempotency-Key` header": "failed: 2 of 2: POST /v1/refunds with idempotency-key null 2 times",
		"stripe was called exactly 4 times":                                   "passed: 4 of requests to stripe: POST /v1/charges answered with 200, POST /v1/refunds answered with 200, POST /v1/refunds answered with 402, GET /v1/customers/cus_1 answered with 404",
		"retries to stripe backed off":                                        "errored: no request was retried 2 times after a refusal, 0 at most: nothing shows whether retries back off; a fault rule can have the vendor refuse",
		"the stripe webhook signature was verified":                           "errored: it is decided in a run, by what the application does",
	} {
		q, err := words().Bind(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s: binds to %s, want a fault", text, q.Explain())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := Query(q, session())
		if line := fmt.Sprintf("%s: %s", got.Outcome, got.Reason); line != want {
			t.Errorf("%s:\n got %s\nwant %s", text, line, want)
		}
	}
}

// What cannot be decided is errored, and never passes.
func TestUnfit(t *testing.T) {
	t.Parallel()
	quiet := &Records{State: session().State}
	seeded := &Records{State: session().State, Undriven: true}
	lost := session()
	lost.Lost = true
	unwatched := session()
	unwatched.Unwatched = true
	for _, c := range []struct {
		records *Records
		text    string
		want    host.Outcome
		reason  string
	}{
		{quiet, "no refund exists", host.Errored, "no request reached a mirror"},
		{quiet, "no charge was created", host.Errored, "no request reached a mirror"},
		{seeded, "no refund exists", host.Passed, ""},
		{seeded, "no charge was created", host.Errored, "nothing drives"},
		{seeded, "stripe was never called", host.Errored, "nothing drives"},
		{lost, "stripe was called at most 100 times", host.Errored, "trace is full"},
		{lost, "no charge was deleted", host.Errored, "trace is full"},
		{lost, "2 customers exist", host.Passed, ""},
		{unwatched, "2 charges were created", host.Errored, "observe"},
		{unwatched, "`POST /v1/charges` was called once", host.Passed, ""},
	} {
		q, err := words().Bind(c.text)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if got := Query(q, c.records); got.Outcome != c.want || !strings.Contains(got.Reason, c.reason) {
			t.Errorf("%s: %s: %s, want %s with %q", c.text, got.Outcome, got.Reason, c.want, c.reason)
		}
	}
}

func TestRetries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statuses   []int
		gaps       []time.Duration
		retryAfter string
		want       host.Outcome
	}{
		"grow":                   {[]int{429, 429, 429, 200}, []time.Duration{250, 500, 1000}, "", host.Passed},
		"grow within jitter":     {[]int{429, 503, 429, 200}, []time.Duration{500, 450, 1000}, "", host.Passed},
		"fixed":                  {[]int{429, 429, 429, 200}, []time.Duration{400, 400, 400}, "", host.Failed},
		"shrink":                 {[]int{429, 429, 429, 200}, []time.Duration{800, 400, 1700}, "", host.Failed},
		"grow and stay short":    {[]int{429, 429, 429, 200}, []time.Duration{20, 50, 120}, "", host.Failed},
		"as asked":               {[]int{429, 429, 429, 200}, []time.Duration{1000, 1000, 1000}, "1", host.Passed},
		"shorter than asked":     {[]int{429, 429, 429, 200}, []time.Duration{1000, 700, 1000}, "1", host.Failed},
		"one retry":              {[]int{429, 200}, []time.Duration{700}, "", host.Errored},
		"success in between":     {[]int{429, 200, 429, 200}, []time.Duration{10, 10, 10}, "", host.Errored},
		"what cannot be retried": {[]int{402, 402, 402, 402}, []time.Duration{10, 10, 10}, "", host.Errored},
	} {
		var l log
		at := start
		for i, status := range c.statuses {
			if i > 0 {
				at = at.Add(c.gaps[i-1] * time.Millisecond)
			}
			after := c.retryAfter
			if status == 200 {
				after = ""
			}
			l.callAt(at, "PostRefunds", "/v1/refunds", status, after)
		}
		q, err := words().Bind("retries to stripe backed off")
		if err != nil {
			t.Fatal(err)
		}
		if got := Query(q, &Records{Entries: l.entries}); got.Outcome != c.want {
			t.Errorf("%s: %s: %s, want %s", name, got.Outcome, got.Reason, c.want)
		}
	}
}

func TestExpression(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`len(state.stripe.customers) == 2`:                                                      "passed",
		`state.stripe.charges[0].amount == 2000`:                                                "passed",
		`any(state.stripe.customers, .email == "x@y.z")`:                                        "failed",
		`count(requests, .operation == "PostRefunds" and .status == 200) == 1`:                  "passed",
		`all(filter(requests, .operation == "PostCharges"), .headers["idempotency-key"] != "")`: "passed",
		`requests[0].body.amount == 2000`:                                                       "passed",
		`count(webhooks, .event == "charge.succeeded") == 2 and webhooks[1].status == 204`:      "passed",
		`count(changes, .action == "deleted") == 1`:                                             "passed",
		`state.stripe.charges[7].amount == 1`:                                                   "errored",
		`state.nobody.charges[0].amount == 1`:                                                   "errored",
	} {
		e, err := CompileExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := e.Decide(session()); string(got.Outcome) != want {
			t.Errorf("%s: %s: %s, want %s", text, got.Outcome, got.Reason, want)
		}
	}
	for text, want := range map[string]string{
		"len(state.stripe":          "1:16",
		"1 +":                       "1:3",
		"true and\n  reqests == []": "2:3",
		"len(requests)":             "1:1", // no condition
		`requests[0].colour == ""`:  "1:",
	} {
		if _, err := CompileExpression(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want one at %s", text, err, want)
		}
	}
}

// BenchmarkQuery is one criterion over a full trace.
func BenchmarkQuery(b *testing.B) {
	var l log
	for i := range 2000 {
		id := fmt.Sprintf("ch_%d", i)
		l.call("PostCharges", "/v1/charges", 200, [2]string{"Idempotency-Key", id})
		l.change("charges", id, "", `{"id":"`+id+`","status":"pending","amount":2000}`)
		l.change("charges", id, `{"id":"`+id+`","status":"pending","amount":2000}`, `{"id":"`+id+`","status":"succeeded","amount":2000}`)
		l.webhook(uint64(i), 1, "charge.succeeded", 200, 3)
		l.call("PostRefunds", "/v1/refunds", 429)
	}
	r := &Records{Entries: l.entries}
	for _, text := range []string{"`POST /v1/charges` was called 2000 times", "every request to `POST /v1/charges` had an `Idempotency-Key` header", "2000 charges with `status` = `succeeded` were created", "every webhook was answered with 2xx", "retries to stripe backed off"} {
		q, err := words().Bind(text)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				Query(q, r)
			}
		})
	}
}
