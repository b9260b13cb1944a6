package resource

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Mirror serves the operations of the tables as the description has them, below
// a base path such as "/v1": it is the whole of a mirror that nobody has written
// by hand yet. Plain operations keep what they are sent and are of level
// generic; those with a meaning of their own answer 501 by name. Operations that
// the plugin has handlers for already are left alone. Errors are the plugin's
// OnError's, *sdk.Failure most of them.
func (e *Engine) Mirror(p *sdk.Plugin, base string) {
	e.Ready()
	byHand := map[string]bool{}
	for _, op := range p.Manifest.Operations {
		byHand[op.Method+" "+op.Path] = true
	}
	kinds := map[int16]*kind{}
	for i := range e.Tables.Operations {
		op := &e.Tables.Operations[i]
		method, path, _ := strings.Cut(op.Pattern, " ")
		pattern := method + " " + strings.TrimSuffix(base, "/") + path
		if byHand[pattern] {
			continue
		}
		o := &plain{e: e, op: op}
		o.parents, o.id = params(path)
		if op.Verb == Special || op.Verb == Search || e.kept(op) == 0 {
			p.Handle(pattern, op.ID, sdk.None, nil)
			continue
		}
		if o.kind = kinds[e.kept(op)]; o.kind == nil {
			o.kind = e.collect(p, e.kept(op))
			kinds[e.kept(op)] = o.kind
		}
		run := map[Verb]sdk.Handler{Create: o.create, Retrieve: o.retrieve, Update: o.update, Delete: o.remove, List: o.list}[op.Verb]
		p.Handle(pattern, op.ID, sdk.Generic, func(c *sdk.Call) error { return o.serve(c, run) })
	}
}

// kept is the shape of the documents that an operation is about. A deletion may
// answer something else: it is about what is read at the same path.
func (e *Engine) kept(op *Operation) int16 {
	if op.Verb != Delete && op.Verb != Update {
		return op.Shape
	}
	_, path, _ := strings.Cut(op.Pattern, " ")
	for i := range e.Tables.Operations {
		if other := &e.Tables.Operations[i]; other.Verb == Retrieve && other.Pattern == "GET "+path {
			return other.Shape
		}
	}
	if op.Verb == Delete {
		return 0
	}
	return op.Shape
}

// kind is one kind of document that is kept.
type kind struct {
	*sdk.Collection
	shape int16
	id    string // the member that is the id
}

func (e *Engine) collect(p *sdk.Plugin, shape int16) *kind {
	s := &e.Tables.Shapes[shape]
	k := &kind{shape: shape, id: e.idOf(shape)}
	name := snake(s.Name)
	k.Collection = p.Collect(&sdk.Collection{Type: name, Entity: name + "s", Prefix: initials(name) + "_", Random: 24, ID: k.id})
	return k
}

// idOf is the member that is an object's id: id, sid, else the one that the path
// to it is named after, else the first that ends in id; "id" if there is none.
func (e *Engine) idOf(shape int16) string {
	s := &e.Tables.Shapes[shape]
	for _, name := range [...]string{"id", "sid", "uid", "uuid"} {
		if s.Member(name) != nil {
			return name
		}
	}
	for i := range e.Tables.Operations {
		op := &e.Tables.Operations[i]
		if op.Verb != Retrieve || op.Shape != shape {
			continue
		}
		if _, id := params(op.Pattern); s.Member(id) != nil {
			return id
		}
	}
	for i := range s.Members {
		if name := strings.ToLower(s.Members[i].Name); strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "id") && s.Members[i].Kind == Text {
			return s.Members[i].Name
		}
	}
	return "id"
}

// snake makes a name of the letters, digits and underscores of another.
func snake(name string) string {
	b := make([]byte, 0, len(name)+4)
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			if i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z' {
				b = append(b, '_')
			}
			b = append(b, c|0x20)
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '_':
			b = append(b, '_')
		}
	}
	return strings.Trim(string(b), "_")
}

// initials are the first letters of the words of a name, or three of its only
// word's.
func initials(name string) string {
	words := strings.Split(name, "_")
	if len(words) == 1 {
		return name[:min(3, len(name))]
	}
	out := ""
	for _, w := range words {
		out += w[:min(1, len(w))]
	}
	return out
}

