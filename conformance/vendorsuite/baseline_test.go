package vendorsuite

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBaseline: what was exact once is missed when it is lost, and only then.
func TestBaseline(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "b.json")
	b, err := ReadBaseline(path)
	if err != nil || len(b) != 0 {
		t.Fatalf("a baseline that is not there: %v, %v", b, err)
	}
	good := MustReplay(t, shop(nil), MustRead(t, shopLines...), Options{})
	if lost, unseen := b.Lost(good); len(lost) != 0 || unseen != 0 {
		t.Errorf("lost %v of an empty baseline", lost)
	}
	good.Mirror = "shop@1"
	b.Update(good, true, "")
	if err := b.Write(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"{\n\"stripe\": {\n\"figures\": {\n\"shop@1\": {\n\"recorded\": {\n\"counted\": 3,\n\"exact\": 3,\n\"meanOverOperations\": 1.0000,\n\"operations\": {\n",
		"\n\"POST /v1/customers\": [1,1]\n}",
		"\"matches\": {\n\"recorded\": {\n\"" + sourceDigest("c") + "\": {\"0\":\"byte\",\"1\":\"byte\",\"2\":\"byte\"}\n}\n}\n}\n}\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the file is\n%swant in it\n%s", text, want)
		}
	}
	if b, err = ReadBaseline(path); err != nil {
		t.Fatal(err)
	}
	if lost, unseen := b.Lost(good); len(lost) != 0 || unseen != 0 {
		t.Errorf("lost %v, unseen %d", lost, unseen)
	}

	wrong := func(_ *Request, a *Response) *Response {
		a.Body = strings.ReplaceAll(a.Body, `"name":"a"`, `"name":"b"`)
		return a
	}
	bad := MustReplay(t, shop(wrong), MustRead(t, shopLines...), Options{})
	lost, _ := b.Lost(bad)
	if len(lost) != 2 || lost[0].Where() != "c#0" || lost[0].Was != Byte || lost[0].Verdict != Shape || lost[1].Order != 1 {
		t.Errorf("lost %+v", lost)
	}
	spaced := func(_ *Request, a *Response) *Response {
		a.Body += "\n"
		return a
	}
	if lost, _ := b.Lost(MustReplay(t, shop(spaced), MustRead(t, shopLines...), Options{})); len(lost) != 3 || lost[2].Verdict != Exact {
		t.Errorf("byte matches that are only exact: %+v", lost)
	}

	// What was not replayed is neither lost nor forgotten.
	other := MustReplay(t, shop(nil), MustRead(t, exchangeLine("d", 0, "POST", "/v1/customers", "name=a", 200, customer(1723305600))), Options{})
	if lost, unseen := b.Lost(other); len(lost) != 0 || unseen != 3 {
		t.Errorf("lost %v, unseen %d, want none and 3", lost, unseen)
	}
	b.Update(other, false, "")
	bad.Mirror = "shop@1"
	b.Update(bad, false, "")
	if f := b["stripe"].Figures["shop@1"][Recorded]; f.Exact != 3 {
		t.Errorf("a run of a part changed the figures to %+v", f)
	}
	b.Update(bad, true, "2026-11-27")
	if f := b["stripe"].Figures["shop@1"][Recorded]; f.Checked != "2026-11-27" || f.Exact != 1 || f.Counted != 3 || f.Operations["POST /v1/customers"] != [2]int{0, 1} {
		t.Errorf("figures %+v", f)
	}
	if got := b["stripe"].Matches[Recorded]; len(got) != 2 || !maps.Equal(got[sourceDigest("c")], map[int]Verdict{2: Byte}) || !maps.Equal(got[sourceDigest("d")], map[int]Verdict{0: Byte}) {
		t.Errorf("updated to %v", got)
	}

	for _, bad := range []string{`[`, `{"stripe":{"matches":{"recorded":{"x":{"0":"shape"}}}}}`, `{"stripe":{"matches":{"recorded":{"x":{"a":"byte"}}}}}`,
		`{"stripe":{"matches":{"recorded":{"x":{"0":"great"}}}}}`, `{"stripe":{"figures":{"stripe@1":{"recorded":null}}}}`, `{"stripe":{"x":{}}}`} {
		if _, err := ReadBaseline(MustWrite(t, "b.json", bad)); err == nil {
			t.Errorf("%s is read without an error", bad)
		}
	}
	if err := b.Write(filepath.Join(path, "x")); err == nil {
		t.Error("a baseline was written into a file")
	}
}

// TestHTML: the page is well-formed, needs nothing else, and shows no recording.
func TestHTML(t *testing.T) {
	t.Parallel()
	wrong := func(_ *Request, a *Response) *Response {
		a.Body = strings.NewReplacer(`"name"`, `"<b>name"`, "No such", "There is no").Replace(a.Body)
		return a
	}
	report := MustReplay(t, shop(wrong), MustRead(t, shopLines...), Options{})
	report.Target = "shop@1 <i>"
	var page strings.Builder
	if err := report.HTML(&page); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	for _, want := range []string{"Fidelity of shop@1 &lt;i&gt;", "0 of 1", "2024-06-20", "&lt;b&gt;name", "No such customer"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	for _, not := range []string{"src=", "href=", "url(", "@import", "<script", customerA, "c#0"} {
		if strings.Contains(text, not) {
			t.Errorf("the page has %q", not)
		}
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Entity = xml.HTMLEntity
	var open []string
	seen := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, strings.Join(open, " "))
		}
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
			seen[e.Name.Local]++
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != e.Name.Local {
				t.Fatalf("%s closes %v", e.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) != 0 || seen["h1"] != 1 || seen["title"] != 1 || seen["table"] < 3 {
		t.Errorf("open %v, elements %v", open, seen)
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	o := newOperations(Stripe(), []Operation{
		{ID: "Get", Method: "GET", Path: "/v1/customers/{customer}"}, {ID: "Search", Method: "GET", Path: "/v1/customers/search"}, {ID: "List", Method: "GET", Path: "/v1/customers"},
		{ID: "Message", Method: "POST", Path: "/2010/Accounts/{sid}/Messages/{id}.json"},
	})
	for target, want := range map[string]string{
		"GET /v1/customers":                            "List",
		"GET /v1/customers?limit=3":                    "List",
		"GET /v1/customers/cus_1":                      "Get",
		"GET /v1/customers/search":                     "Search",
		"POST /2010/Accounts/AC1/Messages/SM1.json":    "Message",
		"POST /2010/Accounts/AC1/Messages/SM1":         "POST /2010/Accounts/AC1/Messages/SM1",
		"GET /v1/new/cus_AAAAAAAAAAAAAA/x/%3CTHING%3E": "GET /v1/new/{id}/x/{id}",
	} {
		method, path, _ := strings.Cut(target, " ")
		if got := o.find(&Exchange{Method: method, URL: "https://api.stripe.com" + path}); got != want {
			t.Errorf("%s is %q, want %q", target, got, want)
		}
	}
}

func TestVerdictNames(t *testing.T) {
	t.Parallel()
	var names []string
	for v := Differs; v <= Byte; v++ {
		text, err := v.MarshalText()
		var back Verdict
		if err != nil || back.UnmarshalText(text) != nil || back != v {
			t.Errorf("%d is written %q and read %d", v, text, back)
		}
		names = append(names, string(text))
	}
	if !slices.Equal(names, []string{"differs", "status", "shape", "values", "exact", "byte"}) {
		t.Errorf("names %q", names)
	}
	if new(Verdict).UnmarshalText([]byte("good")) == nil {
		t.Error("a name that is none is a verdict")
	}
}
