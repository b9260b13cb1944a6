package abi

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// AppendLayout appends body to dst as l prints it. body must be JSON without
// insignificant white space for LayoutIndent2; other input comes out garbled
// but never panics.
func AppendLayout(dst []byte, l Layout, body string) []byte {
	if l != LayoutIndent2 {
		return append(dst, body...)
	}
	src := unsafe.Slice(unsafe.StringData(body), len(body))
	if len(src) < minRepeats || len(src) > maxRepeats {
		return appendIndented(dst, src, nil)
	}
	seen := memories.Get().(*repeats)
	defer memories.Put(seen)
	seen.forget()
	seen.spent = 0
	return appendIndented(dst, src, seen)
}

const (
	word = 8 // bytes that are moved and looked at together
	// room is what a step writes at most: a comma, a newline and the spaces of a
	// shallow level, or a word and what stands beside it.
	room = 4 * word
	// shallow is the deepest level whose newline and spaces fit into two words.
	shallow = word - 1
	// growth is how many times longer than its text a print may get before its
	// lines are no longer indented, so that a megabyte of brackets does not
	// become a terabyte of spaces.
	growth = 128

	newlineWord = 0x202020202020200a // a newline and seven spaces
	spacesWord  = 0x2020202020202020
	ones        = 0x0101010101010101
	tops        = 0x8080808080808080
)

// appendIndented prints JSON with two spaces a level. Every answer is printed so,
// lists of a hundred objects too: text moves by words, of which only the part
// up to n counts, and what changes stays in local variables. seen is nil for
// texts too short to repeat themselves.
func appendIndented(dst, src []byte, seen *repeats) []byte {
	out, n, depth := dst[:cap(dst)], len(dst), 0
	for i := 0; i < len(src); {
		if len(out)-n < room {
			out = enlarge(out, n, room, len(src)-i)
		}
		c := src[i]
		i++
		if c == '"' {
			out[n] = c
			n++
		text: // up to the quote that ends it
			for {
				for len(src)-i >= word {
					if len(out)-n < room {
						out = enlarge(out, n, room, len(src)-i)
					}
					w := binary.LittleEndian.Uint64(src[i:])
					binary.LittleEndian.PutUint64(out[n:], w)
					// The highest bit of a byte is set if it is a quote or a
					// backslash, exactly up to the first that is.
					q, b := w^ones*'"', w^ones*'\\'
					special := ((q-ones)&^q | (b-ones)&^b) & tops
					if special == 0 {
						i, n = i+word, n+word
						continue
					}
					k := bits.TrailingZeros64(special)/8 + 1
					i, n = i+k, n+k
					if src[i-1] == '"' {
						break text
					}
					if i < len(src) {
						out[n] = src[i] // whatever is escaped
						i, n = i+1, n+1
					}
				}
				if i == len(src) {
					break
				}
				// The last bytes of the text one by one.
				if len(out)-n < room {
					out = enlarge(out, n, room, len(src)-i)
				}
				out[n] = src[i]
				i, n = i+1, n+1
				switch src[i-1] {
				case '"':
					break text
				case '\\':
					if i < len(src) {
						out[n] = src[i]
						i, n = i+1, n+1
					}
				}
			}
			if i == len(src) || src[i] != ':' {
				continue
			}
			if len(out)-n < room {
				out = enlarge(out, n, room, len(src)-i)
			}
			out[n], out[n+1] = ':', ' '
			i, n = i+1, n+2
			if len(src)-i < word || src[i] == '"' || src[i]|0x20 == '{' {
				continue // not a number, true, false or null
			}
			w := binary.LittleEndian.Uint64(src[i:])
			binary.LittleEndian.PutUint64(out[n:], w)
			// A brace is a bracket with one bit more.
			e, b := w^ones*',', (w|spacesWord)^ones*'}'
			end := ((e-ones)&^e | (b-ones)&^b) & tops
			k := bits.TrailingZeros64(end) / 8
			i, n = i+k, n+k
			continue
		}
		if c == ',' {
			out[n] = c
			n++
		} else if c == '{' || c == '[' {
			out[n] = c
			n++
			if i < len(src) && (src[i] == '}' || src[i] == ']') {
				out[n] = src[i] // stays on one line
				i, n = i+1, n+1
				continue
			}
			depth++
		} else if c == '}' || c == ']' {
			depth--
		} else {
			out[n] = c
			n++
			if c == ':' {
				out[n] = ' '
				n++
			}
			continue
		}
		if uint(depth) <= shallow {
			binary.LittleEndian.PutUint64(out[n:], newlineWord)
			binary.LittleEndian.PutUint64(out[n+word:], spacesWord)
			n += 1 + 2*depth
			if seen != nil && c != '}' && c != ']' && seen.worthwhile(len(src)) {
				if from, to, ok := seen.find(src, i, n, depth); ok {
					size := int(to.out - from.out)
					out = enlarge(out, n, room+size, len(src)-i)
					copy(out[n:], out[from.out:to.out])
					i, n, depth = i+int(to.src-from.src), n+size, int(to.depth)
					continue
				}
			}
		} else {
			seen = nil // what is printed here depends on what was before
			spaces := 2 * max(depth, 0)
			if n-len(dst) > growth*(len(src)+1024) {
				spaces = 0
			}
			out = enlarge(out, n, room+spaces, len(src)-i)
			out[n] = '\n'
			n++
			for end := n + spaces; n < end; n++ {
				out[n] = ' '
			}
		}
		if c == '}' || c == ']' {
			out[n] = c
			n++
		}
	}
	return out[:n]
}

// enlarge returns out with room for more bytes behind n, and for printing what
// is left of the text.
func enlarge(out []byte, n, more, left int) []byte {
	if len(out)-n >= more {
		return out
	}
	bigger := append(make([]byte, 0, max(2*len(out), n+more+left*3/2)), out[:n]...)
	return bigger[:cap(bigger)]
}
