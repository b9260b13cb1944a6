package sdk

import (
	"strconv"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Statement is an SQL statement of the plugin. Statements are package
// variables: the host prepares them once per database.
type Statement struct {
	sql    string
	number uint32
}

var statements []*Statement

// Define declares a statement. Parameters are ?1, ?2, … in the order in which
// Args adds them.
func Define(sql string) *Statement {
	s := &Statement{sql: sql, number: uint32(len(statements))}
	statements = append(statements, s)
	return s
}

// SQLError is what SQLite or the guard said of a statement.
type SQLError struct {
	Errno   abi.Errno
	Message string
	SQL     string
}

func (e *SQLError) Error() string { return "sql: " + e.Message + " in " + e.SQL }

// Args is a row of arguments being built. The zero value is empty; a Call has
// one that is reused, see Call.Args.
type Args struct{ b []byte }

// Text adds a text.
func (a *Args) Text(v string) *Args { a.b = abi.AppendText(a.b, v); return a }

// Int adds an integer.
func (a *Args) Int(v int64) *Args { a.b = abi.AppendInteger(a.b, v); return a }

// Null adds a NULL.
func (a *Args) Null() *Args { a.b = abi.AppendNull(a.b); return a }

// TextOrNull adds a text, NULL for "".
func (a *Args) TextOrNull(v string) *Args {
	if v == "" {
		return a.Null()
	}
	return a.Text(v)
}

// JSON adds a document as text, without a copy of its own.
func (a *Args) JSON(d Doc) *Args {
	a.b = append(a.b, byte(abi.Text), 0, 0, 0, 0)
	at := len(a.b)
	a.b = d.AppendJSON(a.b)
	n := len(a.b) - at
	a.b[at-4], a.b[at-3], a.b[at-2], a.b[at-1] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24)
	return a
}

// Rows are the rows of a result. They stay valid for the whole call.
type Rows struct {
	rows    abi.Rows
	Changed int   // rows inserted, updated or deleted
	LastID  int64 // rowid of an inserted row
	left    int
}

// Next tells whether there is another row; its values follow by Text and Int.
func (r *Rows) Next() bool {
	if r.left == 0 {
		return false
	}
	r.left--
	return true
}

// Text returns the next value of the row as text, "" for NULL.
func (r *Rows) Text() string {
	v, _ := r.rows.Next()
	if v.Type == abi.Integer {
		return strconv.FormatInt(v.Int, 10)
	}
	return v.Str
}

// Int returns the next value of the row as an integer, 0 for NULL.
func (r *Rows) Int() int64 {
	v, _ := r.rows.Next()
	return v.Int
}

// Count returns how many rows there are in all.
func (r *Rows) Count() int { return r.rows.Count }

// Run runs the statement and returns its rows. A fault of SQLite is a
// *SQLError; the call's transaction goes on.
func (s *Statement) Run(a *Args) (Rows, error) {
	args := a.b
	a.b = a.b[:0]
	n := wire.Run(s.number, args, scratch.free())
	if n == int32(abi.TooSmall) {
		big := make([]byte, wire.Result(0, nil))
		wire.Result(0, big)
		return decodeRows(big)
	}
	if n < 0 {
		return Rows{}, s.fault(abi.Errno(n))
	}
	return decodeRows(scratch.take(int(n)))
}

// MustRun is Run for statements that cannot fail on valid state; a failure
// stops the plugin.
func (s *Statement) MustRun(a *Args) Rows {
	r, err := s.Run(a)
	if err != nil {
		panic(err.Error())
	}
	return r
}

func (s *Statement) fault(e abi.Errno) error {
	return &SQLError{Errno: e, Message: hostMessage(e), SQL: s.sql}
}

// hostMessage reads the message the host keeps with an errno.
func hostMessage(e abi.Errno) string {
	b := make([]byte, wire.Result(0, nil))
	if len(b) == 0 {
		return e.Error()
	}
	wire.Result(0, b)
	return string(b)
}

func decodeRows(b []byte) (Rows, error) {
	r, err := abi.DecodeRows(text(b))
	return Rows{rows: r, Changed: r.Changed, LastID: r.LastID, left: r.Count}, err
}

// scratchBuffer hands out pieces of memory that live until the end of the call.
// A guest starts every call with it empty, because its memory is put back.
type scratchBuffer struct{ b []byte }

var scratch = scratchBuffer{make([]byte, 0, 128<<10)}

func (s *scratchBuffer) free() []byte {
	if cap(s.b)-len(s.b) < 16<<10 {
		s.b = make([]byte, 0, 128<<10)
	}
	return s.b[len(s.b):cap(s.b)]
}

func (s *scratchBuffer) take(n int) []byte {
	at := len(s.b)
	s.b = s.b[:at+n]
	return s.b[at : at+n : at+n]
}

// text views bytes that nobody changes any more as a string.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
