package assembly

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/host"
)

// TLSFiles are the PEM files of a certificate, followed by its chain, and of
// its key.
type TLSFiles struct{ Cert, Key string }

// certificate is the pair that a TLS listener shows. It is read anew for each
// handshake, which costs a hundred times as much: a renewed one is used at once,
// however it came into its place.
type certificate struct {
	files   TLSFiles
	domains []string
	log     *slog.Logger

	mu        sync.Mutex
	cert, key []byte // as last read, good or not
	current   *tls.Certificate
}

// newCertificate reads a pair that covers the domains; all that is wrong with it
// is reported.
func newCertificate(files TLSFiles, domains []string, log *slog.Logger) (*certificate, error) {
	c := &certificate{files: files, domains: domains, log: log}
	var faults *multierror.Error
	bad := func(code, message, hint string) {
		faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.tls." + code, Message: message, Hint: hint})
	}
	const flags = "--tls-cert FILE --tls-key FILE, or tls-cert and tls-key in mirra.yaml"
	if files.Cert == "" {
		bad("no_certificate", "there is a key for TLS and no certificate", flags)
	}
	if files.Key == "" {
		bad("no_key", "there is a certificate for TLS and no key", flags)
	}
	if len(domains) == 0 {
		bad("no_domain", "there is a certificate and no domain that it is for", "--domain '*.mirra.example.com', or domains in mirra.yaml")
	}
	if faults != nil {
		return nil, several(faults)
	}
	var err error
	if c.cert, c.key, err = files.read(); err != nil {
		return nil, several(err)
	}
	if c.current, err = c.parse(); err != nil {
		return nil, several(err)
	}
	if leaf := c.current.Leaf; time.Now().After(leaf.NotAfter) {
		log.Warn("the certificate has expired; clients refuse it until it is renewed", "file", files.Cert, "until", leaf.NotAfter)
	}
	return c, nil
}

// maxPEMBytes is far beyond any chain.
const maxPEMBytes = 1 << 20

func (f TLSFiles) read() (cert, key []byte, err error) {
	var faults *multierror.Error
	read := func(what, path string) []byte {
		file, err := os.Open(path)
		var text []byte
		if err == nil {
			defer file.Close()
			text, err = io.ReadAll(io.LimitReader(file, maxPEMBytes))
		}
		if err != nil {
			e := &host.Error{Kind: host.KindInvalid, Code: "mirra.tls.unreadable", Message: "read the " + what + " " + path, Hint: "the server's user needs to be able to read it", Err: cause(err)}
			if errors.Is(err, fs.ErrNotExist) {
				e.Code, e.Hint = "mirra.tls.missing", "is the path right?"
			}
			faults = multierror.Append(faults, e)
		}
		return text
	}
	cert, key = read("certificate", f.Cert), read("key", f.Key)
	return cert, key, faults.ErrorOrNil()
}

// cause is what a PathError says without the path.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// parse makes a certificate of what was read and holds it against the domains.
func (c *certificate) parse() (*tls.Certificate, error) {
	pair, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.tls.pair", Message: fmt.Sprintf("%s and %s are no pair of certificate and key", c.files.Cert, c.files.Key),
			Hint: "both are PEM files of one order or renewal; the server's certificate stands before its chain, the key is not encrypted", Err: err}
	}
	var faults *multierror.Error
	for _, d := range c.domains {
		if err := pair.Leaf.VerifyHostname("mirror-session." + d); err != nil {
			names := append([]string{}, pair.Leaf.DNSNames...)
			if len(names) == 0 {
				names = []string{"no name"}
			}
			faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.tls.not_covered",
				Message: fmt.Sprintf("the certificate %s does not cover *.%s; it is for %s", c.files.Cert, d, strings.Join(names, ", ")), Hint: "order one for *." + d})
		}
	}
	return &pair, faults.ErrorOrNil()
}

// forHandshake is tls.Config.GetCertificate. A pair that is no good, such as one
// whose key is not there yet, leaves the old one in use.
func (c *certificate) forHandshake(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, key, err := c.files.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	if bytes.Equal(cert, c.cert) && bytes.Equal(key, c.key) {
		return c.current, nil
	}
	c.cert, c.key = cert, key
	var renewed *tls.Certificate
	if err == nil {
		renewed, err = c.parse()
	}
	if err != nil {
		c.log.Error("the renewed certificate is not used", "error", err)
		return c.current, nil
	}
	c.current = renewed
	c.log.Info("certificate renewed", "file", c.files.Cert, "until", renewed.Leaf.NotAfter)
	return renewed, nil
}

// domainForm is a host name in lower case.
var domainForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$`)

// domainNames returns names below which mirrors have theirs, without "*.".
func domainNames(given []string) ([]string, error) {
	var faults *multierror.Error
	var names []string
	for _, d := range given {
		name := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(d), "*."), ".")
		if !domainForm.MatchString(name) {
			faults = multierror.Append(faults, &host.Error{Kind: host.KindInvalid, Code: "mirra.server.domain", Message: fmt.Sprintf("domain %q: want a host name, without scheme and port", d), Hint: "--domain '*.mirra.example.com'"})
			continue
		}
		names = append(names, name)
	}
	if faults != nil {
		return nil, several(faults)
	}
	return names, nil
}
