package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// Limits of request bodies. A create request may carry state documents.
const (
	smallBody = 1 << 20
	seedBody  = 64 << 20
)

// decode reads a JSON body of at most limit bytes into v. No body at all leaves
// v as it is.
func decode(w http.ResponseWriter, r *http.Request, limit int64, v any) error {
	bad := func(format string, args ...any) error {
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: fmt.Sprintf(format, args...), Hint: "GET /v1/openapi.json describes what a request may hold"}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return bad("content encoding %q is not accepted here", encoding)
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	// Asked after the first byte, so that an empty body needs no type.
	if media, _, e := mime.ParseMediaType(r.Header.Get("Content-Type")); e != nil || media != "application/json" {
		return bad("the body's type is %q: want Content-Type: application/json", r.Header.Get("Content-Type"))
	}
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return bad("the body holds more than one JSON value")
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return bad("the body is larger than %d bytes", e.Limit)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return bad("field %q: want %s, got %s", e.Field, kindName(e.Type.Kind().String()), e.Value)
	}
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return bad("unknown field %s", field)
	}
	return bad("the body is not the JSON that is wanted: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func kindName(kind string) string {
	switch kind {
	case "struct", "map":
		return "an object"
	case "slice":
		return "a list"
	case "bool":
		return "true or false"
	case "string":
		return "a string"
	}
	return "a number"
}

// query reads a request's parameters and refuses those that are not known.
type query struct {
	values url.Values
	err    error
}

func newQuery(r *http.Request, known ...string) *query {
	q := &query{}
	if q.values, q.err = url.ParseQuery(r.URL.RawQuery); q.err != nil {
		q.fail("query: %s", q.err)
	}
	for name, v := range q.values {
		if !slices.Contains(known, name) {
			q.fail("unknown parameter %q: there are %s", name, strings.Join(known, ", "))
		} else if len(v) > 1 && name != "type" {
			q.fail("parameter %q is there twice", name)
		}
	}
	return q
}

func (q *query) fail(format string, args ...any) {
	q.err = &host.Error{Kind: host.KindInvalid, Code: "mirra.request.invalid", Message: fmt.Sprintf(format, args...)}
}

func (q *query) number(name string) uint64 {
	text := q.values.Get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		q.fail("parameter %q: %q is not a number", name, text)
	}
	return n
}

func (q *query) bool(name string) bool {
	switch text := q.values.Get(name); text {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	default:
		q.fail("parameter %q: %q is neither true nor false", name, text)
		return false
	}
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client went away
	return nil
}

func noContent(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
