package main

import "github.com/mirrahq/mirra/sdk"

// marks are what Stripe knows of an object and does not show in it.
var marks = stripe.Marks()

const (
	markConsumed       = "consumed"        // a payment method that may not be used again
	markAuthenticated  = "authenticated"   // an intent, or a card's setup, that passed 3D Secure
	markOnboarding     = "onboarding"      // of an account: it has begun
	markIntent         = "intent"          // of a source of 3D Secure: the intent it is for
	markSecret         = "secret"          // handle of a webhook endpoint's secret
	markNumber         = "number"          // of a token: the number of the card or bank account
	markCVC            = "cvc"             // of a token: a security code was given
	markBrought        = "brought"         // of a price: it came within a seeded object
	markCredited       = "credited"        // of an invoice item: the lines that a proration gives back, as JSON
	markSubscription   = "subscription"    // of an item: the subscription it is part of
	markLines          = "lines"           // of a checkout session: its lines, as JSON
	markParameters     = "parameters"      // of a checkout session: parameters of what completes it, as JSON
	markTiers          = "tiers"           // of a price: its tiers, which answers have when they are expanded
	markConnect        = "connect"         // a webhook endpoint for what happens in connected accounts
	markConnectTargets = "connect targets" // of the account: see targetsFor
	markDocument       = "document"        // of a person: when a document was uploaded, Unix seconds
	markHeld           = "held"            // of a token of kind account or person: what it holds
	markOpened         = "opened"          // an account that was made in this session
	markRejected       = "rejected"        // of an account: why
	markRequested      = "requested"       // of account/capability: when it was asked for, Unix seconds
	markTargets        = "targets"         // of the account, whose id here is "": see targetsFor
)

func setMark(c *sdk.Call, id, mark, value string) { marks.Set(c, id, mark, value) }

// markOf returns a mark's value; "" if there is none.
func markOf(c *sdk.Call, id, mark string) string { return marks.Get(c, id, mark) }

func hasMark(c *sdk.Call, id, mark string) bool { return markOf(c, id, mark) != "" }
