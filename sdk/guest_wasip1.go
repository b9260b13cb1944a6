//go:build wasip1

package sdk

import "runtime/debug"

// A guest lives for one call and its memory is put back behind it, so garbage
// is only collected in calls that would else meet the memory limit.
func init() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(24 << 20)
}

//go:wasmexport mirra_abi_1
func exportMarker() {}

//go:wasmexport mirra_init
func exportInit() { served.declare() }

//go:wasmexport mirra_call
func exportCall() { served.serveCall() }

// Main is what a plugin's main function calls. In a guest it is never run.
func Main() {}
