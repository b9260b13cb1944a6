package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mirrahq/mirra/host"
)

// snapshot is a state that nothing changes any more.
type snapshot struct {
	prog    *program
	state   tree
	version uint64
}

var _ host.StoreSnapshot = (*snapshot)(nil)

// Bytes returns the database file.
func (s *snapshot) Bytes() ([]byte, error) {
	if s.prog == nil {
		return nil, errors.New("read snapshot: it was released")
	}
	return s.state.bytes(), nil
}

// Release frees what the snapshot holds.
func (s *snapshot) Release() { *s = snapshot{} }

// Snapshot returns the committed state. That of an ephemeral store costs
// nothing but the pages that either side writes afterwards.
func (s *Store) Snapshot() (snap host.StoreSnapshot, err error) {
	defer s.survive(&err)
	if s.tx.ctx != nil {
		return nil, fmt.Errorf("snapshot: %w", errInTx)
	}
	t, v, err := s.back.snapshot()
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return &snapshot{prog: s.prog, state: t, version: v}, nil
}

// Restore makes a snapshot of this schema the state. Open work is lost.
func (s *Store) Restore(from host.StoreSnapshot) (err error) {
	defer s.survive(&err)
	s.Rollback()
	if own, ok := from.(*snapshot); ok && own.prog == s.prog {
		if err := s.back.replace(own.state, own.version); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		return nil
	}
	b, err := from.Bytes()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	t, err := s.prog.adopt(b)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := s.back.replace(t, nextSerial()); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return nil
}

// Reset empties the database to its schema.
func (s *Store) Reset() (err error) {
	defer s.survive(&err)
	s.Rollback()
	if err := s.back.replace(s.prog.template, s.prog.version); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return nil
}

// Offsets in the header of a database file.
// See https://sqlite.org/fileformat.html section 1.3.
const (
	headerPageSize = 16
	headerWrite    = 18 // file format versions: 1 rollback journal, 2 WAL
	headerRead     = 19
	headerCookie   = 40
	headerAppID    = 68
	headerBytes    = 100
)

var magic = []byte("SQLite format 3\x00")

var errForeign = errors.New("not a database of Mirra's")

// checkHeader tells a database of this package's from anything else.
func checkHeader(b []byte) error {
	if len(b) < headerBytes || !bytes.HasPrefix(b, magic) || binary.BigEndian.Uint32(b[headerAppID:]) != applicationID ||
		binary.BigEndian.Uint16(b[headerPageSize:]) != pageSize {
		return errForeign
	}
	return nil
}

// normal makes t what connections to page files expect: no WAL, and the schema
// cookie of the template, so that statements compiled on a shared connection
// hold for it too. Its tables are therefore to have the same root pages.
func (p *program) normal(t tree) tree {
	h := *t.page(0)
	h[headerWrite], h[headerRead] = 1, 1
	copy(h[headerCookie:headerCookie+4], p.template.page(0)[headerCookie:])
	f := pageFile{base: t}
	// Writing a whole first page cannot fail.
	_, _ = f.WriteAt(h[:], 0)
	n, _ := f.publish()
	return n
}

// adopt makes a tree of a database file from anywhere.
func (p *program) adopt(b []byte) (tree, error) {
	if err := checkHeader(b); err != nil {
		return tree{}, err
	}
	if len(b)%pageSize != 0 {
		return tree{}, fmt.Errorf("database of %d bytes is cut off", len(b))
	}
	return p.check(treeOf(b))
}

// check returns t normalised if it is sound and has the schema of p with the
// same root pages: anything else would let statements of one database read
// another's pages.
func (p *program) check(t tree) (tree, error) {
	h := *t.page(0)
	h[headerWrite], h[headerRead] = 1, 1
	f := pageFile{base: t}
	// Writing a whole first page cannot fail.
	_, _ = f.WriteAt(h[:], 0)
	f.publish()
	c, err := openPages(&f)
	if err != nil {
		return tree{}, err
	}
	defer c.close() // it wrote nothing
	if err := c.sound(); err != nil {
		return tree{}, err
	}
	same, err := c.sameSchema(p)
	if err != nil {
		return tree{}, err
	}
	if !same {
		return tree{}, errors.New("the database has another schema")
	}
	return p.normal(t), nil
}

// sound checks the whole database.
func (c *conn) sound() error {
	st, _, err := c.db.Prepare(`PRAGMA quick_check(1)`)
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer st.Close() // its error is that of Step
	if st.Step() && st.ColumnText(0) != "ok" {
		return fmt.Errorf("database is damaged: %s", st.ColumnText(0))
	}
	return st.Err()
}

// sameSchema compares tables, indexes and root pages with the template's.
func (c *conn) sameSchema(p *program) (bool, error) {
	got, err := c.schemaRows()
	if err != nil {
		return false, err
	}
	t, err := openPages(&pageFile{base: p.template})
	if err != nil {
		return false, err
	}
	defer t.close() // it wrote nothing
	want, err := t.schemaRows()
	return got == want, err
}

// schemaRows returns sqlite_schema as one text.
func (c *conn) schemaRows() (string, error) {
	st, _, err := c.db.Prepare(`SELECT group_concat(quote(type) || quote(name) || quote(rootpage) || quote(sql), char(10) ORDER BY rowid) FROM sqlite_schema`)
	if err != nil {
		return "", fmt.Errorf("read schema: %w", err)
	}
	defer st.Close() // its error is that of Step
	st.Step()
	return st.ColumnText(0), st.Err()
}
