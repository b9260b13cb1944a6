package wasm

import (
	"fmt"
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeProtect marks the pages of a fresh mapping as write-protected with
// userfaultfd. In its asynchronous mode the kernel just drops the mark at the
// first write, and PAGEMAP_SCAN (Linux 6.7) lists the pages without one. That
// takes a third of the time of reading pagemap, which looks up the page behind
// each entry.
// See https://docs.kernel.org/admin-guide/mm/pagemap.html and
// https://docs.kernel.org/admin-guide/mm/userfaultfd.html
type writeProtect struct {
	uffd    int
	pagemap *os.File
	fd      int // of pagemap
}

// From include/uapi/linux/userfaultfd.h and fs.h.
const (
	uffdUserModeOnly  = 1
	uffdAPI           = 0xaa
	uffdFeatureAsync  = 1 << 15
	uffdRegisterWP    = 1 << 1
	uffdWriteProtect  = 1 << 0
	ioctlUFFDAPI      = 0xc018aa3f
	ioctlUFFDRegister = 0xc020aa00
	ioctlUFFDProtect  = 0xc018aa06
	ioctlPagemapScan  = 0xc0606610
	pageIsWritten     = 1 << 1
)

type uffdioAPI struct{ api, features, ioctls uint64 }

type uffdioRegister struct{ start, length, mode, ioctls uint64 }

type uffdioWriteprotect struct{ start, length, mode uint64 }

type pageRegion struct{ start, end, categories uint64 }

type pagemapScan struct {
	size, flags, start, end, walkEnd uint64
	regions, count, maxPages         uint64
	inverted, mask, anyOf, returned  uint64
}

func ioctl(fd int, request uintptr, arg unsafe.Pointer) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(arg))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// writeProtectTracker opens the process's userfaultfd once and tries it. Old
// kernels and most container sandboxes do not have it.
var writeProtectTracker = sync.OnceValues(func() (tracker, error) {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|unix.O_NONBLOCK|uffdUserModeOnly, 0, 0)
	if errno != 0 {
		return nil, fmt.Errorf("userfaultfd: %w", errno)
	}
	w := &writeProtect{uffd: int(fd)}
	api := uffdioAPI{api: uffdAPI, features: uffdFeatureAsync}
	_, err := ioctl(w.uffd, ioctlUFFDAPI, unsafe.Pointer(&api))
	if err == nil {
		w.pagemap, err = os.Open("/proc/self/pagemap")
	}
	if err == nil {
		w.fd = int(w.pagemap.Fd())
		if err = tryTracker(w); err != nil {
			_ = w.pagemap.Close() // read only
		}
	}
	if err != nil {
		_ = unix.Close(w.uffd) // err says why it is of no use
		return nil, fmt.Errorf("userfaultfd: %w", err)
	}
	return w, nil
})

func (w *writeProtect) arm(b []byte) error {
	start, length := uint64(uintptr(unsafe.Pointer(&b[0]))), uint64(len(b))
	// Reading pages in ahead (MADV_POPULATE_READ) was measured: it doubles what
	// an instance costs, because a guest reads a tenth of its image.
	r := uffdioRegister{start: start, length: length, mode: uffdRegisterWP}
	if _, err := ioctl(w.uffd, ioctlUFFDRegister, unsafe.Pointer(&r)); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	p := uffdioWriteprotect{start: start, length: length, mode: uffdWriteProtect}
	if _, err := ioctl(w.uffd, ioctlUFFDProtect, unsafe.Pointer(&p)); err != nil {
		return fmt.Errorf("write-protect: %w", err)
	}
	return nil
}

// scanRegions is how many runs of pages one system call returns.
const scanRegions = 256

func (w *writeProtect) clean(m *mappedMemory) error {
	const words = scanRegions * int(unsafe.Sizeof(pageRegion{})) / 8
	if cap(m.scratch) < words {
		m.scratch = make([]uint64, words)
	}
	regions := unsafe.Slice((*pageRegion)(unsafe.Pointer(unsafe.SliceData(m.scratch))), scanRegions)
	base := uint64(uintptr(unsafe.Pointer(&m.all[0])))
	m.scan = pagemapScan{
		size: uint64(unsafe.Sizeof(m.scan)), start: base, end: base + uint64(m.size),
		regions: uint64(uintptr(unsafe.Pointer(&regions[0]))), count: scanRegions,
		mask: pageIsWritten, returned: pageIsWritten,
	}
	for m.scan.start < m.scan.end {
		n, err := ioctl(w.fd, ioctlPagemapScan, unsafe.Pointer(&m.scan))
		if err != nil {
			return fmt.Errorf("scan pagemap: %w", err)
		}
		for _, r := range regions[:n] {
			m.copyBack(int(r.start-base), int(r.end-base))
		}
		if m.scan.walkEnd <= m.scan.start {
			return fmt.Errorf("scan pagemap: stuck at %#x", m.scan.walkEnd-base)
		}
		m.scan.start = m.scan.walkEnd
	}
	return nil
}
