package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// inDropIn is set in the test binary where nothing but Mirra is reached, to the file
// that the table goes to.
const inDropIn = "MIRRA_E2E_DROPIN"

// reachAlone is reach in a network of loopback alone.
func reachAlone(t *testing.T) (table string) {
	t.Helper()
	resolv, file := filepath.Join(t.TempDir(), "resolv.conf"), filepath.Join(t.TempDir(), "table.md")
	if err := os.WriteFile(resolv, []byte(nameServers), 0o644); err != nil {
		t.Fatal(err)
	}
	within(t, "TestDropInAlone", resolv, "/etc/resolv.conf", inDropIn+"="+file)
	if t.Failed() {
		return ""
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDropInAlone is TestDropIn's other half.
func TestDropInAlone(t *testing.T) {
	file := os.Getenv(inDropIn)
	if file == "" {
		return // TestDropIn runs it
	}
	table := reach(t, newOutside(t).take)
	if err := os.WriteFile(file, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}
