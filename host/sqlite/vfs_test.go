package sqlite

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

// TestPageFilesShareSafely lets stores that descend from one another write,
// truncate, roll back, fork and go idle through few files, and compares each
// with a plain copy of what it should be.
func TestPageFilesShareSafely(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	type store struct {
		m    *memory
		want []byte
	}
	prog := &program{template: treeOf(bytes.Repeat([]byte{1}, 3*pageSize)), version: nextSerial()}
	stores := []*store{{newMemory(nil, prog), prog.template.bytes()}}
	files := []*pageFile{{}, {}, {}}
	for step := range 4_000 {
		s := stores[rng.IntN(len(stores))]
		f := files[rng.IntN(len(files))]
		switch rng.IntN(12) {
		case 0: // fork
			st, v, err := s.m.snapshot()
			if err != nil {
				t.Fatal(err)
			}
			n := &store{newMemory(nil, prog), bytes.Clone(s.want)}
			if err := n.m.replace(st, v); err != nil {
				t.Fatal(err)
			}
			if len(stores) < 12 {
				stores = append(stores, n)
			} else {
				stores[rng.IntN(len(stores))] = n
			}
			continue
		case 1:
			s.m.idle()
			continue
		}
		if err := s.m.enter(); err != nil {
			t.Fatal(err)
		}
		f.attach(s.m.state, s.m.epoch)
		next := bytes.Clone(s.want)
		for range rng.IntN(6) {
			pages := len(next) / pageSize
			if rng.IntN(8) == 0 && pages > 1 {
				n := 1 + rng.IntN(pages-1)
				next = next[:n*pageSize]
				if err := f.Truncate(int64(n) * pageSize); err != nil {
					t.Fatal(err)
				}
				continue
			}
			n := rng.IntN(min(pages+3, 200))
			b := bytes.Repeat([]byte{byte(rng.Uint32())}, pageSize)
			for len(next) < (n+1)*pageSize {
				next = append(next, make([]byte, pageSize)...)
			}
			copy(next[n*pageSize:], b)
			if _, err := f.WriteAt(b, int64(n)*pageSize); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, len(next))
		if n, err := f.ReadAt(got, 0); n != len(got) || err != nil || !bytes.Equal(got, next) {
			t.Fatalf("step %d: the file reads other than what was written (%d of %d bytes, %v)", step, n, len(got), err)
		}
		if rng.IntN(4) == 0 {
			f.discard()
		} else if st, ok := f.publish(); ok {
			s.m.state, s.m.seen, s.want = st, nextSerial(), next
		}
		f.attach(tree{}, 0)
		s.m.leave()
		for i, s := range stores {
			if s.m.packed == nil && !bytes.Equal(s.m.state.bytes(), s.want) {
				t.Fatalf("step %d: store %d (epoch %d) changed at page %d of %d (want %d) by %d", step, i, s.m.epoch, firstDiff(s.m.state.bytes(), s.want)/pageSize, s.m.state.count, len(s.want)/pageSize, f.epoch)
			}
		}
	}
}

// TestOpenFilesAreBounded has more databases than connections may stay open.
func TestOpenFilesAreBounded(t *testing.T) {
	stores := New(Config{MaxOpenBytes: 2 * connBytes})
	defer stores.Close()
	dir := t.TempDir()
	var all []*Store
	for i := range 6 {
		s, err := stores.Persistent(&testSchema, filepath.Join(dir, string(rune('a'+i))))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s.(*Store))
		if i == 3 {
			mustBegin(t, all[0])
			mustRun(t, all[0], putObject, "acct", "customer", "open", 1, "{}")
		}
	}
	if n := len(stores.pool.free); n > 2 {
		t.Errorf("%d connections are open, want 2", n)
	}
	mustCommit(t, all[0])
	for _, s := range all {
		mustPut(t, s, "cus_1", "{}")
	}
	for i, s := range all {
		want := 1
		if i == 0 {
			want = 2
		}
		if n := count(t, s); n != want {
			t.Errorf("database %d has %d objects, want %d", i, n, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func firstDiff(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
