package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// accountPart is the ten characters of the account that ids of the newer form
// hold: pi_3 PmHge KXBGcbgpbZ 02BO4t2T [R].
func accountPart(c *sdk.Call) string {
	id := accountID(c)
	return id[len(id)-10:]
}

// accountID is the session's default account, acct_ and 16 characters [R]; a
// request for a connected account has that one's.
func accountID(c *sdk.Call) string {
	if a := c.Account(); len(a) >= 16 {
		return a
	}
	return "acct_1" + c.Random(sdk.Fixed, 15, sdk.Base62)
}

// longID makes an id of the newer form: a prefix that ends in the form's digit,
// five characters that stand for time, the account's ten, and eight more [R].
func longID(c *sdk.Call, prefix string) string {
	random := c.Random(sdk.Objects, 13, sdk.Base62)
	return prefix + random[:5] + accountPart(c) + random[5:]
}

// cutID splits an id into its prefix and what follows the first underscore.
func cutID(id string) (prefix, rest string) {
	prefix, rest, _ = strings.Cut(id, "_")
	return prefix, rest
}
