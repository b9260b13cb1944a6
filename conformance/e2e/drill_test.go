package e2e

import (
	"encoding/json"
	"os/exec"
	"strings"
)

// drilled is what `mirra drill --json` prints, as far as the tests look at it.
type drilled struct {
	Verdict, Reason string
}

// drill runs a drill of a folder's application.
func (p *project) drill(folder, name string, command ...string) (d drilled) {
	p.t.Helper()
	cmd := exec.Command(binary, append([]string{"drill", name, "--json", "--timeout", "2m", "--"}, command...)...)
	cmd.Dir, cmd.Env = folder, environment(p.home)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if e := json.Unmarshal(out, &d); e != nil {
		p.t.Errorf("drill %s of %s: %v, printed %s%s", name, folder, err, out, &said)
		return d
	}
	if want := map[string]int{"pass": 0, "fail": 1, "undecided": 5}[d.Verdict]; cmd.ProcessState.ExitCode() != want {
		p.t.Errorf("drill %s of %s is %s and ends with %d", name, folder, d.Verdict, cmd.ProcessState.ExitCode())
	}
	return d
}
