package sqlite

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// upgrade rewrites the file of c for another schema: a new file is made from
// the template of p, the columns that both know are copied, and it takes the
// place of the old one in one rename. The old file stays as path.v<version>.bak.
// What the rows mean is the plugin's own migration, which follows: the version
// stays the old one.
func upgrade(c *conn, p *program, path string) error {
	version, err := c.userVersion()
	if err != nil {
		return err
	}
	// Without a WAL the file is the whole database.
	if err := c.db.Exec(`PRAGMA journal_mode = DELETE`); err != nil {
		return err
	}
	if err := c.close(); err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := createFile(fmt.Sprintf("%s.v%d.bak", path, version), old); err != nil {
		return err
	}
	from := treeOf(old)
	to := &pageFile{base: p.template}
	if err := copyTables(to, &pageFile{base: from}, version); err != nil {
		return err
	}
	t, _ := to.publish()
	return createFile(path, t.bytes())
}

// copyTables fills the tables of to from those of the same name in from.
func copyTables(to, from *pageFile, version uint32) (err error) {
	c, err := openPages(to)
	if err != nil {
		return err
	}
	defer c.close() // committed or of no use
	uri, unmount := mount(from)
	defer unmount()
	c.db.Limit(sqlite3.LIMIT_ATTACHED, 1)
	err = c.db.Exec(fmt.Sprintf(`PRAGMA foreign_keys = OFF; ATTACH %s AS old; BEGIN; PRAGMA user_version = %d`, sqlite3.Quote(uri), int32(version)))
	if err != nil {
		return err
	}
	tables, err := c.strings(`SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
		INTERSECT SELECT name FROM old.sqlite_schema WHERE type = 'table'`)
	if err != nil {
		return err
	}
	for _, t := range tables {
		const columns = `SELECT name FROM pragma_table_xinfo(%s, %s) WHERE hidden = 0`
		have, err := c.strings(fmt.Sprintf(columns, sqlite3.Quote(t), "'old'"))
		if err != nil {
			return err
		}
		want, err := c.strings(fmt.Sprintf(columns, sqlite3.Quote(t), "'main'"))
		if err != nil {
			return err
		}
		var both []string
		for _, w := range want {
			if slices.Contains(have, w) {
				both = append(both, sqlite3.QuoteIdentifier(w))
			}
		}
		if len(both) == 0 {
			continue
		}
		list, q := strings.Join(both, ", "), sqlite3.QuoteIdentifier(t)
		sql := fmt.Sprintf(`INSERT INTO main.%s (%s) SELECT %s FROM old.%s`, q, list, list, q)
		if err := c.db.Exec(sql); err != nil {
			return fmt.Errorf("copy table %s: %w", t, err)
		}
	}
	return c.db.Exec(`COMMIT`)
}

// strings returns the first column of a query.
func (c *conn) strings(sql string) (all []string, err error) {
	st, _, err := c.db.Prepare(sql)
	if err != nil {
		return nil, err
	}
	defer st.Close() // its error is that of Step
	for st.Step() {
		all = append(all, st.ColumnText(0))
	}
	return all, st.Err()
}
