package main

import (
	"cmp"
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
	path   string // with {members}: /v1/Services/{service_sid}/PhoneNumbers/{sid}
	list   string // the member that holds a page
	shape  *sdk.Template
	params string // those that set the member of their name; see apply
	needed string // those without which none is made
	parent *kind  // whose sid the member parentIs holds
	// parentIs is the member, parentAs the path's name of it.
	parentIs, parentAs string
	byURL              bool     // several objects have the same sid: they are kept by their URL
	links              []string // "name=/Tail" of the path
	unread             string   // parameters of a list that are refused, see without
	filters            string   // see filtered
	// check looks at a document that is about to be kept, before its first
	// keeping with created.
	check func(r *request, d sdk.Doc, created bool) error
	// show changes a document on its way into an answer.
	show func(c *sdk.Call, d sdk.Doc)
	// gone is told of a deletion.
	gone func(r *request, d sdk.Doc)
}

// collect declares a kind's collection.
func (k *kind) collect(entity, typ string, index ...string) *kind {
	id := "sid"
	if k.byURL {
		id = "url"
	}
	k.Collection = twilio.Collect(&sdk.Collection{Type: typ, Entity: entity, Prefix: k.sid, Random: 32, ID: id, Index: index, Complete: k.complete})
	return k
}

// below puts a kind under another.
func (k *kind) below(parent *kind, is, as string) *kind {
	k.parent, k.parentIs, k.parentAs = parent, is, as
	return k
}

// serve gives the operations CreateX, FetchX, UpdateX, DeleteX and ListX, as far
// as verbs names them by their first letters, to the kind.
func (k *kind) serve(verbs string) {
	for verb, run := range map[string]func(r *request) error{
		"Create": k.create, "Fetch": with(k.find, k.answer), "Update": with(k.find, k.update), "Delete": with(k.find, k.remove), "List": k.page,
	} {
		if strings.Contains(verbs, verb[:1]) {
			handle(k.prefix+verb+k.name, run)
		}
	}
}

// with runs what is about a document once that is found.
func with(find func(r *request) (sdk.Doc, error), run func(r *request, d sdk.Doc) error) func(r *request) error {
	return func(r *request) error {
		d, err := find(r)
		if err != nil {
			return err
		}
		return run(r, d)
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
	if k.links == nil {
		return
	}
	links := d.SetObject("links")
	for _, link := range k.links {
		name, tail, _ := strings.Cut(link, "=")
		links.SetURL(name, k.host, path+tail)
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
	k.stamp(c, d, "date_created", "date_updated")
	return d
}

// stamp sets dates that the kind has to now.
func (k *kind) stamp(c *sdk.Call, d sdk.Doc, dates ...string) {
	now := sdk.ISOSeconds(c.Now())
	if k.host == "api" {
		now = sdk.RFC2822(c.Now())
	}
	for _, name := range dates {
		if d.Get(name).Exists() {
			d.SetString(name, now)
		}
	}
}

// save keeps a changed document.
func (k *kind) save(c *sdk.Call, d sdk.Doc) {
	k.stamp(c, d, "date_updated")
	k.Update(c, d)
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

// apply sets what the parameters say: each the member of its name, as the kind of
// value that the shape has there. What ends in Url, Callback or Method has to be
// one.
func (k *kind) apply(r *request, d sdk.Doc) error {
	for param := range strings.FieldsSeq(k.params) {
		v := r.params.Get(param)
		if !v.Exists() {
			continue
		}
		code, fits, text := 0, true, v.String()
		switch {
		case strings.HasSuffix(param, "Url"), strings.HasSuffix(param, "Callback"):
			code, fits = 21402, text == "" || isURL(text)
		case strings.HasSuffix(param, "Method"):
			code, fits = 21403, text == "GET" || text == "POST"
		}
		switch {
		case !fits && k.host == "api":
			return refuse(code, param)
		case code == 21402 && k.host == "api":
			d.SetString(sdk.Snake(param), text) // [R 2015] "" there, null on the others
		case !fits || !d.SetAs(sdk.Snake(param), v):
			return badValue("Invalid " + param)
		}
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
	id := r.Value("Sid")
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
	for name := range strings.FieldsSeq(k.needed) {
		if r.text(name) == "" {
			return refuse(20001, name)
		}
	}
	d := k.new(r.Call)
	k.belong(r, d)
	if err := k.fill(r, d, true); err != nil {
		return err
	}
	k.address(r.Call, d)
	if err := k.Insert(r.Call, d); err != nil {
		return refuse(21710) // of the kinds that are kept by their URL alone
	}
	r.SetStatus(201)
	return k.answer(r, d)
}

// fill sets what the parameters say and looks whether that can be.
func (k *kind) fill(r *request, d sdk.Doc, created bool) error {
	if err := k.apply(r, d); err != nil || k.check == nil {
		return err
	}
	return k.check(r, d, created)
}

// answer shows a document.
func (k *kind) answer(r *request, d sdk.Doc) error {
	if k.show != nil {
		k.show(r.Call, d)
	}
	return r.JSON(d)
}

func (k *kind) update(r *request, d sdk.Doc) error {
	if err := k.fill(r, d, false); err != nil {
		return err
	}
	k.save(r.Call, d)
	return k.answer(r, d)
}

func (k *kind) remove(r *request, d sdk.Doc) error {
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
	q, err := r.filtered(k.filters)
	if err := cmp.Or(r.without(k.unread), err); err != nil {
		return err
	}
	if k.parent != nil {
		q.Filter("$."+k.parentIs, r.Value(k.parentAs))
	}
	return k.answerPage(r, q, nil)
}

// is is the condition that a member has a value.
func is(member, value string) sdk.Condition { return sdk.Condition{Path: "$." + member, Value: value} }

// filtered is a list of the documents that have what the request says in the
// members that parameters are named after, or in another: Status=conversion_status.
func (r *request) filtered(params string) (q sdk.ListQuery, err error) {
	for param := range strings.FieldsSeq(params) {
		param, member, named := strings.Cut(param, "=")
		if !named {
			member = sdk.Snake(param)
		}
		if v := r.text(param); v != "" && !q.Filter("$."+member, v) {
			return q, &sdk.NotImplementedError{Operation: r.Operation() + " with so many filters"}
		}
	}
	return q, nil
}

// without refuses parameters by name that the mirror does not read.
func (r *request) without(params string) error {
	for param := range strings.FieldsSeq(params) {
		if r.has(param) {
			return &sdk.NotImplementedError{Operation: r.Operation() + " with " + param}
		}
	}
	return nil
}
