package lock

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/registry"
)

// SyntaxError is a fault of a lock file, with its place.
type SyntaxError struct {
	File         string
	Line, Column int // from 1; columns count bytes
	Message      string
	Hint         string // how to recover
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

const (
	hintRestore = "restore the file (git checkout -- mirra.lock), or delete it and run mirra plugin install for each plugin; then change it with mirra plugin only"
	hintMerge   = "take one side (git checkout --ours mirra.lock, or --theirs), then run mirra plugin install for the plugins of the other"
	hintUpgrade = "upgrade Mirra"
)

// Parse reads the text of a lock file; name is for errors. Its error is a
// *multierror.Error of *SyntaxError with all faults. A file whose lines all end
// in CRLF, as Git makes them on Windows, is read as if they ended in LF.
func Parse(name string, data []byte) (*File, error) {
	p := parser{name: name, file: new(File), keys: map[string]bool{}}
	p.parse(unwindows(string(data)))
	if err := registry.Faults(p.faults); err != nil {
		return nil, err
	}
	return p.file, nil
}

func unwindows(text string) string {
	if n := strings.Count(text, "\r\n"); n > 0 && n == strings.Count(text, "\n") {
		return strings.ReplaceAll(text, "\r\n", "\n")
	}
	return text
}

// parser goes over the lines once.
type parser struct {
	name   string
	file   *File
	faults *multierror.Error

	line    int             // number of the current one
	entry   *Entry          // of the current block; nil outside of plugins
	start   int             // line the block begins on
	keys    map[string]bool // of the current block
	foreign bool            // the current block is of a newer minor
	ended   bool            // a checksum stood where it does not belong
}

func (p *parser) fault(column int, hint, format string, args ...any) {
	p.faults = multierror.Append(p.faults, &SyntaxError{p.name, p.line, column, fmt.Sprintf(format, args...), hint})
}

func (p *parser) parse(text string) {
	body, last, ok := cutChecksum(text)
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		p.line = i + 1
		if strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") {
			p.fault(1, hintMerge, "merge conflict")
			return
		}
	}
	p.line = 1
	if !strings.HasPrefix(lines[0], headerStart) || len(lines) < 2 {
		p.fault(1, hintRestore, "the first line is not that of a lock file")
		return
	}
	p.line = 2
	if !p.format(lines[1]) {
		return
	}
	for i, line := range lines[2:] {
		p.line = i + 3
		p.next(line)
	}
	p.endBlock()
	p.line = len(lines)
	if p.ended {
		return
	}
	if !ok {
		p.fault(1, hintRestore, "the file does not end with a checksum: it was cut off or edited by hand")
		return
	}
	if p.faults != nil {
		return // more exact than what follows
	}
	want := registry.DigestOf([]byte(body))
	if last != string(want) {
		p.fault(len(keyChecksum)+2, hintRestore, "checksum mismatch: the file was edited by hand")
		return
	}
	p.canonical(text)
}

// cutChecksum splits the last line off.
func cutChecksum(text string) (body, checksum string, ok bool) {
	at := strings.LastIndex(text, "\n"+keyChecksum+" ") + 1
	if at == 0 {
		return text, "", false
	}
	checksum, ended := strings.CutSuffix(text[at+len(keyChecksum)+1:], "\n")
	if !ended || strings.Contains(checksum, "\n") {
		return text, "", false
	}
	return text[:at], checksum, true
}

// format reads the second line and reports whether to go on.
func (p *parser) format(line string) bool {
	major, minor, ok := strings.Cut(strings.TrimPrefix(line, keyFormat+" "), ".")
	x, err1 := strconv.ParseUint(major, 10, 31)
	y, err2 := strconv.ParseUint(minor, 10, 31)
	if !ok || err1 != nil || err2 != nil || line != fmt.Sprintf("%s %d.%d", keyFormat, x, y) {
		p.fault(1, hintRestore, "want the format, such as %q", fmt.Sprintf("%s %d.%d", keyFormat, formatMajor, formatMinor))
		return false
	}
	if x != formatMajor {
		hint, age := hintUpgrade, "a newer"
		if x < formatMajor {
			hint, age = hintRestore, "an unknown"
		}
		p.fault(len(keyFormat)+2, hint, "written by %s Mirra: format %d.%d, this one reads %d.x", age, x, y, formatMajor)
		return false
	}
	p.file.minor = int(y)
	return true
}

// isNewer reports whether keys that are not known are to be kept.
func (p *parser) isNewer() bool { return p.file.minor > formatMinor }

