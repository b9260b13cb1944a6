package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smallstep/truststore"
)

// systemStore is the folder that a distribution makes its bundles of.
type systemStore struct{}

func (systemStore) place() string {
	if truststore.SystemTrustFilename == "" {
		return "the system's trust store"
	}
	return filepath.Dir(truststore.SystemTrustFilename)
}

func (systemStore) file(c *x509.Certificate) string {
	return fmt.Sprintf(truststore.SystemTrustFilename, storePrefix+c.SerialNumber.String())
}

// has looks at the bundle: the folder alone is nothing that programs read.
func (systemStore) has(c *x509.Certificate) (bool, error) {
	return slices.ContainsFunc(certificates(systemRoots("")), c.Equal), nil
}

func (s systemStore) byHand(c *x509.Certificate, file string, remove bool) string {
	if truststore.SystemTrustCommand == nil {
		return "" // it is not known where this system keeps its own
	}
	update := " && sudo " + strings.Join(truststore.SystemTrustCommand, " ")
	if remove {
		return fmt.Sprintf("sudo rm -f %q", s.file(c)) + update
	}
	return fmt.Sprintf("sudo cp %q %q", file, s.file(c)) + update
}

// ours looks at the folder and at the bundle, so that half of it is found too.
func (systemStore) ours() ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	add := func(found []*x509.Certificate) {
		for _, c := range found {
			if !slices.ContainsFunc(all, c.Equal) {
				all = append(all, c)
			}
		}
	}
	add(certificates(systemRoots("")))
	files, _ := filepath.Glob(fmt.Sprintf(truststore.SystemTrustFilename, storePrefix+"*")) // a constant pattern
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return all, err
		}
		add(certificates(text))
	}
	return all, nil
}
