package tape

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
)

func TestForms(t *testing.T) {
	deep := "a" + strings.Repeat("[x]", abi.MaxDepth)
	for _, c := range []struct{ name, form, want string }{
		{"plain", "a=1", lines(`b0 "a" = "1"`)},
		{"order and repetition", "b=2&a=1&b=3", lines(`b0 "b" = "2"`, `b4 "a" = "1"`, `b8 "b" = "3"`)},
		{"no value", "a&b=", lines(`b0 "a" = ""`, `b2 "b" = ""`)},
		{"no name", "=1&=", lines(`b0 "" = "1"`, `b3 "" = ""`)},
		{"empty fields", "&&a=1&", lines(`b2 "a" = "1"`)},
		{"equals in the value", "a=b=c", lines(`b0 "a" = "b=c"`)},
		{"plus and percent", "a+b=c+d%2Be%20%f0%9F%98%80", lines(`b0 "a b" = "c d+e 😀"`)},
		{"encoded separators", "a%26b%3Dc=%26%3d", lines(`b0 "a&b=c" = "&="`)},
		{"zero byte and what is no UTF-8", "a=%00%ff", lines(`b0 "a" = "\x00\xff"`)},
		{"semicolon is text", "a;b=1;2", lines(`b0 "a;b" = "1;2"`)},
		{"brackets", "a[b]=1", lines(`b0 "a" "b" = "1"`)},
		{"encoded brackets", "a%5Bb%5d=1", lines(`b0 "a" "b" = "1"`)},
		{"empty brackets", "a[]=1&a[]=2&a[][b]=3", lines(`b0 "a" "" = "1"`, `b6 "a" "" = "2"`, `b12 "a" "" "b" = "3"`)},
		{"indexes", "a[0][b][1]=x", lines(`b0 "a" "0" "b" "1" = "x"`)},
		{"starts with a bracket", "[a]=1&[=2", lines(`b0 "[a]" = "1"`, `b6 "[" = "2"`)},
		{"never closed", "a[b=1", lines(`b0 raw "a[b" = "1"`)},
		{"closed twice", "a[b]]=1", lines(`b0 raw "a[b]]" = "1"`)},
		{"text behind", "a[b]c=1", lines(`b0 raw "a[b]c" = "1"`)},
		{"nested", "a[b[c]]=1", lines(`b0 raw "a[b[c]]" = "1"`)},
		{"closing alone", "a]=1", lines(`b0 "a]" = "1"`)},
		{"as many brackets as may be", deep + "=1", lines(`b0 "a" ` + strings.Repeat(`"x" `, abi.MaxDepth) + `= "1"`)},
		{"more", deep + "[y]=1", lines(`b0 raw "` + deep + `[y]" = "1"`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Parser
			r, _ := read(t, &p, "/", formType, c.form)
			if got := show(t, r.Tape); got != c.want || r.HasFault {
				t.Errorf("got %s%+v, want %s", got, r.Fault, c.want)
			}
			// A query is the same with another source.
			r, _ = read(t, &p, "/x?"+c.form, "", "")
			if got, want := show(t, r.Tape), strings.ReplaceAll("\n"+c.want, "\nb", "\nq")[1:]; got != want {
				t.Errorf("as a query: got %s, want %s", got, want)
			}
		})
	}
}

func TestFormFaults(t *testing.T) {
	for _, c := range []struct {
		form string
		at   uint32
		text string
	}{
		{"a=%", 2, "invalid %-encoding (%)"},
		{"a=%1", 2, "invalid %-encoding (%1)"},
		{"a=%zz", 2, "invalid %-encoding (%zz)"},
		{"a=b%2", 2, "invalid %-encoding (b%2)"},
		{"ok=1&%gg=2", 5, "invalid %-encoding (%gg)"},
		{"ok=1&b=%g0", 7, "invalid %-encoding (%g0)"},
		{"a=%+1", 2, "invalid %-encoding (%+1)"},
	} {
		var p Parser
		r, _ := read(t, &p, "/", formType, c.form)
		want := abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonSyntax, Offset: c.at, Text: c.text}
		if !r.HasFault || r.Fault != want {
			t.Errorf("%s: got %+v, want %+v", c.form, r.Fault, want)
		}
		r, _ = read(t, &p, "/?"+c.form, formType, "fine=1")
		if want.Source = abi.FromQuery; !r.HasFault || r.Fault != want {
			t.Errorf("?%s: got %+v, want %+v", c.form, r.Fault, want)
		}
		// The parser goes on with the next request as if nothing had been.
		if r, _ = read(t, &p, "/", formType, "a%20b=1"); show(t, r.Tape) != lines(`b0 "a b" = "1"`) {
			t.Errorf("after %s: got %s", c.form, show(t, r.Tape))
		}
	}
}

