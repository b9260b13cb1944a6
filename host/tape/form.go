package tape

import (
	"strings"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
)

// fields appends the pairs of a query or an urlencoded body.
func (p *Parser) fields(frame []byte, source abi.Source, s string) ([]byte, *abi.ParseError) {
	for at := 0; at < len(s); {
		end := strings.IndexByte(s[at:], '&')
		if end < 0 {
			end = len(s)
		} else {
			end += at
		}
		field := s[at:end]
		if field != "" {
			rawName, rawValue, _ := strings.Cut(field, "=")
			name, ok := p.unescape(rawName)
			if !ok {
				return frame, badEscape(source, at, rawName)
			}
			value, ok := p.unescape(rawValue)
			if !ok {
				return frame, badEscape(source, at+len(rawName)+1, rawValue)
			}
			frame = appendField(frame, source, uint32(at), name, value)
			p.decoded = p.decoded[:0]
		}
		at = end + 1
	}
	return frame, nil
}

func badEscape(source abi.Source, offset int, raw string) *abi.ParseError {
	return &abi.ParseError{Source: source, Reason: abi.ReasonSyntax, Offset: uint32(offset), Text: "invalid %-encoding (" + raw + ")"}
}

// appendField appends one pair, its name cut at its brackets.
func appendField(frame []byte, source abi.Source, offset uint32, name, value string) []byte {
	open := strings.IndexByte(name, '[')
	if open <= 0 {
		return abi.AppendRecord(frame, abi.OpPair, source, 1, offset, name, value)
	}
	n := 1
	for rest := name[open:]; rest != ""; n++ {
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 0 || n > abi.MaxDepth {
			return abi.AppendRecord(frame, abi.OpRawPair, source, 1, offset, name, value)
		}
		rest = rest[end+1:]
	}
	frame = abi.AppendRecord(frame, abi.OpPair, source, n, offset, name[:open])
	for rest := name[open:]; rest != ""; {
		end := strings.IndexByte(rest, ']')
		frame = abi.AppendString(frame, rest[1:end])
		rest = rest[end+1:]
	}
	return abi.AppendString(frame, value)
}

// unescape decodes + and %XX. The text lives until the next field.
func (p *Parser) unescape(s string) (string, bool) {
	i := strings.IndexAny(s, "%+")
	if i < 0 {
		return s, true
	}
	start := len(p.decoded)
	p.decoded = append(p.decoded, s[:i]...)
	for ; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			p.decoded = append(p.decoded, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high < 0 || low < 0 {
				return "", false
			}
			p.decoded = append(p.decoded, byte(high<<4|low))
			i += 2
		default:
			p.decoded = append(p.decoded, c)
		}
	}
	b := p.decoded[start:]
	return unsafe.String(unsafe.SliceData(b), len(b)), true
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
