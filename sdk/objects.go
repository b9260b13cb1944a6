package sdk

import (
	"strings"

	"github.com/mirrahq/mirra/abi"
)

// The tables every Go plugin has. Objects of all types share one table, so that
// a mirror with fifty types is as cheap to open as one with two.
const schemaSQL = `
CREATE TABLE objects(
	seq INTEGER PRIMARY KEY,
	type TEXT NOT NULL,
	account TEXT NOT NULL,
	id TEXT NOT NULL,
	created INTEGER NOT NULL,
	deleted INTEGER NOT NULL,
	doc TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX objects_id ON objects(id, account);
CREATE INDEX objects_list ON objects(type, account, deleted); -- in the order of seq, as every index
CREATE TABLE links(
	name TEXT NOT NULL,
	account TEXT NOT NULL,
	key TEXT NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY(name, account, key, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency(
	hash INTEGER PRIMARY KEY,
	account TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	created INTEGER NOT NULL,
	status INTEGER NOT NULL,
	request TEXT NOT NULL,
	body TEXT NOT NULL
) STRICT;
`

// objectsTable tells the host how to read the objects for state and events.
var objectsTable = abi.Table{Name: "objects", Type: "type", ID: "id", Account: "account", Document: "doc", Deleted: "deleted"}

var (
	insertObject = Define(`INSERT INTO objects(type, account, id, created, deleted, doc) VALUES(?1, ?2, ?3, ?4, 0, ?5)`)
	updateObject = Define(`UPDATE objects SET doc = ?4 WHERE id = ?3 AND account = ?2 AND type = ?1 AND deleted = 0`)
	deleteObject = Define(`UPDATE objects SET doc = ?4, deleted = 1 WHERE id = ?3 AND account = ?2 AND type = ?1 AND deleted = 0`)
	selectObject = Define(`SELECT doc, deleted FROM objects WHERE id = ?3 AND account = ?2 AND type = ?1`)
	selectType   = Define(`SELECT type, doc FROM objects WHERE id = ?2 AND account = ?1 AND deleted = 0`)
	selectSeq    = Define(`SELECT seq FROM objects WHERE id = ?3 AND account = ?2 AND type = ?1`)
	countObjects = Define(`SELECT count(*) FROM objects WHERE type = ?1 AND account = ?2 AND deleted = 0`)
	insertLink   = Define(`INSERT OR IGNORE INTO links(name, account, key, seq) VALUES(?1, ?2, ?3, ?4)`)
	deleteLink   = Define(`DELETE FROM links WHERE name = ?1 AND account = ?2 AND key = ?3 AND seq = ?4`)
)

// Collection is one type of object a mirror keeps.
type Collection struct {
	Type   string // how documents name it, "payment_intent"
	Entity string // how people name it, "payment_intents"
	Prefix string // of ids, "pi_"
	Random int    // random characters of ids
	ID     string // the member that holds the id, "id" if empty
	// Index names members, by dotted path, that lists can be restricted by. They
	// are kept up to date with the documents.
	Index   []string
	Fields  []string // for people; optional
	Aliases []string
	// Complete returns a seeded document with the vendor's defaults for what it
	// leaves out; it reports what is wrong by Call.AddFault. Nil keeps it as it is.
	Complete func(c *Call, path string, d Doc) Doc

	// Trim, if set, takes out of a new document what it is not to be kept with.
	Trim func(c *Call, d Doc)

	paths [][]string
	names []string // of links
}

// Collect declares a type of object.
func (p *Plugin) Collect(k *Collection) *Collection {
	if k.ID == "" {
		k.ID = "id"
	}
	if len(k.Index) > maxIndex {
		panic("sdk: " + k.Type + ": too many indexed members")
	}
	for _, path := range k.Index {
		k.names = append(k.names, k.Type+"."+path)
		k.paths = append(k.paths, strings.Split(path, "."))
	}
	p.collections = append(p.collections, k)
	p.Manifest.Entities = append(p.Manifest.Entities, abi.Entity{Name: k.Entity, Type: k.Type, Table: "objects", Fields: k.Fields, Aliases: k.Aliases})
	return k
}

// NewID returns an id for a new object.
func (k *Collection) NewID(c *Call) string { return c.NewID(k.Prefix, k.Random) }

// Insert keeps a new document under its id, of the call's account. An id
// that is taken is a *SQLError. The document is sealed.
func (k *Collection) Insert(c *Call, d Doc) error {
	created, ok := d.Get("created").Int()
	if !ok {
		created = c.Unix()
	}
	id := d.Get(k.ID).String()
	if k.Trim != nil {
		k.Trim(c, d)
	}
	keys := k.keys(d)
	d.Seal()
	rows, err := insertObject.Run(c.Args().Text(k.Type).Text(c.Account()).Text(id).Int(created).JSON(d))
	if err != nil {
		return err
	}
	if len(k.paths) > 0 {
		k.link(c, keys, rows.LastID, insertLink)
	}
	return nil
}

