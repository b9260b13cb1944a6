package abi

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fences returns the fenced blocks of a language, by name.
func fences(t *testing.T, language string) map[string]string {
	t.Helper()
	blocks := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```"+language+` ([a-z0-9-]+)\n(.*?)^`+"```$").FindAllStringSubmatch(readme(t), -1) {
		if _, twice := blocks[m[1]]; twice {
			t.Errorf("two %s blocks are named %s", language, m[1])
		}
		blocks[m[1]] = m[2]
	}
	return blocks
}

// hexBytes reads a block of bytes; # starts a comment.
func hexBytes(t *testing.T, block string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(block) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(code), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%v in %q", err, block)
	}
	return b
}

const exampleNow = 1_719_835_200_000_000_000 // 2024-07-01 12:00:00 UTC

var (
	exampleCall = Request{
		Kind: KindHTTP, Method: "GET", Scheme: "http", Authority: "127.0.0.1:4401", Host: "api", BaseURL: "http://127.0.0.1:4401", Target: "/v1/things?limit=2",
		Headers:    MakePairs([]Pair{{"Authorization", "Bearer ****f00d#1f0a92bc"}}),
		Credential: Credential{Status: CredentialAccepted, Handle: 1 << 24, Class: "secret"},
		Context:    Context{NowNS: exampleNow, PeerNS: exampleNow, Session: "s1", Mirror: "things"},
		Tape:       Tape(AppendRecord(nil, OpPair, FromQuery, 1, 0, "limit", "2")),
	}
	exampleContext  = Context{NowNS: exampleNow, PeerNS: exampleNow, Flags: LimitsOff | RefuseVersions, Session: "s1", Mirror: "things"}
	exampleFault    = ParseError{Source: FromBody, Reason: ReasonSyntax, Offset: 5, Text: "want a colon at byte 5"}
	exampleDelivery = Delivery{ID: 1, Attempt: 2, Event: "thing.created", Label: "we_1"}
	exampleResult   = Result{Outcome: OutcomeAnswered, Status: 500, Body: "oops", Headers: MakePairs([]Pair{{"Server", "x"}})}
	exampleEnqueue  = Enqueue{Event: "thing.created", Label: "we_1", DueNS: exampleNow + 1e9, Order: "t_1", Payload: "{}"}
	exampleType     = []Pair{{"Content-Type", "application/json"}}
)

// one returns the section of a tag in a frame.
func one(t *testing.T, frame []byte, tag Tag) []byte {
	t.Helper()
	for _, s := range sections(t, string(frame)) {
		if got, _, _ := NextSection(s); got.Tag == tag {
			return []byte(s)
		}
	}
	t.Fatalf("no section %#x", tag)
	return nil
}

// withKind puts a kind in front of a section, to make a frame of it.
func withKind(k Kind, section []byte) string {
	return string(append(AppendUint16Section(nil, TagKind, uint16(k)), section...))
}

