package lock_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func entry(t *testing.T, name string) lock.Entry {
	t.Helper()
	m := registrytest.Manifest(name, "2024-06", 1)
	m.Hosts = append(m.Hosts, abi.Host{ID: "a", Name: "a." + name + ".test"})
	b, err := registry.Inspect(registrytest.MustModule(t, m, abi.ModuleSQL, abi.ModuleCore))
	if err != nil {
		t.Fatal(err)
	}
	return lock.NewEntry(b, "embedded")
}

func mustWrite(t *testing.T, path string, f *lock.File) string {
	t.Helper()
	if err := lock.Write(path, f); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestWriteIsCanonical(t *testing.T) {
	var a, b lock.File
	for _, n := range []string{"twilio", "resend", "stripe"} {
		a.Set(entry(t, n))
	}
	for _, n := range []string{"stripe", "adyen", "twilio", "resend", "stripe"} {
		b.Set(entry(t, n))
	}
	if !b.Remove("adyen") || b.Remove("adyen") {
		t.Error("remove: want true, then false")
	}
	path := filepath.Join(t.TempDir(), lock.Name)
	first := mustWrite(t, path, &a)
	if second := mustWrite(t, path, &b); first != second {
		t.Errorf("the same plugins give\n%s\nand\n%s", first, second)
	}
	d := string(entry(t, "resend").Digest)
	want := "# Written by mirra, do not edit: a changed file is refused. Use `mirra plugin`.\n" +
		"format 1.0\n\nplugin resend\n  version 2024-06.1\n  source embedded\n  digest " + d + "\n  signer -\n  abi 1\n" +
		"  capability mirra_core_v1\n  capability mirra_sql_v1\n  host a.resend.test\n  host api.resend.test\n\nplugin stripe\n"
	if !strings.HasPrefix(first, want) || !strings.HasSuffix(first, "\n") {
		t.Errorf("got\n%s\nwant at first\n%s", first, want)
	}
	f, err := lock.Read(path)
	if err != nil || len(f.Entries()) != 3 {
		t.Errorf("read: %v, %v", f, err)
	}
}

func TestWriteRefusesWhatCannotBeRead(t *testing.T) {
	good := entry(t, "stripe")
	for name, change := range map[string]func(*lock.Entry){
		"name":            func(e *lock.Entry) { e.Name = "../x" },
		"version":         func(e *lock.Entry) { e.Version.Build = 0 },
		"source":          func(e *lock.Entry) { e.Source = "" },
		"line in source":  func(e *lock.Entry) { e.Source = "dir:x\n  abi 2" },
		"space in source": func(e *lock.Entry) { e.Source = "dir:x " },
		"digest":          func(e *lock.Entry) { e.Digest = "sha256:" },
		"unsorted":        func(e *lock.Entry) { e.Hosts = []string{"b", "a"} },
		"capability":      func(e *lock.Entry) { e.Capabilities = []string{""} },
		"repeated":        func(e *lock.Entry) { e.Hosts = []string{"a", "a"} },
	} {
		e := good
		change(&e)
		var f lock.File
		f.Set(e)
		path := filepath.Join(t.TempDir(), lock.Name)
		if err := lock.Write(path, &f); err == nil {
			t.Errorf("%s: written", name)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: left a file", name)
		}
	}
}

func TestReadErrors(t *testing.T) {
	folder := t.TempDir()
	if _, err := lock.Read(filepath.Join(folder, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := lock.Read(folder); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("folder: %v", err)
	}
	edited, _ := fixture(t, "testdata/parse/edited.lock")
	path := registrytest.MustWrite(t, folder, lock.Name, []byte(edited))
	_, err := lock.Read(path)
	e, ok := errors.AsType[*registry.Error](err)
	if !ok || e.Code != registry.CodeInvalid || !strings.Contains(e.Hint, "git checkout") || !strings.Contains(err.Error(), path+":13:10: checksum mismatch") {
		t.Errorf("edited: %v, hint %q", err, e.Hint)
	}
	newer, _ := fixture(t, "testdata/parse/newer-major.lock")
	_, err = lock.Read(registrytest.MustWrite(t, folder, lock.Name, []byte(newer)))
	if e, ok := errors.AsType[*registry.Error](err); !ok || e.Code != registry.CodeTooNew || e.Hint != "upgrade Mirra" {
		t.Errorf("newer: %v", err)
	}
}

// A file that cannot be read is never replaced: what it pins would be lost.
func TestWriteKeepsBadInput(t *testing.T) {
	for _, name := range []string{"edited", "newer-major", "not-a-lock", "merge-conflict"} {
		text, _ := fixture(t, "testdata/parse/"+name+".lock")
		path := registrytest.MustWrite(t, t.TempDir(), lock.Name, []byte(text))
		if err := lock.Write(path, new(lock.File)); err == nil {
			t.Errorf("%s: replaced", name)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s: now holds %q, %v", name, got, err)
		}
	}
}

func TestWriteLeavesNothingElse(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, lock.Name)
	var f lock.File
	mustWrite(t, path, &f)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	f.Set(entry(t, "stripe"))
	mustWrite(t, path, &f)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
	if info, err := os.Stat(path); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o640) {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
}

func TestWriteFollowsLinks(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "shared", lock.Name)
	registrytest.MustWrite(t, folder, "shared/other", nil)
	var f lock.File
	mustWrite(t, target, &f)
	link := filepath.Join(folder, lock.Name)
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	f.Set(entry(t, "stripe"))
	mustWrite(t, link, &f)
	if got, err := lock.Read(target); err != nil || len(got.Entries()) != 1 {
		t.Errorf("target: %v, %v", got, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("link: %v, %v", info, err)
	}
}

func TestWriteFails(t *testing.T) {
	folder := t.TempDir()
	if err := lock.Write(filepath.Join(folder, "absent", lock.Name), new(lock.File)); err == nil || !strings.Contains(err.Error(), "write lock") {
		t.Errorf("absent folder: %v", err)
	}
}
