package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// resourceSpec says of one kind of object what the vendor's description does
// not. The engine serves the plain operations of each; those with a meaning are
// by hand.
type resourceSpec struct {
	object string // as documents have it
	prefix string // of ids; one that ends in "_1" gets the newer form, see longID
	random int    // characters of ids of the older form
	noun   string // in errors, the object's name if empty
	event  string // events are event.created, .updated and .deleted; "" sends none
	param  string // what a 404 names, "id" if empty
	index  []string
	level  sdk.Level // of its plain operations, Generic if zero
	// vendors are objects that no client makes, a list of the vendor's. It is not
	// mirrored: there are those of a seed, or none is known.
	vendors bool

	// template is a new document with all members that any version has; without
	// one it has those of the description that holds for the request.
	template *sdk.Template

	// complete gives a new document what its members are made of; a failure is
	// answered. What the client may not choose is set here.
	complete func(r *request, d sdk.Doc) error
	// changed does the same behind a change.
	changed func(r *request, before, d sdk.Doc) error
	// deletable refuses deletions.
	deletable func(r *request, d sdk.Doc) error

	collection *sdk.Collection
	shape      int16
}

func (s *resourceSpec) name() string {
	if s.noun != "" {
		return s.noun
	}
	return s.object
}

func (s *resourceSpec) newID(r *request) string {
	if strings.HasSuffix(s.prefix, "_1") {
		return longID(r.Call, s.prefix)
	}
	return r.NewID(s.prefix, s.random)
}

// engine builds documents of the description's shapes.
var engine = resource.Engine{
	Tables:   &tables,
	Versions: func(*sdk.Call) resource.Versions { return current.in },
	Overlays: overlays,
}

// specOf finds the kind of object that a shape describes, nil if the plugin does
// not know it.
var specOf = map[string]*resourceSpec{}

// resources prepares the kinds of objects that no file keeps by hand.
func resources() {
	engine.Ready()
	for i := range resourceSpecs {
		s := &resourceSpecs[i]
		if s.shape = shapeOf(s.object); s.shape == 0 {
			panic("stripe: no shape of " + s.object)
		}
		s.collection = stripe.Collect(&sdk.Collection{
			Type: s.object, Entity: entityName(s.object), Prefix: strings.TrimSuffix(s.prefix, "1"), Random: max(s.random, 24),
			Index: s.index, Aliases: []string{s.object},
		})
		if strings.ReplaceAll(s.object, ".", "_")+"s" != s.collection.Entity {
			s.collection.Aliases = nil
		}
		if s.template != nil {
			complete(s.collection, s.template)
		}
		specOf[s.object] = s
		kept[s.object] = s.collection
	}
	for _, k := range []*sdk.Collection{accounts, applicationFees, balanceTransactions, bankAccounts, charges, cardSources, customers, disputes, ephemeralKeys, feeRefunds, files, mandates, persons, paymentIntents, paymentMethods, payouts, refunds, reversals, setupAttempts, setupIntents, topups, transfers} {
		kept[k.Type] = k
	}
	billingSeeds()
	for _, k := range kept {
		owned(k)
	}
	for typ := range trimmed {
		kept[typ].Trim = trim
	}
}

// shapeOf finds the shape of an object.
func shapeOf(object string) int16 {
	for i := range tables.Shapes {
		if s := &tables.Shapes[i]; s.Object == object && s.Name == object {
			return int16(i)
		}
	}
	for i := range tables.Shapes {
		if s := &tables.Shapes[i]; s.Object == object && !strings.HasPrefix(s.Name, "deleted_") {
			return int16(i)
		}
	}
	return 0
}

// entityName is what state calls the objects of a kind: tax_ids, terminal_readers.
func entityName(object string) string { return strings.ReplaceAll(object, ".", "_") + "s" }

// generic returns the engine's handler of an operation; one without a function
// if it has none.
func generic(op *resource.Operation) handled {
	none := handled{level: sdk.Generic}
	if byHandOnly(op.Pattern) || op.Shape == 0 {
		return none
	}
	s := specOf[tables.Shapes[op.Shape].Object]
	if s == nil {
		return none
	}
	path := op.Pattern[strings.IndexByte(op.Pattern, ' ')+1:]
	parents := pathParams(path)
	last := ""
	if n := len(parents); n > 0 && strings.HasSuffix(path, "}") {
		last, parents = parents[n-1], parents[:n-1]
	}
	g := &genericOperation{s, parents, last}
	h := handled{level: max(s.level, sdk.Generic)}
	switch op.Verb {
	case resource.Create:
		h.run = g.create
	case resource.Retrieve:
		h.run = g.retrieve
	case resource.Update:
		h.run = g.update
	case resource.Delete:
		if tables.Shapes[op.Shape].Member("deleted") != nil { // else it answers the object: a cancellation, by hand
			h.run = g.remove
		}
	case resource.List:
		h.run = g.list
	}
	return h
}

