package sqlite

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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
	for _, m := range regexp.MustCompile(`(?m)^(mirra_[a-z]+)\('(.*)'\) = (.*)$`).FindAllStringSubmatch(string(text), -1) {
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

// FuzzEdits holds the functions to a slow reading of the same rules: a tree of
// all values with their text, made by encoding/json's decoder.
func FuzzEdits(f *testing.F) {
	f.Add(`{"object":"a","b":{"c":1,"object":"d"},"e":[{"object":"a","b":2}]}`, "a b.c\nd object\na e", "b")
	f.Add(`[{"object":"a","x":"\"\\"},{},[]]`, "a x", "x")
	f.Add(`{"object":"a","a":{"object":"a","a":{}}}`, "a a.a\na a", "object")
	f.Add(`{"x":1,"object":"a","x":2,"object":"b","y":{"x":3},"y":4}`, "a x\nb y\na y.x", "x")
	f.Add(`{"\u0061":1,"object":"a","a":"\u0061"}`, "a a\na \\u0061", "\\u0061")
	f.Add(`{"object":1,"b":2,"c":{"object":""}}`, " object\n1 b", "c")
	f.Add(`{"object":`, "a a", "object")
	s := mustEdits(f)
	f.Fuzz(func(t *testing.T, doc, rules, name string) {
		s.Rollback()
		mustBegin(t, s)
		without := edit(t, s, callWithout, doc, "object", rules).Str
		with := edit(t, s, callWith, doc, name, `{"new":[]}`).Str
		member := edit(t, s, callMember, doc, name)
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(doc)) != nil || compact.String() != doc {
			return // that they return is all that is asked
		}
		tree, depth := readTree(doc)
		if depth > maxEditDepth {
			return
		}
		if m := tree.first(name); m == nil || tree.kind != '{' {
			if with != doc || member.Type != abi.Null {
				t.Errorf("%s has no %q: got %s and member %v", doc, name, with, member)
			}
		} else {
			var text any
			if _ = json.Unmarshal([]byte(m.text), &text); m.kind != '"' && member.Type != abi.Null || m.kind == '"' && utf8.ValidString(doc) && member.Str != text {
				t.Errorf("member %q of %s: got %v", name, doc, member)
			}
			old := m.text
			m.text, m.kind = `{"new":[]}`, 0
			if want := tree.String(); with != want {
				t.Errorf("%s with %q:\ngot  %s\nwant %s", doc, name, with, want)
			}
			m.text, m.kind = old, old[0]
		}
		tree.strike(rules)
		if want := tree.String(); without != want {
			t.Errorf("%s without %q:\ngot  %s\nwant %s", doc, rules, without, want)
		}
	})
}

// docNode is one value of a document, of an object's with its name.
type docNode struct {
	kind       byte // that its text begins with; 0 is printed as its text
	name, text string
	children   []*docNode
	gone       bool
}

// readTree reads a compact document.
func readTree(doc string) (root *docNode, depth int) {
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	raw := func() string {
		from := d.InputOffset()
		if _, err := d.Token(); err != nil {
			panic(err) // json.Compact has read it
		}
		return strings.TrimLeft(doc[from:d.InputOffset()], ",:")
	}
	var read func(at int) *docNode
	read = func(at int) *docNode {
		depth = max(depth, at)
		v := &docNode{text: raw()}
		v.kind = v.text[0]
		if v.kind == '{' || v.kind == '[' {
			for d.More() {
				name := ""
				if v.kind == '{' {
					name = raw()
				}
				c := read(at + 1)
				c.name = name
				v.children = append(v.children, c)
			}
			raw()
		}
		return v
	}
	return read(0), depth
}

// first returns the first member with a name.
func (v *docNode) first(name string) *docNode {
	for _, c := range v.children {
		if v.kind == '{' && c.name == `"`+name+`"` {
			return c
		}
	}
	return nil
}

func (v *docNode) String() string {
	if v.kind != '{' && v.kind != '[' {
		return v.text
	}
	var parts []string
	for _, c := range v.children {
		switch {
		case c.gone:
		case v.kind == '{':
			parts = append(parts, c.name+":"+c.String())
		default:
			parts = append(parts, c.String())
		}
	}
	return string(v.kind) + strings.Join(parts, ",") + string(v.kind+2)
}

// strike marks what rules name.
func (v *docNode) strike(rules string) {
	var tag string
	for _, c := range v.children {
		if v.kind == '{' && c.name == `"object"` && c.kind == '"' {
			tag = c.text
			break
		}
	}
	for _, rule := range strings.Split(rules, "\n") {
		typ, path, ok := strings.Cut(rule, " ")
		if !ok || tag != `"`+typ+`"` {
			continue
		}
		at := v
		for _, step := range strings.Split(path, ".") {
			if at = at.first(step); at == nil {
				break
			}
		}
		if at != nil {
			at.gone = true
		}
	}
	for _, c := range v.children {
		c.strike(rules)
	}
}
