package sqlite

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// packed is a tree of an idle store: the pages that differ from its template,
// compressed. JSON documents shrink to a tenth.
type packed struct {
	base    *tree
	count   int
	numbers []uint32 // of the pages
	data    []byte
}

var codec = sync.OnceValue(func() (c struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}) {
	// The options are valid constants, so neither call can fail.
	c.enc, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<17))
	c.dec, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	return c
})

// pack compresses t. ok is false when there is nothing to gain.
func pack(t, base *tree) (p *packed, ok bool) {
	p = &packed{base: base, count: t.count}
	var raw []byte
	for n := range t.count {
		q := t.page(n)
		if q == base.page(n) {
			continue
		}
		if q == nil {
			q = new(page) // a hole where the template has a page
		}
		p.numbers = append(p.numbers, uint32(n))
		raw = append(raw, q[:]...)
	}
	if len(raw) == 0 && t.count == base.count {
		return nil, false
	}
	data := codec().enc.EncodeAll(raw, nil)
	p.data = append(make([]byte, 0, len(data)), data...)
	return p, true
}

// unpack returns the tree; what is not shared with the template is of epoch.
func (p *packed) unpack(epoch uint64) (tree, error) {
	raw, err := codec().dec.DecodeAll(p.data, make([]byte, 0, len(p.numbers)*pageSize))
	if err != nil || len(raw) != len(p.numbers)*pageSize {
		return tree{}, fmt.Errorf("unpack database: %d bytes of %d pages: %w", len(raw), len(p.numbers), err)
	}
	f := pageFile{base: *p.base, epoch: epoch}
	f.begin()
	for i, n := range p.numbers {
		if _, err := f.WriteAt(raw[i*pageSize:(i+1)*pageSize], int64(n)*pageSize); err != nil {
			return tree{}, fmt.Errorf("unpack database: %w", err)
		}
	}
	if p.count > f.count { // the last page is a hole
		f.private((p.count - 1) >> leafShift)
		f.count = p.count
	}
	if err := f.Truncate(int64(p.count) * pageSize); err != nil {
		return tree{}, fmt.Errorf("unpack database: %w", err)
	}
	t, _ := f.publish()
	return t, nil
}
