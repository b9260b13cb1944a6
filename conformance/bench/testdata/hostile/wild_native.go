//go:build !wasip1

package main

// wild has nothing to be wild with in a native build.
func wild() {}
