package main

import "github.com/mirrahq/mirra/sdk"

//go:generate go run ../../cmd/mirra-gen -out tables_gen.go $MIRRA_SHARED/specs/stripe/openapi.2024-04-10.json.gz $MIRRA_SHARED/specs/stripe/openapi.2024-09-30.acacia.json.gz

// operation is one operation of the vendor's description, with its parameters.
type operation struct {
	id, pattern string
	fields      []sdk.Field
}

// expansion is a member of a resource that expand replaces by the object.
type expansion struct{ resource, member string }

// implemented lists what is served by hand. Every other operation of the
// description answers 501 by name.
var implemented = map[string]handled{}

type handled struct {
	level sdk.Level
	run   func(c *request) error
}

// handle declares the handler of an operation; called by the init functions of
// the files that have them.
func handle(id string, level sdk.Level, run func(c *request) error) {
	if _, twice := implemented[id]; twice {
		panic("stripe: two handlers for " + id)
	}
	implemented[id] = handled{level, run}
}

// route registers all operations, and stops at a handler without an operation.
func route() {
	registerHandlers()
	for i := range operations {
		op := &operations[i]
		h, ok := implemented[op.id]
		if !ok {
			stripe.Handle(op.pattern, op.id, sdk.None, nil)
			continue
		}
		delete(implemented, op.id)
		headers, unmirrored := headersOf(op.pattern), notMirrored[op.id]
		stripe.Handle(op.pattern, op.id, h.level, func(c *sdk.Call) error {
			c.FixedHeaders(headers)
			c.AddHeader("Content-Security-Policy", policies[i])
			return serve(c, op, unmirrored, h.run)
		})
	}
	for id := range implemented {
		panic("stripe: the description has no operation " + id)
	}
}

// registerHandlers declares all handlers. One function, so that the order does
// not depend on file names.
func registerHandlers() {
	customerHandlers()
	customerSourceHandlers()
	paymentMethodHandlers()
	tokenHandlers()
	paymentIntentHandlers()
	setupIntentHandlers()
	chargeHandlers()
	refundHandlers()
	disputeHandlers()
	balanceHandlers()
	eventHandlers()
	webhookEndpointHandlers()
	authenticationHandlers()
	timerHandlers()
	simulations()
	seeds()
}

// timerHandlers names what runs when a timer is due.
func timerHandlers() {
	stripe.OnTimer("settle", settleTimer)
	stripe.OnTimer("available", availableTimer)
	stripe.OnTimer("expire", expire)
	stripe.OnTimer("refund", refundTimer)
	stripe.OnTimer("dispute", disputeTimer)
}
