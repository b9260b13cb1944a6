package sqlite

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

const (
	callMember = iota
	callWith
	callWithout
)

var editSchema = host.Schema{Version: 1, DDL: `CREATE TABLE t (a)`, Statements: []string{
	callMember:  `SELECT mirra_member(?1, ?2)`,
	callWith:    `SELECT mirra_with(?1, ?2, ?3)`,
	callWithout: `SELECT mirra_without(?1, ?2, ?3)`,
}}

// edit runs one of editSchema's statements.
func edit(t testing.TB, s *Store, stmt uint32, values ...any) abi.Value {
	t.Helper()
	out, _, err := s.Run(stmt, args(values...), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := abi.DecodeRows(string(out))
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func mustEdits(t testing.TB) *Store {
	t.Helper()
	any, err := mustStores(t).Ephemeral(&editSchema)
	if err != nil {
		t.Fatal(err)
	}
	s := any.(*Store)
	mustBegin(t, s)
	t.Cleanup(s.Rollback)
	return s
}

func TestEdits(t *testing.T) {
	const doc = `{"id":"ch_1","object":"charge","n":1.50,"card":{"object":"card","last4":"4242","nets":{"a":1,"b":2}},"list":[{"object":"card","last4":"1"},3],"end":null}`
	tests := []struct {
		name string
		stmt uint32
		in   []any
		want any // nil is NULL
	}{
		{"a member", callMember, []any{doc, "id"}, "ch_1"},
		{"of another type", callMember, []any{doc, "n"}, nil},
		{"not there", callMember, []any{doc, "last4"}, nil},
		{"escaped", callMember, []any{`{"a":"x\u0041\n"}`, "a"}, "xA\n"},
		{"of no object", callMember, []any{`["id"]`, "id"}, nil},
		{"of NULL", callMember, []any{nil, "id"}, nil},
		{"with another value", callWith, []any{`{"a":{"b":1},"b":"2","c":3}`, "b", `{"x":[]}`}, `{"a":{"b":1},"b":{"x":[]},"c":3}`},
		{"with NULL", callWith, []any{`{"b":"2"}`, "b", nil}, `{"b":"2"}`},
		{"with a member that is not there", callWith, []any{`{"b":"2"}`, "c", `1`}, `{"b":"2"}`},
		{"with in NULL", callWith, []any{nil, "c", `1`}, nil},
		{"without nothing", callWithout, []any{doc, "object", ""}, doc},
		{"without what is not there", callWithout, []any{doc, "object", "charge x.y\ncustomer id\ncard last4.x"}, doc},
		{"without the first", callWithout, []any{`{"object":"a","b":1}`, "object", "a object"}, `{"b":1}`},
		{"without the last", callWithout, []any{`{"object":"a","b":1}`, "object", "a b"}, `{"object":"a"}`},
		{"without any", callWithout, []any{`{"object":"a","b":1}`, "object", "a b\na object"}, `{}`},
		{"without some in a row", callWithout, []any{`{"x":1,"y":{},"object":"a","b":1,"c":[1]}`, "object", "a x\na y\na b\na b"}, `{"object":"a","c":[1]}`},
		{"without those around one", callWithout, []any{`{"x":1,"object":"a","b":1}`, "object", "a x\na b"}, `{"object":"a"}`},
		{"without what lies within", callWithout, []any{doc, "object", "card last4\ncharge card.nets.a\ncharge end"},
			`{"id":"ch_1","object":"charge","n":1.50,"card":{"object":"card","nets":{"b":2}},"list":[{"object":"card"},3]}`},
		{"without a whole and its parts", callWithout, []any{doc, "object", "charge card\ncard nets\ncard last4\ncharge list"},
			`{"id":"ch_1","object":"charge","n":1.50,"end":null}`},
		{"by another tag", callWithout, []any{doc, "last4", "4242 nets.b"}, strings.Replace(doc, `,"b":2`, "", 1)},
		{"text that is not compact", callWithout, []any{`{"object": "a"}`, "object", "a object"}, `{"object": "a"}`},
		{"without in NULL", callWithout, []any{nil, "object", "a object"}, nil},
	}
	s := mustEdits(t)
	for _, test := range tests {
		got := edit(t, s, test.stmt, test.in...)
		if test.want == nil {
			if got.Type != abi.Null {
				t.Errorf("%s: got %q, want NULL", test.name, got.Str)
			}
		} else if got.Type != abi.Text || got.Str != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got.Str, test.want)
		}
	}
}

