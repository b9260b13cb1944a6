package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/proxy"
)

// keptCA is the folder of the certificate authority that `mirra trust` made. The
// certificate outlives its key if a store could not be changed, so that the next
// `mirra trust --remove` knows what to take out.
type keptCA struct{ folder string }

func (c *Config) keptCA() keptCA { return keptCA{filepath.Join(c.Dirs.State, "trust")} }

func (k keptCA) cert() string { return filepath.Join(k.folder, "ca.pem") }
func (k keptCA) key() string  { return filepath.Join(k.folder, "key.pem") }

// load returns the authority; nil if there is none, or none with a key. One that cannot
// be read, is another user's or no authority at all is an error that says what to do.
func (k keptCA) load() (*proxy.Root, error) {
	cert, err := k.read(k.cert())
	if err != nil || cert == nil {
		return nil, err
	}
	key, err := k.read(k.key())
	if err != nil || key == nil {
		return nil, err
	}
	root, err := proxy.ParseRoot(cert, key)
	if err != nil {
		return nil, &host.Error{Kind: host.KindInvalid, Code: "mirra.trust.broken", Message: fmt.Sprintf("the authority of mirra trust in %s is broken: %v", k.folder, err), Hint: "mirra trust --remove takes it away, mirra trust makes another"}
	}
	return root, nil
}

// read returns a file of this user's, nil if there is none.
func (k keptCA) read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		if owner := otherOwner(info); owner != "" {
			return nil, k.foreign(path, "is "+owner+"'s")
		}
		var text []byte
		if text, err = os.ReadFile(path); err == nil {
			return text, nil
		}
	}
	return nil, k.foreign(path, fmt.Sprintf("cannot be read (%v)", errors.Unwrap(err)))
}

// foreign says that the authority is of no use to this user: what it signs would be
// another's word.
func (k keptCA) foreign(path, why string) error {
	return &host.Error{Kind: host.KindForbidden, Code: "mirra.trust.foreign", Message: fmt.Sprintf("the authority of mirra trust, %s, %s", path, why),
		Hint: "was mirra trust run with sudo? sudo chown -R \"$(id -u)\" " + k.folder + " makes it yours; or MIRRA_HOME=FOLDER keeps things of your own"}
}

// make makes an authority for domains, the former one is overwritten.
func (k keptCA) make(domains []string, now time.Time) (*proxy.Root, error) {
	root, err := proxy.NewRoot(domains, now)
	if err != nil {
		return nil, err
	}
	key, err := root.KeyPEM()
	if err != nil {
		return nil, err
	}
	// The old key goes first: what is there between is a certificate without one.
	if err := removeFile(k.key()); err != nil {
		return nil, err
	}
	if err = replaceFile(k.cert(), root.PEM()); err == nil {
		err = replaceFile(k.key(), key)
	}
	if err != nil {
		return nil, fmt.Errorf("keep the authority: %w", err)
	}
	return root, nil
}

// remove deletes the key, and with all the certificate too.
func (k keptCA) remove(all bool) error {
	err := removeFile(k.key())
	if err == nil && all {
		if err = removeFile(k.cert()); err == nil {
			err = removeFile(k.folder)
		}
	}
	return err
}

// removeFile removes a file, or an empty folder, that may not be there.
func removeFile(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// outdated says why an authority is of no use at a time, and to a machine with mirrors
// of domains; "" if it is.
func outdated(root *proxy.Root, domains []string, now time.Time) string {
	switch c := root.Cert; {
	case now.Before(c.NotBefore):
		return fmt.Sprintf("it is not valid before %s, and here it is %s: a clock is, or was, wrong", c.NotBefore.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case now.After(c.NotAfter):
		return "it ended " + c.NotAfter.Format(time.DateOnly)
	}
	for _, d := range domains {
		if !proxy.Permits(root.Cert, d) {
			return "it is not good for " + d + ", whose mirror came later"
		}
	}
	return ""
}
