package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// documentColumn has a row's whole document.
const documentColumn = "_document"

// emptyColumns bounds how many columns an empty table is given as a statement names them.
const emptyColumns = 50

// Row is the first row of an answer.
type Row struct {
	Columns []string
	Values  []any // int64, float64, string, []byte or nil; none when there is no row
}

// Ask answers a user's statement about documents, which must be JSON objects: a table for
// each name, a row for each document, a column for each of their members and _document
// for the whole. Members that are objects or lists are JSON text, booleans 0 or 1. It
// reads and cannot write. The error tells users what is wrong with the statement.
func Ask(ctx context.Context, tables map[string][]json.RawMessage, sql string) (r Row, err error) {
	c, err := open(":memory:")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.guard.own = map[string]bool{}
	var empty []string
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if err := c.fillTable(name, tables[name]); err != nil {
			return r, fmt.Errorf("table %s: %w", name, err)
		}
		if len(tables[name]) == 0 {
			empty = append(empty, name)
		}
		c.guard.own[strings.ToLower(name)] = true
	}
	c.db.SetInterrupt(ctx)
	for range emptyColumns {
		r, err = c.first(sql)
		column, unknown := missingColumn(err)
		if !unknown || len(empty) == 0 {
			break
		}
		// What nobody has created yet has no members to name.
		for _, name := range empty {
			if e := c.db.Exec(`ALTER TABLE ` + quoteName(name) + ` ADD COLUMN ` + quoteName(column)); e != nil {
				return r, err
			}
		}
	}
	if ctx.Err() != nil {
		return r, fmt.Errorf("the statement takes too long: %w", ctx.Err())
	}
	return r, err
}

// missingColumn reads the name in SQLite's "no such column: t.name".
func missingColumn(err error) (string, bool) {
	if err == nil {
		return "", false
	}
	_, name, ok := strings.Cut(err.Error(), "no such column: ")
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Trim(strings.TrimSpace(name), `"`)
	return name, ok && name != ""
}

func (c *conn) fillTable(name string, docs []json.RawMessage) error {
	var columns []string
	known := map[string]bool{documentColumn: true}
	rows := make([]map[string]json.RawMessage, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal(doc, &rows[i]); err != nil {
			return err
		}
		for _, member := range slices.Sorted(maps.Keys(rows[i])) {
			// SQLite's names know no letter case.
			if lower := strings.ToLower(member); !known[lower] && member != "" {
				known[lower] = true
				columns = append(columns, member)
			}
		}
	}
	const most = 1000 // SQLite allows 2000
	columns = columns[:min(len(columns), most)]
	quoted := []string{quoteName(documentColumn)}
	for _, m := range columns {
		quoted = append(quoted, quoteName(m))
	}
	if err := c.db.Exec(`CREATE TABLE ` + quoteName(name) + ` (` + strings.Join(quoted, ", ") + `)`); err != nil {
		return err
	}
	if len(docs) == 0 {
		return nil
	}
	s, _, err := c.db.Prepare(`INSERT INTO ` + quoteName(name) + ` VALUES (?` + strings.Repeat(", ?", len(columns)) + `)`)
	if err != nil {
		return err
	}
	for i, row := range rows {
		err = s.BindText(1, string(docs[i]))
		for n, m := range columns {
			if err == nil {
				err = bindJSON(s, n+2, row[m])
			}
		}
		if err == nil {
			err = s.Exec()
		}
		if err != nil {
			break
		}
	}
	return errors.Join(err, s.Close())
}

// bindJSON binds a member.
func bindJSON(s *sqlite3.Stmt, i int, v json.RawMessage) error {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return s.BindNull(i)
	}
	switch v[0] {
	case 'n':
		return s.BindNull(i)
	case 't', 'f':
		return s.BindBool(i, v[0] == 't')
	case '{', '[':
		return s.BindText(i, string(v))
	case '"':
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			return err
		}
		return s.BindText(i, text)
	}
	var n json.Number
	if err := json.Unmarshal(v, &n); err != nil {
		return err
	}
	if whole, err := n.Int64(); err == nil {
		return s.BindInt64(i, whole)
	}
	f, err := n.Float64()
	if err != nil {
		return s.BindText(i, n.String())
	}
	return s.BindFloat(i, f)
}

// first runs a user's statement up to its first row.
func (c *conn) first(sql string) (r Row, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &stopped{v} // out of memory
		}
	}()
	s, err := c.prepare(sql, guardQuery)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for i := range s.ColumnCount() {
		r.Columns = append(r.Columns, s.ColumnName(i))
	}
	if !s.Step() {
		return r, s.Err()
	}
	for i := range s.ColumnCount() {
		switch s.ColumnType(i) {
		case sqlite3.INTEGER:
			r.Values = append(r.Values, s.ColumnInt64(i))
		case sqlite3.FLOAT:
			r.Values = append(r.Values, s.ColumnFloat(i))
		case sqlite3.TEXT:
			r.Values = append(r.Values, s.ColumnText(i))
		case sqlite3.BLOB:
			r.Values = append(r.Values, s.ColumnBlob(i, nil))
		default:
			r.Values = append(r.Values, nil)
		}
	}
	return r, nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
