package main

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// The vendor's own pages are named by tokens that hold the account, a secret and
// what else the page needs, in base64, with a mark of the page and eight
// characters behind.

// invoiceToken names the pages of an invoice: account, secret and the seconds
// since 2021 [R 2022-11 to 2026-05, all of them].
func (r *request) invoiceToken() string {
	const year2021 = 1609459200
	return "test_" + r.pageToken(",_", ","+formatInt(r.Unix()-year2021)) + "0200" + r.Random(sdk.Objects, 8, sdk.Base62)
}

// portalToken names the page of a customer portal [R 2026-03].
func (r *request) portalToken() string {
	return "test_" + r.pageToken(",_", "") + "0100" + r.Random(sdk.Objects, 8, sdk.Base62)
}

// ephemeralKey is a key of its own, in the same form [R 2025-04, 2026-05].
func (r *request) ephemeralKey() string {
	return "ek_test_" + r.pageToken(",", "") + "_00" + r.Random(sdk.Objects, 8, sdk.Base62)
}

func (r *request) pageToken(between, behind string) string {
	return base64.RawStdEncoding.EncodeToString([]byte(accountID(r.Call) + between + r.Random(sdk.Objects, 31, sdk.Base62) + behind))
}

// ownPublishableKey is the account's, in the form of newer ones [R 2025-11]: it begins
// with what the account's id ends in.
func ownPublishableKey(c *sdk.Call) string {
	_, id := cutID(accountID(c))
	return "pk_test_5" + id + c.Random(sdk.Fixed, 72, sdk.Base62) + "00" + c.Random(sdk.Fixed, 8, sdk.Base62)
}

var (
	checkoutStyled = day("2022-06-01") // [R not in 2021-10, in 2026-03]; the day is believed
	checkoutMoved  = day("2022-06-01") // from /pay/ to /c/pay/, the same
)

// checkoutPage is the URL of a session's page. Behind the hash stands how it looks:
// JSON that is filled up to three bytes, with bits turned over
// [R 2021-10, 2026-03].
func (r *request) checkoutPage(d, lines sdk.Doc) string {
	look := r.NewObject()
	styled := r.after(checkoutStyled)
	if styled {
		look.SetString("borderStyle", "default")
	}
	if locale := d.Get("locale").String(); locale != "" {
		look.SetString("locale", locale)
	}
	layout := "single_item"
	switch d.Get("mode").String() {
	case "setup":
		layout = "single_column"
	case "subscription":
		look.SetBool("subscriptionUniquenessEnabled", false)
	}
	if lines.Len() > 1 {
		layout = "multi_item" // believed
	}
	look.SetString("apiKey", ownPublishableKey(r.Call))
	look.SetBool("fromServer", true)
	if styled {
		color := d.Get("branding_settings", "background_color").String()
		look.SetString("backgroundColor", textOr(color, "#ffffff"))
	}
	look.SetString("layoutType", layout)
	look.SetBool("enablePlaceholders", true)
	text := look.JSON()
	b := []byte(text + strings.Repeat(" ", 3-len(text)%3))
	for i := range b {
		b[i] ^= 5
	}
	path := "/c/pay/"
	if !r.after(checkoutMoved) {
		path = "/pay/"
	}
	return "https://checkout.stripe.com" + path + d.Get("id").String() + "#" + url.QueryEscape(base64.StdEncoding.EncodeToString(b))
}
