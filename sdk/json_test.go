package sdk

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
)

var jsonSeeds = []string{
	`{"a":[1,-0.5e+3,"\u00e4\ud83d\ude00\ud83d",true,false,null],"a":{}}`, ` [ ] `, `"\`, `{"a":1,}`, `1e`, "\"\x01\"", `[[[[`, `01`, `"\q"`,
	`{"\u0061":"mirra-url:x"}`, "\"\xff\"", `"\ud800\u0041"`, `[1,2`, `nul`, `{"a" : { "b" : [ 1 , 2 ] } }`, `-`, `""`, "mirra-url:",
	`{"abcdefgh ij":"a longer text, mirra-secret:1 in it"}`, `["eightbytes and a quote \" at last","\\","12345678\\","1234567\\\""]`,
}

// FuzzParse holds reading and writing of JSON against encoding/json.
func FuzzParse(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := NewArena(8).Parse(s)
		valid := json.Valid([]byte(s))
		if err != nil {
			if valid && strings.Count(s, "[")+strings.Count(s, "{") <= maxDepth {
				t.Errorf("%q: refused", s)
			}
			return
		}
		if !valid {
			t.Fatalf("%q: taken", s)
		}
		want := decode(t, s)
		lazy := d.JSON()
		same(t, "lazy", s, lazy, want)
		c := d.Clone(NewArena(8))
		c.openAll()
		same(t, "eager", s, c.JSON(), want)
		if !d.Equal(c) {
			t.Errorf("%q: lazy and eager differ", s)
		}
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(lazy)) != nil || compact.String() != lazy {
			t.Errorf("%q: %s has white space", s, lazy)
		}
		if strings.Contains(lazy, urlToken) || strings.Contains(lazy, secretToken) {
			t.Errorf("%q: a token came out", s)
		}
		if d.Kind() == String && d.String() != want {
			t.Errorf("%q: got %q, want %q", s, d.String(), want)
		}
	})
}

func decode(t *testing.T, s string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Fatalf("%q: more behind the value", s)
	}
	return v
}

func same(t *testing.T, what, s, got string, want any) {
	t.Helper()
	if v := decode(t, got); !reflect.DeepEqual(v, want) {
		t.Errorf("%s: %q became %s: %#v, want %#v", what, s, got, v, want)
	}
}

// FuzzString holds that any text written as a JSON string is read back by
// encoding/json, and by this package.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "a\"\\\n\x00\x7f\u2028", "mirra-secret:1", "\xff\xc3", "😀", "mmirra-url:", "12345678-mirra-url:x", "a-b:c mirra-secret:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := AppendString(nil, s)
		var got, want string
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q became %s: %v", s, b, err)
		}
		std, _ := json.Marshal(s)
		if err := json.Unmarshal(std, &want); err != nil || got != want {
			t.Errorf("%q became %q, want %q", s, got, want)
		}
		if d := NewArena(1).Trusted(string(b)); d.String() != want {
			t.Errorf("%q was read back as %q", s, d.String())
		}
		if bytes.Contains(b, []byte(urlToken)) || bytes.Contains(b, []byte(secretToken)) {
			t.Errorf("%q became a token: %s", s, b)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{``, ` `, `{`, `[1,]`, `{"a"}`, `{"a":1,}`, `{1:1}`, `01`, `1.`, `1e`, `-`, `+1`, `tru`, `"\x"`, `"\u12"`, `"a`, "\"\n\"", `1 2`, `{"a":[{"b":}]}`, `"\`, `'a'`} {
		if d, err := NewArena(1).Parse(s); err == nil {
			t.Errorf("%q was read as %s", s, d.JSON())
		}
	}
}

func TestIndent(t *testing.T) {
	if got, want := Indent(`{"a":[1]}`), "{\n  \"a\": [\n    1\n  ]\n}"; got != want {
		t.Errorf("got %s", got)
	}
}
