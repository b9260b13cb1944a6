package main

import "github.com/mirrahq/mirra/sdk"

//go:generate go run ../../cmd/mirra-gen -lead id,object -out tables_gen.go $MIRRA_SHARED/specs/stripe/openapi.2024-04-10.json.gz $MIRRA_SHARED/specs/stripe/openapi.2024-09-30.acacia.json.gz $MIRRA_SHARED/specs/stripe/openapi.2026-08-26.dahlia.json.gz

// implemented lists what is served by hand. The engine serves the plain ones of
// the others; the rest answers 501 by name.
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
	resources()
	searchHandlers()
	for i := range tables.Operations {
		op := &tables.Operations[i]
		h, ok := implemented[op.ID]
		delete(implemented, op.ID)
		if !ok {
			if h = generic(op); h.run == nil {
				stripe.Handle(op.Pattern, op.ID, sdk.None, nil)
				continue
			}
		}
		headers, unmirrored := headersOf(op.Pattern), notMirrored[op.ID]
		serve := func(c *sdk.Call) error {
			if !op.In.In(described(usedVersion.date)) {
				return sdk.ErrNotRouted // of another version
			}
			c.FixedHeaders(headers)
			c.AddHeader("Content-Security-Policy", policies[i])
			return serveOperation(c, op, unmirrored, h.run)
		}
		stripe.Handle(op.Pattern, op.ID, h.level, serve)
		if op.ID == "PostFiles" {
			// [D docs.stripe.com/api/files/create, 2026-11] uploads have a host of their own.
			stripe.HandleHost("files", op.Pattern, op.ID+"Upload", h.level, serve)
		}
	}
	undescribedHandlers()
	for id := range implemented {
		panic("stripe: the description has no operation " + id)
	}
}

// registerHandlers declares all handlers. One function, so that the order does
// not depend on file names.
func registerHandlers() {
	customerHandlers()
	customerSourceHandlers()
	customerBalanceHandlers()
	clientKeyHandlers()
	issuingHandlers()
	sourceHandlers()
	paymentMethodHandlers()
	tokenHandlers()
	paymentIntentHandlers()
	setupIntentHandlers()
	chargeHandlers()
	refundHandlers()
	disputeHandlers()
	priceHandlers()
	planHandlers()
	subscriptionHandlers()
	subscriptionItemHandlers()
	discountHandlers()
	invoiceHandlers()
	invoiceItemHandlers()
	invoicePaymentHandlers()
	upcomingHandlers()
	creditNoteHandlers()
	checkoutHandlers()
	balanceHandlers()
	accountHandlers()
	eventHandlers()
	webhookEndpointHandlers()
	authenticationHandlers()
	timerHandlers()
	simulations()
	billingSimulations()
	seeds()
}

// timerHandlers names what runs when a timer is due.
func timerHandlers() {
	stripe.OnTimer("settle", settleTimer)
	stripe.OnTimer("available", availableTimer)
	stripe.OnTimer("expire", expire)
	stripe.OnTimer("refund", refundTimer)
	stripe.OnTimer("debit", debitTimer)
	stripe.OnTimer("dispute", disputeTimer)
	subscriptionTimers()
}
