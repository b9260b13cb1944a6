package main

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

// attachmentHandlers serve the files of a kind of email, and on a host of their own
// the bytes.
func attachmentHandlers(k *kind, verb, host string) {
	k.on("list-"+verb+"s", func(r *request, d sdk.Doc) error {
		var docs []sdk.Doc
		for a := range d.Get("attachments").All {
			docs = append(docs, r.attachment(d, a, host))
		}
		return r.answerPage(docs, everything)
	})
	k.on("get-"+verb, func(r *request, d sdk.Doc) error {
		a, ok := attachmentOf(d, r.Value("attachment_id"))
		if !ok {
			return notFound("Attachment")
		}
		out := r.Object("object", "attachment")
		for m := range r.attachment(d, a, host).All {
			out.SetDoc(m.Key(), m)
		}
		return r.JSON(out)
	})
	resend.HandleHost(host, "GET /{email_id}/attachments/{attachment_id}", "files/"+host, sdk.Modelled, func(c *sdk.Call) error {
		d, _ := k.keep.Get(c, c.Value("email_id"))
		a, _ := attachmentOf(d, c.Value("attachment_id"))
		b, ok := c.OpenBlob(a.Get("blob").String())
		if !ok {
			c.SetHeader("Content-Type", contentType)
			return fail(404, "not_found", "File not found") // believed
		}
		c.SetHeader("Content-Type", a.Get("content_type").String())
		return c.BlobBody(b, 0, b.Size())
	})
}

// readAttachments checks attachments, and returns the bytes of each.
func readAttachments(list sdk.Doc) (contents [][]byte, err error) {
	for a := range list.All {
		if a.Get("content").IsNull() && a.Get("path").IsNull() { // [D api-reference/errors, 2026-11]
			return nil, fail(422, "invalid_attachment", textAttachment)
		}
		content, ok := contentOf(a)
		if !ok {
			return nil, fail(422, "invalid_attachment", "The `content` of an attachment must be a base64 string.") // believed
		}
		contents = append(contents, content)
	}
	return contents, nil
}

// contentOf is the bytes of an attachment: base64, or numbers of bytes as resend-go
// and Node's Buffer write them.
func contentOf(a sdk.Doc) ([]byte, bool) {
	content := a.Get("content")
	if content.Kind() == sdk.Object {
		content = content.Get("data")
	}
	if content.Kind() == sdk.Array {
		out := make([]byte, 0, content.Len())
		for n := range content.All {
			out = append(out, byte(n.Int64()))
		}
		return out, true
	}
	text := strings.TrimRight(content.String(), "=")
	out, err := base64.RawStdEncoding.DecodeString(text) // line ends do not matter to it
	if err != nil {
		out, err = base64.RawStdEncoding.DecodeString(strings.ReplaceAll(text, " ", ""))
	}
	return out, err == nil
}

// keepAttachments keeps the files of an email. What is hosted elsewhere is not
// fetched: mirrors reach nothing.
func keepAttachments(c *sdk.Call, list sdk.Doc, contents [][]byte) (kept sdk.Doc) {
	if list.IsNull() {
		return kept
	}
	kept = c.NewArray()
	for a := range list.All {
		kind := a.Get("content_type").String()
		if kind == "" {
			kind = sdk.ContentTypeOf(a.Get("filename").String(), "application/octet-stream")
		}
		disposition := "attachment"
		if !a.Get("content_id").IsNull() { // [D dashboard/emails/embed-inline-images; S resend-node Attachment]
			disposition = "inline"
		}
		content := contents[kept.Len()]
		one := kept.AddObject()
		one.Put("id", c.UUID(sdk.Objects), "filename", a.Get("filename"), "content_type", kind, "content_id", a.Get("content_id"),
			"content_disposition", disposition, "size", len(content))
		if path := a.Get("path").String(); path != "" && a.Get("content").IsNull() {
			one.SetString("path", path)
			c.Warn("attachment " + path + " is hosted elsewhere and was not fetched")
			continue
		}
		b := c.NewBlob()
		b.Append(content)
		one.SetString("blob", b.Seal())
	}
	return kept
}

// urlLifetime is how long addresses of files hold (believed).
const urlLifetime = time.Hour

func (r *request) attachment(email, a sdk.Doc, host string) sdk.Doc {
	out := r.pick(a, "id filename content_type content_id content_disposition")
	if path := a.Get("path").String(); path != "" {
		out.SetString("download_url", path)
	} else {
		out.SetURL("download_url", host, "/"+email.Get("id").String()+"/attachments/"+a.Get("id").String())
	}
	out.SetString("expires_at", sdk.ISOMillis(r.Now().Add(urlLifetime)))
	out.SetDoc("size", a.Get("size"))
	return out
}

func attachmentOf(email sdk.Doc, id string) (sdk.Doc, bool) {
	for a := range email.Get("attachments").All {
		if a.Get("id").String() == id {
			return a, true
		}
	}
	return sdk.Doc{}, false
}
