package openapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/mirrahq/mirra/cmd/yamljson"
)

// Description is an OpenAPI 3 description that was read.
type Description struct {
	spec *spec
	raw  []byte
}

// Read reads a description, JSON or YAML, gzipped or not.
func Read(path string) (*Description, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := Parse(filepath.Base(path), raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Parse is Read for a text; name is what faults call it.
func Parse(name string, raw []byte) (*Description, error) {
	if bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		if raw, err = io.ReadAll(z); err != nil {
			return nil, err
		}
	}
	text := raw
	if trimmed := bytes.TrimSpace(raw); !bytes.HasPrefix(trimmed, []byte{'{'}) {
		var err error
		if text, err = yamljson.Convert(raw); err != nil {
			return nil, err
		}
	}
	s := &spec{name: name}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	if len(s.Paths) == 0 {
		return nil, errors.New("no paths: is it an OpenAPI 3 description?")
	}
	return &Description{s, raw}, nil
}

// Faults lists what was left out so far, with its place.
func (d *Description) Faults() []string { return slices.Sorted(maps.Keys(d.spec.faults)) }
