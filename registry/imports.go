package registry

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/mirrahq/mirra/abi"
)

// Capabilities returns the names of the modules that a WebAssembly module
// imports from, sorted, each once: what the plugin is able to do. It reads the
// import section only; whether the module is valid is decided when it is
// loaded.
func Capabilities(module []byte) ([]string, error) {
	r := reader{data: module, at: 8}
	if len(module) < 8 || string(module[:8]) != "\x00asm\x01\x00\x00\x00" {
		return nil, errors.New("not a core WebAssembly module (wrong first bytes)")
	}
	var names []string
	seen := false
	for r.at < len(r.data) && r.err == nil {
		id, body := r.byte(), r.bytes()
		if id != sectionImport || r.err != nil {
			continue
		}
		if seen {
			return nil, fmt.Errorf("second import section before byte %d", r.at)
		}
		seen = true
		var err error
		if names, err = readImports(body); err != nil {
			return nil, fmt.Errorf("import section: %w", err)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// CheckCapabilities returns an Error with CodeTooNew that lists the import
// modules this Mirra does not have.
func CheckCapabilities(capabilities []string) error {
	var unknown []string
	for _, c := range capabilities {
		if c != abi.ModuleWASI && !slices.ContainsFunc(abi.Functions, func(f abi.Function) bool { return f.Module == c }) {
			unknown = append(unknown, c)
		}
	}
	if unknown == nil {
		return nil
	}
	return &Error{
		Code:    CodeTooNew,
		Message: fmt.Sprintf("plugin imports %q, which this Mirra does not have", unknown),
		Hint:    "upgrade Mirra, or install an older build of the plugin",
	}
}

// Section and import kinds, see
// https://webassembly.github.io/spec/core/binary/modules.html.
const (
	sectionImport = 2
	importFunc    = 0
	importTable   = 1
	importMemory  = 2
	importGlobal  = 3
	importTag     = 4
)

func readImports(body []byte) ([]string, error) {
	r := reader{data: body}
	var modules []string
	// The count is not trusted: the loop ends with the bytes at the latest.
	for n := r.number(); n > 0 && r.err == nil; n-- {
		module, field := r.bytes(), r.bytes()
		if r.err == nil && (!utf8.Valid(module) || !utf8.Valid(field)) {
			return nil, fmt.Errorf("name before byte %d is not UTF-8", r.at)
		}
		switch kind := r.byte(); kind {
		case importFunc:
			r.number() // type
		case importTable:
			r.byte() // type of its elements
			r.limits()
		case importMemory:
			r.limits()
		case importGlobal:
			r.byte() // type
			r.byte() // mutability
		case importTag:
			r.byte() // attribute
			r.number()
		default:
			if r.err == nil {
				return nil, fmt.Errorf("byte %d: kind %d, want 0 to 4", r.at-1, kind)
			}
		}
		if len(modules) == 0 || modules[len(modules)-1] != string(module) {
			modules = append(modules, string(module))
		}
	}
	if r.err == nil && r.at != len(body) {
		return nil, fmt.Errorf("%d bytes too many", len(body)-r.at)
	}
	return modules, r.err
}

// reader walks WebAssembly bytes. The first fault stays in err, and everything
// read after it is empty.
type reader struct {
	data []byte
	at   int
	err  error
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %w", r.at, abi.ErrTruncated)
	}
	r.at = len(r.data)
}

func (r *reader) byte() byte {
	if r.at >= len(r.data) {
		r.fail()
		return 0
	}
	r.at++
	return r.data[r.at-1]
}

// number reads an unsigned LEB128 of at most 32 bits.
func (r *reader) number() uint32 {
	var v uint32
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		if shift == 28 && b > 0x0f {
			break
		}
		v |= uint32(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.fail()
	return 0
}

// bytes reads a length and as many bytes.
func (r *reader) bytes() []byte {
	n := r.number()
	if r.err != nil || uint64(n) > uint64(len(r.data)-r.at) {
		r.fail()
		return nil
	}
	r.at += int(n)
	return r.data[r.at-int(n) : r.at]
}

func (r *reader) limits() {
	flags := r.byte()
	// 64-bit and custom-page limits are left out: no host of ours takes them.
	if flags > 3 {
		r.fail()
	}
	r.number()
	if flags&1 != 0 {
		r.number()
	}
}
