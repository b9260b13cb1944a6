package sqlite

import (
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// observer reports written documents from SQLite's pre-update hook.
type observer struct {
	tables  map[string]observed // by name as SQLite spells it
	changed func(host.Change)
}

// observed is where a table keeps what a Change says; -1 is nowhere.
type observed struct {
	typ, account, id, document, deleted int
}

// Observe makes changed be called for each written row of the tables; nil
// stops it. REPLACE shows as a deletion and a creation.
func (s *Store) Observe(tables []abi.Table, changed func(host.Change)) {
	if s.obs != nil && s.tx.conn != nil {
		s.obs.stop(s.tx.conn)
	}
	s.obs = nil
	if changed == nil {
		return
	}
	o := &observer{tables: map[string]observed{}, changed: changed}
	for i := range tables {
		t := &tables[i]
		columns := s.prog.columns[strings.ToLower(t.Name)]
		at := func(name string) int {
			for i, c := range columns {
				if name != "" && strings.EqualFold(c, name) {
					return i
				}
			}
			return -1
		}
		o.tables[strings.ToLower(t.Name)] = observed{
			typ: at(t.Type), account: at(t.Account), id: at(t.ID), document: at(t.Document), deleted: at(t.Deleted),
		}
	}
	s.obs = o
	if s.tx.conn != nil {
		o.start(s.tx.conn)
	}
}

func (o *observer) start(c *conn) { c.db.PreUpdateHook(o.update) }
func (o *observer) stop(c *conn)  { c.db.PreUpdateHook(nil) }

func (o *observer) update(d sqlite3.PreUpdateData) {
	t, ok := o.tables[d.Table]
	if !ok {
		if t, ok = o.tables[strings.ToLower(d.Table)]; !ok {
			return
		}
	}
	var c host.Change
	if d.Op != sqlite3.AUTH_INSERT {
		c.Before = t.read(&c, d.Old)
	}
	if d.Op != sqlite3.AUTH_DELETE {
		c.After = t.read(&c, d.New)
	}
	if c.Before != nil || c.After != nil {
		o.changed(c)
	}
}

// read fills c from a row and returns its document, nil when the row is marked
// as deleted.
func (t observed) read(c *host.Change, column func(int) (sqlite3.Value, error)) []byte {
	text := func(i int) string {
		if i < 0 {
			return ""
		}
		v, err := column(i)
		if err != nil {
			return "" // a column the row does not have
		}
		return v.Text()
	}
	c.Type, c.Account, c.ID = text(t.typ), text(t.account), text(t.id)
	if t.deleted >= 0 {
		if v, err := column(t.deleted); err == nil && v.Type() != sqlite3.NULL && v.Bool() {
			return nil
		}
	}
	// A copy: reading the other half of an update may move what SQLite lent.
	return append([]byte{}, text(t.document)...)
}
