package wasm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

func cacheFiles(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// loadAndCall loads a plugin with a cache, calls it and closes it.
func loadAndCall(t *testing.T, dir string, file []byte, verb, want string) host.Schema {
	t.Helper()
	r, err := New(t.Context(), Config{CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Load(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := p.Invoke(t.Context(), &hosttest.Call{}, ask(verb), nil, host.CallBudget)
	if err != nil || string(out) != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
	return p.Schema()
}

// answering is a small plugin that answers with what lies in its memory.
func answering(t *testing.T) []byte {
	a := newAsm()
	output := a.imp(abi.ModuleCore, "output")
	a.data, a.nData = join(0, c32(16), opEnd, 2, []byte("hi")), 1
	a.fn(abi.ExportCall, nil, nil, 0, c32(16), c32(2), call(output))
	return a.plugin(t)
}

// TestCacheGoGuest loads a real plugin cold, then warm. Its image must be the
// one that another load made: images are functions of their plugin.
func TestCacheGoGuest(t *testing.T) {
	dir := t.TempDir()
	file := hosttest.MustBuildGuest(t, "testdata/guest", "guest")
	for range 2 {
		got := loadAndCall(t, dir, file, "echo hello", "hello")
		if got.Version != 3 || len(got.Statements) != 2 || got.DDL == "" {
			t.Errorf("got schema %+v", got)
		}
	}
	a := mustLoadPlain(t, Config{CacheDir: dir, strategy: strategyCopy}, file)
	b := mustLoad(t, Config{strategy: strategyCopy}, file)
	if !bytes.Equal(a.image.memory, b.image.memory) || !same(a.image.globals, b.image.globals) {
		t.Error("two images of one plugin differ")
	}
}

// TestCacheSurvivesDamage damages every file of an entry in turn.
func TestCacheSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	file := answering(t)
	loadAndCall(t, dir, file, "x", "hi")
	files := cacheFiles(t, dir)
	if len(files) < 4 {
		t.Fatalf("the cache holds %q", files)
	}
	damages := map[string]func(path string, b []byte) error{
		"flip":   func(path string, b []byte) error { b[len(b)/2] ^= 1; return os.WriteFile(path, b, 0o644) },
		"cut":    func(path string, b []byte) error { return os.WriteFile(path, b[:len(b)/2], 0o644) },
		"empty":  func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o644) },
		"remove": func(path string, _ []byte) error { return os.Remove(path) },
	}
	for _, path := range files {
		for name, damage := range damages {
			rel, _ := filepath.Rel(dir, path)
			t.Run(name+"/"+filepath.Base(filepath.Dir(rel))+"/"+filepath.Base(rel), func(t *testing.T) {
				good, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if err := damage(path, slices.Clone(good)); err != nil {
					t.Fatal(err)
				}
				loadAndCall(t, dir, file, "x", "hi")
				if now := cacheFiles(t, dir); !slices.Equal(now, files) {
					t.Errorf("the cache holds %q, want %q", now, files)
				}
				r := &Runtime{config: Config{CacheDir: dir}}
				if _, _, err := r.cacheFor(mustDigest(file)).read(); err != nil {
					t.Errorf("not repaired: %v", err)
				}
			})
		}
	}
}

func mustDigest(file []byte) string { return "sha256:" + hashText(file) }

// TestCacheIsShared lets several runtimes fill one directory at once.
func TestCacheIsShared(t *testing.T) {
	dir := t.TempDir()
	file := answering(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { loadAndCall(t, dir, file, "x", "hi") })
	}
	wg.Wait()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("the cache holds %v, %v; want one entry", entries, err)
	}
}

// What nobody has used for a month goes; what is used, and what is not the cache's, stays.
func TestCacheIsPruned(t *testing.T) {
	t.Parallel()
	root, now := t.TempDir(), time.Now()
	file := answering(t)
	loadAndCall(t, root, file, "", "hi")
	sum := sha256.Sum256(file)
	own := filepath.Base((&Runtime{config: Config{CacheDir: root}}).cacheFor("sha256:" + hex.EncodeToString(sum[:])).dir)
	ages := map[string]time.Duration{
		own:                     20 * 24 * time.Hour,
		strings.Repeat("a", 64): 31 * 24 * time.Hour,
		strings.Repeat("b", 64): 29 * 24 * time.Hour,
		buildPrefix + "1":       25 * time.Hour,
		buildPrefix + "2":       23 * time.Hour,
		"somebody's":            400 * 24 * time.Hour,
	}
	for name, age := range ages {
		dir := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Join(dir, "code"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	loadAndCall(t, root, file, "", "hi") // notes its use
	prune(root, now.Add(15*24*time.Hour))
	var left []string
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		left = append(left, f.Name())
	}
	want := []string{own, "somebody's"}
	slices.Sort(want)
	slices.Sort(left)
	if !slices.Equal(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}
