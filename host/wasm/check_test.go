package wasm

import (
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host/hosttest"
)

// TestRefusals gives Load modules with faults and checks that each is named.
func TestRefusals(t *testing.T) {
	complete := func(a *asm) []byte {
		a.fn(abi.ExportCall, nil, nil, 0)
		return a.plugin(t)
	}
	code := func(code ...any) func() []byte {
		return func() []byte {
			a := newAsm()
			a.table(1)
			a.fn("", nil, nil, 1, code...)
			return complete(a)
		}
	}
	cases := []struct {
		name  string
		build func() []byte
		want  []string
	}{
		{"not wasm", func() []byte { return []byte("#!/bin/sh") }, []string{"not a core WebAssembly module"}},
		{"empty", func() []byte { return nil }, []string{"not a core WebAssembly module"}},
		{"component", func() []byte { return []byte("\x00asm\x0d\x00\x01\x00") }, []string{"not a core WebAssembly module"}},
		{"too large", func() []byte { return make([]byte, abi.MaxModuleBytes+1) }, []string{"16777217 bytes"}},
		{"truncated", func() []byte { b := complete(newAsm()); return b[:len(b)/2] }, []string{"malformed"}},
		{"no manifest", func() []byte {
			a := newAsm()
			a.fn(abi.ExportCall, nil, nil, 0)
			a.fn(abi.ExportInit, nil, nil, 0)
			a.fn(abi.ExportMarker, nil, nil, 0)
			return a.bytes()
		}, []string{"no mirra.manifest section"}},
		{"everything at once", func() []byte {
			a := newAsm()
			a.impAs("mirra_core_v1", "input", nil, nil)
			a.impAs("mirra_core_v1", "telepathy", nil, nil)
			a.impAs("mirra_net_v1", "dial", nil, nil)
			a.impAs(abi.ModuleWASI, "sock_open", nil, nil)
			a.fn("mirra_abi_2", nil, nil, 0)
			a.fn(abi.ExportInit, []byte{typeI32}, nil, 0)
			a.memMin = 600
			return hosttest.MustAppendManifest(t, a.bytes(), "bad")
		}, []string{
			"mirra_core_v1.input has signature () -> (): want (i32 i32 i32) -> (i32)",
			"mirra_core_v1 has no such function", `no module "mirra_net_v1"`, "sock_open",
			"plugin speaks ABI 2: this host speaks ABI 1",
			"mirra_init has signature (i32) -> (): want () -> ()",
			"missing export mirra_call", "600 pages: the limit is 512",
		}},
		{"no marker", func() []byte {
			a := newAsm()
			a.fn(abi.ExportCall, nil, nil, 0)
			a.fn(abi.ExportInit, nil, nil, 0)
			return hosttest.MustAppendManifest(t, a.bytes(), "bad")
		}, []string{"missing export mirra_abi_1", "this host speaks ABI 1"}},
		{"tick import", func() []byte {
			a := newAsm()
			a.impAs(tickModule, tickName, []byte{typeI32}, []byte{typeI32})
			return complete(a)
		}, []string{`no module "` + tickModule}},
		{"reserved export", func() []byte {
			a := newAsm()
			a.global(typeI32, true, c32(0))
			a.export(fuelExport, kindGlobal, 0)
			return complete(a)
		}, []string{"reserved for the host"}},
		{"refuel by index", code(c32(1<<30), globalSet(0)), []string{"invalid module"}},
		{"call tick by index", code(c32(1), call(7), 0x1a), []string{"invalid module"}},
		{"start", func() []byte {
			a := newAsm()
			a.start = appendSection(nil, secStart, []byte{0})
			return complete(a)
		}, []string{"start section"}},
		{"passive data", func() []byte {
			a := newAsm()
			a.data, a.nData = []byte{1, 1, 'x'}, 1
			return complete(a)
		}, []string{"data segment 0 is passive"}},
		{"passive elements", func() []byte {
			a := newAsm()
			a.table(1)
			a.elements, a.nElements = append(a.elements, 1, 0, 0), 2
			return complete(a)
		}, []string{"element segment 1 is passive"}},
		{"table.set", code(c32(0), 0xd0, typeFuncref, opTableSet, 0), []string{"table.set"}},
		{"table.grow", code(0xd0, typeFuncref, c32(1), opMisc, miscTableGrow, 0, 0x1a), []string{"table.grow"}},
		{"table.fill", code(c32(0), 0xd0, typeFuncref, c32(1), opMisc, miscTableFil, 0), []string{"table.fill"}},
		{"table.copy", code(c32(0), c32(0), c32(0), opMisc, miscTableCopy, 0, 0), []string{"table.copy"}},
		{"table.init", code(c32(0), c32(0), c32(0), opMisc, miscTableInit, 0, 0), []string{"table.init"}},
		{"elem.drop", code(opMisc, miscElemDrop, 0), []string{"elem.drop"}},
		{"atomics", code(c32(0), 0xfe, 0x10, 2, 0, 0x1a), []string{"invalid module", "threads"}},
		{"huge table", func() []byte {
			a := newAsm()
			a.table(1 << 27)
			return complete(a)
		}, []string{"table has 134217728 entries"}},
		{"many locals", func() []byte {
			a := newAsm()
			a.fn("", nil, nil, 1<<31)
			return complete(a)
		}, []string{"2147483648 locals"}},
		{"data outside", func() []byte {
			a := newAsm()
			a.data = join(0, c32(-1), opEnd, 1, int('x'))
			a.nData = 1
			return complete(a)
		}, []string{"outside the memory"}},
		{"init loops", func() []byte {
			a := newAsm()
			a.fn(abi.ExportInitialize, nil, nil, 0, opUnreachable)
			return complete(a)
		}, []string{"_initialize", "unreachable"}},
		{"warm-up fails", func() []byte {
			a := newAsm()
			a.fn(abi.ExportCall, nil, nil, 0, opUnreachable)
			return a.plugin(t)
		}, []string{"warm-up", "load plugin asm"}},
	}
	r, err := New(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.Load(t.Context(), c.build())
			if err == nil {
				t.Fatal("was loaded")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want it to say %q", err, want)
				}
			}
		})
	}
}
