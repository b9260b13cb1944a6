package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// text returns SQLite's own words: "UNIQUE constraint failed: t.id".
func text(err error) string {
	var code sqlite3.ExtendedErrorCode
	s := err.Error()
	if e, ok := errors.AsType[*sqlite3.Error](err); ok {
		code = e.ExtendedCode()
		s = strings.TrimPrefix(s, code.Error()+": ")
	}
	return strings.TrimPrefix(s, "sqlite3: ")
}

// codeOf returns SQLite's primary result code, 0 when err is none of its own.
func codeOf(err error) sqlite3.ErrorCode {
	if c, ok := errors.AsType[sqlite3.ErrorCode](err); ok {
		return c
	}
	if c, ok := errors.AsType[sqlite3.ExtendedErrorCode](err); ok {
		return c.Code()
	}
	if e, ok := errors.AsType[*sqlite3.Error](err); ok {
		return e.Code()
	}
	return 0
}

// answer translates an error of a plugin's statement: a *host.CallError when
// the plugin can go on, any other error when it has to be stopped.
func answer(ctx context.Context, err error) error {
	switch codeOf(err) {
	case sqlite3.INTERRUPT:
		if cause := context.Cause(ctx); cause != nil {
			return fmt.Errorf("statement interrupted: %w", cause)
		}
		return fmt.Errorf("statement interrupted: %w", err)
	case sqlite3.FULL:
		return callError(abi.Limit, "database is full: the limit is %d MB", abi.MaxDatabaseBytes>>20)
	case sqlite3.TOOBIG:
		return callError(abi.Limit, "value is too large: the limit is %d MB", maxValueBytes>>20)
	case sqlite3.BUSY, sqlite3.LOCKED:
		return callError(abi.Busy, "%s", text(err))
	case sqlite3.AUTH:
		return callError(abi.Denied, "%s", text(err))
	case sqlite3.ERROR, sqlite3.CONSTRAINT, sqlite3.MISMATCH, sqlite3.RANGE, sqlite3.ABORT, sqlite3.SCHEMA:
		return callError(abi.SQL, "%s", text(err))
	}
	return fmt.Errorf("run statement: %w", err)
}

func callError(n abi.Errno, format string, args ...any) *host.CallError {
	return &host.CallError{Errno: n, Message: fmt.Sprintf(format, args...)}
}

// stopped is the error of a panic inside SQLite: out of memory, or worse. The
// connection it happened on is not used again.
type stopped struct{ cause any }

func (s *stopped) Error() string {
	return fmt.Sprintf("sqlite stopped: %v; the state is that of the last commit", s.cause)
}

func (s *stopped) Unwrap() error { err, _ := s.cause.(error); return err }
