// Package sqlite keeps the state of mirrors: one SQLite database per mirror and
// session, behind host.Stores and host.Store, and a Catalogue of what outlives
// the process.
//
// An ephemeral database is an immutable tree of pages in Go memory. No
// connection belongs to it: for the length of a transaction it borrows one of a
// few that are shared by all stores of a schema, with every statement already
// compiled. A fork, a snapshot, a reset are assignments; a panic inside SQLite
// costs a connection and never state. A persistent database is a file in WAL
// mode with a connection of its own.
//
// The package decides what SQL a plugin may run and what it costs. It leaves
// locking of a mirror, timers, deliveries and the meaning of host-owned values
// to host/session.
package sqlite
