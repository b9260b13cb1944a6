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
	"strconv"

	"go.yaml.in/yaml/v3"
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
		if text, err = jsonOf(raw); err != nil {
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

// jsonOf turns YAML into JSON, members in their order.
func jsonOf(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("no document")
	}
	var b bytes.Buffer
	err := appendNode(&b, doc.Content[0], 0)
	return b.Bytes(), err
}

// maxYAMLDepth bounds aliases that hold themselves.
const maxYAMLDepth = 200

func appendNode(b *bytes.Buffer, n *yaml.Node, depth int) error {
	if depth > maxYAMLDepth {
		return fmt.Errorf("line %d: nested too deeply", n.Line)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return appendNode(b, n.Alias, depth+1)
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteJSON(n.Content[i].Value))
			b.WriteByte(':')
			if err := appendNode(b, n.Content[i+1], depth+1); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, e := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := appendNode(b, e, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	default:
		b.WriteString(scalar(n))
	}
	return nil
}

func scalar(n *yaml.Node) string {
	switch n.Tag {
	case "!!null":
		return "null"
	case "!!bool":
		if v, err := strconv.ParseBool(n.Value); err == nil {
			return strconv.FormatBool(v)
		}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return n.Value
		}
	}
	return quoteJSON(n.Value)
}

func quoteJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always has a spelling
	}
	return string(b)
}
