package assembly

import (
	"runtime/debug"
	"runtime/metrics"
)

const (
	// quietBytes is what a server without requests allocates in a second at most:
	// its timers and event streams.
	quietBytes = 1 << 20
	// quietTicks is how many quiet seconds end a load.
	quietTicks = 3
	// worthBytes is the least allocation worth a collection.
	worthBytes = 32 << 20
)

// settler tells when a load is over. What requests leave behind is collected at
// the next need, which on a quiet server may be never: until then it has twice
// the memory of what its sessions hold.
type settler struct {
	last  uint64 // bytes allocated up to the last tick
	given uint64 // bytes allocated up to the last collection
	quiet int    // quiet ticks in a row
}

// tick is called each second with the bytes allocated so far and tells whether
// to give memory back now.
func (s *settler) tick(allocated uint64) bool {
	quiet := allocated-s.last < quietBytes
	s.last = allocated
	if !quiet {
		s.quiet = 0
		return false
	}
	s.quiet++
	if s.quiet < quietTicks || allocated-s.given < worthBytes {
		return false
	}
	s.given = allocated
	return true
}

// settle gives memory back to the system if a load has ended.
func (s *settler) settle() {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	if s.tick(sample[0].Value.Uint64()) {
		debug.FreeOSMemory()
	}
}
