package abi

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// What decodes, encodes to something that decodes to the same. Decode takes
// headers and tape on trust; Check, and reading without it, must not panic.
func FuzzRequest(f *testing.F) {
	for _, r := range sampleRequests {
		frame := r.Append(nil)
		f.Add(frame)
		f.Add(append([]byte(grease(0)), frame...))
		f.Add(append([]byte(grease(FlagCritical)), frame...))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := DecodeRequest(string(frame))
		if err != nil {
			return
		}
		checked := r.Check() == nil
		n := 0
		for range r.Headers.All {
			n++
		}
		if checked && n != r.Headers.Len() {
			t.Errorf("%d pairs, %d read", r.Headers.Len(), n)
		}
		if _, ok := r.Headers.Find("content-type"); ok && n == 0 {
			t.Error("found a header where there is none")
		}
		readTape(r.Tape)
		again, err := DecodeRequest(string(r.Append(nil)))
		if err != nil {
			t.Fatal(err)
		}
		// Sections that a kind does not have are not written again.
		if r.Kind != KindHTTP {
			r.Credential = Credential{}
		}
		if r.Kind != KindAttempt && r.Kind != KindOutcome {
			r.Delivery = Delivery{}
		}
		if r.Kind != KindOutcome {
			r.Result = Result{}
		}
		if r.Kind != KindMigrate {
			r.SchemaVersion = 0
		}
		if !reflect.DeepEqual(r, again) {
			t.Errorf("\n got %+v\nwant %+v", again, r)
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add(sampleAnswer())
	f.Add([]byte(grease(0)))
	f.Add(AppendSection(nil, TagPark, ""))
	f.Fuzz(func(t *testing.T, frame []byte) {
		r, err := DecodeResponse(string(frame))
		if err != nil {
			return
		}
		for _, p := range []Pairs{r.Headers, r.Trailers} {
			n := 0
			for range p.All {
				n++
			}
			if n != p.Len() {
				t.Errorf("%d pairs, %d read", p.Len(), n)
			}
		}
		for range r.Script.All {
		}
		AppendLayout(nil, r.Layout, r.Body)
	})
}

func FuzzEnqueue(f *testing.F) {
	f.Add(sampleEnqueue.Append(nil))
	f.Add(append(sampleEnqueue.Append(nil), grease(FlagCritical)...))
	f.Fuzz(func(t *testing.T, frame []byte) {
		e, err := DecodeEnqueue(string(frame))
		if err != nil {
			return
		}
		again, err := DecodeEnqueue(string(e.Append(nil)))
		if err != nil || again != e {
			t.Errorf("got %+v, %v, want %+v", again, err, e)
		}
	})
}

func readTape(t Tape) (records int, err error) {
	for t != "" && err == nil {
		var r Record
		if r, t, err = t.Next(); err != nil {
			return records, err
		}
		records++
		for i := range r.Segments() + 1 {
			r.Segment(i)
		}
	}
	return records, err
}

func FuzzTape(f *testing.F) {
	f.Add([]byte(sampleTape()))
	f.Fuzz(func(t *testing.T, b []byte) {
		tape := Tape(b)
		_, err := readTape(tape)
		if tape.Check() == nil && err != nil {
			t.Errorf("passed Check, then %v", err)
		}
	})
}

func FuzzPairs(f *testing.F) {
	f.Add([]byte(sampleHeaders), "x-a")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		p := Pairs(b)
		var list []Pair
		var first *string
		for n, v := range p.All {
			list = append(list, Pair{n, v})
			if first == nil && equalFold(n, name) {
				first = &v
			}
		}
		v, ok := p.Find(name)
		if p.check() != nil {
			return
		}
		if ok != (first != nil) || ok && v != *first {
			t.Errorf("Find(%q) = %q, %v in %q", name, v, ok, list)
		}
		if again := MakePairs(list); again != p {
			t.Errorf("encoded again % x, want % x", again, p)
		}
	})
}

