package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// maxExpand is how many levels expand reaches [D docs.stripe.com/expand, 2026-11].
const maxExpand = 4

// expand puts objects in the place of the ids that expand[] names.
func (r *request) expand(d sdk.Doc) error {
	list := r.params.Get("expand")
	if !list.Exists() {
		return nil
	}
	for e := range list.All {
		path := e.String()
		steps := strings.Split(path, ".")
		if len(steps) > maxExpand {
			return invalid("", "expand", "You cannot expand more than 4 levels of a property. Property: "+path) // [D], wording believed
		}
		if d.Get("object").String() == "list" {
			if steps[0] != "data" {
				return notExpandable(path)
			}
			for row := range d.Get("data").All {
				if err := r.expandPath(row, steps[1:], path); err != nil {
					return err
				}
			}
			continue
		}
		if err := r.expandPath(d, steps, path); err != nil {
			return err
		}
	}
	return nil
}

// expandRows lists the members that expand[] names of a list's rows, data.customer.
// False: they take more than looking up an id, or are refused.
func (r *request) expandRows(typ string, members *[4]string) bool {
	n := 0
	for e := range r.params.Get("expand").All {
		name, ok := strings.CutPrefix(e.String(), "data.")
		in := expandable[typ+"."+name]
		if !ok || n == len(members) || several[typ+"."+name] || in == 0 || !in.In(r.in) || !isPlatform(r.Call) {
			return false
		}
		members[n] = name
		n++
	}
	return n > 0 || !r.given("expand")
}

func (r *request) expandPath(d sdk.Doc, steps []string, path string) error {
	for i, step := range steps {
		if d.Get("object").String() == "list" && step == "data" {
			for row := range d.Get("data").All {
				if err := r.expandPath(row, steps[i+1:], path); err != nil {
					return err
				}
			}
			return nil
		}
		m := d.Get(step)
		switch {
		case m.Kind() == sdk.String && r.mayExpand(d, step, m):
			if target, ok := r.expanded(m.String()); ok {
				d.SetDoc(step, target)
				m = d.Get(step)
				r.older(m)
			}
		case m.Kind() == sdk.Array:
			// [R] members that are there anyway may be named.
			if r.expandElements(d, step, m) {
				m = d.Get(step)
			}
			for row := range m.All {
				if err := r.expandPath(row, steps[i+1:], path); err != nil {
					return err
				}
			}
			return nil
		case !m.Exists() && r.mayExpand(d, step, m):
			return nil // [R] transfer of a charge without one
		case m.Kind() == sdk.Object, m.Kind() == sdk.Null && m.Exists() && r.mayExpand(d, step, m):
		default:
			if !r.include(d, step) {
				return notExpandable(path)
			}
			m = d.Get(step)
		}
		if m.IsNull() {
			return nil
		}
		d = m
	}
	return nil
}

// expanded is the object that an id stands for: the account's, or one of the
// platform's that the account's objects name, as charges do their fees [R].
func (r *request) expanded(id string) (d sdk.Doc, ok bool) {
	if _, d, ok = r.Lookup(id); !ok && !isPlatform(r.Call) {
		r.asAccount(platform, func() { _, d, ok = r.Lookup(id) })
	}
	return d, ok
}

// include adds members that are left out unless expanded.
func (r *request) include(d sdk.Doc, step string) bool {
	f := includable[d.Get("object").String()+"."+step]
	if f == nil {
		return false
	}
	f(r, d)
	return true
}

// includable are the members that appear only when they are expanded.
var includable = map[string]func(r *request, d sdk.Doc){
	"customer.tax":                    includeCustomerTax,
	"customer.sources":                includeSources,
	"customer.subscriptions":          includeSubscriptions,
	"customer.tax_ids":                includeTaxIDs,
	"price.tiers":                     includeTiers,
	"plan.tiers":                      includeTiers,
	"checkout.session.line_items":     includeLines,
	"invoice.payments":                includePayments,
	"invoice.confirmation_secret":     includeSecret,
	"charge.refunds":                  includeRefunds,
	"customer.invoice_credit_balance": func(_ *request, d sdk.Doc) { insertAfter(d, "email", "invoice_credit_balance", "{}") },
}

func notExpandable(path string) error {
	// [R] facts: "This property cannot be expanded (x)."
	return invalid("", "expand", "This property cannot be expanded ("+path+").")
}

// expandElements puts objects in the place of a list of ids, discounts; false
// if it is none.
func (r *request) expandElements(d sdk.Doc, step string, list sdk.Doc) bool {
	if list.Len() == 0 || list.First().Kind() != sdk.String {
		return false
	}
	ids := list.Clone(r.Arena)
	to := d.SetArray(step)
	for id := range ids.All {
		if _, target, ok := r.Lookup(id.String()); ok {
			r.older(target)
			to.AddDoc(target)
		} else {
			to.AddString(id.String())
		}
	}
	return true
}

// several holds the members of expandable that are lists of ids.
var several = map[string]bool{}

// expandable holds the members that are ids of other objects, and the
// descriptions that have them.
var expandable = func() map[string]resource.Versions {
	set := map[string]resource.Versions{}
	for i := range tables.Shapes {
		s := &tables.Shapes[i]
		for j := range s.Members {
			m := &s.Members[j]
			if s.Object == "" || len(m.To) == 0 {
				continue
			}
			in := m.In
			if in == 0 {
				in = in20240410 | in20240930 | in20260826
			}
			set[s.Object+"."+m.Name] |= in
			if m.Kind != resource.Reference {
				several[s.Object+"."+m.Name] = true
			}
		}
	}
	return set
}()

// mayExpand tells whether a member is an id that can be expanded in the version
// asked for. Objects within others have no type; what they name shows.
func (r *request) mayExpand(d sdk.Doc, step string, m sdk.Doc) bool {
	object := d.Get("object").String()
	if object == "" {
		_, _, ok := r.Lookup(m.String())
		return ok
	}
	in := expandable[object+"."+step]
	return in != 0 && in.In(r.in)
}

// insertAfter puts a member behind another one, so that a document keeps the
// vendor's order.
func insertAfter(d sdk.Doc, after, key, json string) {
	if d.Get(key).Exists() {
		return
	}
	d.InsertJSON(after, key, json)
}
