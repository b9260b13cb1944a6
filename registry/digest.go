package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Digest names content: "sha256:" and 64 lower-case hexadecimal digits.
type Digest string

const digestScheme = "sha256:"

// DigestOf returns the digest of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest(digestScheme + hex.EncodeToString(sum[:]))
}

// ParseDigest returns s as a Digest.
func ParseDigest(s string) (Digest, error) {
	digits, ok := strings.CutPrefix(s, digestScheme)
	if !ok || len(digits) != 2*sha256.Size || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", invalid("", "digest %.80q: want sha256: and 64 lower-case hexadecimal digits", s)
	}
	return Digest(s), nil
}

// Hex returns the digits without the scheme: unlike the whole digest they can
// be a file name on Windows.
func (d Digest) Hex() string { return strings.TrimPrefix(string(d), digestScheme) }

// Verify returns an Error with CodeDamaged unless data has the digest d.
func (d Digest) Verify(data []byte) error {
	if got := DigestOf(data); got != d {
		return &Error{Code: CodeDamaged, Message: "content has digest " + string(got) + ", want " + string(d)}
	}
	return nil
}
