package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/hashicorp/go-multierror"
	"go.yaml.in/yaml/v3"

	"github.com/mirrahq/mirra/host/nearest"
	"github.com/mirrahq/mirra/host/proxy"
)

// fileConfig is what mirra.yaml and the user's config.yaml may hold.
type fileConfig struct {
	Mirrors         []string            `yaml:"mirrors"`
	Seeds           map[string]seedFile `yaml:"seeds"`
	Limits          string              `yaml:"limits"`
	PeerClock       string              `yaml:"peer-clock"`
	WebhookHosts    []string            `yaml:"webhook-hosts"`
	PassThrough     hostList            `yaml:"pass-through"`
	Rewrite         map[string]string   `yaml:"rewrite"`
	AllowLiveKeys   bool                `yaml:"allow-live-keys"`
	Strict          bool                `yaml:"strict"`
	MirraHeaders    string              `yaml:"mirra-headers"`
	VersionMismatch string              `yaml:"version-mismatch"`
	Forward         map[string]textList `yaml:"forward"`
	Timeout         string              `yaml:"timeout"`
	Persistent      bool                `yaml:"persistent"`
	Name            string              `yaml:"name"`
	Port            int                 `yaml:"port"`
	PluginPath      textList            `yaml:"plugin-path"`
	IdleExit        string              `yaml:"idle-exit"`
	Domains         textList            `yaml:"domains"`
	TLSCert         string              `yaml:"tls-cert"`
	TLSKey          string              `yaml:"tls-key"`
	TLSPort         int                 `yaml:"tls-port"`
	Agent           agentConfig         `yaml:"agent"`
}

// seedFile is a fixture's name, a list of them, or {file: path}.
type seedFile struct {
	Fixtures []string
	File     string
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *seedFile) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return (*textList)(&s.Fixtures).UnmarshalYAML(n)
	}
	for i := 0; i < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Value != "file" {
			return positioned(key, "unknown key %q: want file", key.Value)
		}
		if err := n.Content[i+1].Decode(&s.File); err != nil {
			return positioned(n.Content[i+1], "file: want a path")
		}
	}
	return nil
}

// textList is a text or a list of texts.
type textList []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *textList) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = []string{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

// hostList is a name of a host, "*.example.com" for all below one, or a list of such.
type hostList []string

// UnmarshalYAML implements yaml.Unmarshaler. All faults are reported.
func (l *hostList) UnmarshalYAML(n *yaml.Node) error {
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	var faults *multierror.Error
	for _, one := range nodes {
		name, err := proxy.ParsePassThrough(one.Value)
		switch {
		case one.Kind != yaml.ScalarNode:
			faults = multierror.Append(faults, positioned(one, "want the name of a host, or a list of them"))
		case err != nil:
			faults = multierror.Append(faults, positioned(one, "%v (%s)", err, hint(err)))
		default:
			*l = append(*l, name)
		}
	}
	return faults.ErrorOrNil()
}

// positionError is a fault at a place of a file.
type positionError struct {
	line, column int
	text         string
}

func (e *positionError) Error() string { return fmt.Sprintf("%d:%d: %s", e.line, e.column, e.text) }

func positioned(n *yaml.Node, format string, args ...any) error {
	return &positionError{n.Line, n.Column, fmt.Sprintf(format, args...)}
}

// maxConfigBytes is far beyond any configuration.
const maxConfigBytes = 1 << 20

// readFile reads a configuration over what c holds and returns its scalars by
// key. No file is no fault. All faults are reported with line and column.
func readFile(path string, c *fileConfig) (map[string]any, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]any{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err == nil && len(text) > maxConfigBytes {
		err = fmt.Errorf("%s: more than %d bytes", path, maxConfigBytes)
	}
	if err != nil {
		return nil, err
	}
	scalars, err := parseConfig(text, c)
	if err == nil {
		return scalars, nil
	}
	name := filepath.Base(path)
	faults := multierror.Append(nil, err)
	for i, e := range faults.Errors {
		faults.Errors[i] = fmt.Errorf("%s:%w", name, e)
	}
	faults.ErrorFormat = lines
	return nil, &usageError{text: faults.Error(), hint: "keys: " + strings.Join(configKeys(), ", ")}
}

func parseConfig(text []byte, c *fileConfig) (map[string]any, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return map[string]any{}, nil
	} else if err != nil {
		return nil, errors.New(" " + strings.TrimPrefix(err.Error(), "yaml: "))
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, positioned(root, "want keys and values")
	}
	scalars := map[string]any{}
	var faults *multierror.Error
	seen := map[string]bool{}
	into := reflect.ValueOf(c).Elem()
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		field := fieldOf(into, key.Value)
		switch {
		case !field.IsValid():
			text := fmt.Sprintf("unknown key %q", key.Value)
			if s := nearest.Word(key.Value, configKeys()); s != "" {
				text += fmt.Sprintf(" (did you mean %s?)", s)
			}
			faults = multierror.Append(faults, positioned(key, "%s", text))
			continue
		case seen[key.Value]:
			faults = multierror.Append(faults, positioned(key, "key %q is there twice", key.Value))
			continue
		}
		seen[key.Value] = true
		field.SetZero() // a later file replaces lists and maps whole
		if err := value.Decode(field.Addr().Interface()); err != nil {
			if several, ok := errors.AsType[*multierror.Error](err); ok {
				faults = multierror.Append(faults, several.Errors...)
			} else if e, ok := errors.AsType[*positionError](err); ok {
				faults = multierror.Append(faults, e)
			} else {
				faults = multierror.Append(faults, positioned(value, "%s: %s", key.Value, wanted(field.Type())))
			}
			continue
		}
		if value.Kind == yaml.ScalarNode {
			var v any
			_ = value.Decode(&v) // it was decoded above
			scalars[key.Value] = v
		}
	}
	return scalars, faults.ErrorOrNil()
}

func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "want true or false"
	case reflect.Int:
		return "want a number"
	case reflect.Slice:
		return "want a list of texts"
	case reflect.Map:
		return "want keys and values"
	}
	return "want a text"
}

func fieldOf(v reflect.Value, key string) reflect.Value {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func configKeys() []string {
	var keys []string
	t := reflect.TypeFor[fileConfig]()
	for i := range t.NumField() {
		keys = append(keys, t.Field(i).Tag.Get("yaml"))
	}
	return keys
}
