package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
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
		case m.Kind() == sdk.String && mayExpand(d.Get("object").String(), step):
			if _, target, ok := r.Lookup(m.String()); ok {
				d.SetDoc(step, target)
				m = d.Get(step)
			}
		case m.Kind() == sdk.Array:
			// [R] members that are there anyway may be named.
			for row := range m.All {
				if err := r.expandPath(row, steps[i+1:], path); err != nil {
					return err
				}
			}
			return nil
		case !m.Exists() && mayExpand(d.Get("object").String(), step):
			return nil // [R] transfer of a charge without one
		case m.Kind() == sdk.Object, m.Kind() == sdk.Null && m.Exists() && mayExpand(d.Get("object").String(), step):
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
	"price.tiers":                     includeTiers,
	"plan.tiers":                      includeTiers,
	"charge.refunds":                  includeRefunds,
	"customer.invoice_credit_balance": func(_ *request, d sdk.Doc) { insertAfter(d, "email", "invoice_credit_balance", "{}") },
}

func notExpandable(path string) error {
	// [R] facts: "This property cannot be expanded (x)."
	return invalid("", "expand", "This property cannot be expanded ("+path+").")
}

// expandableSet holds the members that are ids of other objects.
var expandableSet = func() map[string]bool {
	set := map[string]bool{}
	for i := range tables.Shapes {
		s := &tables.Shapes[i]
		for j := range s.Members {
			if m := &s.Members[j]; s.Object != "" && len(m.To) > 0 {
				set[s.Object+"."+m.Name] = true
			}
		}
	}
	return set
}()

func mayExpand(object, member string) bool { return expandableSet[object+"."+member] }

// insertAfter puts a member behind another one, so that a document keeps the
// vendor's order.
func insertAfter(d sdk.Doc, after, key, json string) {
	if d.Get(key).Exists() {
		return
	}
	d.InsertJSON(after, key, json)
}
