package abi

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestErrnosKindsAndLevelsHaveNames(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{OK.Error(), "ok"}, {Busy.Error(), "busy"}, {Errno(-99).Error(), "errno -99"}, {Errno(3).Error(), "errno 3"},
		{KindHTTP.String(), "http"}, {KindWarmup.String(), "warmup"}, {Kind(0).String(), "kind 0"}, {Kind(99).String(), "kind 99"},
		{LevelExact.String(), "exact"}, {Level(77).String(), "none"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	for l := LevelNone; l <= LevelExact; l++ {
		text, err := l.MarshalText()
		var back Level
		if e := back.UnmarshalText(text); err != nil || e != nil || back != l {
			t.Errorf("level %d: %q, %v, %v, then %d", l, text, err, e, back)
		}
	}
	if err := new(Level).UnmarshalText([]byte("perfect")); err == nil || !strings.Contains(err.Error(), `"perfect"`) {
		t.Errorf("got %v", err)
	}
}

func TestRequestRoundTrip(t *testing.T) {
	for _, want := range sampleRequests {
		t.Run(want.Kind.String(), func(t *testing.T) {
			frame := string(want.Append(nil))
			got, err := DecodeRequest(frame)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("\n got %+v\nwant %+v", *got, want)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
			equalBytes(t, "encoded again", got.Append(nil), []byte(frame))
		})
	}
}

// TestAppendHTTP holds the host's piecewise encoding of an http frame against
// the one that Append makes.
func TestAppendHTTP(t *testing.T) {
	want := sampleRequests[0]
	b := AppendUint16Section(nil, TagKind, uint16(KindHTTP))
	at := len(b)
	x := want.Context
	x.NowNS, x.PeerNS = 0, 0
	b = x.Append(b)
	var headers []Pair
	for name, value := range want.Headers.All {
		headers = append(headers, Pair{name, value})
	}
	b = want.AppendHTTP(b, headers)
	b = AppendSection(b, TagBody, want.Body)
	b = AppendSection(b, TagTape, string(want.Tape))
	StampContext(b[at:], want.Context.NowNS, want.Context.PeerNS)
	got, err := DecodeRequest(string(b))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("\n got %+v\nwant %+v", *got, want)
	}
}

func TestRequestNeedsAKind(t *testing.T) {
	if _, err := DecodeRequest(""); err == nil || !strings.Contains(err.Error(), "no kind") {
		t.Errorf("got %v", err)
	}
	if _, err := DecodeRequest(string(AppendUint16Section(nil, TagKind, 0))); err == nil {
		t.Error("kind 0 was taken")
	}
}

