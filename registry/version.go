package registry

import (
	"cmp"
	"strconv"
	"strings"
)

// Version names a build: the vendor's API line and a number that counts up
// within it. Build 0 stands for the newest build of the line.
type Version struct {
	Line  string
	Build int
}

const maxLineBytes = 40

// ParseVersion reads "2024-06" or "2024-06.3".
func ParseVersion(s string) (Version, error) {
	const hint = "a version is the vendor's API line and maybe a build number: 2024-06 or 2024-06.3"
	line, build, numbered := strings.Cut(s, ".")
	v := Version{Line: line}
	if line == "" || len(line) > maxLineBytes || !isDashed(line) {
		return Version{}, invalid(hint, "plugin version %.60q: the line wants lower-case letters, digits and single dashes", s)
	}
	if numbered {
		n, err := strconv.Atoi(build)
		// One spelling for each build: "3", not "03" or "+3".
		if err != nil || n < 1 || strconv.Itoa(n) != build {
			return Version{}, invalid(hint, "plugin version %.60q: the build wants a number from 1", s)
		}
		v.Build = n
	}
	return v, nil
}

// String returns "2024-06.3", or "2024-06" without a build.
func (v Version) String() string {
	if v.Build == 0 {
		return v.Line
	}
	return v.Line + "." + strconv.Itoa(v.Build)
}

// Has reports whether w is what v asks for: any build when v names none, any
// version when v is zero.
func (v Version) Has(w Version) bool {
	return v == Version{} || v.Line == w.Line && (v.Build == 0 || v.Build == w.Build)
}

// Compare orders versions: by line, then by build.
func (v Version) Compare(w Version) int {
	if c := CompareLines(v.Line, w.Line); c != 0 {
		return c
	}
	return cmp.Compare(v.Build, w.Build)
}

// CompareLines orders vendor versions as people do: digits by value, all else
// by letter. "2024-06" is older than "2024-06-20", "v9" older than "v10".
func CompareLines(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m == 0 || n == 0 {
			if x[0] != y[0] {
				return cmp.Compare(x[0], y[0])
			}
			x, y = x[1:], y[1:]
			continue
		}
		p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
		if c := cmp.Or(cmp.Compare(len(p), len(q)), cmp.Compare(p, q)); c != 0 {
			return c
		}
		x, y = x[m:], y[n:]
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	return cmp.Compare(a, b) // "v01" and "v1" differ, so that equal means same
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
