package sdktest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Request is one request of vendor traffic.
type Request struct {
	Method, Host, Target, Body string
	Headers                    [][2]string
}

func (r *Request) setHeader(name, value string) {
	for i := range r.Headers {
		if strings.EqualFold(r.Headers[i][0], name) {
			r.Headers[i][1] = value
			return
		}
	}
	r.Headers = append(r.Headers, [2]string{name, value})
}

// Response is what the mirror answered.
type Response struct {
	Status  int
	Headers [][2]string // in the order and spelling sent
	Body    string
	Dropped bool // a fault closed the connection instead of sending this

	t testing.TB
}

// Header returns a header's value, "" if it was not sent.
func (r *Response) Header(name string) string {
	for _, h := range r.Headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// Want fails the test unless the status is as expected, and shows the body.
func (r *Response) Want(status int) *Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d: %s", r.Status, status, r.Body)
	}
	return r
}

// JSON returns the body as JSON.
func (r *Response) JSON() View {
	r.t.Helper()
	return ParseJSON(r.t, r.Body)
}

// Get is JSON().Get.
func (r *Response) Get(path string) string { r.t.Helper(); return r.JSON().Get(path) }

// View is a JSON value to look into.
type View struct {
	v  any
	ok bool
}

// ParseJSON returns a view of a text; the test fails unless it is JSON.
func ParseJSON(t testing.TB, text string) View {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("not JSON: %v: %q", err, text)
	}
	return View{v, true}
}

// At returns the value at a dotted path; elements of arrays go by number.
func (v View) At(path string) View {
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.v.(type) {
		case map[string]any:
			v.v, v.ok = at[step], has(at, step)
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return View{}
			}
			v.v = at[i]
		default:
			return View{}
		}
	}
	return v
}

func has(m map[string]any, key string) bool { _, ok := m[key]; return ok }

// Get returns the value at a dotted path as text: strings as they are, "null",
// numbers and booleans as literals, objects and arrays as compact JSON with
// sorted keys, "" if there is none.
func (v View) Get(path string) string { return v.At(path).String() }

// String returns the value as Get does.
func (v View) String() string {
	if !v.ok {
		return ""
	}
	switch x := v.v.(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	case nil:
		return "null"
	}
	b, err := json.Marshal(v.v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Exists tells whether there is a value at a path, null included.
func (v View) Exists(path string) bool { return v.At(path).ok }

// Len returns the number of members or elements at a path.
func (v View) Len(path string) int {
	if path != "" {
		v = v.At(path)
	}
	switch x := v.v.(type) {
	case map[string]any:
		return len(x)
	case []any:
		return len(x)
	}
	return 0
}

// Value returns what encoding/json made of it.
func (v View) Value() any { return v.v }

// Keys returns the members of the outermost object of a JSON text in their order.
func Keys(t testing.TB, text string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	var keys []string
	depth, wantKey := 0, false
	for {
		token, err := d.Token()
		if err != nil {
			return keys
		}
		switch x := token.(type) {
		case json.Delim:
			if x == '{' || x == '[' {
				depth++
			} else {
				depth--
			}
			wantKey = depth == 1
			continue
		case string:
			if depth == 1 && wantKey {
				keys = append(keys, fmt.Sprint(x))
				wantKey = false
				continue
			}
		}
		if depth == 1 {
			wantKey = true
		}
	}
}
