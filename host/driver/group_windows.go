package driver

import (
	"os/exec"

	"github.com/shirou/gopsutil/v4/process"
)

func group(*exec.Cmd) {}

// terminate does nothing: Windows knows no way to ask.
func terminate(*exec.Cmd, []*process.Process) {}

func kill(cmd *exec.Cmd, all []*process.Process) {
	_ = cmd.Process.Kill() // it may have ended
	for _, p := range all {
		_ = p.Kill() // likewise
	}
}
