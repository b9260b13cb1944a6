package sdk_test

import (
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// notes is a mirror of notes: POST /notes/{id} keeps one, POST /shared/{id} one of
// account "shared", GET /newest finds the newest by its members.
var notes = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{Name: "notes", Vendor: "Notes", Line: "v1", Build: 1, Hosts: []sdk.Host{{ID: "api", Name: "api.notes.example"}}, Errors: []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}")}})
	kept := p.Collect(&sdk.Collection{Type: "note", Entity: "notes"})
	p.Before = func(c *sdk.Call) error { c.SetAccount(c.Header("Account")); return nil }
	p.Handle("POST /notes/{id}", "PostNote", sdk.Exact, func(c *sdk.Call) error {
		params, _ := c.Params()
		params.SetString("id", c.Value("id"))
		kept.MustInsert(c, params)
		return c.JSON(params)
	})
	p.Handle("GET /newest", "GetNewest", sdk.Exact, func(c *sdk.Call) error {
		params, _ := c.Params()
		var where []sdk.Condition
		for v := range params.All {
			where = append(where, sdk.Condition{Path: "$." + v.Key(), Value: v.String()})
		}
		d, ok := kept.Newest(c, where...)
		if !ok {
			return sdk.Fail(404, "none")
		}
		return c.JSON(d)
	})
	p.Handle("POST /shared/{id}", "PostShared", sdk.Exact, func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetString("id", c.Value("id"))
		c.As("shared", func() { kept.MustInsert(c, d) })
		return c.Send(c.Account())
	})
	p.Serve()
	return p
}()

func TestNewest(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(notes))
	for _, n := range [][3]string{{"a", "red", "1"}, {"b", "red", "2"}, {"c", "blue", "2"}} {
		m.Form("POST", "/notes/"+n[0], "color="+n[1], "size="+n[2]).Want(200)
	}
	for query, want := range map[string]string{"": "c", "color=red": "b", "color=red&size=1": "a", "size=2": "c"} {
		if got := m.Request("GET", "/newest?"+query, "").Want(200).Get("id"); got != want {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	m.Request("GET", "/newest?color=green", "").Want(404)
	m.Request("GET", "/newest", "", "Account: another").Want(404)
	m.Form("POST", "/notes/a", "color=red").Want(500) // the id is taken
}

// TestAs: what is done for another account is that account's, and the call goes on
// for its own.
func TestAs(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(notes))
	if r := m.Form("POST", "/shared/a", "Account: mine").Want(200); r.Body != "mine" {
		t.Errorf("the call goes on for account %q", r.Body)
	}
	m.Request("GET", "/newest", "", "Account: shared").Want(200)
	m.Request("GET", "/newest", "", "Account: mine").Want(404)
}
