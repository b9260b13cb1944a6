//go:build !linux

package e2e

import "testing"

// reachAlone is reach where vendors may be reached too: networks of loopback alone are
// Linux's.
func reachAlone(t *testing.T) (table string) {
	t.Helper()
	return reach(t, nil)
}