// byHandOnly tells whether the effect of an operation is more than keeping what
// was sent, so that an engine's answer would be an invention: money moves,
// amounts are calculated, documents are issued, somebody is asked.
func byHandOnly(pattern string) bool {
	method, path, _ := strings.Cut(pattern, " ")
	if method == "GET" {
		return false
	}
	for _, p := range meaningful {
		if rest, ok := strings.CutPrefix(path, p); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

var meaningful = []string{
	"/v1/charges", "/v1/checkout", "/v1/climate/orders", "/v1/credit_notes",
	"/v1/customers/{customer}/subscriptions", "/v1/application_fees", "/v1/billing/credit_grants", "/v1/billing/meter_event_adjustments",
	"/v1/billing/meter_events", "/v1/financial_connections", "/v1/forwarding", "/v1/identity", "/v1/invoices",
	"/v1/invoiceitems", "/v1/issuing/cards", "/v1/issuing/authorizations", "/v1/issuing/disputes", "/v1/issuing/transactions", "/v1/issuing/settlements",
	"/v1/link_account_sessions", "/v1/linked_accounts", "/v1/payouts", "/v1/quotes", "/v1/radar/payment_evaluations", "/v1/reporting",
	"/v1/subscription_items", "/v1/subscription_schedules", "/v1/subscriptions", "/v1/tax/calculations", "/v1/terminal/connection_tokens",
	"/v1/terminal/onboarding_links", "/v1/terminal/refunds", "/v1/test_helpers", "/v1/tokens", "/v1/topups", "/v1/transfers", "/v1/treasury",
	"/v1/payment_links", "/v1/accounts/{account}/capabilities", "/v1/accounts/{account}/external_accounts", "/v1/accounts/{account}/bank_accounts",
	"/v1/customers/{customer}/bank_accounts", "/v1/customers/{customer}/cards", "/v1/customers/{customer}/sources", "/v1/sources", "/v1/files",
}

// pathParams lists the names in braces of a path.
func pathParams(path string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(path, "{")
		if !ok {
			return names
		}
		var name string
		name, path, _ = strings.Cut(rest, "}")
		names = append(names, name)
	}
}

// genericOperation serves one operation on one kind of object. Parents are the
// path parameters that name what it belongs to, which are members too.
type genericOperation struct {
	s       *resourceSpec
	parents []string
	id      string // the path parameter of the object's own id
}

// belongs checks that what the path says an object belongs to is there.
func (g *genericOperation) belongs(r *request) error {
	for _, parent := range g.parents {
		id := r.Value(parent)
		if id == accountID(r.Call) {
			continue
		}
		if _, _, ok := r.Lookup(id); !ok {
			return notFound(parent, id, parent)
		}
	}
	return nil
}

// find reads the object that the path names.
func (g *genericOperation) find(r *request) (sdk.Doc, error) {
	id := r.Value(g.id)
	d, ok := g.s.collection.Get(r.Call, id)
	if ok {
		for _, parent := range g.parents {
			if m := d.Get(parent); m.Exists() && m.String() != r.Value(parent) {
				ok = false
			}
		}
	}
	if ok {
		return d, nil
	}
	if err := g.belongs(r); err != nil {
		return d, err
	}
	param := g.s.param
	if param == "" {
		param = "id"
	}
	return d, notFound(g.s.name(), id, param)
}

func (g *genericOperation) create(r *request) error {
	if err := g.belongs(r); err != nil {
		return err
	}
	if err := r.checkReferences(g.s); err != nil {
		return err
	}
	d := g.s.new(r, r.params)
	for _, parent := range g.parents {
		if d.Get(parent).Exists() {
			d.SetString(parent, r.Value(parent))
		}
	}
	if g.s.complete != nil {
		if err := g.s.complete(r, d); err != nil {
			return err
		}
	}
	return r.keep(g.s, d)
}

// new makes a document out of parameters.
func (s *resourceSpec) new(r *request, params sdk.Doc) sdk.Doc {
	var d sdk.Doc
	if s.template == nil {
		d = engine.New(r.Call, s.shape, params)
	} else {
		d = s.template.New(r.Arena)
		if d.Get("created").Exists() {
			d.SetInt("created", r.Unix())
		}
		engine.Apply(r.Call, d, s.shape, params)
	}
	s.mint(r, params, d)
	return d
}

// mint gives a new document its id. Clients may choose the ids of some kinds.
func (s *resourceSpec) mint(r *request, params, d sdk.Doc) {
	if id := params.Get("id").String(); id != "" {
		d.SetString("id", id)
		return
	}
	if d.Get("id").Exists() {
		d.SetString("id", s.newID(r))
	}
}

// keep stores a new document, tells of it, and answers with it.
func (r *request) keep(s *resourceSpec, d sdk.Doc) error {
	if _, _, taken := r.Lookup(d.Get("id").String()); taken {
		return &failure{status: 400, code: "resource_already_exists", message: capital(s.name()) + " already exists."} // [R coupon, plan]
	}
	if err := s.collection.Insert(r.Call, d); err != nil {
		return err
	}
	if s.event != "" {
		emit(r.Call, s.event+".created", d, sdk.Doc{})
	}
	return r.answer(d)
}

// unknown is the 501 of a list of the vendor's of which nothing is known.
func (s *resourceSpec) unknown(r *request) *failure {
	if !s.vendors {
		return nil
	}
	page, err := s.collection.Find(r.Call, sdk.ListQuery{Limit: 1})
	if err != nil {
		return nil
	}
	if docs, _ := page.Docs(r.Call); len(docs) > 0 {
		return nil
	}
	return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", message: "Mirra does not know the vendor's list of " + s.collection.Entity + ": put those that are needed into a seed."}
}

func (g *genericOperation) retrieve(r *request) error {
	if f := g.s.unknown(r); f != nil {
		return f
	}
	if strings.HasPrefix(g.s.object, "terminal.") { // [S] of these the description has a deleted form
		if d, deleted := g.s.collection.GetAny(r.Call, r.Value(g.id)); deleted {
			return r.answer(d)
		}
	}
	d, err := g.find(r)
	if err != nil {
		return err
	}
	return r.answer(d)
}

func (g *genericOperation) update(r *request) error {
	d, err := g.find(r)
	if err != nil {
		return err
	}
	if err := r.checkReferences(g.s); err != nil {
		return err
	}
	before := d.Clone(r.Arena)
	engine.Apply(r.Call, d, g.s.shape, r.params)
	if g.s.changed != nil {
		if err := g.s.changed(r, before, d); err != nil {
			return err
		}
	}
	return r.change(g.s, before, d)
}

// change stores a changed document, tells of it, and answers with it.
func (r *request) change(s *resourceSpec, before, d sdk.Doc) error {
	if !before.Equal(d) {
		s.collection.Update(r.Call, d)
		if s.event != "" {
			emit(r.Call, s.event+".updated", d, changes(r.Call, before, d))
		}
	}
	return r.answer(d)
}

func (g *genericOperation) remove(r *request) error {
	d, err := g.find(r)
	if err != nil {
		return err
	}
	if g.s.deletable != nil {
		if err := g.s.deletable(r, d); err != nil {
			return err
		}
	}
	tombstone := r.NewObject()
	tombstone.SetString("id", d.Get("id").String())
	tombstone.SetString("object", g.s.object)
	tombstone.SetBool("deleted", true)
	g.s.collection.Delete(r.Call, d.Get("id").String(), tombstone)
	if g.s.event != "" {
		emit(r.Call, g.s.event+".deleted", d, sdk.Doc{})
	}
	return r.JSON(tombstone)
}

// list answers with a page. Filters are the parameters that are members too.
func (g *genericOperation) list(r *request) error {
	if f := g.s.unknown(r); f != nil {
		return f
	}
	if err := g.belongs(r); err != nil {
		return err
	}
	q, err := r.page()
	if err != nil {
		return err
	}
	for _, parent := range g.parents {
		if tables.Shapes[g.s.shape].Member(parent) != nil {
			q.Filter("$."+parent, r.Value(parent))
		}
	}
	var also selection
	for p := range r.params.All {
		switch p.Key() {
		case "limit", "starting_after", "ending_before", "expand", "created":
			continue
		}
		if !also.filter(r, g.s, p) && !filter(&q, "$", g.s.shape, p) {
			return &failure{status: 501, typ: "api_error", code: "mirra_not_mirrored", param: p.Key(), message: "Mirra does not mirror the filter " + p.Key() + " of " + r.op.ID + " yet."}
		}
	}
	return r.listAlso(g.s.collection, q, also, g.s.name(), r.Path())
}

// checkReferences refuses ids in parameters that lead nowhere: 400, unlike those
// in a path [R].
func (r *request) checkReferences(s *resourceSpec) error {
	var fault error
	engine.References(r.Call, s.shape, r.params, func(path, id string, to []string) bool {
		if id == accountID(r.Call) {
			return true
		}
		for _, object := range to {
			if s := specOf[object]; kept[object] == nil || s != nil && s.unknown(r) != nil {
				return true // a kind that is not kept here cannot be checked
			}
		}
		typ, _, ok := r.Lookup(id)
		for _, object := range to {
			if ok && typ == object {
				return true
			}
		}
		fault = missing(nounOf(to[0]), id, path)
		return false
	})
	return fault
}

// kept are the collections by the object they keep; filled when all are made.
var kept = map[string]*sdk.Collection{}

// nounOf is what errors call an object.
func nounOf(object string) string {
	if s := specOf[object]; s != nil {
		return s.name()
	}
	if object == "payment_method" {
		return "PaymentMethod" // [R]
	}
	return object
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.ReplaceAll(s[1:], "_", " ")
}
