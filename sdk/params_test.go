package sdk

import (
	"errors"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/tape"
)

// params reads a query and a body as a call of a plugin does.
func params(t testing.TB, dialect Dialect, target, contentType, body string) (Doc, error) {
	t.Helper()
	var p tape.Parser
	frame, parts := p.Append(abi.AppendUint16Section(nil, abi.TagKind, uint16(abi.KindHTTP)), target, contentType, []byte(body))
	for i, part := range parts {
		p.Bind(frame, part, uint32(i+1))
	}
	c := newCall()
	plugin := New(Manifest{})
	plugin.Dialect = dialect
	c.reset(plugin)
	if err := c.Decode(string(frame)); err != nil {
		t.Fatal(err)
	}
	d, err := c.Params()
	if again, err2 := c.Params(); again != d || err2 != err {
		t.Error("read twice")
	}
	return d, err
}

func TestRack(t *testing.T) {
	for _, c := range []struct{ form, want string }{
		{"a=1&b=2", `{"a":"1","b":"2"}`},
		{"a=1&a=2", `{"a":"2"}`},
		{"a", `{"a":""}`},
		{"a[b]=1&a[c]=2", `{"a":{"b":"1","c":"2"}}`},
		{"a[b]=1&a[b]=2", `{"a":{"b":"2"}}`},
		{"a[b][c]=1", `{"a":{"b":{"c":"1"}}}`},
		{"a[]=1&a[]=2", `{"a":["1","2"]}`},
		{"a[]=", `{"a":[""]}`},
		{"a[0]=x&a[1]=y", `{"a":{"0":"x","1":"y"}}`}, // indexes are names: CheckFields takes them for arrays
		{"a[][b]=1&a[][c]=2&a[][b]=3&a[][c]=4", `{"a":[{"b":"1","c":"2"},{"b":"3","c":"4"}]}`},
		{"a[][b][c]=1&a[][b][d]=2&a[][b][c]=3", `{"a":[{"b":{"c":"1","d":"2"}},{"b":{"c":"3"}}]}`},
		{"a[][p][c]=usd&a[][q]=1&a[][p][c]=eur&a[][q]=2", `{"a":[{"p":{"c":"usd"},"q":"1"},{"p":{"c":"eur"},"q":"2"}]}`},
		{"a[][b][]=1&a[][b][]=2", `{"a":[{"b":["1","2"]}]}`},
		{"a[][]=1&a[][]=2", `{"a":[["1"],["2"]]}`},
		{"a[b][][c]=1&a[b][][c]=2", `{"a":{"b":[{"c":"1"},{"c":"2"}]}}`},
		{"a[b]=1&a=2", `{"a":"2"}`}, // the value wins; the other way round is refused
		{"a[]=1&a=2", `{"a":"2"}`},
		{"a[b][c]=1&a[b]=2&a[d]=3", `{"a":{"b":"2","d":"3"}}`},
		{"a[b=1", `{"a[b":"1"}`},
		{"[a]=1", `{"[a]":"1"}`},
		{"=1", `{"":"1"}`},
		{"", `{}`},
	} {
		d, err := params(t, Rack, "/", "application/x-www-form-urlencoded", c.form)
		if err != nil {
			t.Errorf("%s: %v", c.form, err)
		}
		wantJSON(t, c.form, d, c.want)
	}
	for form, name := range map[string]string{
		"a[b]=1&a=2&a[b]=3": "a[b]", "a=1&a[b]=2": "a[b]", "a=1&a[]=2": "a[]", "a[]=1&a[b]=2": "a[b]", "a[b]=1&a[]=2": "a[]",
		"a[b][c]=1&a[b]=2&a[b][c]=3": "a[b][c]", "a[]=1&a[][b]=2": "a[][b]", "ok=1&a=1&a[b]=2&c[d]=1&c=2": "a[b]",
	} {
		_, err := params(t, Rack, "/", "application/x-www-form-urlencoded", form)
		e, ok := errors.AsType[*ParamError](err)
		if !ok || e.Name != name || e.Reason != abi.ReasonSyntax || !strings.Contains(e.Error(), "field "+name+" ") {
			t.Errorf("%s: got %v, want a conflict of %s", form, err, name)
		}
	}
}

func TestRepeated(t *testing.T) {
	for _, c := range []struct{ form, want string }{
		{"a=1&b=2", `{"a":"1","b":"2"}`},
		{"a=1&a=2&a=3", `{"a":["1","2","3"]}`},
		{"a[b]=1&a[]=2", `{"a[b]":"1","a[]":"2"}`},
		{"a=1&b=2&a=3", `{"a":["1","3"],"b":"2"}`},
	} {
		d, err := params(t, Repeated, "/", "application/x-www-form-urlencoded", c.form)
		if err != nil {
			t.Errorf("%s: %v", c.form, err)
		}
		wantJSON(t, c.form, d, c.want)
	}
}