// TestRequestCheck holds that Check finds what Decode takes on trust.
func TestRequestCheck(t *testing.T) {
	for name, r := range map[string]Request{
		"headers":        {Kind: KindHTTP, Headers: "\x01\x00\x05"},
		"result headers": {Kind: KindOutcome, Result: Result{Headers: "\x01"}},
		"tape":           {Kind: KindHTTP, Tape: "\x07"},
	} {
		got, err := DecodeRequest(string(r.Append(nil)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Check() == nil {
			t.Errorf("%s: a malformed one passed Check", name)
		}
		for range got.Headers.All {
			t.Errorf("%s: a malformed row gave a pair", name)
		}
	}
}

func TestResponseRoundTrip(t *testing.T) {
	got, err := DecodeResponse(string(sampleAnswer()))
	if err != nil {
		t.Fatal(err)
	}
	want := Response{
		Status: 201, Headers: sampleHeaders, Trailers: MakePairs([]Pair{{"X-Sum", "1"}}), Layout: LayoutIndent2, Body: `{"a":1}`,
		Script: got.Script, HasScript: true, Blob: BlobRange{2, 10, 20}, HasBlob: true, Operation: "PostThings", Level: LevelExact,
		Notes: []Pair{{"key", "value"}}, Method: "PUT", URL: "http://127.0.0.1/hook", TimeoutNS: 5e9, Disposition: Retry,
		RetryAtNS: 1_700_000_060_000_000_000, Faults: []Pair{{"things[0].id", "missing"}},
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("\n got %+v\nwant %+v", *got, want)
	}
	var script []string
	for delay, chunk := range got.Script.All {
		script = append(script, chunk)
		if (delay == 1e9) != (chunk == "two") {
			t.Errorf("chunk %q after %d ns", chunk, delay)
		}
	}
	if strings.Join(script, " ") != "one two" {
		t.Errorf("script %q", script)
	}
	for range got.Script.All {
		break // a reader may stop early
	}
}

func TestReservedSectionsAreRefused(t *testing.T) {
	for _, tag := range []Tag{TagPark, TagClose} {
		_, err := DecodeResponse(string(AppendSection(nil, tag, "")))
		if err == nil || !strings.Contains(err.Error(), "reserved") {
			t.Errorf("%#x: got %v", tag, err)
		}
	}
}

func TestEnqueueRoundTrip(t *testing.T) {
	for _, want := range []Enqueue{sampleEnqueue, {Event: "e"}} {
		got, err := DecodeEnqueue(string(want.Append(nil)))
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	if _, err := DecodeEnqueue(string(AppendSection(nil, TagLabel, "x"))); err == nil || !strings.Contains(err.Error(), "no event") {
		t.Errorf("got %v", err)
	}
}

// decoders are the readers of frames.
var decoders = map[string]struct {
	frames func() []string
	decode func(frame string) (any, error)
}{
	"request": {
		func() (all []string) {
			for _, r := range sampleRequests {
				all = append(all, string(r.Append(nil)))
			}
			return all
		},
		func(f string) (any, error) { return DecodeRequest(f) },
	},
	"response": {
		func() []string { return []string{string(sampleAnswer())} },
		func(f string) (any, error) { return DecodeResponse(f) },
	},
	"enqueue": {
		func() []string { return []string{string(sampleEnqueue.Append(nil))} },
		func(f string) (any, error) { return DecodeEnqueue(f) },
	},
}

// TestUnknownSections holds the rule that keeps the ABI open: what a reader
// does not know it skips, unless the writer marked it critical.
func TestUnknownSections(t *testing.T) {
	for name, d := range decoders {
		t.Run(name, func(t *testing.T) {
			for _, frame := range d.frames() {
				want, err := d.decode(frame)
				if err != nil {
					t.Fatal(err)
				}
				greased(t, frame, 0, func(at int, frame string) {
					if got, err := d.decode(frame); err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("unknown section at %d: got %+v, %v, want %+v", at, got, err, want)
					}
				})
				greased(t, frame, 1<<7, func(at int, frame string) {
					if got, err := d.decode(frame); err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("unknown flag at %d: got %+v, %v", at, got, err)
					}
				})
				greased(t, frame, FlagCritical, func(at int, frame string) {
					_, err := d.decode(frame)
					if e, ok := errors.AsType[*UnknownTagError](err); !ok || e.Tag != greaseTag {
						t.Errorf("critical section at %d: got %v", at, err)
					}
				})
				// The last section may be open, and unknown too.
				if s := sections(t, frame); len(s) > 0 {
					if last, _, _ := NextSection(s[len(s)-1]); last.Flags&FlagOpen == 0 {
						open := frame + string(AppendOpen(nil, greaseTag)) + "anything"
						if got, err := d.decode(open); err != nil || !reflect.DeepEqual(got, want) {
							t.Errorf("unknown open section: got %+v, %v", got, err)
						}
					}
				}
			}
		})
	}
}

func TestAppendGrease(t *testing.T) {
	lengths := map[int]bool{}
	for n := range uint32(1 << 14) {
		b := AppendGrease(nil, n)
		s, rest, err := NextSection(string(b))
		if err != nil || rest != "" || s.Tag < GreaseFirst || s.Tag > GreaseLast || s.Flags&(FlagCritical|FlagOpen) != 0 {
			t.Fatalf("%d: %+v, %q, %v", n, s, rest, err)
		}
		lengths[len(s.Data)] = true
		if _, err := DecodeResponse(string(b)); err != nil {
			t.Fatal(err)
		}
	}
	if len(lengths) != 16 {
		t.Errorf("lengths %v", lengths)
	}
}

// TestTruncation cuts every frame at every byte. A cut between two sections is
// a shorter frame; any other is an error that says so.
func TestTruncation(t *testing.T) {
	for name, d := range decoders {
		t.Run(name, func(t *testing.T) {
			for _, frame := range d.frames() {
				whole := map[int]bool{}
				at, open := 0, -1
				for _, s := range sections(t, frame) {
					whole[at] = true
					if s, _, _ := NextSection(s); s.Flags&FlagOpen != 0 {
						open = at + sectionHeaderBytes
					}
					at += len(s)
				}
				for n := range len(frame) {
					mustPanicFree(t, name, func() {
						_, err := d.decode(frame[:n])
						switch {
						case whole[n] || open >= 0 && n >= open:
						case !errors.Is(err, ErrTruncated):
							t.Errorf("cut at %d of %d: got %v", n, len(frame), err)
						}
					})
				}
			}
		})
	}
}

// TestShortSections cuts every section inside, with a length that fits: the
// fields are missing, not the bytes.
func TestShortSections(t *testing.T) {
	numbers := map[Tag]int{
		TagKind: 2, TagBodyBlob: 12, TagVersion: 4, TagParseError: 10, TagContext: 28, TagCredential: 17, TagDelivery: 20, TagResult: 11,
		TagStatus: 2, TagLayout: 1, TagTimeout: 8, TagRetryAt: 8, TagFinal: 1, TagDue: 8, TagOperation: 5, TagNote: 8, TagFault: 8, TagBlobBody: 20,
		TagHeaders: 2, TagTrailers: 2, TagScript: 4,
	}
	inRequest := map[Tag]bool{TagKind: true, TagBodyBlob: true, TagVersion: true, TagParseError: true, TagContext: true, TagCredential: true, TagDelivery: true, TagResult: true}
	for tag, least := range numbers {
		for n := range least {
			frame := string(AppendSection(nil, tag, strings.Repeat("\x00", n)))
			var err error
			switch {
			case inRequest[tag]:
				_, err = DecodeRequest(string(AppendUint16Section(nil, TagKind, uint16(KindHTTP))) + frame)
			case tag == TagDue:
				_, err = DecodeEnqueue(string(AppendSection(nil, TagEvent, "e")) + frame)
			default:
				_, err = DecodeResponse(frame)
			}
			if !errors.Is(err, ErrTruncated) {
				t.Errorf("section %#x with %d bytes: got %v", tag, n, err)
			}
		}
	}
}

func TestOpenSection(t *testing.T) {
	b := append(AppendOpen(nil, TagBody), "rest"...)
	s, rest, err := NextSection(string(b))
	if err != nil || s.Tag != TagBody || s.Flags != FlagOpen || s.Data != "rest" || rest != "" {
		t.Errorf("got %+v, %q, %v", s, rest, err)
	}
	if _, _, err := NextSection(string(AppendOpen(nil, TagBody))); err != nil {
		t.Errorf("an empty open section: %v", err)
	}
	b = appendHeader(nil, TagBody, FlagOpen, 4)
	if _, _, err := NextSection(string(b) + "rest"); err == nil || !strings.Contains(err.Error(), "not zero") {
		t.Errorf("an open section with a length: got %v", err)
	}
	b, mark := BeginSection([]byte("before"), TagBody)
	b = EndSection(append(b, "abc"...), mark)
	equalBytes(t, "begin and end", b, append([]byte("before"), AppendSection(nil, TagBody, "abc")...))
}

func TestPairs(t *testing.T) {
	p := sampleHeaders
	if p.Len() != 4 {
		t.Errorf("%d pairs", p.Len())
	}
	for _, c := range []struct {
		name, want string
		ok         bool
	}{{"host", "api.example.com", true}, {"X-A", "1", true}, {"x-a", "1", true}, {"X-B", "", false}, {"", "", false}, {"HOST", "api.example.com", true}, {"X@A", "", false}} {
		if got, ok := p.Find(c.name); got != c.want || ok != c.ok {
			t.Errorf("Find(%q) = %q, %v", c.name, got, ok)
		}
	}
	n := 0
	for range p.All {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("stopped after %d", n)
	}
	for _, empty := range []Pairs{"", "\x00", "\x00\x00"} {
		if _, ok := empty.Find("x"); ok || empty.Len() != 0 {
			t.Errorf("%q has pairs", empty)
		}
	}
	for n := range len(p) {
		mustPanicFree(t, "pairs", func() {
			cut := p[:n]
			if cut.check() == nil {
				t.Errorf("cut at %d passed", n)
			}
			if _, ok := cut.Find("nothing"); ok {
				t.Errorf("cut at %d has what is not there", n)
			}
			for range cut.All {
			}
		})
	}
	if err := (p + "x").check(); err == nil || !strings.Contains(err.Error(), "1 bytes after") {
		t.Errorf("got %v", err)
	}
	// Fold only letters: '@' and '`' differ by the same bit.
	if equalFold("@", "`") || equalFold("[", "{") || !equalFold("aZ", "Az") || equalFold("a", "ab") {
		t.Error("equalFold")
	}
}
