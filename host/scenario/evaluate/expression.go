package evaluate

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/mirrahq/mirra/host"
)

// Expression is a condition in the language of https://expr-lang.org about what a session
// did. It has no functions but the language's own.
type Expression struct {
	text    string
	program *vm.Program
}

// ExpressionError says where an expression is at fault.
type ExpressionError struct {
	Line, Column int // from 1
	Message      string
}

func (e *ExpressionError) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// facts are what an expression knows. Values of documents are those of JSON, whole numbers
// int.
type facts struct {
	State    map[string]map[string][]any `expr:"state"` // by mirror and entity
	Requests []request                   `expr:"requests"`
	Webhooks []webhook                   `expr:"webhooks"`
	Changes  []change                    `expr:"changes"`
}

type request struct {
	Mirror     string            `expr:"mirror"`
	Method     string            `expr:"method"`
	Path       string            `expr:"path"`
	Operation  string            `expr:"operation"`
	Status     int               `expr:"status"` // 0 for no answer
	DurationMS float64           `expr:"durationMs"`
	Headers    map[string]string `expr:"headers"` // by name in small letters
	Body       any               `expr:"body"`    // of JSON, else text
	Answer     any               `expr:"answer"`  // likewise
	Seq        int               `expr:"seq"`
}

type webhook struct {
	Mirror     string  `expr:"mirror"`
	Event      string  `expr:"event"`
	URL        string  `expr:"url"`
	Status     int     `expr:"status"`
	Attempt    int     `expr:"attempt"`
	Delivery   int     `expr:"delivery"`
	DurationMS float64 `expr:"durationMs"`
	Body       any     `expr:"body"`
	Seq        int     `expr:"seq"`
}

type change struct {
	Mirror string `expr:"mirror"`
	Entity string `expr:"entity"`
	ID     string `expr:"id"`
	Action string `expr:"action"` // created, updated, deleted
	Before any    `expr:"before"`
	After  any    `expr:"after"`
	Seq    int    `expr:"seq"`
}

// CompileExpression reads an expression. The error is an *ExpressionError.
func CompileExpression(text string) (*Expression, error) {
	p, err := expr.Compile(text, expr.Env(facts{}), expr.AsBool(), expr.MaxNodes(10_000))
	if wrong, ok := errors.AsType[*file.Error](err); ok {
		// Columns of the library count runes from 0.
		return nil, &ExpressionError{max(wrong.Line, 1), wrong.Column + 1, wrong.Message}
	}
	if err != nil {
		return nil, &ExpressionError{1, 1, strings.TrimSpace(err.Error())}
	}
	return &Expression{text, p}, nil
}

// Decide tells whether the expression is true.
func (e *Expression) Decide(r *Records) host.CheckResult {
	out := host.CheckResult{Query: "expression", Source: "state", Expected: "true"}
	known, err := r.facts()
	if err == nil {
		var got any
		machine := vm.VM{MemoryBudget: 10_000_000}
		if got, err = machine.Run(e.program, known); err == nil {
			f := decided(got == true, nil, "%s is %v", strings.TrimSpace(e.text), got)
			out.Outcome, out.Reason = f.outcome, f.reason
			return out
		}
	}
	message := err.Error()
	if wrong, ok := errors.AsType[*file.Error](err); ok {
		message = wrong.Message
	}
	out.Outcome, out.Reason = host.Errored, "the expression cannot be evaluated: "+message
	return out
}

// facts translates the records.
func (r *Records) facts() (facts, error) {
	out := facts{State: map[string]map[string][]any{}, Requests: []request{}, Webhooks: []webhook{}, Changes: []change{}}
	for mirror, state := range r.State {
		entities := map[string][]any{}
		for name, docs := range state {
			entities[name] = []any{}
			for _, d := range docs {
				v, err := Decode(d)
				if err != nil {
					return out, fmt.Errorf("%s of %s: %w", name, mirror, err)
				}
				entities[name] = append(entities[name], plain(v))
			}
		}
		out.State[mirror] = entities
	}
	for i := range r.Entries {
		switch e := &r.Entries[i]; e.Type {
		case host.EventTraffic:
			q := request{Mirror: e.Mirror, Method: e.Method, Path: e.Path, Operation: e.Operation, Status: e.Status, DurationMS: e.DurationMS, Headers: map[string]string{}, Body: body(e.Request), Answer: body(e.Response), Seq: int(e.Seq)}
			if e.Request != nil {
				for _, h := range slices.Backward(e.Request.Headers) {
					q.Headers[strings.ToLower(h[0])] = h[1]
				}
			}
			out.Requests = append(out.Requests, q)
		case host.EventWebhook:
			out.Webhooks = append(out.Webhooks, webhook{e.Mirror, e.Event, e.Path, e.Status, int(e.Attempt), int(e.Delivery), e.DurationMS, body(e.Request), int(e.Seq)})
		case host.EventState:
			c := change{Mirror: e.Mirror, Entity: e.Entity, ID: e.EntityID, Action: "updated", Before: document(e.Before), After: document(e.After), Seq: int(e.Seq)}
			switch {
			case e.Before == nil:
				c.Action = "created"
			case e.After == nil:
				c.Action = "deleted"
			}
			out.Changes = append(out.Changes, c)
		}
	}
	return out, nil
}

func document(d json.RawMessage) any {
	if d == nil {
		return nil
	}
	v, err := Decode(d)
	if err != nil {
		return string(d)
	}
	return plain(v)
}

func body(m *host.TraceMessage) any {
	if m == nil || len(m.Body) == 0 {
		return nil
	}
	if c := m.Body[0]; c == '{' || c == '[' {
		if v, err := Decode(m.Body); err == nil {
			return plain(v)
		}
	}
	return string(m.Body)
}

// plain makes numbers of a decoded document int where they are whole, else float64.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = plain(member)
		}
	case []any:
		for i, element := range v {
			v[i] = plain(element)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
		return v.String()
	}
	return v
}
