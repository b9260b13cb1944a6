package assembly

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/mirrahq/mirra/host/wasm"
	"github.com/mirrahq/mirra/registry"
)

// PrecompiledSuffix ends the names of packed cache entries.
const PrecompiledSuffix = ".compiled.tar.zst"

// PrecompiledName is the name in Config.Precompiled under which a server looks
// for what Precompile made of the plugin file of a digest.
func PrecompiledName(digest registry.Digest) string {
	return wasm.CacheKey(string(digest)) + PrecompiledSuffix
}

// maxPrecompiledBytes bounds what a packed entry unpacks to.
const maxPrecompiledBytes = 512 << 20

// Precompile compiles a plugin file for this system and returns the cache entry
// of it, packed.
func Precompile(ctx context.Context, file []byte) (packed []byte, err error) {
	tmp, err := os.MkdirTemp("", "mirra-compile-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp) // a leftover in the temporary folder harms nobody
	if err := Compile(ctx, tmp, file); err != nil {
		return nil, err
	}
	key := wasm.CacheKey(string(registry.DigestOf(file)))
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	if err := t.AddFS(os.DirFS(filepath.Join(compiledCache(tmp), key))); err != nil {
		return nil, err
	}
	if err := errors.Join(t.Close(), z.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpackCompiled puts a plugin's cache entry in its place, if there is a packed
// one for this system and none yet. What goes wrong costs a compilation, not the
// plugin: the runtime checks entries before it uses them.
func unpackCompiled(packed fs.FS, cacheDir string, digest registry.Digest) error {
	if packed == nil {
		return nil
	}
	key := wasm.CacheKey(string(digest))
	root := compiledCache(cacheDir)
	to := filepath.Join(root, key)
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	f, err := packed.Open(PrecompiledName(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	tmp, err := os.MkdirTemp(root, "unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // gone when it was renamed
	if err := untar(io.LimitReader(z, maxPrecompiledBytes), tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, to); err != nil && !isDir(to) {
		return err
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func untar(r io.Reader, folder string) error {
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Clean(h.Name)
		if !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, "\\") {
			return fmt.Errorf("packed code: name %q", h.Name)
		}
		at := filepath.Join(folder, filepath.FromSlash(name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(at, 0o755)
		case tar.TypeReg:
			if err = os.MkdirAll(filepath.Dir(at), 0o755); err == nil {
				err = writeFrom(at, t)
			}
		default:
			err = fmt.Errorf("packed code: %q is no file", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func writeFrom(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
