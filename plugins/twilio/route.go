package main

import (
	"math/bits"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// products are the descriptions in the order in which tables_gen.go joins them:
// the host of each, and what its operations' names begin with, because several
// have a FetchService.
var products = []struct{ host, prefix string }{
	{"api", ""}, {"messaging", "MessagingV1"}, {"verify", "VerifyV2"}, {"lookups", "LookupsV2"}, {"voice", "VoiceV1"},
}

// byHand are the handlers of operations by name.
var byHand = map[string]func(r *request) error{}

func handle(id string, h func(r *request) error) {
	if byHand[id] != nil {
		panic("twilio: " + id + " has two handlers")
	}
	byHand[id] = h
}

// route serves what has a handler; everything else of the descriptions answers
// 501 by name.
func route() {
	accountHandlers()
	messageHandlers()
	mediaHandlers()
	numberHandlers()
	serviceHandlers()
	verifyHandlers()
	lookupHandlers()
	for i := range tables.Operations {
		op := &tables.Operations[i]
		product := products[bits.TrailingZeros64(uint64(op.In))] // the description that has it
		id := product.prefix + op.ID
		level, h := sdk.None, sdk.Handler(nil)
		if own := byHand[id]; own != nil {
			level, h = sdk.Modelled, func(c *sdk.Call) error {
				p, err := c.Params()
				if err != nil {
					return err
				}
				if strings.HasPrefix(c.Header("Content-Type"), "application/json") {
					p = c.NewObject() // believed: these products read forms alone [D docs/usage/requests-to-twilio, 2026-11]
				}
				return own(&request{c, p})
			}
		}
		twilio.HandleHost(product.host, op.Pattern, id, level, h)
	}
	// The bytes of a medium, at its path without an extension [D
	// twilio.com/docs/messaging/api/media-resource, 2026-11].
	twilio.HandleHost("api", "GET "+base2010+"/Accounts/{AccountSid}/Messages/{MessageSid}/Media/{Sid}", "FetchMediaContent", sdk.Modelled, mediaContent)
}
