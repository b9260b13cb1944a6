package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/host"
)

// Catalogue keeps what outlives the process: JSON documents by kind and id
// (sessions, digests, ports, snapshots), each with the instant it is due next.
// What Put and Delete return from is on disk when the process is killed. It is
// safe for concurrent use; one process has it open at a time.
type Catalogue struct {
	path string

	mu   sync.Mutex
	conn *conn
}

// Entry is one document of a Catalogue.
type Entry = host.CatalogueEntry

var _ host.Catalogue = (*Catalogue)(nil)

const catalogueDDL = `PRAGMA application_id = %d; PRAGMA user_version = 1;
CREATE TABLE entries (
	kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, due_ns INTEGER,
	PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX entries_due ON entries (kind, due_ns) WHERE due_ns IS NOT NULL`

const catalogueID = applicationID + 1

// OpenCatalogue opens or creates the catalogue at path. A file that is
// something else, damaged, or open in another process is a *host.Error.
func OpenCatalogue(path string) (cat *Catalogue, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("open catalogue: %w", &stopped{r})
		}
	}()
	if path, err = filepath.Abs(path); err != nil {
		return nil, fmt.Errorf("open catalogue: %w", err)
	}
	_, err = os.Stat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return nil, fileError(path, err)
	}
	c, err := open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	if err := prepareCatalogue(c, fresh); err != nil {
		_ = c.close() // the first error is the one to report
		return nil, fileError(path, err)
	}
	return &Catalogue{path: path, conn: c}, nil
}

func prepareCatalogue(c *conn, fresh bool) error {
	// FULL: a catalogue is small and a power cut must not undo a session.
	err := c.db.Exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE`)
	if err != nil {
		return err
	}
	id, err := c.strings(`PRAGMA application_id`)
	if err != nil {
		return err
	}
	tables, err := c.strings(`SELECT name FROM sqlite_schema`)
	if err != nil {
		return err
	}
	switch {
	case len(tables) == 0 && (fresh || id[0] == "0"): // a first opening that was killed is empty
		err = c.db.Exec(fmt.Sprintf(catalogueDDL, catalogueID))
	case id[0] != fmt.Sprint(catalogueID):
		return errForeign
	}
	if err != nil {
		return err
	}
	if err := c.db.Exec(`COMMIT`); err != nil {
		return err
	}
	return c.sound()
}

// do runs f on the connection.
func (k *Catalogue) do(what string, f func(c *conn) error) (err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%s: %w", what, &stopped{r})
		}
	}()
	if k.conn == nil {
		return fmt.Errorf("%s: catalogue is closed", what)
	}
	if err := f(k.conn); err != nil {
		if errors.Is(err, errNoEntry) {
			return err
		}
		return fmt.Errorf("%s in %s: %w", what, k.path, err)
	}
	return nil
}

// with prepares sql, binds args and lets f step it.
func (c *conn) with(sql string, f func(st *sqlite3.Stmt) error, args ...any) error {
	st, _, err := c.db.Prepare(sql)
	if err != nil {
		return err
	}
	defer st.Close() // its error is that of Step
	for i, a := range args {
		if err := bindAny(st, i+1, a); err != nil {
			return err
		}
	}
	if err := f(st); err != nil {
		return err
	}
	return st.Err()
}

func run(st *sqlite3.Stmt) error { return st.Exec() }

// Put keeps an entry, in the place of one of the same kind and id.
func (k *Catalogue) Put(e Entry) error {
	return k.do("put "+e.Kind+" "+e.ID, func(c *conn) error {
		var due any
		if e.DueNS != 0 {
			due = e.DueNS
		}
		return c.with(`INSERT INTO entries (kind, id, json, due_ns) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET json = excluded.json, due_ns = excluded.due_ns`, run, e.Kind, e.ID, append([]byte{}, e.JSON...), due)
	})
}

var errNoEntry = errors.New("no such entry")

// Get returns an entry. One that is not there is a *host.Error of kind not
// found.
func (k *Catalogue) Get(kind, id string) (e Entry, err error) {
	err = k.do("get "+kind+" "+id, func(c *conn) error {
		return c.with(`SELECT kind, id, json, coalesce(due_ns, 0) FROM entries WHERE kind = ?1 AND id = ?2`, func(st *sqlite3.Stmt) error {
			if !st.Step() {
				if err := st.Err(); err != nil {
					return err
				}
				return errNoEntry
			}
			e = entry(st)
			return nil
		}, kind, id)
	})
	if errors.Is(err, errNoEntry) {
		err = &host.Error{Kind: host.KindNotFound, Code: "mirra.catalogue.not_found", Message: fmt.Sprintf("no %s %q", kind, id)}
	}
	return e, err
}

func entry(st *sqlite3.Stmt) Entry {
	return Entry{Kind: st.ColumnText(0), ID: st.ColumnText(1), JSON: st.ColumnBlob(2, nil), DueNS: st.ColumnInt64(3)}
}

// Delete removes an entry. One that is not there is no error.
func (k *Catalogue) Delete(kind, id string) error {
	return k.do("delete "+kind+" "+id, func(c *conn) error {
		return c.with(`DELETE FROM entries WHERE kind = ?1 AND id = ?2`, run, kind, id)
	})
}

// List calls yield for the entries of a kind by id. It reads all of them first,
// so yield may use the catalogue.
func (k *Catalogue) List(kind string, yield func(Entry) bool) error {
	return k.list("list "+kind, yield,
		`SELECT kind, id, json, coalesce(due_ns, 0) FROM entries WHERE kind = ?1 ORDER BY id`, kind)
}

// Due calls yield for the entries of a kind that are due at or before atNS,
// earliest first, as List does.
func (k *Catalogue) Due(kind string, atNS int64, yield func(Entry) bool) error {
	return k.list("list due "+kind, yield,
		`SELECT kind, id, json, due_ns FROM entries WHERE kind = ?1 AND due_ns <= ?2 ORDER BY due_ns, id`, kind, atNS)
}

func (k *Catalogue) list(what string, yield func(Entry) bool, sql string, args ...any) error {
	var all []Entry
	err := k.do(what, func(c *conn) error {
		return c.with(sql, func(st *sqlite3.Stmt) error {
			for st.Step() {
				all = append(all, entry(st))
			}
			return nil
		}, args...)
	})
	if err != nil {
		return err
	}
	for _, e := range all {
		if !yield(e) {
			break
		}
	}
	return nil
}

// Close ends the use of the file.
func (k *Catalogue) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conn == nil {
		return nil
	}
	err := k.conn.close()
	k.conn = nil
	if err != nil {
		return fmt.Errorf("close catalogue %s: %w", k.path, err)
	}
	return nil
}
