package cache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/cache"
	"github.com/mirrahq/mirra/registry/registrytest"
)

// childTask makes the test binary a child process that does one of the tasks
// below in the cache that childFolder names.
const childTask, childFolder = "MIRRA_TEST_CACHE_TASK", "MIRRA_TEST_CACHE_FOLDER"

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		if err := child(task, os.Getenv(childFolder)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func code(err error) string {
	if e, ok := errors.AsType[*registry.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func mustPut(t *testing.T, c *cache.Cache, module []byte) (registry.Digest, string) {
	t.Helper()
	d := registry.DigestOf(module)
	if err := c.Put(d, module); err != nil {
		t.Fatal(err)
	}
	return d, filepath.Join(c.Folder(), "sha256", d.Hex())
}

func TestPutOpenRemove(t *testing.T) {
	module, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	c := cache.New(filepath.Join(t.TempDir(), "not", "there", "yet"))
	d := build.Digest
	if c.Has(d) {
		t.Error("has what was never put")
	}
	if _, err := c.Open(d); code(err) != registry.CodeNotFound {
		t.Errorf("open absent: %v", err)
	}
	if builds, err := c.List(t.Context()); err != nil || builds != nil {
		t.Errorf("list without folder: %v, %v", builds, err)
	}
	_, path := mustPut(t, c, module)
	if strings.Contains(filepath.Base(path), ":") {
		t.Errorf("%s cannot be a file on Windows", path)
	}
	for _, c := range []*cache.Cache{c, cache.New(c.Folder())} {
		got, err := c.Open(d)
		if err != nil || string(got) != string(module) || !c.Has(d) {
			t.Errorf("open: %d bytes, %v", len(got), err)
		}
		builds, err := c.List(t.Context())
		if err != nil || len(builds) != 1 || builds[0].String() != "stripe@2024-06.1" {
			t.Errorf("list: %v, %v", builds, err)
		}
	}
	for range 2 {
		if err := c.Remove(d); err != nil || c.Has(d) {
			t.Errorf("remove: %v, still there: %v", err, c.Has(d))
		}
	}
	if _, err := c.Open(d); code(err) != registry.CodeNotFound {
		t.Errorf("open removed: %v", err)
	}
}

func TestDigestsAreNotPaths(t *testing.T) {
	folder := t.TempDir()
	secret := registrytest.MustWrite(t, folder, "secret", []byte("x"))
	c := cache.New(filepath.Join(folder, "cache"))
	for _, d := range []registry.Digest{"", "sha256:", "sha256:../../secret", "../secret", registry.Digest("sha256:" + strings.Repeat("/", 64))} {
		if _, err := c.Open(d); code(err) != registry.CodeInvalid {
			t.Errorf("open %q: %v", d, err)
		}
		if c.Has(d) {
			t.Errorf("has %q", d)
		}
		if err := c.Put(d, []byte("x")); err == nil {
			t.Errorf("put %q", d)
		}
		if err := c.Remove(d); err == nil {
			t.Errorf("removed %q", d)
		}
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

func TestPutRefusesOtherContent(t *testing.T) {
	c := cache.New(t.TempDir())
	d := registry.DigestOf([]byte("a"))
	if err := c.Put(d, []byte("b")); code(err) != registry.CodeDamaged || c.Has(d) {
		t.Errorf("got %v", err)
	}
}

// Each case damages a sound entry. It must be found by a process that has not
// read it and by one that has, be named, and be mended by Put.
func TestDamage(t *testing.T) {
	module, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	for name, damage := range map[string]func(t *testing.T, path string){
		"cut off":   func(t *testing.T, path string) { must(t, os.Truncate(path, int64(len(module)/2))) },
		"empty":     func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
		"swapped":   func(t *testing.T, path string) { must(t, os.WriteFile(path, []byte("other"), 0o644)) },
		"appended":  func(t *testing.T, path string) { must(t, os.WriteFile(path, append(slices.Clone(module), 0), 0o644)) },
		"huge":      func(t *testing.T, path string) { must(t, os.Truncate(path, 1<<40)) },
		"same size": func(t *testing.T, path string) { flip(t, path) },
		"link": func(t *testing.T, path string) {
			other := registrytest.MustWrite(t, t.TempDir(), "real", module)
			must(t, os.Remove(path))
			if err := os.Symlink(other, path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := cache.New(t.TempDir())
			d, path := mustPut(t, c, module)
			if _, err := c.Open(d); err != nil {
				t.Fatal(err)
			}
			damage(t, path)
			for who, c := range map[string]*cache.Cache{"reader": c, "newcomer": cache.New(c.Folder())} {
				_, err := c.Open(d)
				if code(err) != registry.CodeDamaged || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: open: %v", who, err)
				}
				if err := c.Verify(d); code(err) != registry.CodeDamaged {
					t.Errorf("%s: verify: %v", who, err)
				}
				if builds, err := c.List(t.Context()); len(builds) != 0 || err == nil || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: list: %v, %v", who, builds, err)
				}
			}
			mustPut(t, c, module)
			if got, err := c.Open(d); err != nil || string(got) != string(module) {
				t.Errorf("after putting it again: %d bytes, %v", len(got), err)
			}
			if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
				t.Errorf("entry is %v, %v", info, err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte, and the time as writing does where clocks are fine enough.
func flip(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	data[len(data)-1] ^= 1
	must(t, os.WriteFile(path, data, 0o644))
	must(t, os.Chtimes(path, time.Time{}, time.Unix(1, 0)))
}

// Verify does not rely on what was checked before.
func TestVerifyReadsAgain(t *testing.T) {
	module, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	c := cache.New(t.TempDir())
	d, path := mustPut(t, c, module)
	info, err := os.Stat(path)
	must(t, err)
	if _, err := c.Open(d); err != nil {
		t.Fatal(err)
	}
	flip(t, path)
	must(t, os.Chtimes(path, time.Time{}, info.ModTime())) // hides the change
	if err := c.Verify(d); code(err) != registry.CodeDamaged {
		t.Errorf("got %v", err)
	}
}

func TestListNamesForeignFiles(t *testing.T) {
	module, _ := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	c := cache.New(t.TempDir())
	mustPut(t, c, module)
	registrytest.MustWrite(t, c.Folder(), "sha256/stripe@2024-06.1.wasm", module)
	mustPut(t, c, []byte("not a plugin, but what its name says"))
	builds, err := c.List(t.Context())
	if len(builds) != 1 || err == nil || !strings.Contains(err.Error(), "stripe@2024-06.1.wasm") || !strings.Contains(err.Error(), "2 faults") {
		t.Errorf("got %v, %v", builds, err)
	}
}

// A writer that died leaves a file in tmp only; later writers sweep it up.
func TestInterruptedWrite(t *testing.T) {
	module, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	c := cache.New(t.TempDir())
	old := registrytest.MustWrite(t, c.Folder(), "tmp/put-1", module[:10])
	must(t, os.Chtimes(old, time.Time{}, time.Unix(1, 0)))
	fresh := registrytest.MustWrite(t, c.Folder(), "tmp/put-2", module[:10]) // still being written
	if c.Has(build.Digest) {
		t.Error("has what was not finished")
	}
	mustPut(t, c, module)
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error(err)
	}
}

// The cache's folder is a file: the same for users who may write anywhere.
func TestFolderIsFile(t *testing.T) {
	c := cache.New(registrytest.MustWrite(t, t.TempDir(), "cache", nil))
	module, build := registrytest.MustPlugin(t, "stripe", "2024-06", 1)
	if err := c.Put(build.Digest, module); err == nil || !strings.Contains(err.Error(), "write plugin cache") {
		t.Errorf("put: %v", err)
	}
	if _, err := c.Open(build.Digest); err == nil {
		t.Error("open: no error")
	}
}

const children = 6

// Many processes put, read and remove the same few entries: none may ever read
// wrong content or fail, but for entries being absent.
func TestProcesses(t *testing.T) {
	folder := t.TempDir()
	runChildren(t, "churn", folder)
	entries, err := os.ReadDir(filepath.Join(folder, "tmp"))
	if err != nil || len(entries) != 0 {
		t.Errorf("left in tmp: %v, %v", entries, err)
	}
	if _, err := cache.New(folder).List(t.Context()); err != nil {
		t.Error(err)
	}
}

// Processes that add to a number in a file under Exclusive lose no addition.
func TestExclusive(t *testing.T) {
	folder := t.TempDir()
	runChildren(t, "count", folder)
	got, err := os.ReadFile(filepath.Join(folder, "count"))
	if want := strings.Repeat("x", children*countEach); err != nil || string(got) != want {
		t.Errorf("counted %d, %v; want %d", len(got), err, len(want))
	}
}

// A process that is killed releases what it holds.
func TestExclusiveAfterKill(t *testing.T) {
	folder := t.TempDir()
	cmd := childCommand(t, "hold", folder)
	_, err := cmd.StdinPipe() // open, so that the child waits
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if _, err := out.Read(make([]byte, 1)); err != nil { // it holds the lock now
		t.Fatal(err)
	}
	must(t, cmd.Process.Kill())
	cmd.Wait()
	release, err := cache.New(folder).Exclusive(t.Context(), "key")
	must(t, err)
	must(t, release())
}

func childCommand(t *testing.T, task, folder string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childTask+"="+task, childFolder+"="+folder)
	return cmd
}

func runChildren(t *testing.T, task, folder string) {
	t.Helper()
	var wg sync.WaitGroup
	for range children {
		wg.Go(func() {
			if out, err := childCommand(t, task, folder).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
}

const countEach = 20

func child(task, folder string) error {
	c := cache.New(folder)
	switch task {
	case "churn":
		for i := range 50 {
			content := []byte(strings.Repeat(fmt.Sprint(i%5), 5_000))
			d := registry.DigestOf(content)
			if err := c.Put(d, content); err != nil {
				return err
			}
			got, err := c.Open(d)
			if err != nil && code(err) != registry.CodeNotFound || err == nil && string(got) != string(content) {
				return fmt.Errorf("open: %d bytes, %w", len(got), err)
			}
			if i%3 == 0 {
				if err := c.Remove(d); err != nil {
					return err
				}
			}
		}
		for i := range 5 { // leaves sound entries or none
			content := []byte(strings.Repeat(fmt.Sprint(i), 5_000))
			if err := c.Remove(registry.DigestOf(content)); err != nil {
				return err
			}
		}
		return nil
	case "count":
		for range countEach {
			release, err := c.Exclusive(context.Background(), "key")
			if err != nil {
				return err
			}
			path := filepath.Join(folder, "count")
			data, err := os.ReadFile(path)
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			if err := os.WriteFile(path, append(data, 'x'), 0o644); err != nil {
				return err
			}
			if err := release(); err != nil {
				return err
			}
		}
		return nil
	case "hold":
		if _, err := c.Exclusive(context.Background(), "key"); err != nil {
			return err
		}
		fmt.Print("x")
		_, err := os.Stdin.Read(make([]byte, 1)) // until killed
		return err
	}
	return fmt.Errorf("unknown task %q", task)
}
