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