// params lists the parameters of a path; id is the one it ends with.
func params(path string) (parents []string, id string) {
	for rest := path; ; {
		_, after, ok := strings.Cut(rest, "{")
		if !ok {
			break
		}
		var name string
		name, rest, _ = strings.Cut(after, "}")
		parents = append(parents, name)
	}
	if n := len(parents); n > 0 && strings.HasSuffix(path, "}") {
		return parents[:n-1], parents[n-1]
	}
	return parents, ""
}

// plain serves one operation.
type plain struct {
	e       *Engine
	op      *Operation
	kind    *kind
	parents []string
	id      string
}

func (o *plain) serve(c *sdk.Call, run sdk.Handler) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	var fault error
	sdk.CheckFields(p, o.op.Fields.List(), 0, func(v sdk.Violation) bool {
		fault = violation(v)
		return fault == nil
	})
	if fault != nil {
		return fault
	}
	c.SetHeader("Content-Type", "application/json")
	if o.op.Status != 0 {
		c.SetStatus(int(o.op.Status))
	}
	return run(c)
}

// violation says what is wrong with a parameter. Unknown ones pass: a
// description does not say whether the vendor minds.
func violation(v sdk.Violation) error {
	switch v.Kind {
	case sdk.MissingField:
		return sdk.Fail(400, v.Path+" is required")
	case sdk.WrongType:
		return sdk.Fail(400, v.Path+" is of the wrong type")
	case sdk.NotInEnum:
		return sdk.Fail(400, v.Path+" is none of "+strings.Join(v.Field.Values(0), ", "))
	case sdk.TooLong:
		return sdk.Fail(400, v.Path+" is longer than "+strconv.Itoa(int(v.Field.Max))+" characters")
	}
	return nil
}

func (o *plain) create(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	d := o.e.New(c, o.kind.shape, p)
	if !p.Get(o.kind.id).Exists() {
		o.mint(c, d)
	}
	for _, parent := range o.parents {
		o.belong(d, parent, c.Value(parent))
	}
	if _, taken := o.kind.Get(c, d.Get(o.kind.id).String()); taken {
		return sdk.Fail(409, o.kind.Type+" "+d.Get(o.kind.id).String()+" is there already")
	}
	if err := o.kind.Insert(c, d); err != nil {
		return err
	}
	return c.JSON(d)
}

// mint gives a document its id: a number where the description wants one.
func (o *plain) mint(c *sdk.Call, d sdk.Doc) {
	m := o.e.Tables.Shapes[o.kind.shape].Member(o.kind.id)
	switch {
	case m != nil && m.Kind == Integer:
		n := o.kind.Count(c) + 1
		for _, taken := o.kind.Get(c, strconv.FormatInt(n, 10)); taken; _, taken = o.kind.Get(c, strconv.FormatInt(n, 10)) {
			n++
		}
		d.SetInt(o.kind.id, n)
	case m != nil && m.Format == UUID:
		d.SetString(o.kind.id, c.UUID(sdk.Objects))
	default:
		d.SetString(o.kind.id, o.kind.NewID(c))
	}
}

// belong sets the member that says what a document belongs to.
func (o *plain) belong(d sdk.Doc, parent, id string) {
	s := &o.e.Tables.Shapes[o.kind.shape]
	for _, name := range [...]string{parent, parent + "_id", snake(parent)} {
		m := s.Member(name)
		if m == nil || name == o.kind.id {
			continue
		}
		if m.Kind == Integer {
			d.SetNumber(name, id)
		} else {
			d.SetString(name, id)
		}
		return
	}
}

func (o *plain) find(c *sdk.Call) (sdk.Doc, error) {
	d, ok := o.kind.Get(c, c.Value(o.id))
	if !ok {
		return d, sdk.Fail(404, "no "+o.kind.Type+" "+c.Value(o.id))
	}
	return d, nil
}

func (o *plain) retrieve(c *sdk.Call) error {
	d, err := o.find(c)
	if err != nil {
		return err
	}
	return c.JSON(d)
}

