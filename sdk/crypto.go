package sdk

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/sdk/internal/wire"
)

// Secret stands for a signing key that the plugin never sees. It may be stored
// as a number and shown with Doc.SetSecret.
type Secret uint32

// Algorithms of HMAC and Digest.
const (
	SHA1   = abi.SHA1
	SHA256 = abi.SHA256
	SHA512 = abi.SHA512
)

// Secret returns a secret the manifest names, shared with the application.
func (c *Call) Secret(name string) Secret {
	return Secret(handle(wire.Secret(name), "secret "+name))
}

// NewSecret makes a secret of prefix and n random letters and digits.
func (c *Call) NewSecret(prefix string, n int) Secret {
	return Secret(handle(wire.Keygen(prefix, uint32(n), abi.AlphabetBase62), "keygen"))
}

// NewHexSecret makes a secret of n random hexadecimal digits.
func (c *Call) NewHexSecret(n int) Secret {
	return Secret(handle(wire.Keygen("", uint32(n), abi.AlphabetHex), "keygen"))
}

// SecretAt returns the secret that a member was set to by SetSecret; ok is false
// for any other value.
func (d Doc) SecretAt(key string) (s Secret, ok bool) {
	m := d.member(key)
	if m.Kind() != String {
		return 0, false
	}
	text, found := strings.CutPrefix(m.node().text, secretToken)
	n, err := strconv.ParseUint(text, 10, 32)
	return Secret(n), found && err == nil
}

// HMAC returns the MAC of data under a secret.
func (c *Call) HMAC(alg uint32, s Secret, data string) []byte {
	out := make([]byte, 64)
	return out[:handle(wire.HMAC(alg, uint32(s), data, out), "hmac")]
}

// HMACHex is HMAC in hexadecimal.
func (c *Call) HMACHex(alg uint32, s Secret, data string) string {
	return hex.EncodeToString(c.HMAC(alg, s, data))
}

// Digest returns the hash of data.
func (c *Call) Digest(alg uint32, data string) []byte {
	out := make([]byte, 64)
	return out[:handle(wire.Digest(alg, data, out), "digest")]
}

// handle returns a non-negative result, or stops the plugin with what the host
// says.
func handle(n int32, what string) uint32 {
	if n < 0 {
		panic("sdk: " + what + ": " + hostMessage(abi.Errno(n)))
	}
	return uint32(n)
}
