package registry

import (
	"slices"
	"strings"
)

// Nearest returns the build, of one plugin's builds, that answers best in the
// vendor API version asked for, and why in a few words: one that supports it
// exactly, else the newest that is not newer, else the oldest. Of each line
// only the newest build counts. ok is false without builds.
func Nearest(asked string, builds []Build) (best Build, reason string, ok bool) {
	lines := newestOfLines(builds)
	if len(lines) == 0 {
		return Build{}, "", false
	}
	// From the newest line down; a line's own version before one it also speaks.
	for _, b := range lines {
		if b.Manifest.API.Default == asked {
			return b, "its own version", true
		}
	}
	for _, b := range lines {
		if slices.Contains(b.Manifest.API.Also, asked) {
			return b, "it also speaks " + asked, true
		}
	}
	for _, b := range lines {
		if CompareLines(date(position(b)), date(asked)) <= 0 {
			return b, "the newest line that is not newer", true
		}
	}
	return lines[len(lines)-1], "the oldest line, all are newer", true
}

// newestOfLines returns the newest build of each line, newest line first.
func newestOfLines(builds []Build) []Build {
	lines := slices.Clone(builds)
	slices.SortStableFunc(lines, func(a, b Build) int { return b.Version.Compare(a.Version) })
	lines = slices.CompactFunc(lines, func(a, b Build) bool { return a.Version.Line == b.Version.Line })
	slices.SortStableFunc(lines, func(a, b Build) int { return CompareLines(position(b), position(a)) })
	return lines
}

// position is where a build stands among the vendor's versions: its default
// version is finer than its line.
func position(b Build) string {
	if v := b.Manifest.API.Default; v != "" {
		return v
	}
	return b.Version.Line
}

// date cuts a release's nickname off ("2026-08-26.dahlia"), which sorts by
// letter and not by age.
func date(version string) string {
	if head, _, ok := strings.Cut(version, "."); ok && len(head) == len("2006-01-02") && head[4] == '-' && head[7] == '-' {
		return head
	}
	return version
}
