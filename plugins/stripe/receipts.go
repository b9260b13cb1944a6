package main

import (
	"encoding/base64"

	"github.com/mirrahq/mirra/sdk"
)

// receiptURL is where the vendor shows a receipt, "payment" or "invoices". Its
// token is a protocol buffer in base64: the account, when it was made, and what
// is believed to be a key and a signature [R, since 2022-11, of accounts whose
// ids have the newer form].
//
// Before, it named the account and the charge [R until 2022-04-26; the token form from
// 2022-06-07 on].
func receiptURL(c *sdk.Call, what, charge string) string {
	account := accountID(c)
	if c.Unix() < receiptTokensSince {
		return "https://pay.stripe.com/receipts/" + account + "/" + charge + "/rcpt_" + c.Random(sdk.Objects, 31, sdk.Base62)
	}
	b := append(make([]byte, 0, 96), 0x08, 0x07, 0x1a, byte(len(account)+2), 0x0a, byte(len(account)))
	b = append(b, account...)
	b = append(b, 0x28)
	for at := uint64(c.Unix()); ; at >>= 7 {
		if at < 0x80 {
			b = append(b, byte(at))
			break
		}
		b = append(b, byte(at)|0x80)
	}
	b = append(append(b, 0x32, 0x06), c.Random(sdk.Objects, 6, sdk.Base62)...)
	b = append(append(b, 0x3a, 0x2c, 0x16), c.Random(sdk.Objects, 43, sdk.Base62)...)
	url := "https://pay.stripe.com/receipts/" + what + "/" + base64.RawURLEncoding.EncodeToString(b)
	if what == "invoices" {
		url += "?s=ap"
	}
	return url
}

var receiptTokensSince = day("2022-05-15")
