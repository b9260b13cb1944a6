package registry_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/registry"
)

func TestParseRef(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want registry.Ref
	}{
		{"stripe", registry.Ref{Name: "stripe"}},
		{"stripe@2024-06", registry.Ref{Name: "stripe", Version: registry.Version{Line: "2024-06"}}},
		{"stripe@2024-06.13", registry.Ref{Name: "stripe", Version: registry.Version{Line: "2024-06", Build: 13}}},
		{"s3-like@v1.2", registry.Ref{Name: "s3-like", Version: registry.Version{Line: "v1", Build: 2}}},
		{"./my.wasm", registry.Ref{Path: "./my.wasm"}},
		{"my.wasm", registry.Ref{Path: "my.wasm"}},
		{"stripe@2024-06.wasm", registry.Ref{Path: "stripe@2024-06.wasm"}},
		{"./plugins", registry.Ref{Path: "./plugins"}},
		{"plugins/", registry.Ref{Path: "plugins/"}},
		{"../..", registry.Ref{Path: "../.."}},
		{".", registry.Ref{Path: "."}},
		{"/abs/dir", registry.Ref{Path: "/abs/dir"}},
		{`C:\plugins`, registry.Ref{Path: `C:\plugins`}},
		{"C:/plugins", registry.Ref{Path: "C:/plugins"}},
		{"a.b/c.wasm", registry.Ref{Path: "a.b/c.wasm"}},
	} {
		got, err := registry.ParseRef(tc.in)
		if err != nil || got != tc.want {
			t.Errorf("ParseRef(%q) = %+v, %v; want %+v", tc.in, got, err, tc.want)
		}
		if err == nil && got.String() != tc.in {
			t.Errorf("ParseRef(%q).String() = %q", tc.in, got)
		}
	}
}

func TestParseRefErrors(t *testing.T) {
	for _, tc := range []struct{ in, want, hint string }{
		{"", "name is empty", "for example stripe"},
		{"Stripe", "want lower-case letters", ""},
		{"stripe@", "the line wants", "2024-06.3"},
		{"stripe@2024-06.", "build wants a number from 1", ""},
		{"stripe@2024-06.0", "build wants a number from 1", ""},
		{"stripe@2024-06.03", "build wants a number from 1", ""},
		{"stripe@2024-06.+3", "build wants a number from 1", ""},
		{"stripe@2024-06.3.1", "build wants a number from 1", ""},
		{"stripe@2024-06.99999999999999999999", "build wants a number from 1", ""},
		{"stripe@..", "the line wants", ""},
		{"stripe@2024--06", "the line wants", ""},
		{"-stripe", "want lower-case letters", ""},
		{"stripe-", "want lower-case letters", ""},
		{"9lives", "a letter first", ""},
		{"str\x00ipe", "control character", ""},
		{"nul", "Windows", ""},
		{"com1", "Windows", ""},
		{strings.Repeat("a", 41), "at most 40", ""},
		{"stripe:2024-06", "follows an @", "write stripe@2024-06"},
		{"ghcr.io/acme/mirra-adyen@v1", "OCI registries are not supported in this build", "install it by path"},
		{"oci://ghcr.io/acme/x", "OCI registries", ""},
		{"localhost:5000/x", "OCI registries", ""},
		{"localhost/x", "OCI registries", ""},
	} {
		_, err := registry.ParseRef(tc.in)
		e, ok := errors.AsType[*registry.Error](err)
		if !ok || !strings.Contains(e.Error(), tc.want) || !strings.Contains(e.Hint, tc.hint) {
			t.Errorf("ParseRef(%q): got %v (%+v), want %q and hint %q", tc.in, err, e, tc.want, tc.hint)
		}
		if ok && e.Code != registry.CodeInvalid {
			t.Errorf("ParseRef(%q): code %s", tc.in, e.Code)
		}
	}
}

func TestParseNameRefusesPaths(t *testing.T) {
	for _, s := range []string{"../x", "a/b", `a\b`, "..", ".", "a.b", "/etc", "a\n", "a b", "é", "a@b", "~", "a:b"} {
		if n, err := registry.ParseName(s); err == nil {
			t.Errorf("ParseName(%q) = %q, want an error", s, n)
		}
	}
}

func TestVersionOrder(t *testing.T) {
	for _, tc := range []struct{ older, newer string }{
		{"2024-06", "2026-08"},
		{"2024-06.9", "2024-06.10"},
		{"2024-06.10", "2024-07.1"},
		{"v9", "v10"},
		{"2024-06", "2024-06-20"},
		{"v1.1", "v01.1"}, // not equal, so that a choice does not depend on listing order
	} {
		a, err := registry.ParseVersion(tc.older)
		b, err2 := registry.ParseVersion(tc.newer)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if a.Compare(b) == 0 || a.Compare(b) != -b.Compare(a) {
			t.Errorf("%s and %s: %d, %d", a, b, a.Compare(b), b.Compare(a))
		}
		if tc.older != "v1.1" && a.Compare(b) >= 0 {
			t.Errorf("%s is not older than %s", a, b)
		}
		if a.Compare(a) != 0 {
			t.Errorf("%s is not equal to itself", a)
		}
	}
}

func TestDigest(t *testing.T) {
	// The digest of nothing, from FIPS 180-2.
	const empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if got := registry.DigestOf(nil); got != empty {
		t.Errorf("DigestOf(nil) = %s", got)
	}
	d, err := registry.ParseDigest(empty)
	if err != nil || d.Verify(nil) != nil || "sha256:"+d.Hex() != empty {
		t.Errorf("ParseDigest: %q, %v", d, err)
	}
	err = d.Verify([]byte("x"))
	if e, ok := errors.AsType[*registry.Error](err); !ok || e.Code != registry.CodeDamaged {
		t.Errorf("Verify of other content: %v", err)
	}
	for _, s := range []string{"", empty[7:], "sha512:" + empty[7:], strings.ToUpper(empty), empty + "0", empty[:70], "sha256:../" + empty[10:]} {
		if _, err := registry.ParseDigest(s); err == nil {
			t.Errorf("ParseDigest(%q): want an error", s)
		}
	}
}
