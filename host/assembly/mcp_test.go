package assembly_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/host/mcp"
)

// MustAgents starts a server that serves agents.
func MustAgents(t testing.TB) *assembly.Server {
	t.Helper()
	return MustServer(t, func(c *assembly.Config) {
		c.MCP = func(control host.Control) assembly.Agents {
			return mcp.New(mcp.Config{Version: "test", Control: func(context.Context) (host.Control, error) { return control, nil }})
		}
	})
}

// agent speaks the protocol as bytes, so that it can also say what no client would.
type agent struct {
	t       testing.TB
	s       *assembly.Server
	headers []string
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

func mustAgent(t testing.TB, s *assembly.Server) *agent {
	t.Helper()
	a := &agent{t, s, []string{asUser, asJSON, "Accept: application/json, text/event-stream"}}
	resp, text := call(t, "POST", s.ControlURL()+"/mcp", initialize, a.headers...)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("initialize: %d %s", resp.StatusCode, text)
	}
	a.headers = append(a.headers, "Mcp-Session-Id: "+resp.Header.Get("Mcp-Session-Id"), "Mcp-Protocol-Version: 2025-11-25")
	if resp, text = call(t, "POST", s.ControlURL()+"/mcp", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, a.headers...); resp.StatusCode != http.StatusAccepted {
		t.Fatalf("initialized: %d %s", resp.StatusCode, text)
	}
	return a
}

// tool calls a tool with arguments as text and returns its result, or the error in it.
func (a *agent) tool(name, arguments string) (result json.RawMessage, code string) {
	a.t.Helper()
	resp, text := call(a.t, "POST", a.s.ControlURL()+"/mcp", fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":%q,"arguments":%s}}`, name, arguments), a.headers...)
	_, data, _ := strings.Cut(text, "data: ")
	var answer struct {
		Result *struct {
			IsError           bool
			Content           []struct{ Text string }
			StructuredContent json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(data), &answer); err != nil || answer.Result == nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %.200s: %d %.500s (%v)", name, arguments, resp.StatusCode, text, err)
	}
	if !answer.Result.IsError {
		return answer.Result.StructuredContent, ""
	}
	var fault struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(answer.Result.Content[0].Text), &fault); err != nil || fault.Error.Message == "" {
		a.t.Errorf("%s %.200s: the error is %s", name, arguments, answer.Result.Content[0].Text)
	}
	return nil, fault.Error.Code
}

// TestAgentsGuard shows that agents over HTTP pass the same checks as the control API.
func TestAgentsGuard(t *testing.T) {
	t.Parallel()
	s := MustAgents(t)
	accept := "Accept: application/json, text/event-stream"
	for _, c := range []struct {
		name    string
		want    int
		code    string
		headers []string
	}{
		{"no token", 401, "mirra.auth.token", []string{asJSON, accept}},
		{"wrong token", 401, "mirra.auth.token", []string{asJSON, accept, "Authorization: Bearer x"}},
		{"foreign page", 403, "mirra.auth.origin", []string{asUser, asJSON, accept, "Origin: http://evil.example"}},
		{"foreign name", 403, "mirra.auth.host", []string{asUser, asJSON, accept, "Host: evil.example"}},
		{"client", 200, "", []string{asUser, asJSON, accept}},
	} {
		resp, text := call(t, "POST", s.ControlURL()+"/mcp", initialize, c.headers...)
		if resp.StatusCode != c.want || !strings.Contains(text, c.code) {
			t.Errorf("%s: %d %s, want %d %s", c.name, resp.StatusCode, text, c.want, c.code)
		}
	}
	if resp, _ := call(t, "POST", MustServer(t, nil).ControlURL()+"/mcp", initialize, asUser, asJSON, accept); resp.StatusCode != http.StatusNotFound {
		t.Errorf("without agents: %d, want 404", resp.StatusCode)
	}
}

