//go:build unix

package cache_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestReadOnlyFolder(t *testing.T) {
	if registrytest.Unprivileged(t) {
		return // a child without root's rights did it
	}
	module, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	c := cache.New(t.TempDir())
	mustPut(t, c, module)
	for _, f := range []string{"sha256", "tmp", "."} {
		f = filepath.Join(c.Folder(), f)
		must(t, os.Chmod(f, 0o555))
		t.Cleanup(func() { os.Chmod(f, 0o755) })
	}
	c = cache.New(c.Folder())
	if _, err := c.Open(build.Digest); err != nil {
		t.Errorf("open: %v", err)
	}
	if err := c.Put(build.Digest, module); err != nil {
		t.Errorf("put what is there: %v", err)
	}
	other, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 2)
	if err := c.Put(registry.DigestOf(other), other); err == nil || !strings.Contains(err.Error(), "write plugin cache") {
		t.Errorf("put: %v", err)
	}
}
