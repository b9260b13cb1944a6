package sqlite

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/host"
)

// program is a schema that was compiled without fault, and the empty database
// of it that every store starts from.
type program struct {
	schema     host.Schema
	statements []statement
	template   tree
	version    uint64 // names the content of template
	own        map[string]bool
	columns    map[string][]string // of the tables in own, in SQLite's order
	dates      bool                // a statement or the DDL uses a time function
}

// statement is what is known of a plugin's statement without a connection.
type statement struct {
	sql     string
	params  int
	columns int
	reads   bool // changes nothing
}

// is reports whether p was compiled from s.
func (p *program) is(s *host.Schema) bool {
	return p.schema.Version == s.Version && p.schema.DDL == s.DDL && slices.Equal(p.schema.Statements, s.Statements)
}

// metaSQL makes the table of host-owned values.
const metaSQL = `CREATE TABLE _mirra_meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID`

// compile builds the template of s and compiles its statements under the
// guard. All faults are reported together. The connection is ready for use.
func compile(s *host.Schema) (p *program, c *conn, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &stopped{r}
		}
		if err != nil {
			err = fmt.Errorf("compile schema: %w", err)
			if c != nil {
				_ = c.close() // the fault of the schema is the one to report
			}
			p, c = nil, nil
		}
	}()
	p = &program{schema: *s, own: map[string]bool{}, columns: map[string][]string{}, version: nextSerial()}
	f := &pageFile{epoch: nextSerial()}
	if c, err = openPages(f); err != nil {
		return p, c, err
	}
	c.prog, c.guard.own = p, p.own
	err = c.db.Exec(fmt.Sprintf("PRAGMA application_id = %d; BEGIN; %s", applicationID, metaSQL))
	if err != nil {
		return p, c, err
	}
	var faults *multierror.Error
	faults = multierror.Append(faults, c.define(s.DDL)...)
	if err := p.learn(c); err != nil {
		return p, c, err
	}
	for n, sql := range s.Statements {
		st, err := c.prepare(sql, guardPlugin)
		if err != nil {
			faults = multierror.Append(faults, fault(fmt.Sprintf("statement %d", n), sql, err))
			continue
		}
		p.statements = append(p.statements, statement{sql: sql,
			params: st.BindCount(), columns: st.ColumnCount(), reads: st.ReadOnly()})
		c.stmts = append(c.stmts, st)
	}
	if err := faults.ErrorOrNil(); err != nil {
		return p, c, err
	}
	if err := c.db.Exec(`COMMIT`); err != nil {
		return p, c, err
	}
	p.template, _ = f.publish()
	p.dates = c.dates
	c.version = p.version
	return p, c, nil
}

// define runs DDL statement by statement under the guard and returns what is
// wrong with it.
func (c *conn) define(ddl string) (faults []error) {
	c.guard.mode = guardSchema
	defer func() { c.guard.mode = guardHost }()
	for n := 1; strings.TrimSpace(ddl) != ""; n++ {
		c.guard.reset(guardSchema)
		s, tail, err := c.db.Prepare(ddl)
		if c.guard.dates && !c.dates {
			if s != nil {
				_ = s.Close() // never stepped
			}
			if err := c.replaceClock(); err != nil {
				return append(faults, err)
			}
			n--
			continue
		}
		switch {
		case err != nil && c.guard.denied != "":
			faults = append(faults, fault(fmt.Sprintf("DDL statement %d", n), ddl, &denied{c.guard.denied}))
		case err != nil:
			faults = append(faults, fault(fmt.Sprintf("DDL statement %d", n), ddl, err))
		case s == nil: // a comment
			ddl = tail
			continue
		case !c.guard.acts:
			faults = append(faults, fault(fmt.Sprintf("DDL statement %d", n), ddl, &denied{"this statement"}))
		}
		if err != nil {
			// Where the statement ends is not known: what follows is not looked at.
			return faults
		}
		if err := s.Exec(); err != nil {
			faults = append(faults, fault(fmt.Sprintf("DDL statement %d", n), ddl, err))
		}
		_ = s.Close() // its error is that of Exec
		ddl = tail
	}
	return faults
}

// learn reads the tables and columns of the schema.
func (p *program) learn(c *conn) error {
	names, _, err := c.db.Prepare(`SELECT lower(s.name), x.name FROM sqlite_schema s, pragma_table_xinfo(s.name) x
		WHERE s.type IN ('table', 'view') AND s.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND s.name <> '_mirra_meta' ORDER BY x.cid`)
	if err != nil {
		return fmt.Errorf("read tables: %w", err)
	}
	defer names.Close()
	for names.Step() {
		t := names.ColumnText(0)
		p.own[t] = true
		p.columns[t] = append(p.columns[t], strings.ToLower(names.ColumnText(1)))
	}
	return names.Err()
}

// fault says which statement is wrong, where and why.
func fault(which, sql string, err error) error {
	var at string
	if e, ok := errors.AsType[*sqlite3.Error](err); ok && e.SQL() != "" {
		at = fmt.Sprintf(" at offset %d", len(sql)-len(e.SQL()))
	}
	return fmt.Errorf("%s: %s%s: %s", which, text(err), at, excerpt(sql))
}

// excerpt is the text of a statement in one line, shortened.
func excerpt(sql string) string {
	const most = 300
	s := strings.Join(strings.Fields(sql), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