func TestContentTypes(t *testing.T) {
	for _, c := range []struct {
		contentType, body, want string
		reason                  abi.ParseReason
	}{
		{"", "a=1", lines(`q0 "q" = "1"`, `b0 "a" = "1"`), 0},
		{"application/x-www-form-urlencoded; charset=utf-8", "a=1", lines(`q0 "q" = "1"`, `b0 "a" = "1"`), 0},
		{"Application/X-WWW-Form-Urlencoded", "a=1", lines(`q0 "q" = "1"`, `b0 "a" = "1"`), 0},
		{"application/json;charset=UTF-8", "1", lines(`q0 "q" = "1"`, `b0 1`), 0},
		{"application/json; charset", "1", lines(`q0 "q" = "1"`, `b0 1`), 0}, // a malformed parameter
		{"application/scim+json", "1", lines(`q0 "q" = "1"`, `b0 1`), 0},
		{"text/plain", "a=1", lines(`q0 "q" = "1"`), abi.ReasonMediaType},
		{"/;", "a=1", lines(`q0 "q" = "1"`), abi.ReasonMediaType},
		{"text/plain", "", lines(`q0 "q" = "1"`), 0}, // nothing to read
		{jsonType, "", lines(`q0 "q" = "1"`), 0},
	} {
		var p Parser
		r, _ := read(t, &p, "/?q=1", c.contentType, c.body)
		if got := show(t, r.Tape); got != c.want || r.Fault.Reason != c.reason || r.HasFault != (c.reason != 0) {
			t.Errorf("%q: got %s%+v, want %s", c.contentType, got, r.Fault, c.want)
		}
	}
}

