package e2e

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"testing"
)

// python is Debian's, whose package python3-stripe has the SDK, or PYTHON.
var python = cmp.Or(os.Getenv("PYTHON"), "/usr/bin/python3")

// pythonCommand runs a script of the folder python.
func pythonCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	out, err := exec.Command(python, "-c", "import stripe.version; print(stripe.version.VERSION)").CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("5.0.")) {
		t.Fatalf("%s has no stripe-python 5.0: install it (apt-get install python3-stripe), or set PYTHON to a Python that has it (pip install stripe==5.0.0): %v\n%s", python, err, out)
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

func pythonSurface(t *testing.T, p *project, _, line string) []asked {
	return surface(t, p, pythonCommand(t, "surface.py"), "STRIPE_VERSION="+versions[line])
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