// TestAgentsBadInput shows that whatever a model sends is answered as an error of the
// tool, with a code, and that the client goes on.
func TestAgentsBadInput(t *testing.T) {
	t.Parallel()
	s := MustAgents(t)
	a := mustAgent(t, s)
	const arguments, bad = "mirra.mcp.arguments", "mirra.mcp.invalid"
	for _, c := range []struct{ tool, arguments, code string }{
		{"session_state", `{}`, "mirra.session.not_found"}, // there is none yet
		{"session_end", `{}`, "mirra.session.not_found"},
		{"session_start", `{}`, bad},
		{"session_start", `{"mirrors":"hello"}`, arguments},
		{"session_start", `{"mirrors":[1]}`, arguments},
		{"session_start", `{"mirrors":["hello"],"what":1}`, arguments},
		{"session_start", `{"mirrors":["nope"]}`, "mirra.session.mirror_not_in_catalog"},
		{"session_start", `{"mirrors":["hello"],"limits":"none"}`, arguments},
		{"session_start", `{"mirrors":["hello"],"clock":"tomorrow"}`, bad},
		{"session_start", `{"mirrors":["hello"],"seeds":{"hello":7}}`, bad},
		{"session_start", `{"mirrors":["hello"],"forward":{"stripe":["http://127.0.0.1:1"]}}`, bad},
		{"session_start", `[]`, arguments},
		{"session_start", `"x"`, arguments},
		{"session_start", `null`, bad},
	} {
		if _, code := a.tool(c.tool, c.arguments); code != c.code {
			t.Errorf("%s %s: code %q, want %q", c.tool, c.arguments, code, c.code)
		}
	}
	started, code := a.tool("session_start", `{"mirrors":["hello"]}`)
	var info struct{ SessionID string }
	if err := json.Unmarshal(started, &info); err != nil || code != "" {
		t.Fatal(code, err)
	}
	for _, c := range []struct{ tool, arguments, code string }{
		{"session_start", `{"mirrors":["hello"],"name":"NO!"}`, "mirra.session.invalid"},
		{"session_state", `{"session":"ses_none"}`, "mirra.session.not_found"},
		{"session_state", `{"mirror":"stripe"}`, "mirra.session.no_such_mirror"},
		{"session_state", `{"cursor":"x"}`, bad},
		{"session_state", `{"limit":-1}`, bad},
		{"session_state", `{"limit":1.5}`, arguments},
		{"session_state", `{"id":"gr_none"}`, "mirra.state.no_object"},
		{"session_request", `{}`, arguments},
		{"session_request", `{"path":"greetings"}`, bad},
		{"session_request", `{"path":"@127.0.0.1:1/"}`, bad},
		{"session_request", `{"path":"/greetings","host":"nope"}`, bad},
		{"session_request", `{"path":"/greetings","method":"NO WAY"}`, bad},
		{"session_request", `{"path":"/greetings","form":{"a":{"b":1}}}`, bad},
		{"session_request", `{"path":"/greetings","form":{"a":1},"json":{}}`, bad},
		{"session_request", `{"path":"/greetings","body":"` + strings.Repeat("x", 5<<20) + `"}`, bad},
		{"session_webhooks", `{"waitSeconds":3600}`, bad},
		{"session_webhooks", `{"status":"fine"}`, "mirra.filter.invalid"},
		{"simulate", `{"event":""}`, bad},
		{"simulate", `{"event":"nope.nope"}`, "mirra.simulate.unknown_event"},
		{"simulate", `{"event":"x","args":{"a":[]}}`, bad},
		{"clock", `{"action":"jump"}`, arguments},
		{"clock", `{"action":"advance"}`, bad},
		{"clock", `{"action":"advance","duration":"-1d"}`, bad},
		{"clock", `{"action":"set","time":"now"}`, bad},
		{"faults", `{"action":"add"}`, bad},
		{"faults", `{"action":"add","rule":{"error":"nope"}}`, "mirra.fault.invalid"},
		{"trace", `{"last":5,"after":3}`, bad},
		{"trace", `{"last":100000}`, bad},
		{"restore", `{"name":"none"}`, "mirra.snapshot.not_found"},
		{"catalog", `{"mirror":"nope"}`, "mirra.catalog.no_mirror"},
		{"catalog", `{"offset":-1}`, bad},
	} {
		if _, code := a.tool(c.tool, c.arguments); code != c.code {
			t.Errorf("%s %.100s: code %q, want %q", c.tool, c.arguments, code, c.code)
		}
	}
	if resp, text := call(t, "POST", s.ControlURL()+"/mcp", `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"catalog","arguments":{"query":"`+strings.Repeat("x", 9<<20)+`"}}}`, a.headers...); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a message of 9 MB: %d %s", resp.StatusCode, text)
	}
	if _, code := a.tool("session_end", `{"session":"`+info.SessionID+`"}`); code != "" {
		t.Error(code)
	}
}

