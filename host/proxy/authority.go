package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"
)

const (
	// backdate is how far a client's clock may be behind.
	backdate = 48 * time.Hour
	// authorityLife is longer than any server runs.
	authorityLife = 2 * 365 * 24 * time.Hour
	// leafLife is well below the 825 days beyond which Apple platforms refuse a
	// certificate. See https://support.apple.com/en-us/103769, 2026-11.
	leafLife = 90 * 24 * time.Hour
	// maxLeaves bounds what is kept of names that clients make up.
	maxLeaves = 1024
	// maxCommonName is ub-common-name of RFC 5280, appendix A.1.
	maxCommonName = 64
)

// authority signs certificates for the hosts below claimed domains. The keys of what
// it makes are in memory only: they end with the process.
type authority struct {
	roots []*Root           // the one that was kept, if there is, and the process's own, which is good for any
	key   *ecdsa.PrivateKey // of all leaves, so that a browser can be told of them by one fingerprint
	now   func() time.Time

	mu      sync.Mutex
	domains map[string]*intermediate // of each claimed domain, which can sign for no other
	leaves  map[string]*tls.Certificate
}

// intermediate signs for one domain.
type intermediate struct {
	Root
	by *Root
}

// newAuthority returns an authority with a root of its own beside kept, which may be
// nil.
func newAuthority(now func() time.Time, kept *Root) (*authority, error) {
	a := &authority{now: now, domains: map[string]*intermediate{}, leaves: map[string]*tls.Certificate{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	own, err := NewRoot(nil, now())
	if err != nil {
		return nil, err
	}
	if kept != nil {
		a.roots = append(a.roots, kept)
	}
	a.roots = append(a.roots, own)
	return a, nil
}

// pem is what clients are to trust.
func (a *authority) pem() []byte {
	var all []byte
	for _, r := range a.roots {
		all = append(all, r.PEM()...)
	}
	return all
}

// root returns the one that is to sign for a domain: the one that was kept knows the
// domains of its day only, and ends.
func (a *authority) root(domain string) *Root {
	for _, r := range a.roots {
		if Permits(r.Cert, domain) && validAt(r.Cert, a.now()) {
			return r
		}
	}
	return a.roots[len(a.roots)-1]
}

// intermediate returns a domain's.
func (a *authority) intermediate(domain string) (*intermediate, error) {
	root := a.root(domain)
	if i := a.domains[domain]; i != nil && i.by == root {
		return i, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := caTemplate("Mirra for "+domain, a.now())
	t.MaxPathLenZero = true
	t.PermittedDNSDomainsCritical, t.PermittedDNSDomains = true, []string{domain}
	cert, err := sign(t, root, key)
	if err != nil {
		return nil, err
	}
	i := &intermediate{Root{cert, key}, root}
	a.domains[domain] = i
	return i, nil
}

// leaf returns the certificate of a host at or below a claimed domain.
func (a *authority) leaf(name, domain string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if c := a.leaves[name]; c != nil && now.Before(c.Leaf.NotAfter.Add(-leafLife/3)) {
		return c, nil
	}
	by, err := a.intermediate(domain)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		NotBefore: now.Add(-backdate), NotAfter: now.Add(leafLife), DNSNames: []string{name}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if t.NotAfter.After(by.by.Cert.NotAfter) {
		t.NotAfter = by.by.Cert.NotAfter // so that the next root signs another in time
	}
	if len(name) <= maxCommonName {
		t.Subject.CommonName = name
	}
	cert, err := sign(t, &by.Root, a.key)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves) // they are made anew in a tenth of a millisecond
	}
	c := &tls.Certificate{Certificate: [][]byte{cert.Raw, by.Cert.Raw}, PrivateKey: a.key, Leaf: cert}
	a.leaves[name] = c
	return c, nil
}
