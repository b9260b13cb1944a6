package abi

import (
	"bytes"
	"strings"
	"testing"
)

// sampleHeaders repeat a name, differ in case and hold an empty value.
var sampleHeaders = MakePairs([]Pair{{"Host", "api.example.com"}, {"X-A", "1"}, {"x-a", ""}, {"X-A", "2"}})

// sampleRequests has one frame of each kind, with every section it may hold.
var sampleRequests = []Request{
	{
		Kind: KindHTTP, Method: "POST", Scheme: "https", Authority: "api.example.com", Host: "api", BaseURL: "http://127.0.0.1:4401",
		Target: "/v1/things?expand[]=a", Headers: sampleHeaders, Body: "a=1", Tape: sampleTape(),
		Credential: Credential{Status: CredentialAccepted, Handle: 1 << 24, Class: "secret", Account: "acct_1", Masked: "sk_****"},
		Context:    Context{NowNS: 1_700_000_000_000_000_001, PeerNS: -1, Flags: InFlightDuplicate | LimitsOff | LimitsTest | Strict | RefuseVersions, Session: "s", Mirror: "m"},
		Forwards:   []string{"http://127.0.0.1:1/hook", "http://127.0.0.1:2/hook"},
	},
	{Kind: KindHTTP, Method: "PUT", Target: "/", Blob: BlobRef{3, 1 << 33}, HasBlob: true,
		Fault: ParseError{Source: FromBody, Reason: ReasonTooDeep, Offset: 9, Text: "deep"}, HasFault: true},
	{Kind: KindTimer, Name: "expire/1", Payload: "payload", BaseURL: "http://x"},
	{Kind: KindAttempt, Payload: "p", Delivery: Delivery{ID: 1 << 40, Attempt: 2, Event: "thing.created", Label: "we_1"}},
	{Kind: KindOutcome, Payload: "p", Delivery: Delivery{ID: 1, Attempt: 1, Event: "e", Label: "l"},
		Result: Result{Outcome: OutcomeProtocol, Status: 599, Error: "no HTTP", Body: "body", Headers: sampleHeaders}},
	{Kind: KindSimulate, Name: "thing.failed", Tape: sampleTape()},
	{Kind: KindSeed, Name: "demo"},
	{Kind: KindMigrate, SchemaVersion: 7},
	{Kind: KindWarmup},
}

// sampleTape has every op.
func sampleTape() Tape {
	t := AppendRecord(nil, OpPair, FromQuery, 1, 0, "plain", "v")
	t = AppendRecord(t, OpPair, FromQuery, 3, 8, "a", "b", "", "1 2")
	t = AppendRecord(t, OpRawPair, FromBody, 1, 20, "a[b", "raw")
	t = AppendRecord(t, OpPart, FromBody, 0, 0, "field", "", "text/plain", "inline")
	t = AppendPartBlob(t, 0, "file", "a.png", "image/png", BlobRef{4, 70_000})
	t = AppendRecord(t, OpBeginObject, FromBody, 0, 0)
	t = AppendRecord(t, OpKey, FromBody, 0, 1, "list")
	t = AppendRecord(t, OpBeginArray, FromBody, 0, 8)
	t = AppendRecord(t, OpString, FromBody, 0, 9, "text")
	t = AppendRecord(t, OpNumber, FromBody, 0, 16, "1.50e3")
	t = AppendRecord(t, OpTrue, FromBody, 0, 23)
	t = AppendRecord(t, OpFalse, FromBody, 0, 28)
	t = AppendRecord(t, OpNull, FromBody, 0, 34)
	t = AppendRecord(t, OpEndArray, FromBody, 0, 38)
	return Tape(AppendRecord(t, OpEndObject, FromBody, 0, 39))
}

// sampleAnswer has every section an answer may hold that is not reserved.
func sampleAnswer() []byte {
	b := AppendUint16Section(nil, TagStatus, 201)
	b = AppendSection(b, TagHeaders, string(sampleHeaders))
	b = AppendPairs(b, TagTrailers, []Pair{{"X-Sum", "1"}})
	b = AppendByteSection(b, TagLayout, byte(LayoutIndent2))
	b = AppendScript(b, []uint64{0, 1e9}, []string{"one", "two"})
	b = AppendBlobBody(b, BlobRange{2, 10, 20})
	b = AppendOperation(b, "PostThings", LevelExact)
	b = AppendPair(b, TagNote, "key", "value")
	b = AppendPair(b, TagFault, "things[0].id", "missing")
	b = AppendSection(b, TagMethod, "PUT")
	b = AppendSection(b, TagURL, "http://127.0.0.1/hook")
	b = AppendInt64Section(b, TagTimeout, 5e9)
	b = AppendByteSection(b, TagFinal, byte(Retry))
	b = AppendInt64Section(b, TagRetryAt, 1_700_000_060_000_000_000)
	b = AppendOpen(b, TagBody)
	return append(b, `{"a":1}`...)
}

var sampleEnqueue = Enqueue{Event: "thing.created", Label: "we_1", DueNS: 1_700_000_000_000_000_000, Order: "thing_1", Payload: "{}"}

// sections cuts a frame; the test fails if it is malformed.
func sections(t testing.TB, frame string) (all []string) {
	t.Helper()
	for frame != "" {
		_, rest, err := NextSection(frame)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frame[:len(frame)-len(rest)])
		frame = rest
	}
	return all
}

// greaseTag is one nobody will ever give a meaning.
const greaseTag = GreaseFirst + 0xee

func grease(flags Flags) string {
	return string(append(appendHeader(nil, greaseTag, flags, 5), "later"...))
}

// greased calls f with the frame and an unknown section at each place, the one
// behind an open section excepted, for that would be its data.
func greased(t testing.TB, frame string, flags Flags, f func(at int, frame string)) {
	t.Helper()
	all := sections(t, frame)
	for at := 0; at <= len(all); at++ {
		if at == len(all) && len(all) > 0 {
			if s, _, _ := NextSection(all[at-1]); s.Flags&FlagOpen != 0 {
				continue
			}
		}
		f(at, strings.Join(all[:at], "")+grease(flags)+strings.Join(all[at:], ""))
	}
}

func mustPanicFree(t testing.TB, what string, f func()) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			t.Errorf("%s: panic: %v", what, v)
		}
	}()
	f()
}

func equalBytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n got % x\nwant % x", what, got, want)
	}
}
