package sdk

import (
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Blob is bytes kept outside the plugin, content-addressed per session.
type Blob uint32

// NewBlob returns an empty blob to append to.
func (c *Call) NewBlob() Blob { return Blob(handle(wire.BlobCreate(), "create blob")) }

// OpenBlob returns a sealed blob by its digest; ok is false if there is none.
func (c *Call) OpenBlob(digest string) (b Blob, ok bool) {
	n := wire.BlobOpen(digest)
	return Blob(max(n, 0)), n >= 0
}

// BodyBlob returns the request's body where it is too large to come inline; ok
// is false where c.Request.Body has it.
func (c *Call) BodyBlob() (b Blob, ok bool) { return Blob(c.Blob.Handle), c.HasBlob }

// Size returns the length in bytes.
func (b Blob) Size() int64 { return wire.BlobSize(uint32(b)) }

// ReadAt copies from offset and returns how many bytes there were.
func (b Blob) ReadAt(p []byte, offset int64) int {
	return int(handle(wire.BlobRead(uint32(b), offset, p), "read blob"))
}

// Append adds bytes to a blob that is not sealed.
func (b Blob) Append(p []byte) { handle(wire.BlobAppend(uint32(b), p), "append to blob") }

// Seal ends writing and returns the digest under which OpenBlob finds it.
func (b Blob) Seal() string {
	out := make([]byte, 80)
	return text(out[:handle(wire.BlobSeal(uint32(b), out), "seal blob")])
}

// Drop gives a blob up.
func (b Blob) Drop() { wire.BlobDrop(uint32(b)) }
