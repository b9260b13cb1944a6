package sdk

import "encoding/base64"

// WeakETag is the entity tag that Express gives the answer, as it is so far: its
// length in hexadecimal and the first 27 characters of its SHA-1 in base64
// (jshttp/etag, index.js). Vendors that run on Express answer it.
func (c *Call) WeakETag() string {
	b := make([]byte, 0, 48)
	b = append(b, `W/"`...)
	for shift := 28; shift >= 0; shift -= 4 {
		if n := len(c.body) >> shift; n > 0 || shift == 0 {
			b = append(b, hexDigits[n&15])
		}
	}
	b = append(b, '-')
	b = base64.StdEncoding.AppendEncode(b, c.Digest(SHA1, text(c.body)))
	return text(append(b[:len(b)-1], '"')) // 20 bytes are 27 characters and one of padding
}
