package wasm

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// hostFunction is a function of the ABI or of the WASI shim, and what it does.
// It reads its parameters from stack and leaves its result in stack[0].
type hostFunction struct {
	abi.Function
	run func(in *instance, stack []uint64)
}

func (f *hostFunction) name() string {
	if f == nil {
		return "guest"
	}
	return f.Module + "." + f.Name
}

// Call implements api.GoFunction.
func (f *hostFunction) Call(ctx context.Context, stack []uint64) {
	in := ctx.(*instance)
	in.enter(f)
	f.run(in, stack)
	in.inside = nil
}

var _ api.GoFunction = (*hostFunction)(nil)

// hostFunctions holds everything a guest may import, by module.
var hostFunctions = func() map[string][]*hostFunction {
	all := map[string][]*hostFunction{}
	for _, f := range abi.Functions {
		run := abiFunctions[f.Module+"."+f.Name]
		if run == nil {
			panic("no implementation of " + f.Module + "." + f.Name)
		}
		all[f.Module] = append(all[f.Module], &hostFunction{f, run})
	}
	all[abi.ModuleWASI] = wasiFunctions()
	return all
}()

// hostSignature returns the signature a guest has to import a function with.
func hostSignature(module, name string) (t funcType, moduleKnown, known bool) {
	functions, moduleKnown := hostFunctions[module]
	for _, f := range functions {
		if f.Name == name {
			return funcType{wireBytes(f.Params), wireBytes(f.Results)}, true, true
		}
	}
	return funcType{}, moduleKnown, false
}

func wireBytes(types []abi.WireType) []byte {
	b := make([]byte, len(types))
	for i, t := range types {
		b[i] = byte(t)
	}
	return b
}

// instantiateHost puts the host functions into an engine.
func instantiateHost(ctx context.Context, engine wazero.Runtime) error {
	for module, functions := range hostFunctions {
		b := engine.NewHostModuleBuilder(module)
		for _, f := range functions {
			b.NewFunctionBuilder().WithGoFunction(f, wireBytes(f.Params), wireBytes(f.Results)).Export(f.Name)
		}
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("host module %s: %w", module, err)
		}
	}
	tick := api.GoFunc(func(ctx context.Context, stack []uint64) {
		in := ctx.(*instance)
		stack[0] = uint64(uint32(in.tick(int32(uint32(stack[0])))))
	})
	b := engine.NewHostModuleBuilder(tickModule)
	b.NewFunctionBuilder().WithGoFunction(tick, []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}).Export(tickName)
	if _, err := b.Instantiate(ctx); err != nil {
		return fmt.Errorf("host module %s: %w", tickModule, err)
	}
	return nil
}

// bytes returns guest memory, or ends the call: a pointer outside is a bug in
// the guest that no errno would help.
func (in *instance) bytes(ptr, n uint64) []byte {
	b := in.memory.bytes()
	p, l := uint64(uint32(ptr)), uint64(uint32(n))
	if p+l > uint64(len(b)) {
		in.stop(host.TrapPointer, "%s got %d bytes at %#x: the memory has %d", in.inside.name(), l, p, len(b))
	}
	return b[p : p+l : p+l]
}

// input is bytes for something the host only reads; it is charged.
func (in *instance) input(ptr, n uint64) []byte {
	b := in.bytes(ptr, n)
	in.spendBytes(len(b))
	return b
}

// i32 is a result that may be an errno.
func i32(v int32) uint64 { return uint64(uint32(v)) }

// length is a result that counts bytes.
func length(n int) uint64 { return i32(int32(min(n, math.MaxInt32))) }

// refuse turns an error of a Call into its errno and keeps the message. Errors
// that are not for the plugin end the call.
func (in *instance) refuse(err error) int32 {
	e, ok := errors.AsType[*host.CallError](err)
	if !ok {
		in.abort(err)
	}
	if e.Errno >= 0 {
		in.abort(fmt.Errorf("call error with errno %d", int32(e.Errno)))
	}
	in.last = append([]byte(nil), e.Message...)
	return int32(e.Errno)
}

// status is the result of functions that only say whether they worked.
func (in *instance) status(err error) uint64 {
	if err != nil {
		return i32(in.refuse(err))
	}
	return 0
}

// handle is a result that is a handle.
func (in *instance) handle(h uint32, err error) uint64 {
	if err == nil && h > math.MaxInt32 {
		in.abort(fmt.Errorf("handle %d out of range", h))
	}
	if err != nil {
		return i32(in.refuse(err))
	}
	return uint64(h)
}

// invalid is the answer to an argument the host itself finds malformed.
func (in *instance) invalid(message string) uint64 {
	in.last = []byte(message)
	return i32(int32(abi.Invalid))
}

// copyOut copies src from offset into the guest's buffer and returns how long
// src is in all.
func (in *instance) copyOut(src []byte, offset, ptr, capacity uint64) uint64 {
	dst := in.bytes(ptr, capacity)
	if off := uint64(uint32(offset)); off < uint64(len(src)) {
		in.spendBytes(copy(dst, src[off:]))
	}
	return length(len(src))
}

// place gives the guest a result that was appended to its own buffer out[:0].
// When the bytes did not fit they have moved: they wait for result().
func (in *instance) place(out, result []byte) uint64 {
	in.spendBytes(len(result))
	if len(result) > cap(out) {
		in.last = result
		return i32(int32(abi.TooSmall))
	}
	if len(result) > 0 && &result[0] != &out[:1][0] {
		copy(out[:len(result)], result)
	}
	return length(len(result))
}
