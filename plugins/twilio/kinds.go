package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// kind is a resource that is created, read, changed, deleted and listed, and
// what is its own about that.
type kind struct {
	*sdk.Collection
	name   string // as operations are called: FetchName
	prefix string // of operations: products
	host   string
	sid    string // what its ids begin with; "" for those that have none
	path   string // with {Members}: /v1/Services/{service_sid}/PhoneNumbers/{sid}
	list   string // the member that holds a page
	shape  *sdk.Template
	fields []field
	needed []string // parameters
	parent *kind    // whose sid the member parentIs holds
	// parentIs is the member, parentAs the path's name of it.
	parentIs, parentAs string
	key                string // the path's name of the object itself, Sid if empty
	byURL              bool   // several objects have the same sid: they are kept by their URL
	links              []string
	filters            []filter
	// check looks at a document that is about to be kept, before its first
	// keeping with created.
	check func(r *request, d sdk.Doc, created bool) error
	// show changes a document on its way into an answer.
	show func(c *sdk.Call, d sdk.Doc)
	// gone is told of a deletion.
	gone func(r *request, d sdk.Doc)
}

// field is a parameter that sets a member.
type field struct {
	param, member string
	form          form
}

type form uint8

const (
	text form = iota
	boolean
	integer
	url
	method
	texts
)

// filter is a query parameter that restricts a list to a member's value.
type filter struct{ param, member string }

// fieldsOf reads "Param" as the member param, "Param=member" as another one.
func fieldsOf(f form, names ...string) []field {
	var out []field
	for _, name := range names {
		param, member, ok := strings.Cut(name, "=")
		if !ok {
			member = snake(param)
		}
		out = append(out, field{param, member, f})
	}
	return out
}

// snake writes CamelCase as camel_case.
func snake(name string) string {
	var b strings.Builder
	for i, c := range []byte(name) {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c |= 0x20
		}
		b.WriteByte(c)
	}
	return b.String()
}

// collect declares a kind's collection and, unless it has operations of its own,
// serves it.
func (k *kind) collect(entity, typ string, index ...string) *kind {
	id := "sid"
	if k.byURL {
		id = "url"
	}
	k.Collection = twilio.Collect(&sdk.Collection{Type: typ, Entity: entity, Prefix: k.sid, Random: 32, ID: id, Index: index, Complete: k.complete})
	return k
}

// serve gives the operations CreateX, FetchX, UpdateX, DeleteX and ListX, as far
// as verbs names them by their first letters, to the kind.
func (k *kind) serve(verbs string) {
	for _, v := range verbs {
		switch v {
		case 'C':
			handle(k.prefix+"Create"+k.name, k.create)
		case 'F':
			handle(k.prefix+"Fetch"+k.name, k.fetch)
		case 'U':
			handle(k.prefix+"Update"+k.name, k.update)
		case 'D':
			handle(k.prefix+"Delete"+k.name, k.remove)
		case 'L':
			handle(k.prefix+"List"+k.name, k.page)
		}
	}
}

// place fills a path's {members} in from a document.
func place(path string, c *sdk.Call, d sdk.Doc) string {
	for {
		before, rest, ok := strings.Cut(path, "{")
		if !ok {
			return path
		}
		name, after, _ := strings.Cut(rest, "}")
		value := c.Account()
		if name != "account" {
			value = d.Get(name).String()
		}
		path = before + value + after
	}
}

// address is where a document is served: its uri on the 2010 API, its url on the
// others.
func (k *kind) address(c *sdk.Call, d sdk.Doc) {
	path := place(k.path, c, d)
	if k.host == "api" {
		if d.Get("uri").Exists() {
			d.SetString("uri", path)
		}
		return
	}
	d.SetURL("url", k.host, path)
	if k.links != nil {
		links := d.SetObject("links")
		for _, link := range k.links {
			name, tail, _ := strings.Cut(link, "=")
			links.SetURL(name, k.host, path+tail)
		}
	}
}

// new returns a document with an id, its dates and the vendor's defaults.
func (k *kind) new(c *sdk.Call) sdk.Doc {
	d := k.shape.New(c.Arena)
	if k.sid != "" {
		d.SetString("sid", newSID(c, k.sid))
	}
	if d.Get("account_sid").Exists() {
		d.SetString("account_sid", c.Account())
	}
	k.stamp(c, d, true)
	return d
}

// stamp sets date_updated, and date_created of a new document.
func (k *kind) stamp(c *sdk.Call, d sdk.Doc, created bool) {
	now := iso8601(c.Now())
	if k.host == "api" {
		now = rfc2822(c.Now())
	}
	if created && d.Get("date_created").Exists() {
		d.SetString("date_created", now)
	}
	if d.Get("date_updated").Exists() {
		d.SetString("date_updated", now)
	}
}

// complete makes a seeded document whole.
func (k *kind) complete(c *sdk.Call, path string, d sdk.Doc) sdk.Doc {
	if account := d.Get("account_sid").String(); account != "" {
		c.SetAccount(account)
	} else if c.Account() == "" {
		c.SetAccount(defaultAccount(c))
	}
	whole := k.new(c)
	for m := range d.All {
		if !whole.Get(m.Key()).Exists() {
			c.AddFault(path+"."+m.Key(), k.Entity+" have no such member")
			continue
		}
		whole.SetDoc(m.Key(), m)
	}
	if whole.Get("url").String() == "" || whole.Get("uri").Exists() {
		k.address(c, whole)
	}
	return whole
}

