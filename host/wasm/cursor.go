package wasm

import "encoding/binary"

// cursor reads the WebAssembly binary format. The first fault empties it and
// stays, so callers check bad once, at the end of a structure.
type cursor struct {
	b   []byte
	at  int
	bad bool
}

func (c *cursor) fail() {
	c.bad, c.at = true, len(c.b)
}

func (c *cursor) done() bool { return c.at >= len(c.b) }

func (c *cursor) byte() byte {
	if c.at >= len(c.b) {
		c.fail()
		return 0
	}
	v := c.b[c.at]
	c.at++
	return v
}

// u32 reads an unsigned LEB128 of at most five bytes.
func (c *cursor) u32() uint32 {
	var v uint32
	for i := range 5 {
		b := c.byte()
		if i == 4 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			return v
		}
	}
	c.fail()
	return 0
}

// s32 reads a signed LEB128.
func (c *cursor) s32() int32 {
	var v int64
	for i := range 5 {
		b := c.byte()
		v |= int64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if shift := 7 * (i + 1); b&0x40 != 0 {
				v |= -1 << shift
			}
			return int32(v)
		}
	}
	c.fail()
	return 0
}

// skipLEB steps over an integer of up to 64 bits.
func (c *cursor) skipLEB() {
	for range 10 {
		if c.byte() < 0x80 {
			return
		}
	}
	c.fail()
}

func (c *cursor) take(n uint32) []byte {
	if uint64(n) > uint64(len(c.b)-c.at) {
		c.fail()
		return nil
	}
	v := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return v
}

func (c *cursor) name() string { return string(c.take(c.u32())) }

// count reads the length of a vector whose elements take at least one byte
// each, so that a claimed length cannot make a caller allocate more than the
// module is long.
func (c *cursor) count() int {
	n := c.u32()
	if uint64(n) > uint64(len(c.b)-c.at) {
		c.fail()
		return 0
	}
	return int(n)
}

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func appendS32(b []byte, v int32) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, s string) []byte { return append(appendU32(b, uint32(len(s))), s...) }

func appendSection(b []byte, id byte, body []byte) []byte {
	return append(appendU32(append(b, id), uint32(len(body))), body...)
}
