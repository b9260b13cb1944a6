package abi

import "fmt"

// Response is a decoded output frame of an http, attempt, outcome, simulate or
// seed call.
type Response struct {
	Status    uint16
	Headers   Pairs // in the vendor's spelling
	Trailers  Pairs
	Layout    Layout
	Body      string // inline; everything after an open body section's header
	Script    Script
	HasScript bool
	Blob      BlobRange
	HasBlob   bool

	Operation string // the operation that answered, for trace and reports
	Level     Level
	Notes     []Pair

	// KindAttempt
	Method    string
	URL       string
	TimeoutNS int64

	// KindOutcome
	Disposition Disposition
	RetryAtNS   int64

	Faults []Pair // KindSeed: path and message of each
}

// NoteWarning is the key of a note that people are shown in logs and at the end
// of commands. Other notes stay in the trace.
const NoteWarning = "warning"

// BlobRange is a response body that lies in a blob.
type BlobRange struct {
	Handle         uint32
	Offset, Length uint64
}

// Layout says how the host prints a JSON body before it sends it.
type Layout uint8

const (
	// LayoutAsIs sends the body's bytes.
	LayoutAsIs Layout = 0
	// LayoutIndent2 prints JSON with two spaces a level, `"key": value`, and
	// empty objects and arrays as {} and [].
	LayoutIndent2 Layout = 1
)

// Level is how faithful an operation is.
type Level uint8

const (
	LevelNone     Level = 0 // 501
	LevelGeneric  Level = 1 // served by the engine
	LevelModelled Level = 2 // by hand
	LevelExact    Level = 3 // by hand, matched by recordings or dated documentation
)

var levelNames = [...]string{"none", "generic", "modelled", "exact"}

func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "none"
}

// MarshalText writes the level's name, as manifests and COVERAGE.md spell it.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads a level's name.
func (l *Level) UnmarshalText(b []byte) error {
	for i, n := range levelNames {
		if n == string(b) {
			*l = Level(i)
			return nil
		}
	}
	return fmt.Errorf("level %q: want none, generic, modelled or exact", b)
}

// Disposition is what a plugin decides after an attempt.
type Disposition uint8

const (
	Delivered Disposition = 0
	Retry     Disposition = 1 // at RetryAtNS
	GivenUp   Disposition = 2
)

// Script is a streamed body: u32 count, then (u64 delay ns, str chunk).
type Script string

// All calls yield for each chunk with its delay before sending, in nanoseconds.
func (s Script) All(yield func(delayNS uint64, chunk string) bool) {
	c := cursor{s: string(s)}
	for n := c.u32(); n > 0 && !c.bad; n-- {
		d, chunk := c.u64(), c.str()
		if c.bad || !yield(d, chunk) {
			return
		}
	}
}

func (s Script) check() error {
	c := cursor{s: string(s)}
	for n := c.u32(); n > 0 && !c.bad; n-- {
		c.u64()
		c.str()
	}
	return c.err("script")
}

// DecodeResponse reads an output frame. Sections with unknown tags are skipped
// unless they are critical.
func DecodeResponse(frame string) (*Response, error) {
	r := new(Response)
	for frame != "" {
		s, rest, err := NextSection(frame)
		if err != nil {
			return nil, fmt.Errorf("response frame: %w", err)
		}
		frame = rest
		if err := r.section(s); err != nil {
			return nil, fmt.Errorf("response frame: %w", err)
		}
	}
	return r, nil
}

func (r *Response) section(s Section) error {
	c := cursor{s: s.Data}
	switch s.Tag {
	case TagStatus:
		r.Status = c.u16()
	case TagHeaders:
		r.Headers = Pairs(s.Data)
		return r.Headers.check()
	case TagTrailers:
		r.Trailers = Pairs(s.Data)
		return r.Trailers.check()
	case TagLayout:
		r.Layout = Layout(c.u8())
	case TagBody:
		r.Body = s.Data
	case TagScript:
		r.Script, r.HasScript = Script(s.Data), true
		return r.Script.check()
	case TagBlobBody:
		r.Blob, r.HasBlob = BlobRange{c.u32(), c.u64(), c.u64()}, true
	case TagOperation:
		r.Operation, r.Level = c.str(), Level(c.u8())
	case TagNote:
		r.Notes = append(r.Notes, Pair{c.str(), c.str()})
	case TagMethod:
		r.Method = s.Data
	case TagURL:
		r.URL = s.Data
	case TagTimeout:
		r.TimeoutNS = int64(c.u64())
	case TagFinal:
		r.Disposition = Disposition(c.u8())
	case TagRetryAt:
		r.RetryAtNS = int64(c.u64())
	case TagFault:
		r.Faults = append(r.Faults, Pair{c.str(), c.str()})
	case TagPark, TagClose:
		return fmt.Errorf("section %s is reserved and not built yet", tagName(s.Tag))
	default:
		return s.unknown()
	}
	return c.fault(s.Tag)
}

// AppendOperation appends the operation section.
func AppendOperation(b []byte, id string, level Level) []byte {
	b, mark := BeginSection(b, TagOperation)
	return EndSection(append(AppendString(b, id), byte(level)), mark)
}

// AppendPair appends a note or fault section.
func AppendPair(b []byte, tag Tag, name, value string) []byte {
	b, mark := BeginSection(b, tag)
	return EndSection(AppendString(AppendString(b, name), value), mark)
}

// AppendBlobBody appends a body that lies in a blob.
func AppendBlobBody(b []byte, r BlobRange) []byte {
	b, mark := BeginSection(b, TagBlobBody)
	return EndSection(append64(append64(append32(b, r.Handle), r.Offset), r.Length), mark)
}

// AppendScript appends a streamed body. delaysNS and chunks have one length.
func AppendScript(b []byte, delaysNS []uint64, chunks []string) []byte {
	b, mark := BeginSection(b, TagScript)
	b = append32(b, uint32(len(chunks)))
	for i, chunk := range chunks {
		b = AppendString(append64(b, delaysNS[i]), chunk)
	}
	return EndSection(b, mark)
}
