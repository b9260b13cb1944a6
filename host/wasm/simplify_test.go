package wasm

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// twin is a function as it was written and as it is after simplifying.
type twin struct {
	t         testing.TB
	was, is   api.Function
	wasM, isM api.Module
}

// mustTwin makes both forms of a function "f" and fails if they are the same.
func mustTwin(t testing.TB, params, results []byte, locals uint32, code ...any) *twin {
	t.Helper()
	a := newAsm()
	a.global(typeI32, true, opI32Const, 0)
	a.fn("f", params, results, locals, code...)
	m, err := parseModule(a.bytes())
	if err != nil {
		t.Fatal(err)
	}
	var s simplifier
	if got := s.simplify(m.bodies[0], uint32(len(params))); bytes.Equal(got.code, m.bodies[0].code) {
		t.Fatal("nothing was simplified")
	}
	out, err := instrument(m)
	if err != nil {
		t.Fatal(err)
	}
	w := &twin{t: t}
	start := func(module []byte) (api.Module, api.Function) {
		r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(coreFeatures))
		t.Cleanup(func() { _ = r.Close(t.Context()) })
		tick := func(uint32) uint32 { return 1 << 20 }
		if _, err := r.NewHostModuleBuilder(tickModule).NewFunctionBuilder().WithFunc(tick).Export(tickName).Instantiate(t.Context()); err != nil {
			t.Fatal(err)
		}
		in, err := r.Instantiate(t.Context(), module)
		if err != nil {
			t.Fatal(err)
		}
		return in, in.ExportedFunction("f")
	}
	w.wasM, w.was = start(a.bytes())
	w.isM, w.is = start(out.wasm)
	return w
}

// same calls both with the same memory and compares what they return and leave.
func (w *twin) same(args ...uint64) {
	w.t.Helper()
	run := func(m api.Module, f api.Function) (results []uint64, memory []byte, err error) {
		all, _ := m.Memory().Read(0, m.Memory().Size())
		for i := range all {
			all[i] = byte(i*7 + i>>8)
		}
		results, err = f.Call(w.t.Context(), args...)
		return results, slices.Clone(all), err
	}
	want, wantMemory, wantErr := run(w.wasM, w.was)
	got, gotMemory, gotErr := run(w.isM, w.is)
	if (gotErr == nil) != (wantErr == nil) {
		w.t.Fatalf("f(%d): error %v, want %v", args, gotErr, wantErr)
	}
	if wantErr == nil && (!slices.Equal(got, want) || !bytes.Equal(gotMemory, wantMemory)) {
		w.t.Fatalf("f(%d) = %d, want %d; memory equal: %t", args, got, want, bytes.Equal(gotMemory, wantMemory))
	}
}

const memoryEnd = 2 * wasmPageBytes

func TestSimplifyBulk(t *testing.T) {
	for _, n := range []int32{16, 17, 24, 31, 32, 40, 48, 100, 127, 128} {
		t.Run(fmt.Sprintf("copy %d", n), func(t *testing.T) {
			w := mustTwin(t, []byte{typeI32, typeI32}, nil, 0, get(0), get(1), c32(n), opMisc, miscMemoryCopy, 0, 0)
			for _, from := range []uint64{0, 1000, 1001, 1016, 1100, memoryEnd - uint64(n), memoryEnd - uint64(n) + 1, 1<<32 - 8} {
				for _, to := range []uint64{0, 999, 1000, 1003, 1040, memoryEnd - uint64(n), memoryEnd - 8, 1<<32 - 1} {
					w.same(to, from)
				}
			}
		})
		t.Run(fmt.Sprintf("fill %d", n), func(t *testing.T) {
			w := mustTwin(t, []byte{typeI32}, nil, 0, get(0), c32(0), c32(n), opMisc, miscMemoryFill, 0)
			for _, to := range []uint64{0, 1, 999, memoryEnd - uint64(n), memoryEnd - uint64(n) + 1, 1<<32 - 1} {
				w.same(to)
			}
		})
	}
}

// TestSimplifyNothing are bulk instructions that stay as they are.
func TestSimplifyNothing(t *testing.T) {
	for name, code := range map[string][]byte{
		"short copy":   join(get(0), get(1), c32(15), opMisc, miscMemoryCopy, 0, 0),
		"long copy":    join(get(0), get(1), c32(129), opMisc, miscMemoryCopy, 0, 0),
		"copy of -1":   join(get(0), get(1), c32(-1), opMisc, miscMemoryCopy, 0, 0),
		"fill with 1":  join(get(0), c32(1), c32(32), opMisc, miscMemoryFill, 0),
		"fill of some": join(get(0), c32(0), get(1), opMisc, miscMemoryFill, 0),
	} {
		var s simplifier
		body := codeBody{code: append(code, opEnd)}
		if got := s.simplify(body, 2); !bytes.Equal(got.code, body.code) || got.groups != 0 {
			t.Errorf("%s became %x", name, got.code)
		}
	}
}

