package sdk_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// desks is a mirror whose objects have their id in another member than "id", a
// secret each, and whose vendor tells a wrong method from a wrong path.
var desks = func() *sdk.Plugin {
	p := sdk.New(sdk.Manifest{
		Name: "desks", Vendor: "Desks", Line: "v1", Build: 1,
		Hosts:  []sdk.Host{{ID: "api", Name: "api.desks.example"}, {ID: "files", Name: "files.desks.example"}},
		Errors: []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}")},
	})
	kept := p.Collect(&sdk.Collection{Type: "desk", Entity: "desks", Prefix: "DK", Random: 8, ID: "sid"})
	p.OnError = func(c *sdk.Call, err error) {
		if errors.Is(err, sdk.ErrNotRouted) && c.OtherMethods() {
			err = sdk.Fail(405, "method not allowed")
		}
		sdk.AnswerError(c, err)
	}
	p.Handle("POST /desks", "CreateDesk", sdk.Modelled, func(c *sdk.Call) error {
		d := c.NewObject()
		d.SetString("sid", kept.NewID(c))
		d.SetSecret("token", c.NewHexSecret(32))
		if err := kept.Insert(c, d); err != nil {
			return err
		}
		return c.JSON(d)
	})
	p.Handle("GET /desks/{sid}", "SignWithDesk", sdk.Modelled, func(c *sdk.Call) error {
		d, _ := kept.Get(c, c.Value("sid"))
		token, ok := d.SecretAt("token")
		if !ok {
			return sdk.Fail(404, "no secret")
		}
		out := c.NewObject()
		out.SetString("mac", c.HMACHex(sdk.SHA256, token, "data"))
		return c.JSON(out)
	})
	p.HandleHost("files", "GET /files", "ListFiles", sdk.Modelled, func(c *sdk.Call) error { return c.Send("") })
	p.Serve()
	return p
}()

// TestStoredSecret: a secret that was kept in a document signs in a later call.
func TestStoredSecret(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(desks))
	made := m.Form("POST", "/desks").Want(200)
	token := made.Get("token")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(token) {
		t.Errorf("token %q", token)
	}
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("data"))
	if got, want := m.Form("GET", "/desks/"+made.Get("sid")).Want(200).Get("mac"), hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signed %s, want %s", got, want)
	}
	// Text that only looks like one is none.
	if err := m.Seed(`{"desks":[{"sid":"DKseeded1","token":"mirra-secret:1"},{"sid":"DKseeded2"}]}`); err != nil {
		t.Fatal(err)
	}
	m.Form("GET", "/desks/DKseeded1").Want(404)
	m.Form("GET", "/desks/DKseeded2").Want(404)
}

func TestSeedsByOtherID(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(desks))
	err := m.Seed(`{"desks":[{"id":"x"}]}`)
	if err == nil || !strings.Contains(fmt.Sprint(err, errors.Unwrap(err)), "desks[0].sid: missing") {
		t.Errorf("a desk without a sid: %v", err)
	}
}

func TestOtherMethods(t *testing.T) {
	m := sdktest.Start(t, sdktest.Plugin(desks))
	m.Request("DELETE", "/desks", "").Want(405)
	m.Request("POST", "/desks/DK1", "").Want(405)
	m.Request("GET", "/nothing", "").Want(404)
	m.Request("POST", "/files", "").Want(404)
	m.RequestHost("files", "POST", "/files", "").Want(405)
}
