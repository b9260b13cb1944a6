package main

import "github.com/mirrahq/mirra/sdk"

// renamed are members, and the parameters that set them, which have had another
// name before a version.
var renamed = []struct{ object, was, is, since string }{
	// [S stripe-go v79.12.0 and stripe-node 16.12.0, at 2024-06-20, and the
	// description of 2024-09-30]
	{"billing.alert", "usage_threshold_config", "usage_threshold", acacia},
}

// presentNames gives parameters the names that the newer description has.
func (r *request) presentNames() {
	object := tables.Shapes[r.op.Shape].Object
	if !r.namesDiffer(object) {
		return
	}
	for _, n := range renamed {
		if n.object == object {
			r.params.Rename(n.was, n.is)
		}
	}
}

// formerNames gives members of an answer the names that its version has.
func (r *request) formerNames(d sdk.Doc) {
	if r.op == nil {
		return
	}
	object := tables.Shapes[r.op.Shape].Object
	if !r.namesDiffer(object) {
		return
	}
	for _, n := range renamed {
		if n.object != object {
			continue
		}
		d.Rename(n.is, n.was)
		for each := range d.Get("data").All { // of a list
			each.Rename(n.is, n.was)
		}
	}
}

// namesDiffer tells whether a kind of object has other names in the version that
// the request is answered in.
func (r *request) namesDiffer(object string) bool {
	for _, n := range renamed {
		if n.object == object && !r.since(n.since) {
			return true
		}
	}
	return false
}
