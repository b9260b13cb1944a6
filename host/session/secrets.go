package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// NamedSecret is a secret that a manifest names, as it stands in a session.
type NamedSecret struct {
	Name string `json:"name"`
	Text string `json:"-"`
	// From says where the text comes from: a variable and the file it was found
	// in, or "derived".
	From string `json:"from"`
	Env  string `json:"env,omitempty"` // the variable the application reads it from
}

// SecretSource finds the value of an environment variable and says where, such
// as "STRIPE_WEBHOOK_SECRET from .env.local".
type SecretSource func(variable string) (value, from string, ok bool)

// namedSecrets finds or derives the secrets a manifest names.
func namedSecrets(m *abi.Manifest, key *[32]byte, find SecretSource) []NamedSecret {
	out := make([]NamedSecret, len(m.Secrets))
	for i, spec := range m.Secrets {
		s := NamedSecret{Name: spec.Name, From: "derived"}
		if len(spec.Env) > 0 {
			s.Env = spec.Env[0]
		}
		for _, variable := range spec.Env {
			if find == nil {
				break
			}
			if value, from, ok := find(variable); ok && value != "" {
				s.Text, s.From, s.Env = value, from, variable
				break
			}
		}
		if s.Text == "" {
			s.Text = deriveSecret(key, spec)
		}
		out[i] = s
	}
	return out
}

// deriveSecret makes a secret that is the same for the same seed and mirror.
func deriveSecret(key *[32]byte, spec abi.Secret) string {
	n := spec.Bytes
	if n <= 0 {
		n = 24
	}
	random := make([]byte, n)
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte("secret " + spec.Name))
	for at := 0; at < n; {
		at += copy(random[at:], mac.Sum(nil))
		mac.Write([]byte{byte(at)})
	}
	if spec.Base64 {
		return spec.Prefix + base64.StdEncoding.EncodeToString(random)
	}
	text, _ := spell(random, abi.AlphabetBase62)
	return spec.Prefix + text
}

const base62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// spell writes random bytes in an alphabet of package abi, one character a
// byte, base64 as the encoding of all.
func spell(random []byte, alphabet uint32) (string, error) {
	switch alphabet {
	case abi.AlphabetHex:
		return hex.EncodeToString(random)[:len(random)], nil
	case abi.AlphabetBase62:
		for i, v := range random {
			random[i] = base62[int(v)*len(base62)/256]
		}
		return string(random), nil
	case abi.AlphabetBase64:
		return base64.StdEncoding.EncodeToString(random), nil
	}
	return "", &host.CallError{Errno: abi.Invalid, Message: fmt.Sprintf("alphabet %d", alphabet)}
}

// decodeKey returns the bytes that the part of a secret behind its prefix
// spells in base64, as Standard Webhooks has it; a text that is no base64 is
// its own key.
func decodeKey(text string) []byte {
	if _, rest, ok := strings.Cut(text, "_"); ok {
		text = rest
	}
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return b
	}
	return []byte(text)
}
