package assembly

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/host/wasm"
	"github.com/mirrahq/mirra/registry"
)

// archive packs files, in order; a name that ends in / is a folder.
func archive(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		h := &tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1])), Typeflag: tar.TypeReg}
		if strings.HasPrefix(files[i+1], "->") {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, files[i+1][2:], 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(files[i+1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestUnpackCompiled: an entry is put in its place whole or not at all, and never
// outside of it.
func TestUnpackCompiled(t *testing.T) {
	digest := registry.DigestOf([]byte("a plugin"))
	good := archive(t, "entry.json", "index", "code/wazero/x", "machine code")
	for name, c := range map[string]struct {
		data  []byte
		fault string
	}{
		"good":       {good, ""},
		"cut":        {good[:len(good)-8], "EOF"},
		"no archive": {[]byte("hello"), "magic"},
		"upward":     {archive(t, "../outside", "x"), `name "../outside"`},
		"absolute":   {archive(t, "/outside", "x"), `name "/outside"`},
		"link":       {archive(t, "link", "->/etc/passwd"), "is no file"},
		"twice":      {archive(t, "a", "x", "a", "y"), "exists"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			if err := os.MkdirAll(compiledCache(cache), 0o755); err != nil {
				t.Fatal(err)
			}
			packed := fstest.MapFS{PrecompiledName(digest): {Data: c.data}}
			err := unpackCompiled(packed, cache, digest)
			entry := filepath.Join(compiledCache(cache), wasm.CacheKey(string(digest)))
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("got %v, want %s", err, c.fault)
				}
				if left, _ := os.ReadDir(compiledCache(cache)); len(left) != 0 {
					t.Errorf("left %v", left)
				}
				if _, err := os.Stat(filepath.Join(cache, "outside")); err == nil {
					t.Error("wrote outside")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(filepath.Join(entry, "code", "wazero", "x")); err != nil || string(text) != "machine code" {
				t.Errorf("%q, %v", text, err)
			}
			// What is there stays.
			if err := os.WriteFile(filepath.Join(entry, "entry.json"), []byte("newer"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := unpackCompiled(packed, cache, digest); err != nil {
				t.Fatal(err)
			}
			if text, _ := os.ReadFile(filepath.Join(entry, "entry.json")); string(text) != "newer" {
				t.Errorf("the entry was replaced: %q", text)
			}
		})
	}
	if err := unpackCompiled(nil, t.TempDir(), digest); err != nil {
		t.Error(err)
	}
	if err := unpackCompiled(fstest.MapFS{}, t.TempDir(), digest); err != nil {
		t.Error(err)
	}
}
