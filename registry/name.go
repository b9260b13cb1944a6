package registry

import "strings"

// Name is a plugin's short name, "stripe". It is made of lower-case letters,
// digits and single dashes, so that it can stand in a file name, a host name
// and a variable name on every system.
type Name string

// maxNameBytes leaves room for a session suffix in a DNS label (63 bytes, see
// RFC 1035 section 2.3.4): stripe-a7k2.localhost.
const maxNameBytes = 40

// ParseName returns s as a Name, or an Error that says what is wrong with it.
func ParseName(s string) (Name, error) {
	const hint = "a plugin name is lower-case letters, digits and dashes, for example stripe"
	switch {
	case s == "":
		return "", invalid(hint, "plugin name is empty")
	case len(s) > maxNameBytes:
		return "", invalid(hint, "plugin name %.20q… has %d characters, at most %d are allowed", s, len(s), maxNameBytes)
	case !isDashed(s) || s[0] < 'a':
		return "", invalid(hint, "plugin name %q: want lower-case letters, digits and single dashes, a letter first", s)
	case isDeviceName(s):
		return "", invalid("choose another name", "plugin name %q: Windows keeps it for a device", s)
	}
	return Name(s), nil
}

// isDashed reports whether s is words of [a-z0-9] with single dashes between.
func isDashed(s string) bool {
	for word := range strings.SplitSeq(s, "-") {
		if word == "" {
			return false
		}
		for _, c := range []byte(word) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// isDeviceName reports names that cannot be files on Windows, see
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file.
func isDeviceName(s string) bool {
	switch s {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(s) == 4 && (s[:3] == "com" || s[:3] == "lpt") && s[3] >= '0' && s[3] <= '9'
}
