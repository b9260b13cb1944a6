package registry

import "strings"

// Ref is what a user writes to name a plugin: a name with or without a
// version, or the path of a .wasm file or of a folder of them. Path and Name
// exclude each other.
type Ref struct {
	Name    Name
	Version Version // zero: any
	Path    string  // as written
}

// ParseRef reads stripe, stripe@2024-06, stripe@2024-06.3, ./my.wasm or
// ./folder. A path holds a slash, ends in .wasm, or is "." or "..".
func ParseRef(s string) (Ref, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Ref{}, invalid("", "plugin reference %q holds a control character", s)
	}
	if isOCI(s) {
		return Ref{}, invalid("download the .wasm file and install it by path: mirra plugin install ./file.wasm (a folder is written ./folder)",
			"plugin reference %q: OCI registries are not supported in this build", s)
	}
	if isPath(s) {
		return Ref{Path: s}, nil
	}
	text, version, versioned := strings.Cut(s, "@")
	name, err := ParseName(text)
	if err != nil {
		if before, after, ok := strings.Cut(text, ":"); ok && !versioned {
			return Ref{}, invalid("write "+before+"@"+after, "plugin reference %q: the version follows an @", s)
		}
		return Ref{}, err
	}
	r := Ref{Name: name}
	if versioned {
		if r.Version, err = ParseVersion(version); err != nil {
			return Ref{}, err
		}
	}
	return r, nil
}

// String returns the reference as it is written.
func (r Ref) String() string {
	switch {
	case r.Path != "":
		return r.Path
	case r.Version == Version{}:
		return string(r.Name)
	}
	return string(r.Name) + "@" + r.Version.String()
}

// Has reports whether b is what a reference by name asks for.
func (r Ref) Has(b Build) bool { return r.Name == b.Name && r.Version.Has(b.Version) }

func isPath(s string) bool {
	return s == "." || s == ".." || strings.ContainsAny(s, `/\`) || strings.HasSuffix(s, ".wasm")
}

// isOCI follows the rule of container references: the part before the first
// slash is a registry when it looks like a host name. Files are told apart by
// their ending.
func isOCI(s string) bool {
	if strings.HasPrefix(s, "oci://") {
		return true
	}
	host, _, slash := strings.Cut(s, "/")
	if !slash || host == "" || strings.HasPrefix(host, ".") || strings.Contains(host, `\`) || strings.HasSuffix(s, ".wasm") {
		return false
	}
	if len(host) == 2 && host[1] == ':' { // a drive: C:/plugins
		return false
	}
	return strings.ContainsAny(host, ".:") || host == "localhost"
}
