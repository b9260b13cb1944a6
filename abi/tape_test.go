package abi

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestTapeRoundTrip(t *testing.T) {
	tape := sampleTape()
	if err := tape.Check(); err != nil {
		t.Fatal(err)
	}
	var ops []Op
	for rest := tape; rest != ""; {
		r, next, err := rest.Next()
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, r.Op)
		switch len(ops) {
		case 1:
			if r.Segments() != 1 || r.Segment(0) != "plain" || r.Segment(1) != "" || r.Value != "v" || r.Source != FromQuery {
				t.Errorf("got %+v", r)
			}
		case 2:
			if r.Segments() != 3 || r.Segment(0) != "a" || r.Segment(1) != "b" || r.Segment(2) != "" || r.Segment(3) != "" || r.Value != "1 2" || r.Offset != 8 {
				t.Errorf("got %+v", r)
			}
		case 3:
			if r.Name != "a[b" || r.Value != "raw" || r.Segments() != 1 || r.Source != FromBody {
				t.Errorf("got %+v", r)
			}
		case 4:
			if r.Name != "field" || r.FileName != "" || r.ContentType != "text/plain" || r.Value != "inline" || r.InBlob {
				t.Errorf("got %+v", r)
			}
		case 5:
			if r.Name != "file" || r.FileName != "a.png" || !r.InBlob || r.Blob != (BlobRef{4, 70_000}) {
				t.Errorf("got %+v", r)
			}
		case 10:
			if r.Value != "1.50e3" || r.Offset != 16 {
				t.Errorf("got %+v", r)
			}
		}
		rest = next
	}
	want := []Op{OpPair, OpPair, OpRawPair, OpPart, OpPart, OpBeginObject, OpKey, OpBeginArray, OpString, OpNumber, OpTrue, OpFalse, OpNull, OpEndArray, OpEndObject}
	if !reflect.DeepEqual(ops, want) {
		t.Errorf("got %v, want %v", ops, want)
	}
	// One Record read into again and again holds nothing of the one before.
	var r Record
	for rest := tape; rest != ""; {
		fresh, _, _ := rest.Next()
		rest, _ = rest.Read(&r)
		if r.Op == OpPart && !reflect.DeepEqual(r.Blob, fresh.Blob) && r.InBlob {
			t.Errorf("got %+v, want %+v", r, fresh)
		}
		if r.InBlob != fresh.InBlob && r.Op == OpPart {
			t.Errorf("stale blob in %+v", r)
		}
	}
}

func TestTapeTruncation(t *testing.T) {
	tape := sampleTape()
	ends := map[int]bool{}
	for rest := tape; rest != ""; {
		ends[len(tape)-len(rest)] = true
		_, rest, _ = rest.Next()
	}
	for n := range len(tape) {
		mustPanicFree(t, "tape", func() {
			var err error
			for rest := tape[:n]; rest != "" && err == nil; {
				_, rest, err = rest.Next()
			}
			if !ends[n] && !errors.Is(err, ErrTruncated) {
				t.Errorf("cut at %d: got %v", n, err)
			}
			_ = tape[:n].Check()
		})
	}
}

