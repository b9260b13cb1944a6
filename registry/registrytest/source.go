package registrytest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/registry"
)

// TestSource checks that s keeps the promises of registry.Source and has
// exactly the modules given, all of them sound plugin files.
func TestSource(t *testing.T, s registry.Source, modules ...[]byte) {
	t.Helper()
	ctx := t.Context()
	t.Run("Label", func(t *testing.T) {
		if l := s.Label(); l == "" || strings.TrimSpace(l) != l || strings.Contains(l, "\n") {
			t.Errorf("label %q: want one line", l)
		}
	})
	t.Run("List", func(t *testing.T) {
		builds, err := s.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(builds), len(modules); got != want {
			t.Fatalf("lists %d builds, want %d", got, want)
		}
		for _, m := range modules {
			want, err := registry.Inspect(m)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(builds, func(b registry.Build) bool { return b.Digest == want.Digest })
			if i < 0 {
				t.Errorf("%s is not listed", want)
				continue
			}
			got := builds[i]
			if got.String() != want.String() || got.Size != want.Size || !slices.Equal(got.Capabilities, want.Capabilities) {
				t.Errorf("lists %s, %d bytes, %q; want %s, %d bytes, %q", got, got.Size, got.Capabilities, want, want.Size, want.Capabilities)
			}
			if got.Manifest == nil || got.Manifest.Summary != want.Manifest.Summary || !slices.Equal(got.Hosts(), want.Hosts()) {
				t.Errorf("%s is listed with manifest %+v, want %+v", got, got.Manifest, want.Manifest)
			}
		}
	})
	t.Run("Fetch", func(t *testing.T) {
		for _, m := range modules {
			got, err := s.Fetch(ctx, registry.DigestOf(m))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(m) {
				t.Errorf("fetched %d other bytes than the %d that are there", len(got), len(m))
			}
		}
	})
	t.Run("Fetch absent", func(t *testing.T) {
		_, err := s.Fetch(ctx, registry.DigestOf([]byte("absent")))
		if e, ok := errors.AsType[*registry.Error](err); !ok || e.Code != registry.CodeNotFound {
			t.Errorf("got %v, want code %s", err, registry.CodeNotFound)
		}
	})
	t.Run("Fetch cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.Fetch(ctx, registry.DigestOf(modules[0])); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}
