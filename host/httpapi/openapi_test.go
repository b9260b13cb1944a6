package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/host"
)

var update = flag.Bool("update", false, "write openapi.json anew")

// operation is what the document says of a route beside its address.
type operation struct {
	summary string
	query   []string // "limit int", "type string*" for repeatable
	in, out any      // types of the bodies
	status  string
	media   string // of the answer, JSON if ""
}

var traceFilters = []string{"mirror string", "method string", "path string", "operation string", "event string", "status string", "cursor string", "limit int"}

// operations describes the routes.
var operations = map[string]operation{
	"GET /healthz":                                    {summary: "Whether the server lives", out: Health{}, status: "200"},
	"GET /readyz":                                     {summary: "Whether the server can make sessions", out: Health{}, status: "200"},
	"GET /metrics":                                    {summary: "Counts in the text format of Prometheus", status: "200", media: "text/plain"},
	"GET /v1/openapi.json":                            {summary: "This document", out: map[string]any{}, status: "200"},
	"POST /v1/server/stop":                            {summary: "End the server; persistent sessions are kept", status: "202"},
	"GET /v1/mirrors":                                 {summary: "The mirrors that sessions can have, with versions, hosts and operation levels", out: mirrorList{}, status: "200"},
	"POST /v1/sessions":                               {summary: "Start a session", in: host.NewSession{}, out: host.SessionInfo{}, status: "201"},
	"GET /v1/sessions":                                {summary: "List sessions, oldest first", query: []string{"project string", "name string", "cursor string", "limit int"}, out: host.SessionPage{}, status: "200"},
	"PUT /v1/sessions/by-name/{name}":                 {summary: "Return the session of a name (200), or start it (201)", in: host.NewSession{}, out: host.SessionInfo{}, status: "200"},
	"GET /v1/sessions/{id}":                           {summary: "One session, with what it did", out: host.SessionInfo{}, status: "200"},
	"DELETE /v1/sessions/{id}":                        {summary: "End a session; a persistent one is kept for a week unless purged", query: []string{"purge bool"}, status: "204"},
	"POST /v1/sessions/{id}/reset":                    {summary: "Empty the mirrors named, all for none", in: resetRequest{}, status: "204"},
	"POST /v1/sessions/{id}/snapshot":                 {summary: "Keep the state under a name", in: nameRequest{}, out: host.SnapshotInfo{}, status: "201"},
	"GET /v1/sessions/{id}/snapshots":                 {summary: "List snapshots, oldest first", out: snapshotList{}, status: "200"},
	"POST /v1/sessions/{id}/restore":                  {summary: "Make a snapshot the state", in: nameRequest{}, status: "204"},
	"POST /v1/sessions/{id}/fork":                     {summary: "Start a session in the state of this one; its webhooks are held", in: nameRequest{}, out: host.SessionInfo{}, status: "201"},
	"POST /v1/sessions/{id}/clock":                    {summary: "Move the session's time, and do all that falls due on the way", in: host.ClockMove{}, out: host.ClockMoved{}, status: "200"},
	"POST /v1/sessions/{id}/faults":                   {summary: "Add a fault rule", in: host.FaultRule{}, out: host.FaultRule{}, status: "201"},
	"GET /v1/sessions/{id}/faults":                    {summary: "List fault rules", out: faultList{}, status: "200"},
	"DELETE /v1/sessions/{id}/faults":                 {summary: "Remove all fault rules", status: "204"},
	"DELETE /v1/sessions/{id}/faults/{rule}":          {summary: "Remove a fault rule", status: "204"},
	"POST /v1/sessions/{id}/simulate":                 {summary: "Cause a vendor event with all that follows", in: host.Simulation{}, status: "204"},
	"GET /v1/sessions/{id}/proxy":                     {summary: "How an application reaches the session under its vendors' own names, and which other hosts it tried", out: host.ProxyInfo{}, status: "200"},
	"PUT /v1/sessions/{id}/proxy/upstream":            {summary: "Reach hosts that no mirror claims through the proxies that the application had, until the next call", in: host.Upstream{}, status: "204"},
	"GET /v1/sessions/{id}/events":                    {summary: "Follow the session as server-sent events, each a TraceEntry with its number as id; resumes behind Last-Event-ID", query: []string{"type string*", "after int", "hold bool", "bodies bool"}, status: "200", media: "text/event-stream"},
	"GET /v1/sessions/{id}/trace":                     {summary: "A page of what happened, oldest first", query: append([]string{"type string*", "bodies bool"}, traceFilters...), out: host.TracePage{}, status: "200"},
	"GET /v1/sessions/{id}/webhooks":                  {summary: "A page of webhook attempts with request and answer, oldest first", query: traceFilters, out: host.TracePage{}, status: "200"},
	"POST /v1/sessions/{id}/webhooks/hold":            {summary: "Keep webhooks queued", status: "204"},
	"POST /v1/sessions/{id}/webhooks/release":         {summary: "Send what was held, a fork's webhooks included", status: "204"},
	"PUT /v1/sessions/{id}/webhooks/forwards":         {summary: "Send every event of a mirror to URLs, in place of those that got them", in: forwardRequest{}, status: "204"},
	"POST /v1/sessions/{id}/webhooks/{attempt}/retry": {summary: "Send the webhook of an attempt again, signed anew; the attempt is its number in the trace, or latest", status: "202"},
	"POST /v1/sessions/{id}/checks":                   {summary: "Decide criteria about what the session did, once its webhooks have arrived", in: host.CheckRequest{}, out: host.CheckReport{}, status: "200"},
	"POST /v1/runs":                                   {summary: "Begin a run of a scenario: what clients do in its session until it is finished, or its time is over, is judged", in: host.NewRun{}, out: host.Run{}, status: "201"},
	"GET /v1/runs":                                    {summary: "List runs, newest first, without output and differences", query: []string{"scenario string", "cursor string", "limit int"}, out: host.RunPage{}, status: "200"},
	"GET /v1/runs/{id}":                               {summary: "One run", out: host.Run{}, status: "200"},
	"PUT /v1/runs/{id}":                               {summary: "Keep a run that somebody else drove and judged", in: host.Run{}, status: "204"},
	"POST /v1/runs/{id}/finish":                       {summary: "Judge a run", in: host.RunFinish{}, out: host.Run{}, status: "200"},
	"GET /v1/sessions/{id}/state/{mirror}":            {summary: "A mirror's objects by entity, in the format of seeds", query: []string{"entity string"}, out: host.State{}, status: "200"},
}

