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
	"strconv"
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

// Precompile compiles plugin files for this system and returns their cache entries,
// packed, by PrecompiledName. All but the first are packed by what they differ in
// from it: to half of what they would be, as plugins share a runtime and the SDK, and
// to a fiftieth if they are lines of one plugin.
func Precompile(ctx context.Context, files ...[]byte) (packed map[string][]byte, err error) {
	packed = map[string][]byte{}
	options := []zstd.EOption{zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(packWindow)}
	for i, file := range files {
		entry, err := compiledArchive(ctx, file)
		if err != nil {
			return nil, err
		}
		z, err := zstd.NewWriter(nil, options...)
		if err != nil {
			return nil, err
		}
		name := PrecompiledName(registry.DigestOf(file))
		packed[name] = z.EncodeAll(entry, nil)
		if i == 0 {
			options = append(options, zstd.WithEncoderDictRaw(likeID(name), entry))
		}
	}
	return packed, nil
}

// packWindow reaches over an entry and the one that it is packed by.
const packWindow = 128 << 20

// likeID is the number by which a packed entry names the one that it differs from.
func likeID(name string) uint32 {
	id, _ := strconv.ParseUint(name[:min(8, len(name))], 16, 32) // 0, as for none, if it is no key
	return uint32(id)
}

// compiledArchive compiles a plugin file and archives the cache entry of it.
func compiledArchive(ctx context.Context, file []byte) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "mirra-compile-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp) // a leftover in the temporary folder harms nobody
	if err := Compile(ctx, tmp, file); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	key := wasm.CacheKey(string(registry.DigestOf(file)))
	if err := t.AddFS(os.DirFS(filepath.Join(compiledCache(tmp), key))); err != nil {
		return nil, err
	}
	return b.Bytes(), t.Close()
}

// openPacked reads a packed entry, and what it is packed by. There is no error of a
// chain: one that something is packed by is whole.
func openPacked(packed fs.FS, name string) (io.ReadCloser, error) {
	text, err := fs.ReadFile(packed, name)
	if err != nil {
		return nil, err
	}
	var head zstd.Header
	if err := head.Decode(text); err != nil {
		return nil, err
	}
	options := []zstd.DOption{zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(packWindow), zstd.WithDecoderMaxMemory(maxPrecompiledBytes)}
	if head.DictionaryID != 0 {
		like, err := fs.Glob(packed, fmt.Sprintf("%08x*%s", head.DictionaryID, PrecompiledSuffix))
		if err != nil || len(like) != 1 {
			return nil, fmt.Errorf("packed code: %s differs from %08x, of which there are %d", name, head.DictionaryID, len(like))
		}
		text, err := fs.ReadFile(packed, like[0])
		if err != nil {
			return nil, err
		}
		z, err := zstd.NewReader(nil, options...)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		entry, err := z.DecodeAll(text, nil)
		if err != nil {
			return nil, err
		}
		options = append(options, zstd.WithDecoderDictRaw(head.DictionaryID, entry))
	}
	z, err := zstd.NewReader(bytes.NewReader(text), options...)
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
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
	z, err := openPacked(packed, PrecompiledName(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer z.Close() // a reader's never fails
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
