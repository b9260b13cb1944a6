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
		if _, debian := deselecting(c); debian {
			update += " --fresh"
		}
		return fmt.Sprintf("sudo rm -f %q", s.file(c)) + update
	}
	return fmt.Sprintf("sudo cp %q %q", file, s.file(c)) + update
}

// debianConf lists what Debian and its kin trust of what they bring.
const debianConf = "/etc/ca-certificates.conf"

// deselecting returns debianConf with a certificate deselected, false elsewhere.
func deselecting(c *x509.Certificate) (string, bool) {
	text, err := os.ReadFile(debianConf)
	if err != nil || truststore.SystemTrustCommand[0] != "update-ca-certificates" {
		return "", false
	}
	return strings.TrimSuffix(string(text), "\n") + "\n!" + storePrefix + c.SerialNumber.String() + ".crt\n", true
}

// remove deselects a certificate where it can: Debian's update-ca-certificates does not
// look at local files that are gone, so that links to one stay, and Java's store has it
// for good.
func (s systemStore) remove(c *x509.Certificate, file string) error {
	conf, debian := deselecting(c)
	if !debian {
		return uninstall(file)
	}
	tmp, err := os.CreateTemp("", "mirra-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(conf)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	for _, args := range [][]string{{"rm", "-f", s.file(c)}, {"update-ca-certificates", "--certsconf", tmp.Name()}} {
		cmd := truststore.CommandWithSudo(args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return said(truststore.NewCmdError(err, cmd, out))
		}
	}
	return nil
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
