package tape

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mirrahq/mirra/abi"
)

// FuzzForm holds forms against net/url, which differs in semicolons alone.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"a=1&b[c][]=2", "a=%41+%zz", "[a]=1&a[b=2&a[b]c=3", "&&=&a", customer, "a;b=1", "a=%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p Parser
		r, _ := read(t, &p, "/", formType, s)
		if strings.Contains(s, ";") {
			return
		}
		want, err := url.ParseQuery(s)
		if (err != nil) != r.HasFault {
			t.Fatalf("%q: net/url says %v, got %+v", s, err, r.Fault)
		}
		if err != nil {
			return
		}
		got := url.Values{}
		for tape := r.Tape; tape != ""; {
			rec, rest, err := tape.Next()
			if err != nil {
				t.Fatal(err)
			}
			tape = rest
			name := rec.Name
			for i := 1; i < rec.Segments(); i++ {
				name += "[" + rec.Segment(i) + "]"
			}
			got.Add(name, rec.Value)
			if int(rec.Offset) >= len(s) || rec.Offset > 0 && s[rec.Offset-1] != '&' {
				t.Errorf("%q: offset %d is not the start of a field", s, rec.Offset)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	})
}

// value builds what encoding/json would, of a tape.
func value(t testing.TB, tape abi.Tape) (any, abi.Tape) {
	t.Helper()
	r, rest, err := tape.Next()
	if err != nil {
		t.Fatal(err)
	}
	switch r.Op {
	case abi.OpString:
		return r.Value, rest
	case abi.OpNumber:
		return json.Number(r.Value), rest
	case abi.OpTrue, abi.OpFalse:
		return r.Op == abi.OpTrue, rest
	case abi.OpNull:
		return nil, rest
	case abi.OpBeginArray:
		list := []any{}
		for {
			if end, after, _ := rest.Next(); end.Op == abi.OpEndArray {
				return list, after
			}
			var v any
			v, rest = value(t, rest)
			list = append(list, v)
		}
	case abi.OpBeginObject:
		object := map[string]any{}
		for {
			key, after, _ := rest.Next()
			if key.Op == abi.OpEndObject {
				return object, after
			}
			object[key.Name], rest = value(t, after)
		}
	}
	t.Fatalf("op %d is no value", r.Op)
	return nil, ""
}

// FuzzJSON holds JSON against encoding/json, which takes deeper nesting and
// text that is not UTF-8.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-0.5e+3,"\u00e4\ud83d\ude00\ud83d",true,false,null],"a":{}}`, ` [ ] `, `"\`, `{"a":1,}`, `1e`, "\"\x01\"", `[[[[`, `01`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var p Parser
		r, _ := read(t, &p, "/", jsonType, s)
		if s == "" || !utf8.ValidString(s) || r.Fault.Reason == abi.ReasonTooDeep {
			return
		}
		if r.HasFault && int(r.Fault.Offset) > len(s) {
			t.Errorf("%q: offset %d", s, r.Fault.Offset)
		}
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		var want any
		err := d.Decode(&want)
		if err == nil {
			if _, e := d.Token(); e != io.EOF {
				err = e
				if e == nil {
					err = io.ErrUnexpectedEOF // more than one value
				}
			}
		}
		if (err != nil) != r.HasFault {
			t.Fatalf("%q: encoding/json says %v, got %+v", s, err, r.Fault)
		}
		if err != nil {
			return
		}
		got, rest := value(t, r.Tape)
		if rest != "" || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, want %#v", s, got, want)
		}
	})
}

// FuzzMultipart holds multipart bodies against mime/multipart read to the end.
func FuzzMultipart(f *testing.F) {
	_, body := form(f, part{`form-data; name="a"`, "", "1"}, part{`form-data; name="b"; filename="f"`, "text/plain", "2"})
	f.Add(body, "frontier")
	f.Add(strings.TrimSuffix(body, "--frontier--\r\n"), "frontier")
	f.Add("--x--", "x")
	f.Fuzz(func(t *testing.T, body, boundary string) {
		var p Parser
		frame, parts := p.Append(nil, "/", `multipart/form-data; boundary="`+boundary+`"`, []byte(body))
		for _, part := range parts {
			p.Bind(frame, part, 7)
		}
		r, err := abi.DecodeRequest(string(abi.AppendUint16Section(nil, abi.TagKind, 1)) + string(frame))
		if err != nil || r.Check() != nil {
			t.Fatalf("%v, %v", err, r.Check())
		}
		if r.HasFault || body == "" || strings.ContainsAny(boundary, `"\;`) {
			return
		}
		reader := multipart.NewReader(bytes.NewReader([]byte(body)), boundary)
		for tape := r.Tape; tape != ""; {
			rec, rest, _ := tape.Next()
			tape = rest
			want, err := reader.NextRawPart()
			if err != nil {
				t.Fatalf("a part more than mime/multipart has: %v", err)
			}
			data, _ := io.ReadAll(want)
			if rec.InBlob && rec.Blob != (abi.BlobRef{Handle: 7, Size: uint64(len(data))}) || !rec.InBlob && rec.Value != string(data) {
				t.Errorf("got %+v, want %q", rec, data)
			}
		}
		if _, err := reader.NextRawPart(); err != io.EOF {
			t.Errorf("ended early: %v", err)
		}
	})
}

// FuzzRequest has a parser read two requests one after the other: nothing of
// the first shows in the second.
func FuzzRequest(f *testing.F) {
	f.Add("/?a=1", "application/json", `{"a":"\u0041"}`, "/?b=%41", "", "c=+")
	f.Fuzz(func(t *testing.T, target1, type1, body1, target2, type2, body2 string) {
		var used, fresh Parser
		used.Append(nil, target1, type1, []byte(body1))
		got, gotParts := used.Append(nil, target2, type2, []byte(body2))
		want, wantParts := fresh.Append(nil, target2, type2, []byte(body2))
		if !bytes.Equal(got, want) || !reflect.DeepEqual(gotParts, wantParts) {
			t.Errorf("got % x, want % x", got, want)
		}
	})
}
