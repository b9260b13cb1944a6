package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// doc is a document of n bytes that compresses like JSON does.
func doc(id string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":"%s","object":"customer"`, id)
	for i := 0; b.Len() < n-20; i++ {
		fmt.Fprintf(&b, `,"field_%d":"value %x"`, i, i*2654435761)
	}
	b.WriteString("}")
	return b.String()
}

// fill commits n objects of 1.5 KB, each with an event of 2.5 KB.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	for i := range n {
		create(t, s, i)
	}
}

func create(t testing.TB, s *Store, i int) {
	id := fmt.Sprintf("cus_%014d", i)
	mustBegin(t, s)
	mustRun(t, s, putObject, "acct_1", "customer", id, i, doc(id, 1500))
	mustRun(t, s, putEvent, "customer.created", doc(id, 2500))
	mustCommit(t, s)
}

func BenchmarkOpenConnection(b *testing.B) {
	s := mustStores(b)
	st := mustEphemeral(b, s)
	b.ReportAllocs()
	for b.Loop() {
		c, err := openPages(&pageFile{base: st.prog.template})
		if err != nil {
			b.Fatal(err)
		}
		c.prog, c.guard.own = st.prog, st.prog.own
		if _, err := c.statement(getObject); err != nil {
			b.Fatal(err)
		}
		if err := c.close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFirstCall is what a new session's first transaction costs.
func BenchmarkFirstCall(b *testing.B) {
	s := mustStores(b)
	in := args("acct_1", "customer", "cus_1", 1, doc("cus_1", 1500))
	out := make([]byte, 0, 4096)
	mustPut(b, mustEphemeral(b, s), "x", "{}")
	b.ReportAllocs()
	for b.Loop() {
		st := mustEphemeral(b, s)
		mustBegin(b, st)
		if _, _, err := st.Run(putObject, in, out); err != nil {
			b.Fatal(err)
		}
		mustCommit(b, st)
	}
}

func benchKinds(b *testing.B, f func(b *testing.B, s *Store)) {
	for name, open := range kinds {
		b.Run(name, func(b *testing.B) {
			st := open(b, mustStores(b), &testSchema)
			defer st.Close()
			f(b, st)
		})
	}
}

// BenchmarkInsert is a transaction with one document of 1.5 KB and two indexes.
func BenchmarkInsert(b *testing.B) {
	benchKinds(b, func(b *testing.B, s *Store) {
		d := doc("cus", 1500)
		var in []byte
		out := make([]byte, 0, 4096)
		ctx := context.Background()
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			i++
			if i%2000 == 0 {
				b.StopTimer()
				if err := s.Reset(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			in = appendObject(in[:0], i, d)
			_ = s.Begin(ctx, someTime)
			if _, _, err := s.Run(putObject, in, out); err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCreateCall is a create as the SDK does it: object, event, idempotency
// key and link, in one transaction.
func BenchmarkCreateCall(b *testing.B) {
	benchKinds(b, func(b *testing.B, s *Store) {
		d, e := doc("cus", 1500), args("customer.created", doc("evt", 2500))
		var in []byte
		out := make([]byte, 0, 4096)
		ctx := context.Background()
		i := 0
		small := []byte("1234567890")
		b.ReportAllocs()
		for b.Loop() {
			i++
			if i%1000 == 0 {
				b.StopTimer()
				if err := s.Reset(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			_ = s.Begin(ctx, someTime)
			in = appendObject(in[:0], i, d)
			if _, _, err := s.Run(getObject, in[:0:0], out); err == nil {
				b.Fatal("no arguments were enough")
			}
			if _, _, err := s.Run(putObject, in, out); err != nil {
				b.Fatal(err)
			}
			if _, _, err := s.Run(putEvent, e, out); err != nil {
				b.Fatal(err)
			}
			in = appendObject(in[:0], i+1e9, "{}")
			if _, _, err := s.Run(putObject, in, out); err != nil {
				b.Fatal(err)
			}
			if err := s.Put("rand", small); err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSwitch is BenchmarkInsert's transaction on 200 stores in turn.
func BenchmarkSwitch(b *testing.B) {
	s := mustStores(b)
	all := make([]*Store, 200)
	for i := range all {
		all[i] = mustEphemeral(b, s)
		fill(b, all[i], 20)
	}
	d := doc("cus", 1500)
	var in []byte
	out := make([]byte, 0, 4096)
	i := 1000
	b.ReportAllocs()
	for b.Loop() {
		st := all[i%len(all)]
		in = appendObject(in[:0], i, d)
		i++
		mustBegin(b, st)
		if _, _, err := st.Run(putObject, in, out); err != nil {
			b.Fatal(err)
		}
		mustCommit(b, st)
		if i%10000 == 0 {
			b.StopTimer()
			for _, st := range all {
				_ = st.Reset()
			}
			b.StartTimer()
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	benchKinds(b, func(b *testing.B, s *Store) {
		fill(b, s, 200)
		in := args("acct_1", "cus_00000000000100")
		out := make([]byte, 0, 4096)
		b.ReportAllocs()
		for b.Loop() {
			mustBegin(b, s)
			if _, n, err := s.Run(getObject, in, out); err != nil || n != 1 {
				b.Fatal(n, err)
			}
			mustCommit(b, s)
		}
	})
}

func BenchmarkEmit100(b *testing.B) {
	benchKinds(b, func(b *testing.B, s *Store) {
		fill(b, s, 200)
		in := args("acct_1", "customer", 100)
		out := make([]byte, 0, 256<<10)
		b.ReportAllocs()
		for b.Loop() {
			mustBegin(b, s)
			if _, n, err := s.Emit(out, listObjects, in, 0, []byte(",")); err != nil || n != 100 {
				b.Fatal(n, err)
			}
			mustCommit(b, s)
		}
	})
}

// BenchmarkReset1000 empties a store of 1,000 objects and events; a fork of the
// full state before it is counted too.
func BenchmarkReset1000(b *testing.B) {
	benchKinds(b, func(b *testing.B, s *Store) {
		fill(b, s, 1000)
		snap, err := s.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := s.Restore(snap); err != nil {
				b.Fatal(err)
			}
			if err := s.Reset(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func appendObject(in []byte, i int, d string) []byte {
	var id [18]byte
	copy(id[:], "cus_00000000000000")
	// Ids of vendors are random: spread them over the index.
	for n, v := 17, uint64(i)*0x9e3779b97f4a7c15; n >= 4; n, v = n-1, v/10 {
		id[n] = '0' + byte(v%10)
	}
	in = append(in, 3, 6, 0, 0, 0)
	in = append(in, "acct_1"...)
	in = append(in, 3, 8, 0, 0, 0)
	in = append(in, "customer"...)
	in = append(in, 3, 18, 0, 0, 0)
	in = append(in, id[:]...)
	in = append(in, 1, byte(i), byte(i>>8), byte(i>>16), byte(i>>24), 0, 0, 0, 0)
	in = append(in, 3, byte(len(d)), byte(len(d)>>8), byte(len(d)>>16), 0)
	return append(in, d...)
}

// BenchmarkStoreMemory reports what 1,000 stores keep on the heap.
func BenchmarkStoreMemory(b *testing.B) {
	for _, bb := range []struct {
		name    string
		objects int
		idle    bool
	}{{"untouched", 0, false}, {"20objects", 20, false}, {"20objects-idle", 20, true}} {
		b.Run(bb.name, func(b *testing.B) {
			s := mustStores(b)
			mustPut(b, mustEphemeral(b, s), "x", "{}")
			for b.Loop() {
				const n = 1000
				all := make([]*Store, n)
				before := heap()
				for i := range all {
					all[i] = mustEphemeral(b, s)
					fill(b, all[i], bb.objects)
					if bb.idle {
						all[i].Idle()
					}
				}
				b.ReportMetric(float64(heap()-before)/n, "bytes/store")
				runtime.KeepAlive(all)
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
