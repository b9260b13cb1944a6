package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// look runs f on a connection that shows the state: the transaction's when one
// is open.
func (s *Store) look(ctx context.Context, f func(c *conn) error) (err error) {
	defer s.survive(&err)
	if s.tx.ctx != nil {
		c, err := s.open()
		if err != nil {
			return err
		}
		return f(c)
	}
	if s.done {
		return errClosed
	}
	c, err := s.back.acquire()
	if err != nil {
		return err
	}
	done := false
	defer func() {
		c.broken = c.broken || !done // a panic went through
		s.back.release(c, true)
	}()
	c.nowNS = s.seen
	c.db.SetLastInsertRowID(0) // connections are shared between stores
	c.db.SetInterrupt(ctx)
	err = f(c)
	c.db.SetInterrupt(context.Background())
	done = true
	return err
}

// Values calls yield for each host-owned value whose key has the prefix.
func (s *Store) Values(prefix string, yield func(key string, value []byte) bool) error {
	err := s.look(context.Background(), func(c *conn) error {
		st, err := c.host(stmtValues)
		if err != nil {
			return err
		}
		defer st.Reset() // its error is that of Step
		if err := st.BindText(1, prefix); err != nil {
			return err
		}
		for st.Step() {
			key := st.ColumnRawText(0)
			if !bytes.HasPrefix(key, []byte(prefix)) || !yield(string(key), st.ColumnRawBlob(1)) {
				return nil
			}
		}
		return st.Err()
	})
	if err != nil {
		return fmt.Errorf("read values %q: %w", prefix, err)
	}
	return nil
}

// Documents calls yield for each live row of a table in insertion order; a
// WITHOUT ROWID table has only its key's.
func (s *Store) Documents(t *abi.Table, typ string, yield func(host.Document) bool) error {
	column := func(name string) string {
		if name == "" {
			return "''"
		}
		return sqlite3.QuoteIdentifier(name)
	}
	var where []string
	if t.Deleted != "" {
		where = append(where, "NOT coalesce("+column(t.Deleted)+", 0)")
	}
	if typ != "" && t.Type != "" {
		where = append(where, column(t.Type)+" = ?1")
	} else {
		typ = ""
	}
	sql := fmt.Sprintf("SELECT %s, %s, %s, %s FROM %s", column(t.Type), column(t.Account), column(t.ID), column(t.Document), column(t.Name))
	if len(where) > 0 {
		sql += " WHERE " + strings.Join(where, " AND ")
	}
	err := s.look(context.Background(), func(c *conn) error {
		st, err := c.prepare(sql+" ORDER BY rowid", guardQuery)
		if err != nil {
			if st, err = c.prepare(sql, guardQuery); err != nil {
				return err
			}
		}
		defer st.Close() // its error is that of Step
		if typ != "" {
			if err := st.BindText(1, typ); err != nil {
				return err
			}
		}
		for st.Step() {
			d := host.Document{Type: st.ColumnText(0), Account: st.ColumnText(1), ID: st.ColumnText(2), JSON: st.ColumnRawText(3)}
			if !yield(d) {
				return nil
			}
		}
		return st.Err()
	})
	if err != nil {
		return fmt.Errorf("read documents of %s: %w", t.Name, err)
	}
	return nil
}

// Query runs one reading statement of a user's. Faults of the statement are
// *host.Error.
func (s *Store) Query(ctx context.Context, sql string, yield func(columns []string, row []any) bool) error {
	var invalid error
	err := s.look(ctx, func(c *conn) error {
		st, err := c.prepare(sql, guardQuery)
		if err != nil {
			invalid = err
			return err
		}
		defer st.Close() // its error is that of Step
		if !st.ReadOnly() {
			invalid = &denied{"writing"}
			return invalid
		}
		columns := make([]string, st.ColumnCount())
		for i := range columns {
			columns[i] = st.ColumnName(i)
		}
		for st.Step() {
			row := make([]any, len(columns))
			for i := range row {
				row[i] = goValue(st.ColumnValue(i))
			}
			if !yield(columns, row) {
				return nil
			}
		}
		if err := st.Err(); err != nil {
			if err = answer(ctx, err); errors.As(err, new(*host.CallError)) {
				invalid = err
			}
			return err
		}
		return nil
	})
	switch {
	case invalid != nil:
		return &host.Error{Kind: host.KindInvalid, Code: "mirra.query.invalid", Message: "query: " + text(invalid),
			Hint: "one SELECT over the mirror's own tables and views"}
	case err != nil:
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

// SizeBytes returns how large the database is.
func (s *Store) SizeBytes() (int64, error) { return s.back.size() }

// Version returns the schema version the database has.
func (s *Store) Version() (uint32, error) { return s.back.version() }

// SetVersion says which schema version the database has, in the transaction.
func (s *Store) SetVersion(v uint32) (err error) {
	defer s.survive(&err)
	c, err := s.open()
	if err != nil {
		return fmt.Errorf("set version: %w", err)
	}
	s.tx.wrote = true
	if err := c.db.Exec(fmt.Sprintf("PRAGMA user_version = %d", int32(v))); err != nil {
		return fmt.Errorf("set version: %w", s.failed(err))
	}
	return nil
}
