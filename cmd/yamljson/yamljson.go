// Package yamljson turns YAML, as people write state documents and API
// descriptions in it, into the JSON that the rest of Mirra reads.
package yamljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxDepth = 200      // bounds aliases that hold themselves
	maxBytes = 64 << 20 // and those that hold others many times
)

// Convert returns a YAML document as JSON, members in their order and each alias
// as what it stands for. What is no JSON, such as a date, is a string of its text.
// Errors begin with "line N:" where the line is known.
func Convert(text []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) != 1 {
		return nil, errors.New("no document")
	}
	var b bytes.Buffer
	err := write(&b, doc.Content[0], 0)
	return b.Bytes(), err
}

func write(b *bytes.Buffer, n *yaml.Node, depth int) error {
	if depth > maxDepth || b.Len() > maxBytes {
		return fmt.Errorf("line %d: nested too deeply, or too large", n.Line)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return write(b, n.Alias, depth+1)
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i]
			if name.Tag == "!!merge" || name.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: want a plain name of a member", name.Line)
			}
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quote(name.Value))
			b.WriteByte(':')
			if err := write(b, n.Content[i+1], depth+1); err != nil {
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
			if err := write(b, e, depth+1); err != nil {
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
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return n.Value // with the digits that were written
		}
		fallthrough
	case "!!null", "!!bool":
		var v any
		if n.Decode(&v) == nil {
			if text, err := json.Marshal(v); err == nil {
				return string(text)
			}
		}
	}
	return quote(n.Value)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // a string always has a spelling
	}
	return string(b)
}
