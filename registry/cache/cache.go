// Package cache keeps plugin files by their digest, in a folder that all
// projects and processes of a user share. It never trusts the folder: a file
// is handed out only after its content was found to have the digest.
//
// What a project uses is not its concern: that is package lock.
//
// Layout below the folder: sha256/<hex> holds a plugin file, tmp/ files being
// written, locks/ the files of Exclusive.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/registry"
)

// Cache is a content-addressed store. Its methods may be called concurrently,
// by several processes too.
type Cache struct {
	folder string

	mu       sync.Mutex
	verified map[registry.Digest]stamp
}

// stamp is by what a file verified before is recognised.
type stamp struct {
	size    int64
	changed time.Time
}

// New returns the cache in a folder, which the first Put makes.
func New(folder string) *Cache {
	return &Cache{folder: folder, verified: map[registry.Digest]stamp{}}
}

// Folder returns where the cache is.
func (c *Cache) Folder() string { return c.folder }

func (c *Cache) path(d registry.Digest) string { return filepath.Join(c.folder, "sha256", d.Hex()) }

// Has reports whether there is an entry for d, without reading it: it may
// still turn out damaged.
func (c *Cache) Has(d registry.Digest) bool {
	if _, err := registry.ParseDigest(string(d)); err != nil {
		return false
	}
	info, err := os.Lstat(c.path(d))
	return err == nil && info.Mode().IsRegular()
}

// Open returns the plugin file with digest d. Its content is checked the first
// time this process reads it, and again when the file changed since. Absent: an
// Error with CodeNotFound; other content than the digest says: one with
// CodeDamaged that names the file.
func (c *Cache) Open(d registry.Digest) ([]byte, error) { return c.open(d, false) }

// Verify checks the content of the entry for d, whether or not it was checked
// before. Errors as those of Open.
func (c *Cache) Verify(d registry.Digest) error {
	_, err := c.open(d, true)
	return err
}

func (c *Cache) open(d registry.Digest, always bool) ([]byte, error) {
	if _, err := registry.ParseDigest(string(d)); err != nil {
		return nil, err // before it becomes a path
	}
	path := c.path(d)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, registry.NotFound("the cache", d)
	}
	if err != nil {
		return nil, fmt.Errorf("read plugin cache: %w", err)
	}
	// A link could point at anything, and nothing here makes one.
	if !info.Mode().IsRegular() {
		return nil, damaged(path, errors.New("not a regular file"))
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, registry.NotFound("the cache", d) // removed since, by another process
	}
	if err != nil {
		return nil, fmt.Errorf("read plugin cache: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil { // of the very file that is read
		return nil, fmt.Errorf("read plugin cache: %w", err)
	}
	if info.Size() > abi.MaxModuleBytes {
		return nil, damaged(path, fmt.Errorf("%d bytes, at most %d were written", info.Size(), abi.MaxModuleBytes))
	}
	data, err := io.ReadAll(io.LimitReader(f, abi.MaxModuleBytes+1)) // it may grow meanwhile
	if err != nil {
		return nil, fmt.Errorf("read plugin cache: %w", err)
	}
	now := stamp{int64(len(data)), info.ModTime()}
	c.mu.Lock()
	before, known := c.verified[d]
	c.mu.Unlock()
	if known && before == now && !always {
		return data, nil
	}
	if err := d.Verify(data); err != nil {
		return nil, damaged(path, err)
	}
	c.mu.Lock()
	c.verified[d] = now
	c.mu.Unlock()
	return data, nil
}

// Put stores data, which must have the digest d. An entry that is there and
// sound is left alone, a damaged one is replaced.
func (c *Cache) Put(d registry.Digest, data []byte) error {
	if _, err := registry.ParseDigest(string(d)); err != nil {
		return err
	}
	if err := d.Verify(data); err != nil {
		return err
	}
	if c.Verify(d) == nil {
		return nil
	}
	path := c.path(d)
	if err := c.write(path, data); err != nil {
		// Elsewhere than on Unix a file that another process has open cannot be
		// replaced. That process put the same content there.
		if c.Verify(d) == nil {
			return nil
		}
		return fmt.Errorf("write plugin cache: %w", err)
	}
	return nil
}

// write puts a file in place whole or not at all.
func (c *Cache) write(path string, data []byte) error {
	tmp := filepath.Join(c.folder, "tmp")
	for _, folder := range []string{filepath.Dir(path), tmp} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	sweep(tmp)
	f, err := os.CreateTemp(tmp, "put-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already once it was renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync() // else a power cut could leave the name without the content
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(f.Name(), 0o644)
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// maxWrite is far longer than writing 16 MB takes: what is older in tmp was
// left behind by a process that died.
const maxWrite = time.Hour

func sweep(tmp string) {
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return // only space would be won
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > maxWrite {
			os.Remove(filepath.Join(tmp, e.Name())) // the same
		}
	}
}

// Remove deletes the entry for d. It is no error if there is none.
func (c *Cache) Remove(d registry.Digest) error {
	if _, err := registry.ParseDigest(string(d)); err != nil {
		return err
	}
	if err := os.Remove(c.path(d)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove from plugin cache: %w", err)
	}
	c.mu.Lock()
	delete(c.verified, d)
	c.mu.Unlock()
	return nil
}

// List returns what the cache holds. It reads all files; an error names those
// that are damaged or not plugins, and the rest is returned beside it.
func (c *Cache) List(ctx context.Context) ([]registry.Build, error) {
	entries, err := os.ReadDir(filepath.Join(c.folder, "sha256"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read plugin cache: %w", err)
	}
	var builds []registry.Build
	var faults *multierror.Error
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return builds, err
		}
		path := filepath.Join(c.folder, "sha256", e.Name())
		d, err := registry.ParseDigest("sha256:" + e.Name())
		if err != nil {
			faults = multierror.Append(faults, damaged(path, errors.New("its name is not a digest")))
			continue
		}
		data, err := c.Open(d)
		if err != nil {
			faults = multierror.Append(faults, err)
			continue
		}
		b, err := registry.Inspect(data)
		if err != nil {
			faults = multierror.Append(faults, fmt.Errorf("%s: %w", path, err))
			continue
		}
		builds = append(builds, b)
	}
	return builds, registry.Faults(faults)
}

func damaged(path string, err error) error {
	return &registry.Error{
		Code:    registry.CodeDamaged,
		Message: "plugin cache: " + path + " is damaged",
		Hint:    "delete the file; it is fetched again",
		Err:     err,
	}
}
