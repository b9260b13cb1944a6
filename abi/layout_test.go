package abi

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestLayoutPrintsAsEncodingJSON(t *testing.T) {
	for _, body := range []string{
		`{}`, `[]`, `1`, `"text"`, `null`, `{"a":1}`, `[1,2,[3,[]],{}]`, `{"a":{},"b":[],"c":{"d":[{}]}}`,
		`{"braces":"{[,:]}","quote":"\"}","back\\":"\\","\"":"\\\\\""}`, `[[],{},[[]],{"a":{}}]`, `{"ü":"\u00fc\ud83d\ude00"}`, `["",""]`,
		strings.Repeat("[", 40) + "1" + strings.Repeat("]", 40),
		strings.Repeat(`{"a":`, 300) + "{}" + strings.Repeat("}", 300),
	} {
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(body), "", "  "); err != nil {
			t.Fatal(err)
		}
		if got := AppendLayout([]byte("x"), LayoutIndent2, body); string(got) != "x"+want.String() {
			t.Errorf("%.80s:\n got %s\nwant %s", body, got, want.String())
		}
		if got := AppendLayout(nil, LayoutAsIs, body); string(got) != body {
			t.Errorf("as is: got %s", got)
		}
		if got := AppendLayout(nil, Layout(99), body); string(got) != body {
			t.Errorf("unknown layout: got %s", got)
		}
	}
}

// TestLayoutOfGarbage holds that what is no JSON comes out garbled at worst:
// its bytes in order with white space between them.
func TestLayoutOfGarbage(t *testing.T) {
	for _, body := range []string{"", "{", "}", "]]]]", `"`, `"\`, `{"a`, `{"a":`, `{]`, `[}`, ",,,,", "::", "{{{{", `\`, "\x00\xff{", strings.Repeat("}", 100) + "{,"} {
		mustPanicFree(t, body, func() { layoutKeeps(t, body) })
	}
}

// TestLayoutIsBounded holds that what a plugin answers does not grow beyond
// measure: two spaces a level for each of 200,000 levels would be 80 GB.
func TestLayoutIsBounded(t *testing.T) {
	body := strings.Repeat("[1,", 200_000)
	if got := len(AppendLayout(nil, LayoutIndent2, body)); got > 300*len(body) {
		t.Errorf("%d bytes became %d", len(body), got)
	}
	layoutKeeps(t, body)
}

func layoutKeeps(t *testing.T, body string) {
	t.Helper()
	got := AppendLayout(nil, LayoutIndent2, body)
	strip := strings.NewReplacer(" ", "", "\n", "")
	if strip.Replace(string(got)) != strip.Replace(body) {
		t.Errorf("%q became %q", body, got)
	}
}

// TestLayoutOfRows prints lists whose rows are alike but for a part of them,
// which may begin and end anywhere.
func TestLayoutOfRows(t *testing.T) {
	parts := []string{
		`{}`, `{"a":1}`, `[]`, `[1]`, `[[]]`, `null`, `12345678901234567890`, `1`, `""`, `"text"`, `"text that goes on, {and on}"`, `"text that goes on, {and on]"`, `"\"\\"`,
		`{"object":"row","none":{},"some":{"object":"row","none":{}}}`, `[{"object":"row"},{"object":"row"}]`, strings.Repeat("[", 9) + strings.Repeat("]", 9),
	}
	for _, row := range []string{
		`{"object":"row","id":%,"address":null,"balance":0,"name":"Jenny Rosen","tail":[1,2,3]}`,
		`{"object":"row","address":null,"nested":{"address":null,"deeper":{"address":null,"value":%}},"name":"Jenny Rosen"}`,
		`{"%":1,"address":{"city":null,"line1":null},"shipping":{"address":{"city":null,"line1":null}}}`,
		`%`,
	} {
		for size := range 3 {
			var rows []string
			for i := range 400 * (size + 1) {
				part := parts[i*i%(7+size*3)]
				if strings.HasPrefix(row, `{"%"`) {
					part = strings.NewReplacer(`"`, "", `\`, "").Replace(part)
				}
				rows = append(rows, strings.Replace(row, "%", part, 1))
			}
			body := `{"object":"list","data":[` + strings.Join(rows, ",") + `],"has_more":false}`
			var want bytes.Buffer
			if err := json.Indent(&want, []byte(body), "", "  "); err != nil {
				t.Fatal(err)
			}
			if got := AppendLayout(nil, LayoutIndent2, body); string(got) != want.String() {
				t.Errorf("rows as %s are not printed as encoding/json does", row)
			}
		}
	}
}
