package mirratest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/lock"
)

// requests reads "stripe,twilio@2010-04" and takes builds that mirra.lock pins.
func requests(mirrors string) ([]host.MirrorRequest, error) {
	pins, err := projectLock()
	if err != nil {
		return nil, err
	}
	var out []host.MirrorRequest
	for text := range strings.SplitSeq(mirrors, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		ref, err := registry.ParseRef(text)
		if err != nil {
			return nil, err
		}
		if ref.Path != "" {
			return nil, &host.Error{Kind: host.KindInvalid, Message: "mirror " + text + " is a path",
				Hint: "install it (mirra plugin install " + text + ") and give its name, or give the path to inprocess.Server"}
		}
		r := host.MirrorRequest{Ref: text}
		if pin, ok := pins.Entry(ref.Name); ok && ref.Version.Has(pin.Version) {
			r.Digest = string(pin.Digest)
		}
		out = append(out, r)
	}
	return out, nil
}

// projectLock reads the nearest mirra.lock upward of the test's folder; without one it
// pins nothing.
func projectLock() (*lock.File, error) {
	at, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for {
		pins, err := lock.Read(filepath.Join(at, lock.Name))
		if !errors.Is(err, fs.ErrNotExist) {
			return pins, err
		}
		up := filepath.Dir(at)
		if up == at {
			return new(lock.File), nil
		}
		at = up
	}
}
