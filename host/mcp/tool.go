package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/mirrahq/mirra/host"
)

// tools add themselves to a server; clients list them by name.
var tools = []func(*Server){
	sessionStart, sessionState, sessionRequest, sessionWebhooks, sessionReset, sessionEnd,
	simulate, moveClock, faults, trace, check, snapshot, restore, catalog,
}

// tool describes a tool to clients and their models.
type tool struct {
	name, title, description string
	reads                    bool             // it changes nothing
	destroys                 bool             // what it takes away is gone
	choices                  map[string][]any // of arguments: the values there are
}

// raw is JSON of whatever kind.
type raw = json.RawMessage

// add makes f a tool whose arguments and result are In and Out in JSON.
func add[In, Out any](s *Server, t tool, f func(ctx context.Context, c *call, in In) (Out, error)) {
	open := false
	def := &sdk.Tool{
		Name: t.name, Title: t.title, Description: t.description, InputSchema: schema[In](t.choices), OutputSchema: schema[Out](nil),
		Annotations: &sdk.ToolAnnotations{Title: t.title, ReadOnlyHint: t.reads, DestructiveHint: &t.destroys, OpenWorldHint: &open}, // mirrors are all there is
	}
	sdk.AddTool(s.server, def, func(ctx context.Context, r *sdk.CallToolRequest, in In) (*sdk.CallToolResult, Out, error) {
		var none Out
		control, err := s.cfg.Control(ctx)
		if err != nil {
			return nil, none, s.explain(t.name, err)
		}
		out, err := f(ctx, &call{control, s, s.client(r.Session)}, in)
		if err != nil {
			return nil, none, s.explain(t.name, err)
		}
		// The SDK would sort the members of vendors' documents.
		text, err := marshal(out)
		if err != nil {
			return nil, none, s.explain(t.name, err)
		}
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, out, nil
	})
}

// marshal writes JSON for models, which read < better than \u003c.
func marshal(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// schema describes a type. One that cannot be described is a mistake in this package.
func schema[T any](choices map[string][]any) *jsonschema.Schema {
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[raw](): {}}})
	if err != nil {
		panic(err)
	}
	for name, values := range choices {
		s.Properties[name].Enum = values
	}
	noNulls(s)
	return s
}

// noNulls makes what is a pointer, a slice or a map in Go what it is in JSON, with no null
// beside it: clients want an object at the top, and some take no lists of types at all.
func noNulls(s *jsonschema.Schema) {
	if i := slices.Index(s.Types, "null"); i >= 0 && len(s.Types) == 2 {
		s.Type, s.Types = s.Types[1-i], nil
	}
	for _, p := range s.Properties {
		noNulls(p)
	}
	for _, p := range []*jsonschema.Schema{s.Items, s.AdditionalProperties} {
		if p != nil {
			noNulls(p)
		}
	}
}

// toolError is a fault as a model reads it: a result that is an error, and no error of
// the protocol, which clients may keep from their models.
type toolError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (e *toolError) Error() string {
	b, err := json.Marshal(map[string]*toolError{"error": e})
	if err != nil {
		return e.Message
	}
	return string(b)
}

// explain turns a fault into what a model is told, and logs what it is not.
func (s *Server) explain(tool string, err error) error {
	e := host.AsError(err)
	if e.Kind == host.KindInternal {
		s.cfg.Log.Error("tool", "tool", tool, "error", err)
		return &toolError{e.Code, e.Message, e.Hint}
	}
	return &toolError{e.Code, e.Error(), e.Hint}
}

func invalid(message, hint string) error {
	return &host.Error{Kind: host.KindInvalid, Code: "mirra.mcp.invalid", Message: message, Hint: hint}
}

// explainArguments gives refusals of arguments, which are the SDK's own, the form that
// all errors of tools have.
func explainArguments(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, r sdk.Request) (sdk.Result, error) {
		result, err := next(ctx, method, r)
		if out, ok := result.(*sdk.CallToolResult); ok && err == nil && out.IsError && len(out.Content) == 1 {
			if text, ok := out.Content[0].(*sdk.TextContent); ok && !strings.HasPrefix(text.Text, `{"error":`) {
				text.Text = (&toolError{"mirra.mcp.arguments", text.Text, "the tool's input schema says what it takes"}).Error()
			}
		}
		return result, err
	}
}

// Bounds of answers, so that one call does not fill a model's context.
const (
	maxAnswer = 32 << 10 // bytes of JSON in one answer, about
	maxBody   = 4 << 10  // of one body within a list
	pageSize  = 20       // entries that an answer has if not asked for more
	maxPage   = 200
)

// clip returns bytes as JSON: as they are if they are JSON of at most limit bytes, else
// as a string that says what was left out.
func clip(b []byte, limit int) (v raw, cut bool) {
	if len(b) == 0 {
		return nil, false
	}
	if len(b) <= limit && json.Valid(b) {
		return b, false
	}
	text := b
	if cut = len(b) > limit; cut {
		text = b[:limit]
	}
	s := strings.ToValidUTF8(string(text), "�")
	if cut {
		s += fmt.Sprintf("… (%d of %d bytes)", limit, len(b))
	}
	v, err := json.Marshal(s)
	if err != nil {
		return nil, cut // a string always can
	}
	return v, cut
}

// limitOf checks how many entries an answer is to have.
func limitOf(n int) (int, error) {
	switch {
	case n == 0:
		return pageSize, nil
	case n < 0 || n > maxPage:
		return 0, invalid(fmt.Sprintf("limit %d: want 1 to %d", n, maxPage), "")
	}
	return n, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
