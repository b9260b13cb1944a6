package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry/file"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestSource(t *testing.T) {
	module, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	path := registrytest.MustWrite(t, t.TempDir(), "any name.wasm", module)
	registrytest.TestSource(t, file.New("file:x", path), module)
}

func TestListErrors(t *testing.T) {
	folder := t.TempDir()
	large := registrytest.MustWrite(t, folder, "large.wasm", nil)
	if err := os.Truncate(large, abi.MaxModuleBytes+1); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, want string }{
		"absent":       {filepath.Join(folder, "absent.wasm"), "absent.wasm"},
		"folder":       {folder, "not a regular file"},
		"large":        {large, "more than"},
		"not a plugin": {registrytest.MustWrite(t, folder, "x.wasm", []byte("x")), "x.wasm: read plugin: not a core WebAssembly module"},
		"no manifest":  {registrytest.MustWrite(t, folder, "bare.wasm", registrytest.Bare()), "bare.wasm: read plugin: no mirra.manifest"},
		"no text":      {os.DevNull, "not a regular file"},
	} {
		if b, err := file.New("file:x", tc.path).List(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, %v; want %q", name, b, err, tc.want)
		}
	}
}
