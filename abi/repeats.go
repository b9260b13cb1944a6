package abi

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// repeats finds runs of lines that were printed before: rows of a list have most
// of theirs in common, and copying what was printed takes a fifth of the time of
// reading it again. A line begins behind a comma or an opening bracket; what
// follows there is printed by its text and its level alone.
type repeats struct {
	lines [maxLines]line // in the order of the text
	n     int
	heads [512]uint16 // by the hash of a line's first bytes: its index and 1
	spent int         // bytes that were compared for nothing
}

// line is where a line begins.
type line struct{ src, out, depth int32 }

const (
	maxLines = 256
	headSize = 2 * word
	chunk    = 8 * word // compared at once
	// minRepeats is how long a text pays for the memory.
	minRepeats = 4 << 10
	maxRepeats = 1 << 30 // so that places fit into a line
)

// memories are kept, because they would make stacks grow.
var memories = sync.Pool{New: func() any { return new(repeats) }}

func (r *repeats) forget() {
	r.n = 0
	clear(r.heads[:])
}

// worthwhile tells whether a text of that size has been worth the comparisons so
// far: one made to defeat them is to be printed in time that grows as it does.
func (r *repeats) worthwhile(size int) bool { return r.spent <= size }

// find returns the ends of a run that was printed before, if what stands at
// src[i:], on that level, begins with the same text, else false. It remembers the
// line for later ones then.
func (r *repeats) find(src []byte, i, n, depth int) (from, to line, ok bool) {
	if len(src)-i < headSize {
		return from, to, false
	}
	head := &r.heads[(binary.LittleEndian.Uint64(src[i:])*0x9e3779b97f4a7c15+
		binary.LittleEndian.Uint64(src[i+word:])*0xc2b2ae3d27d4eb4f+uint64(depth)*ones)>>55]
	if *head != 0 {
		k := int(*head) - 1
		if from = r.lines[k]; int(from.depth) == depth {
			// The last line before the first difference. What stands right behind
			// a bracket decides whether a line begins there: it must be the same too.
			same := int32(samePrefix(src[from.src:r.lines[r.n-1].src+1], src[i:]))
			for k+1 < r.n && r.lines[k+1].src-from.src < same {
				k++
			}
			to = r.lines[k]
			if r.spent += int(same - (to.src - from.src)); to.src > from.src {
				return from, to, true
			}
		}
	}
	if r.n == maxLines {
		r.forget()
	}
	r.lines[r.n] = line{int32(i), int32(n), int32(depth)}
	r.n++
	*head = uint16(r.n)
	return from, to, false
}

// samePrefix returns how many bytes a and b begin with in common.
func samePrefix(a, b []byte) int {
	i := 0
	for len(b)-i >= chunk && len(a)-i >= chunk && *(*[chunk]byte)(a[i:]) == *(*[chunk]byte)(b[i:]) {
		i += chunk
	}
	for ; len(b)-i >= word && len(a)-i >= word; i += word {
		if d := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); d != 0 {
			return i + bits.TrailingZeros64(d)/8
		}
	}
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return i
}
