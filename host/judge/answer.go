package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/mirrahq/mirra/host"
)

// verdict is the answer that a model is asked for, and what is kept of it.
type verdict struct {
	Explanation string `json:"explanation"`
	Result      string `json:"result"` // pass or fail
}

// explanationBytes bounds what is shown and kept of an explanation.
const explanationBytes = 2000

// schema is the form of the answer. The explanation stands first, so that models that
// write without thinking find their reasons before their verdict.
var schema = map[string]any{
	"type": "object",
	"properties": map[string]any{
		"explanation": map[string]any{"type": "string"},
		"result":      map[string]any{"type": "string", "enum": []string{"pass", "fail"}},
	},
	"required":             []string{"explanation", "result"},
	"additionalProperties": false,
}

func (v verdict) outcome() host.Outcome {
	if v.Result == "pass" {
		return host.Passed
	}
	return host.Failed
}

// read takes the verdict out of a reply, or says what is wrong with it.
func read(r reply) (v verdict, fault string) {
	if r.stop == stopCut {
		return v, fmt.Sprintf("the answer was cut at %d tokens", answerTokens)
	}
	return parse(r.text)
}

// parse reads one JSON object, which may stand in a fenced block. What a fault quotes of the
// answer stands in parentheses.
func parse(text string) (v verdict, fault string) {
	text = strings.TrimSpace(text)
	if fenced, ok := strings.CutPrefix(text, "```"); ok {
		if fenced, ok = strings.CutSuffix(fenced, "```"); ok {
			text = strings.TrimSpace(strings.TrimPrefix(fenced, "json"))
		}
	}
	if text == "" {
		return v, "the answer is empty"
	}
	d := json.NewDecoder(strings.NewReader(text))
	var o struct {
		Explanation *string `json:"explanation"`
		Result      *string `json:"result"`
	}
	if err := d.Decode(&o); err != nil {
		return v, fmt.Sprintf("the answer is not the JSON object that was asked for (it begins %q)", cutEnd(text, 80))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, "the answer has more than one JSON object"
	}
	switch {
	case o.Result == nil:
		return v, "the answer has no result"
	case *o.Result != "pass" && *o.Result != "fail":
		return v, fmt.Sprintf(`the result is neither "pass" nor "fail" (it is %q)`, cutEnd(*o.Result, 40))
	case o.Explanation == nil || oneLine(*o.Explanation, explanationBytes) == "":
		return v, "the answer has no explanation"
	}
	return verdict{Result: *o.Result, Explanation: oneLine(*o.Explanation, explanationBytes)}, ""
}

// oneLine makes text from outside fit for a terminal: no control characters, n bytes at
// most.
func oneLine(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		s = s[:boundary(s, n-len("…"))] + "…"
	}
	return s
}

// sound says whether a verdict is one that parse returns.
func (v verdict) sound() bool {
	b, err := json.Marshal(v)
	if err != nil {
		return false
	}
	again, fault := parse(string(bytes.TrimSpace(b)))
	return fault == "" && again == v
}
