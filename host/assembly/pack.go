package assembly

import (
	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/host/session"
)

// packer compresses old parts of traces.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

var _ session.Packer = (*packer)(nil)

// maxPackedBytes bounds what Unpack makes: a block of a trace is far smaller.
const maxPackedBytes = 64 << 20

func newPacker() *packer {
	// Options of constants: they cannot be refused.
	enc, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10))
	dec, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPackedBytes))
	return &packer{enc, dec}
}

// Pack implements session.Packer.
func (p *packer) Pack(b []byte) []byte { return p.enc.EncodeAll(b, nil) }

// Unpack implements session.Packer.
func (p *packer) Unpack(b []byte) ([]byte, error) { return p.dec.DecodeAll(b, nil) }
