package sdk

import (
	"slices"
	"testing"
)

// TestSetAs: a parameter's text becomes the kind of value that stands there, or
// nothing changes.
func TestSetAs(t *testing.T) {
	const json = `{"name":"a","none":null,"on":false,"size":6,"tags":["x"],"totp":{"skew":1}}`
	for _, c := range []struct {
		path, param, want string // want "" is a refusal
	}{
		{"name", `"b"`, `{"name":"b","none":null,"on":false,"size":6,"tags":["x"],"totp":{"skew":1}}`},
		{"name", `""`, `{"name":null,"none":null,"on":false,"size":6,"tags":["x"],"totp":{"skew":1}}`},
		{"none", `"7"`, `{"name":"a","none":"7","on":false,"size":6,"tags":["x"],"totp":{"skew":1}}`},
		{"on", `"True"`, `{"name":"a","none":null,"on":true,"size":6,"tags":["x"],"totp":{"skew":1}}`},
		{"on", `"1"`, `{"name":"a","none":null,"on":true,"size":6,"tags":["x"],"totp":{"skew":1}}`},
		{"size", `"-12"`, `{"name":"a","none":null,"on":false,"size":-12,"tags":["x"],"totp":{"skew":1}}`},
		{"tags", `["y","z"]`, `{"name":"a","none":null,"on":false,"size":6,"tags":["y","z"],"totp":{"skew":1}}`},
		{"tags", `"y"`, `{"name":"a","none":null,"on":false,"size":6,"tags":["y"],"totp":{"skew":1}}`},
		{"tags", `""`, `{"name":"a","none":null,"on":false,"size":6,"tags":[],"totp":{"skew":1}}`},
		{"totp.skew", `"2"`, `{"name":"a","none":null,"on":false,"size":6,"tags":["x"],"totp":{"skew":2}}`},
		{"on", `"yes"`, ""}, {"on", `""`, ""}, {"size", `"six"`, ""}, {"size", `"1.5"`, ""}, {"totp", `"x"`, ""}, {"other", `"x"`, ""}, {"totp.other", `"x"`, ""}, {"other.skew", `"x"`, ""},
	} {
		d := parse(t, json)
		ok := d.SetAs(c.path, parse(t, c.param))
		want := c.want
		if want == "" {
			want = json
		}
		if ok != (c.want != "") {
			t.Errorf("%s = %s: %v", c.path, c.param, ok)
		}
		wantJSON(t, c.path+" = "+c.param, d, want)
	}
}

func TestTexts(t *testing.T) {
	for json, want := range map[string][]string{`"a"`: {"a"}, `["a","b"]`: {"a", "b"}, `[]`: nil, `""`: nil, `{}`: nil} {
		if got := parse(t, json).Texts(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", json, got, want)
		}
	}
	if got := (Doc{}).Texts(); got != nil {
		t.Errorf("absent: %q", got)
	}
}

// TestSnake writes names as vendors' answers have them.
func TestSnake(t *testing.T) {
	for name, want := range map[string]string{"FriendlyName": "friendly_name", "Totp.TimeStep": "totp.time_step", "sid": "sid", "": ""} {
		if got := Snake(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