func TestParamsOfEachBody(t *testing.T) {
	multi := "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
	for _, c := range []struct{ target, contentType, body, want string }{
		{"/?q=1&a=0", "application/x-www-form-urlencoded", "a=1", `{"q":"1","a":"1"}`},
		{"/?q=1", "application/json", `{"a":{"b":[1,null,true,{"c":1.50}]},"a2":false,"d":1,"d":2}`, `{"q":"1","a":{"b":[1,null,true,{"c":1.50}]},"a2":false,"d":2}`},
		{"/?q=1", "application/json", `[1,{"a":2}]`, `{"q":"1"}`},
		{"/?q=1", "application/json", `7`, `{"q":"1"}`},
		{"/", "text/plain", "hello", `{}`},
		{"/", "multipart/form-data; boundary=x", multi, `{"a":"1","f":{"file_name":"a.txt","content_type":"text/plain","blob":1,"size":5}}`},
	} {
		d, err := params(t, Rack, c.target, c.contentType, c.body)
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
		}
		wantJSON(t, c.contentType, d, c.want)
	}
	for contentType, body := range map[string]string{"application/json": `{"a":`, "application/x-www-form-urlencoded": "a=%zz", "multipart/form-data; boundary=y": multi} {
		d, err := params(t, Rack, "/?q=1", contentType, body)
		if e, ok := errors.AsType[*ParamError](err); !ok || e.Reason != abi.ReasonSyntax || e.Text == "" || d.JSON() != "{}" {
			t.Errorf("%s: got %v and %s", body, err, d.JSON())
		}
	}
}

// FuzzParams holds that no form makes a dialect panic or print what is no JSON.
func FuzzParams(f *testing.F) {
	for _, s := range []string{"a[][b][c]=1&a[][b][c]=2&a[][]=3", "a[b]=1&a=2", "a[b=1&[=2&=3", "a[0][b]=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, form string) {
		for _, dialect := range []Dialect{Rack, Repeated} {
			d, _ := params(t, dialect, "/", "application/x-www-form-urlencoded", form)
			if _, err := NewArena(8).Parse(d.JSON()); err != nil && strings.Count(form, "[")+strings.Count(form, "%5") < maxDepth-1 {
				t.Errorf("%q became %s", form, d.JSON())
			}
		}
	})
}

func TestCheckFields(t *testing.T) {
	fields := []Field{
		{Name: "name", Type: TString | TClear, Max: 3},
		{Name: "amount", Type: TInteger, Required: true},
		{Name: "rate", Type: TNumber},
		{Name: "live", Type: TBoolean},
		{Name: "mode", Type: TString, Enum: &Enum{"a", "b"}},
		{Name: "address", Type: TObject, Fields: &Fields{{Name: "city", Type: TString, Required: true}}},
		{Name: "metadata", Type: TMap},
		{Name: "items", Type: TArray, Item: &Field{Type: TObject, Fields: &Fields{{Name: "price", Type: TString}}}},
		{Name: "tags", Type: TArray | TClear, Item: &Field{Type: TString}},
	}
	for _, c := range []struct {
		params string
		want   []string // kind and path of each violation
	}{
		{`{"amount":"1"}`, nil},
		{`{"amount":5,"rate":"1.5","live":"true","mode":"a","name":"","metadata":{"x":"y"},"tags":""}`, nil},
		{`{"amount":1,"name":"äöü","items":[{"price":"p"}],"tags":["x"],"live":false,"rate":-1e3}`, nil},
		{`{"amount":1,"items":{"0":{"price":"p"},"1":{"price":"q"}}}`, nil}, // indexes
		{`{"amount":1,"address":null}`, nil},
		{`{}`, []string{"1 amount"}},
		{`{"amount":1,"colour":"red","address":{"zip":"1"}}`, []string{"0 colour", "0 address[zip]", "1 address[city]"}},
		{`{"amount":"x","rate":"1.","live":"yes"}`, []string{"2 amount", "2 rate", "2 live"}},
		{`{"amount":1.5}`, []string{"2 amount"}},
		{`{"amount":1,"mode":"c"}`, []string{"3 mode"}},
		{`{"amount":1,"name":"abcd"}`, []string{"4 name"}},
		{`{"amount":""}`, []string{"5 amount"}},
		{`{"amount":{"a":"1"},"name":["x"],"address":"x"}`, []string{"2 amount", "2 name", "2 address"}},
		{`{"amount":1,"items":{"a":{"price":"p"}}}`, []string{"2 items"}},
		{`{"amount":1,"items":[{"price":"p"},{"colour":"q"}]}`, []string{"0 items[1][colour]"}},
		{`{"amount":1,"items":{"0":{"colour":"q"}}}`, []string{"0 items[0][colour]"}},
	} {
		var got []string
		done := CheckFields(parse(t, c.params), fields, 0, func(v Violation) bool {
			got = append(got, string(AppendInt(nil, int(v.Kind)))+" "+v.Path)
			if (v.Field == nil) != (v.Kind == UnknownField) || (v.Among == nil) == (v.Kind == UnknownField) {
				t.Errorf("%s: %+v", c.params, v)
			}
			return true
		})
		if strings.Join(got, ", ") != strings.Join(c.want, ", ") || !done {
			t.Errorf("%s: got %q, want %q", c.params, got, c.want)
		}
	}
	n := 0
	if CheckFields(parse(t, `{"x":1,"y":{"z":1}}`), fields, 0, func(Violation) bool { n++; return false }) || n != 1 {
		t.Errorf("went on after being stopped: %d", n)
	}
}