func FuzzRows(f *testing.F) {
	header := make([]byte, RowsHeaderBytes)
	PutRowsHeader(header, 2, 1, 0, 5)
	f.Add(AppendText(AppendInteger(header, 7), "text"))
	f.Add(AppendBlob(AppendFloat(AppendNull(header), 1.5), "blob"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := DecodeRows(string(b))
		if err != nil {
			return
		}
		var again []byte
		for {
			v, err := rows.Next()
			if err != nil {
				break
			}
			switch v.Type {
			case Null:
				again = AppendNull(again)
			case Integer:
				again = AppendInteger(again, v.Int)
			case Float:
				again = AppendFloat(again, v.Float)
			case Text:
				again = AppendText(again, v.Str)
			case Blob:
				again = AppendBlob(again, v.Str)
			}
		}
		if !bytes.HasPrefix(b[RowsHeaderBytes:], again) {
			t.Errorf("encoded again % x, of % x", again, b)
		}
	})
}

func FuzzScript(f *testing.F) {
	f.Add(AppendScript(nil, []uint64{0, 1e9}, []string{"one", ""})[sectionHeaderBytes:])
	f.Fuzz(func(t *testing.T, b []byte) {
		s := Script(b)
		var delays []uint64
		var chunks []string
		for d, c := range s.All {
			delays, chunks = append(delays, d), append(chunks, c)
		}
		if s.check() != nil {
			return
		}
		if again := AppendScript(nil, delays, chunks)[sectionHeaderBytes:]; !bytes.HasPrefix(b, again) {
			t.Errorf("encoded again % x, of % x", again, b)
		}
	})
}

func FuzzModule(f *testing.F) {
	module, err := AppendManifest([]byte(wasmMagic), &fullManifest)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(module)
	f.Add([]byte(wasmMagic))
	f.Add(append([]byte(wasmMagic), custom("name", "x")...))
	f.Add(append([]byte(wasmMagic), custom(ManifestSection, `{"abi":2,"later":[]}`)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ReadManifest(b)
		if (m == nil) == (err == nil) {
			t.Errorf("got %v and %v", m, err)
		}
		out, err := AppendManifest(b, &fullManifest)
		if err != nil {
			return
		}
		got, err := ReadManifest(out)
		if err != nil || !reflect.DeepEqual(*got, fullManifest) {
			t.Errorf("the manifest appended is not the one read: %+v, %v", got, err)
		}
	})
}

func FuzzLayout(f *testing.F) {
	for _, s := range []string{`{"a":[1,{},[]],"b":"{\"[,:]"}`, `[[[]]]`, `{"`, "}}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		layoutKeeps(t, body)
		var compact, want bytes.Buffer
		if json.Compact(&compact, []byte(body)) != nil || json.Indent(&want, compact.Bytes(), "", "  ") != nil {
			return
		}
		if got := AppendLayout(nil, LayoutIndent2, compact.String()); string(got) != want.String() {
			t.Errorf("%q:\n got %s\nwant %s", body, got, want.String())
		}
	})
}

// FuzzLayoutOfRows prints a list of rows that differ in what is fuzzed.
func FuzzLayoutOfRows(f *testing.F) {
	f.Add(`{}`, `{"a":{}}`, `"`)
	f.Add(`[`, `"a":[1,2]`, `\`)
	f.Fuzz(func(t *testing.T, a, b, c string) {
		row := `{"object":"row","address":null,"value":` + a + `,"rest":{"list":[` + b + `]}}`
		body := `[` + strings.Repeat(row+`,`, 30) + strings.Repeat(strings.Replace(row, "row", c, 1)+`,`, 30) + row + `]`
		var compact, want bytes.Buffer
		if json.Compact(&compact, []byte(body)) != nil {
			mustPanicFree(t, body, func() { layoutKeeps(t, body) })
			return
		}
		body = compact.String()
		if err := json.Indent(&want, []byte(body), "", "  "); err != nil {
			t.Fatal(err)
		}
		if got := AppendLayout(nil, LayoutIndent2, body); string(got) != want.String() {
			t.Errorf("%s:\n got %s\nwant %s", body, got, want.String())
		}
	})
}
