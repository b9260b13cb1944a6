package embedded_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/embedded"
	"github.com/mirrahq/mirra/registry/registrytest"
)

// mustPack packs modules and returns the folder.
func mustPack(t *testing.T, modules ...[]byte) string {
	t.Helper()
	in, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for i, m := range modules {
		registrytest.MustWrite(t, in, string(rune('a'+i))+".wasm", m)
	}
	if err := embedded.Pack(in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSource(t *testing.T) {
	a, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	b, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 10)
	c := registrytest.MustModule(t, registrytest.Manifest("twilio", "2010-04-01", 1), abi.ModuleCore, abi.ModuleBlob)
	out := mustPack(t, c, b, a)
	registrytest.TestSource(t, embedded.New(os.DirFS(out)), a, b, c)
}

// countingFS notes which files are opened.
type countingFS struct {
	fs.FS
	opened []string
}

func (c *countingFS) Open(name string) (fs.File, error) {
	c.opened = append(c.opened, name)
	return c.FS.Open(name)
}

func TestListReadsTheIndexOnly(t *testing.T) {
	a, stripe := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	b, twilio := registrytest.MustPlugin(t, "twilio", "2010-04-01", 1)
	fsys := &countingFS{FS: os.DirFS(mustPack(t, a, b))}
	s := embedded.New(fsys)
	for range 2 {
		if _, err := s.List(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, build := range []registry.Build{twilio, stripe} {
		if _, err := s.Fetch(t.Context(), build.Digest); err != nil {
			t.Fatal(err)
		}
	}
	// The larger one is packed whole, and the other by what it differs in.
	if want := []string{"index.json", "twilio@2010-04-01.1.wasm.zst", "twilio@2010-04-01.1.wasm.zst", "stripe@2024-06.1.wasm.zst"}; !slices.Equal(fsys.opened, want) {
		t.Errorf("opened %q, want %q", fsys.opened, want)
	}
}

func TestPackIsReproducibleAndReplaces(t *testing.T) {
	a, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	b, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 2)
	first, second := mustPack(t, a, b), mustPack(t, b, a)
	if x, y := contents(t, first), contents(t, second); !maps.Equal(x, y) {
		t.Error("packing the same plugins twice gives other bytes")
	}
	registrytest.MustWrite(t, first, ".gitignore", []byte("*\n"))
	in := t.TempDir()
	registrytest.MustWrite(t, in, "x.wasm", b)
	if err := embedded.Pack(in, first); err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(contents(t, first)))
	if want := []string{".gitignore", "index.json", "stripe@2024-06.2.wasm.zst"}; !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

func TestPackRefusesFaultyPlugins(t *testing.T) {
	unsound := registrytest.Manifest("stripe", "2024-06", 1)
	unsound.Vendor, unsound.Summary = "", ""
	good, _ := registrytest.MustPlugin(t, "twilio", "v1", 1)
	twin := registrytest.MustModule(t, registrytest.Manifest("twilio", "v1", 1))
	in, out := t.TempDir(), t.TempDir()
	registrytest.MustWrite(t, out, "index.json", []byte("old"))
	registrytest.MustWrite(t, in, "1.wasm", registrytest.MustModule(t, unsound, "env"))
	registrytest.MustWrite(t, in, "2.wasm", good)
	registrytest.MustWrite(t, in, "3.wasm", twin)
	err := embedded.Pack(in, out)
	for _, want := range []string{"4 faults", "stripe@2024-06.1: vendor: is empty", "summary: is empty", `imports ["env"]`, "twilio@v1.1 is there twice"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if got := contents(t, out)["index.json"]; got != "old" {
		t.Errorf("the index was replaced by %q", got)
	}
	if err := embedded.Pack(t.TempDir(), out); err == nil {
		t.Error("packed an empty folder")
	}
}

func TestDamagedPack(t *testing.T) {
	a, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	other, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 2)
	sound := contents(t, mustPack(t, a))
	swapped := contents(t, mustPack(t, other))["stripe@2024-06.2.wasm.zst"]
	const file, index = "stripe@2024-06.1.wasm.zst", "index.json"
	for name, tc := range map[string]struct{ file, content, want string }{
		"other module": {file, swapped, "content has digest"},
		"cut off":      {file, sound[file][:20], file},
		"not zstd":     {file, "plain", file},
		"no file":      {file, "", file},
		"no index":     {index, "", "this binary carries no plugins"},
		"broken index": {index, "{", "index.json"},
		"other format": {index, `{"format": 9}`, "format 9, want 2"},
		"no manifest":  {index, `{"format": 2, "builds": [{"file": "x"}]}`, `the entry of "x" is incomplete`},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for n, c := range sound {
				fsys[n] = &fstest.MapFile{Data: []byte(c)}
			}
			if tc.content == "" {
				delete(fsys, tc.file)
			} else {
				fsys[tc.file] = &fstest.MapFile{Data: []byte(tc.content)}
			}
			_, err := embedded.New(fsys).Fetch(t.Context(), build.Digest)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// TestLinesOfAPlugin: the second build of a plugin is packed by its first, to little
// of what it is; neither another nor a circular first one is more than an error.
func TestLinesOfAPlugin(t *testing.T) {
	large := func(line string) ([]byte, registry.Build) {
		m := registrytest.Manifest("stripe", line, 1)
		for i := range 20_000 {
			m.Events = append(m.Events, fmt.Sprintf("thing.event_%d", i*i))
		}
		file := registrytest.MustModule(t, m)
		b, err := registry.Identify(m)
		if err != nil {
			t.Fatal(err)
		}
		b.Digest = registry.DigestOf(file)
		return file, b
	}
	a, first := large("2024-06")
	b, second := large("2026-08")
	sound := contents(t, mustPack(t, a, b))
	const firstFile, secondFile = "stripe@2024-06.1.wasm.zst", "stripe@2026-08.1.wasm.zst"
	if x, y := len(sound[firstFile]), len(sound[secondFile]); y*10 > x {
		t.Errorf("the second line takes %d bytes, the first %d", y, x)
	}
	for name, c := range map[string]struct{ from, to, fault string }{
		"sound":    {"", "", ""},
		"other":    {string(first.Digest), string(registry.DigestOf(nil)), "content has digest"},
		"circular": {`"like":"` + string(first.Digest) + `"`, `"like":"` + string(second.Digest) + `"`, "not packed whole"},
	} {
		fsys := fstest.MapFS{}
		for n, text := range sound {
			if n == "index.json" {
				text = strings.ReplaceAll(strings.ReplaceAll(text, `"like": "`, `"like":"`), c.from, c.to)
			}
			fsys[n] = &fstest.MapFile{Data: []byte(text)}
		}
		got, err := embedded.New(fsys).Fetch(t.Context(), second.Digest)
		if c.fault == "" && (err != nil || registry.DigestOf(got) != second.Digest) || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that decompresses to more than its entry says is cut off there.
func TestBombIsCutOff(t *testing.T) {
	a, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	fsys := fstest.MapFS{}
	for n, c := range contents(t, mustPack(t, a)) {
		fsys[n] = &fstest.MapFile{Data: []byte(c)}
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := z.EncodeAll(make([]byte, 32<<20), nil)
	fsys["stripe@2024-06.1.wasm.zst"] = &fstest.MapFile{Data: bomb}
	want := registry.DigestOf(make([]byte, build.Size+1)) // one byte more than it should have
	if _, err := embedded.New(fsys).Fetch(t.Context(), build.Digest); err == nil || !strings.Contains(err.Error(), string(want)) {
		t.Errorf("got %v, want the digest of %d bytes, %s", err, build.Size+1, want)
	}
}
