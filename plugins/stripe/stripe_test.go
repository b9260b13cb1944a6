package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/sdk/sdktest"
)

const testKey = "sk_test_51MirraTests"

// start runs the mirror with a secret key.
func start(t testing.TB, options ...sdktest.Option) *sdktest.Mirror {
	t.Helper()
	return sdktest.Start(t, append([]sdktest.Option{sdktest.Header("Authorization", "Bearer "+testKey)}, options...)...)
}

// match compares a body with a literal: the same members in the same order and
// the same values, where "*" stands for anything.
func match(t testing.TB, got, want string) {
	t.Helper()
	have, ok := flatten(got)
	if !ok {
		t.Fatalf("not JSON: %s", got)
	}
	wanted, ok := flatten(want)
	if !ok {
		t.Fatalf("the expectation is not JSON: %s", want)
	}
	for i := range max(len(have), len(wanted)) {
		h, w := at(have, i), at(wanted, i)
		if w.path != h.path || w.value != `"*"` && w.value != h.value {
			t.Errorf("member %d is %s = %s, want %s = %s\nin %s", i, h.path, h.value, w.path, w.value, got)
			return
		}
	}
}

// apiError is what a refused request is to say; "" are members that are to be
// absent.
type apiError struct {
	status                         int
	typ, code, decline, param, msg string
}

func (w apiError) check(t testing.TB, r *sdktest.Response) {
	t.Helper()
	if r.Status != w.status {
		t.Fatalf("status %d, want %d: %s", r.Status, w.status, r.Body)
	}
	typ := w.typ
	if typ == "" {
		typ = "invalid_request_error"
	}
	e := r.JSON().At("error")
	for _, f := range []struct{ name, want string }{{"type", typ}, {"code", w.code}, {"decline_code", w.decline}, {"param", w.param}, {"message", w.msg}} {
		if got := e.Get(f.name); got != f.want {
			t.Errorf("%s %q, want %q", f.name, got, f.want)
		}
	}
	if w.code != "" && w.status != 501 {
		if got, want := e.Get("doc_url"), "https://stripe.com/docs/error-codes/"+strings.ReplaceAll(w.code, "_", "-"); got != want {
			t.Errorf("doc_url %q, want %q", got, want)
		}
	}
	// [R] members of an error come in alphabetical order.
	keys := sdktest.Keys(t, errorText(t, r.Body))
	for i := 1; i < len(keys); i++ {
		if keys[i-1] >= keys[i] {
			t.Errorf("%s comes before %s", keys[i-1], keys[i])
		}
	}
}

// errorText is the text of the error object of a body.
func errorText(t testing.TB, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `"error": `)
	if !ok {
		t.Fatalf("no error in %s", body)
	}
	return rest
}

// eventTypes lists the types of all events, oldest first.
func eventTypes(m *sdktest.Mirror, t testing.TB) []string {
	t.Helper()
	var types []string
	for _, doc := range m.State("events") {
		types = append(types, sdktest.ParseJSON(t, doc).Get("type"))
	}
	return types
}

// wantEvents compares the types of all events.
func wantEvents(t testing.TB, m *sdktest.Mirror, want ...string) {
	t.Helper()
	got := eventTypes(m, t)
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("events %q\nwant   %q", got, want)
	}
}

// lastEvent returns the newest event of a type.
func lastEvent(t testing.TB, m *sdktest.Mirror, typ string) sdktest.View {
	t.Helper()
	docs := m.State("events")
	for i := len(docs) - 1; i >= 0; i-- {
		if e := sdktest.ParseJSON(t, docs[i]); e.Get("type") == typ {
			return e
		}
	}
	t.Fatalf("no event %s", typ)
	return sdktest.View{}
}

// newCustomer makes a customer and returns its id.
func newCustomer(t testing.TB, m *sdktest.Mirror, fields ...string) string {
	t.Helper()
	return m.Form("POST", "/v1/customers", fields...).Want(200).Get("id")
}

// pay makes and confirms a payment intent by card.
func pay(m *sdktest.Mirror, fields ...string) *sdktest.Response {
	all := []string{"confirm=true", "payment_method_types[]=card"}
	for _, d := range []string{"amount=2000", "currency=usd"} {
		name, _, _ := strings.Cut(d, "=")
		given := false
		for _, f := range fields {
			given = given || strings.HasPrefix(f, name+"=")
		}
		if !given {
			all = append(all, d)
		}
	}
	return m.Form("POST", "/v1/payment_intents", append(all, fields...)...)
}

// apiCall is an answer to be held against an expectation.
type apiCall struct {
	t testing.TB
	r *sdktest.Response
}

func (c apiCall) fails(want apiError) { c.t.Helper(); want.check(c.t, c.r) }

// leaf is a value of a JSON text with its path; empty containers are leaves.
type leaf struct{ path, value string }

// flatten lists the leaves of a JSON text in their order.
func flatten(text string) ([]leaf, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var out []leaf
	var value func(path string) bool
	value = func(path string) bool {
		token, err := d.Token()
		if err != nil {
			return false
		}
		delim, ok := token.(json.Delim)
		if !ok {
			b, err := json.Marshal(token)
			out = append(out, leaf{path, string(b)})
			return err == nil
		}
		n := 0
		for ; d.More(); n++ {
			at := path + "." + strconv.Itoa(n)
			if delim == '{' {
				key, err := d.Token()
				if err != nil {
					return false
				}
				at = path + "." + key.(string)
			}
			if !value(at) {
				return false
			}
		}
		if n == 0 {
			out = append(out, leaf{path, string(delim)})
		}
		_, err = d.Token()
		return err == nil
	}
	return out, value("")
}
func at(list []leaf, i int) leaf {
	if i < len(list) {
		return list[i]
	}
	return leaf{}
}