func (o *plain) update(c *sdk.Call) error {
	d, err := o.find(c)
	if err != nil {
		return err
	}
	p, err := c.Params()
	if err != nil {
		return err
	}
	id := d.Get(o.kind.id).Clone(c.Arena)
	o.e.Apply(c, d, o.kind.shape, p)
	d.SetDoc(o.kind.id, id)
	o.kind.Update(c, d)
	return c.JSON(d)
}

func (o *plain) remove(c *sdk.Call) error {
	d, err := o.find(c)
	if err != nil {
		return err
	}
	o.kind.Delete(c, c.Value(o.id), d)
	if o.op.Shape == 0 {
		c.SetStatus(204)
		return c.Send("")
	}
	if o.op.Shape == o.kind.shape {
		return c.JSON(d)
	}
	gone := o.e.New(c, o.op.Shape, sdk.Doc{})
	for _, name := range [...]string{"deleted", "is_deleted"} {
		if gone.Get(name).Kind() == sdk.Bool {
			gone.SetBool(name, true)
		}
	}
	if gone.Get(o.kind.id).Exists() {
		gone.SetDoc(o.kind.id, d.Get(o.kind.id))
	}
	return c.JSON(gone)
}

// The names that vendors give to how many elements a page has, behind which one
// it begins, and how many come before it.
var (
	limitNames  = []string{"limit", "per_page", "page_size", "pageSize", "PageSize", "take"}
	afterNames  = []string{"starting_after", "after", "cursor"}
	offsetNames = []string{"offset", "skip"}
	pageNames   = []string{"page", "Page"}
)

const (
	usualLimit = 20
	mostLimit  = 1000
)

// list answers with a page. Parameters that are members are filters.
func (o *plain) list(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	limit := int(number(p, limitNames, usualLimit))
	limit = max(1, min(limit, mostLimit))
	skip := int(number(p, offsetNames, 0))
	if page := number(p, pageNames, 0); page > 1 {
		skip = int(page-1) * limit
	}
	q := sdk.ListQuery{Limit: limit + max(0, min(skip, mostLimit)), After: textOf(p, afterNames)}
	s := &o.e.Tables.Shapes[o.kind.shape]
	for v := range p.All {
		if m := s.Member(v.Key()); m != nil && v.Kind() == sdk.String {
			value := v.String()
			if m.Kind == Boolean {
				value = map[bool]string{true: "1", false: "0"}[isTrue(value)]
			}
			q.Filter("$."+v.Key(), value)
		}
	}
	for _, parent := range o.parents {
		for _, name := range [...]string{parent, parent + "_id", snake(parent)} {
			if s.Member(name) != nil && name != o.kind.id {
				q.Filter("$."+name, c.Value(parent))
				break
			}
		}
	}
	found, err := o.kind.Find(c, q)
	if err != nil {
		return sdk.Fail(400, err.Error())
	}
	docs, more := found.Docs(c)
	docs = docs[min(len(docs), max(0, skip)):]
	return c.JSON(o.around(c, docs, more))
}

// around puts a page into what the description has around lists.
func (o *plain) around(c *sdk.Call, docs []sdk.Doc, more bool) sdk.Doc {
	var array, whole sdk.Doc
	if o.op.List == 0 {
		array = c.NewArray()
		whole = array
	} else {
		whole = o.e.New(c, o.op.List, sdk.Doc{})
		array = whole.SetArray(o.op.Key)
	}
	for _, d := range docs {
		array.AddDoc(d)
	}
	for m := range whole.All {
		switch name := m.Key(); {
		case m.Kind() == sdk.Bool && (name == "has_more" || name == "hasMore" || name == "more"):
			whole.SetBool(name, more)
		case m.Kind() == sdk.Number && (name == "total" || name == "total_count" || name == "totalCount" || name == "count"):
			whole.SetInt(name, o.kind.Count(c))
		case m.Kind() == sdk.String && name == "url":
			whole.SetString(name, c.Path())
		}
	}
	return whole
}

func number(p sdk.Doc, names []string, usual int64) int64 {
	for _, name := range names {
		if n, ok := p.Get(name).Int(); ok {
			return n
		}
	}
	return usual
}

func textOf(p sdk.Doc, names []string) string {
	for _, name := range names {
		if text := p.Get(name).String(); text != "" {
			return text
		}
	}
	return ""
}
