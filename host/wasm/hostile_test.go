package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// hostile are guests that try to take more than a call may cost.
var hostile = []struct {
	name  string
	cause host.TrapCause
	build func(a *asm, input uint32) []byte
}{
	{"loop", host.TrapFuel, func(*asm, uint32) []byte {
		return join(opLoop, blockVoid, opBr, 0, opEnd)
	}},
	{"loop-with-calls", host.TrapFuel, func(a *asm, _ uint32) []byte {
		f := a.fn("", nil, nil, 0)
		return join(opLoop, blockVoid, call(f), opBr, 0, opEnd)
	}},
	{"loop-by-br-if", host.TrapFuel, func(*asm, uint32) []byte {
		return join(opLoop, blockVoid, c32(1), opBrIf, 0, opEnd)
	}},
	{"loop-by-br-table", host.TrapFuel, func(*asm, uint32) []byte {
		return join(opLoop, blockVoid, opBlock, blockVoid, c32(0), opBrTable, 1, 1, 0, opEnd, opBr, 0, opEnd)
	}},
	{"dispatcher", host.TrapFuel, func(*asm, uint32) []byte {
		// Two regions that jump to each other, as Go compiles its jumps.
		return join(opLoop, blockVoid, opBlock, blockVoid, opBlock, blockVoid,
			get(0), opBrTable, 1, 0, 1, opEnd,
			c32(1), set(0), opBr, 1, opEnd,
			c32(0), set(0), opBr, 0, opEnd)
	}},
	{"dispatcher-to-itself", host.TrapFuel, func(*asm, uint32) []byte {
		return join(opLoop, blockVoid, opBlock, blockVoid, opBlock, blockVoid,
			get(0), opBrTable, 2, 0, 1, 2, opEnd,
			c32(7), set(0), opBr, 1, opEnd, opEnd)
	}},
	{"dispatcher-bypassed", host.TrapFuel, func(a *asm, _ uint32) []byte {
		// The table leads out, but an if before it is never entered.
		typ := int(a.typ([]byte{typeI32}, nil))
		return join(c32(0), opLoop, typ, opBlock, typ, opIf, blockVoid,
			get(0), opBrTable, 0, 1, opEnd,
			c32(0), c32(0), set(0), opBr, 1, opEnd, opEnd)
	}},
	{"recursion", host.TrapStack, func(a *asm, _ uint32) []byte {
		self := a.nImports + a.nFuncs
		a.fn("", nil, nil, 0, call(self))
		return call(self)
	}},
	{"recursion-before-a-loop", host.TrapStack, func(a *asm, _ uint32) []byte {
		self := a.nImports + a.nFuncs
		a.fn("", nil, nil, 0, call(self), opLoop, blockVoid, opEnd)
		return call(self)
	}},
	{"mutual-recursion", host.TrapStack, func(a *asm, _ uint32) []byte {
		self := a.nImports + a.nFuncs
		a.fn("", nil, nil, 0, call(self+1))
		a.fn("", nil, nil, 0, call(self))
		return call(self)
	}},
	{"recursion-by-table", host.TrapStack, func(a *asm, _ uint32) []byte {
		self := a.nImports + a.nFuncs
		typ := a.typ(nil, nil)
		a.fn("", nil, nil, 0, c32(0), opCallIndirect, appendU32(nil, typ), 0)
		a.table(1, self)
		return call(self)
	}},
	{"broad-recursion", host.TrapFuel, func(a *asm, _ uint32) []byte {
		// f(n) calls f(n-1) twice: shallow, and as long as an age.
		self := a.nImports + a.nFuncs
		a.fn("", []byte{typeI32}, nil, 0,
			get(0), 0x45, opIf, blockVoid, opReturn, opEnd,
			get(0), c32(1), opI32Sub, call(self), get(0), c32(1), opI32Sub, call(self))
		return join(c32(60), call(self))
	}},
	{"doubling-chain", host.TrapFuel, func(a *asm, _ uint32) []byte {
		// Each function calls the one before twice: no loop, no recursion.
		f := a.fn("", nil, nil, 0)
		for range 60 {
			f = a.fn("", nil, nil, 0, call(f), call(f))
		}
		return call(f)
	}},
	{"memory-fill", host.TrapFuel, func(a *asm, _ uint32) []byte {
		a.memMin = 500
		return join(opLoop, blockVoid, c32(0), c32(1), c32(500<<16), opMisc, miscMemoryFill, 0, opBr, 0, opEnd)
	}},
	{"memory-copy", host.TrapFuel, func(a *asm, _ uint32) []byte {
		a.memMin = 500
		return join(opLoop, blockVoid, c32(0), c32(16), c32(400<<16), opMisc, miscMemoryCopy, 0, 0, opBr, 0, opEnd)
	}},
	{"memory-grow", host.TrapFuel, func(*asm, uint32) []byte {
		return join(opLoop, blockVoid, c32(-1), opMemoryGrow, 0, 0x1a, opBr, 0, opEnd)
	}},
	{"straight-line", host.TrapFuel, func(a *asm, _ uint32) []byte {
		var long []byte
		for range 200_000 {
			long = append(long, opI32Const, 1, 0x1a)
		}
		f := a.fn("", nil, nil, 0, long)
		return join(opLoop, blockVoid, call(f), opBr, 0, opEnd)
	}},
	{"br-table", host.TrapFuel, func(a *asm, _ uint32) []byte {
		// A state machine of 200 states that jump to one another.
		var code []byte
		code = append(code, opLoop, blockVoid)
		for range 200 {
			code = append(code, opBlock, blockVoid)
		}
		code = append(code, get(0)...)
		code = appendU32(append(code, opBrTable), 199)
		for i := range uint32(200) {
			code = appendU32(code, i)
		}
		for i := range int32(200) {
			code = append(code, opEnd)
			code = append(code, c32((i*7+3)%200)...)
			code = append(code, set(0)...)
			code = appendU32(append(code, opBr), uint32(199-i))
		}
		return append(code, opEnd)
	}},
	{"host-calls", host.TrapFuel, func(_ *asm, input uint32) []byte {
		return join(opLoop, blockVoid, c32(0), c32(0), c32(0), call(input), 0x1a, opBr, 0, opEnd)
	}},
	{"output", host.TrapOutput, func(a *asm, _ uint32) []byte {
		return nil
	}},
	{"unreachable", host.TrapFault, func(*asm, uint32) []byte { return []byte{opUnreachable} }},
	{"division", host.TrapFault, func(*asm, uint32) []byte { return join(c32(1), c32(0), 0x6d, 0x1a) }},
	{"out-of-bounds", host.TrapFault, func(*asm, uint32) []byte {
		return join(c32(-8), 0x28, 2, 0, 0x1a)
	}},
}

