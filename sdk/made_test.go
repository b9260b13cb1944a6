package sdk_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// run answers one request by f, in a session of a plugin that has nothing else.
func run(t *testing.T, f func(c *sdk.Call, things *sdk.Collection) error) *sdktest.Response {
	t.Helper()
	p := sdk.New(sdk.Manifest{Name: "made", Line: "v1", Build: 1})
	things := p.Collect(&sdk.Collection{Type: "thing", Entity: "things", Index: []string{"owner"}})
	p.Handle("POST /", "run", sdk.Exact, func(c *sdk.Call) error { return f(c, things) })
	return sdktest.Start(t, sdktest.Plugin(p)).Request("POST", "/", "").Want(200)
}

var thing = sdk.MustTemplate(`{"object":"thing","id":"","owner":null,"tags":[],"note":"none","more":{"a":[1,{"b":"}"}]},"last":0}`)

// TestWriter holds a written document against one whose members were set.
func TestWriter(t *testing.T) {
	got := run(t, func(c *sdk.Call, things *sdk.Collection) error {
		w := thing.Write(c)
		w.String("id", `t"1`)
		w.Text("owner", "o1")
		w.Strings("tags", "a", `b\`)
		w.Text("note", "")
		w.Doc("more", sdk.Doc{})
		w.Doc("last", c.Object("n", 2, "s", nil, "t", true))
		d := w.Done(c)
		if err := things.InsertSealed(c, d, `t"1`, "o1"); err != nil {
			return err
		}
		found := things.Every(c, "owner", "o1")
		if len(found) != 1 {
			return fmt.Errorf("%d things of o1", len(found))
		}
		found[0].SetString("note", "replaced")
		if !things.Replace(c, found[0]) {
			return fmt.Errorf("nothing was replaced")
		}
		d, _ = things.Get(c, `t"1`)
		return c.JSON(d)
	})
	if want := `{"object":"thing","id":"t\"1","owner":"o1","tags":["a","b\\"],"note":"replaced","more":{"a":[1,{"b":"}"}]},"last":{"n":2,"s":null,"t":true}}`; got.Body != want {
		t.Errorf("got  %s\nwant %s", got.Body, want)
	}
}

// TestWriterWithin writes members of objects in a template.
func TestWriterWithin(t *testing.T) {
	shape := sdk.MustTemplate(`{"id":"","in":{"x":"","empty":{},"deep":{"y":null},"z":1},"last":""}`)
	got := run(t, func(c *sdk.Call, things *sdk.Collection) error {
		w := shape.Write(c)
		w.Joined("id", "a", "b")
		w.Joined("in.x", "mirra-", "url:", `"`)
		w.Joined("in.deep.y", "c")
		w.String("last", "d")
		return c.JSON(w.Done(c))
	})
	if want := `{"id":"ab","in":{"x":"\u006dirra-url:\"","empty":{},"deep":{"y":"c"},"z":1},"last":"d"}`; got.Body != want {
		t.Errorf("got  %s\nwant %s", got.Body, want)
	}
}

// TestPick looks for members, of which some are not there and some nobody asks for.
func TestPick(t *testing.T) {
	got := run(t, func(c *sdk.Call, _ *sdk.Collection) error {
		var a, b, none sdk.Doc
		c.Object("bb", 1, "other", 2, "a", "x").Pick([]sdk.Slot{{"a", &a}, {"none", &none}, {"bb", &b}})
		sdk.Doc{}.Pick([]sdk.Slot{{"a", &none}})
		return c.JSON(c.Object("a", a, "b", b, "none", none.Exists()))
	})
	if want := `{"a":"x","b":1,"none":false}`; got.Body != want {
		t.Errorf("got %s, want %s", got.Body, want)
	}
}