// schemas collects the types of a document.
type schemas map[string]any

func (s schemas) of(t reflect.Type) any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case reflect.TypeFor[host.Duration]():
		return map[string]any{"type": "string", "examples": []string{"31d", "1h30m"}}
	case reflect.TypeFor[host.TraceBody]():
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, object(map[string]any{"base64": map[string]any{"type": "string"}}, "base64")}}
	case reflect.TypeFor[host.Seed]():
		text := map[string]any{"type": "string"}
		return map[string]any{"oneOf": []any{text, map[string]any{"type": "array", "items": text}, map[string]any{"type": "object"}}, "description": "a fixture's name, a list of names, or a state document"}
	case reflect.TypeFor[host.MirrorRequest]():
		return map[string]any{"oneOf": []any{map[string]any{"type": "string"}, s.structure(t)}}
	}
	switch t.Kind() {
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Uint32:
		return map[string]any{"type": "integer"}
	case reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case reflect.Array:
		return map[string]any{"type": "array", "items": s.of(t.Elem()), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Struct:
		return s.structure(t)
	case reflect.Interface:
		return map[string]any{}
	}
	panic("no schema for " + t.String())
}

func object(properties map[string]any, required ...string) map[string]any {
	o := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func (s schemas) structure(t reflect.Type) any {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	ref := map[string]any{"$ref": "#/components/schemas/" + name}
	if _, ok := s[name]; ok {
		return ref
	}
	s[name] = nil // for types that hold themselves
	properties := map[string]any{}
	var required []string
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			s.structure(f.Type)
			own := s[f.Type.Name()].(map[string]any)
			for name, schema := range own["properties"].(map[string]any) {
				properties[name] = schema
			}
			if r, ok := own["required"].([]string); ok {
				required = append(required, r...)
			}
			continue
		}
		if tag == "" || tag == "-" {
			continue
		}
		schema := s.of(f.Type)
		if optional := strings.Contains(options, "omit"); !optional {
			required = append(required, tag)
			if m, ok := schema.(map[string]any); ok && f.Type.Kind() == reflect.Pointer && m["type"] != nil {
				m["type"] = []any{m["type"], "null"}
			}
		}
		properties[tag] = schema
	}
	s[name] = object(properties, required...)
	return ref
}

