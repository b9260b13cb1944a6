package lock

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mirrahq/mirra/registry"
)

// maxFileBytes is several thousand plugins: what is larger is not a lock file.
const maxFileBytes = 4 << 20

// Read reads the lock file at path. Absent: an error that is fs.ErrNotExist.
// Not a sound lock file: the error of Parse, within a registry.Error with the
// code of an invalid file or a newer format, and the way to recover.
func Read(path string) (*File, error) {
	data, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", err)
	}
	f, err := Parse(path, data)
	if err != nil {
		e := &registry.Error{Code: registry.CodeInvalid, Message: "read lock", Err: err}
		if s, ok := errors.AsType[*SyntaxError](err); ok {
			e.Hint = s.Hint
			if s.Hint == hintUpgrade {
				e.Code = registry.CodeTooNew
			}
		}
		return nil, e
	}
	return f, nil
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file", path))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFileBytes)
	}
	return data, err
}

// Write replaces the lock file at path, whole or not at all. A file there that
// Read refuses is left as it is and the error returned: what it pins would be
// lost. A link is followed. Processes that read, change and write do so under
// cache.Exclusive.
func Write(path string, f *File) error {
	if _, err := Read(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := f.Encode()
	if err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := replace(path, text); err != nil {
		return fmt.Errorf("write lock: %w", err)
	}
	return nil
}

// replace writes beside path and renames.
func replace(path string, text []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".mirra.lock-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already once it was renamed
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), mode)
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
