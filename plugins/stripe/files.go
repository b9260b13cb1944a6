package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

var files = stripe.Collect(&sdk.Collection{
	Type: "file", Entity: "files", Prefix: "file_", Random: 24, Index: []string{"purpose"}, Aliases: []string{"file"},
	Fields: []string{"id", "purpose", "filename", "size", "type"},
})

// fileTemplate [R, POST /v1/files at 2023-10-16].
var fileTemplate = sdk.MustTemplate(`{"id":"","object":"file","created":0,"expires_at":null,"filename":null,"links":{"object":"list","data":[],"has_more":false,"url":""},"purpose":"","size":0,"title":null,"type":null,"url":null}`)

func fileHandlers() {
	handle("PostFiles", sdk.Modelled, createFile)
	handle("GetFiles", sdk.Modelled, func(r *request) error {
		q, err := r.page()
		if err != nil {
			return err
		}
		if v := r.text("purpose"); v != "" {
			q.Index, q.Key = "purpose", v
		}
		return r.list(files, q, "file", "/v1/files")
	})
	handle("GetFilesFile", sdk.Modelled, func(r *request) error {
		d, ok := files.Get(r.Call, r.Value("file"))
		if !ok {
			return notFound("file upload", r.Value("file"), "file") // [3, users' reports]
		}
		return r.answer(d)
	})
}

// evidenceLife is how long evidence for a dispute stays [R 270 days].
const evidenceLife = 270 * 24 * 3600

// createFile keeps what is known of an upload; the content is given up. It goes
// to files.stripe.com, where SDKs let its address be set alone.
func createFile(r *request) error {
	f, ok := r.File("file")
	if !ok {
		return invalid("parameter_missing", "file", "Missing required param: file.")
	}
	f.Blob.Drop()
	if f.Size == 0 {
		return invalid("file_empty", "file", "The file you uploaded appears to be blank.") // wording believed
	}
	d := fileTemplate.New(r.Arena)
	id := longID(r.Call, "file_1")
	d.SetString("id", id)
	d.SetInt("created", r.Unix())
	name := f.Name[strings.LastIndexAny(f.Name, `/\`)+1:]
	d.SetStringOrNull("filename", name)
	d.Get("links").SetString("url", "/v1/file_links?file="+id)
	purpose := r.text("purpose")
	d.SetString("purpose", purpose)
	d.SetInt("size", f.Size)
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		typ := strings.ToLower(name[i+1:])
		if typ == "jpeg" {
			typ = "jpg"
		}
		d.SetStringOrNull("type", typ)
	}
	switch purpose {
	case "identity_document", "account_requirement":
		// [R] can neither be read nor does it expire
	case "dispute_evidence":
		d.SetInt("expires_at", r.Unix()+evidenceLife)
		d.SetString("url", "https://files.stripe.com/v1/files/"+id+"/contents")
	default:
		d.SetString("url", "https://files.stripe.com/v1/files/"+id+"/contents")
	}
	if err := files.Insert(r.Call, d); err != nil {
		return err
	}
	emit(r.Call, "file.created", d, sdk.Doc{})
	return r.answer(d)
}