func TestEditsAreNotInTables(t *testing.T) {
	for _, ddl := range []string{`CREATE TABLE t (a); CREATE INDEX i ON t (mirra_member(a, 'id'))`, `CREATE TABLE t (a CHECK (mirra_with(a, 'b', '1') > ''))`} {
		_, err := mustStores(t).Ephemeral(&host.Schema{Version: 1, DDL: ddl})
		if err == nil || !strings.Contains(err.Error(), "function mirra_") {
			t.Errorf("%s: %v, want a refusal that names the function", ddl, err)
		}
	}
}

func TestEditOfManyValues(t *testing.T) {
	s := mustEdits(t)
	_, _, err := s.Run(callWithout, args("["+strings.Repeat("0,", maxEditValues)+"0]", "object", "a b"), nil)
	if errnoOf(err) != abi.SQL || !strings.Contains(err.Error(), "100000 values") {
		t.Errorf("got %v, want a refusal of SQL that says how many values", err)
	}
}

// TestEditsAsSpecified runs the examples of the ABI.
func TestEditsAsSpecified(t *testing.T) {
	text, err := os.ReadFile("../../abi/README.md")
	if err != nil {
		t.Fatal(err)
	}
	s, n := mustEdits(t), 0
	for _, m := range regexp.MustCompile("(?m)^(mirra_[a-z]+)\\('(.*)'\\) = (.*)$").FindAllStringSubmatch(string(text), -1) {
		var in []any
		for _, a := range strings.Split(m[2], "', '") {
			in = append(in, a)
		}
		stmt := slices.Index([]string{"mirra_member", "mirra_with", "mirra_without"}, m[1])
		if got := edit(t, s, uint32(stmt), in...); got.Str != m[3] {
			t.Errorf("%s: got %s", m[0], got.Str)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d examples, want one of each function", n)
	}
}

// FuzzEdits holds the functions to what decoding, changing and encoding a
// document gives.
func FuzzEdits(f *testing.F) {
	f.Add(`{"object":"a","b":{"c":1,"object":"d"},"e":[{"object":"a","b":2}]}`, "a b.c\nd object\na e")
	f.Add(`[{"object":"a","x":"\"\\"},{},[]]`, "a x")
	f.Add(`{"object":"a","a":{"object":"a","a":{}}}`, "a a.a\na a")
	f.Add(`{"object":`, "a a")
	s := mustEdits(f)
	f.Fuzz(func(t *testing.T, doc, spec string) {
		s.Rollback()
		mustBegin(t, s)
		got := edit(t, s, callWithout, doc, "object", spec).Str
		var tree any
		if json.Unmarshal([]byte(doc), &tree) != nil {
			return // that it returns is all that is asked
		}
		compact, err := json.Marshal(tree)
		if err != nil || strings.ContainsRune(doc, 0) {
			return
		}
		// Encoding sorts members: no text with a name twice or escapes in names
		// gets this far, because it differs from its own encoding.
		if doc = string(compact); doc == "" {
			return
		}
		got = edit(t, s, callWithout, doc, "object", spec).Str
		trim(tree, parseRules(spec))
		want, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(doc, `\`) && got != string(want) {
			t.Errorf("%s without %q:\ngot  %s\nwant %s", doc, spec, got, want)
		}
		if object, ok := tree.(map[string]any); ok {
			for name, v := range object {
				if member := edit(t, s, callMember, string(want), name); member.Type == abi.Text && member.Str != v {
					t.Errorf("member %q of %s: got %q", name, want, member.Str)
				}
			}
		}
	})
}

// trim is what mirra_without does, on decoded JSON. All objects are matched
// before any is changed.
func trim(v any, rules map[string][][]string) {
	var do []func()
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				visit(e)
			}
		case map[string]any:
			typ, _ := v["object"].(string)
			for _, path := range rules[typ] {
				at, ok := v, typ != "" || hasText(v["object"])
				for _, step := range path[:len(path)-1] {
					if ok {
						at, ok = at[step].(map[string]any)
					}
				}
				if ok {
					do = append(do, func() { delete(at, path[len(path)-1]) })
				}
			}
			for _, e := range slices.Collect(maps.Values(v)) {
				visit(e)
			}
		}
	}
	visit(v)
	for _, f := range do {
		f()
	}
}

func hasText(v any) bool { _, ok := v.(string); return ok }
