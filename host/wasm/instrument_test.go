package wasm

import (
	"bytes"
	"testing"

	"github.com/mirrahq/mirra/host/hosttest"
)

// FuzzInstrument feeds arbitrary bytes to everything that reads a module.
// Nothing may panic, and what wazero accepts before instrumenting it accepts
// afterwards.
func FuzzInstrument(f *testing.F) {
	for _, h := range hostile {
		f.Add(hostileGuest(f, h.name, h.build))
	}
	f.Add([]byte(nil))
	f.Add(append([]byte(nil), magic...))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := parseModule(file)
		if err != nil {
			return
		}
		if len(m.faults()) > 0 && len(m.memories) != 1 {
			return
		}
		valid := validate(t.Context(), m.plain) == nil
		w, err := instrument(m)
		if !valid || err != nil {
			return
		}
		if len(m.memories) != 1 || m.memories[0].min > maxPages || m.hasStart || len(m.data) > 0 && m.section[secDataCount] != nil {
			return // refused by check
		}
		if err := validate(t.Context(), w.wasm); err != nil {
			t.Fatalf("valid before, not after: %v", err)
		}
	})
}

// TestInstrumentIsDeterministic: digests and caches depend on it.
func TestInstrumentIsDeterministic(t *testing.T) {
	file := hosttest.MustBuildGuest(t, "testdata/guest", "guest")
	var first []byte
	for range 3 {
		m, _, err := check(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		w, err := instrument(m)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = w.wasm
			t.Logf("%d bytes become %d, %d sites in %d functions", len(file), len(w.wasm), w.sites, len(m.bodies))
		}
		if !bytes.Equal(first, w.wasm) {
			t.Fatal("two runs differ")
		}
	}
}