// examples are the blocks of bytes in README.md: how they are encoded, and a
// look at what decoding them gives.
var examples = map[string]struct {
	encode func(t *testing.T) []byte
	decode func(b []byte) (got, want any, err error)
}{
	"str": {func(*testing.T) []byte { return AppendString(nil, "ok") }, func(b []byte) (any, any, error) {
		v, rest, ok := cutString(string(b))
		return v + rest, "ok", map[bool]error{false: ErrTruncated}[ok]
	}},
	"section": {func(*testing.T) []byte { return AppendUint16Section(nil, TagKind, uint16(KindHTTP)) }, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(string(b))
		return r, &Request{Kind: KindHTTP}, err
	}},
	"open": {func(*testing.T) []byte { return append(AppendOpen(nil, TagBody), `{"data":[`...) }, func(b []byte) (any, any, error) {
		s, _, err := NextSection(string(b))
		return s, Section{TagBody, FlagOpen, `{"data":[`}, err
	}},
	"unknown": {func(*testing.T) []byte { return []byte(grease(0)) }, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, new(Response), err
	}},
	"pairs": {func(*testing.T) []byte { return []byte(MakePairs([]Pair{{"Accept", "*/*"}, {"X-Tag", ""}})) }, func(b []byte) (any, any, error) {
		var got []Pair
		for n, v := range Pairs(b).All {
			got = append(got, Pair{n, v})
		}
		return got, []Pair{{"Accept", "*/*"}, {"X-Tag", ""}}, Pairs(b).check()
	}},
	"call": {func(*testing.T) []byte {
		b := AppendUint16Section(nil, TagKind, uint16(KindHTTP))
		b = exampleCall.Context.Append(b)
		var headers []Pair
		for n, v := range exampleCall.Headers.All {
			headers = append(headers, Pair{n, v})
		}
		return AppendSection(exampleCall.AppendHTTP(b, headers), TagTape, string(exampleCall.Tape))
	}, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(string(b))
		return r, &exampleCall, err
	}},
	"context": {func(*testing.T) []byte { return exampleContext.Append(nil) }, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(withKind(KindHTTP, b))
		return r, &Request{Kind: KindHTTP, Context: exampleContext}, err
	}},
	"parse-error": {func(*testing.T) []byte { r := Request{Fault: exampleFault}; return r.AppendFault(nil) }, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(withKind(KindHTTP, b))
		return r, &Request{Kind: KindHTTP, Fault: exampleFault, HasFault: true}, err
	}},
	"body-blob": {func(*testing.T) []byte { return AppendBodyBlob(nil, BlobRef{1, 300_000}) }, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(withKind(KindHTTP, b))
		return r, &Request{Kind: KindHTTP, Blob: BlobRef{1, 300_000}, HasBlob: true}, err
	}},
	"answer": {func(*testing.T) []byte {
		b := AppendPairs(AppendUint16Section(nil, TagStatus, 201), TagHeaders, exampleType)
		b = AppendByteSection(AppendOperation(b, "PostThings", LevelExact), TagLayout, byte(LayoutIndent2))
		return append(AppendOpen(b, TagBody), `{"id":"t_1"}`...)
	}, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Status: 201, Headers: MakePairs(exampleType), Operation: "PostThings", Level: LevelExact, Layout: LayoutIndent2, Body: `{"id":"t_1"}`}, err
	}},
	"script": {func(*testing.T) []byte { return AppendScript(nil, []uint64{0, 5e8}, []string{"one", "two"}) }, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		var got []any
		for d, c := range r.Script.All {
			got = append(got, d, c)
		}
		return got, []any{uint64(0), "one", uint64(5e8), "two"}, err
	}},
	"blob-body": {func(*testing.T) []byte { return AppendBlobBody(nil, BlobRange{2, 100, 50}) }, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Blob: BlobRange{2, 100, 50}, HasBlob: true}, err
	}},
	"operation": {func(*testing.T) []byte { return AppendOperation(nil, "PostThings", LevelModelled) }, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Operation: "PostThings", Level: LevelModelled}, err
	}},
	"fault": {func(*testing.T) []byte { return AppendPair(nil, TagFault, "things[0].id", "missing") }, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Faults: []Pair{{"things[0].id", "missing"}}}, err
	}},
	"tape-form": {func(*testing.T) []byte { return AppendRecord(nil, OpPair, FromQuery, 3, 0, "a", "b", "", "1 2") }, tapeOps(OpPair)},
	"tape-json": {func(*testing.T) []byte {
		b := AppendRecord(nil, OpBeginObject, FromBody, 0, 0)
		b = AppendRecord(b, OpKey, FromBody, 0, 1, "n")
		b = AppendRecord(b, OpNumber, FromBody, 0, 5, "1.50")
		b = AppendRecord(b, OpKey, FromBody, 0, 10, "ok")
		b = AppendRecord(b, OpTrue, FromBody, 0, 15)
		return AppendRecord(b, OpEndObject, FromBody, 0, 19)
	}, tapeOps(OpBeginObject, OpKey, OpNumber, OpKey, OpTrue, OpEndObject)},
	"tape-part": {func(*testing.T) []byte {
		return AppendPartBlob(nil, 0, "file", "a.png", "image/png", BlobRef{4, 70_000})
	}, tapeOps(OpPart)},
	"args": {func(*testing.T) []byte {
		return AppendBlob(AppendNull(AppendFloat(AppendInteger(AppendText(nil, "t_1"), -1), 0.5)), "\x00\xff")
	}, func(b []byte) (any, any, error) {
		var got []Value
		rest, err := string(b), error(nil)
		for rest != "" && err == nil {
			var v Value
			v, rest, err = NextValue(rest)
			got = append(got, v)
		}
		return got, []Value{{Type: Text, Str: "t_1"}, {Type: Integer, Int: -1}, {Type: Float, Float: 0.5}, {}, {Type: Blob, Str: "\x00\xff"}}, err
	}},
	"rows": {func(*testing.T) []byte {
		b := make([]byte, RowsHeaderBytes)
		PutRowsHeader(b, 2, 1, 0, 0)
		return AppendText(AppendInteger(b, 7), "{}")
	}, func(b []byte) (any, any, error) {
		r, err := DecodeRows(string(b))
		first, _ := r.Next()
		second, _ := r.Next()
		return []any{r.Columns, r.Count, r.Changed, r.LastID, first.Int, second.Str}, []any{2, 1, 0, int64(0), int64(7), "{}"}, err
	}},
	"enqueue": {func(*testing.T) []byte { return exampleEnqueue.Append(nil) }, func(b []byte) (any, any, error) {
		e, err := DecodeEnqueue(string(b))
		return e, exampleEnqueue, err
	}},
	"delivery": {func(t *testing.T) []byte {
		r := Request{Kind: KindAttempt, Delivery: exampleDelivery}
		return one(t, r.Append(nil), TagDelivery)
	}, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(withKind(KindAttempt, b))
		return r.Delivery, exampleDelivery, err
	}},
	"result": {func(t *testing.T) []byte {
		r := Request{Kind: KindOutcome, Result: exampleResult}
		return one(t, r.Append(nil), TagResult)
	}, func(b []byte) (any, any, error) {
		r, err := DecodeRequest(withKind(KindOutcome, b))
		return r.Result, exampleResult, err
	}},
	"attempt-answer": {func(*testing.T) []byte {
		b := AppendSection(AppendSection(nil, TagMethod, "POST"), TagURL, "http://127.0.0.1:3000/hook")
		b = AppendPairs(AppendInt64Section(b, TagTimeout, 5e9), TagHeaders, exampleType)
		return append(AppendOpen(b, TagBody), "{}"...)
	}, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Method: "POST", URL: "http://127.0.0.1:3000/hook", TimeoutNS: 5e9, Headers: MakePairs(exampleType), Body: "{}"}, err
	}},
	"outcome-answer": {func(*testing.T) []byte {
		return AppendInt64Section(AppendByteSection(nil, TagFinal, byte(Retry)), TagRetryAt, exampleNow+60e9)
	}, func(b []byte) (any, any, error) {
		r, err := DecodeResponse(string(b))
		return r, &Response{Disposition: Retry, RetryAtNS: exampleNow + 60e9}, err
	}},
	"input": {func(*testing.T) []byte { return AppendUint16Section(nil, TagKind, uint16(KindHTTP))[:8] }, nil},
	"emit":  {func(*testing.T) []byte { return []byte(strings.Join([]string{`{"id":1}`, `{"id":2}`}, ",")) }, nil},
	"hmac": {func(*testing.T) []byte {
		mac := hmac.New(sha256.New, []byte("whsec_test"))
		mac.Write([]byte("1700000000.{}"))
		return mac.Sum(nil)
	}, nil},
	"digest": {func(*testing.T) []byte { sum := md5.Sum(nil); return sum[:] }, nil},
	"seal":   {func(*testing.T) []byte { return fmt.Appendf(nil, "sha256:%x", sha256.Sum256([]byte("abc"))) }, nil},
	"module": {func(t *testing.T) []byte {
		b, err := AppendManifest(tinyModule(), &tinyManifest)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}, func(b []byte) (any, any, error) {
		m, err := ReadManifest(b)
		return m, &tinyManifest, err
	}},
	"manifest-section": {func(*testing.T) []byte { return custom(ManifestSection, `{"abi":1}`) }, func(b []byte) (any, any, error) {
		m, err := ReadManifest(append([]byte(wasmMagic), b...))
		return m, &Manifest{ABI: 1}, err
	}},
}

