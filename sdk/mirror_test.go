package sdk_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// things is a mirror around one indexed collection, with lists, idempotency,
// random text and accounts, all as directly as the sdk has them.
var things = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{
		Name: "things", Vendor: "Things", Line: "v1", Build: 1,
		Hosts:       []sdk.Host{{ID: "api", Name: "api.things.example"}},
		Idempotency: sdk.IdempotencySpec{Header: "Idempotency-Key", Methods: []string{"POST"}},
		Errors:      []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}")},
	})
	kept := p.Collect(&sdk.Collection{Type: "thing", Entity: "things", Prefix: "th_", Random: 10, Index: []string{"color", "owner.id"},
		Complete: func(c *sdk.Call, path string, d sdk.Doc) sdk.Doc {
			if d.Get("color").String() == "bad" {
				c.AddFault(path+".color", "no such color")
			}
			return d
		}})
	others := p.Collect(&sdk.Collection{Type: "other", Entity: "others", Prefix: "ot_", Random: 10,
		Complete: func(c *sdk.Call, path string, d sdk.Doc) sdk.Doc {
			if thing := d.Get("thing").String(); thing != "" {
				if _, ok := kept.Get(c, thing); !ok {
					c.AddFault(path+".thing", "no thing "+thing)
				}
			}
			return d
		}})
	p.Before = func(c *sdk.Call) error {
		c.SetHeader("Content-Type", "application/json")
		c.SetAccount(c.Header("Account"))
		return nil
	}
	p.Handle("POST /things", "PostThings", sdk.Exact, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		key, fingerprint := c.Header("Idempotency-Key"), params.JSON()
		if key != "" {
			switch check, replay := c.CheckIdempotency(key, fingerprint, 3600); check {
			case sdk.KeyReplay:
				c.SetHeader("Replayed", replay.Request)
				c.SetStatus(replay.Status)
				return c.Send(replay.Body)
			case sdk.KeyMismatched:
				return sdk.Fail(400, "mismatch")
			case sdk.KeyInFlight:
				return sdk.Fail(409, "in flight")
			}
		}
		d := c.NewObject()
		d.SetString("id", kept.NewID(c))
		for v := range params.All {
			d.SetDoc(v.Key(), v)
		}
		if err := kept.Insert(c, d); err != nil {
			return err
		}
		c.SetStatus(201)
		_ = c.JSON(d)
		if key != "" {
			c.StoreReplay(key, fingerprint, "req_1")
		}
		return nil
	})
	p.Handle("GET /things/{id}", "GetThing", sdk.Exact, func(c *sdk.Call) error {
		d, deleted := kept.GetAny(c, c.Value("id"))
		if _, ok := kept.Get(c, c.Value("id")); ok == deleted && d.Exists() {
			return sdk.Fail(500, "Get and GetAny disagree")
		}
		if !d.Exists() {
			return sdk.Fail(404, "no thing")
		}
		return c.JSON(d)
	})
	p.Handle("POST /things/{id}", "PostThing", sdk.Exact, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		d, ok := kept.Get(c, c.Value("id"))
		if !ok {
			d = c.NewObject()
			d.SetString("id", c.Value("id"))
		}
		for v := range params.All {
			d.SetDoc(v.Key(), v)
		}
		if kept.Update(c, d) != ok {
			return sdk.Fail(500, "Update disagrees with Get")
		}
		if !ok {
			return sdk.Fail(404, "no thing")
		}
		return c.JSON(d)
	})
	p.Handle("DELETE /things/{id}", "DeleteThing", sdk.Exact, func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetString("id", c.Value("id"))
		d.SetBool("deleted", true)
		if !kept.Delete(c, c.Value("id"), d) {
			return sdk.Fail(404, "no thing")
		}
		return c.JSON(d)
	})
	p.Handle("GET /things", "GetThings", sdk.Exact, func(c *sdk.Call) error {
		params, err := c.Params()
		if err != nil {
			return err
		}
		get := func(name string) string { return params.Get(name).String() }
		q := sdk.ListQuery{Limit: 3, After: get("after"), Before: get("before"), CreatedFrom: params.Get("from").Int64(), CreatedTo: params.Get("to").Int64()}
		if n, ok := params.Get("limit").Int(); ok {
			q.Limit = int(n)
		}
		if get("color") != "" {
			q.Index, q.Key = "color", get("color")
		} else if get("owner") != "" {
			q.Index, q.Key = "owner.id", get("owner")
		}
		for i, name := range []string{"size", "shape"} {
			if get(name) != "" {
				q.Where[i] = sdk.Condition{Path: "$." + name, Value: get(name)}
			}
		}
		page, err := kept.Find(c, q)
		if e, ok := errors.AsType[*sdk.NoCursorError](err); ok {
			return sdk.Fail(400, e.Error())
		}
		if get("as") == "docs" {
			docs, more := page.Docs(c)
			d := c.NewObject()
			list := d.SetArray("data")
			for _, one := range docs {
				list.AddDoc(one)
			}
			d.SetBool("more", more)
			return c.JSON(d)
		}
		c.Write(`{"data":[`)
		more, err := page.Emit(c)
		c.Write(fmt.Sprintf(`],"more":%v}`, more))
		return err
	})
	p.Handle("GET /count", "Count", sdk.Exact, func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetInt("things", kept.Count(c))
		d.SetInt("others", others.Count(c))
		return c.JSON(d)
	})
	p.Handle("GET /lookup/{id}", "Lookup", sdk.Exact, func(c *sdk.Call) error {
		typ, d, ok := c.Lookup(c.Value("id"))
		if !ok {
			return sdk.Fail(404, "nothing")
		}
		d.SetString("type", typ)
		return c.JSON(d)
	})
	p.Handle("GET /colored/{color}", "Colored", sdk.Exact, func(c *sdk.Call) error {
		d := c.NewObject()
		first, ok := kept.First(c, "color", c.Value("color"))
		d.SetBool("ok", ok)
		d.SetDoc("first", first.Get("id"))
		all, err := kept.All(c, sdk.ListQuery{Index: "color", Key: c.Value("color")})
		list := d.SetArray("all")
		for _, one := range all {
			list.AddDoc(one.Get("id"))
		}
		if _, bad := kept.All(c, sdk.ListQuery{After: "th_none"}); bad == nil || err != nil {
			return sdk.Fail(500, "a cursor that is not there is one")
		}
		_, empty := kept.First(c, "color", "")
		d.SetBool("empty", empty)
		return c.JSON(d)
	})
	p.Handle("GET /random", "Random", sdk.Exact, func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetString("id", c.NewID("x_", 24))
		d.SetString("uuid", c.UUID(sdk.Objects))
		d.SetString("hex", c.Random(sdk.Requests, 40, sdk.Hex))
		d.SetString("digits", c.Random(sdk.Objects, 40, sdk.Digits))
		d.SetString("fixed", c.UUID(sdk.Fixed))
		d.SetInt("long", int64(len(c.Random(sdk.Objects, 40<<10, sdk.Base62))))
		return c.JSON(d)
	})
	p.Serve()
	return p
}()

