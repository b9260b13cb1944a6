package proxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"
)

func verify(a *authority, name string, now time.Time, chain ...*x509.Certificate) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, r := range a.roots {
		roots.AddCert(r.Cert)
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: between, CurrentTime: now})
	return err
}

// A leaf is good for its host alone, by clocks that are two days off, and is made
// anew before it ends.
func TestLeaf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	a, err := newAuthority(func() time.Time { return now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vendor.test", "api.vendor.test", strings.Repeat(strings.Repeat("a", 60)+".", 3) + "vendor.test"} {
		leaf, err := a.leaf(name, "vendor.test")
		if err != nil {
			t.Fatal(err)
		}
		chain := []*x509.Certificate{leaf.Leaf, a.domains["vendor.test"].Cert}
		for _, at := range []time.Time{now, now.Add(-47 * time.Hour), now.Add(leafLife - time.Hour)} {
			if err := verify(a, name, at, chain...); err != nil {
				t.Errorf("%.20s at %s: %v", name, at, err)
			}
		}
		if verify(a, "www."+name, now, chain...) == nil {
			t.Errorf("%.20s is good for another name", name)
		}
	}
	first, _ := a.leaf("api.vendor.test", "vendor.test")
	if again, _ := a.leaf("api.vendor.test", "vendor.test"); again != first {
		t.Error("a leaf is made for each connection")
	}
	now = now.Add(leafLife - time.Hour)
	if again, err := a.leaf("api.vendor.test", "vendor.test"); err != nil || again == first || verify(a, "api.vendor.test", now, again.Leaf, a.domains["vendor.test"].Cert) != nil {
		t.Errorf("a leaf about to end is shown: %v", err)
	}
	for i := range maxLeaves + 10 {
		if _, err := a.leaf(fmt.Sprintf("h%d.vendor.test", i), "vendor.test"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(a.leaves); n > maxLeaves {
		t.Errorf("%d leaves are kept", n)
	}
}

// What a domain's intermediate signs is good for no other domain, and it makes no
// further authorities.
func TestNameConstraint(t *testing.T) {
	t.Parallel()
	a, err := newAuthority(time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.leaf("api.vendor.test", "vendor.test"); err != nil {
		t.Fatal(err)
	}
	by := a.domains["vendor.test"]
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"x.vendor.test": true, "vendor.test": true, "api.second.test": false, "vendor.test.example": false, "notvendor.test": false, "test": false} {
		leaf, err := sign(&x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}}, &by.Root, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(a, name, time.Now(), leaf, by.Cert); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	sub, err := sign(caTemplate("below", time.Now()), &by.Root, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := sign(&x509.Certificate{NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"x.vendor.test"}}, &Root{sub, key}, key)
	if err != nil {
		t.Fatal(err)
	}
	if verify(a, "x.vendor.test", time.Now(), leaf, sub, by.Cert) == nil {
		t.Error("an authority below the intermediate is good")
	}
}

// A root that was kept signs for the domains that it knows as long as it lasts; the
// process's own does the rest, and clients trust both. What the kept one's key could
// sign beside that is good nowhere.
func TestKeptRoot(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	made, err := NewRoot([]string{"vendor.test"}, now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := made.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := ParseRoot(made.PEM(), key)
	if err != nil {
		t.Fatal(err)
	}
	start := now
	a, err := newAuthority(func() time.Time { return now }, kept)
	if err != nil {
		t.Fatal(err)
	}
	// good tells whether a program that trusts the kept root alone accepts a host.
	good := func(name, domain string, at time.Time) bool {
		t.Helper()
		leaf, err := a.leaf(name, domain)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(a, name, at, leaf.Leaf, a.domains[domain].Cert); err != nil {
			t.Errorf("%s: not even for who trusts both: %v", name, err)
		}
		alone := &authority{roots: []*Root{kept}}
		return verify(alone, name, at, leaf.Leaf, a.domains[domain].Cert) == nil
	}
	for _, at := range []time.Time{now, now.Add(-47 * time.Hour), now.Add(leafLife - time.Hour)} {
		if !good("api.vendor.test", "vendor.test", at) {
			t.Errorf("at %s the kept root did not sign", at)
		}
	}
	if good("api.second.test", "second.test", now) {
		t.Error("the kept root signs for what it does not know")
	}
	now = kept.Cert.NotAfter.Add(-time.Hour)
	if !good("api.vendor.test", "vendor.test", now) {
		t.Error("the kept root is not used to its end")
	}
	now = kept.Cert.NotAfter.Add(time.Hour)
	a.roots[1], err = NewRoot(nil, now) // of a later start
	if err != nil {
		t.Fatal(err)
	}
	if good("api.vendor.test", "vendor.test", now) {
		t.Error("a root that has ended is good")
	}
	for name, want := range map[string]bool{"x.vendor.test": true, "example.com": false, "notvendor.test": false} {
		leaf, err := sign(&x509.Certificate{NotBefore: start, NotAfter: start.Add(time.Hour), DNSNames: []string{name}}, kept, a.key)
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(kept.Cert)
		if _, err := leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots, CurrentTime: start}); (err == nil) != want {
			t.Errorf("signed with the kept key, %s: %v", name, err)
		}
	}
	other, err := NewRoot(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][2][]byte{"another's key": {other.PEM(), key}, "no key": {made.PEM(), nil}, "no certificate": {key, key}, "half a key": {made.PEM(), key[:len(key)/2]}} {
		if _, err := ParseRoot(text[0], text[1]); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

// A plugin cannot claim what is not a vendor's, nor take another's domain.
func TestClaims(t *testing.T) {
	t.Parallel()
	var c claims
	c.add("bad", []string{"com", "", ".", "*.com", "localhost", "a..b", "bücher.example"})
	c.add("one", []string{"One.Example"})
	c.add("two", []string{"one.example", "api.one.example"})
	if got := c.list(); len(got) != 2 {
		t.Errorf("claimed %q", got)
	}
	for name, want := range map[string]string{"one.example": "one", "x.one.example": "one", "api.one.example": "two", "a.api.one.example": "two", "none.example": "", "one.example.org": "", "example": ""} {
		if _, mirror, _ := c.of(name); mirror != want {
			t.Errorf("%s is %q's, want %q", name, mirror, want)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"api.stripe.com:443", "[::1]:80", "a:b:c", ":443", "x:-1", "x:+1", "\x00:1", "api。stripe.com:443", "[fe80::1%eth0]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, port, err := parseTarget(s)
		if err != nil {
			return
		}
		if port < 1 || port > 65535 || name == "" || name != strings.ToLower(name) || strings.HasSuffix(name, ".") || strings.ContainsAny(name, " \r\n\x00/@。") {
			t.Errorf("%q is %q and %d", s, name, port)
		}
		for _, r := range name {
			if r > '~' {
				t.Errorf("%q is %q", s, name)
			}
		}
	})
}
