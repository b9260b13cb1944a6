package e2e

import (
	"bytes"
	"os/exec"
	"testing"
)

// TestStripeNode runs node/stripe.test.mjs with Node's own test runner, once
// with the SDK that asks for 2024-06-20 and once with the current one.
func TestStripeNode(t *testing.T) {
	t.Parallel()
	for _, sdk := range []string{"stripe-2024-06", "stripe-current"} {
		t.Run(sdk, func(t *testing.T) {
			t.Parallel()
			p := newProject(t)
			p.node("stripe.test.mjs", "STRIPE_SDK="+sdk)
		})
	}
}

// node runs a file of the folder node with Node's own test runner, for the project.
func (p *project) node(file string, env ...string) {
	p.t.Helper()
	cmd := exec.Command("node", "--test", file)
	cmd.Dir = "node"
	cmd.Env = environment(p.home, append(env, "MIRRA="+binary, "PROJECT="+p.folder)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Errorf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("pass ")) || bytes.Contains(out, []byte("# pass 0")) {
		p.t.Errorf("no test ran:\n%s", out)
	}
}
