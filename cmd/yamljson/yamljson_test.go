package yamljson

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"b: 1\na: [x, 'y', null, ~, true, 1.50, 0x10, 1_000, .inf]": `{"b":1,"a":["x","y",null,null,true,1.50,16,1000,".inf"]}`,
		"a: &x {n: 1}\nb: *x":              `{"a":{"n":1},"b":{"n":1}}`,
		"2024-06-20: 2024-06-20\n7: \"7\"": `{"2024-06-20":"2024-06-20","7":"7"}`,
		"a: |\n  <b>\n":                    `{"a":"\u003cb\u003e\n"}`,
		"[]":                               `[]`,
	} {
		got, err := Convert([]byte(text))
		if err != nil || string(got) != want {
			t.Errorf("%q: %s %v, want %s", text, got, err, want)
		}
	}
	bomb := "a: &x0 [" + strings.Repeat("12345678,", 100) + "]\n"
	for i := range 9 {
		bomb += "b" + string(rune('0'+i)) + ": &x" + string(rune('1'+i)) + " [" + strings.Repeat("*x"+string(rune('0'+i))+",", 10) + "]\n"
	}
	for text, want := range map[string]string{
		"":                          "no document",
		"a: 1\nb: {":                "line 2",
		"a: 1\n? [x]\n: 1":          "line 2: want a plain name",
		"a: &x {b: 1}\nc: {<<: *x}": "line 2: want a plain name",
		"a: &x [*x]":                "nested too deeply",
		bomb:                        "too large",
	} {
		if _, err := Convert([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add("a: [1, {b: c}]\n")
	f.Add("a: &x {b: *x}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Convert([]byte(text)); err == nil && !json.Valid(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
