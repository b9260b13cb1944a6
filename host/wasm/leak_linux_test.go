package wasm

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/hosttest"
)

// TestNoLeak runs many calls, traps and discarded instances and counts what
// the process holds.
func TestNoLeak(t *testing.T) {
	cycles := 10_000
	if testing.Short() {
		cycles = 1000
	}
	strategies(t, func(t *testing.T, s strategy) {
		a := newAsm()
		input := a.imp(abi.ModuleCore, "input")
		a.fn(abi.ExportCall, nil, nil, 0,
			// The length of the frame says what to do: 1 grows, 2 traps.
			c32(0), c32(7), c32(4096), opMisc, miscMemoryFill, 0,
			c32(0), c32(0), c32(0), call(input), c32(1), 0x46, opIf, blockVoid, c32(1), opMemoryGrow, 0, 0x1a, opEnd,
			c32(0), c32(0), c32(0), call(input), c32(2), 0x46, opIf, blockVoid, opUnreachable, opEnd)
		p := mustLoad(t, Config{strategy: s}, a.plugin(t))
		run := func(n int) {
			for i := range n {
				frame := make([]byte, 3)
				switch i % 50 {
				case 7:
					frame = frame[:1]
				case 11:
					frame = frame[:2]
				}
				_, _, err := p.Invoke(t.Context(), &hosttest.Call{}, frame, nil, host.CallBudget)
				if (err != nil) != (len(frame) == 2) {
					t.Fatal(err)
				}
			}
		}
		run(500)
		before := holds(t)
		run(cycles)
		after := holds(t)
		for name, n := range after {
			if n > before[name]+8 {
				t.Errorf("%s: %d before, %d after %d calls", name, before[name], n, cycles)
			}
		}
		t.Logf("%v, then %v", before, after)
	})
}

func holds(t *testing.T) map[string]int {
	t.Helper()
	runtime.GC()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	// Ranges of the Go heap come and go; what this package maps is the image.
	return map[string]int{
		"files": len(files), "goroutines": runtime.NumGoroutine(),
		"mappings": strings.Count(string(maps), "mirra-image"),
	}
}