func start(t *testing.T, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Plugin(things)}, options...)...)
}

func create(m *sdktest.Mirror, fields ...string) string {
	return m.Form("POST", "/things", fields...).Want(201).Get("id")
}

func TestIdempotency(t *testing.T) {
	m := start(t)
	first := m.Form("POST", "/things", "a=1", "Idempotency-Key: k").Want(201)
	again := m.Form("POST", "/things", "a=1", "Idempotency-Key: k").Want(201)
	if again.Body != first.Body || again.Header("Replayed") != "req_1" || first.Header("Replayed") != "" {
		t.Errorf("replayed %s, want %s", again.Body, first.Body)
	}
	m.Form("POST", "/things", "a=2", "Idempotency-Key: k").Want(400)
	if r := m.Form("POST", "/things", "a=2", "Idempotency-Key: k2").Want(201); r.Body == first.Body {
		t.Error("another key replayed the first")
	}
	if r := m.Form("POST", "/things", "a=2", "Idempotency-Key: k", "Account: acct_2").Want(201); r.Header("Replayed") != "" {
		t.Error("another account replayed the first")
	}
	m.Advance(59 * time.Minute)
	m.Form("POST", "/things", "a=2", "Idempotency-Key: k").Want(400)
	m.Advance(time.Minute)
	if r := m.Form("POST", "/things", "a=2", "Idempotency-Key: k").Want(201); r.Header("Replayed") != "" {
		t.Error("a key that ran out replayed")
	}
}

