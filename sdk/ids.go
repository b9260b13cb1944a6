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
	return c.RandomBehind(stream, "", n, alphabet)
}

// RandomBehind is Random with prefix in front.
func (c *Call) RandomBehind(stream uint32, prefix string, n int, alphabet string) string {
	b := scratch.free()
	if size := len(prefix) + n; size <= len(b) {
		b = scratch.take(size)
	} else {
		b = make([]byte, size)
	}
	copy(b, prefix)
	random(stream, b[len(prefix):], alphabet)
	return text(b)
}

func random(stream uint32, b []byte, alphabet string) {
	wire.Fill(stream, b)
	for i := range drawn {
		if d := &drawn[i]; sameText(d.alphabet, alphabet) {
			for ; len(b) >= 8; b = b[8:] { // a guest pays most for going round
				p := (*[8]byte)(b)
				p[0], p[1], p[2], p[3] = d.of[p[0]], d.of[p[1]], d.of[p[2]], d.of[p[3]]
				p[4], p[5], p[6], p[7] = d.of[p[4]], d.of[p[5]], d.of[p[6]], d.of[p[7]]
			}
			for i, v := range b {
				b[i] = d.of[v]
			}
			return
		}
	}
	for i, v := range b {
		b[i] = draw(v, alphabet)
	}
}

// draw is the character of an alphabet that a random byte chooses, by 6 of its bits;
// what lies beyond the alphabet is folded with the other two, which keeps ids cheap
// and evenly spread enough.
func draw(v byte, alphabet string) byte {
	x := int(v & 63)
	if x >= len(alphabet) {
		x = (x + int(v>>6)*17) % len(alphabet)
	}
	return alphabet[x]
}

// drawn is what draw says of every byte: dividing is dear to a guest.
var drawn = func() (all [3]struct {
	alphabet string
	of       [256]byte
}) {
	for i, alphabet := range [...]string{Base62, Hex, Digits} {
		all[i].alphabet = alphabet
		for v := range 256 {
			all[i].of[v] = draw(byte(v), alphabet)
		}
	}
	return all
}()

// NewID returns prefix and n random letters and digits.
func (c *Call) NewID(prefix string, n int) string {
	return c.RandomBehind(Objects, prefix, n, Base62)
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
