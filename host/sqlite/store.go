package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Store is one database. See host.Store for who may call what when.
type Store struct {
	prog *program
	back backend
	obs  *observer
	tx   txn
	seen int64 // the last transaction's nowNS, for reads outside of one
	done bool  // closed
}

var _ host.Store = (*Store)(nil)

// txn is the state of a transaction, the zero value none.
type txn struct {
	ctx   context.Context // not nil: between Begin and Commit or Rollback
	nowNS int64
	conn  *conn // from the first statement on
	rows  int   // stepped over or changed
	wrote bool
	dead  error // why nothing can be run or committed any more
}

var (
	errNoTx   = errors.New("no transaction")
	errInTx   = errors.New("transaction is open")
	errEnded  = errors.New("the transaction was ended by a statement")
	errClosed = errors.New("store is closed")
)

// Begin starts a transaction. It costs nothing before the first statement.
func (s *Store) Begin(ctx context.Context, nowNS int64) error {
	if s.done {
		return errClosed
	}
	if s.tx.ctx != nil {
		return fmt.Errorf("begin: %w", errInTx)
	}
	s.tx = txn{ctx: ctx, nowNS: nowNS}
	s.seen = nowNS
	return nil
}

// open returns the connection of the transaction.
func (s *Store) open() (*conn, error) {
	if s.tx.dead != nil {
		return nil, s.tx.dead
	}
	if s.tx.conn != nil {
		return s.tx.conn, nil
	}
	if s.tx.ctx == nil {
		return nil, errNoTx
	}
	c, err := s.back.acquire()
	if err != nil {
		return nil, err
	}
	s.tx.conn = c
	c.nowNS = s.tx.nowNS
	if err := c.exec(stmtBegin); err != nil {
		s.tx.dead = fmt.Errorf("begin: %w", err)
		return nil, s.tx.dead
	}
	c.db.SetLastInsertRowID(0) // connections are shared between stores
	c.db.SetInterrupt(s.tx.ctx)
	if s.obs != nil {
		s.obs.start(c)
	}
	return c, nil
}

// survive turns a panic inside SQLite into an error. The connection is not
// used again.
func (s *Store) survive(err *error) {
	if r := recover(); r != nil {
		*err = &stopped{r}
		s.tx.dead = *err
		if s.tx.conn != nil {
			s.tx.conn.broken = true
		}
	}
}

// prepare returns statement n with its arguments bound.
func (s *Store) prepare(n uint32, args []byte) (*sqlite3.Stmt, *statement, error) {
	if uint64(n) >= uint64(len(s.prog.statements)) {
		return nil, nil, callError(abi.Invalid, "statement %d: %d are defined", n, len(s.prog.statements))
	}
	c, err := s.open()
	if err != nil {
		return nil, nil, err
	}
	if s.tx.rows > abi.MaxRowsPerCall {
		return nil, nil, errRows
	}
	def := &s.prog.statements[n]
	st, err := c.statement(int(n))
	if err != nil {
		return nil, nil, s.failed(err)
	}
	if err := bind(st, args, def.params); err != nil {
		if e, ok := err.(*host.CallError); ok {
			return nil, nil, e
		}
		return nil, nil, s.failed(err)
	}
	if !def.reads {
		s.tx.wrote = true
	}
	c.large = c.large || len(args) > largeBytes
	return st, def, nil
}

var errRows = callError(abi.Limit, "more than %d rows in one call", abi.MaxRowsPerCall)

// failed translates the error of a statement. When SQLite has rolled back the
// whole transaction (a full disk, OR ROLLBACK) nothing may follow: it would be
// committed by itself.
func (s *Store) failed(err error) error {
	if d, ok := errors.AsType[*denied](err); ok {
		return callError(abi.Denied, "%s", d.Error())
	}
	if s.tx.conn.db.GetAutocommit() {
		s.tx.dead = fmt.Errorf("%w: %s", errEnded, text(err))
		return s.tx.dead
	}
	err = answer(s.tx.ctx, err)
	if _, ok := err.(*host.CallError); !ok {
		s.tx.dead = err
	}
	return err
}

// finish resets a statement after its last step. Large bindings are given back.
func (s *Store) finish(st *sqlite3.Stmt, args []byte) error {
	err := st.Err()
	if e := st.Reset(); err == nil {
		err = e
	}
	if len(args) > pageSize {
		_ = st.ClearBindings() // fails on misuse only
	}
	return err
}

// largeBytes of arguments or results make SQLite's heap grow, which never
// shrinks: the connection is closed after the transaction.
const largeBytes = 1 << 20

// maxResultBytes bounds what one Run returns: a guest could not hold more.
const maxResultBytes = abi.MaxMemoryBytes

var errResult = callError(abi.Limit, "result is larger than %d MB", maxResultBytes>>20)

