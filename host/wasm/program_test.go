package wasm

import (
	"context"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// mustLoad loads a plugin file and closes it with the test.
func mustLoad(t testing.TB, c Config, file []byte) *program {
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