func TestTapeCheck(t *testing.T) {
	build := func(ops ...Op) Tape {
		var b []byte
		for _, op := range ops {
			switch op {
			case OpKey, OpString, OpNumber:
				b = AppendRecord(b, op, FromBody, 0, 0, "x")
			case OpPair, OpRawPair:
				b = AppendRecord(b, op, FromBody, 1, 0, "x", "y")
			case OpPart:
				b = AppendRecord(b, op, FromBody, 0, 0, "", "", "", "")
			default:
				b = AppendRecord(b, op, FromBody, 0, 0)
			}
		}
		return Tape(b)
	}
	nested := func(n int, begin, end Op) (ops []Op) {
		for range n {
			ops = append(ops, begin)
		}
		for range n {
			ops = append(ops, end)
		}
		return ops
	}
	for _, c := range []struct {
		name string
		tape Tape
		want string // part of the error, "" if there is none
	}{
		{"nothing", "", ""},
		{"fields, then JSON", build(OpPair, OpBeginObject, OpKey, OpNull, OpEndObject), ""},
		{"a scalar", build(OpTrue), ""},
		{"as deep as may be", build(nested(MaxDepth, OpBeginArray, OpEndArray)...), ""},
		{"deeper", build(nested(MaxDepth+1, OpBeginArray, OpEndArray)...), "deeper than 64"},
		{"key outside", build(OpKey), "misplaced key"},
		{"key in an array", build(OpBeginArray, OpKey), "misplaced key"},
		{"two keys", build(OpBeginObject, OpKey, OpKey), "misplaced key"},
		{"value without a key", build(OpBeginObject, OpNull), "without a key"},
		{"two values", build(OpBeginObject, OpKey, OpNull, OpNull), "without a key"},
		{"end outside", build(OpEndArray), "misplaced end"},
		{"end of the other", build(OpBeginArray, OpEndObject), "misplaced end"},
		{"end instead of a value", build(OpBeginObject, OpKey, OpEndObject), "misplaced end"},
		{"no end", build(OpBeginObject), "truncated"},
		{"field inside", build(OpBeginArray, OpPair), "field inside"},
		{"unknown op", Tape(AppendRecord(nil, 99, FromBody, 0, 0)), "unknown op 99"},
		{"pair without a name", Tape(AppendRecord(nil, OpPair, FromBody, 0, 0, "v")), "without a name"},
	} {
		err := c.tape.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func TestValuesAndRows(t *testing.T) {
	want := []Value{
		{Type: Null}, {Type: Integer, Int: math.MinInt64}, {Type: Integer, Int: 1}, {Type: Float, Float: -0.5},
		{Type: Text, Str: "täxt"}, {Type: Text}, {Type: Blob, Str: "\x00\xff"},
	}
	data := AppendNull(nil)
	data = AppendInteger(data, math.MinInt64)
	data = AppendInteger(data, 1)
	data = AppendFloat(data, -0.5)
	data = AppendText(data, "täxt")
	data = AppendText(data, "")
	data = AppendBlob(data, "\x00\xff")
	header := make([]byte, RowsHeaderBytes)
	PutRowsHeader(header, 7, 1, 3, -9)
	rows, err := DecodeRows(string(header) + string(data))
	if err != nil || rows.Columns != 7 || rows.Count != 1 || rows.Changed != 3 || rows.LastID != -9 {
		t.Fatalf("got %+v, %v", rows, err)
	}
	for _, w := range want {
		if got, err := rows.Next(); err != nil || got != w {
			t.Errorf("got %+v, %v, want %+v", got, err, w)
		}
	}
	if _, err := rows.Next(); !errors.Is(err, ErrTruncated) {
		t.Errorf("behind the last value: got %v", err)
	}
	for n := range header {
		if _, err := DecodeRows(string(header[:n])); !errors.Is(err, ErrTruncated) {
			t.Errorf("header of %d bytes: got %v", n, err)
		}
	}
	for n := range data {
		mustPanicFree(t, "values", func() {
			var err error
			for rest := string(data[:n]); rest != "" && err == nil; {
				_, rest, err = NextValue(rest)
			}
			if err != nil && !errors.Is(err, ErrTruncated) {
				t.Errorf("cut at %d: got %v", n, err)
			}
		})
	}
	if _, _, err := NextValue("\x05"); err == nil || !strings.Contains(err.Error(), "value type 5") {
		t.Errorf("got %v", err)
	}
}

func TestScript(t *testing.T) {
	s := string(AppendScript(nil, []uint64{1, 2}, []string{"a", "bc"}))[sectionHeaderBytes:]
	if err := Script(s).check(); err != nil {
		t.Fatal(err)
	}
	for n := range len(s) {
		if err := Script(s[:n]).check(); !errors.Is(err, ErrTruncated) {
			t.Errorf("cut at %d: got %v", n, err)
		}
		mustPanicFree(t, "script", func() {
			for range Script(s[:n]).All {
			}
		})
	}
	// A count that nothing stands behind ends the reading, not the memory.
	if err := Script("\xff\xff\xff\xff").check(); !errors.Is(err, ErrTruncated) {
		t.Errorf("got %v", err)
	}
}
