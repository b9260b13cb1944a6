package main

import "unsafe"

//go:wasmimport mirra_core_v1 output
func output(p unsafe.Pointer, n uint32)

// wild hands the host a pointer beyond the guest's memory.
func wild() { output(unsafe.Pointer(uintptr(0xfffffff0)), 1<<20) }