func hostileGuest(t testing.TB, name string, build func(a *asm, input uint32) []byte) []byte {
	if name != "output" {
		return guestOf(t, build)
	}
	a := newAsm()
	a.memMin = 100
	input, output := a.imp(abi.ModuleCore, "input"), a.imp(abi.ModuleCore, "output")
	a.fn(abi.ExportCall, nil, nil, 0,
		c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd,
		opLoop, blockVoid, c32(0), c32(100<<16), call(output), opBr, 0, opEnd)
	return a.plugin(t)
}

// TestHostile runs each guest while a well-behaved plugin keeps answering, and
// then a second time: a trap costs one call, not the program.
func TestHostile(t *testing.T) {
	good := mustLoad(t, Config{}, hosttest.MustBuildGuest(t, "testdata/guest", "guest"))
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			p := mustLoad(t, Config{}, hostileGuest(t, h.name, h.build))
			for range 2 {
				done := make(chan error, 1)
				go func() {
					_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("x"), nil, host.Budget{Fuel: 20e6, Wall: time.Minute})
					done <- err
				}()
				answered := 0
				var err error
				for running := true; running; {
					select {
					case err = <-done:
						running = false
					default:
						mustEcho(t, good)
						answered++
					}
				}
				trap, ok := errors.AsType[*host.Trap](err)
				if !ok || trap.Cause != h.cause {
					t.Fatalf("got %v, want a %s trap", err, h.cause)
				}
				if answered == 0 {
					mustEcho(t, good)
				}
			}
		})
	}
}

