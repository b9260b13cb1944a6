// Package hosttest holds what tests of the host share: guests built from
// source, and a Call that keeps what a plugin tells it.
//
// Tests that build guests must run with -count=1: the test cache does not know
// which sources a go build inside a test has read.
package hosttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/abi"
)

type guestBuild struct {
	once sync.Once
	wasm []byte
	err  error
	log  []byte
}

var guests sync.Map // directory: *guestBuild

// MustBuildGuest compiles the Go package in dir as a plugin is compiled, and
// adds a manifest of the given name. Each directory is built once a process.
func MustBuildGuest(t testing.TB, dir, name string) []byte {
	t.Helper()
	path, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := guests.LoadOrStore(path, new(guestBuild))
	b := v.(*guestBuild)
	b.once.Do(func() { b.wasm, b.log, b.err = buildGuest(path) })
	if b.err != nil {
		t.Fatalf("build %s: %v\n%s", dir, b.err, b.log)
	}
	return MustAppendManifest(t, b.wasm, name)
}

func buildGuest(dir string) (wasm, log []byte, err error) {
	temp, err := os.MkdirTemp("", "mirra-guest-*")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if log, err = cmd.CombinedOutput(); err != nil {
		return nil, log, err
	}
	wasm, err = os.ReadFile(out)
	return wasm, log, err
}

// MustAppendManifest returns module with a small valid manifest.
func MustAppendManifest(t testing.TB, module []byte, name string) []byte {
	t.Helper()
	file, err := abi.AppendManifest(module, &abi.Manifest{
		ABI: abi.Version, Name: name, Vendor: name, Line: "1", Build: 1, Summary: "A guest of the tests.",
		API: abi.API{Default: "1"}, Hosts: []abi.Host{{ID: "api", Name: "api." + name + ".test"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}
