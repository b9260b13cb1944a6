package assembly

import "testing"

func TestSettler(t *testing.T) {
	const mb = 1 << 20
	for _, c := range []struct {
		name   string
		allocs []uint64 // MB a second
		want   int      // the tick that gives back, counted from 1; 0 is none
	}{
		{"quiet from the start", []uint64{0, 0, 0, 0, 0, 0}, 0},
		{"a small load is not worth it", []uint64{10, 0, 0, 0, 0, 0}, 0},
		{"after a load", []uint64{100, 50, 0, 0, 0, 0}, 5},
		{"not while it pauses", []uint64{100, 0, 0, 100, 0, 0}, 0},
		{"small loads add up", []uint64{20, 0, 0, 0, 20, 0, 0, 0}, 8},
	} {
		var s settler
		var total uint64
		got := 0
		for i, n := range c.allocs {
			total += n * mb
			if s.tick(total) {
				if got != 0 {
					t.Errorf("%s: gave back at %d and %d", c.name, got, i+1)
				}
				got = i + 1
			}
		}
		if got != c.want {
			t.Errorf("%s: gave back at %d, want %d", c.name, got, c.want)
		}
	}
}