func TestLists(t *testing.T) {
	m := start(t)
	var ids []string // oldest first
	for i := range 8 {
		ids = append(ids, create(m, fmt.Sprintf("n=%d", i), fmt.Sprintf("created=%d", 100+i), "color="+[]string{"red", "blue"}[i%2],
			fmt.Sprintf("owner[id]=o%d", i/4), "size="+[]string{"s", "l"}[i/4], "shape="+[]string{"x", "y", "z"}[i%3]))
	}
	other := create(m, "n=99", "Account: acct_2", "color=red")
	at := func(i int) string { return ids[i] }
	for _, c := range []struct {
		query string
		want  string // numbers, newest first
		more  bool
	}{
		{"", "7 6 5", true},
		{"limit=8", "7 6 5 4 3 2 1 0", false},
		{"limit=7", "7 6 5 4 3 2 1", true},
		{"limit=100", "7 6 5 4 3 2 1 0", false},
		{"after=" + at(5), "4 3 2", true},
		{"after=" + at(3), "2 1 0", false},
		{"after=" + at(0), "", false},
		{"before=" + at(4), "7 6 5", false},
		{"before=" + at(0), "3 2 1", true},
		{"before=" + at(7), "", false},
		{"before=" + at(3) + "&limit=2", "5 4", true},
		{"color=red", "6 4 2", true},
		{"color=red&after=" + at(4), "2 0", false},
		{"color=red&before=" + at(0), "6 4 2", false},
		{"color=red&before=" + at(0) + "&limit=2", "4 2", true},
		{"color=red&after=" + at(5), "4 2 0", false}, // the cursor need not be in the list
		{"color=green", "", false},
		{"owner=o1", "7 6 5", true},
		{"owner=o1&limit=4", "7 6 5 4", false},
		{"from=102&to=104", "4 3 2", false},
		{"from=106", "7 6", false},
		{"to=101", "1 0", false},
		{"from=102&limit=2&after=" + at(4), "3 2", false},
		{"size=l", "7 6 5", true},
		{"size=s&shape=x", "3 0", false},
		{"size=s&shape=x&limit=1", "3", true},
		{"shape=x&before=" + at(0), "6 3", false},
		{"color=blue&size=s", "3 1", false},
		{"size=none", "", false},
	} {
		for _, as := range []string{"emit", "docs"} {
			r := m.Request("GET", "/things?as="+as+"&"+c.query, "").Want(200)
			var got []string
			for i := range r.JSON().Len("data") {
				got = append(got, r.Get(fmt.Sprintf("data.%d.n", i)))
			}
			if strings.Join(got, " ") != c.want || r.Get("more") != fmt.Sprint(c.more) {
				t.Errorf("%s as %s: got %s, more %s, want %s, %v", c.query, as, got, r.Get("more"), c.want, c.more)
			}
		}
	}
	for _, cursor := range []string{"after=th_none", "before=th_none", "after=" + other} {
		if r := m.Request("GET", "/things?"+cursor, "").Want(400); !strings.Contains(r.Body, "no such cursor: ") {
			t.Errorf("%s: %s", cursor, r.Body)
		}
	}
	if r := m.Request("GET", "/things", "", "Account: acct_2").Want(200); r.JSON().Len("data") != 1 {
		t.Errorf("another account sees %s", r.Body)
	}
}

