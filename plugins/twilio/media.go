package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var media = (&kind{
	name: "Media", host: "api", sid: "ME", list: "media_list",
	shape:  sdk.MustTemplate(`{"sid":"","account_sid":"","parent_sid":"","content_type":"","date_created":"","date_updated":"","uri":""}`),
	parent: messages, parentIs: "parent_sid", parentAs: "MessageSid",
	path: base2010 + "/Accounts/{account}/Messages/{parent_sid}/Media/{sid}.json",
}).collect("media", "media", "parent_sid")

func mediaHandlers() { media.serve("FDL") }

// types are content types by extension, of what the vendor takes most [D
// twilio.com/docs/messaging/guides/accepted-mime-types, 2026-11].
var types = map[string]string{
	"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "bmp": "image/bmp", "tiff": "image/tiff",
	"mp3": "audio/mpeg", "ogg": "audio/ogg", "amr": "audio/amr", "wav": "audio/wav", "mp4": "video/mp4", "mov": "video/quicktime", "3gp": "video/3gpp",
	"pdf": "application/pdf", "vcf": "text/vcard", "csv": "text/csv", "txt": "text/plain",
}

// keepMedium keeps what is known of a medium: the mirror does not fetch it.
// Its content type is what the URL's extension says, else a JPEG's.
func keepMedium(c *sdk.Call, message, url string) {
	d := media.new(c)
	d.SetString("parent_sid", message)
	path, _, _ := strings.Cut(url, "?")
	kind := types[strings.ToLower(path[strings.LastIndexByte(path, '.')+1:])]
	if kind == "" {
		kind = "image/jpeg"
	}
	d.SetString("content_type", kind)
	media.address(c, d)
	insert(c, media, d)
	more := c.NewObject()
	more.SetString("url", url)
	keepDetail(c, d.Get("sid").String(), more)
}

// mediaOf are a message's media in their order.
func mediaOf(c *sdk.Call, message string) []sdk.Doc {
	p, err := media.Find(c, sdk.ListQuery{Limit: mostMedia, Index: "parent_sid", Key: message})
	if err != nil {
		return nil
	}
	docs, _ := p.Docs(c)
	for i, j := 0, len(docs)-1; i < j; i, j = i+1, j-1 {
		docs[i], docs[j] = docs[j], docs[i]
	}
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
	c.SetHeader("Location", detail(c, d.Get("sid").String()).Get("url").String())
	return c.Send("")
}
