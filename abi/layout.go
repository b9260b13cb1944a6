package abi

// AppendLayout appends body to dst as l prints it. body must be JSON without
// insignificant white space for LayoutIndent2; other input comes out garbled
// but never panics.
func AppendLayout(dst []byte, l Layout, body string) []byte {
	if l != LayoutIndent2 {
		return append(dst, body...)
	}
	depth, start := 0, 0
	inString := false
	for i := 0; i < len(body); i++ {
		c := body[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case '"':
			inString = true
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
