package assembly_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// schema validates a value against the part of JSON Schema that openapi.json
// uses, and returns what is wrong.
func (d *apiDocument) validate(schema map[string]any, v any, at string) []string {
	if ref, ok := schema["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		return d.validate(d.Components.Schemas[name], v, at)
	}
	if any, ok := schema["oneOf"].([]any); ok {
		for _, s := range any {
			if d.validate(s.(map[string]interface{}), v, at) == nil {
				return nil
			}
		}
		return []string{fmt.Sprintf("%s: %v is none of those it may be", at, v)}
	}
	var types []string
	switch t := schema["type"].(type) {
	case nil:
		return nil
	case string:
		types = []string{t}
	case []any:
		for _, one := range t {
			types = append(types, one.(string))
		}
	}
	got := "null"
	switch x := v.(type) {
	case bool:
		got = "boolean"
	case string:
		got = "string"
	case float64:
		got = "number"
		if x == float64(int64(x)) && !slices.Contains(types, "number") {
			got = "integer"
		}
	case []any:
		got = "array"
	case map[string]any:
		got = "object"
	}
	if !slices.Contains(types, got) {
		return []string{fmt.Sprintf("%s: %s, want %v", at, got, types)}
	}
	var faults []string
	if list, ok := v.([]any); ok {
		for i, one := range list {
			faults = append(faults, d.validate(schema["items"].(map[string]any), one, fmt.Sprintf("%s[%d]", at, i))...)
		}
	}
	if o, ok := v.(map[string]any); ok {
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, r := range required {
			if _, ok := o[r.(string)]; !ok {
				faults = append(faults, at+"."+r.(string)+" is missing")
			}
		}
		for key, value := range o {
			if p, ok := properties[key]; ok {
				faults = append(faults, d.validate(p.(map[string]any), value, at+"."+key)...)
			} else if more, ok := schema["additionalProperties"].(map[string]any); ok {
				faults = append(faults, d.validate(more, value, at+"."+key)...)
			} else if schema["additionalProperties"] == false {
				faults = append(faults, at+"."+key+" is not described")
			}
		}
	}
	return faults
}

type apiDocument struct {
	Paths      map[string]map[string]apiOperation
	Components struct {
		Schemas map[string]map[string]any
	}
}

type apiOperation struct {
	Responses   map[string]apiContent
	RequestBody *apiContent
}

type apiContent struct {
	Content map[string]struct{ Schema map[string]any }
}

