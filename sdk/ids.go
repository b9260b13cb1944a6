package sdk

import (
	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Random streams: ids of objects, and of requests. They are apart so that a
// refused request does not change the ids that later objects get.
const (
	Objects  = abi.StreamObjects
	Requests = abi.StreamRequests
	Fixed    = abi.StreamFixed // the same each time: what a session has one of
)

// Alphabets of random text.
const (
	Base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	Hex    = "0123456789abcdef"
	Digits = "0123456789"
)

// Random returns n random characters of an alphabet of at most 64 characters.
func (c *Call) Random(stream uint32, n int, alphabet string) string {
	b := make([]byte, n)
	if free := scratch.free(); n <= len(free) {
		b = free[:n]
		scratch.take(n)
	}
	c.random(stream, b, alphabet)
	return text(b)
}

func (c *Call) random(stream uint32, b []byte, alphabet string) {
	wire.Fill(stream, b)
	for i, v := range b {
		// 6 bits of the byte choose; what lies beyond the alphabet is folded
		// with the other two, which keeps ids cheap and evenly spread enough.
		x := int(v & 63)
		if x >= len(alphabet) {
			x = (x + int(v>>6)*17) % len(alphabet)
		}
		b[i] = alphabet[x]
	}
}

// NewID returns prefix and n random letters and digits.
func (c *Call) NewID(prefix string, n int) string {
	b := scratch.free()[:len(prefix)+n]
	copy(b, prefix)
	c.random(Objects, b[len(prefix):], Base62)
	return text(scratch.take(len(b)))
}

// UUID returns a random version 4 UUID.
func (c *Call) UUID(stream uint32) string {
	var r [16]byte
	wire.Fill(stream, r[:])
	r[6], r[8] = r[6]&0x0f|0x40, r[8]&0x3f|0x80
	b := scratch.free()[:36]
	at := 0
	for i, v := range r {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b[at] = '-'
			at++
		}
		b[at], b[at+1] = hexDigits[v>>4], hexDigits[v&15]
		at += 2
	}
	return text(scratch.take(36))
}

// IsUUID tells whether a text has the form of a UUID of any version.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if s[i] != '-' {
				return false
			}
		case (s[i] < '0' || s[i] > '9') && (c < 'a' || c > 'f'):
			return false
		}
	}
	return true
}
