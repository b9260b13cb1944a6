package judge

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// cache keeps verdicts in files, one each, named by what they depend on.
type cache struct {
	dir string // "" keeps none
}

// cached is such a file. It says its own key, so that a copy under another name is not
// believed.
type cached struct {
	Key string `json:"key"`
	verdict
}

// cachedBytes is more than any file of the cache has.
const cachedBytes = 16 << 10

func (c cache) path(key string) string { return filepath.Join(c.dir, key+".json") }

// read returns the verdict that is kept under a key. What cannot be read is not there:
// the model is asked, and write puts a sound one in its place.
func (c cache) read(key string) (verdict, bool) {
	if c.dir == "" {
		return verdict{}, false
	}
	f, err := os.Open(c.path(key))
	if err != nil {
		return verdict{}, false
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, cachedBytes))
	var v cached
	if err != nil || json.Unmarshal(b, &v) != nil || v.Key != key || !v.sound() {
		return verdict{}, false
	}
	return v.verdict, true
}

// write keeps a verdict, whole or not at all.
func (c cache) write(key string, v verdict) (err error) {
	if c.dir == "" {
		return nil
	}
	b, err := json.Marshal(cached{key, v})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(c.dir, ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), c.path(key))
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what failed is told already
	}
	return err
}
