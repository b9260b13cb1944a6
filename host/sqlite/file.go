package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/host"
)

// file is the backend of persistent stores: a database file in WAL mode, held
// exclusively by one connection while that is open.
type file struct {
	stores *Stores
	prog   *program
	path   string

	mu     sync.Mutex // the pool evicts from other goroutines
	conn   *conn      // open; in the pool unless busy
	busy   bool
	closed bool
}

// openFile opens or creates the database at path and brings its tables to the
// schema of p.
func openFile(s *Stores, p *program, path string) (*file, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	switch err := checkFile(path); {
	case errors.Is(err, fs.ErrNotExist):
		if err := createFile(path, p.template.bytes()); err != nil {
			return nil, fmt.Errorf("create database %s: %w", path, err)
		}
	case err != nil:
		return nil, fileError(path, err)
	}
	f := &file{stores: s, prog: p, path: path}
	c, err := f.connect()
	if err != nil {
		return nil, err
	}
	if err := f.inspect(c); err != nil {
		_ = c.close() // the first error is the one to report
		if !errors.Is(err, errUpgraded) {
			return nil, err
		}
		if c, err = f.connect(); err != nil {
			return nil, err
		}
	}
	f.conn = c
	s.pool.put(c)
	return f, nil
}

// errUpgraded says that the file is another one now.
var errUpgraded = errors.New("file was rewritten")

// inspect checks a database that was just opened, and its tables.
func (f *file) inspect(c *conn) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &stopped{r}
		}
	}()
	if err := c.sound(); err != nil {
		return fileError(f.path, err)
	}
	same, err := c.sameSchema(f.prog)
	if err != nil {
		return fileError(f.path, err)
	}
	if same {
		return nil
	}
	if err := upgrade(c, f.prog, f.path); err != nil {
		return fmt.Errorf("bring %s to the new schema: %w", f.path, err)
	}
	return errUpgraded
}

// connect opens the file.
func (f *file) connect() (c *conn, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &stopped{r}
		}
	}()
	c, err = open(f.path)
	if err != nil {
		return nil, fileError(f.path, err)
	}
	c.prog, c.guard.own, c.home = f.prog, f.prog.own, f
	if disk, err := c.db.FileControl("main", sqlite3.FCNTL_FILE_POINTER); err == nil {
		c.disk, _ = disk.(io.Closer)
	}
	// Exclusive locking keeps the WAL's index in memory and other processes out.
	err = c.db.Exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
		PRAGMA journal_size_limit = 4194304; BEGIN IMMEDIATE; COMMIT`)
	if err == nil && f.prog.dates {
		err = c.replaceClock()
	}
	if err != nil {
		_ = c.close() // the first error is the one to report
		return nil, fileError(f.path, err)
	}
	return c, nil
}

func (f *file) acquire() (*conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	c := f.conn
	if c != nil && !f.stores.pool.remove(c) {
		// The pool is about to evict it; the file is locked until it is closed.
		_ = c.close() // what was committed is in the WAL
		c = nil
	}
	if c == nil {
		var err error
		if c, err = f.connect(); err != nil {
			f.conn = nil
			return nil, err
		}
	}
	f.conn, f.busy = c, true
	return c, nil
}

func (f *file) release(c *conn, _ bool) {
	f.mu.Lock()
	f.busy = false
	gone := c.broken || c.large
	if gone {
		f.conn = nil
		_ = c.close() // what was committed is in the WAL
	}
	f.mu.Unlock()
	if !gone {
		f.stores.pool.put(c)
	}
}

// evict closes c, which the pool gave up.
func (f *file) evict(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conn == c && !f.busy {
		f.conn = nil
		_ = c.close() // what was committed is in the WAL
	}
}

// with runs do on a connection outside a transaction.
func (f *file) with(do func(c *conn) error) (err error) {
	c, err := f.acquire()
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			c.broken = true
			err = &stopped{r}
		}
		f.release(c, true)
	}()
	return do(c)
}

// replace copies t over the file in one transaction of SQLite's.
func (f *file) replace(t tree, _ uint64) error {
	return f.with(func(c *conn) error {
		uri, unmount := mount(&pageFile{base: t})
		defer unmount()
		return c.db.Restore("main", uri)
	})
}

func (f *file) snapshot() (t tree, version uint64, err error) {
	err = f.with(func(c *conn) error {
		var to pageFile
		uri, unmount := mount(&to)
		defer unmount()
		if err := c.db.Backup("main", uri); err != nil {
			return err
		}
		t, _ = to.publish()
		t = f.prog.normal(t)
		return nil
	})
	return t, nextSerial(), err
}

func (f *file) version() (v uint32, err error) {
	err = f.with(func(c *conn) error {
		v, err = c.userVersion()
		return err
	})
	return v, err
}

func (c *conn) userVersion() (uint32, error) {
	st, _, err := c.db.Prepare(`PRAGMA user_version`)
	if err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	defer st.Close() // its error is that of Step
	st.Step()
	return uint32(st.ColumnInt64(0)), st.Err()
}

// size is that of the file and its WAL.
func (f *file) size() (int64, error) {
	var n int64
	for _, suffix := range [...]string{"", "-wal"} {
		switch i, err := os.Stat(f.path + suffix); {
		case err == nil:
			n += i.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return 0, fmt.Errorf("measure database: %w", err)
		}
	}
	return n, nil
}

func (f *file) idle() {
	f.mu.Lock()
	c := f.conn
	f.mu.Unlock()
	if c != nil && f.stores.pool.remove(c) {
		f.evict(c)
	}
}

func (f *file) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	c := f.conn
	if c == nil {
		return nil
	}
	f.conn = nil
	f.stores.pool.remove(c)
	if err := c.close(); err != nil {
		return fmt.Errorf("close database %s: %w", f.path, err)
	}
	return nil
}

// checkFile looks at the header of the file at path before SQLite touches it.
func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // read only
	b := make([]byte, headerBytes)
	n, err := f.ReadAt(b, 0)
	if n < len(b) && err != nil {
		return errForeign
	}
	return checkHeader(b)
}

// createFile writes a new file whole or not at all.
func createFile(path string, b []byte) (err error) {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	return err
}

// fileError says what is wrong with a file, and what to do.
func fileError(path string, err error) error {
	e := &host.Error{Kind: host.KindUnavailable, Code: "mirra.store.unreadable",
		Message: fmt.Sprintf("database %s cannot be opened", path), Err: err}
	switch {
	case errors.Is(err, errForeign), codeOf(err) == sqlite3.NOTADB:
		e.Code, e.Kind = "mirra.store.foreign", host.KindConflict
		e.Message = fmt.Sprintf("file %s is not a database of Mirra's", path)
		e.Hint = "move the file away or choose another path; Mirra does not overwrite it"
	case codeOf(err) == sqlite3.BUSY, codeOf(err) == sqlite3.LOCKED:
		e.Code = "mirra.store.locked"
		e.Message = fmt.Sprintf("database %s is in use by another process", path)
		e.Hint = "stop the other Mirra server, or use another data directory"
	case codeOf(err) == sqlite3.CANTOPEN, errors.Is(err, fs.ErrPermission):
		e.Hint = "check that the folder exists and that this user may write to it"
	default:
		e.Code = "mirra.store.damaged"
		e.Message = fmt.Sprintf("database %s is damaged", path)
		e.Hint = "move the file away to start empty, or restore a snapshot; Mirra does not delete it"
	}
	return e
}
