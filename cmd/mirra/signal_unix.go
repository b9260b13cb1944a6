//go:build !windows

package main

import (
	"os/exec"
	"syscall"
)

// exitSignal returns the signal that ended a command.
func exitSignal(e *exec.ExitError) int {
	if w, ok := e.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return int(w.Signal())
	}
	return 1
}
