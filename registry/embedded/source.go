// Package embedded is the source of the plugins inside the mirra binary: a
// file system with an index and one compressed file for each build, which Pack
// writes and go:embed takes up.
package embedded

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
)

// Label is the Label of an embedded source.
const Label = "embedded"

// indexName is the file that lists the others.
const indexName = "index.json"

// indexFormat is raised when an older reader would misread the index. Index and
// reader are built together, so that this only finds stale build folders.
const indexFormat = 2

// likeID is what zstd calls the one build that a file differs from, and packWindow
// how far it looks: over both.
const (
	likeID     = 1
	packWindow = 2 * abi.MaxModuleBytes
)

// index is what List needs, so that it decompresses nothing.
type index struct {
	Format int     `json:"format"`
	Builds []entry `json:"builds"` // by name, then version
}

type entry struct {
	File         string          `json:"file"`           // "stripe@2024-06.3.wasm.zst"
	Digest       registry.Digest `json:"digest"`         // of the decompressed module
	Like         registry.Digest `json:"like,omitempty"` // of the build that the file says the differences from
	Size         int64           `json:"size"`           // decompressed
	Capabilities []string        `json:"capabilities"`
	Manifest     *abi.Manifest   `json:"manifest"`
}

// Source is a folder that Pack wrote.
type Source struct {
	fsys fs.FS
	read func() ([]entry, error)
}

var _ registry.Source = (*Source)(nil)

// New returns the source of fsys, whose index is read by the first call.
func New(fsys fs.FS) *Source {
	s := &Source{fsys: fsys}
	s.read = sync.OnceValues(s.readIndex)
	return s
}

// Label implements registry.Source.
func (s *Source) Label() string { return Label }

// List implements registry.Source.
func (s *Source) List(context.Context) ([]registry.Build, error) {
	entries, err := s.read()
	if err != nil {
		return nil, err
	}
	builds := make([]registry.Build, 0, len(entries))
	for _, e := range entries {
		b, err := registry.Identify(e.Manifest)
		if err != nil {
			return nil, fmt.Errorf("embedded plugins: %s: %w", e.File, err)
		}
		b.Digest, b.Size, b.Capabilities = e.Digest, e.Size, e.Capabilities
		builds = append(builds, b)
	}
	return builds, nil
}

// Fetch implements registry.Source.
func (s *Source) Fetch(ctx context.Context, d registry.Digest) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := s.read()
	if err != nil {
		return nil, err
	}
	return s.fetch(entries, d, true)
}

// fetch unpacks a build; alike tells whether it may be packed by another one.
func (s *Source) fetch(entries []entry, d registry.Digest, alike bool) ([]byte, error) {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.Digest == d })
	if i < 0 {
		return nil, registry.NotFound(Label, d)
	}
	e := entries[i]
	var like []byte
	var err error
	if e.Like != "" {
		if !alike {
			return nil, fmt.Errorf("embedded plugins: %s: it is not packed whole, and another one is packed by it", e.File)
		}
		if like, err = s.fetch(entries, e.Like, false); err != nil {
			return nil, err
		}
	}
	data, err := s.unpack(e, like)
	if err == nil {
		err = d.Verify(data)
	}
	if err != nil {
		return nil, fmt.Errorf("embedded plugins: %s: %w", e.File, err)
	}
	return data, nil
}

func (s *Source) unpack(e entry, like []byte) ([]byte, error) {
	f, err := s.fsys.Open(e.File)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// One decoder for one file: concurrency would only add goroutines.
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2 * abi.MaxModuleBytes)}
	if like != nil {
		options = append(options, zstd.WithDecoderMaxWindow(packWindow), zstd.WithDecoderDictRaw(likeID, like))
	}
	z, err := zstd.NewReader(f, options...)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var out bytes.Buffer
	out.Grow(int(e.Size) + bytes.MinRead)
	if _, err := io.Copy(&out, io.LimitReader(z, e.Size+1)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (s *Source) readIndex() ([]entry, error) {
	text, err := fs.ReadFile(s.fsys, indexName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &registry.Error{
			Code:    registry.CodeNotFound,
			Message: "this binary carries no plugins",
			Hint:    "it was built without `make build`; take a released binary, or name a plugin file: ./my.wasm",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("embedded plugins: %w", err)
	}
	var x index
	if err := json.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("embedded plugins: %s: %w", indexName, err)
	}
	if x.Format != indexFormat {
		return nil, fmt.Errorf("embedded plugins: %s has format %d, want %d: pack them again", indexName, x.Format, indexFormat)
	}
	for _, e := range x.Builds {
		if _, err := registry.ParseDigest(string(e.Digest)); err != nil || e.Manifest == nil || e.Size < 0 || e.Size > abi.MaxModuleBytes {
			return nil, fmt.Errorf("embedded plugins: %s: the entry of %q is incomplete", indexName, e.File)
		}
	}
	return x.Builds, nil
}
