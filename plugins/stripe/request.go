package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
	"github.com/mirrahq/mirra/sdk/resource"
)

// request is a call with what every operation of Stripe's needs of it.
type request struct {
	*sdk.Call
	op     *resource.Operation
	in     resource.Versions // descriptions that hold for the version asked for
	params sdk.Doc
	// unmirrored are parameters of the operation that answer 501.
	unmirrored []string
	print      string // fingerprint, once it is known
	// byPlan and soleItem tell that a subscription's parameters were of the time
	// of plans, see takePlans.
	byPlan, soleItem bool
}

var current request

// serveOperation checks a request's parameters, runs its operation once per idempotency
// key, and answers with the expanded document.
func serveOperation(c *sdk.Call, op *resource.Operation, unmirrored []string, run func(c *request) error) error {
	r := &current
	*r = request{Call: c, op: op, in: described(usedVersion.date), unmirrored: unmirrored}
	params, err := c.Params()
	if err != nil {
		return err
	}
	r.params = params
	key, done, err := r.idempotent()
	if done || err != nil {
		return err
	}
	r.presentNames()
	if err := r.check(); err != nil {
		return err
	}
	err = run(r)
	if err != nil {
		// [D docs.stripe.com/api/idempotent_requests, 2026-11]: results are kept
		// once execution began; what failed validation is not.
		f, ok := err.(*failure)
		if !ok || !f.executed {
			return err
		}
		answerError(c, err)
	}
	if key != "" {
		c.StoreReplay(key, r.fingerprint(), requestID(c))
	}
	return nil
}

// internalRequest is what operations get when no client asked: timers, pages,
// simulations.
func internalRequest(c *sdk.Call) *request {
	usedVersion = ownVersion
	r := &current
	*r = request{Call: c, in: described(ownVersion.date), params: c.NewObject()}
	return r
}

// answer sends a document with what expand asks for put in.
func (r *request) answer(d sdk.Doc) error {
	r.older(d)
	if err := r.expand(d); err != nil {
		return err
	}
	typ := ""
	if r.op != nil && !r.given("expand") {
		typ = tables.Shapes[r.op.Shape].Object
		if r.op.Verb == resource.List || r.op.Verb == resource.Search {
			typ = "list"
		}
	}
	fit(r.Call, d, typ, usedVersion.date)
	r.formerNames(d)
	return r.JSON(d)
}

// after tells whether the session's time is behind a moment in Unix seconds.
func (r *request) after(moment int64) bool { return r.Unix() >= moment }

// since tells whether the version asked for has what one introduced.
func (r *request) since(version string) bool { return usedVersion.date >= version }

// text returns a parameter's text; "" when it is absent.
func (r *request) text(path ...string) string { return r.params.Get(path...).String() }

// given tells whether a parameter was sent, empty or not.
func (r *request) given(path ...string) bool { return r.params.Get(path...).Exists() }

// is tells whether a boolean parameter is true.
func (r *request) is(path ...string) bool { return isTrue(r.params.Get(path...)) }

// isTrue tells whether a parameter says true, in any case: Python sends True
// [R confirm=True].
func isTrue(p sdk.Doc) bool { return strings.EqualFold(p.String(), "true") }

// setText copies a text parameter into a document: "" unsets, absent leaves.
func (r *request) setText(d sdk.Doc, name string) {
	if r.given(name) {
		d.SetStringOrNull(name, r.text(name))
	}
}

// pathForPolicy is the path as the Content-Security-Policy header has it:
// v1%2Fpayment_intents%2F%3Aintent [R, 2024-06-20].
func pathForPolicy(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	path = strings.TrimPrefix(path, "/")
	path = strings.NewReplacer("/{", "%2F%3A", "}", "", "/", "%2F").Replace(path)
	return path
}
