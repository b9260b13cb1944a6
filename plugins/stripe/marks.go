package main

import "github.com/mirrahq/mirra/sdk"

// Marks are what Stripe knows of an object and does not show in it.
const marksSchema = `
CREATE TABLE marks(
	account TEXT NOT NULL,
	id TEXT NOT NULL,
	mark TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY(account, id, mark)
) STRICT, WITHOUT ROWID;
`

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

var (
	writeMark = sdk.Define(`INSERT OR REPLACE INTO marks(account, id, mark, value) VALUES(?1, ?2, ?3, ?4)`)
	readMark  = sdk.Define(`SELECT value FROM marks WHERE account = ?1 AND id = ?2 AND mark = ?3`)
)

func setMark(c *sdk.Call, id, mark, value string) {
	writeMark.MustRun(c.Args().Text(c.Account()).Text(id).Text(mark).Text(value))
}

// markOf returns a mark's value; "" if there is none.
func markOf(c *sdk.Call, id, mark string) string {
	rows := readMark.MustRun(c.Args().Text(c.Account()).Text(id).Text(mark))
	if !rows.Next() {
		return ""
	}
	return rows.Text()
}

func hasMark(c *sdk.Call, id, mark string) bool { return markOf(c, id, mark) != "" }
