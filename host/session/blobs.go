package session

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// blobStore keeps a mirror's sealed blobs by digest, in memory. Files of a
// persistent session are written through by save.
type blobStore struct {
	sealed map[string][]byte
	bytes  int64
	save   func(digest string, b []byte) error // nil for ephemeral sessions
	load   func(digest string) ([]byte, error)
}

// maxBlobBytes is what the blobs of one mirror may hold in one session.
const maxBlobBytes = 256 << 20

func (s *blobStore) get(digest string) ([]byte, bool) {
	b, ok := s.sealed[digest]
	if !ok && s.load != nil {
		if read, err := s.load(digest); err == nil {
			s.put(digest, read)
			return read, true
		}
	}
	return b, ok
}

func (s *blobStore) put(digest string, b []byte) {
	if s.sealed == nil {
		s.sealed = map[string][]byte{}
	}
	if _, ok := s.sealed[digest]; !ok {
		s.bytes += int64(len(b))
		s.sealed[digest] = b
	}
}

// blobSession is the blobs one call has open. Handle n is open[n-1].
type blobSession struct {
	store  *blobStore
	open   []openBlob
	staged map[string][]byte
	bytes  int64 // appended in this call
}

type openBlob struct {
	data   []byte
	own    bool // data is this blob's alone
	sealed bool
	gone   bool
}

func (b *blobSession) begin(s *blobStore) { *b = blobSession{store: s, open: b.open[:0]} }

// give opens bytes that came with a request and returns their handle.
func (b *blobSession) give(data []byte) uint32 {
	b.open = append(b.open, openBlob{data: data})
	return uint32(len(b.open))
}

func (b *blobSession) at(handle uint32) (*openBlob, error) {
	if handle == 0 || int(handle) > len(b.open) || b.open[handle-1].gone {
		return nil, &host.CallError{Errno: abi.NotFound, Message: fmt.Sprintf("no blob with handle %d", handle)}
	}
	return &b.open[handle-1], nil
}

func (b *blobSession) commit() {
	for digest, data := range b.staged {
		b.store.put(digest, data)
	}
}

func (c *call) BlobSize(handle uint32) (int64, error) {
	o, err := c.blobs.at(handle)
	if err != nil {
		return 0, err
	}
	return int64(len(o.data)), nil
}

func (c *call) BlobRead(handle uint32, offset int64, p []byte) (int, error) {
	o, err := c.blobs.at(handle)
	if err != nil {
		return 0, err
	}
	if offset < 0 || offset > int64(len(o.data)) {
		return 0, &host.CallError{Errno: abi.Invalid, Message: fmt.Sprintf("offset %d of a blob of %d bytes", offset, len(o.data))}
	}
	return copy(p, o.data[offset:]), nil
}

func (c *call) BlobCreate() (uint32, error) { return c.blobs.give(nil), nil }

func (c *call) BlobAppend(handle uint32, p []byte) error {
	o, err := c.blobs.at(handle)
	if err != nil {
		return err
	}
	if o.sealed {
		return &host.CallError{Errno: abi.Denied, Message: "the blob is sealed"}
	}
	if int64(len(o.data)+len(p)) > c.m.spec.blobBytes {
		return &host.CallError{Errno: abi.Limit, Message: fmt.Sprintf("a blob of more than %d bytes", c.m.spec.blobBytes)}
	}
	if c.blobs.bytes += int64(len(p)); c.blobs.bytes > 2*c.m.spec.blobBytes {
		return &host.CallError{Errno: abi.Limit, Message: fmt.Sprintf("more than %d bytes appended to blobs in one call", 2*c.m.spec.blobBytes)}
	}
	if !o.own {
		// What came with a request shares the request's memory, an opened blob
		// that of all who open it.
		o.data, o.own = o.data[:len(o.data):len(o.data)], true
	}
	o.data = append(o.data, p...)
	return nil
}

func (c *call) BlobSeal(handle uint32) (string, error) {
	o, err := c.blobs.at(handle)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(o.data)
	digest := "sha256:" + hex.EncodeToString(sum[:])
	o.sealed = true
	if _, ok := c.blobs.store.get(digest); ok {
		return digest, nil
	}
	staged := int64(len(o.data))
	for _, d := range c.blobs.staged {
		staged += int64(len(d))
	}
	if c.blobs.store.bytes+staged > maxBlobBytes {
		return "", &host.CallError{Errno: abi.Limit, Message: fmt.Sprintf("more than %d bytes of blobs in this session", maxBlobBytes)}
	}
	data := append([]byte(nil), o.data...)
	if save := c.blobs.store.save; save != nil {
		// The file is there before the row that names it; a rollback leaves an
		// unnamed file, never a name without a file.
		if err := save(digest, data); err != nil {
			return "", err
		}
	}
	if c.blobs.staged == nil {
		c.blobs.staged = map[string][]byte{}
	}
	c.blobs.staged[digest] = data
	return digest, nil
}

func (c *call) BlobOpen(digest string) (uint32, error) {
	data, ok := c.blobs.staged[digest]
	if !ok {
		data, ok = c.blobs.store.get(digest)
	}
	if !ok {
		return 0, &host.CallError{Errno: abi.NotFound, Message: "no blob " + digest}
	}
	h := c.blobs.give(data)
	c.blobs.open[h-1].sealed = true
	return h, nil
}

func (c *call) BlobDrop(handle uint32) error {
	o, err := c.blobs.at(handle)
	if err == nil {
		o.gone, o.data = true, nil
	}
	return err
}
