package host

import (
	"context"

	"github.com/mirrahq/mirra/abi"
)

// Stores makes databases, one per mirror and session.
type Stores interface {
	// Ephemeral returns an empty in-memory database of the program's schema.
	// It costs nothing until it is used.
	Ephemeral(s *Schema) (Store, error)
	// Persistent opens or creates a database file of the program's schema.
	Persistent(s *Schema, path string) (Store, error)
}

// Store is one mirror's database in one session. Begin to Commit or Rollback
// is one call; the caller holds the mirror's lock from before Begin until
// after them, so methods are never called concurrently unless they say so. An
// error that is no *CallError ends the transaction's usefulness: only Rollback
// may follow.
//
// A Store survives its own faults: after a panic or an out-of-memory it comes
// back with the last committed state.
type Store interface {
	StoreTx
	StoreState
	// Version returns the schema version the database has: 0 when new, else
	// what SetVersion set. A persistent database may differ from its schema.
	Version() (uint32, error)
	// Idle gives back memory that the next Begin can rebuild. It may be called
	// at any time.
	Idle()
	// Close ends the database; an ephemeral one is gone, a file stays.
	Close() error
}

// StoreTx is the transaction of one call.
type StoreTx interface {
	// Begin starts a transaction. ctx interrupts statements, not Commit.
	// nowNS is what SQLite's time functions answer.
	Begin(ctx context.Context, nowNS int64) error
	// Run and Emit are CallSQL's.
	CallSQL
	// SetVersion records the schema version the database has from this
	// transaction on. Reset takes it back to 0.
	SetVersion(v uint32) error
	// Put keeps a host-owned value in the database and transaction; nil
	// deletes it. Plugins cannot see it.
	Put(key string, value []byte) error
	// Commit ends the transaction. It fails if the guest got hold of
	// transaction control in spite of the guard; then all is rolled back.
	Commit() error
	// Rollback undoes the transaction; it cannot fail.
	Rollback()
}

// StoreState looks at and replaces the state as a whole, outside a transaction.
type StoreState interface {
	// Values calls yield for each host-owned value whose key has the prefix, in
	// key order.
	Values(prefix string, yield func(key string, value []byte) bool) error
	// Documents calls yield for each live row of a table, in insertion order.
	// typ filters by the table's type column unless "".
	Documents(t *abi.Table, typ string, yield func(Document) bool) error
	// Query runs one reading statement of a user's for state, sql blocks and
	// the dashboard, under the guard.
	Query(ctx context.Context, sql string, yield func(columns []string, row []any) bool) error
	// Observe makes changed be called within the transaction for each row of
	// the tables that was written; nil stops it.
	Observe(tables []abi.Table, changed func(Change))
	// Snapshot returns the committed state. It shares what it can.
	Snapshot() (StoreSnapshot, error)
	// Restore makes a snapshot of this schema the state. Open work is lost.
	Restore(StoreSnapshot) error
	// Reset empties the database to its schema.
	Reset() error
	// SizeBytes returns how large the database is.
	SizeBytes() (int64, error)
}

// StoreSnapshot is a committed state, immutable.
type StoreSnapshot interface {
	// Bytes returns the database file.
	Bytes() ([]byte, error)
	// Release frees what the snapshot holds.
	Release()
}

// Document is one row of an entity table.
type Document struct {
	Type, Account, ID string
	JSON              []byte // lent for the callback
}

// Change is one written document. Before or After is nil on create and delete.
type Change struct {
	Type, Account, ID string
	Before, After     []byte
}
