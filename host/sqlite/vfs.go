package sqlite

import (
	"io"
	"strconv"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// vfsName is how connections ask for a pageFile. Unlike go-sqlite3's own mvcc
// VFS the file under a connection can be exchanged between transactions, which
// is what lets stores share connections.
const vfsName = "mirra"

func init() { vfs.Register(vfsName, pageVFS{}) }

// pageVFS opens page files by the name mount gave them, once.
type pageVFS struct{}

var mounts sync.Map // name to *pageFile

// mount makes f openable and returns its URI and what ends that.
func mount(f *pageFile) (uri string, unmount func()) {
	name := "/" + strconv.FormatUint(nextSerial(), 36)
	mounts.Store(name, f)
	return "file:" + name + "?vfs=" + vfsName, func() { mounts.Delete(name) }
}

func (pageVFS) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, ok := mounts.Load(name)
	if !ok || flags&vfs.OPEN_MAIN_DB == 0 {
		return nil, flags, sqlite3.CANTOPEN
	}
	// OPEN_MEMORY makes SQLite keep its journal in memory.
	return f.(*pageFile), flags | vfs.OPEN_MEMORY, nil
}

func (pageVFS) Delete(string, bool) error                   { return sqlite3.IOERR_DELETE_NOENT }
func (pageVFS) Access(string, vfs.AccessFlag) (bool, error) { return false, nil }
func (pageVFS) FullPathname(name string) (string, error)    { return name, nil }

// pageFile is a database file made of a tree. Writes go to private copies of
// leaves and pages until publish makes a new tree of them or discard drops
// them. Buffers that nobody can reach any more are used again, so that a
// steady stream of commits does not allocate.
type pageFile struct {
	base tree
	// epoch marks the pages that belong to the store base was taken from; 0
	// when they may be anyone's.
	epoch uint64

	leaves []*leaf // of the working tree, once dirty
	count  int
	dirty  bool

	freePages  []*page
	freeLeaves []*leaf
	scratch    []*leaf
}

// maxFree bounds the buffers kept per connection: 256 KB of pages.
const maxFree = 256 << 10 / pageSize

// attach makes t the content. The caller drops SQLite's cache if t is not what
// the connection saw last.
func (f *pageFile) attach(t tree, epoch uint64) {
	f.base, f.epoch = t, epoch
	f.dirty = false
}

// discard drops what was written since attach or publish.
func (f *pageFile) discard() {
	if !f.dirty {
		return
	}
	for i, l := range f.leaves {
		if i < len(f.base.leaves) && f.base.leaves[i] == l {
			continue
		}
		for n, p := range l.pages {
			if p != nil && p != f.basePage(i<<leafShift|n) {
				f.freePage(p)
			}
		}
		f.freeLeaf(l)
	}
	f.scratch, f.leaves = f.leaves[:0], nil
	f.dirty = false
}

// publish returns the content and makes it the base. ok is false when nothing
// was written.
func (f *pageFile) publish() (t tree, ok bool) {
	if !f.dirty {
		return f.base, false
	}
	old := f.base
	t = tree{leaves: f.leaves, count: f.count, epoch: f.epoch}
	f.base, f.leaves, f.dirty = t, nil, false
	for i, l := range old.leaves {
		if i < len(t.leaves) && t.leaves[i] == l || !f.owns(l.epoch) {
			continue
		}
		for n, p := range l.pages {
			if l.owned&(1<<n) != 0 && p != f.basePage(i<<leafShift|n) {
				f.freePage(p)
			}
		}
		f.freeLeaf(l)
	}
	if f.owns(old.epoch) {
		f.scratch = old.leaves[:0]
	}
	return t, true
}

// owns reports whether what was made under epoch is this file's to use again.
func (f *pageFile) owns(epoch uint64) bool { return epoch != 0 && epoch == f.epoch }

// basePage is base.page without the bound of count: a truncated page is still
// reachable from the leaf.
func (f *pageFile) basePage(n int) *page {
	if n>>leafShift >= len(f.base.leaves) {
		return nil
	}
	return f.base.leaves[n>>leafShift].pages[n&leafMask]
}

func (f *pageFile) freePage(p *page) {
	if len(f.freePages) < maxFree {
		f.freePages = append(f.freePages, p)
	}
}

