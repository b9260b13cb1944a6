package resource_test

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// tables describe a thing with a member of each kind, in two versions.
var tables = resource.Tables{
	Operations: []resource.Operation{
		{ID: "Make", Pattern: "POST /things", Verb: resource.Create, Shape: 1},
		{ID: "Change", Pattern: "POST /things/{id}", Verb: resource.Update, Shape: 1},
		{ID: "Read", Pattern: "GET /things/{id}", Verb: resource.Retrieve, Shape: 1},
		{ID: "List", Pattern: "GET /things", Verb: resource.List, Shape: 1},
		{ID: "Bend", Pattern: "POST /things/{id}/bend", Shape: 1},
		{ID: "Own", Pattern: "GET /things/{id}/own", Verb: resource.Retrieve, Shape: 1},
	},
	Shapes: []resource.Shape{{}, {Name: "thing", Object: "thing", Members: []resource.Member{
		{Name: "id", Kind: resource.Text},
		{Name: "object", Kind: resource.Text, First: "thing"},
		{Name: "active", Kind: resource.Boolean},
		{Name: "count", Kind: resource.Integer},
		{Name: "created", Kind: resource.Time},
		{Name: "extra", Kind: resource.Any, Bits: resource.Optional},
		{Name: "hidden", Kind: resource.Text, Bits: resource.Nullable},
		{Name: "metadata", Kind: resource.Map},
		{Name: "newer", Kind: resource.Text, In: 2},
		{Name: "older", Kind: resource.Text, In: 1},
		{Name: "owner", Kind: resource.Reference, Bits: resource.Nullable, To: []string{"owner"}},
		{Name: "parts", Kind: resource.Array, Item: resource.Object, Of: 2},
		{Name: "rate", Kind: resource.Number, Bits: resource.Nullable},
		{Name: "tags", Kind: resource.Array, Item: resource.Text},
		{Name: "usual", Kind: resource.Text},
		{Name: "within", Kind: resource.Object, Of: 1, Bits: resource.Nullable},
	}}, {Name: "part", Members: []resource.Member{
		{Name: "size", Kind: resource.Integer}, {Name: "unit", Kind: resource.Text, First: "cm"},
	}}},
}

var plugin = sdk.New(sdk.Manifest{
	Name: "things", Vendor: "Things", Line: "v1", Build: 1, Summary: "Things", API: sdk.API{Default: "v1"},
	Hosts:  []sdk.Host{{ID: "api", Name: "api.things.example"}},
	Errors: []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}"), sdk.JSONError("live-key", 401, "{message}"), sdk.JSONError("rate-limit", 429, "slow down")},
})

func init() {
	plugin.Dialect = sdk.Rack
	engine := &resource.Engine{
		Tables:   &tables,
		Overlays: map[string]*resource.Overlay{"thing": {Values: map[string]string{"usual": `"as always"`}, Hidden: []string{"hidden"}}},
		Versions: func(c *sdk.Call) resource.Versions {
			if c.Header("Version") == "2" {
				return 2
			}
			return 1
		},
	}
	plugin.Handle("GET /things/{id}/own", "Own", sdk.Exact, func(c *sdk.Call) error { return c.Send(`"by hand"`) })
	engine.Mirror(plugin, "")
	plugin.Serve()
}

func TestBuild(t *testing.T) {
	m := sdktest.Start(t)
	for form, want := range map[string]string{
		"": `"object":"thing","active":false,"count":0,"created":1719835200,"metadata":{},"older":"","owner":null,"parts":[],"rate":null,"tags":[],"usual":"as always","within":null}`,
		"active=true&count=7&hidden=x&owner=own_1&rate=1.5&usual=not&extra[a]=b":                 `"object":"thing","active":true,"count":7,"created":1719835200,"extra":{"a":"b"},"hidden":"x","metadata":{},"older":"","owner":"own_1","parts":[],"rate":1.5,"tags":[],"usual":"not","within":null}`,
		"metadata[b]=2&metadata[a]=1&tags[]=x&tags[]=y&parts[0][size]=3&parts[1][unit]=in&rate=": `"object":"thing","active":false,"count":0,"created":1719835200,"metadata":{"a":"1","b":"2"},"older":"","owner":null,"parts":[{"size":3,"unit":"cm"},{"size":0,"unit":"in"}],"rate":null,"tags":["x","y"],"usual":"as always","within":null}`,
		"tags=x&newer=n&within=y&count[a]=1":                                                     `"object":"thing","active":false,"count":0,"created":1719835200,"metadata":{},"older":"","owner":null,"parts":[],"rate":null,"tags":[],"usual":"as always","within":null}`,
	} {
		r := m.Form("POST", "/things", strings.Split(form, "&")...).Want(200)
		if want = `{"id":"` + r.Get("id") + `",` + want; r.Body != want {
			t.Errorf("%s:\n got %s\nwant %s", form, r.Body, want)
		}
	}
	if r := m.Form("POST", "/things", "newer=n", "Version: 2").Want(200); r.Get("newer") != "n" || contains(r.Body, `"older"`) {
		t.Errorf("version 2: %s", r.Body)
	}
	for sent, want := range map[string]string{"12.5000": "12.5", "50.0000": "50.0", "7.0": "7.0", "100": "100", "0.25": "0.25"} {
		if got := m.Form("POST", "/things", "rate="+sent).Want(200).Get("rate"); got != want {
			t.Errorf("rate %s is %s, want %s", sent, got, want)
		}
	}
	// A shape that holds itself ends somewhere.
	if r := m.Form("POST", "/things", "within[within][within][count]=3").Want(200); r.Get("within.within.within.count") != "3" || r.Get("within.within.within.usual") != "as always" {
		t.Errorf("nested: %s", r.Body)
	}
}

func TestApply(t *testing.T) {
	m := sdktest.Start(t)
	id := m.Form("POST", "/things", "metadata[a]=1", "metadata[b]=2", "within[count]=1", "rate=2").Want(200).Get("id")
	r := m.Form("POST", "/things/"+id, "metadata[a]=", "metadata[c]=3", "within[active]=true", "rate=", "hidden=h", "id=other").Want(200)
	for path, want := range map[string]string{"id": id, "metadata": `{"b":"2","c":"3"}`, "within.count": "1", "within.active": "true", "rate": "null", "usual": "as always"} {
		if got := r.Get(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	// What comes into a document stands where the description has it.
	if want := `"created":1719835200,"hidden":"h","metadata":`; !contains(r.Body, want) {
		t.Errorf("%s lacks %s", r.Body, want)
	}
	if again := m.Request("GET", "/things/"+id, "").Want(200); again.Body != r.Body {
		t.Errorf("read %s, want %s", again.Body, r.Body)
	}
}

func TestMirrorLevels(t *testing.T) {
	m := sdktest.Start(t)
	id := m.Form("POST", "/things", "count=1").Want(200).Get("id")
	m.Form("POST", "/things/"+id+"/bend", "").Want(501)
	if r := m.Request("GET", "/things/"+id+"/own", "").Want(200); r.Body != `"by hand"` {
		t.Errorf("got %s", r.Body)
	}
	strict := sdktest.Start(t, sdktest.Strict())
	strict.Form("POST", "/things", "count=1").Want(501)
	m.Form("POST", "/things", "count=2").Want(200)
	if r := m.Request("GET", "/things?count=2", "").Want(200); len(r.Body) == 0 || r.Body[0] != '[' || contains(r.Body, `"count":1`) || !contains(r.Body, `"count":2`) {
		t.Errorf("listed %s", r.Body)
	}
}

func contains(s, part string) bool { return strings.Contains(s, part) }