// Every operation of openapi.json is called on a running server, with every
// field of its request at least once; requests and answers are held against the
// document.
func TestServerIsAsDescribed(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	base := s.ControlURL()
	_, text := call(t, "GET", base+"/v1/openapi.json", "", asUser)
	var doc apiDocument
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer app.Close()
	id := MustSession(t, s, func(r *host.NewSession) {
		r.Name = "described"
		r.Mirrors[0].Forwards = []string{app.URL}
	}).SessionID
	_, _ = call(t, "POST", s.VendorURL()+"/s/"+id[4:]+"/hello/greetings", "text=hi", asApp, asForm)
	// An advance ends with the webhook's outcome in the trace.
	_, _ = call(t, "POST", base+"/v1/sessions/"+id+"/clock", `{"advance":"1h"}`, asUser, asJSON)
	one := "/v1/sessions/" + id
	begun, err := s.StartRun(t.Context(), &host.NewRun{ScenarioMarkdown: greets})
	if err != nil {
		t.Fatal(err)
	}
	score := 1.0
	recorded, err := json.Marshal(host.Run{
		RunID: "run_recorded", Scenario: "s", File: "s.md", SessionID: id, SessionKept: true, Runs: 1, Status: "finished", Verdict: host.VerdictFail, Reason: "r", Hint: "h", Unprovisioned: true,
		Gate: host.RunGate{FailBelow: 1}, SatisfactionScore: &score, Passed: 1, Evaluated: 1, Tags: []string{"t"}, Warnings: []string{"w"}, Judge: &host.RunJudge{Model: "m", CostUSD: &score},
		Criteria:     []host.RunCriterion{{ID: "c1", Label: "l", Kind: "P", Line: 3, Total: 1, Untagged: "u", Evidence: []host.RunEvidence{{Round: 1, CheckResult: host.CheckResult{Outcome: host.Passed, Query: "q", Source: "s", Expected: "e", Entries: []uint64{1}}, Model: "m", Cached: true}}}},
		Rounds:       []host.RunRound{{Round: 1, SessionID: id, Verdict: host.VerdictPass, Reason: "r", Driver: &host.RunTask{Command: "c", Output: "o"}, Application: &host.RunTask{Command: "a"}, Diff: "d", WorkDir: "/w"}},
		DashboardURL: "http://127.0.0.1", SeedValue: new(int64), Mirrors: []host.RunMirror{{Name: "hello"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	fields := map[string]map[string]bool{} // of requests, by operation
	for _, step := range []struct{ operation, path, body string }{
		{"GET /healthz", "/healthz", ""},
		{"GET /readyz", "/readyz", ""},
		{"GET /metrics", "/metrics", ""},
		{"GET /v1/openapi.json", "/v1/openapi.json", ""},
		{"GET /v1/mirrors", "/v1/mirrors", ""},
		{"POST /v1/sessions", "/v1/sessions", `{"mirrors":["hello"],"seeds":{"hello":"empty"},"timeoutSeconds":60,"name":"full","ports":true,"project":"/p","seedValue":7,"limits":"off","strict":true,"noEgress":true,"passThrough":["x.api.hello.example"],"versionMismatch":"error",
			"peerClock":"session","clock":"2026-01-31T00:00:00Z","frozen":true,"hold":true,"allowLiveKeys":true,"observe":true,"hideHeaders":true,"webhookHosts":["example.com"],"rewrite":{"http://a":"http://b"},
			"secrets":{"HELLO_WEBHOOK_SECRET":{"value":"v","from":".env"}},"persistent":false}`},
		{"POST /v1/sessions", "/v1/sessions", `{"mirrors":["hello"],"passThrough":["files.api.hello.example"]}`},
		{"GET /v1/sessions", "/v1/sessions?limit=1", ""},
		{"PUT /v1/sessions/by-name/{name}", "/v1/sessions/by-name/described", `{"mirrors":[{"ref":"hello"}]}`},
		{"PUT /v1/sessions/by-name/{name}", "/v1/sessions/by-name/put", `{"mirrors":[{"ref":"hello","digest":"","forwards":["http://127.0.0.1:9"]}]}`},
		{"GET /v1/sessions/{id}", one, ""},
		{"POST /v1/sessions/{id}/snapshot", one + "/snapshot", `{"name":"a"}`},
		{"GET /v1/sessions/{id}/snapshots", one + "/snapshots", ""},
		{"POST /v1/sessions/{id}/restore", one + "/restore", `{"name":"a"}`},
		{"POST /v1/sessions/{id}/fork", one + "/fork", `{"name":"fork"}`},
		{"POST /v1/sessions/{id}/clock", one + "/clock", `{"advance":"2h"}`},
		{"POST /v1/sessions/{id}/clock", one + "/clock", `{"set":"2031-01-01T00:00:00Z"}`},
		{"POST /v1/sessions/{id}/clock", one + "/clock", `{"freeze":true}`},
		{"POST /v1/sessions/{id}/clock", one + "/clock", `{"resume":true}`},
		{"POST /v1/sessions/{id}/faults", one + "/faults", `{"mirror":"hello","method":"GET","path":"/x","nth":1,"probability":0.5,"count":2,"latencyMs":1,"error":"rate-limit","drop":"before","delayMs":0}`},
		{"POST /v1/sessions/{id}/faults", one + "/faults", `{"webhook":"delay","event":"*","delayMs":5}`},
		{"POST /v1/sessions/{id}/faults", one + "/faults", `{"operation":"ListGreetings","latencyMs":1,"error":"rate-limit","retryAfter":"7"}`},
		{"GET /v1/sessions/{id}/faults", one + "/faults", ""},
		{"PUT /v1/sessions/{id}/proxy/upstream", one + "/proxy/upstream", `{"http":"http://127.0.0.1:9","https":"http://127.0.0.1:9","noProxy":"*"}`},
		{"GET /v1/sessions/{id}/proxy", one + "/proxy", ""},
		{"PUT /v1/sessions/{id}/proxy/upstream", one + "/proxy/upstream", `{"http":"http://127.0.0.1:9","https":"http://127.0.0.1:9","noProxy":"db.internal"}`},
		{"DELETE /v1/sessions/{id}/faults/{rule}", one + "/faults/f1", ""},
		{"DELETE /v1/sessions/{id}/faults", one + "/faults", ""},
		{"POST /v1/sessions/{id}/simulate", one + "/simulate", `{"mirror":"hello","event":"none","args":{"a":"b"}}`},
		{"GET /v1/sessions/{id}/trace", one + "/trace?bodies=true&type=traffic.request_completed&status=2xx&limit=5", ""},
		{"GET /v1/sessions/{id}/trace", one + "/trace?bodies=true&limit=1", ""},
		{"GET /v1/sessions/{id}/webhooks", one + "/webhooks?mirror=hello", ""},
		{"POST /v1/sessions/{id}/webhooks/hold", one + "/webhooks/hold", ""},
		{"POST /v1/sessions/{id}/webhooks/release", one + "/webhooks/release", ""},
		{"PUT /v1/sessions/{id}/webhooks/forwards", one + "/webhooks/forwards", `{"mirror":"hello","urls":[]}`},
		{"POST /v1/sessions/{id}/webhooks/{attempt}/retry", one + "/webhooks/latest/retry", ""},
		{"GET /v1/sessions/{id}/state/{mirror}", one + "/state/hello?entity=greetings", ""},
		{"POST /v1/sessions/{id}/checks", one + "/checks", `{"checks":[{"criterion":"a greeting exists"},{"sql":"SELECT count(*) FROM greetings","mirror":"hello"},{"expr":"len(requests) == 1"}],"after":0,"observe":true,"undriven":false}`},
		{"POST /v1/runs", "/v1/runs", `{"scenarioMarkdown":` + quoted(greets) + `,"file":"greets.md","session":"` + id + `"}`},
		{"POST /v1/runs/{id}/finish", "/v1/runs/" + begun.RunID + "/finish", `{"application":"http://127.0.0.1:9"}`},
		{"PUT /v1/runs/{id}", "/v1/runs/run_recorded", string(recorded)},
		{"GET /v1/runs/{id}", "/v1/runs/run_recorded", ""},
		{"GET /v1/runs", "/v1/runs?limit=2", ""},
		{"POST /v1/sessions/{id}/reset", one + "/reset", `{"mirrors":["hello"]}`},
		{"DELETE /v1/sessions/{id}", one + "?purge=true", ""},
		{"POST /v1/server/stop", "/v1/server/stop", ""},
	} {
		method, path, _ := strings.Cut(step.operation, " ")
		op, ok := doc.Paths[path][strings.ToLower(method)]
		if !ok {
			t.Fatalf("%s is not described", step.operation)
		}
		called[step.operation] = true
		headers := []string{asUser}
		if step.body != "" {
			headers = append(headers, asJSON)
			doc.checkRequest(t, step.operation, op, step.body, fields)
		}
		resp, text := call(t, method, base+step.path, step.body, headers...)
		answer, ok := op.Responses[fmt.Sprint(resp.StatusCode)]
		if !ok {
			answer = op.Responses["default"]
			if step.operation != "POST /v1/sessions/{id}/simulate" { // hello simulates nothing
				t.Errorf("%s: %s: %s", step.operation, resp.Status, text)
			}
		}
		doc.checkAnswer(t, step.operation, answer, resp.Header.Get("Content-Type"), text)
	}
	called["GET /v1/sessions/{id}/events"] = true // see TestEvents
	for path, methods := range doc.Paths {
		for method, op := range methods {
			key := strings.ToUpper(method) + " " + path
			if !called[key] {
				t.Errorf("%s was not called", key)
			}
			doc.checkFields(t, key, op, fields[key])
		}
	}
}

func (d *apiDocument) checkRequest(t *testing.T, key string, op apiOperation, body string, fields map[string]map[string]bool) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	if op.RequestBody == nil {
		t.Errorf("%s takes no body", key)
		return
	}
	for _, f := range d.validate(op.RequestBody.Content["application/json"].Schema, v, key) {
		t.Error(f)
	}
	if fields[key] == nil {
		fields[key] = map[string]bool{}
	}
	for name := range v.(map[string]any) {
		fields[key][name] = true
	}
}

// checkFields fails for fields of a request that no step has sent: the server
// might not know them.
func (d *apiDocument) checkFields(t *testing.T, key string, op apiOperation, sent map[string]bool) {
	t.Helper()
	if op.RequestBody == nil || key == "PUT /v1/sessions/by-name/{name}" {
		return
	}
	schema := op.RequestBody.Content["application/json"].Schema
	if ref, ok := schema["$ref"].(string); ok {
		schema = d.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
	}
	for name := range schema["properties"].(map[string]any) {
		if !sent[name] && (key != "POST /v1/sessions/{id}/faults" || name != "id") {
			t.Errorf("%s: field %q was never sent", key, name)
		}
	}
}

func (d *apiDocument) checkAnswer(t *testing.T, key string, answer apiContent, media, text string) {
	t.Helper()
	media, _, _ = strings.Cut(media, ";")
	if len(answer.Content) == 0 {
		if text != "" {
			t.Errorf("%s answers %q, which is not described", key, text)
		}
		return
	}
	content, ok := answer.Content[media]
	if !ok {
		t.Errorf("%s answers %s", key, media)
		return
	}
	if media != "application/json" {
		return
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("%s: %v", key, err)
		return
	}
	for _, f := range d.validate(content.Schema, v, key) {
		t.Error(f)
	}
}

// A client that sends what the API does not know is told which.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	s := MustServer(t, nil)
	base := s.ControlURL()
	id := MustSession(t, s, nil).SessionID
	one := "/v1/sessions/" + id
	for _, tc := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		want                     string
	}{
		{"no token", "GET", "/v1/sessions", "", nil, 401, `mirra.auth.token`},
		{"wrong token", "GET", "/v1/sessions", "", []string{"Authorization: Bearer secret2"}, 401, `mirra.auth.token`},
		{"token for metrics", "GET", "/metrics", "", nil, 401, `mirra.auth.token`},
		{"rebound name", "GET", "/v1/sessions", "", []string{asUser, "Host: evil.example"}, 403, `mirra.auth.host`},
		{"rebound name, open route", "GET", "/healthz", "", []string{"Host: evil.example:4400"}, 403, `mirra.auth.host`},
		{"mirror's name", "GET", "/v1/sessions", "", []string{asUser, "Host: hello-a7k2.localhost"}, 403, `mirra.auth.host`},
		{"foreign origin", "GET", "/v1/sessions", "", []string{asUser, "Origin: https://evil.example"}, 403, `mirra.auth.origin`},
		{"opaque origin", "GET", "/v1/sessions", "", []string{asUser, "Origin: null"}, 403, `mirra.auth.origin`},
		{"other port's origin", "GET", "/v1/sessions", "", []string{asUser, "Origin: http://127.0.0.1:3000"}, 403, `mirra.auth.origin`},
		{"no route", "GET", "/v1/nothing", "", []string{asUser}, 404, `openapi.json`},
		{"wrong method", "PATCH", "/v1/sessions", "", []string{asUser}, 404, `mirra.api.no_route`},
		{"not JSON", "POST", "/v1/sessions", "mirrors=hello", []string{asUser, asForm}, 400, `want Content-Type: application/json`},
		{"no type", "POST", "/v1/sessions", `{}`, []string{asUser}, 400, `want Content-Type: application/json`},
		{"broken JSON", "POST", "/v1/sessions", `{"mirrors":`, []string{asUser, asJSON}, 400, `not the JSON`},
		{"two values", "POST", "/v1/sessions", `{"mirrors":["hello"]} {}`, []string{asUser, asJSON}, 400, `more than one`},
		{"unknown field", "POST", "/v1/sessions", `{"mirrors":["hello"],"timeout":3}`, []string{asUser, asJSON}, 400, `unknown field \"timeout\"`},
		{"unknown inner field", "POST", "/v1/sessions", `{"mirrors":[{"name":"hello"}]}`, []string{asUser, asJSON}, 400, `unknown field \"name\"`},
		{"wrong type", "POST", "/v1/sessions", `{"mirrors":["hello"],"timeoutSeconds":"1h"}`, []string{asUser, asJSON}, 400, `field \"timeoutSeconds\": want a number, got string`},
		{"too large", "POST", one + "/reset", `{"mirrors":["` + strings.Repeat("x", 1<<20) + `"]}`, []string{asUser, asJSON}, 400, `larger than 1048576 bytes`},
		{"packed", "POST", one + "/reset", `{}`, []string{asUser, asJSON, "Content-Encoding: gzip"}, 400, `content encoding`},
		{"no mirrors", "POST", "/v1/sessions", ``, []string{asUser}, 400, `mirra.session.no_mirrors`},
		{"unknown mirrors", "POST", "/v1/sessions", `{"mirrors":["nope","neither","hello"]}`, []string{asUser, asJSON}, 422, `there is no mirror \"nope\"; there is no mirror \"neither\"`},
		{"mirror by path", "POST", "/v1/sessions", `{"mirrors":["./x.wasm"]}`, []string{asUser, asJSON}, 400, `is a path`},
		{"unknown digest", "POST", "/v1/sessions", `{"mirrors":[{"digest":"sha256:` + strings.Repeat("0", 64) + `"}]}`, []string{asUser, asJSON}, 404, `not to be found`},
		{"unknown fixture", "POST", "/v1/sessions", `{"mirrors":["hello"],"seeds":{"hello":"full"}}`, []string{asUser, asJSON}, 422, `hello has no fixture \"full\"`},
		{"seed without mirror", "POST", "/v1/sessions", `{"mirrors":["hello"],"seeds":{"stripe":"empty"}}`, []string{asUser, asJSON}, 400, `seed for \"stripe\"`},
		{"several faults", "POST", "/v1/sessions", `{"mirrors":["hello"],"limits":"x","peerClock":"y","name":"Z"}`, []string{asUser, asJSON}, 400, `name: \"Z\"`},
		{"unknown treatment of versions", "POST", "/v1/sessions", `{"mirrors":["hello"],"versionMismatch":"ignore"}`, []string{asUser, asJSON}, 400, `versionMismatch: \"ignore\": want warn or error`},
		{"bad forward", "POST", "/v1/sessions", `{"mirrors":[{"ref":"hello","forwards":["file:///etc/passwd"]}]}`, []string{asUser, asJSON}, 400, `not an http or https URL`},
		{"no session", "GET", "/v1/sessions/ses_zzzz", "", []string{asUser}, 404, `mirra.session.not_found`},
		{"odd id", "GET", "/v1/sessions/..%2f..%2fetc", "", []string{asUser}, 404, `mirra.session.not_found`},
		{"unknown parameter", "GET", "/v1/sessions?page=2", "", []string{asUser}, 400, `unknown parameter \"page\"`},
		{"bad limit", "GET", "/v1/sessions?limit=9999", "", []string{asUser}, 400, `1 to 1000`},
		{"bad cursor", "GET", one + "/trace?cursor=abc", "", []string{asUser}, 400, `mirra.cursor.unknown`},
		{"bad status", "GET", one + "/trace?status=ok", "", []string{asUser}, 400, `4xx`},
		{"bad type", "GET", one + "/trace?type=nope", "", []string{asUser}, 400, `traffic.request_completed`},
		{"bad event id", "GET", one + "/events", "", []string{asUser, "Last-Event-ID: x"}, 400, `not a number`},
		{"two clock moves", "POST", one + "/clock", `{"freeze":true,"resume":true}`, []string{asUser, asJSON}, 400, `mirra.clock.invalid`},
		{"bad duration", "POST", one + "/clock", `{"advance":"1 month"}`, []string{asUser, asJSON}, 400, `not a duration`},
		{"clock backward", "POST", one + "/clock", `{"advance":"-1h"}`, []string{asUser, asJSON}, 400, `mirra.clock.backward`},
		{"unknown mirror", "GET", one + "/state/stripe", "", []string{asUser}, 404, `its mirrors: hello`},
		{"unknown entity", "GET", one + "/state/hello?entity=cats", "", []string{asUser}, 404, `greetings`},
		{"unknown snapshot", "POST", one + "/restore", `{"name":"x"}`, []string{asUser, asJSON}, 404, `mirra.snapshot.not_found`},
		{"unknown attempt", "POST", one + "/webhooks/77/retry", "", []string{asUser}, 404, `mirra.webhook.no_attempt`},
		{"unknown event", "POST", one + "/simulate", `{"event":"x"}`, []string{asUser, asJSON}, 422, `simulate nothing`},
		{"empty rule", "POST", one + "/faults", `{}`, []string{asUser, asJSON}, 400, `does nothing`},
		{"unknown rule", "DELETE", one + "/faults/f9", "", []string{asUser}, 404, `mirra.fault.not_found`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp, text := call(t, tc.method, base+tc.path, tc.body, tc.headers...)
			if resp.StatusCode != tc.status || !strings.Contains(text, tc.want) {
				t.Errorf("got %d %s, want %d and %s", resp.StatusCode, text, tc.status, tc.want)
			}
			var e struct {
				Error struct{ Code, Message string }
			}
			if json.Unmarshal([]byte(text), &e) != nil || !regexp.MustCompile(`^mirra\.\w+\.\w+$`).MatchString(e.Error.Code) || e.Error.Message == "" {
				t.Errorf("not the shape of an error: %s", text)
			}
		})
	}
	if got, err := s.Sessions(t.Context(), host.SessionQuery{}); err != nil || len(got.Sessions) != 1 {
		t.Errorf("bad requests left sessions behind: %v, %v", got, err)
	}
}
