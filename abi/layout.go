package abi

import "strings"

// AppendLayout appends body to dst as l prints it. body must be JSON without
// insignificant white space for LayoutIndent2; other input comes out garbled
// but never panics.
func AppendLayout(dst []byte, l Layout, body string) []byte {
	if l != LayoutIndent2 {
		return append(dst, body...)
	}
	depth, start := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = stringEnd(body, i)
		case ':':
			dst = append(append(dst, body[start:i+1]...), ' ')
			start = i + 1
		case ',':
			dst = newline(append(dst, body[start:i+1]...), depth)
			start = i + 1
		case '{', '[':
			dst = append(dst, body[start:i+1]...)
			start = i + 1
			if start < len(body) && (body[start] == '}' || body[start] == ']') {
				i++ // stays on one line
				continue
			}
			depth++
			dst = newline(dst, depth)
		case '}', ']':
			depth--
			dst = newline(append(dst, body[start:i]...), depth)
			start = i
		}
	}
	return append(dst, body[start:]...)
}

// stringEnd returns the index of the quote that ends the string at i, or of the
// last byte if none does.
func stringEnd(body string, i int) int {
	for at := i + 1; ; {
		n := strings.IndexByte(body[at:], '"')
		if n < 0 {
			return len(body) - 1
		}
		at += n
		escapes := 0
		for body[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
		at++
	}
}

const newlineAndSpaces = "\n                                                                "

func newline(dst []byte, depth int) []byte {
	n := 1 + 2*max(depth, 0)
	for n > len(newlineAndSpaces) {
		dst = append(dst, newlineAndSpaces...)
		return newlineTail(dst, n-len(newlineAndSpaces))
	}
	return append(dst, newlineAndSpaces[:n]...)
}

func newlineTail(dst []byte, spaces int) []byte {
	for ; spaces > 0; spaces-- {
		dst = append(dst, ' ')
	}
	return dst
}
