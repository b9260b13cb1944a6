package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
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

// authority signs certificates for the hosts below claimed domains. Its keys are
// in memory only: they end with the process.
type authority struct {
	pem  []byte // what clients are to trust
	root signer
	key  *ecdsa.PrivateKey // of all leaves, so that a browser can be told of them by one fingerprint
	now  func() time.Time

	mu      sync.Mutex
	domains map[string]*signer // an intermediate for each claimed domain, which can sign for no other
	leaves  map[string]*tls.Certificate
}

// signer is a certificate that signs others, and its key.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(now func() time.Time) (*authority, error) {
	a := &authority{now: now, domains: map[string]*signer{}, leaves: map[string]*tls.Certificate{}}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	// A name of its own: clients that have the roots of two servers choose by it.
	root := a.template("Mirra " + rand.Text()[:8])
	if a.root.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	a.root.cert, err = sign(root, &signer{root, a.root.key}, a.root.key)
	if err != nil {
		return nil, err
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.cert.Raw})
	return a, nil
}

// template is a certificate of an authority.
func (a *authority) template(name string) *x509.Certificate {
	now := a.now()
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: []string{"Mirra, for tests on this machine"}}, NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// sign makes a certificate of a template.
func sign(t *x509.Certificate, by *signer, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial.Add(serial, big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate for %q: %w", t.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

// leaf returns the certificate of a host at or below a claimed domain.
func (a *authority) leaf(name, domain string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if c := a.leaves[name]; c != nil && now.Before(c.Leaf.NotAfter.Add(-leafLife/3)) {
		return c, nil
	}
	by := a.domains[domain]
	if by == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		t := a.template("Mirra for " + domain)
		t.MaxPathLenZero = true
		t.PermittedDNSDomainsCritical, t.PermittedDNSDomains = true, []string{domain}
		cert, err := sign(t, &a.root, key)
		if err != nil {
			return nil, err
		}
		by = &signer{cert, key}
		a.domains[domain] = by
	}
	t := &x509.Certificate{
		NotBefore: now.Add(-backdate), NotAfter: now.Add(leafLife), DNSNames: []string{name}, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(name) <= maxCommonName {
		t.Subject.CommonName = name
	}
	cert, err := sign(t, by, a.key)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves) // they are made anew in a tenth of a millisecond
	}
	c := &tls.Certificate{Certificate: [][]byte{cert.Raw, by.cert.Raw}, PrivateKey: a.key, Leaf: cert}
	a.leaves[name] = c
	return c, nil
}
