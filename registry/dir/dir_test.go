package dir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestSource(t *testing.T) {
	a, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	b, _ := registrytest.MustPlugin(t, "stripe", "2026-08", 1)
	c, _ := registrytest.MustPlugin(t, "twilio", "2010-04-01", 1)
	deep, _ := registrytest.MustPlugin(t, "resend", "v1", 1)
	folder := t.TempDir()
	registrytest.MustWrite(t, folder, "twilio.wasm", a) // file names mean nothing
	registrytest.MustWrite(t, folder, "new/stripe.wasm", b)
	registrytest.MustWrite(t, folder, "new/README.md", []byte("text"))
	registrytest.MustWrite(t, folder, "new/deeper/resend.wasm", deep) // too deep
	registrytest.MustWrite(t, folder, "folder.wasm/notes", nil)
	elsewhere := registrytest.MustWrite(t, t.TempDir(), "c.wasm", c)
	if err := os.Symlink(elsewhere, filepath.Join(folder, "link.wasm")); err != nil {
		t.Fatal(err)
	}
	// A link to a folder could lead in circles; it is not followed.
	if err := os.Symlink(folder, filepath.Join(folder, "circle")); err != nil {
		t.Fatal(err)
	}
	registrytest.TestSource(t, dir.New("dir:x", folder), a, b, c)
}

func TestListNamesWhatItCannotRead(t *testing.T) {
	module, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	folder := t.TempDir()
	registrytest.MustWrite(t, folder, "good.wasm", module)
	registrytest.MustWrite(t, folder, "bad1.wasm", []byte("x"))
	registrytest.MustWrite(t, folder, "bad2.wasm", registrytest.Bare())
	if err := os.Symlink(filepath.Join(folder, "nowhere"), filepath.Join(folder, "bad3.wasm")); err != nil {
		t.Fatal(err)
	}
	s := dir.New("dir:x", folder)
	builds, err := s.List(t.Context())
	if len(builds) != 1 || builds[0].String() != "stripe@2024-06.1" {
		t.Errorf("lists %v, want stripe", builds)
	}
	for _, want := range []string{"3 faults", "bad1.wasm", "bad2.wasm", "bad3.wasm"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := s.Fetch(t.Context(), registry.DigestOf(module)); err != nil {
		t.Error(err)
	}
}

func TestAbsentFolder(t *testing.T) {
	if _, err := dir.New("dir:x", filepath.Join(t.TempDir(), "absent")).List(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want not exist", err)
	}
}