func mustEcho(t *testing.T, p *program) {
	t.Helper()
	out, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("echo hello"), nil, host.CallBudget)
	if err != nil || string(out) != "hello" {
		t.Fatalf("got %q, %v", out, err)
	}
}

// TestFuelIsSpent checks that a call pays at least for what it runs: without
// loops a body costs its length.
func TestFuelIsSpent(t *testing.T) {
	for _, n := range []int{10, 1000, 100_000} {
		p := mustLoad(t, Config{}, guestOf(t, func(a *asm, _ uint32) []byte {
			var code []byte
			for range n {
				code = append(code, opI32Const, 1, 0x1a)
			}
			return code
		}))
		_, u, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("x"), nil, host.CallBudget)
		if err != nil {
			t.Fatal(err)
		}
		if u.Fuel < int64(2*n) || u.Fuel > int64(2*n+n/50+200) {
			t.Errorf("%d instructions cost %d", 2*n, u.Fuel)
		}
		_, again, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("x"), nil, host.CallBudget)
		if err != nil || again.Fuel != u.Fuel {
			t.Errorf("got %d the second time, want %d (%v)", again.Fuel, u.Fuel, err)
		}
	}
}

// TestDeadline stops a guest by the wall backstop and by its caller.
func TestDeadline(t *testing.T) {
	p := mustLoad(t, Config{}, guestOf(t, func(*asm, uint32) []byte { return join(opLoop, blockVoid, opBr, 0, opEnd) }))
	forever := host.Budget{Fuel: 1 << 60, Wall: 20 * time.Millisecond}
	_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("x"), nil, forever)
	if trap, ok := errors.AsType[*host.Trap](err); !ok || trap.Cause != host.TrapDeadline {
		t.Errorf("got %v, want a deadline trap", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err = p.Invoke(ctx, &hosttest.Call{}, ask("x"), nil, host.Budget{Fuel: 1 << 60, Wall: time.Hour})
	if trap, ok := errors.AsType[*host.Trap](err); !ok || trap.Cause != host.TrapDeadline {
		t.Errorf("got %v, want a deadline trap", err)
	}
	_, _, err = p.Invoke(ctx, &hosttest.Call{}, ask("x"), nil, host.CallBudget)
	if trap, ok := errors.AsType[*host.Trap](err); !ok || trap.Cause != host.TrapDeadline {
		t.Errorf("got %v, want a deadline trap before the call", err)
	}
}

// TestGoGuestEnds covers the ways a Go guest ends badly.
func TestGoGuestEnds(t *testing.T) {
	p := mustLoad(t, Config{}, hosttest.MustBuildGuest(t, "testdata/guest", "guest"))
	for _, c := range []struct {
		verb   string
		cause  host.TrapCause
		detail string
	}{
		{"panic hard", host.TrapExit, "panic: the guest gave up: hard"},
		{"nil", host.TrapExit, "nil pointer dereference"},
		{"exit", host.TrapExit, "exit code 7"},
		{"loop", host.TrapFuel, "200000000"},
		{"recurse", host.TrapFuel, "budget"},
		{"hungry", host.TrapMemory, "32 MB"},
	} {
		_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask(c.verb), nil, host.CallBudget)
		trap, ok := errors.AsType[*host.Trap](err)
		if !ok || trap.Cause != c.cause || !strings.Contains(trap.Detail, c.detail) {
			t.Errorf("%s: got %v, want a %s trap with %q", c.verb, err, c.cause, c.detail)
		}
		mustEcho(t, p)
	}
}

