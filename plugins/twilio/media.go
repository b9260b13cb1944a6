package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var media = (&kind{
	name: "Media", host: "api", sid: "ME", list: "media_list",
	shape: mediumShape, parent: messages, parentIs: "parent_sid", parentAs: "MessageSid", unread: "DateCreated DateCreated< DateCreated>",
	path: base2010 + "/Accounts/{account}/Messages/{parent_sid}/Media/{sid}.json",
}).collect("media", "media", "parent_sid")

func mediaHandlers() { media.serve("FDL") }

// keepMedium keeps what is known of a medium: the mirror does not fetch it.
// Its content type is what the URL's extension says, else a JPEG's.
func keepMedium(c *sdk.Call, message, url string) {
	d := media.new(c)
	d.SetString("parent_sid", message)
	path, _, _ := strings.Cut(url, "?")
	d.SetString("content_type", cmp.Or(types[strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])], "image/jpeg"))
	media.address(c, d)
	media.MustInsert(c, d)
	marks.Set(c, d.Get("sid").String(), "url", url)
}

// mediaOf are a message's media in their order.
func mediaOf(c *sdk.Call, message string) []sdk.Doc {
	docs, _ := media.All(c, sdk.ListQuery{Index: "parent_sid", Key: message}) // without a cursor there is no error
	slices.Reverse(docs)
	return docs
}

// mediaContent leads to a medium's bytes: where they came from, because they are
// not kept here. The vendor leads to its own store.
func mediaContent(c *sdk.Call) error {
	d, ok := media.Get(c, c.Value("Sid"))
	if !ok || d.Get("parent_sid").String() != c.Value("MessageSid") {
		return notFound(c)
	}
	c.SetStatus(307)
	c.SetHeader("Location", marks.Get(c, d.Get("sid").String(), "url"))
	return c.Send("")
}