// document builds what openapi.json has to be.
func document() []byte {
	all := schemas{}
	errorSchema := map[string]any{"$ref": "#/components/schemas/ErrorBody"}
	all["ErrorBody"] = object(map[string]any{"error": object(map[string]any{"code": map[string]any{"type": "string"}, "message": map[string]any{"type": "string"}, "hint": map[string]any{"type": "string"}}, "code", "message")}, "error")
	all.of(reflect.TypeFor[host.TraceEntry]())
	paths := map[string]map[string]any{}
	open := map[string]bool{}
	for _, r := range new(API).routes() {
		open[r.method+" "+r.path] = r.open
	}
	for key, op := range operations {
		method, path, _ := strings.Cut(key, " ")
		content := func(t any, media string) map[string]any {
			if t == nil {
				return map[string]any{media: map[string]any{"schema": map[string]any{"type": "string"}}}
			}
			return map[string]any{media: map[string]any{"schema": all.of(reflect.TypeOf(t))}}
		}
		answer := map[string]any{"description": "done"}
		if op.media != "" {
			answer["content"] = content(nil, op.media)
		} else if op.out != nil {
			answer["content"] = content(op.out, "application/json")
		}
		o := map[string]any{"summary": op.summary, "operationId": operationID(key), "responses": map[string]any{
			op.status: answer,
			"default": map[string]any{"description": "what went wrong, and what to do", "content": map[string]any{"application/json": map[string]any{"schema": errorSchema}}},
		}}
		if strings.HasPrefix(key, "PUT /v1/sessions/by-name") {
			o["responses"].(map[string]any)["201"] = answer
		}
		if open[key] {
			o["security"] = []any{}
		}
		if op.in != nil {
			o["requestBody"] = map[string]any{"content": content(op.in, "application/json")}
		}
		var parameters []any
		for _, m := range pathVariables.FindAllStringSubmatch(path, -1) {
			parameters = append(parameters, map[string]any{"name": m[1], "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
		for _, q := range op.query {
			name, kind, _ := strings.Cut(q, " ")
			schema := map[string]any{"type": map[string]string{"int": "integer", "bool": "boolean", "string": "string", "string*": "array"}[kind]}
			if kind == "string*" {
				schema["items"] = map[string]any{"type": "string", "enum": eventTypes}
			}
			parameters = append(parameters, map[string]any{"name": name, "in": "query", "schema": schema})
		}
		if parameters != nil {
			o["parameters"] = parameters
		}
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = o
	}
	doc := map[string]any{
		"openapi":  "3.1.0",
		"info":     map[string]any{"title": "Mirra control API", "version": "1", "description": "Sessions of mirrors: start, look at, steer and end them. Every answer of 400 and above is an Error with a code, a message and mostly a hint."},
		"servers":  []any{map[string]any{"url": "http://127.0.0.1:4400"}},
		"security": []any{map[string]any{"token": []any{}}},
		"paths":    paths,
		"components": map[string]any{
			"schemas":         all,
			"securitySchemes": map[string]any{"token": map[string]any{"type": "http", "scheme": "bearer"}},
		},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(err)
	}
	return append(b, '\n')
}

var pathVariables = regexp.MustCompile(`\{(\w+)\}`)

func operationID(key string) string {
	id := ""
	for _, word := range regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(strings.ToLower(key), -1) {
		id += strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.ToLower(id[:1]) + id[1:]
}

// The document has every route and every type as the code has it, and nothing
// else. That answers are of these types is tested with a running server in
// host/assembly.
func TestOpenAPIDocument(t *testing.T) {
	var routed []string
	for _, r := range new(API).routes() {
		key := r.method + " " + r.path
		routed = append(routed, key)
		if _, ok := operations[key]; !ok {
			t.Errorf("%s is not described", key)
		}
	}
	for key := range operations {
		if !slices.Contains(routed, key) {
			t.Errorf("%s is described, but is no route", key)
		}
	}
	want := document()
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(openAPIDocument, want) {
		t.Error("openapi.json is not what routes and types say: go test ./host/httpapi -run OpenAPI -update, and review the difference")
	}
}
