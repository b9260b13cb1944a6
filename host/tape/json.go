package tape

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/mirrahq/mirra/abi"
)

// json appends the tokens of a JSON body: every key and value in order, number
// literals as sent, duplicates and nulls included.
func (p *Parser) json(frame []byte, s string) ([]byte, *abi.ParseError) {
	d := jsonReader{p: p, s: s, out: frame}
	d.space()
	d.value(0)
	d.space()
	if d.fault == nil && d.i < len(s) {
		d.fail("data after the end")
	}
	return d.out, d.fault
}

type jsonReader struct {
	p     *Parser
	s     string
	i     int
	out   []byte
	fault *abi.ParseError
}

func (d *jsonReader) fail(what string) { d.failAt(d.i, what) }

func (d *jsonReader) failAt(at int, what string) {
	if d.fault == nil {
		d.fault = &abi.ParseError{Source: abi.FromBody, Reason: abi.ReasonSyntax, Offset: uint32(at), Text: fmt.Sprintf("%s at byte %d", what, at)}
	}
}

func (d *jsonReader) space() {
	for d.i < len(d.s) {
		switch d.s[d.i] {
		case ' ', '\n', '\r', '\t':
			d.i++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (d *jsonReader) peek() byte {
	if d.i < len(d.s) {
		return d.s[d.i]
	}
	return 0
}

func (d *jsonReader) emit(op abi.Op, at int, strs ...string) {
	d.out = abi.AppendRecord(d.out, op, abi.FromBody, 0, uint32(at), strs...)
}

func (d *jsonReader) word(op abi.Op, text string) {
	if len(d.s)-d.i < len(text) || d.s[d.i:d.i+len(text)] != text {
		d.fail("unexpected character")
		return
	}
	d.emit(op, d.i)
	d.i += len(text)
}

func (d *jsonReader) value(depth int) {
	at := d.i
	switch c := d.peek(); {
	case (c == '{' || c == '[') && depth == abi.MaxDepth:
		d.fail(fmt.Sprintf("nested deeper than %d", abi.MaxDepth))
		d.fault.Reason = abi.ReasonTooDeep
	case c == '{':
		d.members(depth)
	case c == '[':
		d.elements(depth)
	case c == '"':
		if text, ok := d.str(); ok {
			d.emit(abi.OpString, at, text)
			d.p.decoded = d.p.decoded[:0]
		}
	case c == 't':
		d.word(abi.OpTrue, "true")
	case c == 'f':
		d.word(abi.OpFalse, "false")
	case c == 'n':
		d.word(abi.OpNull, "null")
	case c == '-' || c >= '0' && c <= '9':
		if d.number() {
			d.emit(abi.OpNumber, at, d.s[at:d.i])
		}
	case d.i == len(d.s):
		d.fail("unexpected end")
	default:
		d.fail("unexpected character")
	}
}

func (d *jsonReader) members(depth int) {
	d.emit(abi.OpBeginObject, d.i)
	d.i++
	d.space()
	for d.peek() != '}' {
		at := d.i
		if d.peek() != '"' {
			d.fail("want a key")
			return
		}
		key, ok := d.str()
		if !ok {
			return
		}
		d.emit(abi.OpKey, at, key)
		d.p.decoded = d.p.decoded[:0]
		d.space()
		if d.peek() != ':' {
			d.fail("want a colon")
			return
		}
		d.i++
		d.space()
		if d.value(depth + 1); d.fault != nil || !d.next('}') {
			return
		}
	}
	d.emit(abi.OpEndObject, d.i)
	d.i++
}

func (d *jsonReader) elements(depth int) {
	d.emit(abi.OpBeginArray, d.i)
	d.i++
	d.space()
	for d.peek() != ']' {
		if d.value(depth + 1); d.fault != nil || !d.next(']') {
			return
		}
	}
	d.emit(abi.OpEndArray, d.i)
	d.i++
}

// next goes over a comma, or stays in front of end.
func (d *jsonReader) next(end byte) bool {
	d.space()
	switch d.peek() {
	case end:
		return true
	case ',':
		d.i++
		d.space()
		if d.peek() != end {
			return true
		}
	}
	d.fail("want a comma or " + string(rune(end)))
	return false
}

func (d *jsonReader) number() bool {
	digits := func() bool {
		start := d.i
		for c := d.peek(); c >= '0' && c <= '9'; c = d.peek() {
			d.i++
		}
		if d.i == start {
			d.fail("want a digit")
		}
		return d.i > start
	}
	if d.peek() == '-' {
		d.i++
	}
	if d.peek() == '0' {
		d.i++
	} else if !digits() {
		return false
	}
	if d.peek() == '.' {
		d.i++
		if !digits() {
			return false
		}
	}
	if d.peek()|0x20 == 'e' {
		d.i++
		if c := d.peek(); c == '+' || c == '-' {
			d.i++
		}
		return digits()
	}
	return true
}

// str decodes the string at i. The text lives until decoded is cut.
func (d *jsonReader) str() (string, bool) {
	d.i++
	start := d.i
	for d.i < len(d.s) {
		switch c := d.s[d.i]; {
		case c == '"':
			text := d.s[start:d.i]
			d.i++
			return text, d.utf8(start)
		case c == '\\':
			return d.escaped(start)
		case c < 0x20:
			d.fail("control character in a string")
			return "", false
		}
		d.i++
	}
	d.fail("unexpected end of a string")
	return "", false
}

// utf8 checks the string that has just been read, from start to its quote.
// Escapes are ASCII, so its raw text says it all.
func (d *jsonReader) utf8(start int) bool {
	raw := d.s[start : d.i-1]
	if utf8.ValidString(raw) {
		return true
	}
	for at, r := range raw {
		if _, w := utf8.DecodeRuneInString(raw[at:]); r == utf8.RuneError && w == 1 {
			d.failAt(start+at, "text that is not UTF-8")
			break
		}
	}
	return false
}

// escaped goes on with a string that has an escape at i.
func (d *jsonReader) escaped(start int) (string, bool) {
	b := d.p.decoded
	from := len(b)
	b = append(b, d.s[start:d.i]...)
	for d.i < len(d.s) {
		c := d.s[d.i]
		d.i++
		switch {
		case c == '"':
			d.p.decoded = b
			text := unsafe.String(unsafe.SliceData(b[from:]), len(b)-from)
			return text, d.utf8(start)
		case c < 0x20:
			d.failAt(d.i-1, "control character in a string")
			return "", false
		case c != '\\':
			b = append(b, c)
			continue
		}
		if d.i == len(d.s) {
			break // an escape without its letter
		}
		c = d.s[d.i]
		d.i++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'u':
			r, ok := d.hex4()
			if !ok {
				return "", false
			}
			if utf16.IsSurrogate(r) {
				r = d.surrogate(r)
			}
			b = utf8.AppendRune(b, r)
		default:
			d.failAt(d.i-2, "unknown escape")
			return "", false
		}
	}
	d.fail("unexpected end of a string")
	return "", false
}

func (d *jsonReader) hex4() (rune, bool) {
	var r rune
	for range 4 {
		v := unhex(d.peek())
		if v < 0 {
			d.fail("want four hexadecimal digits")
			return 0, false
		}
		r = r<<4 | rune(v)
		d.i++
	}
	return r, true
}

// surrogate joins a half of a pair with the one that follows; a lone half is
// U+FFFD, as in every decoder the vendors use.
func (d *jsonReader) surrogate(high rune) rune {
	if d.i+1 < len(d.s) && d.s[d.i] == '\\' && d.s[d.i+1] == 'u' {
		back := d.i
		d.i += 2
		if low, ok := d.hex4(); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r
			}
		} else {
			d.fault = nil
		}
		d.i = back
	}
	return utf8.RuneError
}
