package evaluate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// Decode reads a JSON document so that its numbers stay as they are written.
func Decode(doc []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// Lookup returns the value at a path, `items.data[0].price`: members by name, elements by
// number from 0. A member's name may have dots itself. Known is false when the document
// has nothing of the kind.
func Lookup(doc any, path string) (value any, known bool) {
	if path == "" {
		return doc, true
	}
	switch v := doc.(type) {
	case map[string]any:
		// The longest name that is there counts: metadata["a.b"].
		for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
			if member, ok := v[path[:end]]; ok {
				return Lookup(member, strings.TrimPrefix(path[end:], "."))
			}
		}
	case []any:
		index, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
		if i, err := strconv.Atoi(index); ok && path[0] == '[' && err == nil && i >= 0 && i < len(v) {
			return Lookup(v[i], strings.TrimPrefix(rest, "."))
		}
	}
	return nil, false
}

// Compare compares a value of a document.
func Compare(c criteria.Comparison, got any) bool {
	switch c.Op {
	case criteria.Equal:
		return equal(c.Want[0], got)
	case criteria.NotEqual:
		return !equal(c.Want[0], got)
	case criteria.OneOf:
		return slices.ContainsFunc(c.Want, func(w criteria.Value) bool { return equal(w, got) })
	case criteria.IsSet:
		return isSet(got)
	case criteria.IsNotSet:
		return !isSet(got)
	case criteria.Contains:
		return contains(c.Want[0], got)
	case criteria.Lacks:
		return !contains(c.Want[0], got)
	case criteria.StartsWith:
		return got != nil && strings.HasPrefix(text(got), c.Want[0].Text)
	case criteria.EndsWith:
		return got != nil && strings.HasSuffix(text(got), c.Want[0].Text)
	case criteria.Matches:
		re, err := regexp.Compile(c.Want[0].Text) // binding has checked it
		return err == nil && got != nil && re.MatchString(text(got))
	}
	n, ok := number(got)
	if !ok {
		return false
	}
	return compareNumber(c, n)
}

func compareNumber(c criteria.Comparison, n float64) bool {
	want := make([]float64, len(c.Want))
	for i, w := range c.Want {
		v, err := strconv.ParseFloat(w.Text, 64)
		if err != nil {
			return false
		}
		want[i] = v
	}
	switch c.Op {
	case criteria.Less:
		return n < want[0]
	case criteria.AtMost:
		return n <= want[0]
	case criteria.More:
		return n > want[0]
	case criteria.AtLeast:
		return n >= want[0]
	case criteria.Between:
		return n >= want[0] && n <= want[1]
	}
	return false
}

// CompareCount compares how many there are.
func CompareCount(c criteria.Comparison, n int) bool {
	return Compare(c, json.Number(strconv.Itoa(n)))
}

// equal tells whether a value is what is wanted, or a list that has it. Numbers equal
// texts that read the same: forms know no numbers.
func equal(want criteria.Value, got any) bool {
	switch g := got.(type) {
	case nil:
		return want.Type == criteria.Null
	case []any:
		return slices.ContainsFunc(g, func(e any) bool { return equal(want, e) })
	case map[string]any:
		return false
	case bool:
		return want.Text == strconv.FormatBool(g)
	case json.Number:
		if want.Text == g.String() {
			return true
		}
		a, okA := number(want.Text)
		b, okB := number(g)
		return okA && okB && a == b && want.Type != criteria.Text
	case string:
		return want.Type != criteria.Null && want.Text == g
	}
	return false
}

func contains(want criteria.Value, got any) bool {
	switch g := got.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(g, func(e any) bool { return equal(want, e) || contains(want, e) })
	case map[string]any:
		_, ok := g[want.Text]
		return ok
	}
	return strings.Contains(text(got), want.Text)
}

func isSet(got any) bool { return got != nil && got != "" }

// number reads a number, or a text that is one: "12.50".
func number(v any) (float64, bool) {
	var s string
	switch v := v.(type) {
	case json.Number:
		s = v.String()
	case string:
		s = v
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

// text is how a value reads.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// Show is a value for people, shortened.
func Show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 120
	if len(b) > most {
		return strings.ToValidUTF8(string(b[:most]), "") + "…"
	}
	return string(b)
}
