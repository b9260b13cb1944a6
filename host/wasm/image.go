package wasm

import (
	"context"
	"fmt"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// image is a guest after its init phase and warm-up: what every call starts from.
type image struct {
	schema  host.Schema
	memory  []byte // nil once a memorySource holds it
	size    int
	mutable []int    // indexes of mutable globals
	globals []uint64 // their values
}

// warmups is how often KindWarmup is called before the image is taken: the
// first call sets up what is made lazily, the second finds it there and shows
// which memory is really used.
const warmups = 2

// build runs a guest up to its image.
func (p *program) build(ctx context.Context, m *module) (*image, error) {
	mem := &copyMemory{}
	in, err := p.newInstance(ctx, mem)
	if err != nil {
		return nil, err
	}
	defer in.close(ctx)
	if err := putData(mem.bytes(), m.data); err != nil {
		return nil, err
	}
	img := &image{mutable: p.mutable}
	// One budget each: a plugin that needs more is wrong, not slow.
	step := func(name string, phase abi.Phase, c host.Call, frame []byte) error {
		f := in.module.ExportedFunction(name)
		if f == nil {
			return nil // optional
		}
		random := in.random
		in.begin(ctx, c, phase, host.LongBudget)
		in.frame, in.init, in.random = frame, &img.schema, random
		_, err := in.run(f, host.LongBudget.Wall)
		in.forget()
		return err
	}
	if err := step(abi.ExportInitialize, phaseStart, nil, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", abi.ExportInitialize, err)
	}
	if err := step(abi.ExportInit, abi.InitPhase, nil, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", abi.ExportInit, err)
	}
	for range warmups {
		if err := step(abi.ExportCall, abi.CallPhase, nullCall{}, warmupFrame()); err != nil {
			return nil, fmt.Errorf("warm-up: %w", err)
		}
	}
	img.memory = append([]byte(nil), mem.bytes()...)
	img.size = len(img.memory)
	for _, g := range in.globals {
		img.globals = append(img.globals, g.Get())
	}
	return img, nil
}

func warmupFrame() []byte {
	r := abi.Request{Kind: abi.KindWarmup, Context: abi.Context{NowNS: initNowNS, PeerNS: initNowNS}}
	return r.Append(nil)
}

// putData copies the active data segments where the module wants them. The
// offset of a validated one is a constant: there are no imported globals.
func putData(memory []byte, data []dataEntry) error {
	for i, d := range data {
		c := &cursor{b: d.offset}
		if c.byte() != opI32Const {
			return fmt.Errorf("data segment %d: offset is not a constant", i)
		}
		at := uint64(uint32(c.s32()))
		if at+uint64(len(d.bytes)) > uint64(len(memory)) {
			return fmt.Errorf("data segment %d: %d bytes at %#x are outside the memory", i, len(d.bytes), at)
		}
		copy(memory[at:], d.bytes)
	}
	return nil
}

// nullCall answers warm-up calls: an empty database, a clock that stands, zero
// bytes for everything secret or random. Nothing it is told is kept.
type nullCall struct{}

var _ host.Call = nullCall{}

var errWarmup = &host.CallError{Errno: abi.Denied, Message: "not during warm-up"}

func (nullCall) Run(_ uint32, _, out []byte) ([]byte, int, error) {
	return append(out[:0], make([]byte, abi.RowsHeaderBytes)...), 0, nil
}

func (nullCall) Emit(dst []byte, _ uint32, _ []byte, _ int, _ []byte) ([]byte, int, error) {
	return dst, 0, nil
}

func (nullCall) NowNS() int64                                    { return initNowNS }
func (nullCall) PeerNS() int64                                   { return initNowNS }
func (nullCall) SetTimer(string, int64, []byte) error            { return nil }
func (nullCall) ClearTimer(string) error                         { return nil }
func (nullCall) Secret(string) (uint32, error)                   { return 1, nil }
func (nullCall) Keygen(string, int, uint32) (uint32, error)      { return 1, nil }
func (nullCall) Enqueue(abi.Enqueue) (uint64, error)             { return 1, nil }
func (nullCall) Take([]byte, int64, int64, int64) (int64, error) { return 0, nil }
func (nullCall) Log(uint32, []byte)                              {}

func (nullCall) Fill(_ uint32, p []byte) error {
	clear(p)
	return nil
}

func (nullCall) HMAC(alg, _ uint32, _, out []byte) ([]byte, error) {
	return nullCall{}.Digest(alg, nil, out)
}

func (nullCall) Digest(alg uint32, _, out []byte) ([]byte, error) {
	sizes := map[uint32]int{abi.SHA1: 20, abi.SHA256: 32, abi.SHA512: 64, abi.MD5: 16}
	n, ok := sizes[alg]
	if !ok {
		return nil, &host.CallError{Errno: abi.Invalid, Message: "unknown algorithm"}
	}
	return append(out, make([]byte, n)...), nil
}

func (nullCall) BlobSize(uint32) (int64, error)              { return 0, errWarmup }
func (nullCall) BlobRead(uint32, int64, []byte) (int, error) { return 0, errWarmup }
func (nullCall) BlobCreate() (uint32, error)                 { return 0, errWarmup }
func (nullCall) BlobAppend(uint32, []byte) error             { return errWarmup }
func (nullCall) BlobSeal(uint32) (string, error)             { return "", errWarmup }
func (nullCall) BlobOpen(string) (uint32, error)             { return 0, errWarmup }
func (nullCall) BlobDrop(uint32) error                       { return errWarmup }
