package host

// Catalogue remembers across restarts which persistent sessions there are. It
// is safe for concurrent use.
type Catalogue interface {
	// Put keeps an entry, replacing the one of its kind and id.
	Put(e CatalogueEntry) error
	Delete(kind, id string) error
	// List calls yield for each entry of a kind, by id.
	List(kind string, yield func(CatalogueEntry) bool) error
}

// CatalogueEntry is one thing remembered.
type CatalogueEntry struct {
	Kind, ID string
	JSON     []byte
	DueNS    int64 // the wall instant at which it wants attention; 0 is never
}
