//go:build !windows

package driver

import (
	"os/exec"
	"syscall"

	"github.com/shirou/gopsutil/v4/process"
)

// group makes a command the first of a group of its own, so that signals reach all of it.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// Signals go to those who made groups of their own too; who has ended needs none.

func terminate(cmd *exec.Cmd, all []*process.Process) { signal(cmd, all, syscall.SIGTERM) }

func kill(cmd *exec.Cmd, all []*process.Process) { signal(cmd, all, syscall.SIGKILL) }

func signal(cmd *exec.Cmd, all []*process.Process, s syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, s)
	for _, p := range all {
		if group, err := syscall.Getpgid(int(p.Pid)); err == nil && group != cmd.Process.Pid {
			_ = p.SendSignal(s)
		}
	}
}
