package registry

import (
	"context"

	"github.com/mirrahq/mirra/abi"
)

// Source is a place that plugin builds come from: the binary itself, a folder,
// one file, later an OCI registry.
type Source interface {
	// Label is what the lock file records as the plugin's origin: "embedded",
	// "dir:plugins". It is one line and constant.
	Label() string
	// List returns the builds the source has, in no particular order. It
	// returns what it could read even with an error, which then names all that
	// it could not. It may be called concurrently; callers do not change the
	// manifests.
	List(ctx context.Context) ([]Build, error)
	// Fetch returns the bytes of a build, at most abi.MaxModuleBytes, after
	// checking that they have the digest. Absent: an Error with CodeNotFound.
	// It may be called concurrently.
	Fetch(ctx context.Context, d Digest) ([]byte, error)
}

// Build is one plugin file as a Source lists it.
type Build struct {
	Name         Name
	Version      Version // with a build number
	Digest       Digest
	Size         int64
	Capabilities []string // import modules, sorted
	Manifest     *abi.Manifest
}

// String returns "stripe@2024-06.3".
func (b Build) String() string { return string(b.Name) + "@" + b.Version.String() }

// Hosts returns the vendor host names the build serves, in its order.
func (b Build) Hosts() []string {
	hosts := make([]string, len(b.Manifest.Hosts))
	for i, h := range b.Manifest.Hosts {
		hosts[i] = h.Name
	}
	return hosts
}

// Newest returns the newest of builds that ref, a reference by name, asks for;
// of equals the first. ok is false if there is none.
func Newest(builds []Build, ref Ref) (newest Build, ok bool) {
	for _, b := range builds {
		if ref.Has(b) && (!ok || b.Version.Compare(newest.Version) > 0) {
			newest, ok = b, true
		}
	}
	return newest, ok
}

// NotFound is the error of a Source that has no build with the digest.
func NotFound(label string, d Digest) error {
	return &Error{Code: CodeNotFound, Message: label + " has no plugin with digest " + string(d)}
}
