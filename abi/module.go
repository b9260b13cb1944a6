package abi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNoManifest is returned for a module without a manifest section.
var ErrNoManifest = errors.New("no " + ManifestSection + " section: not a Mirra plugin, or not finished with `mirra plugin build`")

var wasmMagic = "\x00asm\x01\x00\x00\x00"

// ReadManifest returns the manifest of a plugin file without running it.
// Errors: not a core WebAssembly module, ErrNoManifest, malformed JSON, or an
// unknown key of a manifest that claims this ABI version.
func ReadManifest(module []byte) (*Manifest, error) {
	var found [][]byte
	err := customSections(module, func(name string, data []byte) {
		if name == ManifestSection {
			found = append(found, data)
		}
	})
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 0:
		return nil, ErrNoManifest
	case 1:
	default:
		return nil, fmt.Errorf("module has %d %s sections, want one", len(found), ManifestSection)
	}
	var version struct{ ABI int }
	if err := json.Unmarshal(found[0], &version); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m := new(Manifest)
	d := json.NewDecoder(bytes.NewReader(found[0]))
	if version.ABI == Version {
		d.DisallowUnknownFields() // a newer ABI may have more, this one has not
	}
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return m, nil
}

// AppendManifest returns module with m as its manifest section, at the end.
// It fails if the module has one already.
func AppendManifest(module []byte, m *Manifest) ([]byte, error) {
	exists := false
	if err := customSections(module, func(name string, _ []byte) { exists = exists || name == ManifestSection }); err != nil {
		return nil, err
	}
	if exists {
		return nil, fmt.Errorf("module has a %s section already", ManifestSection)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	var body []byte
	body = appendLEB(body, uint32(len(ManifestSection)))
	body = append(append(body, ManifestSection...), text...)
	out := append([]byte(nil), module...)
	out = appendLEB(append(out, 0), uint32(len(body)))
	return append(out, body...), nil
}

// customSections calls f for each custom section of a core module. It reads
// section headers only.
func customSections(module []byte, f func(name string, data []byte)) error {
	if len(module) < len(wasmMagic) || string(module[:len(wasmMagic)]) != wasmMagic {
		return errors.New("not a core WebAssembly module (wrong first bytes)")
	}
	for at := len(wasmMagic); at < len(module); {
		id := module[at]
		n, w := leb(module[at+1:])
		start := at + 1 + w
		if w == 0 || uint64(start)+uint64(n) > uint64(len(module)) {
			return fmt.Errorf("module section at byte %d: %w", at, ErrTruncated)
		}
		body := module[start : start+int(n)]
		at = start + int(n)
		if id != 0 {
			continue
		}
		n, w = leb(body)
		if w == 0 || uint64(w)+uint64(n) > uint64(len(body)) {
			return fmt.Errorf("custom section before byte %d: %w", at, ErrTruncated)
		}
		f(string(body[w:w+int(n)]), body[w+int(n):])
	}
	return nil
}

// leb reads an unsigned LEB128 u32; width 0 means it is malformed.
func leb(b []byte) (v uint32, width int) {
	for i := 0; i < 5 && i < len(b); i++ {
		if i == 4 && b[i] > 0x0f {
			return 0, 0
		}
		v |= uint32(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendLEB(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