func (p *parser) next(line string) {
	if line == "" {
		p.endBlock()
		return
	}
	if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }); i >= 0 {
		p.fault(i+1, hintRestore, "not a printable character")
		return
	}
	indented := strings.HasPrefix(line, "  ")
	key, value, _ := strings.Cut(strings.TrimPrefix(line, "  "), " ")
	switch {
	case !indented && key == keyPlugin:
		p.endBlock()
		p.plugin(value)
	case !indented && key == keyChecksum:
		p.ended = true
		p.fault(1, hintRestore, "want a whole checksum, in the last line: the file was cut off or edited by hand")
	case p.foreign || !indented && p.isNewer():
		p.endBlock()
		p.foreign = true
		p.file.extra = append(p.file.extra, line)
	case !indented:
		p.fault(1, hintRestore, "unknown key %q", key)
	case p.entry == nil:
		p.fault(3, hintRestore, "%q stands outside of a plugin", key)
	default:
		p.field(key, value, line)
	}
}

func (p *parser) plugin(value string) {
	p.entry, p.start, p.keys = new(Entry), p.line, map[string]bool{}
	name, err := registry.ParseName(value)
	if err != nil {
		p.fault(len(keyPlugin)+2, hintRestore, "%v", err)
		return
	}
	p.entry.Name = name
	if n := len(p.file.entries); n > 0 {
		switch before := p.file.entries[n-1].Name; {
		case name == before:
			p.fault(len(keyPlugin)+2, hintRestore, "plugin %s is there twice", name)
		case name < before:
			p.fault(len(keyPlugin)+2, hintRestore, "plugin %s stands after %s, want them sorted", name, before)
		}
	}
}

func (p *parser) field(key, value, line string) {
	many := slices.Contains(manyKeys, key)
	switch known := many || slices.Contains(onceKeys, key); {
	case !known && p.isNewer():
		p.entry.extra = append(p.entry.extra, line)
		return
	case !known:
		p.fault(3, hintRestore, "unknown key %q", key)
		return
	case p.keys[key] && !many:
		p.fault(3, hintRestore, "%s is there twice", key)
		return
	}
	p.keys[key] = true
	if err := p.entry.set(key, value); err != nil {
		p.fault(len(key)+4, hintRestore, "%v", err)
	}
}

// endBlock closes a plugin.
func (p *parser) endBlock() {
	p.foreign = false
	if p.entry == nil {
		return
	}
	for _, key := range onceKeys {
		if !p.keys[key] {
			at := p.line
			p.line = p.start // the block's own place: the missing line has none
			p.fault(1, hintRestore, "plugin %s has no %s", p.entry.Name, key)
			p.line = at
		}
	}
	p.file.entries = append(p.file.entries, *p.entry)
	p.entry = nil
}

// set reads the value of one line.
func (e *Entry) set(key, value string) (err error) {
	if strings.TrimSpace(value) != value || value == "" {
		return fmt.Errorf("%q is empty or begins or ends with a space", value)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == utf8.RuneError }) {
		return fmt.Errorf("%q holds a character that is not printable", value)
	}
	switch key {
	case keyVersion:
		e.Version, err = registry.ParseVersion(value)
		if err == nil && e.Version.Build == 0 {
			err = fmt.Errorf("version %q has no build number", value)
		}
	case keySource:
		e.Source = value
	case keyDigest:
		e.Digest, err = registry.ParseDigest(value)
	case keySigner:
		if value != none {
			e.Signer = value
		}
	case keyABI:
		n, err := strconv.ParseUint(value, 10, 31)
		if err != nil || strconv.FormatUint(n, 10) != value {
			return fmt.Errorf("abi %q: want a number", value)
		}
		e.ABI = int(n)
	case keyCapability:
		e.Capabilities, err = appendSorted(e.Capabilities, value)
	case keyHost:
		e.Hosts, err = appendSorted(e.Hosts, value)
	}
	return err
}

func appendSorted(list []string, value string) ([]string, error) {
	if n := len(list); n > 0 && value <= list[n-1] {
		return list, fmt.Errorf("%s stands after %s, want each once and sorted", value, list[n-1])
	}
	return append(slices.Clip(list), value), nil
}

// canonical finds what a recomputed checksum would hide: keys in another order
// or stray lines. A newer minor may have an order of its own.
func (p *parser) canonical(text string) {
	if p.isNewer() {
		return
	}
	again, err := p.file.Encode()
	if err != nil || string(again) == text {
		if err != nil {
			p.fault(1, hintRestore, "%v", err)
		}
		return
	}
	want := strings.Split(string(again), "\n")
	for i, line := range strings.Split(text, "\n") {
		if i >= len(want) || line != want[i] {
			p.line = i + 1
			p.fault(1, hintRestore, "not in canonical form: the file was edited by hand")
			return
		}
	}
}