// TestOnce asks twice in one call, and in the next.
func TestOnce(t *testing.T) {
	var once sdk.Once[int]
	found := 0
	p := sdk.New(sdk.Manifest{Name: "made", Line: "v1", Build: 1})
	p.Handle("GET /", "run", sdk.Exact, func(c *sdk.Call) error {
		find := func(*sdk.Call) int { found++; return found }
		*once.Of(c, find) += 10
		return c.Send(fmt.Sprint(*once.Of(c, find)))
	})
	m := sdktest.Start(t, sdktest.Plugin(p))
	for _, want := range []string{"11", "12"} {
		if got := m.Request("GET", "/", "").Want(200).Body; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestRunOnce replays a success and runs a failure again.
func TestRunOnce(t *testing.T) {
	ran := 0
	p := sdk.New(sdk.Manifest{Name: "made", Line: "v1", Build: 1})
	p.Handle("POST /", "run", sdk.Exact, func(c *sdk.Call) error {
		check, err := c.RunOnce("key", c.Request.Body, 60, func() error {
			ran++
			if ran == 1 {
				return &sdk.ParamError{Text: "not yet"}
			}
			c.SetStatus(201)
			return c.Send(fmt.Sprint(ran))
		})
		if check == sdk.KeyMismatched {
			c.SetStatus(409)
		}
		return err
	})
	m := sdktest.Start(t, sdktest.Plugin(p))
	plain := "Content-Type: text/plain"
	m.Request("POST", "/", "a", plain).Want(400)
	for range 2 {
		if got := m.Request("POST", "/", "a", plain).Want(201).Body; got != "2" {
			t.Errorf("got %s, want the answer of the second run", got)
		}
	}
	m.Request("POST", "/", "b", plain).Want(409)
	m.Advance(time.Minute)
	if got := m.Request("POST", "/", "b", plain).Want(201).Body; got != "3" {
		t.Errorf("got %s once the answer was forgotten", got)
	}
}

func TestSlice(t *testing.T) {
	var docs []sdk.Doc
	a := sdk.NewArena(8)
	for _, id := range []string{"a", "b", "c", "d"} {
		docs = append(docs, a.Object("id", id))
	}
	for _, c := range []struct {
		q    sdk.ListQuery
		want string
		more bool
	}{
		{sdk.ListQuery{Limit: 3}, "abc", true}, {sdk.ListQuery{Limit: 4}, "abcd", false}, {sdk.ListQuery{Limit: 2, After: "b"}, "cd", false},
		{sdk.ListQuery{Limit: 1, After: "b"}, "c", true}, {sdk.ListQuery{Limit: 2, Before: "d"}, "bc", true}, {sdk.ListQuery{Limit: 2, Before: "b"}, "a", false},
	} {
		page, more, err := sdk.Slice(docs, c.q)
		got := ""
		for _, d := range page {
			got += d.Get("id").String()
		}
		if err != nil || got != c.want || more != c.more {
			t.Errorf("%+v: got %s, more %v, %v; want %s, %v", c.q, got, more, err, c.want, c.more)
		}
	}
	if _, _, err := sdk.Slice(docs, sdk.ListQuery{Limit: 1, After: "x"}); err == nil {
		t.Error("a cursor that is not there was taken")
	}
}

func TestDateTime(t *testing.T) {
	for _, at := range []time.Time{time.Date(2026, 1, 2, 3, 4, 5, 6_007_008, time.UTC), time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", -3600))} {
		if got, want := sdk.ISOMillis(at), at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := sdk.ISOSeconds(at), at.UTC().Format("2006-01-02T15:04:05Z"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := sdk.RFC2822(at), at.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, ok := sdk.ParseRFC2822(sdk.RFC2822(at)); !ok || !got.Equal(at.Truncate(time.Second)) {
			t.Errorf("got %s, want %s", got, at)
		}
		got := string(sdk.AppendFraction(sdk.AppendDateTime(nil, at, ' '), at, 6))
		if want := at.UTC().Format("2006-01-02 15:04:05.000000"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestParseAddress(t *testing.T) {
	long := strings.Repeat("a", 63)
	for in, want := range map[string]string{
		"ada@acme.com": "ada@acme.com", " Ada <Ada.L+x@Mail.Acme.com> ": "ada.l+x@mail.acme.com", "<a@b.co>": "a@b.co", "a@ümläut.de": "a@ümläut.de", "a@" + long + ".com": "a@" + long + ".com",
		"": "", "ada": "", "@acme.com": "", "a@": "", "a@acme": "", "a b@acme.com": "", "a@b@acme.com": "", "a@acme..com": "", "a@-acme.com": "", "a@acme-.com": "",
		"a@acme.com.": "", "a@.com": "", "a,b@acme.com": "", "Ada ada@acme.com>": "", "a@ac_me.com": "", "a@" + long + "a.com": "", "a\n@acme.com": "",
	} {
		if got, ok := sdk.ParseAddress(in); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestNamesAndURLs(t *testing.T) {
	if got := sdk.ContentTypeOf("a.B.PDF", "x/y"); got != "application/pdf" {
		t.Errorf("got %s", got)
	}
	if got := sdk.ContentTypeOf("pdf.unknown", "x/y"); got != "x/y" {
		t.Errorf("got %s", got)
	}
	for url, want := range map[string]bool{"http://127.0.0.1:1/h": true, "https://a.co": true, "ftp://a.co": false, "https://": false, "http://a b": false, "": false} {
		if sdk.IsURL(url) != want {
			t.Errorf("%q: want %v", url, want)
		}
	}
}

// TestPlainURLs: a plain URL is one that parsing takes too, and most are plain.
func TestPlainURLs(t *testing.T) {
	for s, want := range map[string]bool{
		"http://127.0.0.1:9/status": true, "https://a.example/b?c=d&e=f#rc=2": true, "https://a-b.example": true, "http://localhost:8080": true, "http://a/": true, "http://a:": true,
		"": false, "http": false, "http://": false, "https:/a/b": false, "httpx://a": false, "http:///a": false, "http://a?b": false, "http://u@a/": false, "http://a:8x/": false, "http://[::1]/": false,
		"http://a/%zz": false, "http://a/ b": false, "http://a/\x7f": false, "http://a/ü": false, "http://a/\"": false, "HTTP://a/": false, "http://a_b/": false,
	} {
		if got := sdk.IsPlainURL(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
		if u, err := url.Parse(s); want && (err != nil || u.Host == "") {
			t.Errorf("%q is plain and cannot be parsed", s)
		}
	}
}
