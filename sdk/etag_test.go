package sdk_test

import (
	"testing"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/sdktest"
)

// TestWeakETag compares with what sha1sum and base64 make of the bodies.
func TestWeakETag(t *testing.T) {
	p := sdk.New(sdk.Manifest{Name: "tags", Line: "v1", Build: 1})
	p.Handle("POST /echo", "echo", sdk.Exact, func(c *sdk.Call) error { return c.Send(c.Request.Body) })
	p.After = func(c *sdk.Call) { c.SetHeader("etag", c.WeakETag()) }
	m := sdktest.Start(t, sdktest.Plugin(p))
	for body, want := range map[string]string{
		"":          `W/"0-2jmj7l5rSw0yVb/vlWAYkK/YBwk"`,
		"beep boop": `W/"9-fINXV39R1PCo05OqGqr7KIY9lCE"`,
		`{"statusCode":404,"message":"Contact not found","name":"not_found"}`: `W/"43-Hlm9sCxABe1C/S9NDIZg0PaqfAM"`,
	} {
		if got := m.Request("POST", "/echo", body, "Content-Type: text/plain").Header("etag"); got != want {
			t.Errorf("%q: got %s, want %s", body, got, want)
		}
	}
}
