package wasm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

const (
	// fuelSlice is how much a guest runs between two ticks: some 20 µs, the
	// time the garbage collector waits for it at most.
	fuelSlice = 50_000
	// maxStackBytes is where a tick stops a runaway recursion. wazero itself
	// gives up at 50 MB and up, which two calls at once should not cost.
	maxStackBytes = 8 << 20
	// keepStackBytes is the largest stack a pooled instance keeps.
	keepStackBytes = 1 << 20
)

// instance is one guest. It is the context of every call into it: host
// functions get their state by a type assertion, without a lookup or an
// allocation.
type instance struct {
	invocation
	program *program
	module  api.Module
	memory  guestMemory
	call    api.Function
	fuel    api.MutableGlobal
	globals []api.MutableGlobal
	stack   reflect.Value // wazero's stack of call, or invalid
	broken  bool          // not to be used again
}

var _ context.Context = (*instance)(nil)

// Deadline, Done, Err and Value implement context.Context: wazero asks for
// values it knows and gets none. The caller's context is in.ctx.
func (in *instance) Deadline() (time.Time, bool) { return time.Time{}, false }
func (in *instance) Done() <-chan struct{}       { return nil }
func (in *instance) Err() error                  { return nil }
func (in *instance) Value(any) any               { return nil }

// phaseStart is the phase of _initialize: only functions of any phase.
const phaseStart abi.Phase = 3

// invocation is the state of one call into a guest.
type invocation struct {
	ctx   context.Context
	done  <-chan struct{}
	host  host.Call
	phase abi.Phase
	frame []byte
	out   []byte
	base  int    // where the guest's output starts in out
	last  []byte // what result() reads
	init  *host.Schema

	budget    int64
	left      int64 // of the budget, not yet granted
	deadline  time.Time
	hostCalls int
	inside    *hostFunction // the host function that runs
	trap      *host.Trap
	err       error // of a host function, not the guest's fault
	logLeft   int
	sleptNS   int64 // what the guest believes to have slept
	random    uint64
	stderr    stderr
}

// newInstance makes a guest over mem. The image's globals are not set yet.
func (p *program) newInstance(ctx context.Context, mem guestMemory) (*instance, error) {
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory { return mem }))
	m, err := p.engine.InstantiateModule(ctx, p.code, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate: %w", err)
	}
	in := &instance{program: p, module: m, memory: mem, call: m.ExportedFunction(abi.ExportCall)}
	in.fuel = m.ExportedGlobal(fuelExport).(api.MutableGlobal)
	for _, g := range p.mutable {
		in.globals = append(in.globals, m.ExportedGlobal(globalExport(g)).(api.MutableGlobal))
	}
	in.stack = stackOf(in.call)
	return in, nil
}

// stackOf finds the length of the stack wazero keeps for a function. There is
// no API for it; without it, runaway recursion meets wazero's own limit.
func stackOf(f api.Function) reflect.Value {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return reflect.Value{}
	}
	v = v.Elem().FieldByName("stack")
	if v.Kind() != reflect.Slice {
		return reflect.Value{}
	}
	return v
}

func (in *instance) stackBytes() int {
	if !in.stack.IsValid() {
		return 0
	}
	return in.stack.Len() * int(in.stack.Type().Elem().Size())
}

// start makes an instance of the program's image.
func (p *program) start(ctx context.Context) (*instance, error) {
	mem, err := p.source.memory()
	if err != nil {
		return nil, err
	}
	in, err := p.newInstance(ctx, mem)
	if err != nil {
		mem.Free()
		return nil, err
	}
	have, want := uint32(len(mem.bytes())), uint32(p.image.size)
	if _, ok := in.module.Memory().Grow((want - have) / wasmPageBytes); !ok || len(mem.bytes()) != int(want) {
		in.close(ctx)
		return nil, fmt.Errorf("grow memory to the image's %d bytes: refused", want)
	}
	in.resetGlobals()
	return in, nil
}

func (in *instance) resetGlobals() {
	for i, g := range in.globals {
		g.Set(in.program.image.globals[i])
	}
}

// restore makes the instance what it was at start. False: discard it.
func (in *instance) restore() bool {
	if in.broken {
		return false
	}
	if _, ok := in.memory.restore(); !ok {
		return false
	}
	in.resetGlobals()
	return true
}

func (in *instance) close(ctx context.Context) {
	// Closing an instance frees memory; it has nothing to flush that could fail.
	_ = in.module.Close(ctx)
}

// begin sets up the state of one call.
func (in *instance) begin(ctx context.Context, c host.Call, phase abi.Phase, b host.Budget) {
	buf := in.stderr.keep()
	in.invocation = invocation{ctx: ctx, done: ctx.Done(), host: c, phase: phase, budget: b.Fuel, logLeft: abi.MaxLogBytes, stderr: buf}
	slice := min(b.Fuel, fuelSlice)
	in.left = b.Fuel - slice
	in.fuel.Set(uint64(uint32(slice)))
}

