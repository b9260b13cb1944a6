package abi

import (
	"encoding/binary"
	"fmt"
	"math"
)

// ValueType is the first byte of an SQL value.
type ValueType byte

// SQL values: Null and the four types SQLite stores. Text is UTF-8.
const (
	Null    ValueType = 0
	Integer ValueType = 1 // i64
	Float   ValueType = 2 // f64 bits
	Text    ValueType = 3 // str
	Blob    ValueType = 4 // str
)

// Arguments of run and emit are values one after another, bound to ?1, ?2, …
// The functions below append them.

// AppendNull appends a NULL.
func AppendNull(b []byte) []byte { return append(b, byte(Null)) }

// AppendInteger appends an integer.
func AppendInteger(b []byte, v int64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, byte(Integer)), uint64(v))
}

// AppendFloat appends a float.
func AppendFloat(b []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, byte(Float)), math.Float64bits(v))
}

// AppendText appends a text.
func AppendText(b []byte, v string) []byte { return AppendString(append(b, byte(Text)), v) }

// AppendBlob appends a blob.
func AppendBlob(b []byte, v string) []byte { return AppendString(append(b, byte(Blob)), v) }

// Value is one decoded SQL value.
type Value struct {
	Type  ValueType
	Int   int64
	Float float64
	Str   string // Text and Blob
}

// NextValue cuts the first value off b.
func NextValue(b string) (v Value, rest string, err error) {
	c := cursor{s: b}
	v.Type = ValueType(c.u8())
	switch v.Type {
	case Null:
	case Integer:
		v.Int = int64(c.u64())
	case Float:
		v.Float = math.Float64frombits(c.u64())
	case Text, Blob:
		v.Str = c.str()
	default:
		return v, "", fmt.Errorf("value type %d: want 0 to 4", v.Type)
	}
	return v, c.s, c.err("value")
}

// RowsHeaderBytes is the length of the header of run's result: u16 columns,
// u16 zero, u32 rows, u32 changed rows, i64 id of the row inserted last; then
// the values, row by row.
const RowsHeaderBytes = 20

// Rows is the decoded result of run.
type Rows struct {
	Columns int
	Count   int
	Changed int
	LastID  int64 // of the row this connection inserted last
	data    string
}

// DecodeRows reads the header of a result.
func DecodeRows(b string) (Rows, error) {
	c := cursor{s: b}
	r := Rows{Columns: int(c.u16())}
	c.u16()
	r.Count, r.Changed, r.LastID = int(c.u32()), int(c.u32()), int64(c.u64())
	r.data = c.s
	return r, c.err("rows")
}

// Next cuts the next value off the rows; row boundaries are every Columns values.
func (r *Rows) Next() (Value, error) {
	v, rest, err := NextValue(r.data)
	r.data = rest
	return v, err
}

// PutRowsHeader writes the header of a result into the first bytes of b.
func PutRowsHeader(b []byte, columns, rows, changed int, lastID int64) {
	_ = b[RowsHeaderBytes-1]
	binary.LittleEndian.PutUint16(b, uint16(columns))
	binary.LittleEndian.PutUint16(b[2:], 0)
	binary.LittleEndian.PutUint32(b[4:], uint32(rows))
	binary.LittleEndian.PutUint32(b[8:], uint32(changed))
	binary.LittleEndian.PutUint64(b[12:], uint64(lastID))
}
