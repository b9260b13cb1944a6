//go:build wasip1

package sdk

import (
	"iter"
	"runtime/debug"
)

// A guest lives for one call and its memory is put back behind it, so garbage
// is only collected in calls that would else meet the memory limit.
func init() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(24 << 20)
}

//go:wasmexport mirra_abi_1
func exportMarker() {}

//go:wasmexport mirra_init
func exportInit() {
	served.declare()
	startCalls() // not in an init function: those run locked to a thread
}

// Calls run on one coroutine that lives as long as the guest. An export gets a
// fresh goroutine with a small stack each time, and growing that by copying
// cost a quarter of a call.
var resume func() (struct{}, bool)

func startCalls() {
	resume, _ = iter.Pull(func(yield func(struct{}) bool) {
		growStack(32)
		for yield(struct{}{}) {
			served.serveCall()
		}
	})
	resume() // up to the first yield
}

// growStack makes the stack of its goroutine at least n KB large.
//
//go:noinline
func growStack(n int) byte {
	var kb [1024]byte
	if n > 0 {
		kb[n] = growStack(n - 1)
	}
	return kb[n]
}

//go:wasmexport mirra_call
func exportCall() { resume() }

// Main is what a plugin's main function calls. In a guest it is never run.
func Main() {}