// run calls an exported function of no parameters and tells what became of it.
// Afterwards the instance is dirty, whatever happened.
func (in *instance) run(f api.Function, wall time.Duration) (host.Usage, error) {
	started := time.Now()
	if wall <= 0 {
		wall = math.MaxInt64
	}
	in.deadline = started.Add(wall)
	err := f.CallWithStack(in, nil)
	if err != nil {
		err = in.verdict(err)
	}
	left := in.left + int64(int32(uint32(in.fuel.Get())))
	return host.Usage{
		Fuel:      min(in.budget-left, in.budget),
		HostCalls: in.hostCalls,
		Guest:     time.Since(started),
	}, err
}

// Invoke runs one call; see host.Program.
func (p *program) Invoke(ctx context.Context, c host.Call, frame, out []byte, b host.Budget) ([]byte, host.Usage, error) {
	if err := ctx.Err(); err != nil {
		return out, host.Usage{}, &host.Trap{Cause: host.TrapDeadline, Detail: err.Error()}
	}
	in, err := p.pool.acquire(ctx)
	if err != nil {
		return out, host.Usage{}, err
	}
	// A Call that ends the goroutine must not leave a half-used instance behind.
	finished := false
	defer func() {
		in.broken = in.broken || !finished
		p.pool.release(in)
	}()
	in.begin(ctx, c, abi.CallPhase, b)
	in.frame, in.out, in.base = frame, out, len(out)
	usage, err := in.run(in.call, b.Wall)
	out = in.out
	in.forget()
	finished = true
	return out, usage, err
}

// Tidy implements host.Tidier.
func (p *program) Tidy() { p.pool.tidy() }

// forget drops what a call lent.
func (in *instance) forget() {
	in.ctx, in.done, in.host, in.frame, in.out, in.last = nil, nil, nil, nil, nil, nil
}

// enter is run before every host function.
func (in *instance) enter(f *hostFunction) {
	in.inside = f
	in.hostCalls++
	if f.Phase != abi.AnyPhase && f.Phase != in.phase {
		in.stop(host.TrapPhase, "%s called %s", f.name(), phaseNames[in.phase])
	}
	in.spend(int64(f.Fuel))
	if in.done != nil {
		select {
		case <-in.done:
			in.cancelled()
		default:
		}
	}
	if in.hostCalls&63 == 0 {
		in.checkWall()
	}
}

var phaseNames = [...]string{
	abi.AnyPhase: "in no phase", abi.InitPhase: "in " + abi.ExportInit,
	abi.CallPhase: "in " + abi.ExportCall, phaseStart: "in " + abi.ExportInitialize,
}

// spend charges for work of a host function.
func (in *instance) spend(n int64) {
	if in.left -= n; in.left >= 0 {
		return
	}
	// The slice the guest holds pays the rest.
	slice := int64(int32(uint32(in.fuel.Get()))) + in.left
	in.left = 0
	if slice < 0 {
		in.fuel.Set(0)
		in.exhausted()
	}
	in.fuel.Set(uint64(uint32(slice)))
}

func (in *instance) spendBytes(n int) { in.spend(int64(n) / 64) }

// tick is called by the guest when its slice is used up. It returns a new one.
// Being a Go function it is also where the garbage collector and the scheduler
// can stop the guest.
func (in *instance) tick(fuel int32) int32 {
	in.left += int64(fuel) // what the last stretch took too much
	if in.left <= 0 {
		in.fuel.Set(0)
		in.exhausted()
	}
	select {
	case <-in.done:
		in.cancelled()
	default:
	}
	in.checkWall()
	if n := in.stackBytes(); n > keepStackBytes {
		in.broken = true
		if n > maxStackBytes {
			in.stop(host.TrapStack, "calls nest deeper than %d MB of stack", maxStackBytes>>20)
		}
	}
	slice := min(in.left, fuelSlice)
	in.left -= slice
	return int32(slice)
}

func (in *instance) checkWall() {
	if time.Now().After(in.deadline) {
		in.stop(host.TrapDeadline, "ran longer than its wall-clock budget")
	}
}

func (in *instance) cancelled() {
	in.stop(host.TrapDeadline, "%v", context.Cause(in.ctx))
}

func (in *instance) exhausted() {
	in.stop(host.TrapFuel, "used up its budget of %d instructions", in.budget)
}

// stop ends the call. It does not return.
func (in *instance) stop(cause host.TrapCause, format string, args ...any) {
	in.trap = &host.Trap{Cause: cause, Detail: fmt.Sprintf(format, args...)}
	panic(in.trap)
}

// abort ends the call because a Call method reported something a plugin
// cannot recover from. It does not return.
func (in *instance) abort(err error) {
	if trap, ok := errors.AsType[*host.Trap](err); ok {
		in.trap = trap
	} else if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		in.trap = &host.Trap{Cause: host.TrapDeadline, Detail: in.inside.name() + ": " + err.Error()}
	} else {
		in.err = fmt.Errorf("%s: %w", in.inside.name(), err)
	}
	panic(err)
}
