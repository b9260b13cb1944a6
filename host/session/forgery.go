package session

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// Mishaps by which a webhook is not what its vendor would send. Each is an attempt of
// the plugin's like any other, so that they work for every scheme of signatures.
const (
	MishapForge  Mishap = "forge"  // signed with another secret
	MishapAlter  Mishap = "alter"  // changed behind its signature
	MishapUnsign Mishap = "unsign" // without its signature
	MishapStale  Mishap = "stale"  // signed an hour ago
)

// staleness is how old the stamp of a stale signature is. Verifiers permit five minutes.
const staleness = time.Hour

// forgery is what an attempt's call does to signatures.
type forgery struct {
	kind Mishap
	macs [][]byte // what was signed with so far
}

// forges tells whether a mishap is one of these.
func (m Mishap) forges() bool {
	return m == MishapForge || m == MishapAlter || m == MishapUnsign || m == MishapStale
}

// key returns the key to sign with in place of a secret's own.
func (f *forgery) key(own []byte) []byte {
	if f.kind != MishapForge {
		return own
	}
	return append(append([]byte{}, own...), " of somebody else"...)
}

// change makes an attempt what its forgery wants, once the plugin has built it.
func (f *forgery) change(o *host.Outgoing) {
	switch f.kind {
	case MishapUnsign:
		kept := o.Headers[:0]
		for _, h := range o.Headers {
			if !f.signs(h.Value) {
				kept = append(kept, h)
			}
		}
		o.Headers = kept
	case MishapAlter:
		if body, ok := altered(o.Body); ok {
			o.Body = body
			return
		}
		// Nothing but the address says what happened.
		separator := "?"
		if strings.Contains(o.URL, "?") {
			separator = "&"
		}
		o.URL += separator + alteration + "=1"
	}
}

// signs tells whether a header has one of the signatures that the call made.
func (f *forgery) signs(value string) bool {
	for _, mac := range f.macs {
		if strings.Contains(value, hex.EncodeToString(mac)) || strings.Contains(value, base64.StdEncoding.EncodeToString(mac)) {
			return true
		}
	}
	return false
}

// alteration is what an altered webhook says beside what was signed.
const alteration = "mirra_altered"

// altered returns a body that says more than what was signed, and can be parsed as
// before.
func altered(body []byte) ([]byte, bool) {
	text := bytes.TrimRight(body, " \r\n\t")
	switch {
	case len(text) == 0:
		return nil, false
	case text[len(text)-1] == '}':
		comma := ","
		if head := bytes.TrimRight(text[:len(text)-1], " \r\n\t"); len(head) > 0 && head[len(head)-1] == '{' {
			comma = ""
		}
		return append(append([]byte{}, text[:len(text)-1]...), comma+`"`+alteration+`":true}`...), true
	default:
		return append(append([]byte{}, text...), "&"+alteration+"=1"...), true
	}
}

// forge makes the call of an attempt one that a rule wants, and returns what its
// plugin is to take for the peer's time.
func (c *call) forge(f *forgery, peerNS int64) int64 {
	c.forgery = f
	if f != nil && f.kind == MishapStale {
		c.peerNS = peerNS - int64(staleness)
	}
	return c.peerNS
}
