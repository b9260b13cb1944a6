package embedded

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/registry"
	"github.com/mirrahq/mirra/registry/dir"
)

// fileSuffix is the ending of packed plugins; Pack deletes old ones by it.
const fileSuffix = ".wasm.zst"

// Pack checks all plugins of a folder, as package dir finds them, and writes
// them with an index to out for New to read. The folder out is made if it is
// not there; packed plugins it held before are deleted, other files are left
// alone. The largest is packed whole, and the others by what they differ in from
// it: plugins share a runtime and the SDK, lines of one plugin nearly all. The same
// plugins give the same bytes. All faults are returned at once, and then nothing is
// written.
func Pack(folder, out string) error {
	ctx := context.Background()
	src := dir.New(folder, folder)
	builds, err := src.List(ctx)
	if err != nil {
		return fmt.Errorf("pack plugins: %w", err)
	}
	if err := check(builds); err != nil {
		return fmt.Errorf("pack plugins: %w", err)
	}
	slices.SortFunc(builds, func(a, b registry.Build) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.Version.Compare(b.Version))
	})
	if err := clear(out); err != nil {
		return fmt.Errorf("pack plugins: %w", err)
	}
	x := index{Format: indexFormat, Builds: []entry{}}
	base := slices.MaxFunc(builds, func(a, b registry.Build) int { return cmp.Compare(a.Size, b.Size) })
	like, err := src.Fetch(ctx, base.Digest)
	if err != nil {
		return fmt.Errorf("pack plugins: %s: %w", base, err)
	}
	for _, b := range builds {
		e := entry{File: b.String() + fileSuffix, Digest: b.Digest, Size: b.Size, Capabilities: b.Capabilities, Manifest: b.Manifest}
		var packed []byte
		if b.Digest == base.Digest {
			packed, err = compress(like, nil)
		} else {
			e.Like = base.Digest
			var data []byte
			if data, err = src.Fetch(ctx, b.Digest); err == nil {
				packed, err = compress(data, like)
			}
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(out, e.File), packed, 0o644)
		}
		if err != nil {
			return fmt.Errorf("pack plugins: %s: %w", b, err)
		}
		x.Builds = append(x.Builds, e)
	}
	text, err := json.MarshalIndent(x, "", " ")
	if err != nil {
		return fmt.Errorf("pack plugins: %w", err)
	}
	// The index comes last: a folder without it holds nothing.
	if err := os.WriteFile(filepath.Join(out, indexName), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("pack plugins: %w", err)
	}
	return nil
}

// compress packs a module; like, if not nil, is one that it has much in common with.
func compress(data, like []byte) ([]byte, error) {
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1)}
	if like != nil {
		options = append(options, zstd.WithWindowSize(packWindow), zstd.WithEncoderDictRaw(likeID, like))
	}
	z, err := zstd.NewWriter(nil, options...)
	if err != nil {
		return nil, err
	}
	defer z.Close() // it writes to nothing
	return z.EncodeAll(data, nil), nil
}

func check(builds []registry.Build) error {
	var faults *multierror.Error
	seen := map[string]bool{}
	for _, b := range builds {
		if seen[b.String()] {
			faults = multierror.Append(faults, fmt.Errorf("%s is there twice", b))
		}
		seen[b.String()] = true
		all := multierror.Append(nil, registry.CheckManifest(b.Manifest), registry.CheckCapabilities(b.Capabilities))
		for _, err := range all.Errors {
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", b, err))
		}
	}
	if len(builds) == 0 {
		faults = multierror.Append(faults, errors.New("the folder holds no .wasm file"))
	}
	return registry.Faults(faults)
}

// clear makes out and deletes what an earlier Pack wrote there.
func clear(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	old, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	for _, e := range old {
		if e.Name() == indexName || strings.HasSuffix(e.Name(), fileSuffix) {
			if err := os.Remove(filepath.Join(out, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
