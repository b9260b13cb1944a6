package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/abi"
)

// credentialCache remembers what a session found out about the credential
// texts it saw: an application sends the same few again and again.
type credentialCache struct {
	mu    sync.RWMutex
	known map[string]*credential
}

// maxKnownCredentials bounds the cache against a client that sends a new text
// each time; beyond it, texts are worked out anew.
const maxKnownCredentials = 256

// credential classifies the credential of a request. It returns the header
// that held it, -1 if there is none.
func (m *Mirror) credential(headers []abi.Pair) (c *credential, header int) {
	text, header, scheme := m.spec.find(headers)
	if header < 0 {
		return &credential{info: abi.Credential{Status: abi.CredentialAbsent}}, -1
	}
	key := scheme + " " + text
	m.known.mu.RLock()
	c = m.known.known[key]
	m.known.mu.RUnlock()
	if c != nil {
		return c, header
	}
	c = m.classify(scheme, text)
	m.known.mu.Lock()
	defer m.known.mu.Unlock()
	if old := m.known.known[key]; old != nil {
		return old, header
	}
	if m.known.known == nil {
		m.known.known = map[string]*credential{}
	}
	if len(m.known.known) < maxKnownCredentials {
		m.known.known[strings.Clone(key)] = c
	}
	return c, header
}

// classify holds a credential against the manifest's patterns.
func (m *Mirror) classify(scheme, text string) *credential {
	user, password := text, ""
	if scheme == "basic" {
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return &credential{info: abi.Credential{Status: abi.CredentialMalformed}, visible: "Basic " + hidden}
		}
		user, password, _ = strings.Cut(string(decoded), ":")
	}
	status := abi.CredentialMalformed
	for i := range m.spec.credentials {
		r := &m.spec.credentials[i]
		candidate := user
		switch {
		case r.Scheme == "basic-password" && scheme == "basic":
			candidate = password
		case r.Scheme == "basic-user" && scheme == "basic", r.Scheme == scheme:
		default:
			continue
		}
		match := r.pattern.FindStringSubmatchIndex(candidate)
		if match == nil {
			continue
		}
		if r.Live && !m.s.allowLive {
			status = abi.CredentialLive
			continue
		}
		account := ""
		if r.Account != "" {
			account = string(r.pattern.ExpandString(nil, r.Account, candidate, match))
		}
		handle := m.s.rememberCredential(candidate)
		return &credential{
			info:    abi.Credential{Status: abi.CredentialAccepted, Handle: handle, Class: r.Class, Account: account, Masked: mask(m.spec.manifest.Mask, candidate)},
			visible: m.visible(scheme, candidate),
		}
	}
	return &credential{info: abi.Credential{Status: status, Masked: mask(m.spec.manifest.Mask, user)}, visible: m.visible(scheme, user)}
}

const hidden = "****"

// visible is what traces keep of a credential: its last four characters and a
// keyed hash to tell two apart.
func (m *Mirror) visible(scheme, text string) string {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write([]byte(text))
	last := ""
	if len(text) >= 12 {
		last = text[len(text)-4:]
	}
	prefix := ""
	switch scheme {
	case "bearer":
		prefix = "Bearer "
	case "basic":
		prefix = "Basic "
	}
	return prefix + hidden + last + "#" + hex.EncodeToString(mac.Sum(nil)[:4])
}
