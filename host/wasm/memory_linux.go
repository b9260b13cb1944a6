package wasm

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mirrahq/mirra/abi"
)

// mappedSource keeps the image in a memory file and maps it privately: reading
// shares its pages, writing copies them.
type mappedSource struct {
	file    int
	image   []byte // a shared read-only mapping of the file
	tracker tracker
}

// tracker finds the pages of a mapping that were written since it was mapped.
type tracker interface {
	// arm prepares a fresh mapping.
	arm(b []byte) error
	// clean calls m.copyBack for every run of written bytes, and perhaps for
	// clean ones.
	clean(m *mappedMemory) error
}

func newMappedSource(image []byte, want strategy) (memorySource, error) {
	page := os.Getpagesize()
	if len(image) == 0 || len(image)%page != 0 {
		return nil, fmt.Errorf("image of %d bytes: not a multiple of the page size %d", len(image), page)
	}
	t, err := trackerFor(want)
	if err != nil {
		return nil, err
	}
	fd, err := unix.MemfdCreate("mirra-image", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create image file: %w", err)
	}
	s := &mappedSource{file: fd, tracker: t}
	if err := s.fill(image, page); err != nil {
		_ = unix.Close(fd) // the fault that matters is err
		return nil, err
	}
	return s, nil
}

// fill writes the image, leaving pages of zeros as holes.
func (s *mappedSource) fill(image []byte, page int) error {
	if err := unix.Ftruncate(s.file, int64(len(image))); err != nil {
		return fmt.Errorf("size image file: %w", err)
	}
	zero := make([]byte, page)
	for at := 0; at < len(image); at += page {
		if string(image[at:at+page]) == string(zero) {
			continue
		}
		n, err := unix.Pwrite(s.file, image[at:at+page], int64(at))
		if err != nil {
			return fmt.Errorf("write image file: %w", err)
		}
		if n != page {
			return fmt.Errorf("write image file: %d of %d bytes", n, page)
		}
	}
	b, err := unix.Mmap(s.file, 0, len(image), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map image file: %w", err)
	}
	s.image = b
	return nil
}

func (s *mappedSource) memory() (guestMemory, error) {
	b, err := unix.Mmap(-1, 0, abi.MaxMemoryBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("map guest memory: %w", err)
	}
	m := &mappedMemory{source: s, all: b}
	addr, err := unix.MmapPtr(s.file, 0, unsafe.Pointer(&b[0]), uintptr(len(s.image)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED|unix.MAP_NORESERVE)
	if err == nil && addr != unsafe.Pointer(&b[0]) {
		err = fmt.Errorf("mapped at %p, want %p", addr, &b[0])
	}
	if err == nil {
		err = s.tracker.arm(b[:len(s.image)])
	}
	if err != nil {
		m.Free()
		return nil, fmt.Errorf("map image: %w", err)
	}
	return m, nil
}

func (s *mappedSource) close() error {
	err := unix.Munmap(s.image)
	if e := unix.Close(s.file); err == nil {
		err = e
	}
	return err
}

type mappedMemory struct {
	source  *mappedSource
	all     []byte // the whole reservation; nothing moves
	size    int
	full    bool
	written int         // bytes copied back by the last restore
	scratch []uint64    // of the tracker
	scan    pagemapScan // of the tracker
}

func (m *mappedMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.all)) {
		m.full = true
		return nil
	}
	m.size = int(size)
	return m.all[:size]
}

func (m *mappedMemory) Free() {
	if m.all != nil {
		_ = unix.Munmap(m.all) // fails only for a range that is not mapped
		m.all, m.size = nil, 0
	}
}

func (m *mappedMemory) bytes() []byte { return m.all[:m.size] }
func (m *mappedMemory) refused() bool { return m.full }

func (m *mappedMemory) restore() (int, bool) {
	image := m.source.image
	if m.size != len(image) {
		return 0, false
	}
	m.full, m.written = false, 0
	err := m.source.tracker.clean(m)
	return m.written, err == nil
}

