package wasm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/mirrahq/mirra/host"
)

// A cache entry is a directory of one plugin build:
//
//	entry.json   what the others must hash to, schema and globals
//	module.wasm  the instrumented module
//	memory       the image's memory
//	code/…       what wazero compiled
//
// It is written beside its place and moved there whole. Every file is checked
// before wazero or a guest sees it: wazero itself would run damaged code.
type cacheEntry struct {
	root string // "" caches nothing
	dir  string
}

const (
	cacheIndex  = "entry.json"
	cacheModule = "module.wasm"
	cacheMemory = "memory"
	cacheCode   = "code"

	buildPrefix = "build-" // of an entry that is being made
)

// cacheIndexFile is entry.json.
type cacheIndexFile struct {
	Files   map[string]string `json:"files"` // slash path: sha256
	Schema  host.Schema       `json:"schema"`
	Mutable []int             `json:"mutable"`
	Globals []uint64          `json:"globals"`
}

// cacheFor returns where a plugin file's entry is: what else it depends on is
// part of the name.
func (r *Runtime) cacheFor(digest string) *cacheEntry {
	c := &cacheEntry{root: r.config.CacheDir}
	if c.root != "" {
		c.dir = filepath.Join(c.root, CacheKey(digest))
	}
	return c
}

// CacheKey is the name of the folder below Config.CacheDir that holds what was
// made of the plugin file of a digest, on this system by this program.
func CacheKey(digest string) string {
	key := sha256.Sum256(fmt.Appendf(nil, "%s|rewriter %d|wazero %s|%s/%s|page %d",
		digest, rewriterVersion, wazeroVersion(), runtime.GOOS, runtime.GOARCH, os.Getpagesize()))
	return hex.EncodeToString(key[:])
}

var wazeroVersion = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/tetratelabs/wazero" {
				if d.Replace != nil {
					d = d.Replace
				}
				return d.Version + d.Sum
			}
		}
	}
	return "unknown"
})

// codeDir is where wazero looks for compiled code; "" without a cache.
func (c *cacheEntry) codeDir() string {
	if c.dir == "" {
		return ""
	}
	return filepath.Join(c.dir, cacheCode)
}

// A build that nobody has used for so long is made anew when somebody does: who writes a
// plugin makes one with each change. What was being made and never finished goes earlier.
const (
	keepUnused     = 30 * 24 * time.Hour
	keepUnfinished = 24 * time.Hour
	// touchAfter is how often an entry's use is noted, by the time of its folder.
	touchAfter = 24 * time.Hour
)

// prune deletes the entries of a cache that are not used any more. What it cannot delete
// stays until the next time.
func prune(root string, now time.Time) {
	folders, err := os.ReadDir(root)
	if err != nil {
		return
	}
	for _, f := range folders {
		info, err := f.Info()
		if err != nil || !f.IsDir() {
			continue
		}
		keep := keepUnused
		if strings.HasPrefix(f.Name(), buildPrefix) {
			keep = keepUnfinished
		} else if len(f.Name()) != hex.EncodedLen(sha256.Size) {
			continue // not ours
		}
		if now.Sub(info.ModTime()) > keep {
			_ = os.RemoveAll(filepath.Join(root, f.Name()))
		}
	}
}

// used notes that an entry is needed still.
func (c *cacheEntry) used(now time.Time) {
	if info, err := os.Stat(c.dir); err == nil && now.Sub(info.ModTime()) > touchAfter {
		_ = os.Chtimes(c.dir, now, now) // else it is made anew some day
	}
}