// TestAgentsBounds shows that answers stay small whatever a session holds, and say how to
// get the rest.
func TestAgentsBounds(t *testing.T) {
	t.Parallel()
	a := mustAgent(t, MustAgents(t))
	if _, code := a.tool("session_start", `{"mirrors":["hello"],"limits":"off"}`); code != "" {
		t.Fatal(code)
	}
	long := strings.Repeat("x", 9<<10)
	for range 9 {
		if _, code := a.tool("session_request", `{"path":"/greetings","headers":{"Authorization":"Bearer hk_test_abcd"},"form":{"text":"`+long+`"}}`); code != "" {
			t.Fatal(code)
		}
	}
	for _, list := range []struct{ tool, first, next string }{
		{"session_state", `{"entity":"greetings"}`, `{"entity":"greetings","cursor":%q}`},
		{"trace", `{"bodies":true,"limit":100}`, `{"bodies":true,"limit":100,"after":%s}`},
	} {
		n, pages := 0, 0
		for args := list.first; args != ""; pages++ {
			text, code := a.tool(list.tool, args)
			var page struct {
				Objects, Entries []json.RawMessage
				NextCursor       string
				NextAfter        json.Number
			}
			if err := json.Unmarshal(text, &page); err != nil || code != "" || len(text) > 64<<10 {
				t.Fatalf("%s %s: %d bytes, %s, %v", list.tool, args, len(text), code, err)
			}
			n += len(page.Objects) + len(page.Entries)
			args = ""
			if more := page.NextCursor + page.NextAfter.String(); more != "" && more != "0" {
				args = fmt.Sprintf(list.next, more)
			}
		}
		if n < 9 || pages < 2 {
			t.Errorf("%s: %d in %d answers", list.tool, n, pages)
		}
	}
}

// TestAgentsGone shows that a client's sessions end with it, and not before.
func TestAgentsGone(t *testing.T) {
	t.Parallel()
	s := MustAgents(t)
	a, other := mustAgent(t, s), mustAgent(t, s)
	for _, one := range []*agent{a, a, other} {
		if _, code := one.tool("session_start", `{"mirrors":["hello"]}`); code != "" {
			t.Fatal(code)
		}
	}
	if page, err := s.Sessions(t.Context(), host.SessionQuery{}); err != nil || len(page.Sessions) != 3 {
		t.Fatalf("%+v, %v", page, err)
	}
	ended := make(chan error)
	all, err := s.Sessions(t.Context(), host.SessionQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all.Sessions[:2] {
		go func() {
			ended <- s.Events(t.Context(), one.SessionID, 0, false, func(host.TraceEntry) bool { return true })
		}()
	}
	if resp, text := call(t, "DELETE", s.ControlURL()+"/mcp", "", a.headers...); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if _, code := other.tool("trace", `{}`); code != "" {
		t.Errorf("the other client's session: %s", code)
	}
}
