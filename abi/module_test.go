package abi

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// fullManifest has every key.
var fullManifest = Manifest{
	ABI: Version, Name: "stripe", Vendor: "Stripe", Line: "2024-06", Build: 3, Summary: "Payments", License: "Apache-2.0",
	API:         API{Default: "2024-06-20", Also: []string{"2024-04-10"}, Header: "Stripe-Version", Response: "Stripe-Version"},
	Hosts:       []Host{{ID: "api", Name: "api.stripe.com"}},
	Domains:     []string{"stripe.com"},
	Credentials: []Credentials{{Class: "connect", Scheme: "header", Header: "X-Key", Pattern: "sk_(.+)", Live: true, Account: "$1"}},
	Mask:        Mask{First: 8, Last: 4, Fill: "*", Whole: 12},
	Secrets:     []Secret{{Name: "webhook", Env: []string{"STRIPE_WEBHOOK_SECRET"}, Prefix: "whsec_", Bytes: 32, Base64: true, Summary: "signs"}},
	Env:         []EnvVar{{"STRIPE_API_BASE", "{url}"}},
	Detect: Detect{NPM: []string{"stripe"}, Go: []string{"github.com/stripe/stripe-go"}, PyPI: []string{"stripe"}, Gem: []string{"stripe"},
		Composer: []string{"stripe/stripe-php"}, Maven: []string{"com.stripe:stripe-java"}, Env: []string{"STRIPE_KEY"}, Versions: map[string]string{"npm:stripe@16": "2024-06-20"}},
	Idempotency: Idempotency{Header: "Idempotency-Key", Methods: []string{"POST"}},
	Tables:      []Table{{Name: "objects", Type: "type", ID: "id", Account: "account", Document: "doc", Deleted: "deleted"}},
	Entities:    []Entity{{Name: "customers", Type: "customer", Table: "objects", Fields: []string{"email"}, Aliases: []string{"cus"}}},
	Events:      []string{"customer.created"},
	Operations:  []Operation{{ID: "PostCustomers", Method: "POST", Path: "/v1/customers", Host: "api", Level: LevelExact}},
	Fixtures:    []Fixture{{"demo", "a few customers"}},
	Simulates:   []string{"payment_intent.payment_failed"},
	Errors:      []Error{{Name: "internal", Status: 500, Headers: []Header{{"Content-Type", "application/json"}}, Body: `{"m":"{message}"}`}},
	Needs:       Needs{BodyBytes: 2 << 20, BlobBytes: 10 << 20},
}

// custom returns a custom section.
func custom(name, data string) []byte {
	body := append(appendLEB(nil, uint32(len(name))), name+data...)
	return append(appendLEB([]byte{0}, uint32(len(body))), body...)
}

func TestManifestRoundTrip(t *testing.T) {
	empty := []byte(wasmMagic)
	other := append(append([]byte(wasmMagic), custom("name", "x")...), 1, 1, 0) // a type section behind it
	for name, module := range map[string][]byte{"empty module": empty, "other sections": other} {
		out, err := AppendManifest(module, &fullManifest)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := ReadManifest(out)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(*got, fullManifest) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, *got, fullManifest)
		}
		if string(out[:len(module)]) != string(module) {
			t.Errorf("%s: the module was changed", name)
		}
		if _, err := AppendManifest(out, &fullManifest); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("%s: a second manifest: got %v", name, err)
		}
		for n := range out {
			mustPanicFree(t, name, func() {
				m, err := ReadManifest(out[:n])
				if err == nil || m != nil {
					t.Errorf("%s cut at %d passed", name, n)
				}
			})
		}
	}
}

func TestReadManifestRefuses(t *testing.T) {
	module := func(sections ...[]byte) []byte {
		b := []byte(wasmMagic)
		for _, s := range sections {
			b = append(b, s...)
		}
		return b
	}
	manifest := func(json string) []byte { return custom(ManifestSection, json) }
	for _, c := range []struct {
		name   string
		module []byte
		want   string
	}{
		{"nothing", nil, "wrong first bytes"},
		{"foreign bytes", []byte("#!/bin/sh\necho no module\n"), "wrong first bytes"},
		{"a component", []byte("\x00asm\x0d\x00\x01\x00"), "wrong first bytes"},
		{"no section", module(), "no mirra.manifest section"},
		{"other sections only", module(custom("name", "x")), "no mirra.manifest section"},
		{"two manifests", module(manifest(`{"abi":1}`), manifest(`{"abi":1}`)), "2 mirra.manifest sections"},
		{"no JSON", module(manifest(`abi: 1`)), "manifest: invalid character"},
		{"an unknown key", module(manifest(`{"abi":1,"colour":"red"}`)), `unknown field "colour"`},
		{"an unknown key deeper down", module(manifest(`{"abi":1,"api":{"colour":"red"}}`)), `unknown field "colour"`},
		{"a wrong type", module(manifest(`{"abi":1,"build":"three"}`)), "manifest: json: cannot unmarshal"},
		{"a level there is not", module(manifest(`{"abi":1,"operations":[{"level":"perfect"}]}`)), `level "perfect"`},
		{"a second value", module(manifest(`{"abi":1} {"abi":1}`)), "manifest:"},
		{"section beyond the end", module([]byte{0, 100}), "module section at byte 8: truncated"},
		{"length without an end", module([]byte{0, 0x80, 0x80, 0x80, 0x80, 0x80}), "truncated"},
		{"length above 32 bits", module([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x7f}), "truncated"},
		{"name beyond the section", module([]byte{0, 1, 9}), "custom section before byte 11: truncated"},
		{"section without a length", module([]byte{0}), "truncated"},
	} {
		mustPanicFree(t, c.name, func() {
			m, err := ReadManifest(c.module)
			if m != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, %v, want %q", c.name, m, err, c.want)
			}
		})
	}
	if _, err := ReadManifest(module()); !errors.Is(err, ErrNoManifest) {
		t.Errorf("got %v", err)
	}
	// A newer ABI may have keys that this one has not.
	if m, err := ReadManifest(module(manifest(`{"abi":2,"name":"later","colour":"red"}`))); err != nil || m.Name != "later" || m.ABI != 2 {
		t.Errorf("a newer manifest: got %+v, %v", m, err)
	}
	if _, err := AppendManifest([]byte("no module"), &fullManifest); err == nil {
		t.Error("a manifest was appended to foreign bytes")
	}
}

func TestLEB(t *testing.T) {
	for _, v := range []uint32{0, 1, 127, 128, 300, 1 << 14, 1<<32 - 1} {
		b := appendLEB(nil, v)
		if got, w := leb(b); got != v || w != len(b) {
			t.Errorf("%d: got %d, %d of % x", v, got, w, b)
		}
		if _, w := leb(b[:len(b)-1]); w != 0 {
			t.Errorf("%d cut short was read", v)
		}
	}
}
