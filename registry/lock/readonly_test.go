//go:build unix

package lock_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mirrahq/mirra/registry/lock"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestWriteIntoReadOnlyFolder(t *testing.T) {
	if registrytest.Unprivileged(t) {
		return // a child without root's rights did it
	}
	folder := t.TempDir()
	path := filepath.Join(folder, lock.Name)
	before := mustWrite(t, path, new(lock.File))
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(folder, 0o755) })
	var f lock.File
	f.Set(entry(t, "stripe"))
	if err := lock.Write(path, &f); err == nil {
		t.Error("written into a folder that cannot be written to")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != before {
		t.Errorf("now holds %q, %v", got, err)
	}
}