// Get returns a document by id; ok is false if there is none or it was deleted.
func (k *Collection) Get(c *Call, id string) (d Doc, ok bool) {
	d, deleted := k.GetAny(c, id)
	return d, d.Exists() && !deleted
}

// GetAny is Get that also finds what Delete left of an object.
func (k *Collection) GetAny(c *Call, id string) (d Doc, deleted bool) {
	if id == "" {
		return Doc{}, false
	}
	rows := selectObject.MustRun(c.Args().Text(k.Type).Text(c.Account()).Text(id))
	if !rows.Next() {
		return Doc{}, false
	}
	return c.Trusted(rows.Text()), rows.Int() != 0
}

// Update replaces a document by its id; false if there is none. The document
// is sealed.
func (k *Collection) Update(c *Call, d Doc) bool {
	id := d.Get(k.ID).String()
	after := k.keys(d)
	before := after
	if len(k.paths) > 0 {
		old, _ := k.Get(c, id)
		before = k.keys(old)
	}
	d.Seal()
	rows := updateObject.MustRun(c.Args().Text(k.Type).Text(c.Account()).Text(id).JSON(d))
	if rows.Changed == 0 {
		return false
	}
	if before != after {
		seq := k.seq(c, id)
		k.link(c, before, seq, deleteLink)
		k.link(c, after, seq, insertLink)
	}
	return true
}

// Delete takes a document out of lists and of Get; tombstone is what GetAny
// finds from then on. It returns false if there is none.
func (k *Collection) Delete(c *Call, id string, tombstone Doc) bool {
	var before indexKeys
	if len(k.paths) > 0 {
		old, _ := k.Get(c, id)
		before = k.keys(old)
	}
	rows := deleteObject.MustRun(c.Args().Text(k.Type).Text(c.Account()).Text(id).JSON(tombstone))
	if rows.Changed == 0 {
		return false
	}
	if len(k.paths) > 0 {
		k.link(c, before, k.seq(c, id), deleteLink)
	}
	return true
}

// seq returns the place of an object in lists, 0 if there is none.
func (k *Collection) seq(c *Call, id string) int64 {
	rows := selectSeq.MustRun(c.Args().Text(k.Type).Text(c.Account()).Text(id))
	if !rows.Next() {
		return 0
	}
	return rows.Int()
}

// Count returns how many objects of the account there are.
func (k *Collection) Count(c *Call) int64 {
	rows := countObjects.MustRun(c.Args().Text(k.Type).Text(c.Account()))
	rows.Next()
	return rows.Int()
}

// Lookup finds an object of any type by id and returns its type and document.
func (c *Call) Lookup(id string) (typ string, d Doc, ok bool) {
	rows := selectType.MustRun(c.Args().Text(c.Account()).Text(id))
	if !rows.Next() {
		return "", Doc{}, false
	}
	typ = rows.Text()
	return typ, c.Trusted(rows.Text()), true
}

var withoutMembers = Define(`SELECT mirra_without(?1, ?2, ?3)`)

// Omit takes members out of a document and the objects in it. A rule is a line,
// "TYPE member.member", and holds for each object whose member tag is the string
// TYPE. The host does it, much faster than a plugin could. The document is
// sealed; what was got from it before is of the document as it was.
func (c *Call) Omit(d Doc, tag, rules string) {
	if d.Kind() != Object && d.Kind() != Array || rules == "" {
		return
	}
	rows := withoutMembers.MustRun(c.Args().JSON(d).Text(tag).Text(rules))
	rows.Next()
	n := d.node()
	n.text, n.first, n.last = rows.Text(), 0, 0
	n.bits |= lazy
}

// maxIndex is how many members a collection may index.
const maxIndex = 4

// indexKeys are the values of a document's indexed members.
type indexKeys [maxIndex]string

func (k *Collection) keys(d Doc) (keys indexKeys) {
	for i, path := range k.paths {
		keys[i] = d.Get(path...).String()
	}
	return keys
}

func (k *Collection) link(c *Call, keys indexKeys, seq int64, s *Statement) {
	for i := range k.paths {
		if keys[i] != "" {
			s.MustRun(c.Args().Text(k.linkName(i)).Text(c.Account()).Text(keys[i]).Int(seq))
		}
	}
}

func (k *Collection) linkName(i int) string { return k.names[i] }