// TestWildPointers calls every host function with pointers outside memory.
func TestWildPointers(t *testing.T) {
	for _, functions := range hostFunctions {
		for _, f := range functions {
			t.Run(f.name(), func(t *testing.T) {
				a := newAsm()
				input := a.imp(abi.ModuleCore, "input")
				fn := a.imp(f.Module, f.Name)
				code := join(c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd)
				pointers := 0
				for _, p := range f.Params {
					if p == abi.I64 {
						code = append(code, c64(-1)...)
					} else {
						code = append(code, c32(-2)...)
						pointers++
					}
				}
				code = append(code, call(fn)...)
				for range f.Results {
					code = append(code, 0x1a)
				}
				a.fn(abi.ExportCall, nil, nil, 0, code)
				p := mustLoad(t, Config{}, a.plugin(t))
				_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("x"), nil, host.CallBudget)
				if err == nil {
					return // it has no pointers, or answers an errno first
				}
				trap, ok := errors.AsType[*host.Trap](err)
				if !ok {
					t.Fatalf("got %v, want a trap or an errno", err)
				}
				switch trap.Cause {
				case host.TrapPointer, host.TrapPhase, host.TrapExit:
				default:
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// TestLogFlood checks that a call keeps a bounded log.
func TestLogFlood(t *testing.T) {
	a := newAsm()
	log := a.imp(abi.ModuleCore, "log")
	a.fn(abi.ExportCall, nil, nil, 1,
		opLoop, blockVoid, c32(1), c32(0), c32(1000), call(log),
		get(0), c32(1), 0x6a, withIndex(opLocalTee, 0), c32(1000), 0x48, opBrIf, 0, opEnd)
	p := mustLoad(t, Config{}, a.plugin(t))
	c := &hosttest.Call{}
	if _, _, err := p.Invoke(t.Context(), c, ask("x"), nil, host.CallBudget); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, line := range c.Logs {
		total += len(line)
	}
	if total != abi.MaxLogBytes {
		t.Errorf("%d bytes were logged, want %d", total, abi.MaxLogBytes)
	}
}

// failingCall breaks as a buggy session would.
type failingCall struct {
	hosttest.Call
	err error
}

func (c *failingCall) Fill(uint32, []byte) error {
	if c.err == nil {
		panic("a bug in the session")
	}
	return c.err
}

func TestCallFaults(t *testing.T) {
	a := newAsm()
	input, fill := a.imp(abi.ModuleCore, "input"), a.imp(abi.ModuleRand, "fill")
	a.fn(abi.ExportCall, nil, nil, 0,
		c32(0), c32(0), c32(0), call(input), c32(int32(len(warmupFrame()))), 0x46, opIf, blockVoid, opReturn, opEnd,
		c32(0), c32(0), c32(8), call(fill), c32(-5), 0x47, opIf, blockVoid, opUnreachable, opEnd)
	p := mustLoad(t, Config{}, a.plugin(t))
	invoke := func(err error) error {
		_, _, got := p.Invoke(t.Context(), &failingCall{err: err}, ask("x"), nil, host.CallBudget)
		return got
	}
	if err := invoke(&host.CallError{Errno: abi.Denied, Message: "no"}); err != nil {
		t.Errorf("an errno ended the call: %v", err)
	}
	broken := errors.New("disk on fire")
	if err := invoke(broken); !errors.Is(err, broken) || !strings.Contains(err.Error(), "mirra_rand_v1.fill") {
		t.Errorf("got %v, want the fault with the function's name", err)
	}
	err := invoke(fmt.Errorf("fill: %w", context.Canceled))
	if trap, ok := errors.AsType[*host.Trap](err); !ok || trap.Cause != host.TrapDeadline {
		t.Errorf("got %v, want a deadline trap", err)
	}
	err = invoke(nil)
	if _, ok := errors.AsType[*host.Trap](err); ok || err == nil || !strings.Contains(err.Error(), "a bug in the session") {
		t.Errorf("got %v, want an error that is not the plugin's", err)
	}
	if err := invoke(&host.CallError{Errno: abi.Denied}); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