func TestSimplifyConditions(t *testing.T) {
	chains := [][]byte{{opI32Eqz}, {opI64ExtendI32U, opI64Eqz}, {opI32Eqz, opI32Eqz}, {opI64ExtendI32U, opI64Eqz, opI32Eqz},
		{opI64ExtendI32U, opI64Eqz, opI64ExtendI32U, opI64Eqz, opI32Eqz}}
	values := []uint64{0, 1, 2, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	for op := opI32Eqz; op <= opI64GeU; op++ {
		typ, one := byte(typeI32), op == opI32Eqz || op == opI64Eqz
		if op >= opI64Eqz {
			typ = typeI64
		}
		for _, chain := range chains {
			operands := join(get(0), get(1))
			if one {
				operands = get(0)
			}
			w := mustTwin(t, []byte{typ, typ}, []byte{typeI32}, 0, operands, op, chain)
			for _, x := range values {
				for _, y := range values {
					if typ == typeI32 && (x>>32 != 0 || y>>32 != 0) {
						continue
					}
					w.same(x, y)
				}
			}
		}
	}
}

// TestSimplifyAddresses are addresses as Go computes them from its stack.
func TestSimplifyAddresses(t *testing.T) {
	plus := func(k int32) []byte {
		return join(opI64ExtendI32U, opI64Const, appendS32(nil, k), opI64Add, opI32WrapI64)
	}
	load := func(offset int) []byte { return []byte{0x29, 3, byte(offset)} }
	store := func(offset int) []byte { return []byte{0x37, 3, byte(offset)} }
	for name, code := range map[string][]byte{
		"load":                  join(get(0), plus(40), load(8)),
		"load below":            join(get(0), plus(-8), load(16)),
		"store":                 join(get(0), plus(40), get(0), plus(96), load(0), store(5), get(0), load(45)),
		"store of a sum":        join(get(0), plus(16), get(0), load(0), get(0), plus(24), load(0), opI64Add, store(0), get(0), plus(16), load(0)),
		"one for two":           join(get(0), plus(64), opLocalTee, 1, get(1), load(0), store(8), get(1), load(8)),
		"an address as a value": join(get(0), plus(32), opI64ExtendI32U),
		"used behind a block":   join(get(0), plus(24), opBlock, blockVoid, opEnd, load(0)),
		"a sum of addresses":    join(get(0), plus(24), get(0), plus(8), opI32Add, load(0)),
	} {
		t.Run(name, func(t *testing.T) {
			w := mustTwin(t, []byte{typeI32}, []byte{typeI64}, 1, code)
			for _, at := range []uint64{0, 8, 100, 5000, memoryEnd - 104, memoryEnd - 56, memoryEnd - 55, memoryEnd - 8, memoryEnd, 1 << 31} {
				w.same(at)
			}
		})
	}
}

// TestSimplifyJumps is control flow as Go compiles it: every jump sets a local
// and goes to the table.
func TestSimplifyJumps(t *testing.T) {
	jump := func(to, loop int) []byte { return join(c32(int32(to)), opLocalSet, 0, opBr, loop) }
	note := func(n int32) []byte { return join(get(2), c32(31), 0x6c, c32(n), opI32Add, opLocalSet, 2) } // 2 = 2*31 + n
	// Parameter 0 is where to start, 1 how often to go back.
	code := join(
		opLoop, blockVoid, opBlock, blockVoid, opBlock, blockVoid, opBlock, blockVoid, opBlock, blockVoid,
		get(0), opBrTable, 4, 0, 1, 2, 3, 4,
		opEnd, note(1), // target 0
		get(1), opI32Const, 1, 0x71, opIf, blockVoid, jump(2, 4), opEnd,
		opEnd, note(2), // target 1
		opBlock, blockVoid, get(1), opI32Const, 2, 0x71, opI32Eqz, opIf, blockVoid, jump(3, 4), opEnd, opEnd,
		opEnd, note(3), // target 2
		get(1), opI32Eqz, opIf, blockVoid, jump(3, 2), opEnd,
		get(1), c32(1), opI32Sub, opLocalSet, 1,
		jump(1, 1),     // back
		opEnd, note(4), // target 3
		get(1), opI32Const, 4, 0x71, opIf, blockVoid, get(1), c32(1), opI32Sub, opLocalSet, 1, jump(0, 1), opEnd,
		opEnd, get(2))
	w := mustTwin(t, []byte{typeI32, typeI32}, []byte{typeI32}, 1, code)
	for start := range uint64(4) {
		for times := range uint64(16) {
			w.same(start, times)
		}
	}
}
