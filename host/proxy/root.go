package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Organization stands in every certificate of Mirra's.
const Organization = "Mirra, for tests on this machine"

// Root is a certificate authority that clients are to trust, and its key.
type Root struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewRoot makes an authority that is good below domains alone, for any without them,
// from two days before now for two years.
func NewRoot(domains []string, now time.Time) (*Root, error) {
	// A name of its own: clients that have the roots of two servers choose by it.
	t := caTemplate("Mirra "+rand.Text()[:8], now)
	if len(domains) > 0 {
		// Who steals the key of one that browsers trust gets no further than this.
		t.PermittedDNSDomainsCritical, t.PermittedDNSDomains = true, domains
		t.MaxPathLen = 1 // an intermediate for each domain
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	cert, err := sign(t, &Root{t, key}, key)
	if err != nil {
		return nil, err
	}
	return &Root{cert, key}, nil
}

// ParseRoot reads what PEM and KeyPEM wrote.
func ParseRoot(cert, key []byte) (*Root, error) {
	c, err := ParseCertificate(cert)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(key)
	if block == nil || block.Type != keyBlock {
		return nil, errors.New("the key is no PEM of an EC PRIVATE KEY")
	}
	k, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the key: %w", err)
	}
	if !k.PublicKey.Equal(c.PublicKey) {
		return nil, errors.New("the key is of another certificate")
	}
	return &Root{c, k}, nil
}

// ParseCertificate reads the certificate of a Root.
func ParseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != certBlock {
		return nil, errors.New("the certificate is no PEM of a CERTIFICATE")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	if !c.IsCA {
		return nil, errors.New("the certificate is of no authority")
	}
	return c, nil
}

// Types of PEM blocks, RFC 7468 section 5 and RFC 5915 section 4.
const (
	certBlock = "CERTIFICATE"
	keyBlock  = "EC PRIVATE KEY"
)

// PEM returns the certificate.
func (r *Root) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certBlock, Bytes: r.Cert.Raw})
}

// KeyPEM returns the key.
func (r *Root) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(r.key)
	return pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: der}), err
}

// Permits tells whether what a root's certificate signs is good for a domain.
func Permits(c *x509.Certificate, domain string) bool {
	if len(c.PermittedDNSDomains) == 0 {
		return true
	}
	for _, d := range c.PermittedDNSDomains {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	return false
}

// validAt tells whether clients with that clock accept a certificate's dates.
func validAt(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore) && !at.After(c.NotAfter)
}

// caTemplate is a certificate of an authority.
func caTemplate(name string, now time.Time) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name, Organization: []string{Organization}}, NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// sign makes a certificate of a template.
func sign(t *x509.Certificate, by *Root, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial.Add(serial, big.NewInt(1))
	der, err := x509.CreateCertificate(rand.Reader, t, by.Cert, key.Public(), by.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate for %q: %w", t.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}
