package sdk

import "github.com/mirrahq/mirra/abi"

// File is a file of a multipart form. Its bytes are a blob of this call: Seal
// it to keep it.
type File struct {
	Name        string // as sent, which may be a path
	ContentType string // as sent, "" if it was not
	Blob        Blob
	Size        int64
}

// File returns the file that a field of a multipart form holds; ok is false if
// there is none. Params has the form's other fields.
func (c *Call) File(field string) (f File, ok bool) {
	for t := c.Tape; t != ""; {
		r, rest, err := t.Next()
		if err != nil {
			break
		}
		if t = rest; r.Op == abi.OpPart && r.Name == field && r.InBlob {
			return File{Name: r.FileName, ContentType: r.ContentType, Blob: Blob(r.Blob.Handle), Size: int64(r.Blob.Size)}, true
		}
	}
	return File{}, false
}
