package assembly

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/host/wasm"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/registrytest"
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

// TestPrecompile: each line of a plugin starts from its packed code, the second
// from what it differs in; without the first it is not there.
func TestPrecompile(t *testing.T) {
	first := registrytest.MustModule(t, registrytest.Manifest("thing", "v1", 1))
	second := registrytest.MustModule(t, registrytest.Manifest("thing", "v2", 1))
	packed, err := Precompile(t.Context(), first, second)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for name, data := range packed {
		fsys[name] = &fstest.MapFile{Data: data}
	}
	names := [2]string{PrecompiledName(registry.DigestOf(first)), PrecompiledName(registry.DigestOf(second))}
	for i, file := range [][]byte{first, second} {
		cache, want := t.TempDir(), t.TempDir()
		if err := os.MkdirAll(compiledCache(cache), 0o755); err != nil {
			t.Fatal(err)
		}
		digest := registry.DigestOf(file)
		if err := unpackCompiled(fsys, cache, digest); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		if err := Compile(t.Context(), want, file); err != nil {
			t.Fatal(err)
		}
		key := wasm.CacheKey(string(digest))
		got, compiled := filesOf(t, filepath.Join(compiledCache(cache), key)), filesOf(t, filepath.Join(compiledCache(want), key))
		if len(got) == 0 || !maps.Equal(got, compiled) {
			t.Errorf("line %d: unpacked %d files, compiled %d, and they differ", i+1, len(got), len(compiled))
		}
	}
	delete(fsys, names[0])
	if _, err := openPacked(fsys, names[1]); err == nil || !strings.Contains(err.Error(), "of which there are 0") {
		t.Errorf("without the first line: %v", err)
	}
}

func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		out[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
