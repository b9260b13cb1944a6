package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/mirrahq/mirra/registry"
)

// retryEvery is how often Exclusive looks again: a user does not notice it, and
// a lock is held for milliseconds.
const retryEvery = 10 * time.Millisecond

// Exclusive waits until no one else, in any process, holds key, and returns the
// function that releases it. A process that dies releases what it held. Locks
// lie in the cache and not beside what they guard, in order to leave no files in
// projects.
func (c *Cache) Exclusive(ctx context.Context, key string) (release func() error, err error) {
	folder := filepath.Join(c.folder, "locks")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", key, err)
	}
	l := flock.New(filepath.Join(folder, registry.DigestOf([]byte(key)).Hex()))
	if _, err := l.TryLockContext(ctx, retryEvery); err != nil {
		return nil, fmt.Errorf("lock %s: %w", key, err)
	}
	// The file stays: deleting it would let two processes lock different files
	// of one name.
	return l.Unlock, nil
}
