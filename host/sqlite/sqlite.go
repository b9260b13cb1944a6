package sqlite

import (
	"errors"
	"sync"

	"github.com/mirrahq/mirra/host"
)

// Config says how much memory databases may keep ready. The zero value is
// useful.
type Config struct {
	// MaxOpenBytes bounds the connections kept open between transactions,
	// those of files included; 0 is 64 MB, about 128 of them. Connections in
	// use are not counted: there are as many as calls run at once.
	MaxOpenBytes int64
}

// Stores makes databases. It may be used concurrently.
type Stores struct {
	pool pool

	mu       sync.Mutex
	programs []*program
}

var _ host.Stores = (*Stores)(nil)

// New returns Stores; Close gives back what it keeps open.
func New(c Config) *Stores {
	if c.MaxOpenBytes <= 0 {
		c.MaxOpenBytes = 64 << 20
	}
	return &Stores{pool: pool{most: int(max(c.MaxOpenBytes/connBytes, 1))}}
}

// Ephemeral returns an empty database in memory. A schema is compiled when it
// is first seen; its faults are all in the error.
func (s *Stores) Ephemeral(schema *host.Schema) (host.Store, error) {
	p, err := s.program(schema)
	if err != nil {
		return nil, err
	}
	return &Store{prog: p, back: newMemory(s, p)}, nil
}

// Persistent opens or creates the file at path. A file that is not a database
// of Mirra's, or damaged, is a *host.Error and stays as it is. Tables of a file
// made from another schema are brought to this one first; the file as it was
// stays beside it (see upgrade).
func (s *Stores) Persistent(schema *host.Schema, path string) (host.Store, error) {
	p, err := s.program(schema)
	if err != nil {
		return nil, err
	}
	f, err := openFile(s, p, path)
	if err != nil {
		return nil, err
	}
	return &Store{prog: p, back: f}, nil
}

// Close closes the connections that are kept open. Stores go on working and
// open new ones.
func (s *Stores) Close() error {
	for _, c := range s.pool.drain() {
		c.evict()
	}
	return nil
}

// program returns what schema compiles to.
func (s *Stores) program(schema *host.Schema) (*program, error) {
	if schema == nil {
		return nil, errors.New("open store: no schema")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.programs {
		if p.is(schema) {
			return p, nil
		}
	}
	p, c, err := compile(schema)
	if err != nil {
		return nil, err
	}
	s.programs = append(s.programs, p)
	s.pool.put(c)
	return p, nil
}
