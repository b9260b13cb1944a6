package e2e

import (
	"bytes"
	"os/exec"
	"testing"
)

// python is Debian's: its package python3-stripe has the SDK.
const python = "/usr/bin/python3"

// pythonCommand runs a script of the folder python.
func pythonCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import stripe").CombinedOutput(); err != nil {
		t.Fatalf("%s has no stripe-python; Debian's package python3-stripe has it (apt-get install python3-stripe): %v\n%s", python, err, out)
	}
	cmd := exec.Command(python, append([]string{"-B"}, args...)...)
	cmd.Dir = "python"
	return cmd
}

// versions are those that each line answers by itself.
var versions = map[string]string{"2024-06": "2024-06-20", "2026-08": "2026-08-26.dahlia"}

func pythonRoundTrips(t *testing.T, p *project, sdk, line string, rows *resources) {
	script(t, p, sdk, rows, pythonCommand(t, "roundtrip.py"), "STRIPE_VERSION="+versions[line])
}

// TestStripePython runs python/stripe_test.py on both lines.
func TestStripePython(t *testing.T) {
	t.Parallel()
	for line, version := range versions {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			p := up(t, "--mirrors", "stripe@"+line)
			p.mirra("fault", "add", "--mirror", "stripe", "--path", "/v1/coupons", "--error", "rate-limit", "--count", "1")
			cmd := pythonCommand(t, "stripe_test.py")
			cmd.Env = environment(p.home, "STRIPE_URL="+p.url, "STRIPE_VERSION="+version)
			if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("\nOK\n")) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