func TestCollections(t *testing.T) {
	m := start(t)
	id := create(m, "color=red", "owner[id]=o1")
	if !regexp.MustCompile(`^th_[A-Za-z0-9]{10}$`).MatchString(id) {
		t.Errorf("id %q", id)
	}
	listed := func(query string) int { return m.Request("GET", "/things?"+query, "").Want(200).JSON().Len("data") }
	in := func(what string, red, blue, o1, all int) {
		t.Helper()
		if a, b, c, d := listed("color=red"), listed("color=blue"), listed("owner=o1"), listed(""); a != red || b != blue || c != o1 || d != all {
			t.Errorf("%s: red %d, blue %d, of o1 %d, all %d", what, a, b, c, d)
		}
	}
	in("created", 1, 0, 1, 1)
	m.Form("POST", "/things/"+id, "color=blue").Want(200)
	in("updated", 0, 1, 1, 1)
	m.Form("POST", "/things/"+id, "owner=none").Want(200)
	in("without an owner's id", 0, 1, 0, 1)
	if got := m.Request("GET", "/lookup/"+id, "").Want(200); got.Get("type") != "thing" || got.Get("color") != "blue" {
		t.Errorf("looked up %s", got.Body)
	}
	m.Form("GET", "/things/"+id, "Account: acct_2").Want(404)
	m.Form("POST", "/things/"+id, "color=red", "Account: acct_2").Want(404)
	m.Request("DELETE", "/things/"+id, "", "Account: acct_2").Want(404)
	m.Request("DELETE", "/things/"+id, "").Want(200)
	in("deleted", 0, 0, 0, 0)
	if got := m.Request("GET", "/things/"+id, "").Want(200); got.Get("deleted") != "true" {
		t.Errorf("left behind: %s", got.Body)
	}
	m.Request("DELETE", "/things/"+id, "").Want(404)
	m.Form("POST", "/things/"+id, "color=red").Want(404)
	m.Request("GET", "/lookup/"+id, "").Want(404)
	m.Request("GET", "/things/none", "").Want(404)
	// An id that is taken is an error of SQLite's, and the call goes on from it.
	taken := create(m, "id=th_1")
	if r := m.Form("POST", "/things", "id="+taken).Want(500); !strings.Contains(r.Body, "UNIQUE constraint failed") {
		t.Errorf("got %s", r.Body)
	}
	if got := m.Request("GET", "/count", "").Want(200).Body; got != `{"things":1,"others":0}` {
		t.Errorf("count %s", got)
	}
}

func TestSeeds(t *testing.T) {
	m := start(t, sdktest.State(`{"things":[{"id":"th_1","color":"red","created":5},{"id":"th_2"}],"others":[{"id":"ot_1"}]}`))
	if got := m.Request("GET", "/count", "").Want(200).Body; got != `{"things":2,"others":1}` {
		t.Errorf("count %s", got)
	}
	if r := m.Request("GET", "/things?color=red&to=5", ""); r.JSON().Len("data") != 1 {
		t.Errorf("got %s", r.Body)
	}
	// Every fault is named, and nothing is kept.
	err := m.Seed(`{"nothings":[],"others":{"id":"x"},"things":[{"id":"th_3"},{"color":"bad"},7,{"id":"th_1"}]}`)
	if err == nil {
		t.Fatal("a faulty seed was loaded")
	}
	for _, want := range []string{"nothings: unknown entity", "others: want a list", "things[1].color: no such color", "things[1].id: missing", "things[2]: want a document", "things[3].id: there is another th_1"} {
		if !strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), want) {
			t.Errorf("%q is not among %v", want, err)
		}
	}
	if got := m.Request("GET", "/count", "").Want(200).Body; got != `{"things":2,"others":1}` {
		t.Errorf("after a faulty seed: count %s", got)
	}
}

// faultsOf are the faults that an error reports, of which it prints one a line.
func faultsOf(err error) []string {
	var all []string
	for line := range strings.Lines(fmt.Sprint(errors.Unwrap(err))) {
		if fault, ok := strings.CutPrefix(line, "\t* "); ok {
			all = append(all, strings.TrimSpace(fault))
		}
	}
	return all
}

