package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/abi"
)

// bodyBuffer is the memory of one request's headers and body.
type bodyBuffer struct {
	b     bytes.Buffer
	pairs []abi.Pair
}

type bodyPool struct{ p sync.Pool }

var bodies bodyPool

func (p *bodyPool) get() *bodyBuffer {
	if b, ok := p.p.Get().(*bodyBuffer); ok {
		b.b.Reset()
		return b
	}
	return new(bodyBuffer)
}

func (p *bodyPool) put(b *bodyBuffer) {
	if b.b.Cap() <= 1<<20 {
		clear(b.pairs)
		p.p.Put(b)
	}
}

// read reads a body up to limit and undoes gzip. What cannot be read is a fault
// that the plugin answers in its vendor's words.
func (b *bodyBuffer) read(r *http.Request, limit int64) ([]byte, *abi.ParseError) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	n, err := b.b.ReadFrom(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonSyntax, Text: "the body ended early: " + err.Error()}
	}
	if n > limit {
		return nil, tooLarge(limit)
	}
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return b.b.Bytes(), nil
	case "gzip", "x-gzip":
		return gunzip(b.b.Bytes(), limit)
	default:
		return b.b.Bytes(), &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonEncoding, Text: "content encoding " + encoding}
	}
}

func tooLarge(limit int64) *abi.ParseError {
	return &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonTooLarge, Text: fmt.Sprintf("the body is larger than %d bytes", limit)}
}

func gunzip(packed []byte, limit int64) ([]byte, *abi.ParseError) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		var out []byte
		if out, err = io.ReadAll(io.LimitReader(z, limit+1)); err == nil {
			if int64(len(out)) > limit {
				return nil, tooLarge(limit)
			}
			return out, nil
		}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends early")
	}
	return nil, &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonEncoding, Text: "the body is not gzip: " + err.Error()}
}
