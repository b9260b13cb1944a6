package sdk

import (
	"strings"
	"testing"
)

// TestPrintFromSource are documents of which parts are printed as they stand in
// the text they were read from, and others are not.
func TestPrintFromSource(t *testing.T) {
	const spaced = ` { "a" : 1 , "b":[ 1,2 , {"c" :null}],"d":"x" , "e":{} } `
	const dense = `{"a":1,"b":{"c":[1,2],"d":"a\"b"},"e":true,"f":{"g":"h"},"i":"j"}`
	for _, c := range []struct {
		name, json string
		edit       func(d Doc)
		want       string
	}{
		{"spaces go", spaced, func(d Doc) { d.openAll() }, `{"a":1,"b":[1,2,{"c":null}],"d":"x","e":{}}`},
		{"spaces and a change", spaced, func(d Doc) { d.Get("b").At(2).SetBool("c", false) }, `{"a":1,"b":[1,2,{"c":false}],"d":"x","e":{}}`},
		{"all of it", dense, func(d Doc) { d.openAll() }, dense},
		{"the first goes", dense, func(d Doc) { d.Delete("a") }, `{"b":{"c":[1,2],"d":"a\"b"},"e":true,"f":{"g":"h"},"i":"j"}`},
		{"one in the middle goes", dense, func(d Doc) { d.openAll(); d.Delete("e") }, `{"a":1,"b":{"c":[1,2],"d":"a\"b"},"f":{"g":"h"},"i":"j"}`},
		{"the last goes", dense, func(d Doc) { d.openAll(); d.Delete("i") }, `{"a":1,"b":{"c":[1,2],"d":"a\"b"},"e":true,"f":{"g":"h"}}`},
		{"all go", dense, func(d Doc) {
			for _, k := range []string{"a", "b", "e", "f", "i"} {
				d.Delete(k)
			}
		}, `{}`},
		{"deep down", dense, func(d Doc) { d.Get("b", "c").AddInt(3); d.Get("f").SetString("g", "k") }, `{"a":1,"b":{"c":[1,2,3],"d":"a\"b"},"e":true,"f":{"g":"k"},"i":"j"}`},
		{"a name that is a value of the source", dense, func(d Doc) { d.Rename("a", d.Get("i").String()[:1]); d.Delete("i") }, `{"j":1,"b":{"c":[1,2],"d":"a\"b"},"e":true,"f":{"g":"h"}}`},
		{"a value that is a part of the source", dense, func(d Doc) { d.SetNumber("a", d.Get("b").node().text[6:7]); d.SetString("e", d.Get("i").String()) }, `{"a":1,"b":{"c":[1,2],"d":"a\"b"},"e":"j","f":{"g":"h"},"i":"j"}`},
		{"a part in another place", dense, func(d Doc) { d.openAll(); d.SetDoc("a", d.Get("f")); d.SetDoc("f", d.Get("b", "c")) }, `{"a":{"g":"h"},"b":{"c":[1,2],"d":"a\"b"},"e":true,"f":[1,2],"i":"j"}`},
		{"sorted", `{"b":1,"d":2}`, func(d Doc) {
			d.SetSorted("c", "[]")
			d.SetSortedString("a", "m")
			d.SetSortedString("e", "")
			d.SetSortedString("d", "3")
		}, `{"a":"m","b":1,"c":[],"d":"3","e":""}`},
		{"sorted into an order of its own", `{"z":1,"a":2,"y":3}`, func(d Doc) { d.SetSortedString("b", "x"); d.SetSortedString("zz", "") }, `{"z":1,"a":2,"b":"x","y":3,"zz":""}`},
		{"sorted into nothing", `{}`, func(d Doc) { d.SetSortedString("b", "x"); d.SetSortedString("a", "x"); d.SetString("c", "") }, `{"a":"x","b":"x","c":""}`},
		{"sorted into a string", `{"a":"b"}`, func(d Doc) { d.Get("a").SetSortedString("b", "x") }, `{"a":"b"}`},
		{"picked", `{"a":{"x":"1","y":"","z":"3"}}`, func(d Doc) { d.SetPicked("b", d.Get("a"), []string{"z", "y", "none", "x"}) }, `{"a":{"x":"1","y":"","z":"3"},"b":{"z":"3","y":null,"none":null,"x":"1"}}`},
		{"picked from nothing", `{"b":1}`, func(d Doc) { d.SetPicked("b", d.Get("a"), []string{"z"}).SetInt("y", 1) }, `{"b":{"z":null,"y":1}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := NewArena(4).Trusted(c.json)
			c.edit(d)
			wantJSON(t, "printed", d, c.want)
			d.Seal()
			wantJSON(t, "sealed", d, c.want)
		})
	}
}

// TestPlainText holds the quick look at text against the careful one: every
// byte in every place of texts of every short length.
func TestPlainText(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("x", n))
				b[at] = byte(c)
				s := string(b)
				want := string(append(appendEscaped([]byte{'"'}, s), '"'))
				if got := string(AppendString(make([]byte, 0, 256), s)); got != want {
					t.Fatalf("%q became %s, want %s", s, got, want)
				}
				if !sameText(s, string(b)) || sameText(s, strings.Repeat("x", n)) != (c == 'x') || sameText(s, s+"x") {
					t.Fatalf("sameText is wrong about %q", s)
				}
			}
		}
	}
	for _, token := range []string{urlToken, secretToken} {
		s := "abc" + token + "def"
		if got := string(AppendString(make([]byte, 0, 256), s)); strings.Contains(got, token) {
			t.Errorf("%q became %s, which is a token", s, got)
		}
	}
}