// TestSeedsInAnyOrder: a document may stand in front of those it refers to.
func TestSeedsInAnyOrder(t *testing.T) {
	m := start(t, sdktest.State(`{"others":[{"id":"ot_1","thing":"th_1"}],"things":[{"id":"th_1"}]}`))
	if got := m.Request("GET", "/count", "").Want(200).Body; got != `{"things":1,"others":1}` {
		t.Errorf("count %s", got)
	}
	for state, want := range map[string]string{
		`{"others":[{"id":"ot_2","thing":"th_9"}]}`: "others[0].thing: no thing th_9",
		// Only the document that is wrong is named, not what refers to it.
		`{"things":[{"id":"th_2","color":"bad"}],"others":[{"id":"ot_2","thing":"th_2"}]}`: "things[0].color: no such color",
	} {
		err := m.Seed(state)
		if got := faultsOf(err); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %s", state, got, want)
		}
	}
}

// TestManyFaults: of a seed that is all wrong a part is shown, and how much more.
func TestManyFaults(t *testing.T) {
	m := start(t)
	err := m.Seed(`{"things":[` + strings.Repeat(`7,`, 99) + `7]}`)
	if got := faultsOf(err); len(got) != 21 || got[20] != "and 80 more" {
		t.Errorf("got %q", got)
	}
}

func TestRandom(t *testing.T) {
	shapes := map[string]*regexp.Regexp{
		"id":     regexp.MustCompile(`^x_[A-Za-z0-9]{24}$`),
		"uuid":   regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
		"fixed":  regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
		"hex":    regexp.MustCompile(`^[0-9a-f]{40}$`),
		"digits": regexp.MustCompile(`^[0-9]{40}$`),
		"long":   regexp.MustCompile(`^40960$`),
	}
	m, twin := start(t), start(t)
	seen := map[string]bool{}
	fixed := ""
	for range 20 {
		r := m.Request("GET", "/random", "").Want(200)
		for name, shape := range shapes {
			v := r.Get(name)
			if !shape.MatchString(v) {
				t.Errorf("%s is %q", name, v)
			}
			if seen[v] && name != "fixed" && name != "long" {
				t.Errorf("%s came twice", v)
			}
			seen[v] = true
		}
		if fixed == "" {
			fixed = r.Get("fixed")
		}
		if r.Get("fixed") != fixed {
			t.Error("what is fixed changed")
		}
		if same := twin.Request("GET", "/random", "").Want(200).Body; same != r.Body {
			t.Errorf("the same seed gave %s and %s", r.Body, same)
		}
	}
	if r := start(t, sdktest.SeedValue(2)).Request("GET", "/random", ""); r.Get("fixed") == fixed {
		t.Error("another seed gave the same")
	}
}

func TestFirstAndAll(t *testing.T) {
	m := start(t)
	a, _, b := create(m, "color=red"), create(m, "color=blue"), create(m, "color=red")
	if got, want := m.Request("GET", "/colored/red", "").Want(200).Body, `{"ok":true,"first":"`+b+`","all":["`+b+`","`+a+`"],"empty":false}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := m.Request("GET", "/colored/green", "").Want(200).Body, `{"ok":false,"first":null,"all":[],"empty":false}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMethods(t *testing.T) {
	m := start(t)
	for request, want := range map[string]string{
		"PUT /things": "no such method of this path", "DELETE /random": "no such method of this path", "PUT /nothing": "no such operation", "GET /colored": "no such operation",
	} {
		method, path, _ := strings.Cut(request, " ")
		if r := m.Request(method, path, "").Want(404); !strings.Contains(r.Body, want) {
			t.Errorf("%s: %s, want %s", request, r.Body, want)
		}
	}
	if !errors.Is(sdk.ErrNoMethod, sdk.ErrNotRouted) {
		t.Error("a path without the method is routed")
	}
}

func TestIsUUID(t *testing.T) {
	for s, want := range map[string]bool{
		"7c8272c4-ed16-4d01-8202-17fb3b1a04ea": true, "7C8272C4-ED16-4D01-8202-17FB3B1A04EA": true, "00000000-0000-0000-0000-000000000000": true,
		"": false, "7c8272c4-ed16-4d01-8202-17fb3b1a04e": false, "7c8272c4xed16-4d01-8202-17fb3b1a04ea": false, "gc8272c4-ed16-4d01-8202-17fb3b1a04ea": false, "7c8272c4-ed16-4d01-8202-17fb3b1a04e\x10": false,
	} {
		if sdk.IsUUID(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
