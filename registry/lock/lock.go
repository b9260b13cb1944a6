// Package lock reads and writes mirra.lock, the committed file that pins a
// project's plugins. The file is written by Mirra only, in one canonical form
// with a checksum, so that a difference in it is always a difference in
// plugins, and an edit by hand is noticed.
//
// Deciding what to pin, and comparing it with what is there, is package
// install's.
package lock

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/registry"
)

// Name is what the file is called, in a project's root.
const Name = "mirra.lock"

// The format this package writes. A newer minor only adds keys and blocks,
// which are kept as they are; a newer major cannot be read.
const (
	formatMajor = 1
	formatMinor = 0
)

// header is the first line; every format begins with headerStart.
const (
	headerStart = "# Written by mirra"
	header      = headerStart + ", do not edit: a changed file is refused. Use `mirra plugin`."
)

// File is the content of a lock file. The zero value pins nothing.
type File struct {
	entries []Entry  // by name
	minor   int      // as read, if newer than formatMinor
	extra   []string // lines of blocks that a newer minor has
}

// Entry pins one plugin.
type Entry struct {
	Name         registry.Name
	Version      registry.Version // with a build number
	Source       string           // Label of the Source it came from
	Digest       registry.Digest
	Signer       string // who signed it; empty until signatures exist
	ABI          int
	Capabilities []string // import modules, sorted
	Hosts        []string // vendor host names, sorted

	extra []string // lines with keys that a newer minor has
}

// NewEntry returns the entry that pins b from the source with the label.
func NewEntry(b registry.Build, source string) Entry {
	return Entry{
		Name: b.Name, Version: b.Version, Source: source, Digest: b.Digest,
		ABI:          b.Manifest.ABI,
		Capabilities: slices.Compact(slices.Sorted(slices.Values(b.Capabilities))),
		Hosts:        slices.Compact(slices.Sorted(slices.Values(b.Hosts()))),
	}
}

// String returns "stripe@2024-06.3".
func (e Entry) String() string { return string(e.Name) + "@" + e.Version.String() }

// Entries returns what is pinned, by name. Callers do not change it.
func (f *File) Entries() []Entry { return f.entries }

// Entry returns the entry of a plugin; ok is false if there is none.
func (f *File) Entry(name registry.Name) (e Entry, ok bool) {
	i, ok := f.search(name)
	if !ok {
		return Entry{}, false
	}
	return f.entries[i], true
}

// Set pins e in place of what was pinned under its name.
func (f *File) Set(e Entry) {
	i, ok := f.search(e.Name)
	if ok {
		f.entries[i] = e
		return
	}
	f.entries = slices.Insert(f.entries, i, e)
}

// Remove reports whether name was pinned, and is not any more.
func (f *File) Remove(name registry.Name) bool {
	i, ok := f.search(name)
	if ok {
		f.entries = slices.Delete(f.entries, i, i+1)
	}
	return ok
}

func (f *File) search(name registry.Name) (int, bool) {
	return slices.BinarySearchFunc(f.entries, name, func(e Entry, n registry.Name) int { return cmp.Compare(e.Name, n) })
}

// Encode returns the canonical text. It fails on an entry that could not be
// read back.
func (f *File) Encode() ([]byte, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nformat %d.%d\n", header, formatMajor, max(f.minor, formatMinor))
	for _, e := range f.entries {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("write lock: %s: %w", e.Name, err)
		}
		fmt.Fprintf(&b, "\nplugin %s\n", e.Name)
		for _, field := range e.fields() {
			fmt.Fprintf(&b, "  %s %s\n", field.key, field.value)
		}
		for _, line := range e.extra {
			b.WriteString(line + "\n")
		}
	}
	if len(f.extra) > 0 {
		b.WriteString("\n")
	}
	for _, line := range f.extra {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n")
	return fmt.Appendf(nil, "%s%s %s\n", b.String(), keyChecksum, registry.DigestOf([]byte(b.String()))), nil
}

// none stands for an empty value, because lines do not end in a space.
const none = "-"

// Keys, in the order they are written.
const (
	keyFormat     = "format"
	keyPlugin     = "plugin"
	keyChecksum   = "checksum"
	keyVersion    = "version"
	keySource     = "source"
	keyDigest     = "digest"
	keySigner     = "signer"
	keyABI        = "abi"
	keyCapability = "capability" // one line for each
	keyHost       = "host"       // one line for each
)

var (
	onceKeys = []string{keyVersion, keySource, keyDigest, keySigner, keyABI}
	manyKeys = []string{keyCapability, keyHost}
)

type field struct{ key, value string }

func (e Entry) fields() []field {
	out := []field{
		{keyVersion, e.Version.String()},
		{keySource, e.Source},
		{keyDigest, string(e.Digest)},
		{keySigner, cmp.Or(e.Signer, none)},
		{keyABI, fmt.Sprint(e.ABI)},
	}
	for _, c := range e.Capabilities {
		out = append(out, field{keyCapability, c})
	}
	for _, h := range e.Hosts {
		out = append(out, field{keyHost, h})
	}
	return out
}

func (e Entry) check() error {
	if _, err := registry.ParseName(string(e.Name)); err != nil {
		return err
	}
	if !slices.IsSorted(e.Capabilities) || !slices.IsSorted(e.Hosts) {
		return errors.New("capabilities and hosts want to be sorted")
	}
	var again Entry
	for _, f := range e.fields() {
		if err := again.set(f.key, f.value); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	}
	return nil
}
