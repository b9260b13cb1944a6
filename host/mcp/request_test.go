package mcp

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
)

// FuzzRequest shows that whatever a model asks for, a request goes to the mirror's own
// address, below its path.
func FuzzRequest(f *testing.F) {
	for _, path := range []string{"/v1/customers?limit=3", "//evil.example/", "/@evil.example/", "/\\evil.example", "/a#b", "/../../other", "@evil.example/", ":1@evil.example/", ".evil.example/", "/%2e%2e/%zz", "/a b", "/\x00", "/\r\nHost: evil.example"} {
		f.Add(path, "GET", "Host", "evil.example")
	}
	f.Add("/", "CONNECT", "Content-Length", "-1")
	f.Fuzz(func(t *testing.T, path, method, header, value string) {
		for _, base := range []string{"http://127.0.0.1:4402", "http://127.0.0.1:4401/s/a7k2/stripe"} {
			in := requestArgs{Path: path, Method: method, Headers: map[string]string{header: value}}
			req, err := in.request(t.Context(), &host.MirrorInfo{Name: "stripe", URL: base})
			if err != nil {
				continue
			}
			want, err := url.Parse(base)
			if err != nil {
				t.Fatal(err)
			}
			if req.URL.Scheme != "http" || req.URL.Host != want.Host || req.Host != want.Host || req.URL.User != nil || !strings.HasPrefix(req.URL.EscapedPath(), want.Path+"/") {
				t.Errorf("%q goes to %s", path, req.URL)
			}
		}
	})
}

// FuzzClip shows that what is cut stays JSON, and short.
func FuzzClip(f *testing.F) {
	f.Add([]byte(`{"a":[1,2]}`), 100)
	f.Add([]byte("\xff\xfe text"), 4)
	f.Add([]byte("größer"), 3)
	f.Fuzz(func(t *testing.T, b []byte, limit int) {
		if limit < 1 || limit > 1<<20 {
			return
		}
		v, cut := clip(b, limit)
		if len(b) == 0 {
			return // nothing stays nothing
		}
		var text string
		switch {
		case !json.Valid(v):
			t.Errorf("%q became %q", b, v)
		case cut != (len(b) > limit):
			t.Errorf("%d bytes of at most %d: cut %v", len(b), limit, cut)
		case cut && (json.Unmarshal(v, &text) != nil || !strings.Contains(text, "bytes)")):
			t.Errorf("%q does not say that it is cut", v)
		}
	})
}

func TestForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ form, want string }{
		{`{"amount":2000,"currency":"usd","confirm":true}`, "amount=2000&confirm=true&currency=usd"},
		{`{"number":4242424242424242,"rate":0.5,"none":null}`, "none=&number=4242424242424242&rate=0.5"},
		{`{"MediaUrl":["http://a","http://b"],"metadata[order]":1}`, "MediaUrl=http%3A%2F%2Fa&MediaUrl=http%3A%2F%2Fb&metadata%5Border%5D=1"},
	} {
		var in requestArgs
		if err := json.Unmarshal([]byte(`{"form":`+c.form+`}`), &in); err != nil {
			t.Fatal(err)
		}
		got, kind, err := in.body()
		if err != nil || string(got) != c.want || kind != "application/x-www-form-urlencoded" {
			t.Errorf("%s: %s %s, %v, want %s", c.form, kind, got, err, c.want)
		}
	}
}