// Run implements host.CallSQL. steps counts changed rows too.
func (s *Store) Run(stmt uint32, args, out []byte) (result []byte, steps int, err error) {
	defer s.survive(&err)
	result = out[:0]
	st, def, err := s.prepare(stmt, args)
	if err != nil {
		return result, 0, err
	}
	var header [abi.RowsHeaderBytes]byte
	out = append(out[:0], header[:]...)
	rows, before := 0, s.tx.rows
	for st.Step() {
		rows++
		if before+rows > abi.MaxRowsPerCall {
			err = errRows
			break
		}
		for i := range def.columns {
			out = appendColumn(out, st, i)
		}
		if len(out) > maxResultBytes {
			err = errResult
			break
		}
	}
	s.tx.rows += rows
	if e := s.finish(st, args); err == nil && e != nil {
		err = s.failed(e)
	}
	if err != nil {
		return result, rows, err
	}
	s.tx.conn.large = s.tx.conn.large || len(out) > largeBytes
	changed, last := 0, int64(0)
	if !def.reads {
		changed = int(s.tx.conn.db.Changes())
		last = s.tx.conn.db.LastInsertRowID()
		s.tx.rows += changed
	}
	abi.PutRowsHeader(out, def.columns, rows, changed, last)
	return out, rows + changed, nil
}

// Emit implements host.CallSQL.
func (s *Store) Emit(dst []byte, stmt uint32, args []byte, column int, separator []byte) (out []byte, rows int, err error) {
	defer s.survive(&err)
	out = dst
	st, def, err := s.prepare(stmt, args)
	if err != nil {
		return out, 0, err
	}
	if column < 0 || column >= def.columns {
		return out, 0, callError(abi.Invalid, "column %d: statement %d has %d", column, stmt, def.columns)
	}
	before := s.tx.rows
	for st.Step() {
		if rows++; before+rows > abi.MaxRowsPerCall {
			err = errRows
			break
		}
		if rows > 1 {
			out = append(out, separator...)
		}
		out = append(out, st.ColumnRawText(column)...)
		if len(out)-len(dst) > maxResultBytes {
			err = errResult
			break
		}
	}
	s.tx.rows += rows
	if e := s.finish(st, args); err == nil && e != nil {
		err = s.failed(e)
	}
	if err != nil {
		return out[:len(dst)], rows, err
	}
	return out, rows, nil
}

// Put keeps a host-owned value; nil deletes it.
func (s *Store) Put(key string, value []byte) (err error) {
	defer s.survive(&err)
	c, err := s.open()
	if err != nil {
		return fmt.Errorf("put %q: %w", key, err)
	}
	s.tx.wrote = true
	n := stmtPut
	if value == nil {
		n = stmtDelete
	}
	st, err := c.host(n)
	if err == nil {
		err = st.BindText(1, key)
	}
	if err == nil && value != nil {
		err = st.BindBlob(2, value)
	}
	if err == nil {
		err = st.Exec()
	}
	if err != nil {
		return fmt.Errorf("put %q: %w", key, s.failed(err))
	}
	return nil
}

// Commit ends the transaction. What cannot be committed is rolled back.
func (s *Store) Commit() (err error) {
	if s.tx.ctx == nil {
		return fmt.Errorf("commit: %w", errNoTx)
	}
	if err := s.tx.dead; err != nil {
		s.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	if s.tx.conn == nil {
		s.tx = txn{}
		return nil
	}
	if err := s.commit(); err != nil {
		s.Rollback()
		return fmt.Errorf("commit: %w", err)
	}
	s.end(true)
	return nil
}

func (s *Store) commit() (err error) {
	defer s.survive(&err)
	c := s.tx.conn
	c.db.SetInterrupt(context.Background())
	if c.db.GetAutocommit() {
		return errEnded
	}
	if err := c.exec(stmtCommit); err != nil {
		// Deferred constraints fail here: the plugin's fault, in SQLite's words.
		return answer(context.Background(), err)
	}
	return nil
}

// Rollback undoes the transaction.
func (s *Store) Rollback() {
	if c := s.tx.conn; c != nil && !c.broken {
		if err := s.rollback(c); err != nil {
			c.broken = true // its state is not known: back to the last commit without it
		}
	}
	s.end(false)
}

func (s *Store) rollback(c *conn) (err error) {
	defer s.survive(&err)
	c.db.SetInterrupt(context.Background())
	if c.db.GetAutocommit() {
		return nil
	}
	return c.exec(stmtRollback)
}

// end gives the connection back.
func (s *Store) end(committed bool) {
	c, wrote := s.tx.conn, s.tx.wrote
	s.tx = txn{}
	if c == nil {
		return
	}
	if s.obs != nil && !c.broken {
		s.obs.stop(c)
	}
	s.back.release(c, committed || !wrote && !c.broken)
}

// Idle gives back what the next Begin can rebuild.
func (s *Store) Idle() { s.back.idle() }

// Close ends the database.
func (s *Store) Close() error {
	if s.done {
		return nil
	}
	s.Rollback()
	s.done = true
	return s.back.close()
}
