// Package tape reads queries and bodies into the records of abi.Tape: decoded,
// in wire order, with nothing interpreted. What the names mean is the plugin's;
// a malformed input becomes a parse error section that the plugin answers in
// its vendor's words.
package tape

import (
	"errors"
	"mime"
	"strings"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
)

// Parser turns requests into tapes. It keeps its buffers; the zero value is
// ready. One request at a time.
type Parser struct {
	decoded []byte // text of strings that had escapes
	parts   []Part
}

// Part is a multipart part whose bytes are to become a blob. At is where its
// handle stands in the frame that Append returned.
type Part struct {
	At   int
	Data []byte
}

// Append appends the tape section of a request to frame, and an error section
// when query or body cannot be read. target is the raw request target. Bind
// must be called for each part before the frame is used.
func (p *Parser) Append(frame []byte, target, contentType string, body []byte) ([]byte, []Part) {
	p.decoded, p.parts = p.decoded[:0], p.parts[:0]
	start := len(frame)
	frame, mark := abi.BeginSection(frame, abi.TagTape)
	var fault *abi.ParseError
	if _, query, ok := strings.Cut(target, "?"); ok && query != "" {
		frame, fault = p.fields(frame, abi.FromQuery, query)
	}
	if fault == nil && len(body) > 0 {
		frame, fault = p.body(frame, contentType, body)
	}
	if fault != nil && fault.Reason != abi.ReasonMediaType {
		// Half a tape is worse than none: no plugin may act on it.
		frame, p.parts = frame[:start], p.parts[:0]
	} else {
		frame = abi.EndSection(frame, mark)
	}
	if fault != nil {
		r := abi.Request{Fault: *fault}
		frame = r.AppendFault(frame)
	}
	return frame, p.parts
}

// Bind writes the handle of a part's blob into the frame.
func (p *Parser) Bind(frame []byte, part Part, handle uint32) {
	frame[part.At] = byte(handle)
	frame[part.At+1] = byte(handle >> 8)
	frame[part.At+2] = byte(handle >> 16)
	frame[part.At+3] = byte(handle >> 24)
}

func (p *Parser) body(frame []byte, contentType string, body []byte) ([]byte, *abi.ParseError) {
	kind, params := contentType, map[string]string(nil)
	if contentType != "application/x-www-form-urlencoded" && contentType != "application/json" {
		var err error
		kind, params, err = mime.ParseMediaType(contentType)
		// A malformed parameter ("application/json; charset") spoils nothing else.
		if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) && contentType != "" {
			return frame, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonMediaType, Text: "malformed content type " + contentType}
		}
	}
	text := unsafe.String(unsafe.SliceData(body), len(body))
	switch {
	case kind == "application/x-www-form-urlencoded", kind == "":
		return p.fields(frame, abi.FromBody, text)
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		return p.json(frame, text)
	case kind == "multipart/form-data":
		return p.multipart(frame, params["boundary"], body)
	}
	return frame, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonMediaType, Text: "content type " + kind}
}
