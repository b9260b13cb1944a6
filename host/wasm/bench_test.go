package wasm

import (
	"context"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

func BenchmarkInvoke(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	for _, s := range []strategy{strategyCopy, strategyPagemap, strategyWriteProtect} {
		for _, what := range []string{"echo hello", "create 20"} {
			b.Run(string(s)+"/"+what, func(b *testing.B) {
				if err := available(s); err != nil {
					b.Skip(err)
				}
				p := mustLoad(b, Config{strategy: s}, file)
				f := ask(what)
				var out []byte
				var guest time.Duration
				b.ReportAllocs()
				for b.Loop() {
					var u host.Usage
					var err error
					if out, u, err = p.Invoke(b.Context(), &hosttest.Call{}, f, out[:0], host.CallBudget); err != nil {
						b.Fatal(err)
					}
					guest += u.Guest
				}
				b.ReportMetric(float64(guest.Nanoseconds())/float64(b.N), "guest-ns/op")
			})
		}
	}
}

// BenchmarkRestore measures what follows a call.
func BenchmarkRestore(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	for _, s := range []strategy{strategyCopy, strategyPagemap, strategyWriteProtect} {
		b.Run(string(s), func(b *testing.B) {
			if err := available(s); err != nil {
				b.Skip(err)
			}
			p := mustLoad(b, Config{strategy: s}, file)
			in, err := p.pool.acquire(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer p.pool.release(in)
			f := ask("create 20")
			var spent time.Duration
			written := 0
			for b.Loop() {
				in.begin(b.Context(), &hosttest.Call{}, abi.CallPhase, host.CallBudget)
				in.frame = f
				if _, err := in.run(in.call, 0); err != nil {
					b.Fatal(err)
				}
				started := time.Now()
				n, ok := in.memory.restore()
				if !ok {
					b.Fatal("not restored")
				}
				in.resetGlobals()
				spent += time.Since(started)
				written += n
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "restore-ns/op")
			b.ReportMetric(float64(written)/float64(b.N)/4096, "pages/op")
		})
	}
}

// BenchmarkFuelOverhead compares guest code with and without metering.
func BenchmarkFuelOverhead(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	for _, what := range []string{"echo hello", "create 20", "spin 100000", "work 2"} {
		for _, free := range []bool{false, true} {
			b.Run(what+map[bool]string{false: "/metered", true: "/free"}[free], func(b *testing.B) {
				p := mustLoadWith(b, file, free)
				in, err := p.pool.acquire(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				defer p.pool.release(in)
				f := ask(what)
				var fuel int64
				guest := time.Duration(1 << 62)
				for b.Loop() {
					in.begin(b.Context(), &hosttest.Call{}, abi.CallPhase, host.CallBudget)
					in.frame = f
					u, err := in.run(in.call, 0)
					if err != nil {
						b.Fatal(err)
					}
					if !in.restore() {
						b.Fatal("not restored")
					}
					guest = min(guest, u.Guest)
					fuel = u.Fuel
				}
				b.ReportMetric(float64(guest.Nanoseconds()), "best-guest-ns")
				b.ReportMetric(float64(fuel), "fuel")
			})
		}
	}
}

// mustLoadWith loads a program, metered or not.
func mustLoadWith(t testing.TB, file []byte, free bool) *program {
	t.Helper()
	m, manifest, err := check(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	w := newRewriter(m)
	w.free = free
	out, err := w.rewrite()
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{runtime: r, digest: "test", manifest: manifest, mutable: out.globals}
	if err := p.compile(t.Context(), out.wasm, ""); err != nil {
		t.Fatal(err)
	}
	img, err := p.build(t.Context(), m)
	if err == nil {
		err = p.serve(t.Context(), img)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

// BenchmarkOverhead is a call of a guest that does nothing: what this package
// adds to each call.
func BenchmarkOverhead(b *testing.B) {
	a := newAsm()
	a.fn(abi.ExportCall, nil, nil, 0)
	p := mustLoad(b, Config{}, a.plugin(b))
	call, frame := &hosttest.Call{}, []byte("x")
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := p.Invoke(b.Context(), call, frame, nil, host.CallBudget); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, _, err := p.Invoke(b.Context(), &hosttest.Call{}, frame, nil, host.CallBudget); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkHostCall is one crossing from guest to host and back.
func BenchmarkHostCall(b *testing.B) {
	const crossings = 1000
	p := mustLoad(b, Config{}, guestOf(b, func(a *asm, input uint32) []byte {
		return join(opLoop, blockVoid, c32(0), c32(0), c32(0), call(input), 0x1a,
			get(0), c32(1), 0x6a, withIndex(opLocalTee, 0), c32(crossings), 0x48, opBrIf, 0, opEnd)
	}))
	for b.Loop() {
		if _, _, err := p.Invoke(b.Context(), &hosttest.Call{}, nil, nil, host.CallBudget); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/crossings, "ns/crossing")
}

// BenchmarkParallel is the throughput of a Go guest on all CPUs, restores included.
func BenchmarkParallel(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	for _, s := range []strategy{strategyCopy, strategyPagemap, strategyWriteProtect} {
		b.Run(string(s), func(b *testing.B) {
			if err := available(s); err != nil {
				b.Skip(err)
			}
			p := mustLoad(b, Config{strategy: s}, file)
			f := ask("create 20")
			b.SetParallelism(4)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				call := &hosttest.Call{}
				var out []byte
				for pb.Next() {
					var err error
					if out, _, err = p.Invoke(b.Context(), call, f, out[:0], host.CallBudget); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkStart makes an instance of an image and calls it once: what a call
// pays when the pool is empty, or after one that grew its memory.
func BenchmarkStart(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	for _, s := range []strategy{strategyCopy, strategyPagemap, strategyWriteProtect} {
		b.Run(string(s), func(b *testing.B) {
			if err := available(s); err != nil {
				b.Skip(err)
			}
			p := mustLoad(b, Config{strategy: s}, file)
			call, f := &hosttest.Call{}, ask("create 20")
			b.ReportAllocs()
			for b.Loop() {
				in, err := p.start(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				in.begin(b.Context(), call, abi.CallPhase, host.CallBudget)
				in.frame = f
				if _, err := in.run(in.call, 0); err != nil {
					b.Fatal(err)
				}
				in.close(b.Context())
			}
		})
	}
}

// BenchmarkLoad loads a Go guest without and with what the cache holds.
func BenchmarkLoad(b *testing.B) {
	file := hosttest.MustBuildGuest(b, "testdata/guest", "guest")
	load := func(b *testing.B, dir string) {
		r, err := New(b.Context(), Config{CacheDir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Load(b.Context(), file); err != nil {
			b.Fatal(err)
		}
		if err := r.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			load(b, "")
		}
	})
	b.Run("warm", func(b *testing.B) {
		dir := b.TempDir()
		load(b, dir)
		for b.Loop() {
			load(b, dir)
		}
	})
}
