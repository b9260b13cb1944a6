package registry

import (
	"fmt"

	"github.com/mirrahq/mirra/abi"
)

// Inspect reads what a plugin file says of itself, without running it. It
// checks what identifies a build; [CheckManifest] checks the rest.
func Inspect(module []byte) (Build, error) {
	if len(module) > abi.MaxModuleBytes {
		return Build{}, invalid("", "plugin file has %d bytes, at most %d are allowed", len(module), abi.MaxModuleBytes)
	}
	m, err := abi.ReadManifest(module)
	if err != nil {
		return Build{}, &Error{Code: CodeInvalid, Message: "read plugin", Err: err}
	}
	capabilities, err := Capabilities(module)
	if err != nil {
		return Build{}, &Error{Code: CodeInvalid, Message: "read plugin", Err: err}
	}
	b, err := Identify(m)
	if err != nil {
		return Build{}, err
	}
	b.Digest, b.Size, b.Capabilities = DigestOf(module), int64(len(module)), capabilities
	return b, nil
}

// Identify returns a Build with the name and version of m, which must be
// complete and well-formed.
func Identify(m *abi.Manifest) (Build, error) {
	name, err := ParseName(m.Name)
	if err != nil {
		return Build{}, fmt.Errorf("manifest: %w", err)
	}
	v, err := ParseVersion(m.Line)
	if err == nil && (v.Build != 0 || m.Build < 1) {
		err = invalid("", "line %q, build %d: want a line without a build number, and a build from 1", m.Line, m.Build)
	}
	if err != nil {
		return Build{}, fmt.Errorf("manifest: %w", err)
	}
	v.Build = m.Build
	return Build{Name: name, Version: v, Manifest: m}, nil
}
