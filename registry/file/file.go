// Package file is the source of a plugin that lies in one .wasm file. Which
// files to look at is package dir's or the caller's choice.
package file

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
)

// Source is one plugin file.
type Source struct {
	label, path string
}

var _ registry.Source = (*Source)(nil)

// New returns the source of the file at path, which is first read by List.
func New(label, path string) *Source { return &Source{label, path} }

// Label implements registry.Source.
func (s *Source) Label() string { return s.label }

// List implements registry.Source. It reads the whole file.
func (s *Source) List(ctx context.Context) ([]registry.Build, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := Read(s.path)
	if err != nil {
		return nil, err
	}
	b, err := registry.Inspect(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return []registry.Build{b}, nil
}

// Fetch implements registry.Source.
func (s *Source) Fetch(ctx context.Context, d registry.Digest) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := Read(s.path)
	if err != nil {
		return nil, err
	}
	if d.Verify(data) != nil {
		return nil, registry.NotFound(s.label, d)
	}
	return data, nil
}

// Read returns the content of a regular file of at most abi.MaxModuleBytes. A
// pipe or a device would block or never end, so that they are refused.
func Read(path string) ([]byte, error) {
	// Asked before opening: opening a pipe blocks until someone writes to it.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read plugin: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &registry.Error{Code: registry.CodeInvalid, Message: fmt.Sprintf("read plugin: %s is not a regular file", path)}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read plugin: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, abi.MaxModuleBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read plugin: %w", err)
	}
	if len(data) > abi.MaxModuleBytes {
		return nil, &registry.Error{Code: registry.CodeInvalid, Message: fmt.Sprintf("read plugin: %s has more than %d bytes", path, abi.MaxModuleBytes)}
	}
	return data, nil
}
