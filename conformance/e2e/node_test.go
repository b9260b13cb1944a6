package e2e

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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

// nodeVersions are those that clients are tried on, the oldest that the vendors' SDKs
// take to the newest with long-term support.
var nodeVersions = []string{"20", "22", "24"}

// nodeProgram returns the program of a major version: the one of PATH, else the one that make
// deps fetched.
func nodeProgram(t *testing.T, version string) string {
	t.Helper()
	out, err := exec.Command("node", "-p", "process.versions.node").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(string(out), version+".") {
		return "node"
	}
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	fetched, err := filepath.Abs(filepath.Join("nodes", version, "node_modules", "node-"+runtime.GOOS+"-"+cmp.Or(arch, runtime.GOARCH), "bin", "node"))
	if err == nil {
		_, err = os.Stat(fetched)
	}
	if err != nil {
		t.Fatalf("Node %s is needed; PATH has %s, and make deps fetches 22 and 24 for Linux: %v", version, strings.TrimSpace(string(out)), err)
	}
	return fetched
}
