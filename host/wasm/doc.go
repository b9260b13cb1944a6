// Package wasm runs plugins: it checks a module, instruments it with fuel,
// takes one image of it after its init phase, and runs every call on an
// instance that starts from that image.
//
// It is the only package that knows wazero. What a host function does belongs
// to the session's [host.Call]; where the results go (transactions, traces,
// HTTP) is the business of package session. This package moves bytes between
// guest memory and a Call, bounds what a guest can use up, and keeps sessions
// apart.
package wasm
