package assembly_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/assembly"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
)

// shared is built once for all tests: a folder with two builds of
// examples/hello-mirror, and a cache.
var shared = sync.OnceValues(func() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "mirra-assembly-"); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", filepath.Join(folder, "bare"), "../../examples/hello-mirror")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", err
	}
	text, err := exec.Command("go", "run", "../../examples/hello-mirror").Output()
	if err != nil {
		return "", err
	}
	bare, err := os.ReadFile(filepath.Join(folder, "bare"))
	if err != nil {
		return "", err
	}
	for build := 1; build <= 2; build++ {
		var m abi.Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			return "", err
		}
		m.Build = build
		m.Hosts = append(m.Hosts, abi.Host{ID: "files", Name: "files.hello.example"})
		m.Env = append(m.Env, abi.EnvVar{Name: "HELLO_FILES", Value: "{url:files}"}, abi.EnvVar{Name: "HELLO_PORT", Value: "{port}"})
		file, err := abi.AppendManifest(bare, &m)
		if err != nil {
			return "", err
		}
		if err := os.MkdirAll(filepath.Join(folder, "plugins"), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, "plugins", "hello"+string(rune('0'+build))+".wasm"), file, 0o644); err != nil {
			return "", err
		}
	}
	// Compiling takes a minute with the race detector. These tests without it
	// compile for the cache.
	cmd = exec.Command("go", "test", "-count=1", ".")
	cmd.Env = append(os.Environ(), warmVariable+"="+folder, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile plugins: %w: %s", err, out)
	}
	return folder, nil
})

// warmVariable makes this test binary compile the plugins of a folder only.
const warmVariable = "MIRRA_TEST_WARM"

func warm(folder string) error {
	for _, name := range []string{"hello1.wasm", "hello2.wasm"} {
		file, err := os.ReadFile(filepath.Join(folder, "plugins", name))
		if err != nil {
			return err
		}
		if err := assembly.Compile(context.Background(), filepath.Join(folder, "cache"), file); err != nil {
			return err
		}
	}
	return nil
}

func TestMain(m *testing.M) {
	if folder := os.Getenv(warmVariable); folder != "" {
		if err := warm(folder); err != nil {
			panic(err)
		}
		return
	}
	code := m.Run()
	if folder, err := shared(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// MustServer starts a server with both builds of hello.
func MustServer(t testing.TB, change func(*assembly.Config)) *assembly.Server {
	t.Helper()
	folder, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	c := assembly.Config{
		CacheDir: filepath.Join(folder, "cache"), ControlAddr: "127.0.0.1:0", VendorAddr: "127.0.0.1:0", Token: "secret", Version: "test",
		Sources: []registry.Source{dir.New("dir:plugins", filepath.Join(folder, "plugins"))},
	}
	if change != nil {
		change(&c)
	}
	s, err := assembly.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// MustSession starts a session of hello.
func MustSession(t testing.TB, c host.Control, change func(*host.NewSession)) *host.SessionInfo {
	t.Helper()
	r := &host.NewSession{Mirrors: []host.MirrorRequest{{Ref: "hello"}}}
	if change != nil {
		change(r)
	}
	s, err := c.CreateSession(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// call sends a request and returns the answer with its body.
func call(t testing.TB, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if strings.EqualFold(name, "host") {
			req.Host = value
		} else {
			req.Header.Add(name, value)
		}
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

const (
	asUser  = "Authorization: Bearer secret"
	asApp   = "Authorization: Bearer hk_test_abcd"
	asJSON  = "Content-Type: application/json"
	asForm  = "Content-Type: application/x-www-form-urlencoded"
	liveKey = "Authorization: Bearer hk_live_abcd"
)
