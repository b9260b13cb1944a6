package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/smallstep/truststore"

	"github.com/mirrahq/mirra/host/proxy"
)

// store is somewhere that programs look for the authorities that they trust.
type store interface {
	// place names it for people.
	place() string
	// has tells whether programs trust it.
	has(c *x509.Certificate) (bool, error)
	// add and remove change it; file holds the certificate. Their errors say what a
	// program said.
	add(c *x509.Certificate, file string) error
	remove(c *x509.Certificate, file string) error
	// byHand is what does the same as add, or remove, in a shell.
	byHand(c *x509.Certificate, file string, remove bool) string
	// ours returns the certificates of Mirra that it has, also in part.
	ours() ([]*x509.Certificate, error)
}

// stores are those of this system and user.
func stores(home string) []store {
	all := []store{systemStore{}}
	for _, folder := range browserDatabases(home) {
		all = append(all, browserStore{folder})
	}
	return all
}

// storePrefix is what the names of Mirra's files in the system's store begin with.
const storePrefix = "mirra-"

func (systemStore) add(_ *x509.Certificate, file string) error {
	return said(truststore.InstallFile(file, truststore.WithPrefix(storePrefix)))
}

// uninstall is remove where nothing more is to do.
func uninstall(file string) error {
	return said(truststore.UninstallFile(file, truststore.WithPrefix(storePrefix)))
}

// said adds to an error what the program that failed printed.
func said(err error) error {
	if e, ok := errors.AsType[*truststore.CmdError](err); ok {
		return fmt.Errorf("%s: %w: %s", strings.Join(e.Cmd().Args, " "), e.Err(), bytes.TrimSpace(e.Out()))
	}
	return err
}

// browserStore is a database of Network Security Services: Firefox's, and on Linux that
// of Chromium and its kin.
type browserStore struct{ folder string }

// browserDatabases finds those of a user's browsers. Only Linux has them: elsewhere
// Firefox reads the system's store since version 120, and the others always did.
// See https://support.mozilla.org/en-US/kb/automatically-trust-third-party-certificates,
// 2026-11, and for Chromium its docs/linux/cert_management.md.
func browserDatabases(home string) []string {
	if runtime.GOOS != "linux" || home == "" {
		return nil
	}
	var found []string
	for _, pattern := range []string{
		".pki/nssdb", ".local/share/pki/nssdb", "snap/chromium/current/.pki/nssdb", ".var/app/*/.pki/nssdb",
		".mozilla/firefox/*", ".config/mozilla/firefox/*", "snap/firefox/common/.mozilla/firefox/*", ".var/app/org.mozilla.firefox/.mozilla/firefox/*",
	} {
		files, _ := filepath.Glob(filepath.Join(home, filepath.FromSlash(pattern), "cert9.db")) // a constant pattern
		for _, f := range files {
			found = append(found, filepath.Dir(f))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s browserStore) place() string { return s.folder }

func (s browserStore) certutil(args ...string) ([]byte, error) {
	args = append([]string{"-d", "sql:" + s.folder}, args...)
	cmd := exec.Command("certutil", args...)
	var diagnostics bytes.Buffer
	cmd.Stderr = &diagnostics
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("there is no certutil here, which changes it: apt install libnss3-tools, dnf install nss-tools, or pacman -S nss")
	}
	if err != nil {
		err = fmt.Errorf("certutil %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(diagnostics.Bytes()))
	}
	return out, err
}

func (s browserStore) has(c *x509.Certificate) (bool, error) {
	all, err := s.ours()
	return slices.ContainsFunc(all, c.Equal), err
}

func (s browserStore) add(c *x509.Certificate, file string) error {
	// C: an authority of servers, and of nothing else.
	_, err := s.certutil("-A", "-t", "C,,", "-n", c.Subject.CommonName, "-i", file)
	return err
}

func (s browserStore) remove(c *x509.Certificate, _ string) error {
	_, err := s.certutil("-D", "-n", c.Subject.CommonName)
	return err
}

func (s browserStore) byHand(c *x509.Certificate, file string, remove bool) string {
	if remove {
		return fmt.Sprintf("certutil -d sql:%q -D -n %q", s.folder, c.Subject.CommonName)
	}
	return fmt.Sprintf("certutil -d sql:%q -A -t C,, -n %q -i %q", s.folder, c.Subject.CommonName, file)
}

// ours goes by the names that add gives.
func (s browserStore) ours() ([]*x509.Certificate, error) {
	list, err := s.certutil("-L")
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for line := range strings.Lines(string(list)) {
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "Mirra" { // a name of two words, and what it is trusted for
			continue
		}
		der, err := s.certutil("-L", "-n", words[0]+" "+words[1], "-r")
		if err != nil {
			return nil, err
		}
		if c, err := x509.ParseCertificate(der); err == nil && isOurs(c) {
			all = append(all, c)
		}
	}
	return all, nil
}

func isOurs(c *x509.Certificate) bool {
	return len(c.Subject.Organization) == 1 && c.Subject.Organization[0] == proxy.Organization
}

// certificates reads those of a PEM file that are Mirra's.
func certificates(text []byte) []*x509.Certificate {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return all
		}
		if !bytes.Contains(block.Bytes, []byte(proxy.Organization)) {
			continue // a bundle has hundreds
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && isOurs(c) {
			all = append(all, c)
		}
	}
}
