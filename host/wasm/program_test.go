package wasm

import (
	"context"
	"os"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// sharedCache keeps what the tests compile: with the race detector, compiling
// a Go guest takes ten seconds.
var sharedCache string

func TestMain(m *testing.M) {
	var err error
	if sharedCache, err = os.MkdirTemp("", "mirra-wasm-test-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(sharedCache)
	os.Exit(code)
}

// mustLoad loads a plugin file, from the shared cache if it has been loaded
// before, and closes it with the test.
func mustLoad(t testing.TB, c Config, file []byte) *program {
	t.Helper()
	if c.CacheDir == "" {
		c.CacheDir = sharedCache
	}
	return mustLoadPlain(t, c, file)
}

func mustLoadPlain(t testing.TB, c Config, file []byte) *program {
	t.Helper()
	r, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Load(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p.(*program)
}

func ask(text string) []byte {
	r := abi.Request{Kind: abi.KindHTTP, Name: text}
	return r.Append(nil)
}

func TestGoGuest(t *testing.T) {
	p := mustLoad(t, Config{}, hosttest.MustBuildGuest(t, "testdata/guest", "guest"))
	t.Log(p.image.size, len(p.mutable))
	for range 3 {
		out, usage, err := p.Invoke(t.Context(), &hosttest.Call{}, ask("count"), []byte("before:"), host.CallBudget)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(out), "before:1 1 1"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		t.Logf("%+v", usage)
	}
}