var tinyManifest = Manifest{
	ABI: Version, Name: "tiny", Vendor: "Tiny", Line: "v1", Build: 1, Summary: "Says hello", API: API{Default: "v1"}, Hosts: []Host{{ID: "api", Name: "api.tiny.example"}},
}

// tinyModule assembles README.md's smallest plugin, from names of this package
// where there is one.
func tinyModule() []byte {
	b := []byte(wasmMagic)
	section := func(id byte, parts ...string) {
		body := strings.Join(parts, "")
		b = append(appendLEB(append(b, id), uint32(len(body))), body...)
	}
	name := func(s string) string { return string(appendLEB(nil, uint32(len(s)))) + s }
	i32 := string([]byte{byte(I32)})
	section(1, "\x02", "\x60\x00\x00", "\x60\x02"+i32+i32+"\x00")
	section(2, "\x01", name(ModuleCore), name("output"), "\x00\x01")
	section(3, "\x03\x00\x00\x00")
	section(5, "\x01\x00\x01")
	section(7, "\x04", name(ExportMemory), "\x02\x00", name(ExportMarker), "\x00\x01", name(ExportInit), "\x00\x02", name(ExportCall), "\x00\x03")
	answer := append(AppendOpen(AppendUint16Section(nil, TagStatus, 200), TagBody), "hello\n"...)
	section(10, "\x03", "\x02\x00\x0b", "\x02\x00\x0b", "\x08\x00\x41\x00\x41"+string([]byte{byte(len(answer))})+"\x10\x00\x0b")
	section(11, "\x01\x00\x41\x00\x0b", name(string(answer)))
	return b
}

