package wasm

import (
	"fmt"

	"github.com/mirrahq/mirra/abi"
)

// guestMemory is the linear memory of one instance. wazero sizes it through
// Reallocate; it never moves beyond what a strategy says.
type guestMemory interface {
	// Reallocate implements experimental.LinearMemory.
	Reallocate(size uint64) []byte
	// Free implements experimental.LinearMemory.
	Free()
	// bytes returns the memory at its present size.
	bytes() []byte
	// refused reports that the guest asked for more than it may have.
	refused() bool
	// restore makes the memory the image again and returns how many bytes it
	// wrote. It reports false if the instance has to be discarded.
	restore() (written int, ok bool)
}

// memorySource makes memories that start as one image. It may be used
// concurrently.
type memorySource interface {
	memory() (guestMemory, error)
	// close frees the image. Memories made before stay valid.
	close() error
}

// strategy is a way to keep instances clean.
type strategy string

const (
	// strategyCopy copies the whole image back. It runs everywhere.
	strategyCopy strategy = "copy"
	// strategyPagemap maps the image copy-on-write and asks the kernel which
	// pages were copied.
	strategyPagemap strategy = "pagemap"
	// strategyWriteProtect asks it for pages that lost a write-protection mark.
	strategyWriteProtect strategy = "wp"
)

// copySource is strategyCopy.
type copySource struct{ image []byte }

func (s *copySource) memory() (guestMemory, error) {
	return &copyMemory{image: s.image, b: append([]byte(nil), s.image...)}, nil
}

func (s *copySource) close() error { return nil }

type copyMemory struct {
	image []byte
	b     []byte
	size  int // what the guest sees: an instance grows to its image
	full  bool
}

func (m *copyMemory) Reallocate(size uint64) []byte {
	if size > abi.MaxMemoryBytes {
		m.full = true
		return nil
	}
	if n := int(size) - len(m.b); n > 0 {
		m.b = append(m.b, make([]byte, n)...)
	}
	m.size = int(size)
	return m.b[:size]
}

func (m *copyMemory) Free()         { m.b, m.size = nil, 0 }
func (m *copyMemory) bytes() []byte { return m.b[:m.size] }
func (m *copyMemory) refused() bool { return m.full }

func (m *copyMemory) restore() (int, bool) {
	if m.size != len(m.image) {
		return 0, false
	}
	m.full = false
	return copy(m.b, m.image), true
}

// newMemorySource picks the strategy of this system, or the one asked for.
func newMemorySource(image []byte, want strategy) (memorySource, error) {
	if want == strategyCopy {
		return &copySource{image}, nil
	}
	s, err := newMappedSource(image, want)
	if err == nil {
		return s, nil
	}
	if want != "" {
		return nil, fmt.Errorf("strategy %s: %w", want, err)
	}
	// No /proc, a kernel without memfd, another system: slower, as correct.
	return &copySource{image}, nil
}
