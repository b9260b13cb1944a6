//go:build !linux

package main

import (
	"crypto/x509"
	"fmt"
	"runtime"
)

// systemStore is the keychain, or Windows' store of authorities.
type systemStore struct{}

func (systemStore) place() string {
	switch runtime.GOOS {
	case "darwin":
		return "/Library/Keychains/System.keychain"
	case "windows":
		return "the user's store of trusted root authorities"
	}
	return "the system's trust store"
}

// has asks the system's own verifier.
func (systemStore) has(c *x509.Certificate) (bool, error) {
	_, err := c.Verify(x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, CurrentTime: c.NotBefore})
	return err == nil, nil
}

func (systemStore) remove(_ *x509.Certificate, file string) error { return uninstall(file) }

func (systemStore) byHand(c *x509.Certificate, file string, remove bool) string {
	switch {
	case runtime.GOOS == "darwin" && remove:
		return fmt.Sprintf("sudo security remove-trusted-cert -d %q", file)
	case runtime.GOOS == "darwin":
		return fmt.Sprintf("sudo security add-trusted-cert -d -k /Library/Keychains/System.keychain %q", file)
	case runtime.GOOS == "windows" && remove:
		return fmt.Sprintf("certutil -user -delstore Root %x", c.SerialNumber)
	case runtime.GOOS == "windows":
		return fmt.Sprintf("certutil -user -addstore Root %q", file)
	}
	return ""
}

// ours returns none: the system does not list what others put there.
func (systemStore) ours() ([]*x509.Certificate, error) { return nil, nil }
