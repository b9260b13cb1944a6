package abi

import "fmt"

// Tape is a parsed query and body as records in wire order, not an
// interpretation of them: repeated names, nulls and big numbers are all there.
// Dialects (Rack, PHP, repeated keys) are the reader's.
//
// A record is op u8, source u8, n u16, offset u32, then strs by op.
type Tape string

// Source says where a record comes from.
type Source uint8

const (
	FromQuery Source = 0
	FromBody  Source = 1
)

// Op is the kind of a record.
type Op uint8

const (
	// OpPair is a decoded form or query field: n strs of its name's bracket
	// segments ("a[b][]" is "a", "b", ""), then its value.
	OpPair Op = 1
	// OpRawPair is a field whose name has unbalanced brackets: one str, the
	// whole decoded name, then its value.
	OpRawPair Op = 2

	OpBeginObject Op = 3
	OpEndObject   Op = 4
	OpBeginArray  Op = 5
	OpEndArray    Op = 6
	OpKey         Op = 7 // str, decoded
	OpString      Op = 8 // str, decoded
	OpNumber      Op = 9 // str, the literal as sent
	OpTrue        Op = 10
	OpFalse       Op = 11
	OpNull        Op = 12

	// OpPart is a multipart part: strs name, file name, content type and inline
	// value. n is 1 when the value lies in a blob; the value is then u32
	// handle and u64 size.
	OpPart Op = 13
)

// Record is one decoded record.
type Record struct {
	Op     Op
	Source Source
	Offset uint32 // byte in the query or body where its raw text starts

	Name  string // segment 0, key, part name, or the whole name of OpRawPair
	Value string // value, string, number literal

	segments string // OpPair: the strs after segment 0
	count    int

	FileName, ContentType string
	Blob                  BlobRef
	InBlob                bool
}

// Segments returns the number of bracket segments of an OpPair, 1 for a plain name.
func (r *Record) Segments() int { return r.count }

// Segment returns bracket segment i of an OpPair, from 0; "" beyond the last.
func (r *Record) Segment(i int) string {
	if i == 0 {
		return r.Name
	}
	v, rest, _ := cutString(r.segments)
	for ; i > 1; i-- {
		v, rest, _ = cutString(rest)
	}
	return v
}

const recordHeaderBytes = 8

// Next cuts the first record off the tape. An empty tape has none.
func (t Tape) Next() (r Record, rest Tape, err error) {
	rest, err = t.Read(&r)
	return r, rest, err
}

// Read is Next into a Record of the caller's.
func (t Tape) Read(r *Record) (rest Tape, err error) {
	if len(t) < recordHeaderBytes {
		return "", fmt.Errorf("tape: %w", ErrTruncated)
	}
	s := string(t)
	r.Op, r.Source, r.Offset = Op(s[0]), Source(s[1]), u32(s[4:])
	n := int(u16(s[2:]))
	s = s[recordHeaderBytes:]
	ok := true
	switch r.Op {
	case OpPair:
		r.count = n
		if n == 0 {
			return "", fmt.Errorf("tape: a pair without a name")
		}
		r.Name, s, ok = cutString(s)
		at := s
		for ; n > 1 && ok; n-- {
			_, s, ok = cutString(s)
		}
		r.segments = at[:len(at)-len(s)]
		if ok {
			r.Value, s, ok = cutString(s)
		}
	case OpKey:
		r.Name, s, ok = cutString(s)
	case OpString, OpNumber:
		r.Value, s, ok = cutString(s)
	case OpBeginObject, OpEndObject, OpBeginArray, OpEndArray, OpTrue, OpFalse, OpNull:
	case OpRawPair, OpPart:
		s, ok = r.readLong(s, n)
	default:
		return "", fmt.Errorf("tape: unknown op %d", r.Op)
	}
	if !ok {
		return "", fmt.Errorf("tape: %w", ErrTruncated)
	}
	return Tape(s), nil
}

// readLong reads the records that are rare.
func (r *Record) readLong(s string, n int) (rest string, ok bool) {
	c := cursor{s: s}
	if r.Op == OpRawPair {
		r.count, r.Name, r.Value = 1, c.str(), c.str()
		return c.s, !c.bad
	}
	r.Name, r.FileName, r.ContentType = c.str(), c.str(), c.str()
	if n == 1 {
		r.InBlob, r.Blob = true, BlobRef{c.u32(), c.u64()}
	} else {
		r.InBlob, r.Value = false, c.str()
	}
	return c.s, !c.bad
}

// Check reads the whole tape and reports the first fault. Objects, arrays and
// keys must nest; a reader may rely on it afterwards.
func (t Tape) Check() error {
	var stack [MaxDepth]Op
	depth, wantValue := 0, false
	for len(t) > 0 {
		r, rest, err := t.Next()
		if err != nil {
			return err
		}
		t = rest
		inObject := depth > 0 && stack[depth-1] == OpBeginObject
		switch r.Op {
		case OpKey:
			if !inObject || wantValue {
				return fmt.Errorf("tape: misplaced key")
			}
			wantValue = true
			continue
		case OpEndObject, OpEndArray:
			if depth == 0 || stack[depth-1] != r.Op-1 || wantValue {
				return fmt.Errorf("tape: misplaced end")
			}
			depth--
			continue
		case OpPair, OpRawPair, OpPart:
			if depth > 0 {
				return fmt.Errorf("tape: field inside JSON")
			}
			continue
		}
		if inObject && !wantValue {
			return fmt.Errorf("tape: value without a key")
		}
		wantValue = false
		if r.Op == OpBeginObject || r.Op == OpBeginArray {
			if depth == MaxDepth {
				return fmt.Errorf("tape: deeper than %d", MaxDepth)
			}
			stack[depth] = r.Op
			depth++
		}
	}
	if depth > 0 || wantValue {
		return fmt.Errorf("tape: JSON ends inside a value: %w", ErrTruncated)
	}
	return nil
}

// MaxDepth is how deep JSON on a tape may nest, and how many bracket segments
// a field name may have.
const MaxDepth = 64

// AppendRecord appends a record head and its strs.
func AppendRecord(t []byte, op Op, source Source, n int, offset uint32, strs ...string) []byte {
	t = append(t, byte(op), byte(source), byte(n), byte(n>>8))
	t = append32(t, offset)
	for _, s := range strs {
		t = AppendString(t, s)
	}
	return t
}

// AppendPartBlob appends a multipart part whose bytes lie in a blob.
func AppendPartBlob(t []byte, offset uint32, name, fileName, contentType string, blob BlobRef) []byte {
	t = AppendRecord(t, OpPart, FromBody, 1, offset, name, fileName, contentType)
	return append64(append32(t, blob.Handle), blob.Size)
}
