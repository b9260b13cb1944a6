package sdk

import (
	"math"

	"github.com/mirrahq/mirra/abi"
)

// ListQuery chooses a page of a collection, newest first.
type ListQuery struct {
	Limit int
	// After and Before are ids: the page starts behind After, or ends in front
	// of Before. At most one is set; an id that is not there is a *NoCursorError.
	After, Before string
	// Index and Key restrict the list to documents whose indexed member Index
	// equals Key.
	Index, Key string
	// CreatedFrom and CreatedTo bound "created", both inclusive; 0 is no bound.
	CreatedFrom, CreatedTo int64
	// Where restricts the list to documents whose members, by JSON path such as
	// "$.status", equal a text.
	Where [4]Condition
}

// Filter restricts the list to documents whose member at a JSON path equals a
// text; false if there are too many restrictions.
func (q *ListQuery) Filter(path, value string) bool {
	for i := range q.Where {
		if q.Where[i].Path == "" {
			q.Where[i] = Condition{path, value}
			return true
		}
	}
	return false
}

// Condition is one of ListQuery.Where; an empty Path holds always.
type Condition struct{ Path, Value string }

// NoCursorError means the object that a list is to go on from is not there.
type NoCursorError struct{ ID string }

func (e *NoCursorError) Error() string { return "no such cursor: " + e.ID }

// The statements of lists: by type or by link, downward or (for Before) upward.
// Parameters: ?1 type, ?2 account, ?3 limit, ?4 cursor, ?5 ?6 created,
// ?7 to ?14 conditions, for links ?15 name and ?16 key; beyond ends with the offset.
// Lists without filters have statements of their own: whether there is more
// beyond a page is then told by the index alone.
const (
	fromType = ` FROM objects o WHERE o.type = ?1 AND o.account = ?2 AND o.deleted = 0`
	fromLink = ` FROM links l CROSS JOIN objects o ON o.seq = l.seq WHERE l.name = ?15 AND l.account = ?2 AND l.key = ?16 AND o.type = ?1 AND o.deleted = 0`
	filters  = ` AND o.created BETWEEN ?5 AND ?6
		AND (?7 IS NULL OR CAST(o.doc ->> ?7 AS TEXT) = ?8) AND (?9 IS NULL OR CAST(o.doc ->> ?9 AS TEXT) = ?10)
		AND (?11 IS NULL OR CAST(o.doc ->> ?11 AS TEXT) = ?12) AND (?13 IS NULL OR CAST(o.doc ->> ?13 AS TEXT) = ?14)`
	plainDown = fromType + ` AND o.seq < ?4 ORDER BY o.seq DESC LIMIT ?3`
	plainUp   = fromType + ` AND o.seq > ?4 ORDER BY o.seq LIMIT ?3`
	typeDown  = fromType + ` AND o.seq < ?4` + filters + ` ORDER BY o.seq DESC LIMIT ?3`
	typeUp    = fromType + ` AND o.seq > ?4` + filters + ` ORDER BY o.seq LIMIT ?3`
	linkDown  = fromLink + ` AND l.seq < ?4` + filters + ` ORDER BY l.seq DESC LIMIT ?3`
	linkUp    = fromLink + ` AND l.seq > ?4` + filters + ` ORDER BY l.seq LIMIT ?3`
)

// edited is a document as an Edit changes it: ?17 tag, ?18 rules, ?19 to ?22
// members to expand, NULL from the first that is not wanted on.
const (
	edited = `mirra_without(CASE WHEN ?19 IS NULL THEN o.doc WHEN ?20 IS NULL THEN mirra_with(o.doc, ?19, ` + named19 + `)
		ELSE mirra_with(mirra_with(mirra_with(mirra_with(o.doc, ?19, ` + named19 + `), ?20, ` + named20 + `), ?21, ` + named21 + `), ?22, ` + named22 + `) END, ?17, ?18)`
	named   = `(SELECT e.doc FROM objects e WHERE e.account = ?2 AND e.deleted = 0 AND e.id = mirra_member(o.doc, `
	named19 = named + `?19))`
	named20 = named + `?20))`
	named21 = named + `?21))`
	named22 = named + `?22))`
)

// listStatements serve one direction and source.
type listStatements struct{ page, beyond, edited *Statement }

var lists = func() (all [6]listStatements) {
	up := func(doc, from string) *Statement {
		return Define(`SELECT doc FROM (SELECT ` + doc + ` AS doc, o.seq AS seq` + from + `) ORDER BY seq DESC`)
	}
	all = [6]listStatements{
		{page: Define(`SELECT o.doc` + typeDown), beyond: Define(`SELECT 1` + typeDown + ` OFFSET ?15`), edited: Define(`SELECT ` + edited + typeDown)},
		{page: up(`o.doc`, typeUp), beyond: Define(`SELECT 1` + typeUp + ` OFFSET ?15`), edited: up(edited, typeUp)},
		{page: Define(`SELECT o.doc` + linkDown), beyond: Define(`SELECT 1` + linkDown + ` OFFSET ?17`), edited: Define(`SELECT ` + edited + linkDown)},
		{page: up(`o.doc`, linkUp), beyond: Define(`SELECT 1` + linkUp + ` OFFSET ?17`), edited: up(edited, linkUp)},
		{page: Define(`SELECT o.doc` + plainDown), beyond: Define(`SELECT 1` + plainDown + ` OFFSET ?5`)},
		{page: up(`o.doc`, plainUp), beyond: Define(`SELECT 1` + plainUp + ` OFFSET ?5`)},
	}
	all[4].edited, all[5].edited = all[0].edited, all[1].edited
	return all
}()

