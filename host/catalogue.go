package host

// Catalogue remembers across restarts: persistent sessions, snapshots, ports.
// It is safe for concurrent use.
type Catalogue interface {
	Put(kind, id string, json []byte, dueNS int64) error
	// Get returns nil when there is no such entry.
	Get(kind, id string) ([]byte, error)
	Delete(kind, id string) error
	List(kind string, yield func(id string, json []byte, dueNS int64) bool) error
}
