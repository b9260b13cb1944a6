package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
)

const (
	// maxValueBytes bounds one value, SQL text or row.
	maxValueBytes = 16 << 20

	// maxConnBytes bounds the memory of one connection. It is address space
	// until used; beyond it SQLite reports out of memory, which costs the
	// connection. Six of the largest values fit.
	maxConnBytes = 96 << 20

	// connBytes is what an open connection is counted as: 0.24 MB after a few
	// statements (BenchmarkConnectionMemory), up to 1.3 MB with a full cache.
	connBytes = 512 << 10

	applicationID = 0x4d495252 // "MIRR", in the header of every file
)

// conn is a connection with the statements compiled on it.
type conn struct {
	db    *sqlite3.Conn
	file  *pageFile // nil: a file of the system's, home's
	home  *file
	disk  io.Closer // the system's file
	prog  *program
	guard guard
	nowNS int64
	dates bool // SQLite's time functions are replaced
	edit  editor
	// version names the content SQLite's cache belongs to, 0 none.
	version uint64
	broken  bool // a panic went through it
	large   bool // its heap has grown

	stmts []*sqlite3.Stmt // of prog.statements
	own   [ownStatements]*sqlite3.Stmt
}

// The host's own statements.
const (
	stmtBegin = iota
	stmtCommit
	stmtRollback
	stmtPut
	stmtDelete
	stmtValues
	ownStatements
)

var ownSQL = [ownStatements]string{
	stmtBegin:    `BEGIN`,
	stmtCommit:   `COMMIT`,
	stmtRollback: `ROLLBACK`,
	stmtPut:      `INSERT INTO _mirra_meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value`,
	stmtDelete:   `DELETE FROM _mirra_meta WHERE key = ?1`,
	stmtValues:   `SELECT key, value FROM _mirra_meta WHERE key >= ?1 ORDER BY key`,
}

// openPages connects to a page file.
func openPages(f *pageFile) (*conn, error) {
	uri, unmount := mount(f)
	defer unmount()
	c, err := open(uri)
	if err != nil {
		return nil, err
	}
	c.file = f
	err = c.db.Exec(`PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY`)
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// open connects and sets what every connection of this package has.
func open(uri string) (c *conn, err error) {
	ctx := sqlite3.WithMaxMemory(context.Background(), maxConnBytes)
	db, err := sqlite3.OpenContext(ctx, uri)
	if err != nil {
		return nil, err
	}
	c = &conn{db: db}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
			c = nil
		}
	}()
	for _, s := range [...]struct {
		op sqlite3.DBConfig
		on bool
	}{
		{sqlite3.DBCONFIG_DEFENSIVE, true},
		{sqlite3.DBCONFIG_TRUSTED_SCHEMA, false},
		{sqlite3.DBCONFIG_DQS_DML, false},
		{sqlite3.DBCONFIG_DQS_DDL, false},
	} {
		if _, err := db.Config(s.op, s.on); err != nil {
			return c, err
		}
	}
	for _, l := range [...]struct {
		id    sqlite3.LimitCategory
		value int
	}{
		{sqlite3.LIMIT_LENGTH, maxValueBytes},
		{sqlite3.LIMIT_SQL_LENGTH, 1 << 20},
		{sqlite3.LIMIT_EXPR_DEPTH, 200}, // SQLite's stack is 64 KB
		{sqlite3.LIMIT_VDBE_OP, 100_000},
		{sqlite3.LIMIT_ATTACHED, 0},
		{sqlite3.LIMIT_LIKE_PATTERN_LENGTH, 1000}, // matching recurses
		{sqlite3.LIMIT_TRIGGER_DEPTH, 50},
	} {
		db.Limit(l.id, l.value)
	}
	if err := db.SetAuthorizer(c.guard.authorize); err != nil {
		return c, err
	}
	if err := c.addEdits(); err != nil {
		return c, err
	}
	return c, db.Exec(fmt.Sprintf(`PRAGMA page_size = %d; PRAGMA max_page_count = %d; PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY`,
		pageSize, abi.MaxDatabaseBytes/pageSize))
}

// close ends the connection. It works on broken ones as far as they let it:
// finalizing a statement that ran out of memory panics once more, when it is
// done.
func (c *conn) close() (err error) {
	c.db.SetInterrupt(context.Background())
	var all []*sqlite3.Stmt
	for s := range c.db.Stmts() {
		all = append(all, s)
	}
	for _, s := range all {
		_ = quietly(s.Close) // the error is that of its last step
	}
	err = quietly(c.db.Close)
	if err != nil && c.disk != nil {
		_ = c.disk.Close() // the file must not stay locked
	}
	return err
}

// quietly turns a panic of f into an error.
func quietly(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &stopped{r}
		}
	}()
	return f()
}

// prepare compiles one statement under the guard; the rest of sql is to be
// empty.
func (c *conn) prepare(sql string, m guardMode) (*sqlite3.Stmt, error) {
	was := c.guard.mode
	c.guard.reset(m)
	defer func() { c.guard.mode = was }()
	s, tail, err := c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if c.guard.dates && !c.dates {
		// Compiled against SQLite's own clock: once more.
		if s != nil {
			_ = s.Close() // never stepped
		}
		if err := c.replaceClock(); err != nil {
			return nil, err
		}
		return c.prepare(sql, m)
	}
	switch {
	case err != nil && c.guard.denied != "":
		return nil, &denied{c.guard.denied}
	case err != nil:
		return nil, err
	case s == nil:
		return nil, errEmpty
	case strings.TrimSpace(tail) != "" && !c.blank(tail):
		_ = s.Close() // never stepped
		return nil, errTail
	case m != guardHost && !c.guard.acts:
		_ = s.Close() // never stepped
		return nil, &denied{"this statement"}
	}
	return s, nil
}

// evict closes a connection that the pool gave up.
func (c *conn) evict() {
	if c.home != nil {
		c.home.evict(c)
		return
	}
	_ = c.close() // nothing depends on it any more
}

var (
	errEmpty = errors.New("no statement")
	errTail  = errors.New("more than one statement")
)

// denied is a refusal of the guard.
type denied struct{ what string }

func (d *denied) Error() string { return d.what + " is not allowed" }

// blank reports whether sql holds comments only.
func (c *conn) blank(sql string) bool {
	s, tail, err := c.db.Prepare(sql)
	if s != nil {
		_ = s.Close() // never stepped
	}
	return err == nil && s == nil && strings.TrimSpace(tail) == ""
}

// statement returns statement n of the plugin, compiled at its first use.
func (c *conn) statement(n int) (*sqlite3.Stmt, error) {
	if c.stmts == nil {
		c.stmts = make([]*sqlite3.Stmt, len(c.prog.statements))
	}
	if s := c.stmts[n]; s != nil {
		return s, nil
	}
	s, err := c.prepare(c.prog.statements[n].sql, guardPlugin)
	if err != nil {
		return nil, err
	}
	c.stmts[n] = s
	return s, nil
}

// host returns one of the host's own statements.
func (c *conn) host(n int) (*sqlite3.Stmt, error) {
	if s := c.own[n]; s != nil {
		return s, nil
	}
	s, err := c.prepare(ownSQL[n], guardHost)
	if err != nil {
		return nil, err
	}
	c.own[n] = s
	return s, nil
}

func (c *conn) exec(n int) error {
	s, err := c.host(n)
	if err != nil {
		return err
	}
	return s.Exec()
}