func TestTargets(t *testing.T) {
	for target, want := range map[string]string{
		"/a?b=1?c=2": lines(`q0 "b" = "1?c=2"`),
		"/a?":        "",
		"/a":         "",
		"":           "",
		"/a?b#c=1":   lines(`q0 "b#c" = "1"`), // raw: a fragment is not cut off
	} {
		var p Parser
		r, _ := read(t, &p, target, "", "")
		if got := show(t, r.Tape); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
}

func TestJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + "1" + strings.Repeat("]", n) }
	for _, c := range []struct{ name, json, want string }{
		{"scalars", ` "a" `, lines(`b1 "a"`)},
		{"words", `[true,false,null]`, lines("b0 [", "b1 true", "b6 false", "b12 null", "b16 ]")},
		{"duplicates stay", `{"a":1,"a":2}`, lines("b0 {", `b1 "a":`, "b5 1", `b7 "a":`, "b11 2", "b12 }")},
		{"white space", " {\n\t\"a\" :\r1 } ", lines("b1 {", `b4 "a":`, "b10 1", "b12 }")},
		{"big and odd numbers", `[123456789012345678901234567890,-0,1.50,1E+2,0e0,-1.0e-10]`,
			lines("b0 [", "b1 123456789012345678901234567890", "b32 -0", "b35 1.50", "b40 1E+2", "b45 0e0", "b49 -1.0e-10", "b57 ]")},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e4\u0000"`, lines(`b0 "\"\\/\b\f\n\r\tä\x00"`)},
		{"surrogates", `"\ud83d\ude00"`, lines(`b0 "😀"`)},
		{"lone halves", `["\ud83d","\ude00","\ud83dx","\ud83d\n","\ud83d\ud83d\ude00","\ud83d\u0041"]`,
			lines("b0 [", `b1 "�"`, `b10 "�"`, `b19 "�x"`, `b29 "�\n"`, `b40 "�😀"`, `b61 "�A"`, "b75 ]")},
		{"upper case hex", `"\u00E4\uD83D\uDE00"`, lines(`b0 "ä😀"`)},
		{"text that is not ASCII", `{"ü":"日本"}`, lines("b0 {", `b1 "ü":`, `b6 "日本"`, "b14 }")},
		{"escaped key", `{"\u0061b":1}`, lines("b0 {", `b1 "ab":`, "b11 1", "b12 }")},
		{"empty", `{"":{},"a":[]}`, lines("b0 {", `b1 "":`, "b4 {", "b5 }", `b7 "a":`, "b11 [", "b12 ]", "b13 }")},
	} {
		t.Run(c.name, func(t *testing.T) {
			var p Parser
			r, _ := read(t, &p, "/", jsonType, c.json)
			if got := show(t, r.Tape); got != c.want || r.HasFault {
				t.Errorf("got %s%+v, want %s", got, r.Fault, c.want)
			}
		})
	}
	var p Parser
	if r, _ := read(t, &p, "/", jsonType, nested(abi.MaxDepth)); r.HasFault {
		t.Errorf("%d deep: %+v", abi.MaxDepth, r.Fault)
	}
	for _, begin := range []string{"[", `{"a":`} {
		body := strings.Repeat(begin, abi.MaxDepth+1) + "1"
		r, _ := read(t, &p, "/", jsonType, body)
		if want := uint32(len(begin) * abi.MaxDepth); r.Fault.Reason != abi.ReasonTooDeep || r.Fault.Offset != want {
			t.Errorf("%d deep: got %+v, want offset %d", abi.MaxDepth+1, r.Fault, want)
		}
	}
}

func TestJSONFaults(t *testing.T) {
	for _, c := range []struct {
		json string
		at   uint32
		text string
	}{
		{` `, 1, "unexpected end"},
		{`x`, 0, "unexpected character"},
		{"\x00", 0, "unexpected character"},
		{"\ufeff1", 0, "unexpected character"}, // a byte order mark
		{`{`, 1, "want a key"},
		{`{a:1}`, 1, "want a key"},
		{`{1:2}`, 1, "want a key"},
		{`{"a"}`, 4, "want a colon"},
		{`{"a":}`, 5, "unexpected character"},
		{`{"a":1`, 6, "want a comma or }"},
		{`{"a":1]`, 6, "want a comma or }"},
		{`{"a":1,}`, 7, "want a comma or }"},
		{`[1,]`, 3, "want a comma or ]"},
		{`[1 2]`, 3, "want a comma or ]"},
		{`[1`, 2, "want a comma or ]"},
		{`[`, 1, "unexpected end"},
		{`[1,`, 3, "unexpected end"},
		{`[,1]`, 1, "unexpected character"},
		{`1 2`, 2, "data after the end"},
		{`{} {}`, 3, "data after the end"},
		{`tru`, 0, "unexpected character"},
		{`nul`, 0, "unexpected character"},
		{`truex`, 4, "data after the end"},
		{`-`, 1, "want a digit"},
		{`-a`, 1, "want a digit"},
		{`01`, 1, "data after the end"},
		{`[01]`, 2, "want a comma or ]"},
		{`1.`, 2, "want a digit"},
		{`.5`, 0, "unexpected character"},
		{`1e`, 2, "want a digit"},
		{`1e+`, 3, "want a digit"},
		{`+1`, 0, "unexpected character"},
		{`"a`, 2, "unexpected end of a string"},
		{`"a\`, 3, "unexpected end of a string"},
		{`"a\n`, 4, "unexpected end of a string"},
		{`"\x"`, 1, "unknown escape"},
		{`"\u12g4"`, 5, "want four hexadecimal digits"},
		{`"\u12`, 5, "want four hexadecimal digits"},
		{`"\ud83d\u12"`, 11, "want four hexadecimal digits"},
		{"\"a\nb\"", 2, "control character in a string"},
		{"\"\\n\x01\"", 3, "control character in a string"},
		{"\"a\xffb\"", 2, "text that is not UTF-8"},
		{"[\"\\n\",\"\\t\xc3\"]", 9, "text that is not UTF-8"},
		{"{\"\xed\xa0\x80\":1}", 2, "text that is not UTF-8"}, // a surrogate, encoded
	} {
		var p Parser
		r, _ := read(t, &p, "/?q=1", jsonType, c.json)
		want := abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonSyntax, Offset: c.at, Text: fmt.Sprintf("%s at byte %d", c.text, c.at)}
		if !r.HasFault || r.Fault != want {
			t.Errorf("%q: got %+v, want %+v", c.json, r.Fault, want)
		}
		if r, _ = read(t, &p, "/", jsonType, `"\u0061"`); show(t, r.Tape) != lines(`b0 "a"`) {
			t.Errorf("after %q: got %s", c.json, show(t, r.Tape))
		}
	}
}

type part struct{ disposition, contentType, body string }

// form writes a multipart body.
func form(t testing.TB, parts ...part) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("frontier"); err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		if p.disposition != "" {
			h.Set("Content-Disposition", p.disposition)
		}
		if p.contentType != "" {
			h.Set("Content-Type", p.contentType)
		}
		dst, err := w.CreatePart(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dst.Write([]byte(p.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestMultipart(t *testing.T) {
	large := strings.Repeat("x", abi.MaxInlineBodyBytes)
	contentType, body := form(t,
		part{`form-data; name="purpose"`, "", "a\r\nb"},
		part{`form-data; name="file"; filename="a b.txt"`, "text/plain", "hello"},
		part{`form-data; name="file"; filename="../up.bin"`, "application/octet-stream", "\x00\xff"},
		part{`form-data; name="edge"`, "", large},
		part{`form-data; name="large"`, "", large + "x"},
		part{`form-data; name="empty"; filename="empty"`, "", ""},
		part{"", "text/html", "no name"},
		part{`form-data; name="broken`, "", "no name either"},
	)
	var p Parser
	r, parts := read(t, &p, "/?q=1", contentType, body)
	want := lines(`q0 "q" = "1"`,
		`b0 part "purpose" file "" type "" = "a\r\nb"`,
		`b0 part "file" file "a b.txt" type "text/plain" blob 1 of 5`,
		`b0 part "file" file "../up.bin" type "application/octet-stream" blob 2 of 2`,
		`b0 part "edge" file "" type "" = "`+large+`"`,
		`b0 part "large" file "" type "" blob 3 of 262145`,
		`b0 part "empty" file "empty" type "" blob 4 of 0`,
		`b0 part "" file "" type "text/html" = "no name"`,
		`b0 part "" file "" type "" = "no name either"`)
	if got := show(t, r.Tape); got != want || r.HasFault {
		t.Errorf("got %.2000s%+v", got, r.Fault)
	}
	if len(parts) != 4 || string(parts[0].Data) != "hello" || string(parts[1].Data) != "\x00\xff" || string(parts[2].Data) != large+"x" {
		t.Errorf("%d parts", len(parts))
	}
}

func TestMultipartFaults(t *testing.T) {
	contentType, body := form(t, part{`form-data; name="a"`, "", "1"}, part{`form-data; name="b"; filename="f"`, "", "2"})
	for _, c := range []struct{ name, contentType, body, want string }{
		{"no boundary", "multipart/form-data", body, "names no boundary"},
		{"another boundary", "multipart/form-data; boundary=other", body, "EOF"},
		{"no last boundary", contentType, strings.TrimSuffix(body, "--frontier--\r\n"), "EOF"},
		{"cut in a part", contentType, body[:len(body)-16], "EOF"},
		{"cut in a header", contentType, "--frontier\r\nContent-Dispo", "missing colon"},
		{"header without a colon", contentType, "--frontier\r\nwhat\r\n\r\nx\r\n--frontier--\r\n", "malformed MIME header"},
		{"garbage", contentType, "garbage", "EOF"},
	} {
		var p Parser
		r, parts := read(t, &p, "/?q=1", c.contentType, c.body)
		if !r.HasFault || r.Fault.Reason != abi.ReasonSyntax || r.Fault.Source != abi.FromBody || !strings.HasPrefix(r.Fault.Text, "multipart: ") || !strings.Contains(r.Fault.Text, c.want) || len(parts) != 0 {
			t.Errorf("%s: got %+v, %d parts, want %q", c.name, r.Fault, len(parts), c.want)
		}
	}
	many := make([]part, maxParts+1)
	for i := range many {
		many[i] = part{`form-data; name="a"`, "", "1"}
	}
	var p Parser
	contentType, body = form(t, many[1:]...)
	if r, _ := read(t, &p, "/", contentType, body); r.HasFault {
		t.Errorf("%d parts: %+v", maxParts, r.Fault)
	}
	contentType, body = form(t, many...)
	if r, _ := read(t, &p, "/", contentType, body); !strings.Contains(r.Fault.Text, "too many parts") {
		t.Errorf("%d parts: %+v", maxParts+1, r.Fault)
	}
}

// customer is a form of 16 fields, as a Stripe client sends it.
const customer = "name=Jenny+Rosen&email=jenny%40example.com&phone=%2B15551234567&description=A+test+customer&" +
	"address[line1]=510+Townsend+St&address[city]=San+Francisco&address[state]=CA&address[postal_code]=94103&address[country]=US&" +
	"shipping[name]=Jenny+Rosen&shipping[address][line1]=510+Townsend+St&shipping[address][city]=San+Francisco&" +
	"metadata[order_id]=6735&metadata[source]=web&preferred_locales[]=en&expand[]=tax_ids"

func BenchmarkForm16(b *testing.B) {
	var p Parser
	frame, body := make([]byte, 0, 8<<10), []byte(customer)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		frame, _ = p.Append(frame[:0], "/v1/customers", formType, body)
	}
}

func BenchmarkJSON16(b *testing.B) {
	var p Parser
	body := []byte(`{"name":"Jenny Rosen","email":"jenny@example.com","phone":"+15551234567","description":"A \"test\" customer",
		"address":{"line1":"510 Townsend St","city":"San Francisco","state":"CA","postal_code":"94103","country":"US"},
		"shipping":{"name":"Jenny Rosen","address":{"line1":"510 Townsend St","city":"San Francisco"}},
		"metadata":{"order_id":6735,"source":"web"},"preferred_locales":["en"],"expand":["tax_ids"]}`)
	frame := make([]byte, 0, 8<<10)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		frame, _ = p.Append(frame[:0], "/v1/customers", jsonType, body)
	}
}

func TestFormOfSixteenFields(t *testing.T) {
	var p Parser
	r, _ := read(t, &p, "/v1/customers", formType, customer)
	if n := strings.Count(show(t, r.Tape), "\n"); n != 16 {
		t.Errorf("%d fields", n)
	}
}
