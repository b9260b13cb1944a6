package wasm

import (
	"bytes"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// strategies runs a test with every way to keep instances clean that works here.
func strategies(t *testing.T, f func(t *testing.T, s strategy)) {
	n := 0
	for _, s := range []strategy{strategyCopy, strategyPagemap, strategyWriteProtect} {
		if err := available(s); err != nil {
			t.Logf("strategy %s: %v", s, err)
			continue
		}
		n++
		t.Run(string(s), func(t *testing.T) { f(t, s) })
	}
	if runtime.GOOS == "linux" && n < 2 {
		t.Error("no copy-on-write strategy works here")
	}
}

func available(s strategy) error {
	m, err := newMemorySource(make([]byte, wasmPageBytes), s)
	if err != nil {
		return err
	}
	return m.close()
}

// state is all that a guest can see of itself.
func state(in *instance) (memory []byte, globals []uint64) {
	for _, g := range in.globals {
		globals = append(globals, g.Get())
	}
	return bytes.Clone(in.memory.bytes()), globals
}

func same(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestIsolation lets guests write wherever they can and compares what the next
// call starts from with the image, byte by byte.
func TestIsolation(t *testing.T) {
	// A guest that fills its memory, all of it, and every global.
	scribbler := func(t *testing.T, end ...any) []byte {
		a := newAsm()
		a.memMin = 20
		input := a.imp(abi.ModuleCore, "input")
		gi := a.global(typeI32, true, c32(1))
		gl := a.global(typeI64, true, c64(2))
		gf := a.global(typeF64, true, 0x44, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		gs := a.global(typeF32, true, 0x43, []byte{1, 2, 3, 4})
		a.data = append(a.data, 0, opI32Const, 16, opEnd, 3, 'a', 'b', 'c')
		a.nData++
		a.fn(abi.ExportCall, nil, nil, 1,
			c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd,
			// a page in three, then everything
			opLoop, blockVoid, get(0), c32(7), 0x36, 2, 0, get(0), c32(3*4096), 0x6a, withIndex(opLocalTee, 0), c32(19<<16), 0x48, opBrIf, 0, opEnd,
			c32(0), c32(0xa5), c32(20<<16), opMisc, miscMemoryFill, 0,
			c32(-1), globalSet(gi), c64(-1), globalSet(gl), 0x44, make([]byte, 8), globalSet(gf), 0x43, make([]byte, 4), globalSet(gs),
			join(end...))
		return a.plugin(t)
	}
	guest := hosttest.MustBuildGuest(t, "testdata/guest", "guest")
	for _, c := range []struct {
		name string
		file []byte
		ask  string
	}{
		{"everything", scribbler(t), "x"},
		{"everything-then-trap", scribbler(t, opUnreachable), "x"},
		{"everything-then-loop", scribbler(t, opLoop, blockVoid, opBr, 0, opEnd), "x"},
		{"everything-then-grow", scribbler(t, c32(1), opMemoryGrow, 0, 0x1a), "x"},
		{"go-scribble", guest, "scribble"},
		{"go-panic", guest, "panic"},
		{"go-count", guest, "count"},
		{"go-grow", guest, "grow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			strategies(t, func(t *testing.T, s strategy) {
				p := mustLoad(t, Config{strategy: s}, c.file)
				in, err := p.pool.acquire(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				memory, globals := state(in)
				p.pool.release(in)
				for range 8 {
					_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask(c.ask), nil, host.Budget{Fuel: 10e6})
					if _, ok := errors.AsType[*host.Trap](err); err != nil && !ok {
						t.Fatal(err)
					}
					in, err := p.pool.acquire(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					m, g := state(in)
					p.pool.release(in)
					if !bytes.Equal(m, memory) {
						t.Fatal("memory is not the image's")
					}
					if !same(g, globals) {
						t.Fatalf("globals are %v, want %v", g, globals)
					}
				}
			})
		})
	}
}

// TestConcurrentCalls mixes calls and traps from several sessions and checks
// that each gets its own answer from a clean guest.
func TestConcurrentCalls(t *testing.T) {
	strategies(t, func(t *testing.T, s strategy) {
		p := mustLoad(t, Config{strategy: s, MaxInUse: 4}, hosttest.MustBuildGuest(t, "testdata/guest", "guest"))
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for i := range 50 {
					verb, want := "count", "1 1 1"
					switch (i + worker) % 5 {
					case 0:
						verb, want = "scribble", "done"
					case 1:
						verb, want = "panic", ""
					}
					out, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask(verb), nil, host.CallBudget)
					if (err != nil) != (want == "") || err == nil && string(out) != want {
						t.Errorf("%s: got %q, %v; want %q", verb, out, err, want)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}