// listing is a ListQuery with its statements and cursor found.
type listing struct {
	k      *Collection
	q      ListQuery
	st     listStatements
	cursor int64
	plain  bool // no filters
}

func (k *Collection) listing(c *Call, q ListQuery) (listing, error) {
	l := listing{k: k, q: q, cursor: math.MaxInt64}
	which := 0
	switch {
	case q.Index != "":
		which = 2
	case q.CreatedFrom == 0 && q.CreatedTo == 0 && q.Where == [4]Condition{}:
		which, l.plain = 4, true
	}
	id := q.After
	if q.Before != "" {
		which++
		id = q.Before
		l.cursor = 0
	}
	l.st = lists[which]
	if id != "" {
		if l.cursor = k.seq(c, id); l.cursor == 0 {
			return l, &NoCursorError{id}
		}
	}
	if l.q.CreatedTo == 0 {
		l.q.CreatedTo = math.MaxInt64
	}
	return l, nil
}

func (l *listing) args(c *Call, limit int) *Args {
	a := c.Args().Text(l.k.Type).Text(c.Account()).Int(int64(limit)).Int(l.cursor)
	if !l.plain {
		l.filterArgs(a)
	}
	return a
}

// filterArgs adds ?5 to ?14, for links to ?16.
func (l *listing) filterArgs(a *Args) {
	a.Int(l.q.CreatedFrom).Int(l.q.CreatedTo)
	for _, w := range l.q.Where {
		if w.Path == "" {
			a.Null().Null()
			continue
		}
		a.Text(w.Path).Text(w.Value)
	}
	if l.q.Index != "" {
		a.Text(l.k.Type + "." + l.q.Index).Text(l.q.Key)
	}
}

// more tells whether there is anything beyond a page of n rows.
func (l *listing) more(c *Call, n int) bool {
	if n < l.q.Limit {
		return false
	}
	rows := l.st.beyond.MustRun(l.args(c, 1).Int(int64(n)))
	return rows.Count() > 0
}

// Page is a page of a collection that Find found valid.
type Page struct{ l listing }

// Find checks a query's cursor and returns the page it chooses.
func (k *Collection) Find(c *Call, q ListQuery) (Page, error) {
	l, err := k.listing(c, q)
	return Page{l}, err
}

// Emit writes the page's documents into the answer, a comma between them, and
// tells whether there are more beyond it.
func (p Page) Emit(c *Call) (more bool, err error) {
	n, err := c.Emit(p.l.st.page, p.l.args(c, p.l.q.Limit), 0, ",")
	return err == nil && p.l.more(c, n), err
}

// Edit says how documents are changed on their way into an answer. The host does
// it, much faster than a plugin could.
type Edit struct {
	// Expand names members that hold ids of objects of the call's account: the
	// object stands there instead, if there is one. "" ends the list.
	Expand [4]string
	// Rules names members to be left out, see Call.Omit.
	Tag, Rules string
}

// EmitEdited is Emit of documents that e has changed. What was expanded is
// subject to e's rules too.
func (p Page) EmitEdited(c *Call, e Edit) (more bool, err error) {
	a := c.Args().Text(p.l.k.Type).Text(c.Account()).Int(int64(p.l.q.Limit)).Int(p.l.cursor)
	p.l.filterArgs(a)
	if p.l.q.Index == "" {
		a.Null().Null()
	}
	a.Text(e.Tag).Text(e.Rules)
	for _, name := range e.Expand {
		a.TextOrNull(name)
	}
	n, err := c.Emit(p.l.st.edited, a, 0, ",")
	return err == nil && p.l.more(c, n), err
}

// Docs returns the page's documents and whether there are more beyond it.
func (p Page) Docs(c *Call) (docs []Doc, more bool) {
	rows := p.l.st.page.MustRun(p.l.args(c, p.l.q.Limit))
	for rows.Next() {
		docs = append(docs, c.Trusted(rows.Text()))
	}
	return docs, p.l.more(c, len(docs))
}

// All returns the documents that a query chooses, newest first, of which there may be
// up to 50,000; its Limit does not count.
func (k *Collection) All(c *Call, q ListQuery) ([]Doc, error) {
	q.Limit = abi.MaxRowsPerCall
	page, err := k.Find(c, q)
	if err != nil {
		return nil, err
	}
	docs, _ := page.Docs(c)
	return docs, nil
}

// First returns the newest document whose indexed member equals key; ok is false if
// there is none, and for an empty key.
func (k *Collection) First(c *Call, index, key string) (d Doc, ok bool) {
	if key == "" {
		return Doc{}, false
	}
	return k.newest(c, ListQuery{Index: index, Key: key})
}