// insert keeps a new document, whose id cannot be taken.
func insert(c *sdk.Call, k *kind, d sdk.Doc) {
	if err := k.Insert(c, d); err != nil {
		panic(err.Error())
	}
}

// apply sets what the parameters say.
func (k *kind) apply(r *request, d sdk.Doc) error {
	for i := range k.fields {
		f := &k.fields[i]
		if !r.has(f.param) {
			continue
		}
		if err := f.set(r, d, k.host == "api"); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) set(r *request, d sdk.Doc, old bool) error {
	v := r.text(f.param)
	to := d
	path := strings.Split(f.member, ".")
	for _, step := range path[:len(path)-1] {
		to = to.Get(step)
	}
	member := path[len(path)-1]
	switch f.form {
	case boolean:
		switch strings.ToLower(v) {
		case "true", "1":
			to.SetBool(member, true)
		case "false", "0":
			to.SetBool(member, false)
		default:
			return badValue("Invalid " + f.param)
		}
	case integer:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return badValue("Invalid " + f.param)
		}
		to.SetInt(member, n)
	case url:
		if v != "" && !isURL(v) {
			if !old {
				return badValue("Invalid " + f.param)
			}
			return refuse(21402, f.param)
		}
		if v == "" && !old {
			to.SetNull(member)
		} else {
			to.SetString(member, v)
		}
	case method:
		if v != "GET" && v != "POST" {
			if !old {
				return badValue("Invalid " + f.param)
			}
			return refuse(21403, f.param)
		}
		to.SetString(member, v)
	case texts:
		list := to.SetArray(member)
		for _, t := range r.texts(f.param) {
			list.AddString(t)
		}
	default:
		to.SetStringOrNull(member, v)
	}
	return nil
}

// above returns an error unless the objects above the path's exist.
func (k *kind) above(r *request) error {
	for up, name := k.parent, k.parentAs; up != nil; up, name = up.parent, up.parentAs {
		if _, ok := up.Get(r.Call, r.Value(name)); !ok {
			return notFound(r.Call)
		}
	}
	return nil
}

// belong sets the members that say what the document is below.
func (k *kind) belong(r *request, d sdk.Doc) {
	for up := k; up.parent != nil; up = up.parent {
		d.SetString(up.parentIs, r.Value(up.parentAs))
	}
}

// find returns the document that the path names.
func (k *kind) find(r *request) (sdk.Doc, error) {
	if err := k.above(r); err != nil {
		return sdk.Doc{}, err
	}
	name := k.key
	if name == "" {
		name = "Sid"
	}
	id := r.Value(name)
	if k.byURL {
		id = urlID(k.host, r.Path())
	}
	d, ok := k.Get(r.Call, id)
	if !ok || k.parent != nil && d.Get(k.parentIs).String() != r.Value(k.parentAs) {
		return d, notFound(r.Call)
	}
	return d, nil
}

// urlID is the id of a document that is kept by its URL: the text of the member.
func urlID(host, path string) string { return "mirra-url:" + host + path }

func (k *kind) create(r *request) error {
	if err := k.above(r); err != nil {
		return err
	}
	for _, name := range k.needed {
		if r.text(name) == "" {
			return refuse(20001, name)
		}
	}
	d := k.new(r.Call)
	k.belong(r, d)
	if err := k.apply(r, d); err != nil {
		return err
	}
	if k.check != nil {
		if err := k.check(r, d, true); err != nil {
			return err
		}
	}
	k.address(r.Call, d)
	if err := k.Insert(r.Call, d); err != nil {
		return refuse(21710) // of the kinds that are kept by their URL alone
	}
	r.SetStatus(201)
	return k.answer(r, d)
}

// answer shows a document.
func (k *kind) answer(r *request, d sdk.Doc) error {
	if k.show != nil {
		k.show(r.Call, d)
	}
	return r.JSON(d)
}

func (k *kind) fetch(r *request) error {
	d, err := k.find(r)
	if err != nil {
		return err
	}
	return k.answer(r, d)
}

func (k *kind) update(r *request) error {
	d, err := k.find(r)
	if err != nil {
		return err
	}
	if err := k.apply(r, d); err != nil {
		return err
	}
	if k.check != nil {
		if err := k.check(r, d, false); err != nil {
			return err
		}
	}
	k.stamp(r.Call, d, false)
	k.Update(r.Call, d)
	return k.answer(r, d)
}

func (k *kind) remove(r *request) error {
	d, err := k.find(r)
	if err != nil {
		return err
	}
	if k.gone != nil {
		k.gone(r, d)
	}
	id := d.Get(k.ID).String()
	if k.byURL { // can be made again under the same id
		forget.MustRun(r.Args().Text(r.Account()).Text(id))
	} else {
		k.Delete(r.Call, id, d)
	}
	return noContent(r)
}

var forget = sdk.Define(`DELETE FROM objects WHERE account = ?1 AND id = ?2`)

func noContent(r *request) error {
	r.SetStatus(204)
	return r.Send("")
}

// page lists what the path is about.
func (k *kind) page(r *request) error {
	if err := k.above(r); err != nil {
		return err
	}
	var q sdk.ListQuery
	if k.parent != nil {
		q.Filter("$."+k.parentIs, r.Value(k.parentAs))
	}
	for _, f := range k.filters {
		if v := r.text(f.param); v != "" {
			q.Filter("$."+f.member, v)
		}
	}
	return k.answerPage(r, q, nil)
}
