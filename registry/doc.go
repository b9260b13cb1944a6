// Package registry says what a plugin is called, which build of it is meant,
// and where builds come from: names, versions, digests, references, and the
// Source interface that every origin implements.
//
// It reads plugin files but never runs them. Keeping files is package cache,
// pinning them package lock, and the steps from a reference to a pinned plugin
// package install. Compiling and checking exports is host/wasm's work.
package registry