// copyBack restores a run of pages. They are copied, not unmapped: a page a
// guest writes once it writes again, and a fault costs fifty times the copy.
func (m *mappedMemory) copyBack(from, to int) {
	m.written += copy(m.all[from:to], m.source.image[from:to])
}

// trackerFor returns the tracker of a strategy; "" is the best that works here.
func trackerFor(want strategy) (tracker, error) {
	switch want {
	case "":
		if t, err := writeProtectTracker(); err == nil {
			return t, nil
		}
		return pagemapTracker()
	case strategyWriteProtect:
		return writeProtectTracker()
	case strategyPagemap:
		return pagemapTracker()
	}
	return nil, fmt.Errorf("unknown strategy")
}

// pagemap reads /proc/self/pagemap. A page of a private file mapping that is
// present and not file-backed was copied on write; one that is swapped out was
// as well, because clean pages of a file are dropped instead.
type pagemap struct {
	file *os.File
	fd   int
	page int
}

// See https://docs.kernel.org/admin-guide/mm/pagemap.html
const (
	pagemapFile    = 1 << 61
	pagemapSwapped = 1 << 62
	pagemapPresent = 1 << 63
)

// pagemapTracker opens the file once and tries it: sandboxes such as gVisor
// have none, or one that says nothing.
var pagemapTracker = sync.OnceValues(func() (tracker, error) {
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil, err
	}
	p := &pagemap{file: f, fd: int(f.Fd()), page: os.Getpagesize()}
	if err := tryTracker(p); err != nil {
		_ = f.Close() // read only
		return nil, err
	}
	return p, nil
})

func (p *pagemap) arm([]byte) error { return nil }

func (p *pagemap) clean(m *mappedMemory) error {
	n := m.size / p.page
	if cap(m.scratch) < n {
		m.scratch = make([]uint64, n)
	}
	entries := m.scratch[:n]
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&entries[0])), n*8)
	at := uintptr(unsafe.Pointer(&m.all[0])) / uintptr(p.page) * 8
	got, err := unix.Pread(p.fd, raw, int64(at))
	if err != nil {
		return fmt.Errorf("read pagemap: %w", err)
	}
	if got != len(raw) {
		return fmt.Errorf("read pagemap: %d of %d bytes", got, len(raw))
	}
	from := -1
	for i, e := range entries {
		dirty := e&pagemapSwapped != 0 || e&(pagemapPresent|pagemapFile) == pagemapPresent
		switch {
		case dirty && from < 0:
			from = i
		case !dirty && from >= 0:
			m.copyBack(from*p.page, i*p.page)
			from = -1
		}
	}
	if from >= 0 {
		m.copyBack(from*p.page, m.size)
	}
	return nil
}

// tryTracker runs a tracker against a small mapping whose written page is known.
func tryTracker(t tracker) error {
	page := os.Getpagesize()
	image := make([]byte, 16*page)
	for i := range image {
		image[i] = byte(1 + i/page)
	}
	fd, err := unix.MemfdCreate("mirra-probe", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	s := &mappedSource{file: fd, tracker: t}
	if err := s.fill(image, page); err != nil {
		_ = unix.Close(fd) // err matters
		return err
	}
	defer s.close()
	g, err := s.memory()
	if err != nil {
		return err
	}
	defer g.Free()
	b := g.Reallocate(uint64(len(image)))
	_ = b[3*page] + b[9*page] // mapped, not written
	b[5*page], b[11*page+1] = 0, 0
	if _, err := unix.Pread(fd, b[13*page:13*page+1], 0); err != nil { // as the kernel writes
		return err
	}
	written, ok := g.restore()
	if !ok || written < 3*page || b[5*page] != 6 || b[11*page+1] != 12 || b[13*page] != 14 || written > len(image)/2 {
		return fmt.Errorf("pages written are not reported (%d bytes, %t)", written, ok)
	}
	return nil
}
