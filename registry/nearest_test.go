package registry_test

import (
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/registrytest"
)

func TestNearest(t *testing.T) {
	line := func(line string, build int, api abi.API) registry.Build {
		m := registrytest.Manifest("stripe", line, build)
		m.API = api
		b, err := registry.Identify(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	builds := []registry.Build{
		line("2024-06", 1, abi.API{Default: "2024-06-20", Also: []string{"2024-04-10"}}),
		line("2026-08", 1, abi.API{Default: "2026-08-26.dahlia", Also: []string{"2024-06-20", "2025-03-31.basil"}}),
		line("2024-06", 2, abi.API{Default: "2024-06-20", Also: []string{"2024-04-10", "2023-10-16"}}),
	}
	for _, tc := range []struct{ asked, want, reason string }{
		{"2026-10-28", "stripe@2026-08.1", "the newest line that is not newer"},
		{"2026-08-26", "stripe@2026-08.1", "the newest line that is not newer"},
		{"2026-08-26.dahlia", "stripe@2026-08.1", "its own version"},
		{"2024-06-20", "stripe@2024-06.2", "its own version"}, // though the newer line also speaks it
		{"2025-03-31.basil", "stripe@2026-08.1", "it also speaks 2025-03-31.basil"},
		{"2023-10-16", "stripe@2024-06.2", "it also speaks 2023-10-16"},
		{"2025-12-01.clover", "stripe@2024-06.2", "the newest line that is not newer"},
		{"2019-01-01", "stripe@2024-06.2", "the oldest line, all are newer"},
	} {
		got, reason, ok := registry.Nearest(tc.asked, builds)
		if !ok || got.String() != tc.want || reason != tc.reason {
			t.Errorf("Nearest(%s) = %s, %q, %v; want %s, %q", tc.asked, got, reason, ok, tc.want, tc.reason)
		}
	}
	if _, _, ok := registry.Nearest("2024-06-20", nil); ok {
		t.Error("Nearest finds a build where there is none")
	}
}
