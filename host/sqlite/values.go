package sqlite

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
)

// bind decodes args (abi values) and binds them to s, which takes params of
// them. It does not allocate unless args are malformed.
func bind(s *sqlite3.Stmt, args []byte, params int) error {
	n := 0
	for len(args) > 0 {
		n++
		if n > params {
			return callError(abi.Invalid, "argument %d: the statement takes %d", n, params)
		}
		t := abi.ValueType(args[0])
		args = args[1:]
		var err error
		switch t {
		case abi.Null:
			err = s.BindNull(n)
		case abi.Integer, abi.Float:
			if len(args) < 8 {
				return callError(abi.Invalid, "argument %d: %d bytes of a number, want 8", n, len(args))
			}
			v := binary.LittleEndian.Uint64(args)
			args = args[8:]
			if t == abi.Integer {
				err = s.BindInt64(n, int64(v))
			} else {
				err = s.BindFloat(n, math.Float64frombits(v))
			}
		case abi.Text, abi.Blob:
			if len(args) < 4 {
				return callError(abi.Invalid, "argument %d: %d bytes of a length, want 4", n, len(args))
			}
			size := uint64(binary.LittleEndian.Uint32(args))
			args = args[4:]
			if size > uint64(len(args)) {
				return callError(abi.Invalid, "argument %d: length %d, %d bytes follow", n, size, len(args))
			}
			v := args[:size]
			args = args[size:]
			if size > maxValueBytes {
				return callError(abi.Limit, "argument %d: %d bytes, the limit is %d MB", n, size, maxValueBytes>>20)
			}
			if t == abi.Text {
				// The bytes are copied before BindText returns.
				err = s.BindText(n, unsafe.String(unsafe.SliceData(v), len(v)))
			} else {
				err = s.BindBlob(n, v)
			}
		default:
			return callError(abi.Invalid, "argument %d: value type %d, want 0 to 4", n, t)
		}
		if err != nil {
			return err
		}
	}
	if n != params {
		return callError(abi.Invalid, "%d arguments: the statement takes %d", n, params)
	}
	return nil
}

// appendColumn appends a column of the current row as an abi value.
func appendColumn(out []byte, s *sqlite3.Stmt, i int) []byte {
	switch s.ColumnType(i) {
	case sqlite3.INTEGER:
		out = append(out, byte(abi.Integer))
		return binary.LittleEndian.AppendUint64(out, uint64(s.ColumnInt64(i)))
	case sqlite3.FLOAT:
		out = append(out, byte(abi.Float))
		return binary.LittleEndian.AppendUint64(out, math.Float64bits(s.ColumnFloat(i)))
	case sqlite3.TEXT:
		v := s.ColumnRawText(i)
		out = binary.LittleEndian.AppendUint32(append(out, byte(abi.Text)), uint32(len(v)))
		return append(out, v...)
	case sqlite3.BLOB:
		v := s.ColumnRawBlob(i)
		out = binary.LittleEndian.AppendUint32(append(out, byte(abi.Blob)), uint32(len(v)))
		return append(out, v...)
	}
	return append(out, byte(abi.Null))
}
