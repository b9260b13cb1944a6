package tape

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"

	"github.com/mirrahq/mirra/abi"
)

// maxParts bounds the parts of one body.
const maxParts = 1000

// multipart appends the parts of a form. Files, and fields that are too large
// for a frame, become blobs.
func (p *Parser) multipart(frame []byte, boundary string, body []byte) ([]byte, *abi.ParseError) {
	fail := func(text string) ([]byte, *abi.ParseError) {
		return frame, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonSyntax, Text: "multipart: " + text}
	}
	if boundary == "" {
		return fail("the content type names no boundary")
	}
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		part, err := r.NextRawPart()
		if err == io.EOF { // as it is: wrapped, it means that the last boundary is missing
			return frame, nil
		}
		if err != nil {
			return fail(err.Error())
		}
		if n == maxParts {
			return fail("too many parts")
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return fail(err.Error())
		}
		name, fileName := disposition(part.Header.Get("Content-Disposition"))
		contentType := part.Header.Get("Content-Type")
		if fileName == "" && len(data) <= abi.MaxInlineBodyBytes {
			frame = abi.AppendRecord(frame, abi.OpPart, abi.FromBody, 0, 0, name, fileName, contentType, string(data))
			continue
		}
		frame = abi.AppendPartBlob(frame, 0, name, fileName, contentType, abi.BlobRef{Size: uint64(len(data))})
		p.parts = append(p.parts, Part{At: len(frame) - blobRefBytes, Data: data})
	}
}

// blobRefBytes is what AppendPartBlob ends with: u32 handle, u64 size.
const blobRefBytes = 4 + 8

// disposition reads name and file name of a part; the file name is kept as
// sent, paths included.
func disposition(header string) (name, fileName string) {
	_, params, err := mime.ParseMediaType(header)
	if err != nil {
		return "", ""
	}
	return params["name"], params["filename"]
}