func TestRouter(t *testing.T) {
	root := new(segment)
	for _, pattern := range []string{
		"GET /v1/things", "POST /v1/things", "GET /v1/things/{id}", "POST /v1/things/{id}", "GET /v1/things/search", "GET /v1/things/search/{word}/deep",
		"GET /v1/things/{id}/parts/{part}", "GET /v1/{kind}/all", "GET /", "DELETE /v1/{kind}/{id}",
		"GET /v1/calls/{sid}.json", "GET /v1/calls/{sid}", "GET /v1/calls/{sid}.json/more", "GET /v1/calls/all.json",
	} {
		method, path, _ := strings.Cut(pattern, " ")
		root.add(path, &route{id: pattern, method: method})
	}
	for _, c := range []struct{ request, want, values string }{
		{"GET /v1/things", "GET /v1/things", ""},
		{"POST /v1/things", "POST /v1/things", ""},
		{"PUT /v1/things", "", ""},
		{"GET /v1/things/1", "GET /v1/things/{id}", "1"},
		{"GET /v1/things/search", "GET /v1/things/search", ""},                            // static over name
		{"POST /v1/things/search", "POST /v1/things/{id}", "search"},                      // unless it has not the method
		{"GET /v1/things/search/parts/2", "GET /v1/things/{id}/parts/{part}", "search 2"}, // back from a dead end
		{"GET /v1/things/all", "GET /v1/things/{id}", "all"},
		{"GET /v1/others/all", "GET /v1/{kind}/all", "others"},
		{"DELETE /v1/things/1", "DELETE /v1/{kind}/{id}", "things 1"},
		{"GET /v1/calls/CA1.json", "GET /v1/calls/{sid}.json", "CA1"}, // a suffix over none
		{"GET /v1/calls/CA1", "GET /v1/calls/{sid}", "CA1"},
		{"GET /v1/calls/CA1.json/more", "GET /v1/calls/{sid}.json/more", "CA1"},
		{"GET /v1/calls/all.json", "GET /v1/calls/all.json", ""},
		{"GET /v1/calls/.json", "GET /v1/calls/{sid}", ".json"},
		{"GET /v1/calls/CA1.xml", "GET /v1/calls/{sid}", "CA1.xml"},
		{"GET /", "GET /", ""},
		{"GET /v1/things/", "", ""},
		{"GET /v1//things", "", ""},
		{"GET //v1/things", "", ""},
		{"GET /v1/things//parts/2", "", ""},
		{"GET /v1/things/a%2Fb", "GET /v1/things/{id}", "a/b"},
		{"GET /v1/things/%zz", "GET /v1/things/{id}", "%zz"}, // malformed stays
		{"GET /v1/thing%73", "", ""},                         // static segments are compared as sent
		{"GET /v1/things/../x", "", ""},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		call := newCall()
		call.route = root.find(method, path, &call.values)
		got, values := "", []string{}
		if call.route != nil {
			got = call.route.id
			for _, name := range call.route.names {
				values = append(values, call.Value(name))
			}
		}
		if got != c.want || strings.Join(values, " ") != c.values {
			t.Errorf("%s: got %s with %q, want %s with %s", c.request, got, values, c.want, c.values)
		}
	}
	for _, path := range []string{"/{a}{b}", "/x{a}", "/{a", "/a}", "/{1}/{2}/{3}/{4}/{5}/{6}/{7}"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", path)
				}
			}()
			new(segment).add(path, new(route))
		}()
	}
}