func tapeOps(want ...Op) func(b []byte) (any, any, error) {
	return func(b []byte) (any, any, error) {
		var ops []Op
		for t := Tape(b); t != ""; {
			r, rest, err := t.Next()
			if err != nil {
				return nil, want, err
			}
			ops, t = append(ops, r.Op), rest
		}
		return ops, want, Tape(b).Check()
	}
}

// TestReadmeBytes holds every block of bytes in README.md against the package,
// in both directions.
func TestReadmeBytes(t *testing.T) {
	blocks := fences(t, "hex")
	for name, block := range blocks {
		e, ok := examples[name]
		if !ok {
			t.Errorf("README.md has bytes named %s, which nothing checks", name)
			continue
		}
		b := hexBytes(t, block)
		equalBytes(t, name, b, e.encode(t))
		if e.decode == nil {
			continue
		}
		if got, want, err := e.decode(b); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: decoded\n got %+v, %v\nwant %+v", name, got, err, want)
		}
	}
	for name := range examples {
		if _, ok := blocks[name]; !ok {
			t.Errorf("README.md has no bytes named %s", name)
		}
	}
}

func TestReadmeLayout(t *testing.T) {
	body := `{"a":[1,{}],"b":"{,}"}`
	want := fences(t, "text")["indent2"]
	if got := string(AppendLayout(nil, LayoutIndent2, body)) + "\n"; got != want || !strings.Contains(readme(t), "`"+body+"`") {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestReadmeManifest holds that the example has every key, that it is read
// strictly, and that README.md names each key.
func TestReadmeManifest(t *testing.T) {
	text := fences(t, "json")["manifest"]
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var m Manifest
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	var again, want bytes.Buffer
	b, err := json.Marshal(&m)
	if err != nil {
		t.Fatal(err)
	}
	if json.Compact(&want, []byte(text)) != nil || json.Compact(&again, b) != nil || again.String() != want.String() {
		t.Errorf("written again:\n got %s\nwant %s", again.String(), want.String())
	}
	_, section, _ := strings.Cut(readme(t), "\n## The manifest\n")
	section, _, _ = strings.Cut(section, "```json")
	seen := 0
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for i := range of.NumField() {
			key, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if seen++; !strings.Contains(section, "`"+key+"`") {
				t.Errorf("%s.%s: README.md does not name %q", of.Name(), of.Field(i).Name, key)
			}
			if !strings.Contains(text, `"`+key+`":`) {
				t.Errorf("%s.%s: the example has no %q", of.Name(), of.Field(i).Name, key)
			}
			walk(of.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[Manifest]())
	if seen < 60 {
		t.Errorf("looked at %d keys", seen)
	}
}

// packageConstants returns the exported constants of this package by name.
func packageConstants(t *testing.T) map[string]constant.Value {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// Imports are not looked into: no constant depends on them.
	cfg := types.Config{Importer: emptyImporter{}, Error: func(error) {}, IgnoreFuncBodies: true}
	pkg, _ := cfg.Check("abi", fset, files, nil)
	all := map[string]constant.Value{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Exported() {
			all[name] = c.Val()
		}
	}
	if len(all) < 100 {
		t.Fatalf("found %d constants", len(all))
	}
	return all
}

type emptyImporter struct{}

func (emptyImporter) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, filepath.Base(path))
	p.MarkComplete()
	return p, nil
}

// TestReadmeNamesEveryConstant holds that each constant stands in README.md in
// front of its value: `TagKind` | 0x01, (`MaxDepth`, 64), `I32` is 0x7f. Texts
// stand in the same line or paragraph.
func TestReadmeNamesEveryConstant(t *testing.T) {
	text := readme(t)
	for name, value := range packageConstants(t) {
		if value.Kind() == constant.String {
			ok := false
			for block := range strings.SplitSeq(text, "\n\n") {
				if strings.HasPrefix(block, "|") {
					for line := range strings.Lines(block) {
						ok = ok || strings.Contains(line, "`"+name+"`") && strings.Contains(line, "`"+constant.StringVal(value)+"`")
					}
					continue
				}
				ok = ok || strings.Contains(block, "`"+name+"`") && strings.Contains(block, "`"+constant.StringVal(value)+"`")
			}
			if !ok {
				t.Errorf("README.md does not have `%s` with %s", name, value)
			}
			continue
		}
		n, _ := constant.Int64Val(value)
		numbers := fmt.Sprintf(`(?:%d|0x%02x|0x%04x)\b`, n, n, n)
		if !regexp.MustCompile("`" + name + "`(?: \\| |, | \\(| is )" + numbers).MatchString(text) {
			t.Errorf("README.md does not have `%s` with %d", name, n)
		}
	}
}

// TestReadmeHasEveryFunction holds that each host function has a section with
// its signature, phase and cost, and that no other has one.
func TestReadmeHasEveryFunction(t *testing.T) {
	wire := map[WireType]string{I32: "i32", I64: "i64"}
	phases := map[Phase]string{AnyPhase: "any phase", InitPhase: "init phase", CallPhase: "call phase"}
	heads := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^### (mirra_\\w+\\.\\w+)\n\n(`.*)$").FindAllStringSubmatch(readme(t), -1) {
		heads[m[1]] = m[2]
	}
	line := regexp.MustCompile("^`(\\w+)\\(([^)]*)\\)(?: -> (i32|i64))?` · (.*) · fuel (\\d+)$")
	for _, f := range Functions {
		full := f.Module + "." + f.Name
		m := line.FindStringSubmatch(heads[full])
		delete(heads, full)
		if m == nil {
			t.Errorf("README.md has no section %s with a signature line", full)
			continue
		}
		var want []string
		for _, p := range f.Params {
			want = append(want, wire[p])
		}
		var got []string
		for p := range strings.SplitSeq(m[2], ", ") {
			if _, typ, ok := strings.Cut(p, " "); ok {
				got = append(got, typ)
			}
		}
		result := ""
		if len(f.Results) == 1 {
			result = wire[f.Results[0]]
		}
		if m[1] != f.Name || !reflect.DeepEqual(got, want) || m[3] != result {
			t.Errorf("%s: README.md has %v -> %q, want %v -> %q", full, got, m[3], want, result)
		}
		if m[4] != phases[f.Phase] || m[5] != fmt.Sprint(f.Fuel) {
			t.Errorf("%s: README.md has %s and fuel %s, want %s and %d", full, m[4], m[5], phases[f.Phase], f.Fuel)
		}
	}
	for full := range heads {
		t.Errorf("README.md describes %s, which is no host function", full)
	}
}

// TestReadmeLinks holds that the table of contents and references go somewhere.
func TestReadmeLinks(t *testing.T) {
	text := readme(t)
	anchors := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		anchors[strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(#([^)]*)\)`).FindAllStringSubmatch(text, -1)
	for _, m := range links {
		if !anchors[m[1]] {
			t.Errorf("README.md links to #%s, which is not there", m[1])
		}
	}
	if len(links) == 0 {
		t.Error("no links were looked at")
	}
}
