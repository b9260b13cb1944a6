package main

import (
	"os/exec"
	"syscall"
)

// See https://learn.microsoft.com/windows/win32/procthread/process-creation-flags.
const (
	detachedProcess       = 0x00000008
	createNewProcessGroup = 0x00000200
)

// detach makes a command outlive this process and its console.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: detachedProcess | createNewProcessGroup}
}