// read returns what the entry holds, or an error if it is missing or damaged.
func (c *cacheEntry) read() (wasm []byte, img *image, err error) {
	if c.dir == "" {
		return nil, nil, fs.ErrNotExist
	}
	text, err := os.ReadFile(filepath.Join(c.dir, cacheIndex))
	if err != nil {
		return nil, nil, err
	}
	var index cacheIndexFile
	if len(text) < sha256.Size*2 {
		return nil, nil, errors.New("cache entry: truncated")
	}
	seal, text := string(text[:sha256.Size*2]), text[sha256.Size*2:]
	if seal != hashText(text) {
		return nil, nil, errors.New("cache entry: wrong checksum")
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, nil, fmt.Errorf("cache entry: %w", err)
	}
	found, contents, err := c.hashFiles(c.dir, cacheModule, cacheMemory)
	if err != nil {
		return nil, nil, err
	}
	if len(found) != len(index.Files) {
		return nil, nil, fmt.Errorf("cache entry: %d files, want %d", len(found), len(index.Files))
	}
	for name, sum := range index.Files {
		if found[name] != sum {
			return nil, nil, fmt.Errorf("cache entry: %s is damaged", name)
		}
	}
	img = &image{schema: index.Schema, mutable: index.Mutable, globals: index.Globals, memory: contents[cacheMemory]}
	img.size = len(img.memory)
	if len(img.globals) != len(img.mutable) || img.size%wasmPageBytes != 0 {
		return nil, nil, errors.New("cache entry: malformed")
	}
	c.used(time.Now())
	return contents[cacheModule], img, nil
}

func hashText(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// hashFiles hashes every file of an entry but its index, and returns the
// contents of those named.
func (c *cacheEntry) hashFiles(dir string, keep ...string) (map[string]string, map[string][]byte, error) {
	sums, contents := map[string]string{}, map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); name == cacheIndex {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sums[name] = hashText(b)
		for _, k := range keep {
			if k == name {
				contents[name] = b
			}
		}
		return nil
	})
	return sums, contents, err
}

// cacheBuild is an entry being made.
type cacheBuild struct {
	*cacheEntry
	temp string
}

func (c *cacheEntry) begin() (*cacheBuild, error) {
	b := &cacheBuild{cacheEntry: c}
	if c.dir == "" {
		return b, nil
	}
	var err error
	if b.temp, err = os.MkdirTemp(c.root, buildPrefix+"*"); err != nil {
		return nil, fmt.Errorf("plugin cache: %w", err)
	}
	return b, nil
}

func (b *cacheBuild) codeDir() string {
	if b.temp == "" {
		return ""
	}
	return filepath.Join(b.temp, cacheCode)
}

// abandon removes what is left of the build.
func (b *cacheBuild) abandon() {
	if b.temp != "" {
		_ = os.RemoveAll(b.temp) // a leftover is garbage in a cache, not a fault
	}
}

// commit puts the finished entry in its place. Two processes may do so at once:
// the entries are equal and the first one stays, unless it is damaged.
func (b *cacheBuild) commit(wasm []byte, img *image) error {
	if b.temp == "" {
		return nil
	}
	index := cacheIndexFile{Schema: img.schema, Mutable: img.mutable, Globals: img.globals}
	err := errors.Join(
		os.WriteFile(filepath.Join(b.temp, cacheModule), wasm, 0o644),
		os.WriteFile(filepath.Join(b.temp, cacheMemory), img.memory, 0o644))
	if err == nil {
		index.Files, _, err = b.hashFiles(b.temp)
	}
	if err != nil {
		return fmt.Errorf("plugin cache: %w", err)
	}
	text, err := json.Marshal(index)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.temp, cacheIndex), append([]byte(hashText(text)), text...), 0o644)
	}
	if err != nil {
		return fmt.Errorf("plugin cache: %w", err)
	}
	if os.Rename(b.temp, b.dir) == nil {
		b.temp = ""
		return nil
	}
	if _, _, err := b.read(); err == nil {
		return nil // somebody else was faster
	}
	old, err := os.MkdirTemp(b.root, "damaged-*")
	if err != nil {
		return fmt.Errorf("plugin cache: %w", err)
	}
	defer os.RemoveAll(old)
	if err := os.Rename(b.dir, filepath.Join(old, "entry")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("plugin cache: %w", err)
	}
	if err := os.Rename(b.temp, b.dir); err != nil {
		return fmt.Errorf("plugin cache: %w", err)
	}
	b.temp = ""
	return nil
}
