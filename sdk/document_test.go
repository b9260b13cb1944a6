package sdk

import (
	"strings"
	"testing"
)

func parse(t testing.TB, json string) Doc {
	t.Helper()
	d, err := NewArena(8).Parse(json)
	if err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	return d
}

func wantJSON(t testing.TB, what string, d Doc, want string) {
	t.Helper()
	if got := d.JSON(); got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// TestEdits holds what each way to change a document does to its members and
// their order, on a document that has been looked into and on one that has not.
func TestEdits(t *testing.T) {
	const json = `{"a":1,"b":{"c":[1,2]},"d":"x"}`
	for _, c := range []struct {
		name string
		edit func(d Doc)
		want string
	}{
		{"set a new member", func(d Doc) { d.SetString("e", "y") }, `{"a":1,"b":{"c":[1,2]},"d":"x","e":"y"}`},
		{"replace keeps the place", func(d Doc) { d.SetBool("a", true); d.SetNull("b") }, `{"a":true,"b":null,"d":"x"}`},
		{"replace a container", func(d Doc) { d.SetInt("b", -5) }, `{"a":1,"b":-5,"d":"x"}`},
		{"string or null", func(d Doc) { d.SetStringOrNull("a", ""); d.SetStringOrNull("d", "z") }, `{"a":null,"b":{"c":[1,2]},"d":"z"}`},
		{"number by literal", func(d Doc) { d.SetNumber("a", "1.50") }, `{"a":1.50,"b":{"c":[1,2]},"d":"x"}`},
		{"delete the first", func(d Doc) { d.Delete("a"); d.SetInt("e", 1) }, `{"b":{"c":[1,2]},"d":"x","e":1}`},
		{"delete the last, then add", func(d Doc) { d.Delete("d"); d.SetInt("e", 1) }, `{"a":1,"b":{"c":[1,2]},"e":1}`},
		{"delete all, then add", func(d Doc) { d.Delete("a"); d.Delete("b"); d.Delete("d"); d.SetInt("e", 1) }, `{"e":1}`},
		{"delete nothing", func(d Doc) { d.Delete("z") }, json},
		{"rename", func(d Doc) { d.Rename("a", "A\""); d.Rename("z", "y") }, `{"A\"":1,"b":{"c":[1,2]},"d":"x"}`},
		{"insert behind", func(d Doc) { d.InsertJSON("a", "n", `[0]`) }, `{"a":1,"n":[0],"b":{"c":[1,2]},"d":"x"}`},
		{"insert behind the last", func(d Doc) { d.InsertJSON("d", "n", `0`); d.SetInt("e", 1) }, `{"a":1,"b":{"c":[1,2]},"d":"x","n":0,"e":1}`},
		{"insert before the last", func(d Doc) { d.InsertJSON("b", "n", `0`); d.SetInt("e", 1) }, `{"a":1,"b":{"c":[1,2]},"n":0,"d":"x","e":1}`},
		{"insert behind nothing", func(d Doc) { d.InsertJSON("z", "n", `0`) }, `{"a":1,"b":{"c":[1,2]},"d":"x","n":0}`},
		{"insert what is there", func(d Doc) { d.InsertJSON("a", "d", `0`) }, `{"a":1,"b":{"c":[1,2]},"d":0}`},
		{"insert behind itself", func(d Doc) { d.InsertJSON("d", "d", `0`); d.SetInt("e", 1) }, `{"a":1,"b":{"c":[1,2]},"d":0,"e":1}`},
		{"deeper down", func(d Doc) { d.Get("b").SetObject("o").SetInt("p", 1); d.Get("b", "c").AddInt(3) }, `{"a":1,"b":{"c":[1,2,3],"o":{"p":1}},"d":"x"}`},
		{"copy of a member", func(d Doc) { d.SetDoc("e", d.Get("b")); d.Get("b", "c").AddInt(3) }, `{"a":1,"b":{"c":[1,2,3]},"d":"x","e":{"c":[1,2]}}`},
		{"copy onto itself", func(d Doc) { d.SetDoc("b", d.Get("b")) }, json},
		{"copy into itself", func(d Doc) { d.SetDoc("d", d) }, `{"a":1,"b":{"c":[1,2]},"d":{"a":1,"b":{"c":[1,2]},"d":"x"}}`},
		{"copy into a part of itself", func(d Doc) { d.Get("b").SetDoc("c", d); d.Get("b", "c").SetDoc("a", d.Get("d")) }, `{"a":1,"b":{"c":{"a":"x","b":{"c":[1,2]},"d":"x"}},"d":"x"}`},
		{"add to itself", func(d Doc) { l := d.Get("b", "c"); l.AddDoc(l); l.AddDoc(l.At(0)); l.AddDoc(Doc{}) }, `{"a":1,"b":{"c":[1,2,[1,2],1,null]},"d":"x"}`},
		{"lift a member", func(d Doc) { d.SetDoc("b", d.Get("b", "c")) }, `{"a":1,"b":[1,2],"d":"x"}`},
		{"copy of nothing", func(d Doc) { d.SetDoc("a", Doc{}) }, `{"a":null,"b":{"c":[1,2]},"d":"x"}`},
		{"members of a string", func(d Doc) { d.Get("d").SetInt("x", 1); d.Get("d").AddInt(1); d.AddInt(1) }, json},
		{"elements", func(d Doc) {
			l := d.SetArray("b")
			l.AddString("m")
			l.AddJSON(` {"x":1}`)
			l.AddObject().SetInt("y", 2)
			l.AddDoc(d.Get("a"))
		}, `{"a":1,"b":["m",{"x":1},{"y":2},1],"d":"x"}`},
		{"nothing", func(Doc) {}, json},
	} {
		t.Run(c.name, func(t *testing.T) {
			lazy, eager := parse(t, json), parse(t, json)
			eager.openAll()
			for what, d := range map[string]Doc{"lazy": lazy, "eager": eager, "clone": eager.Clone(NewArena(4)), "sealed": sealed(t, json)} {
				c.edit(d)
				wantJSON(t, what, d, c.want)
				wantJSON(t, what+", cloned", d.Clone(NewArena(1)), c.want)
				if !d.Equal(parse(t, c.want)) || !parse(t, c.want).Equal(d) {
					t.Errorf("%s is not equal to what it prints", what)
				}
				d.Seal()
				wantJSON(t, what+", sealed", d, c.want)
				d.openAll()
				wantJSON(t, what+", opened again", d, c.want)
			}
		})
	}
}

func sealed(t testing.TB, json string) Doc {
	d := parse(t, json)
	d.openAll()
	d.Seal()
	return d
}

func TestRead(t *testing.T) {
	d := parse(t, `{"s":"a\"\u0062","n":12,"neg":-3,"f":1.5,"t":true,"no":false,"z":null,"o":{"k":[10,"\u0031\u0032",{}]},"ts":"\u0074rue","\u006bey":1,"esc\n":2}`)
	for _, c := range []struct {
		path []string
		want string
		kind Kind
		n    int64
		ok   bool
		yes  bool
	}{
		{[]string{"s"}, `a"b`, String, 0, false, false},
		{[]string{"n"}, "12", Number, 12, true, false},
		{[]string{"neg"}, "-3", Number, -3, true, false},
		{[]string{"f"}, "1.5", Number, 0, false, false},
		{[]string{"t"}, "true", Bool, 0, false, true},
		{[]string{"no"}, "false", Bool, 0, false, false},
		{[]string{"z"}, "", Null, 0, false, false},
		{[]string{"o", "k"}, "", Array, 0, false, false},
		{[]string{"o"}, "", Object, 0, false, false},
		{[]string{"ts"}, "true", String, 0, false, true},
		{[]string{"key"}, "1", Number, 1, true, false},
		{[]string{"esc\n"}, "2", Number, 2, true, false},
		{[]string{"missing"}, "", Absent, 0, false, false},
		{[]string{"s", "x"}, "", Absent, 0, false, false},
	} {
		v := d.Get(c.path...)
		n, ok := v.Int()
		if v.String() != c.want || v.Kind() != c.kind || n != c.n || ok != c.ok || v.Bool() != c.yes || v.Int64() != c.n {
			t.Errorf("%q: got %q, kind %d, %d %v, %v", c.path, v.String(), v.Kind(), n, ok, v.Bool())
		}
		if v.Exists() != (c.kind != Absent) || v.IsNull() != (c.kind <= Null) {
			t.Errorf("%q: exists %v, null %v", c.path, v.Exists(), v.IsNull())
		}
	}
	k := d.Get("o", "k")
	if n, ok := k.At(1).Int(); k.Len() != 3 || !ok || n != 12 || k.At(3).Exists() || k.At(0).Int64() != 10 {
		t.Errorf("elements of %s", k.JSON())
	}
	var keys []string
	for m := range d.All {
		keys = append(keys, m.Key())
	}
	if got := strings.Join(keys, " "); got != "s n neg f t no z o ts key esc\n" {
		t.Errorf("keys %q", got)
	}
	var none Doc
	none.SetString("a", "b")
	none.Rename("a", "b")
	none.InsertJSON("a", "b", "1")
	none.Seal()
	if none.Exists() || none.Delete("a") || none.Key() != "" || none.Len() != 0 || none.JSON() != "null" || !none.Equal(Doc{}) {
		t.Error("the absent document does something")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":1,"b":[true]}`, ` { "a" : 1, "b" : [ true ] } `, true},
		{`"\u0061"`, `"a"`, true},
		{`{"\u0061":1}`, `{"a":1}`, true},
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`[1]`, `[1,1]`, false},
		{`1`, `"1"`, false},
		{`null`, `false`, false},
		{`true`, `false`, false},
		{`[]`, `{}`, false},
	} {
		if got := parse(t, c.a).Equal(parse(t, c.b)); got != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

func TestTemplates(t *testing.T) {
	tpl := MustTemplate(`{"id":"", "list":[{"x":1}], "url":"mirra-url:api/x", "last":null}`)
	a := NewArena(1)
	first, second := tpl.New(a), tpl.New(a)
	first.SetString("id", "1")
	first.Get("list").AddInt(2)
	second.SetString("id", "2")
	second.Delete("last")
	second.SetInt("more", 3)
	wantJSON(t, "first", first, `{"id":"1","list":[{"x":1},2],"url":"mirra-url:api/x","last":null}`)
	wantJSON(t, "second", second, `{"id":"2","list":[{"x":1}],"url":"mirra-url:api/x","more":3}`)
	wantJSON(t, "third", tpl.New(NewArena(1)), `{"id":"","list":[{"x":1}],"url":"mirra-url:api/x","last":null}`)
	defer func() {
		if recover() == nil {
			t.Error("a malformed template passed")
		}
	}()
	MustTemplate(`{"a":}`)
}

// TestTokens holds that no text from outside comes out as a token, and that
// tokens the plugin means do.
func TestTokens(t *testing.T) {
	for _, text := range []string{"mirra-url:api/x", "mirra-secret:1", "mmirra-url:", "xmirra-secret:1mirra-url:", "mirra-mirra-url:", `\mirra-url:`, "\xffmirra-url:", "mirra-ur", "mirra-"} {
		d := NewArena(4).NewObject()
		d.SetString("v", text)
		d.SetString(text, "key")
		d.SetArray("l").AddString(text)
		foreign := parse(t, d.JSON())
		holds := func(what, json string) {
			t.Helper()
			if strings.Contains(json, urlToken) || strings.Contains(json, secretToken) {
				t.Errorf("%s: %q became %s", what, text, json)
			}
		}
		holds("written", d.JSON())
		holds("read and written", foreign.JSON())
		if got, want := foreign.Get("v").String(), strings.ToValidUTF8(text, "\ufffd"); got != want {
			t.Errorf("%q became %q", text, got)
		}
		foreign.Rename("v", text)
		holds("renamed", foreign.JSON())
		// As a client might send it, not escaped.
		if raw := `{"a":"` + text + `", "` + text + `":1}`; text[0] != '\\' {
			d := parse(t, raw)
			holds("sent raw", d.JSON())
			d.openAll()
			holds("sent raw, opened", d.JSON())
			copied := NewArena(1).NewObject()
			copied.SetDoc("c", d)
			holds("copied", copied.JSON())
		}
		holds("appended", string(AppendString(nil, text)))
	}
	d := NewArena(4).NewObject()
	d.SetURL("url", "api", "/x/mirra-secret:1\"")
	d.SetSecret("secret", 7)
	wantJSON(t, "meant", d, `{"url":"mirra-url:api/x/\u006dirra-secret:1\"","secret":"mirra-secret:7"}`)
}

func TestPlain(t *testing.T) {
	c := newCall()
	c.reset(New(Manifest{Hosts: []Host{{ID: "api"}, {ID: "files"}}}))
	c.BaseURL = "http://127.0.0.1:1"
	got := c.Plain(`{"a":"mirra-url:api/x","b":"mirra-url:files/y","c":"mirra-url:api","d":"plain"}`)
	if want := `{"a":"http://127.0.0.1:1/x","b":"http://127.0.0.1:1/files/y","c":"http://127.0.0.1:1","d":"plain"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