func (f *pageFile) freeLeaf(l *leaf) {
	if len(f.freeLeaves) < maxFree/4 {
		*l = leaf{}
		f.freeLeaves = append(f.freeLeaves, l)
	}
}

func (f *pageFile) newPage() *page {
	if n := len(f.freePages); n > 0 {
		p := f.freePages[n-1]
		f.freePages = f.freePages[:n-1]
		return p
	}
	return new(page)
}

func (f *pageFile) newLeaf() *leaf {
	if n := len(f.freeLeaves); n > 0 {
		l := f.freeLeaves[n-1]
		f.freeLeaves = f.freeLeaves[:n-1]
		return l
	}
	return new(leaf)
}

// begin starts the working tree.
func (f *pageFile) begin() {
	if f.dirty {
		return
	}
	f.leaves = append(f.scratch[:0], f.base.leaves...)
	f.scratch = nil
	f.count, f.dirty = f.base.count, true
}

// private returns leaf i of the working tree, ready to be changed.
func (f *pageFile) private(i int) *leaf {
	for i >= len(f.leaves) {
		l := f.newLeaf()
		l.epoch = f.epoch
		f.leaves = append(f.leaves, l)
	}
	l := f.leaves[i]
	if i >= len(f.base.leaves) || f.base.leaves[i] != l {
		return l
	}
	c := f.newLeaf()
	*c = *l
	if !f.owns(c.epoch) {
		c.epoch, c.owned = f.epoch, 0
	}
	f.leaves[i] = c
	return c
}

func (f *pageFile) content() tree {
	if f.dirty {
		return tree{leaves: f.leaves, count: f.count}
	}
	return f.base
}

// ReadAt serves whole pages and parts of one.
func (f *pageFile) ReadAt(b []byte, off int64) (n int, err error) {
	t := f.content()
	for n < len(b) {
		at := int(off) + n
		i := at / pageSize
		if i >= t.count {
			return n, io.EOF
		}
		if p := t.page(i); p != nil {
			n += copy(b[n:], p[at%pageSize:])
		} else {
			m := min(len(b)-n, pageSize-at%pageSize)
			clear(b[n : n+m])
			n += m
		}
	}
	return n, nil
}

// WriteAt takes whole pages, the only thing SQLite writes.
func (f *pageFile) WriteAt(b []byte, off int64) (int, error) {
	if len(b) != pageSize || off%pageSize != 0 {
		return 0, sqlite3.IOERR_WRITE
	}
	f.begin()
	n := int(off / pageSize)
	l := f.private(n >> leafShift)
	i := n & leafMask
	p := l.pages[i]
	if p == nil || p == f.basePage(n) {
		p = f.newPage()
		l.pages[i] = p
		l.owned |= 1 << i
	}
	copy(p[:], b)
	f.count = max(f.count, n+1)
	return len(b), nil
}

// Truncate drops pages from the end.
func (f *pageFile) Truncate(size int64) error {
	f.begin()
	n := int(size / pageSize)
	if n >= f.count {
		return nil
	}
	// Pages written by this transaction go to the garbage collector: rare.
	f.leaves = f.leaves[:(n+leafMask)>>leafShift]
	if n&leafMask != 0 {
		l := f.private(n >> leafShift)
		clear(l.pages[n&leafMask:])
		l.owned &= 1<<(n&leafMask) - 1
	}
	f.count = n
	return nil
}

// Size returns the length of the file.
func (f *pageFile) Size() (int64, error) {
	if f.dirty {
		return int64(f.count) * pageSize, nil
	}
	return int64(f.base.count) * pageSize, nil
}

// A page file has one connection, so locks are granted.

func (*pageFile) Lock(vfs.LockLevel) error         { return nil }
func (*pageFile) Unlock(vfs.LockLevel) error       { return nil }
func (*pageFile) CheckReservedLock() (bool, error) { return false, nil }
func (*pageFile) Sync(vfs.SyncFlag) error          { return nil }
func (*pageFile) Close() error                     { return nil }
func (*pageFile) SectorSize() int                  { return 0 }

func (*pageFile) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_ATOMIC | vfs.IOCAP_SEQUENTIAL | vfs.IOCAP_SAFE_APPEND |
		vfs.IOCAP_POWERSAFE_OVERWRITE | vfs.IOCAP_SUBPAGE_READ
}
