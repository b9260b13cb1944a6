// Files-mirror shows everything that is larger than a form: files of a
// multipart upload and large JSON bodies kept as blobs, downloads with ranges,
// and an answer that is streamed with pauses and a trailer.
package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/sdk"
)

var files = sdk.New(sdk.Manifest{
	Name: "files", Vendor: "Files", Line: "v1", Build: 1,
	Summary: "Files, uploaded and sent back",
	API:     sdk.API{Default: "v1"},
	Hosts:   []sdk.Host{{ID: "api", Name: "api.files.example"}},
	Env:     []sdk.EnvVar{{Name: "FILES_BASE_URL", Value: "{url}"}},
	Errors:  []sdk.ErrorSpec{sdk.JSONError("internal", 500, "{message}")},
	// Without these, bodies and blobs end at 1 MB.
	Needs: sdk.Needs{BodyBytes: 8 << 20, BlobBytes: 8 << 20},
})

var kept = files.Collect(&sdk.Collection{Type: "file", Entity: "files", Prefix: "fi_", Random: 12})

// pause is how long a streamed answer waits in front of each line.
const pause = 50 * time.Millisecond

func init() {
	files.Before = func(c *sdk.Call) error { c.SetHeader("Content-Type", "application/json"); return nil }
	files.Handle("POST /files", "UploadFile", sdk.Modelled, upload)
	files.Handle("POST /documents", "CreateDocument", sdk.Modelled, document)
	files.Handle("GET /files/{id}", "GetFile", sdk.Modelled, get)
	files.Handle("GET /files/{id}/content", "DownloadFile", sdk.Modelled, download)
	files.Handle("GET /files/{id}/lines", "StreamLines", sdk.Modelled, lines)
	files.Serve()
}

// upload keeps the file of a multipart form. The host has put its bytes into a
// blob; sealing keeps the blob with the call's other changes.
func upload(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	f, ok := c.File("file")
	if !ok {
		return sdk.Fail(400, "send a file as multipart/form-data, field file")
	}
	return keep(c, f, p.Get("purpose").String())
}

// document keeps a JSON body as it was sent. A small one comes inline; a large
// one is a blob already, and does not pass through the plugin at all.
func document(c *sdk.Call) error {
	p, err := c.Params()
	if err != nil {
		return err
	}
	b, large := c.BodyBlob()
	if !large {
		b = c.NewBlob()
		b.Append([]byte(c.Body))
	}
	return keep(c, sdk.File{Name: p.Get("name").String(), ContentType: "application/json", Blob: b, Size: b.Size()}, "document")
}

func keep(c *sdk.Call, f sdk.File, purpose string) error {
	d := c.NewObject()
	d.SetString("id", kept.NewID(c))
	d.SetString("name", f.Name)
	d.SetString("content_type", f.ContentType)
	d.SetInt("size", f.Size)
	d.SetString("digest", f.Blob.Seal())
	d.SetStringOrNull("purpose", purpose)
	d.SetURL("url", "api", "/files/"+d.Get("id").String()+"/content")
	if err := kept.Insert(c, d); err != nil {
		return err
	}
	c.SetStatus(201)
	return c.JSON(d)
}

func get(c *sdk.Call) error {
	d, ok := kept.Get(c, c.Value("id"))
	if !ok {
		return sdk.Fail(404, "no file "+c.Value("id"))
	}
	return c.JSON(d)
}

// open returns a file and its bytes.
func open(c *sdk.Call) (d sdk.Doc, b sdk.Blob, err error) {
	d, ok := kept.Get(c, c.Value("id"))
	if ok {
		b, ok = c.OpenBlob(d.Get("digest").String())
	}
	if !ok {
		return d, b, sdk.Fail(404, "no file "+c.Value("id"))
	}
	return d, b, nil
}

// download sends a file, or the range of it that was asked for, without
// reading it: the host copies from the blob.
func download(c *sdk.Call) error {
	d, b, err := open(c)
	if err != nil {
		return err
	}
	size := b.Size()
	from, to, partial, ok := byteRange(c.Header("Range"), size)
	if !ok {
		c.SetHeader("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
		return sdk.Fail(416, "no such range")
	}
	c.SetHeader("Content-Type", d.Get("content_type").String())
	c.SetHeader("Accept-Ranges", "bytes")
	if partial {
		c.SetStatus(206)
		c.SetHeader("Content-Range", "bytes "+strconv.FormatInt(from, 10)+"-"+strconv.FormatInt(to-1, 10)+"/"+strconv.FormatInt(size, 10))
	}
	return c.BlobBody(b, from, to-from)
}

// byteRange reads "bytes=1-2", "bytes=1-" and "bytes=-2". Anything else is the
// whole file, as RFC 9110 section 14.2 has it (read 2026-11-23); ok is false
// for a range beyond the end.
func byteRange(header string, size int64) (from, to int64, partial, ok bool) {
	spec, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	a, errA := strconv.ParseUint(first, 10, 62)
	z, errZ := strconv.ParseUint(last, 10, 62)
	switch {
	case !found || !dash || errA != nil && first != "" || errZ != nil && last != "" || first == "" && last == "":
		return 0, size, false, true
	case first == "": // the last z bytes
		return max(size-int64(z), 0), size, true, z > 0 && size > 0
	case last == "":
		return int64(a), size, true, int64(a) < size
	case a > z:
		return 0, size, false, true
	}
	return int64(a), min(int64(z)+1, size), true, int64(a) < size
}

// lines streams a text file line by line, as a vendor streams tokens or rows.
func lines(c *sdk.Call) error {
	d, b, err := open(c)
	if err != nil {
		return err
	}
	text := make([]byte, b.Size())
	text = text[:b.ReadAt(text, 0)]
	c.SetHeader("Content-Type", "text/plain; charset=utf-8")
	for line := range strings.Lines(string(text)) {
		c.Chunk(pause, line)
	}
	c.SetTrailer("X-Digest", d.Get("digest").String())
	return nil
}

func main() { sdk.Main() }
