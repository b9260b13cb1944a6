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
			cmd := exec.Command("node", "--test", "stripe.test.mjs")
			cmd.Dir = "node"
			cmd.Env = environment(p.home, "MIRRA="+binary, "STRIPE_SDK="+sdk, "PROJECT="+p.folder)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, out.String())
			}
			if !bytes.Contains(out.Bytes(), []byte("pass ")) || bytes.Contains(out.Bytes(), []byte("# pass 0")) {
				t.Errorf("no test ran:\n%s", out.String())
			}
		})
	}
}
